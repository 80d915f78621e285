// SPDX-License-Identifier: MIT
//
// mlockall and munlockall (rules 29; mlockall(2)): what is there and what will come are two things,
// and each call settles both.
//
//   current   a walk over everything; holes and what cannot be locked are no error
//   future    the default flags of new mappings; a call without it takes them away
//
// Touching comes when the call is finished, and is no error where it could not be done.
#pragma once

#include "vmarea/calls/mlock.hpp"

namespace vmarea {

template <class Host>
struct MlockallRule : MlockRule<Host> {
  static constexpr HolePolicy holes = HolePolicy::pass;
  static constexpr bool can_go_without_joins = true;
};

/// Whole areas only, so that nothing can fail but joining them, which is not done then.
template <class Host>
using MlockallPlan = WalkPlan<Host, MlockallRule<Host>>;

/// Sets the default flags of new mappings when everything else is done.
template <class Host>
void set_default_flags(MlockallPlan<Host>& plan, Flags flags) noexcept {
  plan.setting.add(Step<Host>::set(StepKind::set_default_flags, flags.bits()));
}

template <class Host>
MlockallPlan<Host> plan_lock_everything(const SpaceState<Host>& space, MlockMode mode) noexcept {
  const Range all{0, space.services.geometry().limit};
  MlockallPlan<Host> plan{space, all, MlockallRule<Host>{{{}, lock_flags(mode)}}};
  plan.without_memory = WithoutMemory::joins_nothing;
  return plan;
}

/// Errors: invalid (flags), not_permitted (no right to lock), no_memory (the limit, which concerns
/// what is there). That some memory cannot be touched afterwards is no error.
template <class Host>
MlockallPlan<Host> plan_mlockall(const SpaceState<Host>& space, MlockallFlags flags) noexcept {
  const Limits limits = space.services.limits();
  const bool current = flags.has_any(mlockall::current);
  const bool future = flags.has_any(mlockall::future);
  if ((!current && !future) || !mlockall::all.has_all(flags)) return Error::invalid;
  if (!may_lock(limits)) return Error::not_permitted;
  const bool fits =
      limits.may_lock_any || is_within(space, space.totals.total, limits.locked_bytes);
  if (current && !fits) return Error::no_memory;
  const bool on_fault = flags.has_any(mlockall::on_fault);
  const MlockMode mode = on_fault ? MlockMode::lock_on_fault : MlockMode::lock;
  MlockallPlan<Host> plan = success;
  if (current) {
    plan = plan_lock_everything(space, mode);
    plan.sequel.kind = Sequel::Kind::touch_everything;
  }
  const Flags kept = space.default_flags.without(flag::lock_group);
  set_default_flags(plan, kept.with_if(future, lock_flags(mode)));
  return plan;
}

/// Has no errors of its own.
template <class Host>
MlockallPlan<Host> plan_munlockall(const SpaceState<Host>& space) noexcept {
  MlockallPlan<Host> plan = plan_lock_everything(space, MlockMode::unlock);
  set_default_flags(plan, space.default_flags.without(flag::lock_group));
  return plan;
}

}  // namespace vmarea
