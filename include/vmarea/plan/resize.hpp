// SPDX-License-Identifier: MIT
//
// Gives one area another range (behaviour specification 9).
//
//   expand    [AAAA)..[NNN)  ->  [AAAAAAAAA)     over a hole, and over all of what follows it
//   shrink    [AAAAAAAAA)    ->  [AAAA).....     at one end; pages and counters are the caller's
#pragma once

#include "vmarea/change/change.hpp"
#include "vmarea/plan/edit.hpp"

namespace vmarea {

template <class Host>
using ResizePlan = StepPlan<Host, void>;

template <class Host>
Edit<Host> edit_of_resize(Area<Host>& area, Range extent, Range to,
                          std::uint64_t page_offset) noexcept {
  Edit<Host> edit{.extent = extent, .event = Event::resized};
  Piece<Host> piece{area, &area, nullptr, nullptr};
  piece.after.start = to.start;
  piece.after.end = to.end;
  piece.after.page_offset = page_offset;
  edit.add(piece);
  return edit;
}

/// Plans to grow `area` to `to`. `next`, if given, is swallowed whole where it ends with `to`, and
/// its identity is taken over if the area has none.
/// Requires: `to` covers the area; between the two there is nothing but `next`; a swallowed next
/// has no close hook.
template <class Host>
ResizePlan<Host> plan_expand(const SpaceState<Host>& space, Area<Host>& area, Range to,
                             std::uint64_t page_offset, const Area<Host>* next = nullptr) noexcept {
  require<Host>(to.contains(area.range()), "an expansion covers the area");
  const bool swallows = next != nullptr && next != &area && next->end == to.end;
  require<Host>(!swallows || !next->has_close(), "an area with a close hook is never swallowed");
  require<Host>(swallows || next == nullptr || to.end <= next->start,
                "an expansion ends before the next area, or with it");
  ResizePlan<Host> plan;
  plan.status = success;
  Edit<Host>& edit = plan.add();
  edit = edit_of_resize(area, to, to, page_offset);
  const Flags kept = space.services.profile().kept_by_joins;
  if (swallows) absorb<Host>(edit.pieces[0], *next, next, kept);
  return plan;
}

/// Plans to shrink `area` to `to`. Requires: `to` is a part of it that shares one end at least.
template <class Host>
ResizePlan<Host> plan_shrink(const SpaceState<Host>&, Area<Host>& area, Range to,
                             std::uint64_t page_offset) noexcept {
  require<Host>(!to.empty() && area.range().contains(to), "a shrunk area is a part of the old one");
  require<Host>(to.start == area.start || to.end == area.end, "an area shrinks at one end");
  ResizePlan<Host> plan;
  plan.status = success;
  plan.add() = edit_of_resize(area, area.range(), to, page_offset);
  return plan;
}

}  // namespace vmarea
