// SPDX-License-Identifier: MIT
//
// The shortest commit: one area gets other flags and attributes where it stands. The tree, the
// reverse map and the area's neighbours never learn of it.
//
//   before   [PPPP)[AAAAAAAA)[NN)
//   after    [PPPP)[aaaaaaaa)[NN)
#pragma once

#include "vmarea/change/reserve.hpp"

namespace vmarea {

/// Seldom; apart, because what a host does here makes every assignment slower if it is inlined.
template <class Host>
[[gnu::noinline]] void recount_attributes(SpaceState<Host>& space, const Attributes* before,
                                          const Attributes* after) noexcept {
  if (after != nullptr) space.services.retain_attributes(after);
  if (before != nullptr) space.services.release_attributes(before);
}

/// What areas give up stays from now on until end_interning. Apart for the same reason.
template <class Host>
[[gnu::noinline]] void keep_attributes(SpaceState<Host>& space) noexcept {
  space.services.begin_interning();
}

/// What commit_edit does where the edit is in_place(). Requires: the same. Invalidates nothing.
template <class Host>
void commit_in_place(SpaceState<Host>& space, const Edit<Host>& edit,
                     [[maybe_unused]] const Step<Host>& step,
                     Reservation<Host>& reserved) noexcept {
  const Piece<Host>& piece = edit.pieces[0];
  Area<Host>& area = *piece.object;
  space.services.assert_space_locked(space.lock);
  space.totals += edit.totals;
  settle_charge(space, reserved, edit.charge);
  space.services.begin_area_write(space.lock, area.lock);
  if (area.attributes != piece.after.attributes) {
    recount_attributes(space, area.attributes, piece.after.attributes);
  }
  area.attributes = piece.after.attributes;
  area.flags = piece.after.flags;
  if constexpr (Host::has_lock_free_lookup) space.tree.refresh(area.start, step.place);
  if constexpr (Host::has_page_tables) {
    if (!edit.access.empty()) space.services.protect_pages(space.pages, edit.access, area.flags);
  }
  if constexpr (Host::has_notices) {
    space.services.notify(Notice<Host>{.event = edit.event, .area = area, .before = area.range()});
  }
}

}  // namespace vmarea
