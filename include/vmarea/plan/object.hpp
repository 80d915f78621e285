// SPDX-License-Identifier: MIT
//
// The objects that a plan names. A plan looks at a const state and changes nothing; but it says
// which objects are kept, changed or removed, and commit, which has the state for write, does so.
// Lookups for that end give an area that may be changed; all others are in space/.
#pragma once

#include "vmarea/space/space_state.hpp"

namespace vmarea {

/// The object of the area that contains `at`, or null.
template <class Host>
Area<Host>* find_object(const SpaceState<Host>& space, Address at) noexcept {
  return space.tree.find(at).value;
}

/// The object of the area that contains `at`, else of the first above it, or null.
template <class Host>
Area<Host>* find_object_at_or_above(const SpaceState<Host>& space, Address at) noexcept {
  return space.tree.seek(at).entry().value;
}

/// The object of the last area that starts below `at`, or null.
template <class Host>
Area<Host>* find_object_starting_below(const SpaceState<Host>& space, Address at) noexcept {
  return at == 0 ? nullptr : space.tree.seek_back(at - 1).entry().value;
}

}  // namespace vmarea
