// SPDX-License-Identifier: MIT
#include "support/layout.hpp"

#include <algorithm>
#include <iterator>
#include <numeric>

namespace vmarea::bench {
namespace {

constexpr std::uint64_t area_bytes = 16 * page;

/// What /proc/self/maps of Python 3.11 on Debian 12 showed from its heap to its stack, in pages:
/// the hole before, the length, the protection. The two holes that are huge there are 64 pages
/// here.
struct Shape {
  std::uint64_t hole;
  std::uint64_t pages;
  Protection protection;
};
constexpr Protection r = prot::read, rx = prot::read | prot::exec, rw = read_write;
// clang-format off
constexpr Shape shapes[] = {
    {64, 399, rw}, {64, 307, rw}, {18, 3, r}, {0, 5, rx}, {0, 3, r}, {0, 1, r}, {0, 1, rw},
    {0, 2, r}, {0, 3, rx}, {0, 2, r}, {0, 1, r}, {0, 1, rw}, {0, 2, r}, {0, 4, rx}, {0, 1, r},
    {0, 1, r}, {0, 1, rw}, {0, 2, r}, {0, 2, rx}, {0, 1, r}, {0, 1, r}, {0, 1, rw}, {0, 3, r},
    {0, 9, rx}, {0, 5, r}, {0, 1, r}, {0, 1, rw}, {0, 4, r}, {0, 29, rx}, {0, 12, r}, {0, 1, r},
    {0, 1, rw}, {0, 3, r}, {0, 4, rx}, {0, 3, r}, {0, 1, r}, {0, 1, rw}, {0, 2, r}, {0, 13, rx},
    {0, 2, r}, {0, 1, r}, {0, 1, rw}, {0, 3, r}, {0, 19, rx}, {0, 7, r}, {0, 1, r}, {0, 1, rw},
    {0, 1, r}, {0, 1, rx}, {0, 1, r}, {0, 1, r}, {0, 1, rw}, {0, 1, r}, {0, 2, rx}, {0, 1, r},
    {0, 1, r}, {0, 1, rw}, {0, 2, r}, {0, 5, rx}, {0, 3, r}, {0, 1, r}, {0, 1, rw}, {0, 833, rw},
    {0, 16, r}, {0, 116, rx}, {0, 90, r}, {0, 1, r}, {0, 1, rw}, {0, 38, r}, {0, 342, rx},
    {0, 83, r}, {0, 4, r}, {0, 2, rw}, {0, 13, rw}, {0, 245, r}, {0, 572, rx}, {0, 228, r},
    {0, 47, r}, {0, 308, rw}, {0, 66, rw}, {3, 2, r}, {0, 2, rx}, {0, 1, r}, {0, 1, r},
    {0, 1, rw}, {0, 33, rw}, {0, 87, r}, {0, 6, rw}, {0, 7, r}, {0, 2, rw}, {0, 4, r}, {0, 2, r},
    {0, 2, rx}, {0, 1, r}, {0, 38, rx}, {0, 10, r}, {0, 2, r}, {0, 2, rw}, {64, 33, rw},
};
// clang-format on

Layout holes(std::uint64_t areas) {
  Layout layout{"holes", {}};
  for (std::uint64_t i = 0; i < areas; ++i) {
    const Address start = base + 2 * i * area_bytes;
    layout.places.push_back({start, start + area_bytes, read_write});
  }
  return layout;
}

Layout touching(std::uint64_t areas) {
  Layout layout{"touching", {}};
  for (std::uint64_t i = 0; i < areas; ++i) {
    const Address start = base + i * area_bytes;
    layout.places.push_back({start, start + area_bytes, i % 2 == 0 ? read_write : prot::read});
  }
  return layout;
}

Layout random_sizes(std::uint64_t areas) {
  std::mt19937_64 random(2);
  Layout layout{"random", {}};
  Address at = base;
  for (std::uint64_t i = 0; i < areas; ++i) {
    if (random() % 2 == 0) at += (1 + random() % 64) * page;
    const Address end = at + (1 + random() % 64) * page;
    layout.places.push_back({at, end, i % 2 == 0 ? read_write : prot::read});
    at = end;
  }
  return layout;
}

Layout python(std::uint64_t areas) {
  Layout layout{"python", {}};
  Address at = base;
  for (std::uint64_t i = 0; i < areas; ++i) {
    const Shape& shape = shapes[i % std::size(shapes)];
    at += shape.hole * page;
    const Address end = at + shape.pages * page;
    const Place* below = layout.places.empty() ? nullptr : &layout.places.back();
    const bool alike =
        below != nullptr && below->end == at && below->protection == shape.protection;
    // Of different files there, which keeps them apart.
    layout.places.push_back({at, end, shape.protection, alike && !below->unreserved});
    at = end;
  }
  return layout;
}

}  // namespace

const Layout& layout_named(const std::string& name, std::uint64_t areas) {
  static Layout kept;
  if (kept.name != name || kept.places.size() != areas) {
    kept = name == "holes"      ? holes(areas)
           : name == "touching" ? touching(areas)
           : name == "random"   ? random_sizes(areas)
                                : python(areas);
  }
  return kept;
}

std::vector<std::uint32_t> random_order(const Layout& layout, bool writable_only) {
  constexpr std::size_t count = std::size_t{1} << 16;
  std::mt19937_64 random(1);
  std::vector<std::uint32_t> order;
  while (order.size() < count) {
    const std::uint64_t i = random() % layout.places.size();
    const Place& place = layout.places[i];
    const bool good =
        place.protection == read_write && !place.unreserved && place.end - place.start >= 16 * page;
    if (good || !writable_only) order.push_back(static_cast<std::uint32_t>(i));
  }
  return order;
}

std::vector<std::uint32_t> shuffled(std::size_t count) {
  std::vector<std::uint32_t> order(count);
  std::iota(order.begin(), order.end(), 0u);
  std::shuffle(order.begin(), order.end(), std::mt19937_64(7));
  return order;
}

}  // namespace vmarea::bench
