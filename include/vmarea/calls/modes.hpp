// SPDX-License-Identifier: MIT
//
// What a process chooses for all of its memory, with prctl:
//
//   PR_SET_MEMORY_MERGE   same-page merging: marks every area that may take part, and new ones
//   PR_SET_MDWE           what was written is not executed: mmap and mprotect refuse it from now on
//
// Both are inherited by fork and exec. Marking joins no areas, not even those that are alike then.
#pragma once

#include "vmarea/core/range_plan.hpp"

namespace vmarea {

enum class MemoryMerge : unsigned char { off, on };

template <class S>
struct MergeableRule {
  static constexpr HolePolicy holes = HolePolicy::pass;
  static constexpr Error shortage = Error::no_memory;
  MemoryMerge wanted = MemoryMerge::off;

  RuleAnswer<S> answer(const SpaceState<S>&, const Area<S>& area, Range,
                       const WalkProgress&) const noexcept {
    const bool marked = area.flags.has_any(flag::mergeable);
    if (wanted == MemoryMerge::off) {
      if (!marked) return RuleAnswer<S>::skip();
      return RuleAnswer<S>::change(area, area.flags.without(flag::mergeable));
    }
    if (marked || !is_mergeable(area.flags)) return RuleAnswer<S>::skip();
    return RuleAnswer<S>::change(area, area.flags | flag::mergeable);
  }
};

template <class S>
struct MemoryMergePlan : RangePlan<S, MergeableRule<S>> {
  using Base = RangePlan<S, MergeableRule<S>>;
  using Base::Base;

  void commit(SpaceState<S>& space, Reservation<S>& reserved) const noexcept {
    Base::commit(space, reserved);
    if (this->status) space.modes.merges_same_pages = this->rule.wanted == MemoryMerge::on;
  }
};

/// Where nothing is new, areas keep what madvise made of them.
template <class S>
MemoryMergePlan<S> plan_memory_merge(const SpaceState<S>& space, MemoryMerge wanted) noexcept {
  const Range all{0, space.services.geometry().limit};
  const bool is_on = space.modes.merges_same_pages;
  const bool changes = is_on != (wanted == MemoryMerge::on);
  return {space, changes ? all : Range{}, MergeableRule<S>{wanted}, Joining::never};
}

template <class S>
struct WriteExecPlan : WindowPlan<S, void> {
  using WindowPlan<S, void>::WindowPlan;
  WriteExecFlags wanted{};

  void commit(SpaceState<S>& space, Reservation<S>&) const noexcept {
    if (this->status) space.modes.write_exec = wanted;
  }
};

/// Once chosen, it can be chosen again and not changed. Errors: invalid (unknown flags, or
/// no_inherit alone), not_permitted (something else was chosen before).
template <class S>
WriteExecPlan<S> plan_deny_write_exec(const SpaceState<S>& space, WriteExecFlags wanted) noexcept {
  constexpr WriteExecFlags known = write_exec::refuse_exec_gain | write_exec::no_inherit;
  if (!known.has_all(wanted) || wanted == write_exec::no_inherit) return Error::invalid;
  const WriteExecFlags now = space.modes.write_exec;
  if (!now.empty() && now != wanted) return Error::not_permitted;
  WriteExecPlan<S> plan;
  plan.status = success;
  plan.wanted = wanted;
  return plan;
}

}  // namespace vmarea
