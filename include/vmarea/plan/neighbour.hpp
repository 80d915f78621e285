// SPDX-License-Identifier: MIT
//
// The areas as planners see them: as they stand in the tree, or as they will stand after an edit
// that is planned but not yet written (the second edit of a move is planned on the first).
//
//   tree      [AAAA)[BBBB)    [CCCC)
//   edit            [bb)[nn)              extent over B and part of a hole
//   view      [AAAA)[bb)[nn)  [CCCC)
#pragma once

#include "vmarea/plan/edit.hpp"
#include "vmarea/space/find.hpp"

namespace vmarea {

/// What stands beside a range that is planned: what it will be, and which object carries it. Where
/// that is an area as it stands in the tree, nothing of it is copied.
template <class Host>
class Neighbour {
 public:
  Neighbour() noexcept {}  // Defaulted, it would clear the room of what is planned as well.
  /// Null: nothing stands there.
  static Neighbour of(Area<Host>* area) noexcept { return Neighbour(area); }
  /// What a piece of an edit that is written before will be.
  static Neighbour of(const Piece<Host>& piece) noexcept {
    return Neighbour(piece.with(piece.after), false);
  }
  static Neighbour rest_of(const Piece<Host>& piece) noexcept { return Neighbour(piece, true); }

  bool present() const noexcept { return area_ != nullptr || !planned_.empty(); }
  /// Of an area that is being cut; it must appear among the pieces.
  bool is_rest() const noexcept { return is_rest_; }
  /// Requires: present().
  const Description<Host>& description() const noexcept {
    return area_ != nullptr ? *area_ : planned_[0].after;
  }
  const Description<Host>* if_present() const noexcept {
    return present() ? &description() : nullptr;
  }
  // All of these require: present().
  Piece<Host> piece() const noexcept {
    return area_ != nullptr ? Piece<Host>::kept(*area_, *area_) : planned_[0];
  }
  /// The same carrier for another description.
  Piece<Host> with(const Description<Host>& other) const noexcept {
    return area_ != nullptr ? Piece<Host>::kept(*area_, other) : planned_[0].with(other);
  }
  /// A new object, split off from the carrier.
  Piece<Host> split_off(const Description<Host>& rest) const noexcept {
    return area_ != nullptr ? Piece<Host>::copy_of(*area_, rest) : planned_[0].split_off(rest);
  }
  bool has_carrier_of(const Neighbour& other) const noexcept {
    return piece().has_carrier_of(other.piece());
  }
  const Area<Host>* links() const noexcept {
    return area_ != nullptr ? area_ : planned_[0].links();
  }

 private:
  explicit Neighbour(Area<Host>* area) noexcept : area_(area) {}
  Neighbour(const Piece<Host>& piece, bool is_rest) noexcept : is_rest_(is_rest) {
    planned_.add(piece);
  }

  Area<Host>* area_ = nullptr;
  FixedList<Host, Piece<Host>, 1> planned_;
  bool is_rest_ = false;
};

/// The tree as it is, in address order.
template <class Host>
class TreeView {
 public:
  using Cursor = typename SpaceState<Host>::Tree::Cursor;

  /// From where `cursor` stands, which goes along.
  explicit TreeView(Cursor& cursor) noexcept : cursor_(cursor) {}

  /// The area it stands on: at first the one that contains `from`, or the first above.
  Neighbour<Host> area() const noexcept { return Neighbour<Host>::of(cursor_.entry().value); }
  void next() noexcept { cursor_.next(); }
  /// The area before it.
  Neighbour<Host> previous() const noexcept { return Neighbour<Host>::of(cursor_.before().value); }

 private:
  Cursor& cursor_;
};

/// The tree as it will be after `edit`: the areas outside of its extent, and its pieces between.
template <class Host>
class PlannedView {
 public:
  PlannedView(const SpaceState<Host>& space, const Edit<Host>& edit, Address from) noexcept
      : space_(space), edit_(edit), cursor_(space.tree.seek(from)) {
    while (piece_ < edit.pieces.size() && edit.pieces[piece_].after.end <= from) ++piece_;
    pass_extent();
  }

  /// The area it stands on: at first the one that contains `from`, or the first above.
  Neighbour<Host> area() const noexcept {
    return is_on_piece() ? planned(piece_) : Neighbour<Host>::of(cursor_.entry().value);
  }
  void next() noexcept {
    if (is_on_piece()) {
      ++piece_;
      return;
    }
    cursor_.next();
    pass_extent();
  }
  /// The area before it.
  Neighbour<Host> previous() const noexcept {
    const Range extent = edit_.extent;
    Area<Host>* below = cursor_.before().value;
    if (below != nullptr && extent.contains(below->start)) {
      below = find_object_starting_below(space_, extent.start);
    }
    const bool is_piece = piece_ > 0 && (below == nullptr || below->start < extent.start);
    return is_piece ? planned(piece_ - 1) : Neighbour<Host>::of(below);
  }

 private:
  void pass_extent() noexcept {
    while (cursor_.entry() && edit_.extent.contains(cursor_.entry().first)) cursor_.next();
  }
  bool is_on_piece() const noexcept {
    const auto entry = cursor_.entry();
    return piece_ < edit_.pieces.size() && (!entry || edit_.extent.start <= entry.first);
  }
  /// A piece that needs a new object is known by its number until the edit is written.
  Neighbour<Host> planned(unsigned piece) const noexcept {
    Piece<Host> seen = edit_.pieces[piece];
    if (seen.needs_new_object()) seen.object_made_by = static_cast<MadeBy>(piece + 1);
    return Neighbour<Host>::of(seen);
  }

  const SpaceState<Host>& space_;
  const Edit<Host>& edit_;
  // On the next area outside of the extent; the view stands on that or on the next piece.
  typename SpaceState<Host>::Tree::Cursor cursor_;
  unsigned piece_ = 0;
};

}  // namespace vmarea
