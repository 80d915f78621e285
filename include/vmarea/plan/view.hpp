// SPDX-License-Identifier: MIT
//
// The areas as planners see them: as they stand in the tree, or as they will stand after an edit
// that is planned but not yet committed (mremap's second edit is planned on the first).
//
//   tree      [AAAA)[BBBB)    [CCCC)
//   edit          [bb)[nn)              extent over B and part of a hole
//   view      [AAAA)[bb)[nn)  [CCCC)
#pragma once

#include "vmarea/plan/edit.hpp"

namespace vmarea {

/// The tree as it is, in address order.
template <class Host>
class TreeView {
 public:
  TreeView(const SpaceState<Host>& space, Address from) noexcept : cursor_(space.tree.seek(from)) {}

  /// The area it stands on: at first the one that contains `from`, or the first above.
  Neighbour<Host> area() const noexcept { return Neighbour<Host>::of(cursor_.entry().value); }
  void next() noexcept { cursor_.next(); }
  /// The area before it.
  Neighbour<Host> previous() const noexcept {
    auto cursor = cursor_;
    cursor.previous();
    return Neighbour<Host>::of(cursor.entry().value);
  }

 private:
  typename SpaceState<Host>::Tree::Cursor cursor_;
};

/// The tree as it will be after `edit`. One descent a step: for short ranges.
template <class Host>
class PlannedView {
 public:
  PlannedView(const SpaceState<Host>& space, const Edit<Host>& edit, Address from) noexcept
      : space_(space), edit_(edit), position_(from) {}

  Neighbour<Host> area() const noexcept { return at_or_above(position_); }
  void next() noexcept { position_ = area().description.end; }
  Neighbour<Host> previous() const noexcept { return starting_below(position_); }

 private:
  Neighbour<Host> starting_below(Address at) const noexcept {
    const Range extent = edit_.extent;
    if (at > extent.end) {
      Area<Host>* area = find_starting_below(space_, at);
      if (area != nullptr && area->start >= extent.end) return Neighbour<Host>::of(area);
    }
    for (unsigned i = edit_.pieces.size(); i-- > 0;) {
      if (edit_.pieces[i].after.start < at) return side(edit_.pieces[i]);
    }
    return Neighbour<Host>::of(find_starting_below(space_, at < extent.start ? at : extent.start));
  }
  static Neighbour<Host> side(const Piece<Host>& piece) noexcept {
    return {piece.after, piece.object, piece.copied, true, false};
  }
  Neighbour<Host> at_or_above(Address at) const noexcept {
    const Range extent = edit_.extent;
    if (at < extent.start) {
      Area<Host>* area = vmarea::find_at_or_above(space_, at);
      if (area != nullptr && area->start < extent.start) return Neighbour<Host>::of(area);
    }
    for (unsigned i = 0; i < edit_.pieces.size(); ++i) {
      if (edit_.pieces[i].after.end > at) return side(edit_.pieces[i]);
    }
    return Neighbour<Host>::of(vmarea::find_at_or_above(space_, at > extent.end ? at : extent.end));
  }

  const SpaceState<Host>& space_;
  const Edit<Host>& edit_;
  Address position_;
};

}  // namespace vmarea
