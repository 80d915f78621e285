// SPDX-License-Identifier: MIT
//
// Pools of fixed size, alone and as the memory of a host.
#include <cstdint>

#include <gtest/gtest.h>
#include <vmarea/vmarea.hpp>
#include <vmarea_shims/fixed_pool.hpp>
#include <vmarea_shims/userland.hpp>

#include "support/bare_host.hpp"

namespace vmarea::test {
namespace {

using SmallPool = shims::FixedPool<48, 3>;

TEST(FixedPool, gives_each_block_once_and_again_when_it_came_back) {
  static constinit SmallPool pool;
  void* const first = pool.take(48, 64);
  void* const second = pool.take(1, 1);
  void* const third = pool.take(48, 8);
  EXPECT_EQ(pool.in_use(), 3u);
  EXPECT_NE(first, second);
  EXPECT_NE(second, third);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(second) % 64, 0u);
  EXPECT_EQ(pool.take(1, 1), nullptr);
  pool.give_back(second);
  EXPECT_EQ(pool.take(1, 1), second);
  pool.give_back(first);
  pool.give_back(second);
  pool.give_back(third);
  EXPECT_EQ(pool.in_use(), 0u);
}

TEST(FixedPool, refuses_what_no_block_can_hold) {
  static constinit SmallPool pool;
  EXPECT_EQ(pool.take(49, 1), nullptr);
  EXPECT_EQ(pool.take(1, 128), nullptr);
  pool.set_limit(0);
  EXPECT_EQ(pool.take(1, 1), nullptr);
  EXPECT_EQ(pool.in_use(), 0u);
}

TEST(FixedPool, with_a_limit_gives_that_many_blocks) {
  static constinit SmallPool pool;
  pool.set_limit(2);
  EXPECT_NE(pool.take(1, 1), nullptr);
  void* const second = pool.take(1, 1);
  EXPECT_NE(second, nullptr);
  EXPECT_EQ(pool.take(1, 1), nullptr);
  pool.give_back(second);
  EXPECT_EQ(pool.take(1, 1), second);
}

TEST(FixedPoolDeathTest, block_of_another_pool_stops_the_program) {
  static constinit SmallPool pool;
  static constinit SmallPool other;
  (void)pool.take(1, 1);
  void* const foreign = other.take(1, 1);
  EXPECT_DEATH(pool.give_back(foreign), "");
  EXPECT_DEATH(pool.give_back(nullptr), "");
}

TEST(FixedPoolDeathTest, block_behind_the_last_or_one_too_many_stops_the_program) {
  static constinit SmallPool pool;
  EXPECT_DEATH(
      {
        (void)pool.take(1, 1);
        (void)pool.take(1, 1);
        pool.give_back(static_cast<char*>(pool.take(1, 1)) + 64);
      },
      "");
  EXPECT_DEATH(
      {
        void* const block = pool.take(1, 1);
        pool.give_back(block);
        pool.give_back(block);
      },
      "");
}

constinit shims::FixedPool<64, 1, 8> wide;

TEST(FixedMemory, asks_for_the_bytes_and_the_alignment_of_an_area) {
  using Memory = shims::FixedMemory<wide, wide>;
  EXPECT_EQ(Memory::allocate_area(8, 64), nullptr);
  void* const area = Memory::allocate_area(64, 8);
  EXPECT_NE(area, nullptr);
  Memory::release_area(area, 64, 8);
}

constinit shims::FixedPool<64, 4> areas;
constinit shims::FixedPool<shims::default_node_bytes, 4> nodes;
using FourAreas = shims::FixedMemory<areas, nodes>;

struct SmallHost : BareHost<FourAreas>, shims::AbortOnBrokenPromise {};
static_assert(area_bytes<SmallHost> == 64);

TEST(FixedPool, host_without_a_block_left_answers_no_memory_and_changes_nothing) {
  {
    AddressSpace<SmallHost> space;
    const Result<Address> at = space.mmap({.length = 0x5000, .protection = prot::read});
    ASSERT_TRUE(at);
    EXPECT_TRUE(space.mprotect(*at + 0x1000, 0x1000, prot::none));
    EXPECT_EQ(space.area_count(), 3u);
    EXPECT_EQ(space.mprotect(*at + 0x3000, 0x1000, prot::none).error(), Error::no_memory);
    EXPECT_EQ(space.area_count(), 3u);
    EXPECT_FALSE(check(space.state()));
    EXPECT_TRUE(space.mprotect(*at + 0x1000, 0x1000, prot::read));
    EXPECT_EQ(areas.in_use(), 1u);
  }
  EXPECT_EQ(areas.in_use(), 0u);
  EXPECT_EQ(nodes.in_use(), 0u);
}

}  // namespace
}  // namespace vmarea::test
