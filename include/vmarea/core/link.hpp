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
  neither,    // Anonymous shared memory, loaders.
};

template <class S>
struct NewRange {
  Description<S> description{};
  JoinSides sides = JoinSides::both;
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
      .prev = clearing.prev.neighbour(),
      .next = clearing.next.neighbour(),
      .middle = wanted.extends_prev ? Middle::extension : Middle::new_range,
      .wants_next = wanted.sides == JoinSides::both};
  return decide_joins(wanted.description, request, space.services.geometry(),
                      space.services.profile().faulted_into_untouched);
}

/// The window that clears and places in one write. Totals are those of the clearing alone; the
/// caller adds what the new range counts and charges.
template <class S>
Window<S> plan_place(const SpaceState<S>& space, const Clearing<S>& clearing,
                     const NewRange<S>& wanted) noexcept {
  Window<S> window = window_of(clearing);
  window.piece_count = 0;
  if (clearing.totals.total == 0) window.unmapped = {};
  place_between(window, clearing.prev, wanted.description, clearing.next,
                decide_new_range(space, clearing, wanted), wanted.copied_from);
  for (unsigned i = 0; i < window.piece_count; ++i) {
    Piece<S>& piece = window.pieces[i];
    const bool is_new = piece.object == nullptr && piece.copied == nullptr;
    if (is_new) piece.copied = wanted.copied_from;
  }
  return window;
}

}  // namespace vmarea
