// SPDX-License-Identifier: MIT
//
// A call over a range, planned: the walk of core/walk.hpp is made once to plan and once more to
// write, for what it finds is not kept, but for a single edit.
//
//   plan      walk: count edits and charge, keep the first
//   reserve   nothing but charge, where every area changes where it stands
//   commit    the same walk again, or the rule's answers alone, where nobody is cut or joined
#pragma once

#include "vmarea/change/change.hpp"
#include "vmarea/change/in_place.hpp"
#include "vmarea/plan/walk.hpp"
#include "vmarea/types/fast_paths.hpp"

namespace vmarea {

/// A call that changes a range by a rule. One edit is kept; more are walked again.
template <class Host, class Rule>
struct WalkPlan : PlanBase {
  using Value = void;

  Result<void> status = Error::invalid;
  Range range;
  Rule rule{};
  WalkProgress base;
  JoinPolicy joining = JoinPolicy::allowed;
  unsigned edit_count = 0;
  bool all_in_place = true;  // Then only the charge has to be reserved.
  PageCount charge = 0;      // What they take, without what they give back.
  Edit<Host> only;

  WalkPlan() = default;
  /// A call that is refused, or has nothing to do.
  WalkPlan(Result<void> answer) noexcept : status(answer) {}

  /// Inlined with all that it calls: it is most of a call that splits, and 16 % of mprotect there
  /// and back, 43 % of a call over a thousand areas go that way. For commit it gave 4 %: left out.
  VMAREA_INLINED_WHOLE WalkPlan(const SpaceState<Host>& space, Range over, const Rule& by,
                                JoinPolicy joins = JoinPolicy::allowed) noexcept
      : range(over),
        rule(by),
        base{space.totals, space.area_count, space.last_identity},
        joining(joins) {
    out_of_memory = Rule::shortage;
    status = walk(space, only, [this](const Edit<Host>& edit) {
      if (edit_count++ == 0 && &edit != &only) only = edit;
      all_in_place = all_in_place && edit.in_place();
      if (edit.charge > 0) charge += static_cast<PageCount>(edit.charge);
    });
    const bool whole_or_none =
        space.services.profile().partial_effects == PartialEffects::all_or_nothing;
    if (!status && whole_or_none) edit_count = 0;
  }

  template <class Visit>
  void for_each_edit(const SpaceState<Host>& space, Visit&& visit) const noexcept {
    if (edit_count == 1) {
      visit(only);
    } else if (edit_count > 1) {
      Edit<Host> each;
      (void)walk(space, each, visit);
    }
  }
  Result<void> reserve(SpaceState<Host>& space, Reservation<Host>& reserved) const noexcept {
    if (only_in_place()) return reserve_charge(space, reserved, charge);
    return reserve_edits(*this, space, reserved);
  }
  /// The same with the tree nodes; where anything is short, every area is changed where it stands.
  /// Requires: the range cuts no area, for a cut can fail.
  Result<void> reserve_or_join_nothing(SpaceState<Host>& space,
                                       Reservation<Host>& reserved) noexcept {
    Result<void> taken = reserve_edits(*this, space, reserved);
    if (taken) taken = reserve_nodes(space, reserved);
    if (taken) return taken;
    give_back(space, reserved);
    const PlanBase answers = *this;
    *this = WalkPlan(space, range, rule, JoinPolicy::never);
    static_cast<PlanBase&>(*this) = answers;
    return reserve_edits(*this, space, reserved);
  }
  void commit(SpaceState<Host>& space, Reservation<Host>& reserved) const noexcept {
    if (only_in_place()) {
      commit_answers(space, reserved);
    } else {
      commit_edits(*this, space, reserved);
    }
  }

 private:
  /// Several areas change where they stand.
  bool only_in_place() const noexcept { return all_in_place && edit_count > 1; }

  /// Where nobody is cut and nobody joins, the rule's answers are all there is to do: 42 % of a
  /// call over a thousand areas.
  void commit_answers(SpaceState<Host>& space, Reservation<Host>& reserved) const noexcept {
    WalkProgress progress = base;
    auto cursor = space.tree.seek(range.start);
    auto entry = cursor.entry();
    for (unsigned left = edit_count; left > 0 && entry; cursor.next(), entry = cursor.entry()) {
      Area<Host>& area = *entry.value;
      const Range part{area.start < range.start ? range.start : area.start,
                       area.end < range.end ? area.end : range.end};
      const RuleAnswer<Host> answer = rule.answer(space, area, part, progress);
      if (answer.kind != RuleAnswer<Host>::Kind::change) continue;
      progress.totals += answer.totals;
      commit_in_place<Host>(
          space, reserved,
          {area, answer.flags, answer.attributes, answer.totals, answer.charge,
           RangeWalk<Host, Rule>::changes_access(area.flags, answer.flags), Event::protected_});
      --left;
    }
  }

  template <class Visit>
  Result<void> walk(const SpaceState<Host>& space, Edit<Host>& edit, Visit&& visit) const noexcept {
    return RangeWalk<Host, Rule>(space, range, rule, base, joining, edit).run(visit);
  }
};

}  // namespace vmarea
