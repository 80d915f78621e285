// SPDX-License-Identifier: MIT
//
// Where everything happens: a stretch of addresses below all else of the process, and what the
// address space holds besides.
//
//   [ low addresses )    arena_start [ pages ... )[ crowd: R, none, R, none ... )[ barrier ... )[
//   program, libraries )
//
// Whatever is free above the arena is filled, so where the kernel may choose an address it chooses
// one in the arena, or below it where nothing fits.
#pragma once

#include <cstdint>
#include <string_view>

namespace vmarea::live {

inline constexpr std::uint64_t page = 4096;
inline constexpr std::uint64_t huge_page_pages = 512;
/// A multiple of a huge page; nothing is mapped near it.
inline constexpr std::uint64_t arena_start = 0x2000'0000'0000;
inline constexpr std::uint64_t arena_pages_max = 1536;
/// What one call copies at most.
inline constexpr std::uint64_t copied_pages_max = 32;
/// Where the windows of MAP_32BIT and MAP_ABOVE4G end, and what was put there stays until the end
/// of a sequence. Nothing else is mapped up to low_reach, the end of what begins below low_end.
inline constexpr std::uint64_t low_start = 0x3f00'0000;
inline constexpr std::uint64_t low_end = 0x2'0000'0000;
inline constexpr std::uint64_t low_reach = 0x3'0000'0000;

/// How large the arena is, what is there already, and which tree holds our side's areas.
struct Shape {
  std::uint64_t pages = 48;
  std::uint64_t crowd = 0;   // Areas of a page each that touch each other, behind the arena.
  bool small_nodes = false;  // Four entries a node: many levels from few areas.
#ifdef __SANITIZE_ADDRESS__
  // Its allocator maps and unmaps as it likes: addresses that the kernel chooses cannot be
  // foreseen.
  static constexpr bool compares_placement = false;
#else
  static constexpr bool compares_placement = true;
#endif

  constexpr std::uint64_t end() const {
    return arena_start + pages * page;
  }
  /// Whether memory of huge pages ends where the arena does, if it fits at all.
  constexpr bool holds_huge_pages() const {
    return pages % huge_page_pages == 0;
  }
};

/// 48 pages hold no whole huge page; 1536 are three, and hold the guard gap of a stack; what is
/// crowded leaves room for a few areas below the limit of their number.
inline constexpr Shape small_shape{};
inline constexpr Shape deep_shape{.pages = 3 * huge_page_pages, .small_nodes = true};
inline constexpr Shape crowded_shape{.pages = 400, .crowd = 65'400};

}  // namespace vmarea::live
