// SPDX-License-Identifier: MIT
//
// Where the parts of a program lie in a space of a given size, and whether a layout fits there.
//
//   0   floor          limit / 3        2/3            mmap_base           limit
//   |...|..............^legacy_base.....^start_brk.....^...................|
//                      bottom-up -->    heap -->   <-- top-down    stack <--
//
// The default is Linux's without randomisation: a sixth of the space for the stack, but no more
// than 128 MiB; bottom-up placement from a third of it; a heap where that of a program begins that
// may lie anywhere. A layout that was made for another geometry does not fit, and is refused.
#pragma once

#include "vmarea/types/range.hpp"

namespace vmarea {

/// Where the parts of a program lie; the loader's choice. A loader begins with for_geometry() and
/// changes what it knows better; the values below are those of the default geometry.
struct SpaceLayout {
  Address mmap_base = 0x7fff'f7ff'f000;    // Mappings are placed below it, from the top.
  Address legacy_base = 0x2aaa'aaaa'b000;  // Bottom-up placement starts here.
  bool top_down = true;
  Address start_brk = 0;
  Address brk = 0;
  Address start_data = 0;
  Address end_data = 0;
  Address start_stack = 0;  // The first stack pointer: the area that holds it is named [stack].

  static constexpr SpaceLayout for_geometry(const Geometry& geometry) noexcept {
    constexpr std::uint64_t stack_room_max = std::uint64_t{128} << 20;
    const Address limit = geometry.limit;
    const Address floor = geometry.round_up(geometry.placement_min);
    const std::uint64_t stack_room = limit / 6 < stack_room_max ? limit / 6 : stack_room_max;
    SpaceLayout layout;
    layout.mmap_base = geometry.round_up(limit - stack_room);
    if (layout.mmap_base <= floor) layout.mmap_base = limit;
    layout.legacy_base = geometry.round_up(limit / 3);
    if (layout.legacy_base < floor) layout.legacy_base = floor;
    layout.start_brk = layout.brk = geometry.round_up(limit / 3 * 2);
    return layout;
  }
  friend constexpr bool operator==(const SpaceLayout&, const SpaceLayout&) = default;
};

/// Why a layout does not fit into a geometry.
enum class LayoutVerdict : unsigned char {
  fits,
  limit_misaligned,
  floor_misaligned,
  floor_above_limit,
  mmap_base_misaligned,
  mmap_base_above_limit,
  mmap_base_below_floor,
  legacy_base_misaligned,
  legacy_base_above_limit,
  break_above_limit,
  break_below_start,
  data_above_limit,
  data_reversed,
  stack_above_limit,
};

/// The first thing that does not fit. A break may lie anywhere in a page, as in Linux; the base of
/// top-down placement does not matter where placement is bottom-up.
constexpr LayoutVerdict check_layout(const SpaceLayout& layout, const Geometry& geometry) noexcept {
  const Address limit = geometry.limit;
  const Address floor = geometry.placement_min;
  if (!geometry.aligned(limit)) return LayoutVerdict::limit_misaligned;
  if (!geometry.aligned(floor)) return LayoutVerdict::floor_misaligned;
  if (floor >= limit) return LayoutVerdict::floor_above_limit;
  if (layout.top_down) {
    if (!geometry.aligned(layout.mmap_base)) return LayoutVerdict::mmap_base_misaligned;
    if (layout.mmap_base > limit) return LayoutVerdict::mmap_base_above_limit;
    if (layout.mmap_base <= floor) return LayoutVerdict::mmap_base_below_floor;
  }
  if (!geometry.aligned(layout.legacy_base)) return LayoutVerdict::legacy_base_misaligned;
  if (layout.legacy_base >= limit) return LayoutVerdict::legacy_base_above_limit;
  if (layout.brk > limit) return LayoutVerdict::break_above_limit;
  if (layout.brk < layout.start_brk) return LayoutVerdict::break_below_start;
  if (layout.end_data > limit) return LayoutVerdict::data_above_limit;
  if (layout.end_data < layout.start_data) return LayoutVerdict::data_reversed;
  if (layout.start_stack > limit) return LayoutVerdict::stack_above_limit;
  return LayoutVerdict::fits;
}

/// The verdict in a sentence.
constexpr const char* describe(LayoutVerdict verdict) noexcept {
  switch (verdict) {
    case LayoutVerdict::fits:
      return "the layout fits the geometry";
    case LayoutVerdict::limit_misaligned:
      return "the limit of the geometry is not a multiple of its pages";
    case LayoutVerdict::floor_misaligned:
      return "the lowest address for placement is not a multiple of a page";
    case LayoutVerdict::floor_above_limit:
      return "the lowest address for placement is not below the limit of the space";
    case LayoutVerdict::mmap_base_misaligned:
      return "mmap_base is not a multiple of a page";
    case LayoutVerdict::mmap_base_above_limit:
      return "mmap_base is above the limit of the space: take SpaceLayout::for_geometry";
    case LayoutVerdict::mmap_base_below_floor:
      return "mmap_base leaves no room above the lowest address for placement";
    case LayoutVerdict::legacy_base_misaligned:
      return "legacy_base is not a multiple of a page";
    case LayoutVerdict::legacy_base_above_limit:
      return "legacy_base is not below the limit of the space: take SpaceLayout::for_geometry";
    case LayoutVerdict::break_above_limit:
      return "the break is above the limit of the space";
    case LayoutVerdict::break_below_start:
      return "the break is below its start";
    case LayoutVerdict::data_above_limit:
      return "the program's data ends above the limit of the space";
    case LayoutVerdict::data_reversed:
      return "the program's data ends below its start";
    case LayoutVerdict::stack_above_limit:
      return "the first stack pointer is above the limit of the space";
  }
  return "unknown";
}

}  // namespace vmarea
