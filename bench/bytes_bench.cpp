// SPDX-License-Identifier: MIT
//
// How many bytes does an area take, and does a call allocate that splits nothing?
//
//   tree and pool   all that the heap gave, what it notes beside each piece included, without the
//                   areas themselves: nodes, chunks, and what in them is free; by the area
//   area            an area of the smallest host
//   total           both
#include <random>

#include <malloc.h>
#include <vmarea_shims/memory.hpp>

#include "support/questions.hpp"

namespace vmarea::bench {
namespace {

#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 33)
double heap_bytes() {
  const struct mallinfo2 now = mallinfo2();
  return static_cast<double>(now.uordblks + now.hblkhd);
}
#else
double heap_bytes() {
  return 0;
}
#endif

/// Counts what is asked of the pools.
struct CountedNodes : shims::PoolMemory::Nodes {
  static inline std::uint64_t allocations = 0;

  void* allocate_node(std::size_t bytes, std::size_t alignment) noexcept {
    ++allocations;
    return shims::PoolMemory::Nodes::allocate_node(bytes, alignment);
  }
};
struct CountedMemory : shims::PoolMemory {
  using Nodes = CountedNodes;
  static Nodes nodes() noexcept { return {}; }
  void* allocate_area(std::size_t bytes, std::size_t alignment) noexcept {
    ++CountedNodes::allocations;
    return shims::PoolMemory::allocate_area(bytes, alignment);
  }
};

template <class Memory>
struct HostWith : shims::UserlandOf<HostWith<Memory>, Memory> {
  static constexpr Limits limits() noexcept { return {.area_count_max = ~std::uint64_t{0}}; }
};

/// Ten changes an area, at random: unmapped, mapped again, protected in parts.
template <class Space>
void churn(Space& space, const Layout& layout) {
  std::mt19937_64 random(3);
  const std::uint64_t pages = (layout.end() - base) / page;
  for (std::uint64_t i = 0; i < 10 * layout.places.size(); ++i) {
    const Address at = base + random() % pages * page;
    const std::uint64_t length = (1 + random() % 16) * page;
    switch (random() % 3) {
      case 0:
        demand(static_cast<bool>(space.munmap(at, length)), "munmap was refused");
        break;
      case 1:
        demand(
            static_cast<bool>(space.mmap({.address = at,
                                          .length = length,
                                          .protection = read_write,
                                          .flags = map::private_ | map::anonymous | map::fixed})),
            "mmap was refused");
        break;
      default:
        (void)space.mprotect(at, length, prot::read);  // May meet a hole.
    }
  }
}

template <class Memory>
void bytes_with(benchmark::State& state, const Subject& subject, const Layout& layout,
                const std::string& name) {
  const double before = heap_bytes();
  AddressSpace<HostWith<Memory>> space;
  const auto tree_by_area = [&] {
    const double areas = static_cast<double>(space.area_count());
    return (heap_bytes() - before) / areas - static_cast<double>(sizeof(Area<Host>));
  };
  populate(space, layout);
  note(state, subject, name + ", built in order", tree_by_area());
  churn(space, layout);
  note(state, subject, name + ", after churn", tree_by_area());
}

void bytes(benchmark::State& state, const Layout& layout) {
  const Subject subject = layout.subject("bytes");
  for (auto _ : state) {
    bytes_with<shims::HeapMemory>(state, subject, layout, "tree and malloc");
    bytes_with<shims::PoolMemory>(state, subject, layout, "tree and pool");
    note(state, subject, "area", sizeof(Area<Host>));
    note(state, subject, "total",
         measured(subject, "tree and pool, after churn", Quote::minimum) +
             static_cast<double>(sizeof(Area<Host>)));
    state.SetIterationTime(1e-9);
  }
}

/// The protection an area already has; a whole area's that changes where it stands; a refusal.
void calls_without_split(benchmark::State& state, const Layout& layout) {
  AddressSpace<HostWith<CountedMemory>> space;
  populate(space, layout);
  const std::uint64_t before = CountedNodes::allocations;
  demand(before >= layout.places.size(), "allocations are not counted");
  for (auto _ : state) {
    for (const Place& place : layout.places) {
      const std::uint64_t length = place.end - place.start;
      demand(static_cast<bool>(space.mprotect(place.start, page, read_write)), "refused");
      demand(static_cast<bool>(space.mprotect(place.start, length, prot::read)), "refused");
      demand(static_cast<bool>(space.mprotect(place.start, length, read_write)), "refused");
      demand(space.munmap(place.start + 1, page).code() == Error::invalid, "not refused");
    }
    state.SetIterationTime(1e-9);
  }
  note(state, layout.subject("calls that split nothing"), "allocations",
       static_cast<double>(CountedNodes::allocations - before));
  demand(CountedNodes::allocations == before, "a call that splits nothing allocates");
}

[[maybe_unused]] const bool asked[] = {
    ask({"bytes", every_layout, Scale::millions, bytes, 1}),
    ask({"calls that split nothing", {"holes"}, Scale::once, calls_without_split, 1}),
};

}  // namespace
}  // namespace vmarea::bench
