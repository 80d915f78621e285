// SPDX-License-Identifier: MIT
//
// Gives one area another range (behaviour specification 9).
//
//   expand    [AAAA)..[NNN)  ->  [AAAAAAAAA)     over a hole, and over all of what follows it
//   shrink    [AAAAAAAAA)    ->  [AAAA).....     at one end; pages and counters are the caller's
#pragma once

#include "vmarea/core/change.hpp"
#include "vmarea/core/window.hpp"

namespace vmarea {

template <class S>
using ResizePlan = WindowPlan<S, void>;

template <class S>
Window<S> window_of_resize(Area<S>& area, Range extent, Range to,
                           std::uint64_t page_offset) noexcept {
  Window<S> window{.extent = extent, .event = Event::resized};
  Piece<S> piece{area, &area, nullptr, nullptr};
  piece.after.start = to.start;
  piece.after.end = to.end;
  piece.after.page_offset = page_offset;
  window.add(piece);
  return window;
}

/// Plans to grow `area` to `to`. `next`, if given, is swallowed whole where it ends with `to`, and
/// its identity is taken over if the area has none.
/// Requires: `to` covers the area; between the two there is nothing but `next`; a swallowed next
/// has no close hook.
template <class S>
ResizePlan<S> plan_expand(const SpaceState<S>& space, Area<S>& area, Range to,
                          std::uint64_t page_offset, const Area<S>* next = nullptr) noexcept {
  require<S>(to.contains(area.range()), "an expansion covers the area");
  const bool swallows = next != nullptr && next != &area && next->end == to.end;
  require<S>(!swallows || !next->has_close(), "an area with a close hook is never swallowed");
  require<S>(swallows || next == nullptr || to.end <= next->start,
             "an expansion ends before the next area, or with it");
  ResizePlan<S> plan;
  plan.status = success;
  Window<S>& window = plan.add();
  window = window_of_resize(area, to, to, page_offset);
  const Flags kept = space.services.profile().kept_by_joins;
  if (swallows) absorb<S>(window.pieces[0], *next, next, kept);
  return plan;
}

/// Plans to shrink `area` to `to`. Requires: `to` is a part of it that shares one end at least.
template <class S>
ResizePlan<S> plan_shrink(const SpaceState<S>&, Area<S>& area, Range to,
                          std::uint64_t page_offset) noexcept {
  require<S>(!to.empty() && area.range().contains(to), "a shrunk area is a part of the old one");
  require<S>(to.start == area.start || to.end == area.end, "an area shrinks at one end");
  ResizePlan<S> plan;
  plan.status = success;
  plan.add() = window_of_resize(area, area.range(), to, page_offset);
  return plan;
}

}  // namespace vmarea
