// SPDX-License-Identifier: MIT
//
// A call, planned: its answer, its steps in their order, and what is left to do once the lock is
// let go. A plan is data. It has no function that reserves or writes; Change does both.
//
//   StepPlan     steps known beforehand: munmap, mmap, mremap, brk, a touch ...
//   WalkPlan     steps found by walking a range with a rule: mprotect, madvise, mlock ...
#pragma once

#include <concepts>
#include <utility>

#include "vmarea/plan/join_report.hpp"
#include "vmarea/plan/step.hpp"
#include "vmarea/types/fast_paths.hpp"

namespace vmarea {

/// The fourth beat: what a call does after it let go of the lock.
struct Sequel {
  enum class Kind : unsigned char {
    nothing,
    touch,             // Touches the range as far as it can be had: MAP_POPULATE.
    touch_all,         // The same, and the call fails where it cannot be had: mlock.
    touch_everything,  // All of the space, as far as it can be had: mlockall.
    advised_read,      // MADV_POPULATE_READ
    advised_write,     // MADV_POPULATE_WRITE
    move_rest,         // mremap over several areas: the areas behind the first.
  };

  Kind kind = Kind::nothing;
  Range range{};       // Touched, or still to move.
  Address to = 0;      // Where the rest goes.
  RemapFlags flags{};  // Of the move.
};

// Clang-format 14 tears the requirements apart.
// clang-format off

/// A plan, whichever of the two it is. for_each_step(space, visit) calls visit(const Step&) for
/// each step in order; it may be called more than once, and commit may write the tree meanwhile.
template <class P, class Host>
concept CallPlan = requires(const P& plan, const SpaceState<Host>& space,
                            void (*visit)(const Step<Host>&)) {
  typename P::Value;
  { P::interns } -> std::convertible_to<bool>;
  { plan.status } -> std::convertible_to<Result<typename P::Value>>;
  { plan.error_without_memory } -> std::convertible_to<Error>;
  { plan.sequel } -> std::convertible_to<Sequel>;
  { plan.for_each_step(space, visit) } noexcept;
};

/// A plan that walks a range again for its steps. Where every area changes where it stands, the
/// charge is all there is to reserve; where memory runs out, it may be planned without joins.
template <class P, class Host>
concept WalkedPlan = CallPlan<P, Host> && requires(const P& plan, const SpaceState<Host>& space) {
  { plan.only_in_place() } noexcept -> std::same_as<bool>;
  { plan.charge } -> std::convertible_to<PageCount>;
  { P::can_go_without_joins } -> std::convertible_to<bool>;
};

/// A plan that may leave a part of the call to another plan.
template <class P>
concept RestPlan = requires(const P& plan) {
  plan.plan_rest;
};

// clang-format on

/// Whether a part of the call may be left to another plan: mremap over several areas.
enum class LeavesRest : bool { no, yes };

template <class Host, class Plan, LeavesRest>
struct RestOfPlan {};

template <class Host, class Plan>
struct RestOfPlan<Host, Plan, LeavesRest::yes> {
  // Plans what a sequel of the kind move_rest leaves.
  Plan (*plan_rest)(const SpaceState<Host>&, const Sequel&) noexcept = nullptr;
};

/// A plan of steps that are known beforehand.
template <class Host, class T, LeavesRest Rest = LeavesRest::no>
struct StepPlan : RestOfPlan<Host, StepPlan<Host, T, Rest>, Rest>, PlannedArrival<Host> {
  using Value = T;
  using Cursor = typename SpaceState<Host>::Tree::Cursor;
  static constexpr bool interns = false;  // Makes no attributes that no area has.

  Result<T> status = Error::invalid;
  Error error_without_memory = Error::no_memory;  // The answer where reserve runs out of memory.
  Sequel sequel{};

  StepPlan() = default;
  StepPlan(Error error) noexcept : status(error) {}
  StepPlan(Result<T> answer) noexcept : status(answer) {}
  /// One whose first edit will be written near `from`.
  StepPlan(Result<T> answer, const SpaceState<Host>& space, Address from) noexcept
      : status(answer), place_(space.tree.seek(from)) {}

  /// A new edit, which is the next step. Its reference serves as long as the plan stays in place.
  Edit<Host>& add_edit(const Edit<Host>& edit) noexcept {
    steps_.add(Step<Host>{});
    return edits_.add(edit);
  }
  /// The same for one that make() makes, where it stays.
  template <class Make>
  Edit<Host>& add_edit_made_by(Make&& make) noexcept {
    steps_.add(Step<Host>{});
    return edits_.add_made_by(make);
  }
  /// The same for an edit that was planned on the result of the one before; its nodes are counted
  /// in `range` of the tree as it is before either.
  void add_following_edit(const Edit<Host>& edit, Range range) noexcept {
    steps_.add(Step<Host>{.range = range});
    edits_.add(edit);
  }
  /// The edit that was added last brings a copy of `area`.
  void set_source(Area<Host>& area) noexcept { steps_[steps_.size() - 1].source = &area; }
  void add(const Step<Host>& step) noexcept {
    require<Host>(step.kind != StepKind::edit, "edits are added by add_edit");
    steps_.add(step);
  }
  /// Keeps what was decided about the range that the call puts in place: there is one at most.
  void note_joins(const Description<Host>& middle, const Joins& joins) noexcept {
    placed_.add({middle, joins});
  }
  bool empty() const noexcept { return steps_.empty(); }
  /// Where planning goes about, so that the tree finds the first edit from there.
  Cursor& place() noexcept { return place_; }
  FixedList<Host, Edit<Host>, 2>& edits() noexcept { return edits_; }

  template <class Visit>
  void for_each_step(const SpaceState<Host>&, Visit&& visit) const noexcept {
    const Edit<Host>* edit = edits_.begin();
    for (Step<Host>& step : steps_) {
      if (step.kind == StepKind::edit) {
        if (edit == edits_.begin()) {
          step.arrival = ArrivalRef<Host>::of(*this);
          step.place = &place_;
        }
        step.edit = edit++;
      }
      visit(std::as_const(step));
    }
  }
  /// Calls visit(const JoinReport&) for both edges of a range that is put in place. Requires:
  /// nothing was committed since.
  template <class Visit>
  void for_each_join(const SpaceState<Host>& space, Visit&& visit) const noexcept {
    if (placed_.empty()) return;
    const Description<Host>& middle = placed_[0].middle;
    const Joins& joins = placed_[0].joins;
    Description<Host> prev;
    const Area<Host>* low = middle.start == 0 ? nullptr : find_area(space, middle.start - 1);
    if (low != nullptr) prev = low->below(middle.start);
    Description<Host> next;
    const Area<Host>* high = find_area(space, middle.end);
    if (high != nullptr) next = high->above(middle.end, space.services.geometry());
    visit(JoinReport<Host>::below(middle, low != nullptr ? &prev : nullptr, joins.prev));
    visit(JoinReport<Host>::above(middle, high != nullptr ? &next : nullptr, joins.next));
  }

 private:
  mutable Cursor place_;  // No part of what was planned.
  FixedList<Host, Edit<Host>, 2> edits_;
  mutable FixedList<Host, Step<Host>, 6> steps_;  // Told where the plan is now when they are shown.
  FixedList<Host, PlacedRange<Host>, 1> placed_;
};

}  // namespace vmarea
