// SPDX-License-Identifier: MIT
//
// Finds room for a new area (rules 17).
//
//   low                                             high
//    |   [AAAA)        [SSSSSS)   ......guard[stack)  |
//    bottom-up: ^lowest hole           top-down: ^highest hole, below the guard gap of a stack
//
// The tree's gap index answers "a hole of so many keys"; here are the guard gaps, the alignment and
// the order in which a kernel tries its ways.
#pragma once

#include <cstdint>

#include "vmarea/space/find.hpp"
#include "vmarea/space/space_state.hpp"

namespace vmarea {

/// What to look for: `length` bytes in [low, high), the result congruent to align_offset modulo
/// align_mask + 1, with start_gap bytes left free below it.
struct GapRequest {
  std::uint64_t length = 0;
  Address low = 0;
  Address high = 0;
  std::uint64_t align_mask = 0;
  std::uint64_t align_offset = 0;
  std::uint64_t start_gap = 0;
};

/// Where the guard gap below `area` begins; its start if it has none.
template <class Host>
Address guard_start(const SpaceState<Host>& space, const Description<Host>& area) noexcept {
  const Geometry geometry = space.services.geometry();
  std::uint64_t gap = 0;
  if (area.flags.has_any(flag::grows_down)) {
    gap = space.services.limits().stack_guard_gap_pages << geometry.page_shift;
  } else if (area.flags.has_any(flag::shadow_stack)) {
    gap = geometry.page_size();
  }
  return gap > area.start ? 0 : area.start - gap;
}

/// The length that makes room for the worst padding; 0 if it overflows.
constexpr std::uint64_t padded_length(const GapRequest& request) noexcept {
  const std::uint64_t extra = request.align_mask + request.start_gap;
  if (extra < request.start_gap || request.length + extra < extra) return 0;
  return request.length + extra;
}

/// The lowest fit. Errors: no_memory.
template <class Host>
Result<Address> find_lowest_fit(const SpaceState<Host>& space, GapRequest request) noexcept {
  const std::uint64_t needed = padded_length(request);
  while (needed != 0 && request.low < request.high) {
    typename SpaceState<Host>::Tree::Cursor behind;
    const TreeGap gap = space.tree.lowest_gap(needed, request.low, request.high - 1, &behind);
    if (!gap.found) break;
    Address at = gap.first + request.start_gap;
    at += (request.align_offset - at) & request.align_mask;
    const Area<Host>* above = behind.entry().value;
    if (above == nullptr || guard_start<Host>(space, *above) == above->start ||
        guard_start<Host>(space, *above) >= at + needed - 1) {
      return at;
    }
    request.low = above->end;
  }
  return Error::no_memory;
}

/// The highest fit. Errors: no_memory.
template <class Host>
Result<Address> find_highest_fit(const SpaceState<Host>& space, GapRequest request) noexcept {
  const std::uint64_t needed = padded_length(request);
  while (needed != 0 && request.low < request.high) {
    typename SpaceState<Host>::Tree::Cursor behind;
    const TreeGap gap = space.tree.highest_gap(needed, request.low, request.high - 1, &behind);
    if (!gap.found) break;
    const Address top = gap.first + needed;
    Address at = top - request.length;
    at -= (at - request.align_offset) & request.align_mask;
    const Area<Host>* above = behind.entry().value;
    if (above == nullptr || guard_start<Host>(space, *above) >= top) return at;
    request.high = guard_start<Host>(space, *above);
  }
  return Error::no_memory;
}

/// Whether [at, at + length) is free, with the guard gap of what stands above; if not, `above` is
/// what is in the way.
template <class Host>
bool is_free(const SpaceState<Host>& space, Address at, std::uint64_t length,
             const Area<Host>*& above) noexcept {
  above = find_at_or_above(space, at);
  const Address end = at + length;
  return above == nullptr || (guard_start<Host>(space, *above) >= at && end >= at &&
                              end <= guard_start<Host>(space, *above));
}

/// The lowest fit without room for padding: looks at each hole that is long enough.
template <class Host>
Result<Address> find_lowest_exact_fit(const SpaceState<Host>& space, GapRequest request) noexcept {
  while (request.low < request.high) {
    const TreeGap gap = space.tree.lowest_gap(request.length, request.low, request.high - 1);
    if (!gap.found) break;
    const Address at = gap.first + (-gap.first & request.align_mask);
    const bool inside = at >= gap.first && at <= request.high - request.length;
    const Area<Host>* above = nullptr;
    if (!inside) break;
    if (is_free(space, at, request.length, above)) return at;
    request.low = above->end;
  }
  return Error::no_memory;
}

/// The highest fit without room for padding.
template <class Host>
Result<Address> find_highest_exact_fit(const SpaceState<Host>& space, GapRequest request) noexcept {
  while (request.low < request.high) {
    const TreeGap gap = space.tree.highest_gap(request.length, request.low, request.high - 1);
    if (!gap.found) break;
    const Address at = gap.first & ~request.align_mask;
    const Area<Host>* above = nullptr;
    if (at < request.low) break;
    if (is_free(space, at, request.length, above)) return at;
    request.high = guard_start<Host>(space, *above);
  }
  return Error::no_memory;
}

/// From which end a range is searched.
enum class SearchFrom : unsigned char { bottom, top };

/// A fit at an address that a host with larger pages can map. A hole with room for padding is found
/// in one step, so those that cannot serve are not looked at one by one; only where there is none
/// they are. Errors: no_memory.
template <class Host>
Result<Address> find_fit(const SpaceState<Host>& space, GapRequest request,
                         SearchFrom from) noexcept {
  const std::uint64_t placement_mask = space.services.geometry().placement_mask();
  request.align_mask |= placement_mask;
  const bool top = from == SearchFrom::top;
  const Result<Address> found =
      top ? find_highest_fit(space, request) : find_lowest_fit(space, request);
  if (found || placement_mask == 0) return found;
  return top ? find_highest_exact_fit(space, request) : find_lowest_exact_fit(space, request);
}

/// Where a call wants a mapping to be placed.
struct RoomRequest {
  Address hint = 0;  // Page aligned; 0: none.
  std::uint64_t length = 0;
  std::uint64_t offset = 0;  // Bytes into the file.
  MapFlags flags{};
  bool for_huge_pages = false;
};

/// The ordinary search: the hint if it is free, then top-down, then bottom-up; with a mask, of
/// aligned addresses. Errors: no_memory.
template <class Host>
Result<Address> find_room_plain(const SpaceState<Host>& space, const RoomRequest& request,
                                std::uint64_t length, std::uint64_t align_mask = 0) noexcept {
  constexpr Address low_2g_start = 0x4000'0000, low_2g_end = 0x8000'0000;
  constexpr Address above_4g = Address{1} << 32;
  const Geometry geometry = space.services.geometry();
  const Address hint = request.hint & ~geometry.placement_mask();
  const Area<Host>* above = nullptr;
  const MapFlags windows = geometry.guest_32bit() ? MapFlags{} : request.flags;
  const bool is_high = windows.has_any(map::above_4g) && space.services.profile().knows_above_4g;
  const bool is_low = windows.has_any(map::low_32bit);
  const bool counts = !is_low || (length <= low_2g_end && hint <= low_2g_end - length);
  if (hint != 0 && counts && geometry.inside(hint, length) && is_free(space, hint, length, above)) {
    return hint;
  }
  if (is_low) {
    return find_fit(space, {length, low_2g_start, low_2g_end, align_mask}, SearchFrom::bottom);
  }
  if (space.layout.top_down) {
    const Address low = is_high ? above_4g : geometry.placement_min;
    const Result<Address> top =
        find_fit(space, {length, low, space.layout.mmap_base, align_mask}, SearchFrom::top);
    if (top) return top;
  }
  return find_fit(space, {length, space.layout.legacy_base, geometry.limit, align_mask},
                  SearchFrom::bottom);
}

/// The search for what may be backed by huge pages: congruent to its offset. Errors: no_memory.
template <class Host>
Result<Address> find_room_for_huge_pages(const SpaceState<Host>& space,
                                         const RoomRequest& request) noexcept {
  const Geometry geometry = space.services.geometry();
  const std::uint64_t huge = geometry.huge_page_size();
  const std::uint64_t first_block = (request.offset + huge - 1) & ~(huge - 1);
  const bool holds_block = first_block + huge <= request.offset + request.length;
  const bool aligned = ((request.offset | huge) & geometry.placement_mask()) == 0;
  if (!holds_block || !aligned || request.length + huge < huge) {
    return find_room_plain(space, request, request.length);
  }
  const Result<Address> roomy = find_room_plain(space, request, request.length + huge);
  if (!roomy) return find_room_plain(space, request, request.length);
  if (request.hint != 0 && *roomy == request.hint) return roomy;
  const std::uint64_t up = (request.offset - *roomy) & (huge - 1);
  return *roomy + (up == 0 && space.layout.top_down ? huge : up);
}

/// The address for a mapping that is not fixed. Errors: no_memory, invalid (no room, and the layout
/// does not fit the geometry: a constructor that checks promises would have refused it).
template <class Host>
Result<Address> find_room(const SpaceState<Host>& space, const RoomRequest& request) noexcept {
  const Geometry geometry = space.services.geometry();
  const bool huge = request.for_huge_pages && !geometry.guest_32bit() &&
                    space.services.profile().places_for_huge_pages;
  const Result<Address> at = huge ? find_room_for_huge_pages(space, request)
                                  : find_room_plain(space, request, request.length);
  if (at && geometry.inside(*at, request.length)) return at;
  const bool fits = check_layout(space.layout, geometry) == LayoutVerdict::fits;
  return fits ? Error::no_memory : Error::invalid;
}

/// Whether a mapping may stand at an address that a call was given or chose. Errors: no_memory
/// (past the limit), invalid (not page aligned), not_permitted (below the lowest one allowed).
template <class Host>
Result<void> validate_address(const SpaceState<Host>& space, Address at,
                              std::uint64_t length_bytes) noexcept {
  const Geometry geometry = space.services.geometry();
  if (!geometry.inside(at, length_bytes)) return Error::no_memory;
  if (!geometry.aligned(at)) return Error::invalid;
  if (at < geometry.fixed_min && !space.services.limits().may_map_lowest) {
    return Error::not_permitted;
  }
  return {};
}

}  // namespace vmarea
