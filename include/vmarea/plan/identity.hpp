// SPDX-License-Identifier: MIT
//
// Whose anonymous identity an area takes when its memory is first written (rules 19): the next
// neighbour's, else the previous one's, if the two may share it; else a new one.
#pragma once

#include "vmarea/plan/neighbour.hpp"
#include "vmarea/rules/identity.hpp"

namespace vmarea {

/// What stands in a plan for the first identity that it makes.
template <class Host>
AnonIdentity next_identity(const SpaceState<Host>& space) noexcept {
  return AnonIdentity::of(space.last_identity + 2);
}

/// Gives `piece` the identity of a neighbour or a new one. `fresh` stands for the new one in the
/// plan; commit makes it.
template <class Host>
void plan_identity(const SpaceState<Host>& space, Piece<Host>& piece, const Neighbour<Host>& prev,
                   const Neighbour<Host>& next, AnonIdentity fresh) noexcept {
  const Geometry geometry = space.services.geometry();
  const KernelProfile& profile = space.services.profile();
  const auto may_give = [](const Neighbour<Host>& side) {
    const Description<Host>* seen = side.if_present();
    return seen != nullptr && seen->identity && !seen->identity.fork_child();
  };
  if (may_give(next) && can_share_identity(piece.after, next.description(), geometry, profile)) {
    piece.after.identity = next.description().identity;
    piece.identity_from = next.links();
  } else if (may_give(prev) &&
             can_share_identity(prev.description(), piece.after, geometry, profile)) {
    piece.after.identity = prev.description().identity;
    piece.identity_from = prev.links();
  } else {
    piece.after.identity = fresh;
    piece.makes_identity = true;
  }
}

/// An edit that touches `area` for the first time.
template <class Host>
Edit<Host> edit_of_first_touch(const SpaceState<Host>& space, Area<Host>& area) noexcept {
  Edit<Host> edit{area.range(), Event::touched};
  Piece<Host> touched = Piece<Host>::kept(area, area);
  plan_identity(space, touched, Neighbour<Host>::of(find_object_starting_below(space, area.start)),
                Neighbour<Host>::of(find_object(space, area.end)), next_identity(space));
  edit.add(touched);
  return edit;
}

}  // namespace vmarea
