// SPDX-License-Identifier: MIT
//
// What a process chooses for all of its memory, with prctl:
//
//   PR_SET_MEMORY_MERGE   same-page merging: marks every area that may take part, and new ones
//   PR_SET_MDWE           what was written is not executed: mmap and mprotect refuse it from now on
//
// Both are inherited by fork and exec. Marking joins no areas, not even those that are alike then.
#pragma once

#include "vmarea/plan/walk_plan.hpp"

namespace vmarea {

enum class SamePageMerging : unsigned char { off, on };

template <class Host>
struct SamePageRule {
  static constexpr HolePolicy holes = HolePolicy::pass;
  static constexpr Error shortage = Error::no_memory;
  SamePageMerging wanted = SamePageMerging::off;

  RuleAnswer<Host> answer(const SpaceState<Host>&, const Area<Host>& area, Range,
                          const WalkProgress&) const noexcept {
    const bool marked = area.flags.has_any(flag::mergeable);
    if (wanted == SamePageMerging::off) {
      if (!marked) return RuleAnswer<Host>::skip();
      return RuleAnswer<Host>::change(area, area.flags.without(flag::mergeable));
    }
    if (marked || !allows_same_page_merging(area.flags)) return RuleAnswer<Host>::skip();
    return RuleAnswer<Host>::change(area, area.flags | flag::mergeable);
  }
};

template <class Host>
struct SamePagePlan : WalkPlan<Host, SamePageRule<Host>> {
  using Base = WalkPlan<Host, SamePageRule<Host>>;
  using Base::Base;

  void commit(SpaceState<Host>& space, Reservation<Host>& reserved) const noexcept {
    Base::commit(space, reserved);
    if (this->status) space.modes.merges_same_pages = this->rule.wanted == SamePageMerging::on;
  }
};

/// Where nothing is new, areas keep what madvise made of them.
template <class Host>
SamePagePlan<Host> plan_memory_merge(const SpaceState<Host>& space,
                                     SamePageMerging wanted) noexcept {
  const Range all{0, space.services.geometry().limit};
  const bool is_on = space.modes.merges_same_pages;
  const bool changes = is_on != (wanted == SamePageMerging::on);
  return {space, changes ? all : Range{}, SamePageRule<Host>{wanted}, JoinPolicy::never};
}

template <class Host>
struct WriteExecPlan : StepPlan<Host, void> {
  using StepPlan<Host, void>::StepPlan;
  WriteExecFlags wanted{};

  void commit(SpaceState<Host>& space, Reservation<Host>&) const noexcept {
    if (this->status) space.modes.write_exec = wanted;
  }
};

/// Once chosen, it can be chosen again and not changed. Errors: invalid (unknown flags, or
/// no_inherit alone), not_permitted (something else was chosen before).
template <class Host>
WriteExecPlan<Host> plan_deny_write_exec(const SpaceState<Host>& space,
                                         WriteExecFlags wanted) noexcept {
  constexpr WriteExecFlags known = write_exec::refuse_exec_gain | write_exec::no_inherit;
  if (!known.has_all(wanted) || wanted == write_exec::no_inherit) return Error::invalid;
  const WriteExecFlags now = space.modes.write_exec;
  if (!now.empty() && now != wanted) return Error::not_permitted;
  WriteExecPlan<Host> plan;
  plan.status = success;
  plan.wanted = wanted;
  return plan;
}

}  // namespace vmarea
