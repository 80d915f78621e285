// SPDX-License-Identifier: MIT
//
// Where the areas lie, the same for all that are measured.
//
//   holes      [rw)    [rw)    [rw)       16 pages each, holes of 16 pages
//   touching   [rw)[r )[rw)[r )[rw)       16 pages each, told apart by their protection
//   random     [rw)  [r)[rw )      [r)    1 to 64 pages each, half of them behind a hole
//   python     [r )[rx)[r ) [rw) ...      as a Python program leaves them, repeated upwards
#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include <vmarea/vmarea.hpp>
#include <vmarea_shims/userland.hpp>

#include "support/race.hpp"

namespace vmarea::bench {

inline constexpr std::uint64_t page = 4096;
inline constexpr Address base = 0x1000'0000'0000;
inline constexpr Protection read_write = prot::read | prot::write;

struct Place {
  Address start;
  Address end;
  Protection protection;
  bool unreserved = false;  // MAP_NORESERVE, only to tell two areas apart.
};

struct Layout {
  std::string name;
  std::vector<Place> places;

  Address end() const { return places.back().end; }
  Subject subject(const std::string& question) const { return {question, name, places.size()}; }
};

/// The layout of that name with so many areas; kept until another is asked for.
const Layout& layout_named(const std::string& name, std::uint64_t areas);

/// Indices of places, at random: what is wanted next is not at hand. `writable_only`: of those
/// that may be written.
std::vector<std::uint32_t> random_order(const Layout& layout, bool writable_only = false);
/// All indices once, in random order.
std::vector<std::uint32_t> shuffled(std::size_t count);

template <class Services>
void populate(AddressSpace<Services>& space, const Layout& layout) {
  constexpr MapFlags plain = map::private_ | map::anonymous | map::fixed;
  for (const Place& place : layout.places) {
    const bool mapped = static_cast<bool>(
        space.mmap({.address = place.start,
                    .length = place.end - place.start,
                    .protection = place.protection,
                    .flags = place.unreserved ? plain | map::no_reserve : plain}));
    demand(mapped, "mmap was refused");
  }
  demand(space.area_count() == layout.places.size(), "areas merged that should not");
}

/// The host that is measured: as delivered, but for the limit on the number of areas.
struct Host : shims::UserlandOf<Host> {
  static constexpr Limits limits() noexcept { return {.area_count_max = ~std::uint64_t{0}}; }
};
using Space = AddressSpace<Host>;

}  // namespace vmarea::bench
