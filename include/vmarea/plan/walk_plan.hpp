// SPDX-License-Identifier: MIT
//
// A call over a range, planned: the walk is made once to plan and again to show, reserve and write,
// for what it finds is not kept, but for a single edit.
//
//   first walk   asks hooks and limits; counts edits and charge, keeps the first edit
//   later ones   the same steps, up to where the first walk ended
#pragma once

#include "vmarea/plan/plan.hpp"
#include "vmarea/plan/walk.hpp"
#include "vmarea/types/fast_paths.hpp"

namespace vmarea {

/// What to do when there is no memory to join neighbours.
enum class WithoutMemory : unsigned char {
  fails,
  joins_nothing,  // Areas change where they stand. For whole areas: a cut can fail.
};

/// A call that changes a range by a rule, then perhaps a field of the space.
template <class Host, WalkRule<Host> Rule>
struct WalkPlan {
  using Value = void;
  static constexpr bool interns = Rule::interns;
  static constexpr bool can_go_without_joins = Rule::can_go_without_joins;

  Result<void> status = Error::invalid;
  Error error_without_memory = Rule::error_at_count_limit;
  Sequel sequel{};
  WithoutMemory without_memory = WithoutMemory::fails;
  PageCount charge = 0;                    // What the edits take, without what they give back.
  FixedList<Host, Step<Host>, 1> setting;  // Made after a successful walk.

  WalkPlan() = default;
  /// A call that is refused, or walks over nothing.
  WalkPlan(Result<void> answer) noexcept : status(answer) {}
  WalkPlan(Error error) noexcept : status(error) {}

  /// Inlined with all that it calls: it is most of a call that splits, and 16 % of mprotect there
  /// and back, 43 % of a call over a thousand areas go that way. For commit it gave 4 %: left out.
  VMAREA_INLINED_WHOLE WalkPlan(const SpaceState<Host>& space, Range over, const Rule& by,
                                JoinPolicy joins = JoinPolicy::allowed) noexcept
      : range_(over), rule_(by), joining_(joins), place_(space.tree.seek(over.start)) {
    RangeWalk<Host, Rule> walk(space, range_, rule_, joining_, place_, only_, Pass::first);
    status = walk.run([this](const Step<Host>& step) { count(step); });
    end_ = walk.end();
    if (status) return;
    if (end_.lacks_memory || !space.services.profile().leaves_partial_effects()) leave_nothing();
  }

  template <class Visit>
  VMAREA_INLINED void for_each_step(const SpaceState<Host>& space, Visit&& visit) const noexcept {
    if (step_count_ == 1 && edit_count_ == 1) {
      visit(Step<Host>::of(only_, &place_));
    } else if (step_count_ > 0) {
      walk_again(space, StepVisitor<Host>(visit));
    }
    if (!setting.empty() && status) visit(setting[0]);
  }

  /// Calls visit(const JoinReport&) for each edge of what the walk changes.
  template <class Visit>
  void for_each_join(const SpaceState<Host>& space, Visit&& visit) const noexcept {
    if (edit_count_ == 0) return;
    Edit<Host> edit;
    Cursor cursor = space.tree.seek(range_.start);
    JoinLog<Host, Visit> log(visit);
    (void)RangeWalk<Host, Rule>(space, range_walked(), rule_, joining_, cursor, edit, Pass::again)
        .run(log);
  }

  /// Whether several areas change where they stand, and nothing else happens to the tree.
  bool only_in_place() const noexcept { return all_in_place_ && edit_count_ > 1; }
  bool joins_if_memory() const noexcept {
    return without_memory == WithoutMemory::joins_nothing && joining_ == JoinPolicy::allowed;
  }
  /// The same call where no area joins another. Requires: the range cuts no area.
  WalkPlan without_joins(const SpaceState<Host>& space) const noexcept
      requires(can_go_without_joins) {
    WalkPlan plan = *this;
    plan.joining_ = JoinPolicy::never;
    plan.leave_nothing();
    plan.all_in_place_ = true;
    auto count = [&plan](const Step<Host>& step) { plan.count(step); };
    plan.place_ = space.tree.seek(range_.start);
    (void)RangeWalk<Host, Rule>(space, plan.range_walked(), rule_, JoinPolicy::never, plan.place_,
                                plan.only_, Pass::again)
        .run(StepVisitor<Host>(count));
    return plan;
  }

 private:
  using Pass = typename RangeWalk<Host, Rule>::Pass;
  using Cursor = typename RangeWalk<Host, Rule>::Cursor;

  void count(const Step<Host>& step) noexcept {
    ++step_count_;
    if (step.kind != StepKind::edit) return;
    const Edit<Host>& edit = *step.edit;
    ++edit_count_;
    all_in_place_ = all_in_place_ && edit.in_place();
    if (edit.charge > 0) charge += static_cast<PageCount>(edit.charge);
  }
  void leave_nothing() noexcept {
    step_count_ = edit_count_ = 0;
    charge = 0;
  }

  Range range_walked() const noexcept { return {range_.start, end_.reached}; }

  void walk_again(const SpaceState<Host>& space, StepVisitor<Host> visit) const noexcept {
    Edit<Host> edit;
    Cursor cursor = space.tree.seek(range_.start);
    const Pass pass = only_in_place() ? Pass::again_in_place : Pass::again;
    (void)RangeWalk<Host, Rule>(space, range_walked(), rule_, joining_, cursor, edit, pass)
        .run(visit);
  }

  Range range_{};
  Rule rule_{};
  JoinPolicy joining_ = JoinPolicy::allowed;
  WalkEnd end_{};
  unsigned step_count_ = 0;
  unsigned edit_count_ = 0;
  bool all_in_place_ = true;  // Then only the charge has to be reserved.
  mutable Cursor place_;      // Where the walk ended; no part of what was planned.
  Edit<Host> only_{};         // The edit, if there is just one.
};

}  // namespace vmarea
