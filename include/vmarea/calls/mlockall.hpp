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

template <class Host>
struct MlockallRule : MlockRule<Host> {
  static constexpr HolePolicy holes = HolePolicy::pass;
};

/// Whole areas only, so that nothing can fail but joining them, which is done without then.
template <class Host>
struct MlockallPlan : WalkPlan<Host, MlockallRule<Host>> {
  using Base = WalkPlan<Host, MlockallRule<Host>>;
  using Base::Base;
  Flags default_flags{};

  Result<void> reserve(SpaceState<Host>& space, Reservation<Host>& reserved) noexcept {
    return this->reserve_or_join_nothing(space, reserved);
  }
  void commit(SpaceState<Host>& space, Reservation<Host>& reserved) const noexcept {
    Base::commit(space, reserved);
    if (this->status) space.default_flags = default_flags;
  }
};

template <class Host>
MlockallPlan<Host> plan_lock_everything(const SpaceState<Host>& space, MlockMode mode) noexcept {
  const Range all{0, space.services.geometry().limit};
  return {space, all, MlockallRule<Host>{{lock_flags(mode)}}};
}

/// Errors: invalid (flags), not_permitted (no right to lock), no_memory (the limit, which concerns
/// what is there).
template <class Host>
MlockallPlan<Host> plan_mlockall(const SpaceState<Host>& space, MlockallFlags flags) noexcept {
  const Limits limits = space.services.limits();
  const bool current = flags.has_any(mlockall::current);
  const bool future = flags.has_any(mlockall::future);
  if ((!current && !future) || !mlockall::all.has_all(flags)) return {Error::invalid};
  if (!may_lock(limits)) return {Error::not_permitted};
  const bool fits =
      limits.may_lock_any || is_within(space, space.totals.total, limits.locked_bytes);
  if (current && !fits) return {Error::no_memory};
  const bool on_fault = flags.has_any(mlockall::on_fault);
  const MlockMode mode = on_fault ? MlockMode::lock_on_fault : MlockMode::lock;
  MlockallPlan<Host> plan =
      current ? plan_lock_everything(space, mode) : MlockallPlan<Host>(Result<void>(success));
  plan.default_flags =
      space.default_flags.without(flag::lock_group).with_if(future, lock_flags(mode));
  return plan;
}

template <class Host>
MlockallPlan<Host> plan_munlockall(const SpaceState<Host>& space) noexcept {
  MlockallPlan<Host> plan = plan_lock_everything(space, MlockMode::unlock);
  plan.default_flags = space.default_flags.without(flag::lock_group);
  return plan;
}

/// Touches everything that is not special, as far as it can be had.
template <class Host>
void populate_everything(SpaceState<Host>& space) noexcept {
  for (Address at = 0;;) {
    Range part{};
    {
      const SpaceWriteLock<Host> held(space);
      const Area<Host>* area = held.taken() ? find_at_or_above(space, at) : nullptr;
      if (area == nullptr) return;
      part = area->range();
    }
    (void)populate(space, part);
    at = part.end;
  }
}

}  // namespace vmarea
