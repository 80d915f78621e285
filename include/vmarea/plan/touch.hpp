// SPDX-License-Identifier: MIT
//
// A touch of a page, as a fault makes it (rules 19): the area gets an identity if it has none, and
// the page tables a page.
#pragma once

#include "vmarea/plan/identity.hpp"
#include "vmarea/plan/plan.hpp"

namespace vmarea {

/// How a page is touched.
enum class Touch : unsigned char {
  read,
  read_small_page,  // As MADV_POPULATE_READ: never a huge page.
  write,
  forced_write,  // Past the protection, as a debugger does.
};

/// Whether a fault at `at` takes a whole huge page: advised, and the area holds all of it.
template <class Host>
bool faults_huge_page(const SpaceState<Host>& space, const Area<Host>& area, Address at) noexcept {
  const std::uint64_t huge = space.services.geometry().huge_page_size();
  const Range block{at & ~(huge - 1), (at & ~(huge - 1)) + huge};
  return area.anonymous() && area.flags.has_any(flag::huge_page) && area.range().contains(block);
}

/// Whether a read fault gives the area an identity: never where it maps the shared zero page,
/// always where it takes a page of huge TLB memory.
template <class Host>
bool reads_give_identity(const SpaceState<Host>& space, const Area<Host>& area, Address at,
                         Touch touch) noexcept {
  const bool zero_page = space.services.profile().reads_share_zero_page;
  return (area.anonymous() && !zero_page) || area.flags.has_any(flag::huge_tlb) ||
         (touch == Touch::read && faults_huge_page(space, area, at));
}

/// Whether the area's protection lets a touch pass.
constexpr bool is_allowed(Flags flags, Touch touch) noexcept {
  switch (touch) {
    case Touch::write:
      return allows(flags, prot::write);
    case Touch::forced_write:
      return true;
    case Touch::read:
    case Touch::read_small_page:
      break;
  }
  return allows(flags, prot::read);
}

/// Errors: bad_address (nothing is mapped there, or the protection forbids it), no_memory.
template <class Host>
StepPlan<Host, void> plan_touch(const SpaceState<Host>& space, Address at, Touch touch) noexcept {
  Area<Host>* area = find_object(space, at);
  const bool allowed = area != nullptr && is_allowed(area->flags, touch);
  StepPlan<Host, void> plan{allowed ? success : Result<void>(Error::bad_address)};
  if (!allowed) return plan;
  const bool is_private = !area->flags.has_any(flag::shared | flag::may_share);
  const bool reads = touch == Touch::read || touch == Touch::read_small_page;
  // A read of a missing page that is watched goes to its userfaultfd, and leaves no trace.
  const bool watched = area->flags.has_any(flag::userfault_missing);
  const bool gives_identity = !reads || (!watched && reads_give_identity(space, *area, at, touch));
  if (gives_identity && is_private && !area->identity) {
    plan.add_edit(edit_of_first_touch(space, *area));
  }
  const Geometry geometry = space.services.geometry();
  const Address page = geometry.round_down(at);
  plan.add(Step<Host>::install_page({page, page + geometry.page_size()}));
  return plan;
}

}  // namespace vmarea
