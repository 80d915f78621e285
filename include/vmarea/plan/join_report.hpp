// SPDX-License-Identifier: MIT
//
// Why does a planned call join, or not join, what stands beside the ranges that it changes?
//
//   prev [AAAA)[****) next        at each edge of a changed range: the answer, and both
//            ^    ^               descriptions, so that its flags, offset and identity can be seen
//
// An edge that cuts an area has the rest of that area for a neighbour. An edge between two changed
// areas is told once, as it was decided last.
#pragma once

#include "vmarea/rules/merge.hpp"
#include "vmarea/space/find.hpp"
#include "vmarea/types/fixed_list.hpp"

namespace vmarea {

/// Which of the two that meet is the neighbour.
enum class Side : unsigned char { prev, next };

/// One edge of a changed range.
template <class Host>
struct JoinReport {
  Side side = Side::prev;
  Address at = 0;
  JoinAnswer answer;
  Description<Host> middle{};     // The range as the call makes it, before it joins anything.
  Description<Host> neighbour{};  // As it is when that was decided; empty: nothing touches.

  /// The edge below `middle`, and the one above, whose neighbour is null unless it touches.
  /// `answer` counts where something does.
  static constexpr JoinReport below(const Description<Host>& middle,
                                    const Description<Host>* neighbour, JoinAnswer answer) {
    const bool touches = neighbour != nullptr && neighbour->end == middle.start;
    if (!touches) return {Side::prev, middle.start, {}, middle, {}};
    return {Side::prev, middle.start, answer, middle, *neighbour};
  }
  static constexpr JoinReport above(const Description<Host>& middle,
                                    const Description<Host>* neighbour, JoinAnswer answer) {
    if (neighbour == nullptr) return {Side::next, middle.end, {}, middle, {}};
    return {Side::next, middle.end, answer, middle, *neighbour};
  }

  constexpr bool has_neighbour() const noexcept { return !neighbour.range().empty(); }
};

/// The answers of a call that joins nothing.
inline constexpr Joins no_join_wanted{{JoinVerdict::not_wanted, {}}, {JoinVerdict::not_wanted, {}}};

/// A range that a call puts in place, and what was decided about it.
template <class Host>
struct PlacedRange {
  Description<Host> middle{};
  Joins joins;
};

/// A visitor of steps that wants to be told of each decision as well.
template <class Visit, class Host>
concept JoinListener = requires(Visit& visit, const JoinReport<Host>& report) {
  visit.decided(report);
};

/// Hands reports on as a walk makes them: what was decided from below an edge gives way to what is
/// then decided from above.
template <class Host, class Visit>
class JoinLog {
 public:
  explicit JoinLog(Visit& visit) noexcept : visit_(visit) {}
  JoinLog(const JoinLog&) = delete;
  JoinLog& operator=(const JoinLog&) = delete;
  ~JoinLog() { tell_pending(); }

  template <class Step>
  void operator()(const Step&) const noexcept {}

  void decided(const JoinReport<Host>& report) noexcept {
    if (!pending_.empty() && pending_[0].at == report.at) pending_.clear();
    tell_pending();
    if (report.side == Side::next) {
      pending_.add(report);
    } else {
      visit_(report);
    }
  }

 private:
  void tell_pending() noexcept {
    if (!pending_.empty()) visit_(pending_[0]);
    pending_.clear();
  }

  Visit& visit_;
  FixedList<Host, JoinReport<Host>, 1> pending_;
};

/// Tells what a walk decided at both edges of `after`, which is made of a part of `area`. `prev`
/// and `next` stand beside the area; null: nothing does.
template <class Host, class Listener>
void tell_joins(const SpaceState<Host>& space, const Area<Host>& area,
                const Description<Host>& after, const Description<Host>* prev,
                const Description<Host>* next, const Joins& joins, Listener& listener) noexcept {
  const Geometry geometry = space.services.geometry();
  const KernelProfile profile = space.services.profile();
  constexpr Middle part = Middle::part_of_area;
  if (after.start > area.start) {
    const Description<Host> rest = area.below(after.start);
    listener.decided(JoinReport<Host>::below(
        after, &rest, judge_side(after, rest, rest, after, part, geometry, profile)));
  } else {
    listener.decided(JoinReport<Host>::below(after, prev, joins.prev));
  }
  if (after.end < area.end) {
    const Description<Host> rest = area.above(after.end, geometry);
    listener.decided(JoinReport<Host>::above(
        after, &rest, judge_side(after, rest, after, rest, part, geometry, profile)));
  } else {
    listener.decided(JoinReport<Host>::above(after, next, joins.next));
  }
}

}  // namespace vmarea
