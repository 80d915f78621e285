// SPDX-License-Identifier: MIT
//
// The end of a space: everything goes at once, by one edit that needs no plan.
#pragma once

#include "vmarea/change/commit.hpp"

namespace vmarea {

/// Takes everything out, as exit does: neither seals nor drivers are asked. Requires: the space
/// lock.
template <class Host>
void clear_locked(SpaceState<Host>& space) noexcept {
  if (space.area_count == 0) return;
  const Range all{0, space.services.geometry().limit};
  Edit<Host> edit{all, Event::unmapped};
  edit.totals = -space.totals;
  edit.charge = -static_cast<std::int64_t>(space.charged);
  edit.unmapped = edit.tables_between = all;
  Reservation<Host> nothing;
  commit_edit(space, edit, Step<Host>::of(edit, nullptr), nothing);
  space.tree.unreserve();
}

}  // namespace vmarea
