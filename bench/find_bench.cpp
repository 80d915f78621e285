// SPDX-License-Identifier: MIT
//
// How long does it take to find the area of an address, and how many bytes is an area?
#include <benchmark/benchmark.h>

#include "support/populated.hpp"
#include "support/side_by_side.hpp"

namespace vmarea::bench {
namespace {

void find(benchmark::State& state) {
  const auto areas = static_cast<std::uint64_t>(state.range(0));
  AddressSpace<shims::Userland> space;
  MapTracker tracker;
  populate(space, areas);
  populate(tracker, areas);
  const RandomPages pages(areas);
  demand(space.find(pages[0])->start + page == pages[0], "found the wrong area");
  demand(tracker.find(pages[0])->end == pages[0] + 2 * page, "found the wrong area in the map");
  demand(space.find(area_start(1) - page) == nullptr, "found an area in a hole");

  side_by_side(
      state, [&](std::size_t i) { benchmark::DoNotOptimize(space.find(pages[i])); },
      [&](std::size_t i) { benchmark::DoNotOptimize(tracker.find(pages[i])); });
  state.counters["area_bytes"] = sizeof(Area<shims::Userland>);
}
BENCHMARK(find)->Arg(1000)->Arg(65000)->UseManualTime();

}  // namespace
}  // namespace vmarea::bench
