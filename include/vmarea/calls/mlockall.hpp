// SPDX-License-Identifier: MIT
//
// mlockall and munlockall (behaviour specification 29 with linux_6_18; mlockall(2)): what is there
// and what will come are two things, and each call settles both.
//
//   current   a walk over everything; holes and what cannot be locked are no error
//   future    the default flags of new mappings; a call without it takes them away
//
// Touching is a call of its own afterwards, and nobody is told where it could not be done.
#pragma once

#include "vmarea/calls/fault.hpp"
#include "vmarea/calls/mlock.hpp"

namespace vmarea {

template <class S>
struct LockAllRule : LockRule<S> {
  static constexpr HolePolicy holes = HolePolicy::pass;
};

/// Whole areas only, so that nothing can fail but joining them, which is done without then.
template <class S>
struct LockAllPlan : RangePlan<S, LockAllRule<S>> {
  using Base = RangePlan<S, LockAllRule<S>>;
  using Base::Base;
  Flags default_flags{};

  Result<void> reserve(SpaceState<S>& space, Reservation<S>& reserved) noexcept {
    return this->reserve_or_join_nothing(space, reserved);
  }
  void commit(SpaceState<S>& space, Reservation<S>& reserved) const noexcept {
    Base::commit(space, reserved);
    if (this->status) space.default_flags = default_flags;
  }
};

template <class S>
LockAllPlan<S> plan_lock_everything(const SpaceState<S>& space, Locking locking) noexcept {
  const Range all{0, space.services.geometry().limit};
  return {space, all, LockAllRule<S>{{lock_flags(locking)}}};
}

/// Errors: invalid (flags), not_permitted (no right to lock), no_memory (the limit, which concerns
/// what is there).
template <class S>
LockAllPlan<S> plan_mlockall(const SpaceState<S>& space, LockAllFlags flags) noexcept {
  const Limits limits = space.services.limits();
  const bool current = flags.has_any(lock_all::current);
  const bool future = flags.has_any(lock_all::future);
  if ((!current && !future) || !lock_all::all.has_all(flags)) return {Error::invalid};
  if (!may_lock(limits)) return {Error::not_permitted};
  const bool fits =
      limits.may_lock_any || is_within(space, space.totals.total, limits.locked_bytes);
  if (current && !fits) return {Error::no_memory};
  const bool on_fault = flags.has_any(lock_all::on_fault);
  const Locking locking = on_fault ? Locking::lock_on_fault : Locking::lock;
  LockAllPlan<S> plan =
      current ? plan_lock_everything(space, locking) : LockAllPlan<S>(Result<void>(success));
  plan.default_flags =
      space.default_flags.without(flag::lock_group).with_if(future, lock_flags(locking));
  return plan;
}

template <class S>
LockAllPlan<S> plan_munlockall(const SpaceState<S>& space) noexcept {
  LockAllPlan<S> plan = plan_lock_everything(space, Locking::unlock);
  plan.default_flags = space.default_flags.without(flag::lock_group);
  return plan;
}

/// Touches everything that is not special, as far as it can be had.
template <class S>
void populate_everything(SpaceState<S>& space) noexcept {
  for (Address at = 0;;) {
    Range part{};
    {
      const SpaceWriteLock<S> held(space);
      const Area<S>* area = held.taken() ? find_at_or_above(space, at) : nullptr;
      if (area == nullptr) return;
      part = area->range();
    }
    (void)populate(space, part);
    at = part.end;
  }
}

}  // namespace vmarea
