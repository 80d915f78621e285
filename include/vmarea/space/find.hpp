// SPDX-License-Identifier: MIT
//
// Lookups by address (rules 18), and the one place where the half-open ranges of areas become the
// inclusive keys of the tree. A const state gives const areas.
#pragma once

#include <type_traits>

#include "vmarea/space/space_state.hpp"
#include "vmarea/types/fast_paths.hpp"

namespace vmarea {

/// Requires: `range` is not empty.
constexpr TreeKey last_key(Range range) noexcept {
  return range.end - 1;
}

template <class T>
inline constexpr bool is_space_state = false;
template <class Host>
inline constexpr bool is_space_state<SpaceState<Host>> = true;

/// A state that may be changed, or one that may not: its areas may then not be changed either.
template <class Space>
concept SpaceStateOrConst = is_space_state<std::remove_const_t<Space>>;
template <SpaceStateOrConst Space>
using AreaOf = std::conditional_t<std::is_const_v<Space>, const typename Space::AreaType,
                                  typename Space::AreaType>;

/// The area that contains `at`, or null.
template <SpaceStateOrConst Space>
VMAREA_INLINED AreaOf<Space>* find_area(Space& space, Address at) noexcept {
  return space.tree.find(at).value;
}

/// The area that contains `at`, else the first above it, or null.
template <SpaceStateOrConst Space>
AreaOf<Space>* find_at_or_above(Space& space, Address at) noexcept {
  return space.tree.seek(at).entry().value;
}

/// The last area that starts below `at`, or null.
template <SpaceStateOrConst Space>
AreaOf<Space>* find_starting_below(Space& space, Address at) noexcept {
  return at == 0 ? nullptr : space.tree.seek_back(at - 1).entry().value;
}

// The objects that a plan names. A plan looks at a const state and changes nothing; but it says
// which objects are kept, changed or removed, and commit, which has the state for write, does so.
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

/// The area that contains `at`, else the first above it, and the last one that lies below.
template <class AreaType>
struct AreaWithPrev {
  AreaType* area = nullptr;
  AreaType* prev = nullptr;
};
template <SpaceStateOrConst Space>
AreaWithPrev<AreaOf<Space>> find_with_prev(Space& space, Address at) noexcept {
  AreaOf<Space>* area = find_at_or_above(space, at);
  return {area, find_starting_below(space, area != nullptr && area->start < at ? area->start : at)};
}

/// The first area that has a byte in `range`, or null.
template <SpaceStateOrConst Space>
AreaOf<Space>* find_intersection(Space& space, Range range) noexcept {
  AreaOf<Space>* area = find_at_or_above(space, range.start);
  return area != nullptr && area->start < range.end ? area : nullptr;
}

/// Whether visit(area) says yes for an area that has a byte in `range`; asks in address order and
/// stops at the first.
template <SpaceStateOrConst Space, class Visit>
VMAREA_INLINED bool any_in(Space& space, Range range, Visit&& visit) noexcept {
  auto cursor = space.tree.seek(range.start);
  for (auto entry = cursor.entry(); entry && entry.first < range.end; entry = cursor.entry()) {
    cursor.next();
    if (visit(static_cast<AreaOf<Space>&>(*entry.value))) return true;
  }
  return false;
}

/// Calls visit(area) for each area that has a byte in `range`, in address order. The visitor may
/// change the area in hand, if the state may be changed, but not the tree.
template <SpaceStateOrConst Space, class Visit>
VMAREA_INLINED void for_each_in(Space& space, Range range, Visit&& visit) noexcept {
  (void)any_in(space, range, [&](AreaOf<Space>& area) { return visit(area), false; });
}

/// The range of all keys: every area has a byte in it.
inline constexpr Range everything{0, ~Address{0}};

/// Whether areas cover the whole range.
template <class Host>
bool is_covered(const SpaceState<Host>& space, Range range) noexcept {
  Address covered = range.start;
  for (auto cursor = space.tree.seek(range.start); covered < range.end; cursor.next()) {
    const auto entry = cursor.entry();
    if (!entry || entry.first > covered) return false;
    covered = entry.value->end;
  }
  return true;
}

}  // namespace vmarea
