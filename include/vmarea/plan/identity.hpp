// SPDX-License-Identifier: MIT
//
// Whose anonymous identity an area takes when its memory is first written (behaviour specification
// 19): a neighbour's if the two may one day be one area, else a new one.
//
//   before   [AAAA id 2)[BBBB none)      differ in access bits only, page offsets contiguous
//   write             here ^
//   after    [AAAA id 2)[BBBB id 2)      they stay apart until their flags are equal
#pragma once

#include "vmarea/plan/edit.hpp"

namespace vmarea {

/// Whether touched memory of `low` and of `high`, which lies above it, may share an identity.
template <class Host>
bool can_share_identity(const Description<Host>& low, const Description<Host>& high,
                        const Geometry& geometry) noexcept {
  const std::uint64_t low_policy = low.attributes == nullptr ? 0 : low.attributes->policy;
  const std::uint64_t high_policy = high.attributes == nullptr ? 0 : high.attributes->policy;
  return low.end == high.start && low_policy == high_policy && low.file == high.file &&
         low.flags.difference(high.flags).without(flag::access | flag::sticky).empty() &&
         low.page_offset + geometry.pages(low.length()) == high.page_offset;
}

/// What stands in a plan for the first identity that it makes.
template <class Host>
AnonIdentity next_identity(const SpaceState<Host>& space) noexcept {
  return AnonIdentity::of(space.last_identity + 2);
}

/// Gives `piece` the identity of the next neighbour, else of the previous one, else a new one.
/// `fresh` stands for the new one in the plan; commit makes it.
template <class Host>
void plan_identity(const SpaceState<Host>& space, Piece<Host>& piece, const Neighbour<Host>& prev,
                   const Neighbour<Host>& next, AnonIdentity fresh) noexcept {
  const Geometry geometry = space.services.geometry();
  const auto may_give = [](const Neighbour<Host>& side) {
    const AnonIdentity identity = side.description.identity;
    return side.present && identity && !identity.fork_child();
  };
  if (may_give(next) && can_share_identity(piece.after, next.description, geometry)) {
    piece.after.identity = next.description.identity;
    piece.identity_from = next.links();
  } else if (may_give(prev) && can_share_identity(prev.description, piece.after, geometry)) {
    piece.after.identity = prev.description.identity;
    piece.identity_from = prev.links();
  } else {
    piece.after.identity = fresh;
    piece.makes_identity = true;
  }
}

/// An edit that touches `area` for the first time.
template <class Host>
Edit<Host> edit_of_first_touch(const SpaceState<Host>& space, Area<Host>& area) noexcept {
  Edit<Host> edit{.extent = area.range(), .event = Event::touched};
  Piece<Host> touched{area, &area, nullptr, nullptr};
  plan_identity(space, touched, Neighbour<Host>::of(find_starting_below(space, area.start)),
                Neighbour<Host>::of(find_area(space, area.end)), next_identity(space));
  edit.add(touched);
  return edit;
}

}  // namespace vmarea
