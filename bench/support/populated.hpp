// SPDX-License-Identifier: MIT
//
// The same areas in both trackers, and the order in which they are visited.
//
//   [www)   [www)   [www)  ...      three pages each, a hole of one page between them
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <vector>

#include <vmarea/vmarea.hpp>
#include <vmarea_shims/userland.hpp>

#include "support/map_tracker.hpp"

namespace vmarea::bench {

inline constexpr Address base = 0x1'0000'0000;
inline constexpr std::uint64_t page = 4096;
inline constexpr std::uint64_t area_pages = 3;
inline constexpr Protection read_write = prot::read | prot::write;

constexpr Address area_start(std::uint64_t number) {
  return base + number * (area_pages + 1) * page;
}

/// A benchmark of what does not work measures nothing.
inline void demand(bool kept, const char* what) {
  if (kept) return;
  std::fprintf(stderr, "benchmark: %s\n", what);
  std::exit(1);
}

template <class Services>
void populate(AddressSpace<Services>& space, std::uint64_t areas) {
  for (std::uint64_t i = 0; i < areas; ++i) {
    const bool mapped =
        static_cast<bool>(space.mmap({.address = area_start(i),
                                      .length = area_pages * page,
                                      .protection = read_write,
                                      .flags = map::private_ | map::anonymous | map::fixed}));
    demand(mapped, "mmap was refused");
  }
  demand(space.area_count() == areas, "areas merged that should not");
}

inline void populate(MapTracker& tracker, std::uint64_t areas) {
  for (std::uint64_t i = 0; i < areas; ++i) {
    tracker.map(area_start(i), area_start(i) + area_pages * page, read_write.bits());
  }
}

/// The middle page of one area after the other, at random: what is wanted next is not at hand.
class RandomPages {
 public:
  explicit RandomPages(std::uint64_t areas) {
    std::mt19937_64 random(1);
    for (Address& at : pages_) at = area_start(random() % areas) + page;
  }
  Address operator[](std::size_t i) const { return pages_[i % count]; }

 private:
  static constexpr std::size_t count = std::size_t{1} << 16;
  std::vector<Address> pages_ = std::vector<Address>(count);
};

}  // namespace vmarea::bench
