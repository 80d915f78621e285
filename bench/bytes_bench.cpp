// SPDX-License-Identifier: MIT
//
// How many bytes does an area take, and does a call allocate that splits nothing?
//
//   tree    nodes of the tree, after random churn, by the area
//   area    an area of the smallest host
//   total   both; what the heap adds to each object is not counted
#include <random>

#include <vmarea_shims/memory.hpp>

#include "support/questions.hpp"

namespace vmarea::bench {
namespace {

/// Counts what is asked of the heap.
struct CountedMemory : shims::HeapMemory {
  static inline std::uint64_t allocations = 0;
  static inline std::uint64_t node_bytes = 0;

  static void* allocate_area(std::size_t bytes, std::size_t alignment) noexcept {
    ++allocations;
    return HeapMemory::allocate_area(bytes, alignment);
  }
  static void* allocate_node(std::size_t bytes, std::size_t alignment) noexcept {
    ++allocations;
    node_bytes += bytes;
    return HeapMemory::allocate_node(bytes, alignment);
  }
  static void release_node(void* node, std::size_t bytes, std::size_t alignment) noexcept {
    node_bytes -= bytes;
    HeapMemory::release_node(node, bytes, alignment);
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
  static constexpr Limits limits() noexcept { return {.area_count_max = ~std::uint64_t{0}}; }
};

/// Ten changes an area, at random: unmapped, mapped again, protected in parts.
void churn(AddressSpace<Counted>& space, const Layout& layout) {
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

void bytes(benchmark::State& state, const Layout& layout) {
  const Subject subject = layout.subject("bytes");
  const std::uint64_t before = CountedMemory::node_bytes;
  const auto by_area = [&](const AddressSpace<Counted>& space) {
    return static_cast<double>(CountedMemory::node_bytes - before) /
           static_cast<double>(space.area_count());
  };
  for (auto _ : state) {
    AddressSpace<Counted> space;
    populate(space, layout);
    note(state, subject, "tree, built in order", by_area(space));
    churn(space, layout);
    const double tree = by_area(space);
    note(state, subject, "tree, after churn", tree);
    note(state, subject, "area", sizeof(Area<Host>));
    note(state, subject, "total", tree + static_cast<double>(sizeof(Area<Host>)));
    state.SetIterationTime(1e-9);
  }
}

/// The protection an area already has; a whole area's that changes where it stands; a refusal.
void calls_without_split(benchmark::State& state, const Layout& layout) {
  AddressSpace<Counted> space;
  populate(space, layout);
  const std::uint64_t before = CountedMemory::allocations;
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
       static_cast<double>(CountedMemory::allocations - before));
  demand(CountedMemory::allocations == before, "a call that splits nothing allocates");
}

[[maybe_unused]] const bool asked[] = {
    ask({"bytes", every_layout, Scale::any, bytes, 1}),
    ask({"calls that split nothing", {"holes"}, Scale::once, calls_without_split, 1}),
};

}  // namespace
}  // namespace vmarea::bench
