// SPDX-License-Identifier: MIT
//
// What things cost in bytes. An area of the smallest host is one cache line; what a host does not
// declare takes nothing, and what it declares takes its own size and no more.
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include <gtest/gtest.h>
#include <vmarea/vmarea.hpp>
#include <vmarea_shims/userland.hpp>

#include "support/bare_host.hpp"

namespace {

using namespace vmarea;

constexpr std::size_t cache_line_bytes = 64;

/// All that can be absent is. Not Userland, which checks locks in debug builds and so has some.
struct Smallest : test::BareHost<shims::HeapMemory>, shims::AbortOnBrokenPromise {};

struct WithAreaData : Smallest {
  struct AreaData {
    std::uint64_t colour = 0;
  };
};

struct WithAreaLock : Smallest {
  [[maybe_unused]] static constexpr bool has_area_locks = true;
  struct AreaLock {
    std::uint64_t sequence = 0;
  };
  static void begin_area_write(SpaceLock&, AreaLock&) noexcept {}
  static void attach_area(SpaceLock&, AreaLock&) noexcept {}
  static void detach_area(AreaLock&) noexcept {}
};

/// The entry alone: sizes do not depend on what the reverse map does.
struct WithReverseMapEntry : Smallest {
  struct ReverseMapEntry {
    void* chain[2] = {};
  };
};

struct WithHandle : Smallest {
  int* state = nullptr;
};

/// The sum of the fields that every space has.
template <class S>
constexpr std::size_t bare_space_bytes = sizeof(typename SpaceState<S>::Tree) +
                                         sizeof(SpaceLayout) + sizeof(PageTotals) +
                                         3 * sizeof(std::uint64_t) + sizeof(Flags) +
                                         sizeof(SpaceModes) + sizeof(PageCount);

TEST(Sizes, area_of_the_smallest_host_is_one_cache_line) {
  static_assert(sizeof(Description<Smallest>) == cache_line_bytes);
  static_assert(sizeof(Area<Smallest>) == cache_line_bytes);
  static_assert(sizeof(Area<shims::Userland>) == cache_line_bytes);
}

TEST(Sizes, declared_parts_of_an_area_take_their_own_size) {
  static_assert(sizeof(Area<WithAreaData>) == cache_line_bytes + sizeof(WithAreaData::AreaData));
  static_assert(sizeof(Area<WithAreaLock>) == cache_line_bytes + sizeof(WithAreaLock::AreaLock));
  static_assert(sizeof(Area<WithReverseMapEntry>) ==
                cache_line_bytes + sizeof(WithReverseMapEntry::ReverseMapEntry));
}

TEST(Sizes, what_a_host_does_not_declare_takes_no_byte_of_a_space) {
  static_assert(std::is_empty_v<Smallest>);
  static_assert(sizeof(SpaceState<Smallest>) == bare_space_bytes<Smallest>);
  static_assert(sizeof(AddressSpace<Smallest>) == sizeof(SpaceState<Smallest>));
}

TEST(Sizes, a_handle_adds_itself_to_a_space_and_nothing_to_an_area) {
  static_assert(sizeof(SpaceState<WithHandle>) == bare_space_bytes<WithHandle> + sizeof(int*));
  static_assert(sizeof(Area<WithHandle>) == cache_line_bytes);
}

TEST(Sizes, an_empty_node_memory_takes_no_byte_of_a_tree) {
  struct Handle : shims::HeapMemory {
    int* state = nullptr;
  };
  static_assert(sizeof(shims::maple_tree<int, Handle>) ==
                sizeof(shims::maple_tree<int, shims::HeapMemory>) + sizeof(int*));
}

TEST(Sizes, absent_links_take_no_byte_of_a_reservation) {
  struct Bare {
    void* areas[Reservation<Smallest>::areas_max];
    std::size_t area_count;
    void* shared_memory;
    PageCount charge;
    std::size_t nodes;
    void* written[3];
  };
  static_assert(sizeof(Reservation<Smallest>) == sizeof(Bare));
}

TEST(Sizes, results_are_passed_in_registers) {
  static_assert(sizeof(Result<Address>) == 2 * sizeof(void*));
  static_assert(sizeof(Result<void>) == sizeof(Error));
  static_assert(std::is_trivially_copyable_v<Result<Address>>);
}

}  // namespace
