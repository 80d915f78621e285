// SPDX-License-Identifier: MIT
//
// Cuts of areas (rules 7): where an edge of a range lies inside an area.
//
//   before    [AAAAAAAAAA)
//   cut at    [aaa)[AAAAA)      the object keeps the part from the cut on, a new one takes the rest
#pragma once

#include "vmarea/plan/neighbour.hpp"

namespace vmarea {

/// An edit that cuts `area` at up to two places inside it and changes nothing else.
template <class Host>
Edit<Host> edit_of_cuts(const SpaceState<Host>& space, Area<Host>& area, Address first,
                        Address second = 0) noexcept {
  const Geometry geometry = space.services.geometry();
  Edit<Host> edit{area.range(), Event::resized};
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
  const Description<Host>& before = area.description();
  Edit<Host> edit{before.range(), Event::resized};
  edit.add(area.split_off(before.below(at)));
  edit.add(area.with(before.above(at, space.services.geometry())));
  return edit;
}

}  // namespace vmarea
