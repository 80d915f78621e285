// SPDX-License-Identifier: MIT
//
// Addresses, half-open ranges, and the one place where numbers from outside become ranges.
//
//   start        end          half-open; pages are 1 << page_shift bytes
//     [###########)
//
// Calls ask page_range() or inside() before they add a caller's length to a caller's address. A
// function that adds them earlier looks for a sum that wraps.
#pragma once

#include <compare>
#include <cstdint>

#include "vmarea/types/result.hpp"

namespace vmarea {

using Address = std::uint64_t;
using PageCount = std::uint64_t;

/// A half-open range of addresses: [start, end).
struct Range {
  Address start = 0;
  Address end = 0;

  constexpr bool empty() const noexcept { return start >= end; }
  constexpr std::uint64_t length() const noexcept { return end - start; }
  constexpr bool contains(Address at) const noexcept { return start <= at && at < end; }
  constexpr bool contains(Range other) const noexcept {
    return start <= other.start && other.end <= end;
  }
  constexpr bool overlaps(Range other) const noexcept {
    return start < other.end && other.start < end;
  }
  /// The part inside `other`; an empty range where they have no byte in common.
  constexpr Range within(Range other) const noexcept {
    return {start > other.start ? start : other.start, end < other.end ? end : other.end};
  }
  /// By start, then by end.
  friend constexpr auto operator<=>(Range, Range) noexcept = default;
};

/// Whose addresses a space has.
enum class ProgramWords : unsigned {
  of_64_bits,
  // A 32-bit program on a 64-bit kernel (rules 17.4-32_bit): its mappings are not aligned for huge
  // pages, and map::low_32bit and map::above_4g say nothing. Words of a call are zero-extended.
  of_32_bits,
};

/// The size of pages and of the address space; comes through the door.
struct Geometry {
  unsigned page_shift = 12;
  unsigned huge_page_shift = 21;
  Address limit = 0x7fff'ffff'f000;  // TASK_SIZE: no area reaches past it.
  Address placement_min = 0x1'0000;  // The lowest address that mmap chooses or raises a hint to.
  Address fixed_min = 0x1000;        // Below it a fixed mapping needs a privilege.
  // Addresses that calls choose are multiples of 1 << placement_shift: of the host's pages, where
  // those are larger. Up to page_shift it changes nothing.
  unsigned placement_shift = 0;
  ProgramWords program_words = ProgramWords::of_64_bits;

  /// What a space has whose pages and addresses are so large.
  struct Sizes {
    unsigned page_shift = 12;
    unsigned address_bits = 47;
  };
  /// A geometry like Linux's for other sizes: the last page is out of bounds, a huge page is one
  /// table of pages. Requires: page_shift < address_bits <= 63. A limit of 64 KiB or less is
  /// not above placement_min, and fits no layout before the caller lowers that.
  static constexpr Geometry of(const Sizes& sizes) noexcept {
    constexpr unsigned table_entry_shift = 3;
    Geometry geometry;
    geometry.page_shift = sizes.page_shift;
    geometry.huge_page_shift = 2 * sizes.page_shift - table_entry_shift;
    const std::uint64_t page = geometry.page_size();
    geometry.limit = (std::uint64_t{1} << sizes.address_bits) - page;
    if (geometry.placement_min < page) geometry.placement_min = page;
    geometry.fixed_min = page;
    return geometry;
  }

  /// That of a 32-bit program on x86-64: 4 GiB but for two pages, or what its personality says,
  /// 3 GiB with ADDR_LIMIT_3GB. The layout for it is SpaceLayout::for_geometry().
  static constexpr Geometry of_guest_32bit(Address limit = 0xffff'e000) noexcept {
    Geometry geometry;
    geometry.limit = limit;
    geometry.program_words = ProgramWords::of_32_bits;
    return geometry;
  }

  constexpr std::uint64_t page_size() const noexcept { return std::uint64_t{1} << page_shift; }
  constexpr std::uint64_t huge_page_size() const noexcept {
    return std::uint64_t{1} << huge_page_shift;
  }
  constexpr bool guest_32bit() const noexcept { return program_words == ProgramWords::of_32_bits; }
  /// The bits below the alignment of chosen addresses; none where any page will do.
  constexpr std::uint64_t placement_mask() const noexcept {
    const std::uint64_t one = 1;
    return placement_shift > page_shift ? (one << placement_shift) - 1 : 0;
  }
  constexpr PageCount pages(std::uint64_t length_bytes) const noexcept {
    return length_bytes >> page_shift;
  }
  constexpr bool aligned(std::uint64_t value) const noexcept {
    return (value & (page_size() - 1)) == 0;
  }
  constexpr std::uint64_t round_down(std::uint64_t value) const noexcept {
    return value & ~(page_size() - 1);
  }
  /// Wraps to 0 where the next page boundary is past the last number, as the kernel's does: every
  /// caller must look for that 0.
  constexpr std::uint64_t round_up(std::uint64_t value) const noexcept {
    return round_down(value + page_size() - 1);
  }
  /// The pages of [start, start + length_bytes), rounded up; empty for length 0.
  /// Errors: invalid (misaligned, or past the last number).
  constexpr Result<Range> page_range(Address start, std::uint64_t length_bytes) const noexcept {
    const std::uint64_t length = round_up(length_bytes);
    const bool wraps = (length_bytes != 0 && length == 0) || start + length < start;
    if (!aligned(start) || wraps) return Error::invalid;
    return Range{start, start + length};
  }
  /// Whether [start, start + length) lies below the limit; never overflows.
  constexpr bool inside(Address start, std::uint64_t length_bytes) const noexcept {
    return length_bytes <= limit && start <= limit - length_bytes;
  }
  friend constexpr bool operator==(const Geometry&, const Geometry&) = default;
};

}  // namespace vmarea
