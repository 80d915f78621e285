// SPDX-License-Identifier: MIT
//
// Pools as the memory of hosts: one of each kind for a space, or some that spaces share.
#include <concepts>
#include <cstdint>
#include <memory>
#include <set>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <vmarea/gtest.hpp>
#include <vmarea/vmarea.hpp>
#include <vmarea_shims/huge_chunks.hpp>
#include <vmarea_shims/userland.hpp>

#include "support/chunk_source.hpp"
#include "support/run_apart.hpp"

namespace vmarea::test {
namespace {

constexpr std::uint64_t page = 4096;
constexpr Address base = 0x10'0000'0000;
constexpr MapFlags fixed_private = map::private_ | map::anonymous | map::fixed;

/// Areas of a page, with holes of a page between them.
template <class Space>
Result<Address> map_one(Space& space, std::uint64_t i) {
  return space.mmap({.address = base + 2 * i * page,
                     .length = page,
                     .protection = prot::read,
                     .flags = fixed_private});
}
template <class Space>
void map_some(Space& space, std::uint64_t count) {
  for (std::uint64_t i = 0; i < count; ++i) ASSERT_TRUE(ok(map_one(space, i)));
}

using Chunks = ChunksOf<struct HostChunks, 13>;  // Two nodes, or 13 areas.

struct OwnHost : shims::Checked<shims::UserlandOf<OwnHost, shims::PoolMemoryFrom<Chunks>>> {
  static constexpr Limits limits() noexcept { return {.area_count_max = 1'000'000}; }
};
struct SharingHost
    : shims::Checked<shims::UserlandOf<SharingHost, shims::SharedPoolMemory<Chunks>>> {};
struct HeapHost : shims::UserlandOf<HeapHost, shims::HeapMemory> {};

class PoolMemoryTest : public testing::Test {
 protected:
  PoolMemoryTest() { Chunks::state = {}; }
  ~PoolMemoryTest() override {
    EXPECT_TRUE(Chunks::state.live.empty());
    EXPECT_EQ(Chunks::state.misuses, 0u);
  }
};

TEST_F(PoolMemoryTest, of_a_space_is_not_there_before_the_first_area) {
  AddressSpace<OwnHost> space;
  EXPECT_FALSE(space.munmap(base + 1, page));
  ASSERT_TRUE(ok(space.munmap(base, page)));
  EXPECT_EQ(space.find(base), nullptr);
  EXPECT_EQ(Chunks::state.allocations, 0u);
  map_some(space, 1);
  EXPECT_NE(Chunks::state.allocations, 0u);
}

TEST_F(PoolMemoryTest, of_a_space_ends_with_it) {
  {
    AddressSpace<OwnHost> space;
    map_some(space, 1000);
    EXPECT_GT(Chunks::state.bytes(), 1000u * sizeof(Area<OwnHost>));
  }
  EXPECT_TRUE(Chunks::state.live.empty());
}

TEST_F(PoolMemoryTest, of_a_space_goes_back_when_the_areas_go) {
  AddressSpace<OwnHost> space;
  map_some(space, 10'000);
  const std::size_t full = Chunks::state.bytes();
  ASSERT_TRUE(ok(space.munmap(base + 2 * 100 * page, 2 * 9'900 * page)));
  EXPECT_EQ(space.area_count(), 100u);
  EXPECT_LT(Chunks::state.bytes(), full / 20);  // Lists do not shrink.
  EXPECT_TRUE(is_sound(space));
  space.clear();
  EXPECT_LE(space.services().area_pool->chunk_count(), 1u);
}

TEST_F(PoolMemoryTest, of_each_space_is_its_own_though_the_handle_is_copied) {
  AddressSpace<OwnHost> first;
  map_some(first, 100);
  {
    AddressSpace<OwnHost> second(first.services());
    EXPECT_EQ(second.services().area_pool->in_use(), 0u);
    ASSERT_TRUE(ok(first.fork_into(second)));
    EXPECT_EQ(second.services().area_pool->in_use(), 100u);
    ASSERT_TRUE(ok(second.munmap(base, 100 * page)));
    EXPECT_TRUE(is_sound(second));
  }
  EXPECT_EQ(first.services().area_pool->in_use(), 100u);
  EXPECT_TRUE(is_sound(first));
}

TEST_F(PoolMemoryTest, of_a_space_goes_along_when_it_moves) {
  auto first = std::make_unique<AddressSpace<OwnHost>>();
  map_some(*first, 100);
  const std::size_t bytes = first->services().area_pool->bytes();
  AddressSpace<OwnHost> second(std::move(*first));
  EXPECT_EQ(first->services().area_pool->bytes(), 0u);
  EXPECT_EQ(second.services().area_pool->bytes(), bytes);
  map_some(*first, 3);
  first.reset();
  ASSERT_TRUE(ok(second.munmap(base, 100 * page)));
  map_some(second, 60);
  EXPECT_TRUE(is_sound(second));
  AddressSpace<OwnHost> third;
  map_some(third, 7);
  third = std::move(second);
  EXPECT_EQ(third.area_count(), 100u);
  EXPECT_EQ(third.services().area_pool->in_use(), 100u);
}

/// With a destructor of its own, it is copied where it should move, and would leave the pool
/// behind.
struct CopiedHost : shims::UserlandOf<CopiedHost> {
  CopiedHost() = default;
  CopiedHost(const CopiedHost&) = default;
  CopiedHost& operator=(const CopiedHost&) = default;
  ~CopiedHost() {}
};
static_assert(std::movable<AddressSpace<OwnHost>>);
static_assert(KernelServices<CopiedHost> && !std::movable<AddressSpace<CopiedHost>>);

TEST_F(PoolMemoryTest, whose_chunks_are_refused_one_after_the_other_answers_no_memory) {
  AddressSpace<OwnHost> space;
  std::size_t refused = 0;
  for (std::uint64_t i = 0; i < 500; ++i) {
    for (Chunks::state.allowed = 0;; ++Chunks::state.allowed) {
      const std::size_t allowed = Chunks::state.allowed;
      const Result<Address> at = map_one(space, i);
      if (at) break;
      ++refused;
      ASSERT_EQ(at.error(), Error::no_memory);
      ASSERT_EQ(space.area_count(), i);
      ASSERT_TRUE(is_sound(space));
      Chunks::state.allowed = allowed;
    }
  }
  EXPECT_GT(refused, 50u);
  Chunks::state.allowed = 0;
  AddressSpace<OwnHost> child;
  EXPECT_EQ(space.fork_into(child).code(), Error::no_memory);
  EXPECT_EQ(child.area_count(), 0u);
}

TEST_F(PoolMemoryTest, that_is_shared_serves_several_spaces) {
  shims::SharedPools<Chunks> pools;
  SharingHost host;
  host.pools = &pools;
  {
    AddressSpace<SharingHost> first(host);
    AddressSpace<SharingHost> second(host);
    map_some(first, 100);
    map_some(second, 50);
    EXPECT_EQ(pools.areas.in_use(), 150u);
    EXPECT_EQ(pools.areas.bytes() + pools.nodes.bytes(), Chunks::state.bytes());
    AddressSpace<SharingHost> third = std::move(first);
    ASSERT_TRUE(ok(third.fork_into(first)));
    EXPECT_EQ(pools.areas.in_use(), 250u);
    EXPECT_TRUE(is_sound(first));
    EXPECT_TRUE(is_sound(third));
  }
  EXPECT_EQ(pools.areas.in_use(), 0u);
  EXPECT_EQ(pools.nodes.in_use(), 0u);
}

TEST_F(PoolMemoryTest, that_is_shared_and_has_a_limit_answers_no_memory_at_its_end) {
  shims::SharedPools<Chunks> pools{shims::Pool<Chunks>(4), shims::Pool<Chunks>(1)};
  SharingHost host;
  host.pools = &pools;
  AddressSpace<SharingHost> first(host);
  AddressSpace<SharingHost> second(host);
  map_some(first, 3);
  EXPECT_EQ(map_one(second, 0).code(), Error::no_memory);  // No node.
  EXPECT_EQ(second.area_count(), 0u);
  ASSERT_TRUE(ok(map_one(first, 3)));
  EXPECT_EQ(map_one(first, 4).code(), Error::no_memory);  // No area.
  EXPECT_EQ(first.area_count(), 4u);
  first.clear();
  map_some(second, 4);
}

TEST_F(PoolMemoryTest, that_the_host_did_not_give_is_no_memory) {
  AddressSpace<SharingHost> space;
  EXPECT_EQ(map_one(space, 0).code(), Error::no_memory);
  EXPECT_EQ(space.area_count(), 0u);
}

TEST(PoolMemory, that_is_shared_and_not_given_has_neither_areas_nor_nodes) {
  shims::SharedPoolMemory<> none;
  EXPECT_EQ(none.allocate_area(64, 64), nullptr);
  EXPECT_EQ(none.allocate_node(256, 64), nullptr);
}

TEST(PoolMemory, from_the_heap_can_be_chosen) {
  static_assert(sizeof(HeapHost) == 1 && std::same_as<HeapHost::Nodes, shims::HeapMemory>);
  AddressSpace<HeapHost> space;
  map_some(space, 100);
  EXPECT_TRUE(is_sound(space));
}

/// Each thread has a space of its own, though they came from one another.
TEST(PoolMemory, of_spaces_in_different_threads_needs_no_lock) {
  using Space = AddressSpace<shims::Userland>;
  Space parent;
  map_some(parent, 2000);
  Space child(parent.services());
  ASSERT_TRUE(ok(parent.fork_into(child)));
  Space moved = std::move(parent);
  const auto work = [](Space& space) {
    for (std::uint64_t round = 0; round < 20; ++round) {
      map_some(space, 2000);
      for (std::uint64_t i = round % 2; i < 2000; i += 2) {
        EXPECT_TRUE(ok(space.munmap(base + 2 * i * page, page)));
      }
    }
    EXPECT_TRUE(is_sound(space));
  };
  std::thread others[] = {std::thread(work, std::ref(child)), std::thread(work, std::ref(moved))};
  work(parent);
  for (std::thread& other : others) other.join();
}

struct HugeHost : shims::UserlandOf<HugeHost, shims::PoolMemoryFrom<shims::HugeChunks>> {};

std::string map_in_huge_chunks() {
  AddressSpace<HugeHost> space;
  map_some(space, 60'000);
  const auto& pool = *space.services().area_pool.operator->();
  if (pool.chunk_count() != 2) return "60,000 areas take two chunks\n";
  if (!is_sound(space)) return "not sound\n";
  space.clear();
  return pool.chunk_count() == 1 ? "" : "more than one chunk is left\n";
}

TEST(HugeChunks, hold_the_areas_of_a_space) {
  EXPECT_EQ(map_in_huge_chunks(), "");
}

TEST(HugeChunks, are_aligned_to_huge_pages) {
  using shims::HugeChunks;
  const std::size_t bytes = HugeChunks::huge_page_bytes - 100;
  void* const first = HugeChunks::allocate(bytes, 64);
  void* const second = HugeChunks::allocate(bytes, 64);
  for (void* const each : {first, second}) {
    ASSERT_NE(each, nullptr);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(each) % HugeChunks::huge_page_bytes, 0u);
    static_cast<char*>(each)[bytes - 1] = 1;
    HugeChunks::release(each, bytes, 64);
  }
}

TEST(HugeChunks, fall_back_to_small_pages) {
  const auto without_huge_pages = [] {
    if (prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0) != 0) return std::string("prctl was refused\n");
    return map_in_huge_chunks();
  };
  EXPECT_EQ(run_apart(without_huge_pages, Noise::shown), "");
}

TEST(HugeChunks, that_are_refused_answer_no_memory) {
#ifdef VMAREA_POISONS_POOLS
  GTEST_SKIP() << "the address sanitizer needs more memory than any limit";
#endif
  const auto without_memory = []() -> std::string {
    AddressSpace<HugeHost> space;
    rlimit limit{1 << 20, 1 << 20};
    if (setrlimit(RLIMIT_AS, &limit) != 0) return "setrlimit was refused\n";
    if (map_one(space, 0).code() != Error::no_memory) return "there is memory\n";
    return space.area_count() == 0 ? "" : "an area is there\n";
  };
  EXPECT_EQ(run_apart(without_memory, Noise::shown), "");
}

TEST(SharedPools, ask_for_the_bytes_and_the_alignment_of_an_area) {
  shims::SharedPools<> pools;
  shims::SharedPoolMemory<> memory{&pools};
  void* const area = memory.allocate_area(33, 32);
  EXPECT_EQ(pools.areas.block_bytes(), 64u);
  memory.release_area(area, 33, 32);
}

/// Whether what is taken a thousand times and given back each time is the same again: a gigabyte in
/// all, so that no tool keeps all of it from being used again.
void expect_used_again(void* (*allocate)(std::size_t, std::size_t),
                       void (*give_back)(void*, std::size_t, std::size_t)) {
  constexpr std::size_t bytes = std::size_t{1} << 20;
  std::set<void*> addresses;
  for (int i = 0; i < 1000; ++i) {
    void* const given = allocate(bytes, 64);
    ASSERT_NE(given, nullptr);
    addresses.insert(given);
    give_back(given, bytes, 64);
  }
  EXPECT_LT(addresses.size(), 1000u);
}

TEST(HeapMemory, of_an_area_that_was_never_used_is_given_back) {
  expect_used_again(shims::HeapMemory::allocate_area, shims::HeapMemory::release_area);
}

TEST(HeapMemory, that_is_not_to_be_had_is_null_at_any_alignment) {
#ifdef VMAREA_POISONS_POOLS
  GTEST_SKIP() << "the address sanitizer ends a program that asks for so much";
#endif
  const volatile std::size_t too_much = ~std::size_t{0} / 4;  // Not known to the compiler.
  EXPECT_EQ(shims::HeapMemory::allocate_area(too_much, 64), nullptr);
  EXPECT_EQ(shims::HeapMemory::allocate_node(too_much, 8), nullptr);
}

TEST(HeapMemory, that_is_retired_is_given_back_at_once) {
  expect_used_again(shims::HeapMemory::allocate_node, shims::HeapMemory::retire_node);
}

}  // namespace
}  // namespace vmarea::test
