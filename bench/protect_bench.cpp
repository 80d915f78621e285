// SPDX-License-Identifier: MIT
//
// How long does a protect cycle take: one part of an area becomes read-only, so that it splits, and
// writable again, so that it merges? And does a call that changes no area allocate?
//
//   [wwww) -> [w)[r)[w) -> [wwww)
#include <benchmark/benchmark.h>

#include "support/populated.hpp"
#include "support/side_by_side.hpp"

namespace vmarea::bench {
namespace {

void protect_cycle(benchmark::State& state) {
  const auto areas = static_cast<std::uint64_t>(state.range(0));
  AddressSpace<shims::Userland> space;
  MapTracker tracker;
  populate(space, areas);
  populate(tracker, areas);
  const RandomPages pages(areas);

  // Both really split and merge.
  const Address at = pages[0];
  demand(space.mprotect(at, page, prot::read) && space.area_count() == areas + 2, "no split");
  demand(space.mprotect(at, page, read_write) && space.area_count() == areas, "no merge");
  demand(tracker.protect(at, at + page, prot::read.bits()) && tracker.area_count() == areas + 2,
         "the map did not split");
  demand(tracker.protect(at, at + page, read_write.bits()) && tracker.area_count() == areas,
         "the map did not merge");

  side_by_side(
      state,
      [&](std::size_t i) {
        benchmark::DoNotOptimize(space.mprotect(pages[i], page, prot::read));
        benchmark::DoNotOptimize(space.mprotect(pages[i], page, read_write));
      },
      [&](std::size_t i) {
        benchmark::DoNotOptimize(tracker.protect(pages[i], pages[i] + page, prot::read.bits()));
        benchmark::DoNotOptimize(tracker.protect(pages[i], pages[i] + page, read_write.bits()));
      });
  demand(space.area_count() == areas && tracker.area_count() == areas, "areas were left split");
  demand(!check(space.state()), "an invariant is broken");
}
BENCHMARK(protect_cycle)->Arg(1000)->Arg(65000)->UseManualTime();

/// Counts what is asked of the heap for areas and nodes.
struct CountedMemory : shims::HeapMemory {
  static inline std::uint64_t allocations = 0;

  static void* allocate_area(std::size_t bytes, std::size_t alignment) noexcept {
    ++allocations;
    return HeapMemory::allocate_area(bytes, alignment);
  }
  static void* allocate_node(std::size_t bytes, std::size_t alignment) noexcept {
    ++allocations;
    return HeapMemory::allocate_node(bytes, alignment);
  }
};

struct Counted : shims::UserlandOf<Counted> {
  template <class AreaType>
  using Tree = shims::maple_tree<AreaType, CountedMemory>;
  template <class AreaType>
  static Tree<AreaType> make_tree() {
    return Tree<AreaType>{};
  }
  static void* allocate_area(std::size_t bytes, std::size_t alignment) noexcept {
    return CountedMemory::allocate_area(bytes, alignment);
  }
};

/// The protection an area already has; a whole area's that changes where it stands; a refusal.
void calls_without_split(benchmark::State& state) {
  constexpr std::uint64_t areas = 1000;
  AddressSpace<Counted> space;
  populate(space, areas);
  const RandomPages pages(areas);
  demand(CountedMemory::allocations >= areas, "allocations are not counted");

  const std::uint64_t before = CountedMemory::allocations;
  std::size_t i = 0;
  for (auto _ : state) {
    const Address at = pages[i++];
    demand(static_cast<bool>(space.mprotect(at, page, read_write)), "refused");
    demand(static_cast<bool>(space.mprotect(at - page, area_pages * page, prot::read)), "refused");
    demand(static_cast<bool>(space.mprotect(at - page, area_pages * page, read_write)), "refused");
    demand(space.munmap(at + 1, page).error() == Error::invalid, "not refused");
  }
  state.counters["allocations"] = static_cast<double>(CountedMemory::allocations - before);
  demand(CountedMemory::allocations == before, "a call that splits nothing allocates");
}
BENCHMARK(calls_without_split);

}  // namespace
}  // namespace vmarea::bench
