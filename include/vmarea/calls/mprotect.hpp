// SPDX-License-Identifier: MIT
//
// mprotect (behaviour specification 29; mprotect(2)): a walk with a rule that changes access bits
// and what follows from them: the class of the pages and the commit charge.
#pragma once

#include "vmarea/plan/walk_plan.hpp"
#include "vmarea/space/account.hpp"

namespace vmarea {

/// Gives each area the protection; writable private memory becomes accounted.
template <class Host>
struct ProtectRule {
  static constexpr HolePolicy holes = HolePolicy::stop;
  static constexpr Error shortage = Error::no_memory;
  Flags protection;  // A part of flag::protection.

  RuleAnswer<Host> answer(const SpaceState<Host>& space, const Area<Host>& area, Range part,
                          const WalkProgress& progress) const noexcept {
    using Answer = RuleAnswer<Host>;
    const Flags before = area.flags;
    const Flags access = protection & flag::access;
    Flags after = before.without(flag::protection) | protection;
    const Flags allowed{(before & flag::may_access).bits() >> 4};
    if (!allowed.has_all(access) || space.modes.refuses_exec(before, after)) {
      return Answer::refuse(Error::access_denied);
    }
    if (area.hooks != nullptr && area.hooks->may_protect != nullptr) {
      const Result<void> asked = area.hooks->may_protect(area, part, access);
      if (!asked) return Answer::refuse(asked.error());
    }
    if (before.has_any(flag::sealed)) return Answer::refuse(Error::not_permitted);
    if (after == before) return Answer::skip();

    const std::int64_t pages = page_count(space, part.length());
    std::int64_t charge = 0;
    if (after.has_any(flag::write)) {
      const PageTotals now = progress.totals;
      if (!can_expand(space, now, after, pages) && can_expand(space, now, before, pages)) {
        return Answer::refuse(Error::no_memory);
      }
      constexpr Flags charged_or_never =
          flag::account | flag::write | flag::huge_tlb | flag::shared | flag::no_reserve;
      if (!before.has_any(charged_or_never)) {
        charge = pages;
        after |= flag::account;
      }
    } else if (before.has_any(flag::account) && area.anonymous() && !area.identity) {
      charge = -pages;
      after = after.without(flag::account);
    }
    constexpr Flags looked_at = flag::lock_group | flag::write | flag::shared;
    Answer change = Answer::change(area, after);
    change.faults_in = (before & looked_at) == flag::locked && after.has_any(flag::write);
    change.charge = charge;
    change.totals = class_totals(before, -pages);
    change.totals += class_totals(after, pages);
    return change;
  }
};

template <class Host>
using ProtectPlan = WalkPlan<Host, ProtectRule<Host>>;

/// Where a range with prot::grows_down really starts: at the start of its area.
/// Errors: no_memory (nothing there), invalid (not a stack).
template <class Host>
Result<Address> stack_start(const SpaceState<Host>& space, Range range) noexcept {
  const Area<Host>* area = find_at_or_above(space, range.start);
  if (area == nullptr || area->start >= range.end) return Error::no_memory;
  if (!area->flags.has_any(flag::grows_down)) return Error::invalid;
  return area->start;
}

/// Errors: invalid (misaligned, unknown bits, both grow bits), no_memory (wraps, a hole, the map
/// count, charge or data limit), access_denied (more than the file allows, executing
/// what was written), not_permitted (sealed).
template <class Host>
ProtectPlan<Host> plan_mprotect(const SpaceState<Host>& space, Address start,
                                std::uint64_t length_bytes, Protection protection) noexcept {
  constexpr Protection grow_bits = prot::grows_down | prot::grows_up;
  constexpr Protection known = prot::read | prot::write | prot::exec | prot::semaphore | grow_bits;
  const Geometry geometry = space.services.geometry();
  if (protection.has_all(grow_bits) || !geometry.aligned(start)) return {Error::invalid};
  if (length_bytes == 0) return {success};
  Range range{start, start + geometry.round_up(length_bytes)};
  if (range.end <= range.start) return {Error::no_memory};
  if (!known.has_all(protection)) return {Error::invalid};
  if (protection.has_any(prot::grows_down)) {
    const Result<Address> from = stack_start(space, range);
    if (!from) return {from.error()};
    range.start = *from;
  }
  // Nothing grows up here; but where nothing is mapped, that is the answer.
  if (protection.has_any(prot::grows_up)) {
    return {find_area(space, range.start) != nullptr ? Error::invalid : Error::no_memory};
  }
  const Flags wanted = space.services.profile().flags_for(protection.without(grow_bits));
  return {space, range, ProtectRule<Host>{wanted}};
}

}  // namespace vmarea
