// SPDX-License-Identifier: MIT
//
// The one shape of every change: the entries of an extent are replaced by at most three pieces.
//
//   before   |  prev  |   middle   |     next   |        extent = whole entries and holes
//   after    |  piece 0  | piece 1 |  piece 2   |        each carried by a kept object or a new one
//
// A piece names the object that carries it on. An area in the extent that carries no piece is
// removed. Planners fill edits and touch nothing; reserve.hpp takes what the edits need;
// commit.hpp and in_place.hpp alone write, but for fork, which fills an empty space.
#pragma once

#include <cstdint>
#include <new>

#include "vmarea/rules/merge.hpp"
#include "vmarea/space/account.hpp"
#include "vmarea/space/find.hpp"
#include "vmarea/space/space_state.hpp"
#include "vmarea/types/fast_paths.hpp"

namespace vmarea {

/// The empty hook table of areas that are neither anonymous nor a driver's.
template <class Host>
inline constexpr AreaHooks<Host> no_hooks{};

/// One range of the result.
template <class Host>
struct Piece {
  Description<Host> after{};
  Area<Host>* object = nullptr;               // Carries it; null: a new object does.
  const Area<Host>* copied = nullptr;         // The new object is a copy of this area.
  const Area<Host>* identity_from = nullptr;  // Whose identity the object takes over, with links.
  bool makes_identity = false;                // A new identity; `after` holds only its number.
};

/// Up to three pieces. Only those that were added are ever written or copied: an edit is made, and
/// handed on, by every call.
template <class Host>
class PieceList {
 public:
  static constexpr unsigned size_max = 3;

  PieceList() noexcept {}
  PieceList(const PieceList& other) noexcept { *this = other; }
  PieceList& operator=(const PieceList& other) noexcept {
    for (unsigned i = 0; i < other.size_; ++i) ::new (&pieces_[i]) Piece<Host>(other.pieces_[i]);
    size_ = other.size_;
    return *this;
  }

  Piece<Host>& add(const Piece<Host>& piece) noexcept {
    require<Host>(size_ < size_max, "an edit is replaced by at most three pieces");
    return *::new (&pieces_[size_++]) Piece<Host>(piece);
  }
  void clear() noexcept { size_ = 0; }
  unsigned size() const noexcept { return size_; }
  Piece<Host>& operator[](unsigned i) noexcept { return pieces_[i]; }
  const Piece<Host>& operator[](unsigned i) const noexcept { return pieces_[i]; }
  Piece<Host>* begin() noexcept { return pieces_; }
  Piece<Host>* end() noexcept { return pieces_ + size_; }
  const Piece<Host>* begin() const noexcept { return pieces_; }
  const Piece<Host>* end() const noexcept { return pieces_ + size_; }

 private:
  unsigned size_ = 0;
  union {
    Piece<Host> pieces_[size_max];
  };
};

/// What one change does to the tree and the counters.
template <class Host>
struct Edit {
  Range extent{};
  PieceList<Host> pieces{};
  PageTotals totals{};      // Added to the counters by commit.
  std::int64_t charge = 0;  // Pages: reserve takes them if positive, commit gives back if negative.
  Range unmapped{};         // Pages that go.
  Range tables_between{};   // Upper levels may be freed between these two.
  bool changes_access = false;     // The host's pages need another protection.
  bool new_shared_memory = false;  // The middle piece needs a fresh shared memory file.
  Event event = Event::resized;

  void add(const Piece<Host>& piece) noexcept { pieces.add(piece); }
  /// Forgets what it was.
  void restart(Range where, Event what) noexcept {
    ::new (this) Edit{.extent = where, .event = what};
  }
  /// Whether one area changes where it stands, so that the tree may stay as it is.
  bool keeps_range() const noexcept {
    return skips_needless_steps && pieces.size() == 1 && pieces[0].object != nullptr &&
           extent == pieces[0].after.range() && extent == pieces[0].object->range();
  }
  /// Whether pages and reverse map stay as they are, too: nothing has to be reserved.
  bool in_place() const noexcept {
    return keeps_range() && unmapped.empty() &&
           pieces[0].after.identity == pieces[0].object->identity;
  }
};

/// What stands beside a range that is planned, and which object carries it.
template <class Host>
struct Neighbour {
  Description<Host> description{};
  Area<Host>* object = nullptr;
  const Area<Host>* copied = nullptr;
  bool present = false;
  bool is_piece = false;  // A rest of an area that is being cut; it must appear among the pieces.

  constexpr const Description<Host>* neighbour() const noexcept {
    return present ? &description : nullptr;
  }
  constexpr Piece<Host> as_piece() const noexcept { return {description, object, copied, nullptr}; }
  /// An area whose links stand for the identity of this side.
  constexpr const Area<Host>* links() const noexcept { return object != nullptr ? object : copied; }

  static constexpr Neighbour of(Area<Host>* area) noexcept {
    return area == nullptr ? Neighbour{} : Neighbour{*area, area, nullptr, true, false};
  }
};

/// What `piece` gains when it swallows `other`: the flags that joins keep, and its identity if it
/// has none.
template <class Host>
constexpr void absorb(Piece<Host>& piece, const Description<Host>& other, const Area<Host>* links,
                      Flags kept) noexcept {
  piece.after.flags |= other.flags & kept;
  if (!piece.after.identity && other.identity) {
    piece.after.identity = other.identity;
    piece.identity_from = links;
  }
}

/// Adds to `edit` the pieces for a new range between `prev` and `next` (behaviour specification
/// 4). `links`: an area whose links the range's identity stands for, if it has one; `kept`: the
/// flags that joins keep. Ensures: the edit's extent covers every area that takes part.
template <class Host>
void join_between(Edit<Host>& edit, const Neighbour<Host>& prev, const Description<Host>& middle,
                  const Neighbour<Host>& next, const Joins& joins, const Area<Host>* links,
                  Flags kept) noexcept {
  Piece<Host> piece{middle, nullptr, nullptr, middle.identity ? links : nullptr};
  const bool left = joins.prev.joined();
  const bool right = joins.next.joined();
  if (left) {
    piece = prev.as_piece();
    piece.after.end = middle.end;
    absorb(piece, middle, links, kept);
    if (!prev.is_piece) edit.extent.start = prev.description.start;
  } else if (prev.is_piece) {
    edit.add(prev.as_piece());
  }
  if (right) {
    if (!left) {
      piece = next.as_piece();
      piece.after.start = middle.start;
      piece.after.page_offset = middle.page_offset;
      absorb(piece, middle, links, kept);
    } else {
      piece.after.end = next.description.end;
      absorb(piece, next.description, next.links(), kept);
    }
    if (!next.is_piece) edit.extent.end = next.description.end;
  }
  edit.add(piece);
  if (!right && next.is_piece) edit.add(next.as_piece());
}

}  // namespace vmarea
