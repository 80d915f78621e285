// SPDX-License-Identifier: MIT
//
// Lookups by address (rules 18), and the one place where the half-open ranges of areas become the
// inclusive keys of the tree.
#pragma once

#include "vmarea/space/space_state.hpp"
#include "vmarea/types/fast_paths.hpp"

namespace vmarea {

/// Requires: `range` is not empty.
constexpr TreeKey last_key(Range range) noexcept {
  return range.end - 1;
}

/// The area that contains `at`, or null.
template <class Host>
Area<Host>* find_area(const SpaceState<Host>& space, Address at) noexcept {
  return space.tree.find(at).value;
}

/// The area that contains `at`, else the first above it, or null.
template <class Host>
Area<Host>* find_at_or_above(const SpaceState<Host>& space, Address at) noexcept {
  return space.tree.seek(at).entry().value;
}

/// The last area that starts below `at`, or null.
template <class Host>
Area<Host>* find_starting_below(const SpaceState<Host>& space, Address at) noexcept {
  return at == 0 ? nullptr : space.tree.seek_back(at - 1).entry().value;
}

/// The area that contains `at`, else the first above it, and the last one that lies below.
template <class Host>
struct AreaWithPrev {
  Area<Host>* area = nullptr;
  Area<Host>* prev = nullptr;
};
template <class Host>
AreaWithPrev<Host> find_with_prev(const SpaceState<Host>& space, Address at) noexcept {
  auto cursor = space.tree.seek(at);
  Area<Host>* area = cursor.entry().value;
  return {area, find_starting_below(space, area != nullptr && area->start < at ? area->start : at)};
}

/// The first area that has a byte in `range`, or null.
template <class Host>
Area<Host>* find_intersection(const SpaceState<Host>& space, Range range) noexcept {
  Area<Host>* area = find_at_or_above(space, range.start);
  return area != nullptr && area->start < range.end ? area : nullptr;
}

/// Whether visit(area) says yes for an area that has a byte in `range`; asks in address order and
/// stops at the first.
template <class Host, class Visit>
VMAREA_INLINED bool any_in(const SpaceState<Host>& space, Range range, Visit&& visit) noexcept {
  auto cursor = space.tree.seek(range.start);
  for (auto entry = cursor.entry(); entry && entry.first < range.end; entry = cursor.entry()) {
    cursor.next();
    if (visit(*entry.value)) return true;
  }
  return false;
}

/// Calls visit(area) for each area that has a byte in `range`, in address order. The visitor may
/// change the area in hand, but not the tree.
template <class Host, class Visit>
VMAREA_INLINED void for_each_in(const SpaceState<Host>& space, Range range,
                                Visit&& visit) noexcept {
  (void)any_in(space, range, [&](Area<Host>& area) { return visit(area), false; });
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
