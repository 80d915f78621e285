// SPDX-License-Identifier: MIT
//
// Own data of areas while an edit is written. Where the host has no say, a new area has a copy of
// its source's, or what the call brings. Where it has, all of it is taken before anything is
// written, cut where pieces part, and joined from low to high:
//
//   before   [AAAAAAAAAA)[BBBB)          A is cut three times, what is mapped over goes
//   edit     [aaa)[nnn)[aabbbb)          n is what the call brings, or a copy from another area
//   data      A.1   n   A.3+B            A.2 ends with its area if that goes, else at once
//
// What is neither cut nor joined is handed on as it is: what grows keeps its data, and so does what
// moves down with its pages.
#pragma once

#include <utility>

#include "vmarea/plan/step.hpp"

namespace vmarea {

template <class Host, bool IsAsked = Host::has_data_rules>
class DataMove {
 public:
  constexpr DataMove(SpaceState<Host>&, const Edit<Host>&, ArrivalRef<Host>) noexcept {}
  constexpr void take() noexcept {}
  constexpr void give(Area<Host>* const (&)[3]) noexcept {}
  /// Gives a new area its data. Requires: has_own_data.
  static void fill(Area<Host>& area, const Piece<Host>& piece, ArrivalRef<Host> of) noexcept {
    if (piece.copied != nullptr) {
      area.data = piece.copied->data;
    } else if (of.arrival != nullptr) {
      area.data = of.arrival->given;
    }
  }
};

template <class Host>
class DataMove<Host, true> {
 public:
  DataMove(SpaceState<Host>& space, const Edit<Host>& edit, ArrivalRef<Host> of) noexcept
      : space_(space),
        edit_(edit),
        arrival_(of.arrival),
        moves_(!edit.keeps_range() || !edit.unmapped.empty()) {}
  static void fill(Area<Host>&, const Piece<Host>&, ArrivalRef<Host>) noexcept {}

  /// Requires: nothing of the edit is written yet.
  void take() noexcept {
    if (!moves_) return;
    if (arrival_ != nullptr) arriving_ = data_that_arrives();
    for_each_in(space_, edit_.extent, [&](Area<Host>& area) { take_from(area); });
    if (arrival_ != nullptr) add_arriving();
  }

  /// Requires: take() was called; `written` are the objects of the pieces.
  void give(Area<Host>* const (&written)[3]) noexcept {
    if (!moves_) return;
    for (unsigned i = 0; i < edit_.pieces.size(); ++i) written[i]->data = std::move(taken_[i]);
  }

 private:
  using Data = typename Host::AreaData;

  Data data_that_arrives() noexcept {
    if (arrival_->copied == nullptr) return arrival_->given;
    const Range wanted = arrival_->copied_part;
    Range range = arrival_->copied->range();
    Data part(arrival_->copied->data);
    if (wanted.end < range.end) {
      (void)split(part, range, wanted.end);
      range.end = wanted.end;
    }
    return range.start < wanted.start ? split(part, range, wanted.start) : part;
  }

  void take_from(Area<Host>& area) noexcept {
    Range range = area.range();
    Data rest{};
    rest = std::move(area.data);
    for (Address at = next_cut(range); at < range.end; at = next_cut(range)) {
      Data above = split(rest, range, at);
      add_part({range.start, at}, rest, area);
      rest = std::move(above);
      range.start = at;
    }
    add_part(range, rest, area);
  }

  Data split(Data& from, Range range, Address at) noexcept {
    Data above = space_.services.split_data(from, {range, at});
    require<Host>(space_.services.may_join(from, above), "data that was cut may join again");
    return above;
  }

  /// The first place inside `range` where one piece ends and another begins, or its end.
  Address next_cut(Range range) const noexcept {
    Address cut = range.end;
    const auto consider = [&](Address at) {
      if (range.start < at && at < cut) cut = at;
    };
    for (const Piece<Host>& piece : edit_.pieces) consider(piece.after.start);
    if (!edit_.unmapped.empty()) {
      consider(edit_.unmapped.start);
      consider(edit_.unmapped.end);
    }
    return cut;
  }

  /// Adds what was `area`'s in `range`. What goes with an area is still there when it ends.
  void add_part(Range range, Data& part, Area<Host>& area) noexcept {
    if (edit_.unmapped.contains(range.start)) {
      if (!is_kept(area)) area.data = std::move(part);
      return;
    }
    if (arrival_ != nullptr && arrival_->range.start < range.start) add_arriving();
    add(range, part);
  }

  void add_arriving() noexcept {
    add(arrival_->range, arriving_);
    arrival_ = nullptr;
  }

  void add(Range range, Data& part) noexcept {
    const unsigned index = edit_.index_over(range.start);
    if (!filled_[index]) {
      taken_[index] = std::move(part);
      filled_[index] = true;
      begin_[index] = range.start;
      return;
    }
    require<Host>(space_.services.may_join(taken_[index], part), "what joins was allowed to join");
    space_.services.join_data(taken_[index], part, {{begin_[index], range.start}, range});
  }

  bool is_kept(const Area<Host>& area) const noexcept {
    for (const Piece<Host>& piece : edit_.pieces) {
      if (piece.object == &area) return true;
    }
    return false;
  }

  SpaceState<Host>& space_;
  const Edit<Host>& edit_;
  const Arrival<Host>* arrival_;  // Null: nothing comes, or it was added.
  const bool moves_;              // Otherwise the only area stays as it is.
  Data arriving_{};
  Data taken_[3] = {};
  bool filled_[3] = {};
  Address begin_[3] = {};  // Of what each stands for.
};

}  // namespace vmarea
