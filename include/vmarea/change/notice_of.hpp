// SPDX-License-Identifier: MIT
//
// What a host is told of a piece that was written, where it takes notices.
#pragma once

#include "vmarea/plan/edit.hpp"

namespace vmarea {

/// What happened to a piece of `edit`, which `written` carries now; `before`: what that was, if it
/// stood there. A move's edit holds the copy that moved; all else in it was only cut or joined.
template <class Host>
Notice<Host> notice_of(const Edit<Host>& edit, unsigned index, const Area<Host>& written,
                       const Description<Host>& before) noexcept {
  const Piece<Host>& piece = edit.pieces[index];
  const bool moves = edit.event == Event::moved;
  Notice<Host> notice{.event = edit.event, .area = written};
  if (piece.object != nullptr) {
    notice.before = before.range();
    const bool looks_the_same =
        piece.after.flags == before.flags && piece.after.attributes == before.attributes;
    const bool only_resized = notice.before != piece.after.range() && looks_the_same;
    if (moves || (only_resized && edit.event == Event::protected_)) {
      notice.event = Event::resized;
    }
  } else if (piece.copied == nullptr) {
    notice.event = Event::mapped;
  } else {
    const bool cut_here = edit.extent.contains(piece.copied->range());
    notice.event = moves && !cut_here ? Event::moved : Event::split;
    notice.partner = piece.copied;
  }
  return notice;
}

}  // namespace vmarea
