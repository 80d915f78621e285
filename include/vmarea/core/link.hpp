// SPDX-License-Identifier: MIT
//
// Puts a new range into the tree: alone, or joined with what stands beside it (behaviour
// specification 4, 13).
//
//   prev   [AAAA)      [BBBB)   next          what stands there may first have to give way
//   new          [****)                        (Clearing); its rests are neighbours like any other
//   joined [AAAAAAAAAAAAAAAA)                  if all conditions of merge.hpp hold
#pragma once

#include "vmarea/core/unmap.hpp"
#include "vmarea/core/window.hpp"

namespace vmarea {

/// Which sides a new range may join.
enum class JoinSides : unsigned char {
  both,
  prev_only,  // brk: never with what lies above.
  next_only,
  neither,  // Anonymous shared memory, loaders.
};

template <class S>
struct NewRange {
  Description<S> description{};
  JoinSides sides = JoinSides::both;
  Flags marks{};                         // Added once it is clear that it joins nobody.
  bool extends_prev = false;             // Belongs to prev: mremap growing in place.
  const Area<S>* copied_from = nullptr;  // mremap: the area whose pages come here.
};

template <class S>
Joins decide_new_range(const SpaceState<S>& space, const Clearing<S>& clearing,
                       const NewRange<S>& wanted) noexcept {
  if (wanted.sides == JoinSides::neither) {
    constexpr JoinSide refused{JoinVerdict::not_wanted, {}};
    return {refused, refused};
  }
  const JoinRequest<S> request{
      .prev = wanted.sides != JoinSides::next_only ? clearing.prev.neighbour() : nullptr,
      .next = clearing.next.neighbour(),
      .middle = wanted.extends_prev ? Middle::extension : Middle::new_range,
      .wants_next = wanted.sides != JoinSides::prev_only};
  return decide_joins(wanted.description, request, space.services.geometry(),
                      space.services.profile().faulted_into_untouched);
}

/// The mark that the process wants on all of its memory.
template <class S>
Flags process_marks(const SpaceState<S>& space, Flags flags) noexcept {
  const bool marked = space.modes.merges_same_pages && is_mergeable(flags);
  return marked ? flag::mergeable : Flags{};
}

/// Marks `range`, which no driver has a say in (any more), before its joins are decided or after.
template <class S>
void mark_range(const SpaceState<S>& space, NewRange<S>& range) noexcept {
  const Flags marks = process_marks(space, range.description.flags);
  if (space.services.profile().mergeable_mark == MergeableMark::before_joining) {
    range.description.flags |= marks;
  } else {
    range.marks = marks;
  }
}

/// The window that clears and places in one write. Totals are those of the clearing alone; the
/// caller adds what the new range counts and charges.
template <class S>
Window<S> plan_place(const SpaceState<S>& space, const Clearing<S>& clearing,
                     const NewRange<S>& wanted) noexcept {
  Window<S> window = window_of(clearing);
  window.pieces.clear();
  if (clearing.totals.total == 0) window.unmapped = {};
  place_between(window, clearing.prev, wanted.description, clearing.next,
                decide_new_range(space, clearing, wanted), wanted.copied_from,
                space.services.profile().kept_by_joins);
  for (unsigned i = 0; i < window.pieces.size(); ++i) {
    Piece<S>& piece = window.pieces[i];
    const bool is_new = piece.object == nullptr && piece.copied == nullptr;
    if (!is_new) continue;
    piece.copied = wanted.copied_from;
    piece.after.flags |= wanted.marks;
  }
  return window;
}

/// The range that lengthens `area` by `length_bytes` bytes at its end and belongs to it (13.1).
template <class S>
NewRange<S> extension_of(const SpaceState<S>& space, const Area<S>& area,
                         std::uint64_t length_bytes) noexcept {
  NewRange<S> added{.description = area, .extends_prev = true};
  added.description.start = area.end;
  added.description.end = area.end + length_bytes;
  added.description.page_offset += space.services.geometry().pages(area.length());
  return added;
}

/// A copy of `source` from `from` on, `length_bytes` long, to stand at `to` (13.2). Untouched
/// anonymous memory takes the page offset of its new address; all other keeps its own.
template <class S>
NewRange<S> copy_of(const SpaceState<S>& space, const Area<S>& source, Address from, Address to,
                    std::uint64_t length_bytes) noexcept {
  const Geometry geometry = space.services.geometry();
  NewRange<S> copy{.description = source, .copied_from = &source};
  copy.description.start = to;
  copy.description.end = to + length_bytes;
  copy.description.page_offset += geometry.pages(from - source.start);
  if (source.anonymous() && !source.identity) copy.description.page_offset = geometry.pages(to);
  return copy;
}

}  // namespace vmarea
