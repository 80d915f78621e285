// SPDX-License-Identifier: MIT
//
// The one shape of every change: the entries of an extent are replaced by at most three pieces.
//
//   before   |  prev  |   middle   |     next   |        extent = whole entries and holes
//   after    |  piece 0  | piece 1 |  piece 2   |        each carried by a kept object or a new one
//
// A piece names the object that carries it on. An area in the extent that carries no piece is
// removed. Planners fill windows and touch nothing; reserve.hpp takes what the windows need;
// commit.hpp and in_place.hpp alone write, but for fork, which fills an empty space.
#pragma once

#include <cstdint>
#include <new>

#include "vmarea/core/account.hpp"
#include "vmarea/core/find.hpp"
#include "vmarea/core/merge.hpp"
#include "vmarea/fast_paths.hpp"
#include "vmarea/space_state.hpp"

namespace vmarea {

/// The empty hook table of areas that are neither anonymous nor a driver's.
template <class S>
inline constexpr AreaHooks<S> no_hooks{};

/// One range of the result.
template <class S>
struct Piece {
  Description<S> after{};
  Area<S>* object = nullptr;               // Carries it; null: a new object does.
  const Area<S>* copied = nullptr;         // The new object is a copy of this area.
  const Area<S>* identity_from = nullptr;  // Whose identity the object takes over, with links.
  bool makes_identity = false;             // A new identity; `after` holds only its number.
};

/// Up to three pieces. Only those that were added are ever written or copied: a window is made, and
/// handed on, by every call.
template <class S>
class PieceList {
 public:
  static constexpr unsigned size_max = 3;

  PieceList() noexcept {}
  PieceList(const PieceList& other) noexcept { *this = other; }
  PieceList& operator=(const PieceList& other) noexcept {
    for (unsigned i = 0; i < other.size_; ++i) ::new (&pieces_[i]) Piece<S>(other.pieces_[i]);
    size_ = other.size_;
    return *this;
  }

  Piece<S>& add(const Piece<S>& piece) noexcept {
    require<S>(size_ < size_max, "a window is replaced by at most three pieces");
    return *::new (&pieces_[size_++]) Piece<S>(piece);
  }
  void clear() noexcept { size_ = 0; }
  unsigned size() const noexcept { return size_; }
  Piece<S>& operator[](unsigned i) noexcept { return pieces_[i]; }
  const Piece<S>& operator[](unsigned i) const noexcept { return pieces_[i]; }
  Piece<S>* begin() noexcept { return pieces_; }
  Piece<S>* end() noexcept { return pieces_ + size_; }
  const Piece<S>* begin() const noexcept { return pieces_; }
  const Piece<S>* end() const noexcept { return pieces_ + size_; }

 private:
  unsigned size_ = 0;
  union {
    Piece<S> pieces_[size_max];
  };
};

/// What one change does to the tree and the counters.
template <class S>
struct Window {
  Range extent{};
  PieceList<S> pieces{};
  PageTotals totals{};      // Added to the counters by commit.
  std::int64_t charge = 0;  // Pages: reserve takes them if positive, commit gives back if negative.
  Range unmapped{};         // Pages that go.
  Range tables_between{};   // Upper levels may be freed between these two.
  bool changes_access = false;     // The host's pages need another protection.
  bool new_shared_memory = false;  // The middle piece needs a fresh shared memory file.
  Event event = Event::resized;

  void add(const Piece<S>& piece) noexcept { pieces.add(piece); }
  /// Forgets what it was.
  void restart(Range where, Event what) noexcept {
    ::new (this) Window{.extent = where, .event = what};
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
template <class S>
struct Side {
  Description<S> description{};
  Area<S>* object = nullptr;
  const Area<S>* copied = nullptr;
  bool present = false;
  bool is_piece = false;  // A rest of an area that is being cut; it must appear among the pieces.

  constexpr const Description<S>* neighbour() const noexcept {
    return present ? &description : nullptr;
  }
  constexpr Piece<S> as_piece() const noexcept { return {description, object, copied, nullptr}; }
  /// An area whose links stand for the identity of this side.
  constexpr const Area<S>* links() const noexcept { return object != nullptr ? object : copied; }

  static constexpr Side of(Area<S>* area) noexcept {
    return area == nullptr ? Side{} : Side{*area, area, nullptr, true, false};
  }
};

/// What `piece` gains when it swallows `other`: the flags that joins keep, and its identity if it
/// has none.
template <class S>
constexpr void absorb(Piece<S>& piece, const Description<S>& other, const Area<S>* links,
                      Flags kept) noexcept {
  piece.after.flags |= other.flags & kept;
  if (!piece.after.identity && other.identity) {
    piece.after.identity = other.identity;
    piece.identity_from = links;
  }
}

/// Adds to `window` the pieces for a new range between `prev` and `next` (behaviour specification
/// 4). `links`: an area whose links the range's identity stands for, if it has one; `kept`: the
/// flags that joins keep. Ensures: the window's extent covers every area that takes part.
template <class S>
void place_between(Window<S>& window, const Side<S>& prev, const Description<S>& middle,
                   const Side<S>& next, const Joins& joins, const Area<S>* links,
                   Flags kept) noexcept {
  Piece<S> piece{middle, nullptr, nullptr, middle.identity ? links : nullptr};
  const bool left = joins.prev.joined();
  const bool right = joins.next.joined();
  if (left) {
    piece = prev.as_piece();
    piece.after.end = middle.end;
    absorb(piece, middle, links, kept);
    if (!prev.is_piece) window.extent.start = prev.description.start;
  } else if (prev.is_piece) {
    window.add(prev.as_piece());
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
    if (!next.is_piece) window.extent.end = next.description.end;
  }
  window.add(piece);
  if (!right && next.is_piece) window.add(next.as_piece());
}

}  // namespace vmarea
