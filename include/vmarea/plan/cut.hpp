// SPDX-License-Identifier: MIT
//
// Cuts of areas (rules 7): where an edge of a range lies inside an area.
//
//   before    [AAAAAAAAAA)
//   cut at    [aaa)[AAAAA)      the object keeps the part from the cut on, a new one takes the rest
#pragma once

#include "vmarea/plan/neighbour.hpp"

namespace vmarea {

/// Whether the area's driver lets it be cut at `at`. Errors: what may_split says.
template <class Host>
Result<void> ask_may_split(const Description<Host>& area, Address at) noexcept {
  if (area.hooks == nullptr || area.hooks->may_split == nullptr) return {};
  return area.hooks->may_split(area, at);
}

/// An edit that cuts `area` at up to two places inside it and changes nothing else.
template <class Host>
Edit<Host> edit_of_cuts(const SpaceState<Host>& space, Area<Host>& area, Address first,
                        Address second = 0) noexcept {
  const Geometry geometry = space.services.geometry();
  Edit<Host> edit{.extent = area.range(), .event = Event::resized};
  edit.add(Piece<Host>::copy_of(area, area.below(first)));
  const Description<Host> upper = area.above(first, geometry);
  if (second == 0) {
    edit.add(Piece<Host>::kept(area, upper));
  } else {
    edit.add(Piece<Host>::kept(area, upper.below(second)));
    edit.add(Piece<Host>::copy_of(area, upper.above(second, geometry)));
  }
  return edit;
}

/// The same with one cut, of an area that may only be planned yet.
template <class Host>
Edit<Host> edit_of_cut(const SpaceState<Host>& space, const Neighbour<Host>& area,
                       Address at) noexcept {
  Edit<Host> edit{.extent = area.description.range(), .event = Event::resized};
  edit.add(area.split_off(area.description.below(at)));
  edit.add(area.kept(area.description.above(at, space.services.geometry())));
  return edit;
}

}  // namespace vmarea
