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
struct SamePageRule : RuleBase<Host> {
  static constexpr HolePolicy holes = HolePolicy::pass;
  SamePageMerging wanted = SamePageMerging::off;

  Answer<Host> change(const SpaceState<Host>&, const Area<Host>& area, Range) const noexcept {
    const bool marked = area.flags.has_any(flag::mergeable);
    if (wanted == SamePageMerging::off) {
      if (!marked) return Answer<Host>::skip();
      return Answer<Host>::change(area, area.flags.without(flag::mergeable));
    }
    if (marked || !allows_same_page_merging(area.flags)) return Answer<Host>::skip();
    return Answer<Host>::change(area, area.flags | flag::mergeable);
  }
};

/// Where nothing is new, areas keep what madvise made of them. Errors: invalid (by the profile).
template <class Host>
WalkPlan<Host, SamePageRule<Host>> plan_set_memory_merge(const SpaceState<Host>& space,
                                                         SamePageMerging wanted) noexcept {
  if (!space.services.profile().knows_memory_merge) return Error::invalid;
  const Range all{0, space.services.geometry().limit};
  const bool is_on = space.modes.merges_same_pages;
  const bool turns_on = wanted == SamePageMerging::on;
  if (is_on == turns_on) return success;
  WalkPlan<Host, SamePageRule<Host>> plan{space, all, SamePageRule<Host>{{}, wanted},
                                          JoinPolicy::never};
  plan.setting.add(Step<Host>::set(StepKind::set_same_page_merging, turns_on ? 1 : 0));
  return plan;
}

/// Once chosen, it can be chosen again and not changed. Errors: invalid (unknown flags,
/// no_inherit alone, or by the profile), not_permitted (something else was chosen before).
template <class Host>
StepPlan<Host, void> plan_deny_write_exec(const SpaceState<Host>& space,
                                          WriteExecFlags wanted) noexcept {
  constexpr WriteExecFlags known = write_exec::refuse_exec_gain | write_exec::no_inherit;
  const bool unknown = !space.services.profile().knows_deny_write_exec || !known.has_all(wanted);
  if (unknown || wanted == write_exec::no_inherit) return Error::invalid;
  const WriteExecFlags now = space.modes.write_exec;
  if (!now.empty() && now != wanted) return Error::not_permitted;
  StepPlan<Host, void> plan{success};
  if (now != wanted) plan.add(Step<Host>::set(StepKind::set_write_exec, wanted.bits()));
  return plan;
}

}  // namespace vmarea
