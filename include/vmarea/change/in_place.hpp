// SPDX-License-Identifier: MIT
//
// The shortest commit: one area gets other flags and attributes where it stands. The tree, the
// reverse map and the area's neighbours never learn of it.
//
//   before   [PPPP)[AAAAAAAA)[NN)
//   after    [PPPP)[aaaaaaaa)[NN)
#pragma once

#include <cstdint>

#include "vmarea/change/reserve.hpp"

namespace vmarea {

/// Uses up `charge` pages of what was reserved, or gives pages back where it is negative.
template <class Host>
void settle_charge(SpaceState<Host>& space, Reservation<Host>& reserved,
                   std::int64_t charge) noexcept {
  if (charge > 0) {
    require<Host>(reserved.charge >= static_cast<PageCount>(charge),
                  "commit uses no more charge than was reserved");
    reserved.charge -= static_cast<PageCount>(charge);
  } else if (charge < 0) {
    space.services.uncharge(static_cast<PageCount>(-charge));
  }
  space.charged += static_cast<PageCount>(charge);
}

/// Seldom; apart, because what a host does here makes every assignment slower if it is inlined.
template <class Host>
[[gnu::noinline]] void recount_attributes(SpaceState<Host>& space, const Attributes* before,
                                          const Attributes* after) noexcept {
  if (after != nullptr) space.services.retain_attributes(after);
  if (before != nullptr) space.services.release_attributes(before);
}

/// A change of one area that stays where it is, with its identity.
template <class Host>
struct InPlaceChange {
  Area<Host>& area;
  Flags flags;
  const Attributes* attributes;
  const PageTotals& totals;  // As an edit's.
  std::int64_t charge;
  bool changes_access;
  Event event;
};

/// What commit_edit does where the edit is in_place(). Requires: the same. Invalidates nothing.
template <class Host>
void commit_in_place(SpaceState<Host>& space, Reservation<Host>& reserved,
                     const InPlaceChange<Host>& change) noexcept {
  Area<Host>& area = change.area;
  space.services.assert_space_locked(space.lock);
  space.totals += change.totals;
  settle_charge(space, reserved, change.charge);
  space.services.begin_area_write(space.lock, area.lock);
  if (area.attributes != change.attributes) {
    recount_attributes(space, area.attributes, change.attributes);
  }
  area.attributes = change.attributes;
  area.flags = change.flags;
  if constexpr (Host::has_page_tables) {
    if (change.changes_access) {
      space.services.protect_pages(space.pages, area.range(), area.flags);
    }
  }
  space.services.notify(change.event, area);
}

}  // namespace vmarea
