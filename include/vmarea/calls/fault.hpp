// SPDX-License-Identifier: MIT
//
// First touch of a page (behaviour specification 19), and the calls that touch many: populating.
//
//   touch      the area gets an identity if it has none: one edit
//   populate   mlock, MAP_POPULATE: every page, each with a lock of its own, after the call
#pragma once

#include "vmarea/change/change.hpp"
#include "vmarea/plan/identity.hpp"

namespace vmarea {

/// How a page is touched.
enum class Touch : unsigned char {
  read,
  read_small_page,  // As MADV_POPULATE_READ: never a huge page.
  write,
  forced_write,  // Past the protection, as a debugger does.
};

/// A touch, planned: an edit that gives the area an identity where it has none, and a page.
template <class Host>
struct TouchPlan : StepPlan<Host, void> {
  using Base = StepPlan<Host, void>;
  using Base::Base;
  bool makes_page = false;
  Address page = 0;

  Result<void> reserve(SpaceState<Host>& space, Reservation<Host>& reserved) const noexcept {
    const Result<void> taken = Base::reserve(space, reserved);
    if constexpr (Host::has_page_tables) {
      if (taken && makes_page) return space.services.reserve_page(space.pages, page);
    }
    return taken;
  }
  void commit(SpaceState<Host>& space, Reservation<Host>& reserved) const noexcept {
    Base::commit(space, reserved);
    if constexpr (Host::has_page_tables) {
      if (makes_page) space.services.install_page(space.pages, page);
    }
  }
};

/// Whether a fault at `at` takes a whole huge page: advised, and the area holds all of it.
template <class Host>
bool faults_huge_page(const SpaceState<Host>& space, const Area<Host>& area, Address at) noexcept {
  const std::uint64_t huge = space.services.geometry().huge_page_size();
  const Range block{at & ~(huge - 1), (at & ~(huge - 1)) + huge};
  return area.anonymous() && area.flags.has_any(flag::huge_page) && area.range().contains(block);
}

/// Whether a read fault gives the area an identity: never where it maps the shared zero page.
template <class Host>
bool reads_give_identity(const SpaceState<Host>& space, const Area<Host>& area, Address at,
                         Touch touch) noexcept {
  const bool zero_page = space.services.profile().reads_share_zero_page;
  return (area.anonymous() && !zero_page) ||
         (touch == Touch::read && faults_huge_page(space, area, at));
}

/// Whether the area's protection lets a touch pass. What may be written or executed may be read,
/// but for memory that a protection key hides.
constexpr bool is_allowed(Flags flags, Touch touch) noexcept {
  switch (touch) {
    case Touch::write:
      return flags.has_any(flag::write);
    case Touch::forced_write:
      return true;
    case Touch::read:
    case Touch::read_small_page:
      break;
  }
  return flags.has_any(flag::access) && !flags.has_any(flag::execute_only);
}

/// Errors: bad_address (nothing there, or not allowed), no_memory.
template <class Host>
TouchPlan<Host> plan_touch(const SpaceState<Host>& space, Address at, Touch touch) noexcept {
  Area<Host>* area = find_area(space, at);
  if (area == nullptr || !is_allowed(area->flags, touch)) return {Error::bad_address};
  TouchPlan<Host> plan;
  plan.status = success;
  plan.makes_page = true;
  plan.page = space.services.geometry().round_down(at);
  const bool is_private = !area->flags.has_any(flag::shared | flag::may_share);
  const bool reads = touch == Touch::read || touch == Touch::read_small_page;
  // A read of a missing page that is watched goes to whoever watches, and leaves no trace.
  const bool watched = area->flags.has_any(flag::userfault_missing);
  const bool gives_identity = !reads || (!watched && reads_give_identity(space, *area, at, touch));
  if (gives_identity && is_private && !area->identity) {
    plan.add() = edit_of_first_touch(space, *area);
  }
  return plan;
}

/// One touch with its own lock. Errors: as plan_touch.
template <class Host>
Result<void> touch_page(SpaceState<Host>& space, Address at, Touch touch) noexcept {
  return Change<Host, TouchPlan<Host>>(
             space, [&](const SpaceState<Host>& s) { return plan_touch(s, at, touch); })
      .reserve_and_commit();
}

/// Touches every page of `range` that lies in `area`; without page tables, once is enough.
template <class Host>
Result<void> touch_part(SpaceState<Host>& space, Range part, Touch touch) noexcept {
  const std::uint64_t page = space.services.geometry().page_size();
  for (Address at = part.start; at < part.end; at = Host::has_page_tables ? at + page : part.end) {
    if (!touch_page(space, at, touch)) return Error::no_memory;
  }
  return {};
}

/// What stands at `at`, copied under the lock. Errors: interrupted, no_memory (a hole).
template <class Host>
Result<void> copy_description(SpaceState<Host>& space, Address at,
                              Description<Host>& found) noexcept {
  const SpaceWriteLock<Host> lock(space);
  if (!lock.taken()) return lock.taken();
  const Area<Host>* area = find_area(space, at);
  if (area == nullptr) return Error::no_memory;
  found = *area;
  return {};
}

/// Touches the range as mlock and MAP_POPULATE do: by writing to private memory that may be
/// written, else by reading; what is locked on fault is left to be faulted. Errors: no_memory (a
/// hole, memory that may not be accessed, or none left), interrupted.
template <class Host>
Result<void> populate(SpaceState<Host>& space, Range range) noexcept {
  for (Address at = range.start; at < range.end;) {
    Description<Host> area;
    const Result<void> found = copy_description(space, at, area);
    if (!found) return found;
    const Range part{at, area.end < range.end ? area.end : range.end};
    at = part.end;
    if (area.flags.has_any(flag::lock_on_fault | flag::special)) continue;
    const bool writes = area.flags.has_any(flag::write) && !area.flags.has_any(flag::shared);
    const Result<void> touched = touch_part(space, part, writes ? Touch::write : Touch::read);
    if (!touched) return touched;
  }
  return {};
}

}  // namespace vmarea
