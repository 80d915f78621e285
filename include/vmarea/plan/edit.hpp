// SPDX-License-Identifier: MIT
//
// The one shape of every change of the tree: the entries of an extent are replaced by at most three
// pieces.
//
//   before   |  prev  |   middle   |     next   |        extent = whole entries and holes
//   after    |  piece 0  | piece 1 |  piece 2   |        each carried by a kept object or a new one
//
// A piece names the object that carries it on. An area in the extent that carries no piece is
// removed: it is unmapped, or the piece of a kept area over its place is its heir. An edit is data:
// planners fill it and touch nothing; reserve takes what it needs; commit writes it.
#pragma once

#include <cstdint>

#include "vmarea/space/account.hpp"
#include "vmarea/space/space_state.hpp"
#include "vmarea/types/fast_paths.hpp"
#include "vmarea/types/fixed_list.hpp"

namespace vmarea {

/// Which piece of the edit before makes an area that does not stand in the tree yet; none if it
/// does stand there.
enum class MadeBy : unsigned char { none, piece_0, piece_1, piece_2 };

/// One range of the result.
template <class Host>
struct Piece {
  Description<Host> after{};
  Area<Host>* object = nullptr;  // Carries it; null: a new object does, or one that is made.
  // The new object is split off, or a copy of, this area; null where the object is kept.
  const Area<Host>* copied = nullptr;
  const Area<Host>* identity_from = nullptr;  // Whose identity the object takes over, with links.
  bool makes_identity = false;                // A new identity; `after` holds only its number.
  // Where an edit goes on from the edit before: object and copied are then known only once that is
  // written. `copied` is, until then, the area that the made one is a copy of.
  MadeBy object_made_by = MadeBy::none;
  MadeBy copied_made_by = MadeBy::none;

  /// `area` goes on as `after`.
  static constexpr Piece kept(Area<Host>& area, const Description<Host>& after) noexcept {
    return {.after = after, .object = &area};
  }
  /// A new object, split off or copied from `area`, with its links and its own data.
  static constexpr Piece copy_of(const Area<Host>& area, const Description<Host>& after) noexcept {
    return {.after = after, .copied = &area};
  }
  /// A new object that comes from no other area.
  static constexpr Piece fresh(const Description<Host>& after) noexcept { return {.after = after}; }

  /// The same carrier for another description, once this piece is written.
  constexpr Piece with(const Description<Host>& other) const noexcept {
    return {other, object, copied, nullptr, false, object_made_by, copied_made_by};
  }
  /// A new object, split off from the one that carries this.
  constexpr Piece split_off(const Description<Host>& rest) const noexcept {
    return {rest, nullptr, links(), nullptr, false, MadeBy::none, object_made_by};
  }
  constexpr bool has_carrier_of(const Piece& other) const noexcept {
    return object == other.object && object_made_by == other.object_made_by;
  }
  /// An area whose links stand for the identity of this.
  constexpr const Area<Host>* links() const noexcept { return object != nullptr ? object : copied; }
  bool keeps_range(Range extent) const noexcept {
    return object != nullptr && object->range() == extent && after.range() == extent;
  }
  bool keeps_mapping() const noexcept {
    return after.identity == object->identity && after.page_offset == object->page_offset;
  }
  constexpr bool needs_new_object() const noexcept {
    return object == nullptr && object_made_by == MadeBy::none;
  }
  constexpr bool is_fresh() const noexcept { return needs_new_object() && copied == nullptr; }
  /// Whose links a new object's identity stands for, or the area that gives one; null: neither.
  constexpr const Area<Host>* links_from() const noexcept {
    return identity_from == nullptr && needs_new_object() ? copied : identity_from;
  }
};

/// What one step does to the tree, the counters and the pages of the extent.
template <class Host>
struct Edit {
  Range extent{};
  FixedList<Host, Piece<Host>, 3> pieces{};
  PageTotals totals{};      // Added to the counters by commit.
  std::int64_t charge = 0;  // Pages: reserve takes them if positive, commit gives back if negative.
  Range mapped{};           // Memory that is new, without pages.
  Range unmapped{};         // Memory that goes, with its pages.
  Range tables_between{};   // Upper levels may be freed between these two.
  Range access{};           // The host's pages get another protection here, and nowhere beside it.
  bool new_shared_memory = false;  // The middle piece needs a fresh file: shared or huge memory.
  Event event = Event::resized;

  // Not an aggregate, which compilers clear whole before they fill it: the room of the pieces, too.
  Edit() noexcept {}
  Edit(Range of, Event why) noexcept : extent(of), event(why) {}

  void add(const Piece<Host>& piece) noexcept { pieces.add(piece); }
  /// Whether one area changes where it stands, so that the tree may stay as it is.
  bool keeps_range() const noexcept {
    return skips_needless_steps && pieces.size() == 1 && pieces[0].keeps_range(extent);
  }
  /// Whether pages and reverse map stay as they are, too: nothing has to be reserved.
  bool in_place() const noexcept { return keeps_range() && keeps_mapping(); }
  /// Requires: keeps_range().
  bool keeps_mapping() const noexcept { return unmapped.empty() && pieces[0].keeps_mapping(); }
  /// Which piece lies over `at`. Requires: one does.
  unsigned index_over(Address at) const noexcept {
    unsigned i = 0;
    while (i + 1 < pieces.size() && !pieces[i].after.range().contains(at)) ++i;
    require<Host>(pieces[i].after.range().contains(at), "the place belongs to a piece of the edit");
    return i;
  }
  const Piece<Host>& piece_over(Address at) const noexcept { return pieces[index_over(at)]; }
};

/// What `piece` gains when it swallows `other`: the flags that joins keep, and its identity if it
/// has none. `links`: an area whose links stand for that identity.
template <class Host>
constexpr void absorb(Piece<Host>& piece, const Description<Host>& other, const Area<Host>* links,
                      Flags kept) noexcept {
  piece.after.flags |= other.flags & kept;
  if (!piece.after.identity && other.identity) {
    piece.after.identity = other.identity;
    piece.identity_from = links;
  }
}

}  // namespace vmarea
