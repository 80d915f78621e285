// SPDX-License-Identifier: MIT
//
// How long does a call over 1,000 areas take, for each of them? The areas touch, and every second
// is MAP_NORESERVE, so that they stay apart whatever their protection.
//
//   protect   [ww)[WW)[ww)[WW) -> [rr)[RR)[rr)[RR) -> ...
//   unmap     [ww)[WW)[ww)[WW) ->                      they are made again untimed
#include <algorithm>

#include "support/kernel.hpp"
#include "support/peers.hpp"
#include "support/questions.hpp"

namespace vmarea::bench {
namespace {

Layout alternating(std::uint64_t areas) {
  Layout layout{"touching", {}};
  for (std::uint64_t i = 0; i < areas; ++i) {
    const Address start = base + i * 16 * page;
    layout.places.push_back({start, start + 16 * page, read_write, i % 2 == 1});
  }
  return layout;
}

void map_again(Space& ours, const Place& place) {
  constexpr MapFlags plain = map::private_ | map::anonymous | map::fixed;
  demand(
      static_cast<bool>(ours.mmap({.address = place.start,
                                   .length = place.end - place.start,
                                   .protection = read_write,
                                   .flags = place.unreserved ? plain | map::no_reserve : plain})),
      "mmap was refused");
}

/// The areas, and which of them the call goes over.
struct Wide {
  explicit Wide(std::uint64_t areas)
      : layout(alternating(areas)),
        touched(std::min<std::size_t>(1000, areas / 2)),
        skipped(areas / 4),
        start(layout.places[skipped].start),
        length(touched * 16 * page) {
    populate(ours, layout);
  }
  /// Maps again what was unmapped.
  void restore() {
    if (ours.area_count() == layout.places.size()) return;
    for (std::size_t i = 0; i < touched; ++i) map_again(ours, layout.places[skipped + i]);
    demand(ours.area_count() == layout.places.size(), "areas merged that should not");
  }

  const Layout layout;
  const std::size_t touched;
  const std::size_t skipped;
  const Address start;
  const std::uint64_t length;
  Space ours;
};

void protect(benchmark::State& state, const Layout& asked_for) {
  Wide wide(asked_for.places.size());
  const Kernel kernel(wide.layout);
  const double areas = 2.0 * static_cast<double>(wide.touched);
  const auto ours = [&](std::size_t, std::size_t) {
    demand(static_cast<bool>(wide.ours.mprotect(wide.start, wide.length, prot::read)), "refused");
    demand(static_cast<bool>(wide.ours.mprotect(wide.start, wide.length, read_write)), "refused");
  };
  const auto kernels = [&](std::size_t, std::size_t) {
    Kernel::protect(wide.start, wide.length, prot::read);
    Kernel::protect(wide.start, wide.length, read_write);
  };
  std::vector<Runner> all = {{"ours", ours, [] {}, areas}};
  if (kernel.present()) all.push_back({"kernel", kernels, [] {}, areas, 1, Lap::apart});
  race(state, wide.layout.subject("protect 1,000"), 1, all);
  demand(wide.ours.area_count() == wide.layout.places.size(), "areas merged that should not");
}

void unmap(benchmark::State& state, const Layout& asked_for) {
  Wide wide(asked_for.places.size());
  StdMap map;
  for (const Place& place : wide.layout.places) map.insert(place);
  const double areas = static_cast<double>(wide.touched);
  const auto ours = [&](std::size_t, std::size_t) {
    demand(static_cast<bool>(wide.ours.munmap(wide.start, wide.length)), "refused");
  };
  const auto maps = [&](std::size_t, std::size_t) {
    map.erase(wide.start, wide.start + wide.length);
  };
  const auto restore_map = [&] {
    if (map.size() == wide.layout.places.size()) return;
    for (std::size_t i = 0; i < wide.touched; ++i) map.insert(wide.layout.places[wide.skipped + i]);
  };
  race(state, wide.layout.subject("unmap 1,000"), 1,
       {{"ours", ours, [&] { wide.restore(); }, areas}, {StdMap::name, maps, restore_map, areas}});
}

[[maybe_unused]] const bool asked[] = {
    ask({"protect 1,000", {"touching"}, Scale::any, protect}),
    ask({"unmap 1,000", {"touching"}, Scale::any, unmap}),
};

}  // namespace
}  // namespace vmarea::bench
