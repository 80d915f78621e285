// SPDX-License-Identifier: MIT
//
// A call over a range, planned: the walk of core/walk.hpp is made once to plan and once more to
// write, for what it finds is not kept, but for a single window.
//
//   plan      walk: count windows and charge, keep the first
//   reserve   nothing but charge, where every area changes where it stands
//   commit    the same walk again, or the rule's answers alone, where nobody is cut or joined
#pragma once

#include "vmarea/core/change.hpp"
#include "vmarea/core/in_place.hpp"
#include "vmarea/core/walk.hpp"
#include "vmarea/fast_paths.hpp"

namespace vmarea {

/// A call that changes a range by a rule. One window is kept; more are walked again.
template <class S, class Rule>
struct RangePlan : PlanBase {
  using Value = void;

  Result<void> status = Error::invalid;
  Range range;
  Rule rule{};
  WalkProgress base;
  Joining joining = Joining::allowed;
  unsigned window_count = 0;
  bool all_in_place = true;  // Then only the charge has to be reserved.
  PageCount charge = 0;      // What they take, without what they give back.
  Window<S> only;

  RangePlan() = default;
  /// A call that is refused, or has nothing to do.
  RangePlan(Result<void> answer) noexcept : status(answer) {}

  /// Inlined with all that it calls: it is most of a call that splits, and 16 % of mprotect there
  /// and back, 43 % of a call over a thousand areas go that way. For commit it gave 4 %: left out.
  VMAREA_INLINED_WHOLE RangePlan(const SpaceState<S>& space, Range over, const Rule& by,
                                 Joining joins = Joining::allowed) noexcept
      : range(over),
        rule(by),
        base{space.totals, space.area_count, space.last_identity},
        joining(joins) {
    out_of_memory = Rule::shortage;
    status = walk(space, only, [this](const Window<S>& window) {
      if (window_count++ == 0 && &window != &only) only = window;
      all_in_place = all_in_place && window.in_place();
      if (window.charge > 0) charge += static_cast<PageCount>(window.charge);
    });
    const bool whole_or_none =
        space.services.profile().partial_effects == PartialEffects::all_or_nothing;
    if (!status && whole_or_none) window_count = 0;
  }

  template <class Visit>
  void for_each_window(const SpaceState<S>& space, Visit&& visit) const noexcept {
    if (window_count == 1) {
      visit(only);
    } else if (window_count > 1) {
      Window<S> each;
      (void)walk(space, each, visit);
    }
  }
  Result<void> reserve(SpaceState<S>& space, Reservation<S>& reserved) const noexcept {
    if (only_in_place()) return reserve_charge(space, reserved, charge);
    return reserve_windows(*this, space, reserved);
  }
  /// The same with the tree nodes; where anything is short, every area is changed where it stands.
  /// Requires: the range cuts no area, for a cut can fail.
  Result<void> reserve_or_join_nothing(SpaceState<S>& space, Reservation<S>& reserved) noexcept {
    Result<void> taken = reserve_windows(*this, space, reserved);
    if (taken) taken = take_nodes(space, reserved);
    if (taken) return taken;
    give_back(space, reserved);
    const PlanBase answers = *this;
    *this = RangePlan(space, range, rule, Joining::never);
    static_cast<PlanBase&>(*this) = answers;
    return reserve_windows(*this, space, reserved);
  }
  void commit(SpaceState<S>& space, Reservation<S>& reserved) const noexcept {
    if (only_in_place()) {
      commit_answers(space, reserved);
    } else {
      commit_windows(*this, space, reserved);
    }
  }

 private:
  /// Several areas change where they stand.
  bool only_in_place() const noexcept { return all_in_place && window_count > 1; }

  /// Where nobody is cut and nobody joins, the rule's answers are all there is to do: 42 % of a
  /// call over a thousand areas.
  void commit_answers(SpaceState<S>& space, Reservation<S>& reserved) const noexcept {
    WalkProgress progress = base;
    auto cursor = space.tree.seek(range.start);
    auto entry = cursor.entry();
    for (unsigned left = window_count; left > 0 && entry; cursor.next(), entry = cursor.entry()) {
      Area<S>& area = *entry.value;
      const Range part{area.start < range.start ? range.start : area.start,
                       area.end < range.end ? area.end : range.end};
      const RuleAnswer<S> answer = rule.answer(space, area, part, progress);
      if (answer.kind != RuleAnswer<S>::Kind::change) continue;
      progress.totals += answer.totals;
      commit_in_place<S>(
          space, reserved,
          {area, answer.flags, answer.attributes, answer.totals, answer.charge,
           RangeWalk<S, Rule>::changes_access(area.flags, answer.flags), Event::protected_});
      --left;
    }
  }

  template <class Visit>
  Result<void> walk(const SpaceState<S>& space, Window<S>& window, Visit&& visit) const noexcept {
    return RangeWalk<S, Rule>(space, range, rule, base, joining, window).run(visit);
  }
};

}  // namespace vmarea
