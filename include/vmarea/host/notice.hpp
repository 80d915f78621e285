// SPDX-License-Identifier: MIT
//
// What a host may want to be told, after the fact and holding the space lock.
//
//   split         area: the new one      partner: the one it was split off from
//   merged_away   area: what goes        partner: its heir
//   resized       area: what stays       before: its old range
//   moved         area: the new place    partner: where its pages came from
//   forked        area: the child's      partner: the parent's
#pragma once

#include "vmarea/types/area.hpp"

namespace vmarea {

enum class Event : unsigned char {
  mapped,       // A new area stands in the tree.
  unmapped,     // An area left the tree and is about to be destroyed.
  resized,      // Start, end or page offset changed.
  merged_away,  // A neighbour took over the area.
  split,        // A new area was cut off another.
  protected_,   // Flags changed.
  moved,        // mremap put it elsewhere.
  grown,        // The stack grew.
  touched,      // First touch gave it an identity.
  forked,       // A copy stands in a child.
};

template <class Host>
struct Notice {
  Event event = Event::mapped;
  const Area<Host>& area;
  const Area<Host>* partner = nullptr;  // Null: there is none.
  Range before{};                       // Of an area that stood in the tree; empty: it is new.
};

}  // namespace vmarea
