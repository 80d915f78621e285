// SPDX-License-Identifier: MIT
//
// The areas as planners see them: as they stand in the tree, or as they will stand after a window
// that is planned but not yet committed (mremap's second window is planned on the first).
//
//   tree      [AAAA)[BBBB)    [CCCC)
//   window          [bb)[nn)              extent over B and part of a hole
//   view      [AAAA)[bb)[nn)  [CCCC)
#pragma once

#include "vmarea/core/window.hpp"

namespace vmarea {

/// The tree as it is, in address order.
template <class S>
class TreeView {
 public:
  TreeView(const SpaceState<S>& space, Address from) noexcept : cursor_(space.tree.seek(from)) {}

  /// The area it stands on: at first the one that contains `from`, or the first above.
  Side<S> area() const noexcept { return Side<S>::of(cursor_.entry().value); }
  void next() noexcept { cursor_.next(); }
  /// The area before it.
  Side<S> previous() const noexcept {
    auto cursor = cursor_;
    cursor.previous();
    return Side<S>::of(cursor.entry().value);
  }

 private:
  typename SpaceState<S>::Tree::Cursor cursor_;
};

/// The tree as it will be after `window`. One descent a step: for short ranges.
template <class S>
class PlannedView {
 public:
  PlannedView(const SpaceState<S>& space, const Window<S>& window, Address from) noexcept
      : space_(space), window_(window), position_(from) {}

  Side<S> area() const noexcept { return at_or_above(position_); }
  void next() noexcept { position_ = area().description.end; }
  Side<S> previous() const noexcept { return starting_below(position_); }

 private:
  Side<S> starting_below(Address at) const noexcept {
    const Range extent = window_.extent;
    if (at > extent.end) {
      Area<S>* area = find_starting_below(space_, at);
      if (area != nullptr && area->start >= extent.end) return Side<S>::of(area);
    }
    for (unsigned i = window_.pieces.size(); i-- > 0;) {
      if (window_.pieces[i].after.start < at) return side(window_.pieces[i]);
    }
    return Side<S>::of(find_starting_below(space_, at < extent.start ? at : extent.start));
  }
  static Side<S> side(const Piece<S>& piece) noexcept {
    return {piece.after, piece.object, piece.copied, true, false};
  }
  Side<S> at_or_above(Address at) const noexcept {
    const Range extent = window_.extent;
    if (at < extent.start) {
      Area<S>* area = vmarea::find_at_or_above(space_, at);
      if (area != nullptr && area->start < extent.start) return Side<S>::of(area);
    }
    for (unsigned i = 0; i < window_.pieces.size(); ++i) {
      if (window_.pieces[i].after.end > at) return side(window_.pieces[i]);
    }
    return Side<S>::of(vmarea::find_at_or_above(space_, at > extent.end ? at : extent.end));
  }

  const SpaceState<S>& space_;
  const Window<S>& window_;
  Address position_;
};

}  // namespace vmarea
