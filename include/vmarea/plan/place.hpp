// SPDX-License-Identifier: MIT
//
// Puts a new range into the tree: alone, or joined with what stands beside it (rules 4, 13).
//
//   prev   [AAAA)      [BBBB)   next          what stands there may first have to give way
//   new          [****)                        (Clearing); its rests are neighbours like any other
//   joined [AAAAAAAAAAAAAAAA)                  if all conditions of a merge hold
#pragma once

#include "vmarea/plan/clear.hpp"
#include "vmarea/rules/merge.hpp"

namespace vmarea {

/// Which sides a new range may join.
enum class JoinableSides : unsigned char {
  both,
  prev_only,  // brk: never with what lies above.
  next_only,
  neither,  // Anonymous shared memory, loaders.
};

template <class Host>
struct NewRange {
  Description<Host> description{};
  JoinableSides sides = JoinableSides::both;
  Flags marks{};                               // Added once it is clear that it joins nothing.
  Flags always_kept{};                         // Of its flags, whatever it joins.
  bool extends_prev = false;                   // Belongs to prev: mremap growing in place.
  bool next_first = false;                     // As in JoinRequest.
  const Area<Host>* copied_from = nullptr;     // mremap: the area whose pages come here.
  [[no_unique_address]] DataRef<Host> data{};  // Asked about; the plan says what comes.
};

template <class Host>
Joins decide_new_range(const SpaceState<Host>& space, const Clearing<Host>& clearing,
                       const NewRange<Host>& wanted) noexcept {
  if (wanted.sides == JoinableSides::neither) {
    constexpr JoinAnswer refused{JoinVerdict::not_wanted, {}};
    return {refused, refused};
  }
  JoinRequest<Host> request{
      .prev = wanted.sides != JoinableSides::next_only ? clearing.prev.if_present() : nullptr,
      .next = clearing.next.if_present(),
      .middle = wanted.extends_prev ? Middle::extension : Middle::new_range,
      .wants_next = wanted.sides != JoinableSides::prev_only,
      .next_first = wanted.next_first,
      .data = {space.services, wanted.data}};
  if constexpr (Host::has_data_rules) {
    if (request.prev != nullptr) request.data.set_prev(clearing.prev.links()->data);
    if (request.next != nullptr) request.data.set_next(clearing.next.links()->data);
  }
  return decide_joins(wanted.description, request, space.services.geometry(),
                      space.services.profile());
}

/// The mark that the process wants on all of its memory.
template <class Host>
Flags process_marks(const SpaceState<Host>& space, Flags flags) noexcept {
  const bool marked = space.modes.merges_same_pages && allows_same_page_merging(flags);
  return marked ? flag::mergeable : Flags{};
}

/// Marks `range`, which no driver has a say in (any more), before its joins are decided or after.
template <class Host>
void mark_range(const SpaceState<Host>& space, NewRange<Host>& range) noexcept {
  const Flags marks = process_marks(space, range.description.flags);
  if (space.services.profile().same_page_mark == SamePageMark::before_joining) {
    range.description.flags |= marks;
  } else {
    range.marks = marks;
  }
}

/// Adds to `edit` the pieces for a new range between `prev` and `next`. Ensures: the edit's extent
/// covers every area that takes part.
template <class Host>
void join_between(Edit<Host>& edit, const Neighbour<Host>& prev, const NewRange<Host>& range,
                  const Neighbour<Host>& next, const Joins& joins, Flags kept) noexcept {
  const Description<Host>& middle = range.description;
  Piece<Host> piece = Piece<Host>::fresh(middle);
  if (middle.identity) piece.identity_from = range.copied_from;
  const bool left = joins.prev.joined();
  const bool right = joins.next.joined();
  if (left) {
    piece = prev.piece();
    piece.after.end = middle.end;
    absorb(piece, middle, range.copied_from, kept | range.always_kept);
    if (!prev.is_rest()) edit.extent.start = prev.description().start;
  } else if (prev.is_rest()) {
    edit.add(prev.piece());
  }
  if (right) {
    if (!left) {
      piece = next.piece();
      piece.after.start = middle.start;
      piece.after.page_offset = middle.page_offset;
      absorb(piece, middle, range.copied_from, kept | range.always_kept);
    } else {
      piece.after.end = next.description().end;
      absorb(piece, next.description(), next.links(), kept);
    }
    if (!next.is_rest()) edit.extent.end = next.description().end;
  }
  if (!left && !right) {
    piece.copied = range.copied_from;
    piece.after.flags |= range.marks;
  }
  edit.add(piece);
  if (!right && next.is_rest()) edit.add(next.piece());
}

/// The edit that clears and places in one write. Totals are those of the clearing alone; the
/// caller adds what the new range counts and charges.
template <class Host>
Edit<Host> edit_of_new_range(const SpaceState<Host>& space, const Clearing<Host>& clearing,
                             const NewRange<Host>& wanted, const Joins& joins) noexcept {
  Edit<Host> edit = edit_of(clearing);
  edit.pieces.clear();
  if (clearing.totals.total == 0) edit.unmapped = {};
  edit.mapped = wanted.description.range();
  join_between(edit, clearing.prev, wanted, clearing.next, joins,
               space.services.profile().kept_by_joins);
  return edit;
}

/// Adds that edit to `plan`, which keeps what was decided.
template <class Host, class Plan>
Edit<Host>& add_new_range(const SpaceState<Host>& space, Plan& plan, const Clearing<Host>& clearing,
                          const NewRange<Host>& wanted) noexcept {
  const Joins joins = decide_new_range(space, clearing, wanted);
  plan.note_joins(wanted.description, joins);
  return plan.add_edit_made_by([&] { return edit_of_new_range(space, clearing, wanted, joins); });
}

/// The range that lengthens `area` by `length_bytes` bytes at its end and belongs to it (rules
/// 13.1).
template <class Host>
NewRange<Host> extension_of(const SpaceState<Host>& space, const Area<Host>& area,
                            std::uint64_t length_bytes) noexcept {
  NewRange<Host> added{
      .description = area, .extends_prev = true, .data = DataRef<Host>::to(area.data)};
  added.description.start = area.end;
  added.description.end = area.end + length_bytes;
  added.description.page_offset += space.services.geometry().pages(area.length());
  return added;
}

/// A copy of `source` from `from` on, `length_bytes` long, to stand at `to` (rules 13.2). Untouched
/// anonymous memory takes the page offset of its new address; all other keeps its own.
template <class Host>
NewRange<Host> copy_of(const SpaceState<Host>& space, const Area<Host>& source, Address from,
                       Address to, std::uint64_t length_bytes) noexcept {
  const Geometry geometry = space.services.geometry();
  NewRange<Host> copy{
      .description = source, .copied_from = &source, .data = DataRef<Host>::to(source.data)};
  copy.description.start = to;
  copy.description.end = to + length_bytes;
  copy.description.page_offset += geometry.pages(from - source.start);
  if (source.anonymous() && !source.identity) copy.description.page_offset = geometry.pages(to);
  return copy;
}

}  // namespace vmarea
