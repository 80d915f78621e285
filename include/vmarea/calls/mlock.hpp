// SPDX-License-Identifier: MIT
//
// mlock, mlock2, munlock (rules 29; mlock(2)): a walk with a rule that sets or clears the lock
// flags and counts locked pages. What is locked is touched when the call is finished. The same over
// everything is mlockall, in a header of its own.
#pragma once

#include "vmarea/plan/walk_plan.hpp"
#include "vmarea/space/account.hpp"
#include "vmarea/space/find.hpp"

namespace vmarea {

/// What becomes of the lock flags.
enum class MlockMode : unsigned char { unlock, lock, lock_on_fault };

constexpr Flags lock_flags(MlockMode mode) noexcept {
  switch (mode) {
    case MlockMode::lock:
      return flag::locked;
    case MlockMode::lock_on_fault:
      return flag::locked | flag::lock_on_fault;
    case MlockMode::unlock:
      break;
  }
  return {};
}

template <class Host>
struct MlockRule : RuleBase<Host> {
  Flags wanted{};

  Answer<Host> change(const SpaceState<Host>& space, const Area<Host>& area,
                      Range part) const noexcept {
    const Flags after = area.flags.without(flag::lock_group) | wanted;
    if (after == area.flags || !is_lockable(area.flags)) return Answer<Host>::skip();
    Answer<Host> answer = Answer<Host>::change(area, after);
    const std::int64_t pages = page_count(space, part.length());
    const bool was_locked = area.flags.has_any(flag::locked);
    const bool is_locked = after.has_any(flag::locked);
    answer.totals.locked = (is_locked ? pages : 0) - (was_locked ? pages : 0);
    return answer;
  }
};

/// Pages of the range that are locked already: they are not counted twice.
template <class Host>
std::int64_t locked_pages(const SpaceState<Host>& space, Range range) noexcept {
  std::int64_t pages = 0;
  for_each_in(space, range, [&](const Area<Host>& area) {
    const Range part = area.within(range, space.services.geometry()).range();
    if (area.flags.has_any(flag::locked)) pages += page_count(space, part.length());
  });
  return pages;
}

/// Errors: not_permitted (no right to lock), no_memory (lock limit, a hole, the map count),
/// invalid (wraps). What is locked is touched when the call is finished; no_memory then: a hole, or
/// memory that cannot be had.
template <class Host>
WalkPlan<Host, MlockRule<Host>> plan_mlock(const SpaceState<Host>& space, Address start,
                                           std::uint64_t length_bytes, MlockMode mode) noexcept {
  const Geometry geometry = space.services.geometry();
  const Limits limits = space.services.limits();
  const bool locks = mode != MlockMode::unlock;
  if (locks && !may_lock(limits)) return Error::not_permitted;
  const Address from = geometry.round_down(start);
  const std::uint64_t length = geometry.round_up(length_bytes + (start - from));
  const Range range{from, from + length};
  const bool wraps = range.end < range.start;
  if (locks && !limits.may_lock_any) {
    const std::int64_t counted = wraps ? 0 : locked_pages(space, range);
    if (!can_lock(space, page_count(space, length) - counted)) return Error::no_memory;
  }
  if (wraps) return Error::invalid;
  if (length == 0) return success;
  WalkPlan<Host, MlockRule<Host>> plan{space, range, MlockRule<Host>{{}, lock_flags(mode)}};
  if (plan.status && locks) plan.sequel = {.kind = Sequel::Kind::touch_all, .range = range};
  return plan;
}

/// As plan_mlock, with the flags of the system call. Errors: invalid (unknown flags) comes first.
template <class Host>
WalkPlan<Host, MlockRule<Host>> plan_mlock2(const SpaceState<Host>& space, Address start,
                                            std::uint64_t length_bytes, MlockFlags flags) noexcept {
  if (!mlock::on_fault.has_all(flags)) return Error::invalid;
  const bool on_fault = flags.has_any(mlock::on_fault);
  return plan_mlock(space, start, length_bytes,
                    on_fault ? MlockMode::lock_on_fault : MlockMode::lock);
}

}  // namespace vmarea
