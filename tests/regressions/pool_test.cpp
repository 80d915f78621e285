// SPDX-License-Identifier: MIT
//
// Pools: what a mistake in them, or in what moves a space, would break without any call that says
// so.
#include <set>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <vmarea/gtest.hpp>
#include <vmarea/vmarea.hpp>
#include <vmarea_shims/userland.hpp>

#include "support/chunk_source.hpp"

namespace vmarea::test {
namespace {

constexpr std::uint64_t page = 4096;
constexpr std::size_t line = shims::pool::line_bytes;

class PoolBug : public testing::Test {
 protected:
  using Chunks = ChunksOf<PoolBug, 50>;
  using Pool = shims::Pool<Chunks>;

  PoolBug() { Chunks::state = {}; }
  ~PoolBug() override {
    EXPECT_TRUE(Chunks::state.live.empty());
    EXPECT_EQ(Chunks::state.misuses, 0u);
  }
  static std::vector<void*> take(Pool& pool, std::size_t count) {
    std::vector<void*> blocks;
    for (std::size_t i = 0; i < count; ++i) blocks.push_back(pool.take(line, line));
    return blocks;
  }
  static void give_back(Pool& pool, const std::vector<void*>& blocks) {
    for (void* const block : blocks) pool.give_back(block);
  }
};

TEST_F(PoolBug, chunk_that_is_empty_goes_back) {
  Pool pool;
  give_back(pool, take(pool, 1000));
  EXPECT_EQ(pool.chunk_count(), 1u);
}

TEST_F(PoolBug, one_empty_chunk_stays) {
  Pool pool;
  const std::vector<void*> blocks = take(pool, 500);
  const std::size_t before = Chunks::state.allocations;
  for (int i = 0; i < 50; ++i) give_back(pool, take(pool, 100));
  EXPECT_LE(Chunks::state.allocations, before + 4);
  give_back(pool, blocks);
}

TEST_F(PoolBug, chunk_that_was_full_is_used_again) {
  Pool pool;
  std::vector<void*> blocks = take(pool, 1000);
  const std::size_t bytes = pool.bytes();
  for (std::size_t i = 0; i < 1000; i += 2) pool.give_back(blocks[i]);
  for (std::size_t i = 0; i < 1000; i += 2) blocks[i] = pool.take(line, line);
  EXPECT_EQ(pool.bytes(), bytes);
  give_back(pool, blocks);
}

TEST_F(PoolBug, no_block_is_given_twice) {
  Pool pool;
  std::vector<void*> blocks = take(pool, 300);
  ASSERT_EQ(std::set<void*>(blocks.begin(), blocks.end()).size(), 300u);
  for (int round = 0; round < 10; ++round) {
    for (std::size_t i = 0; i < 300; i += 2) pool.give_back(blocks[i]);
    for (std::size_t i = 0; i < 300; i += 2) blocks[i] = pool.take(line, line);
    ASSERT_EQ(std::set<void*>(blocks.begin(), blocks.end()).size(), 300u);
  }
  give_back(pool, blocks);
}

TEST_F(PoolBug, limit_is_kept) {
  Pool pool(70);
  const std::vector<void*> blocks = take(pool, 70);
  EXPECT_EQ(pool.take(line, line), nullptr);
  give_back(pool, blocks);
}

TEST_F(PoolBug, larger_block_is_refused) {
  Pool pool;
  const std::vector<void*> blocks = take(pool, 1);
  EXPECT_EQ(pool.take(line + 1, line), nullptr);
  give_back(pool, blocks);
}

TEST_F(PoolBug, chunk_with_a_block_in_use_stays_when_the_pool_ends) {
  {
    Pool pool;
    const std::vector<void*> blocks = take(pool, 200);
    for (std::size_t i = 0; i < 199; ++i) pool.give_back(blocks[i]);
  }
  ASSERT_EQ(Chunks::state.live.size(), 1u);
  Chunks::release(Chunks::state.live.begin()->first, Chunks::chunk_bytes, line);
}

struct PooledHost : shims::UserlandOf<PooledHost, shims::PoolMemoryFrom<ChunksOf<PoolBug, 50>>> {};
using Space = AddressSpace<PooledHost>;

void map_some(Space& space, std::uint64_t count) {
  for (std::uint64_t i = 0; i < count; ++i) {
    ASSERT_TRUE(ok(space.mmap({.address = 0x10'0000 + 2 * i * page,
                               .length = page,
                               .protection = prot::read,
                               .flags = map::private_ | map::anonymous | map::fixed})));
  }
}

TEST_F(PoolBug, space_that_moves_takes_the_pool_of_its_areas_along) {
  Space first;
  map_some(first, 100);
  const Space second = std::move(first);
  EXPECT_EQ(first.services().area_pool->in_use(), 0u);
  EXPECT_EQ(second.services().area_pool->in_use(), 100u);
}

TEST_F(PoolBug, space_that_moves_takes_the_pool_of_its_nodes_along) {
  Space second;
  {
    Space first;
    map_some(first, 300);
    second = std::move(first);
    map_some(first, 1);
  }
  EXPECT_TRUE(is_sound(second));
  ASSERT_TRUE(ok(second.munmap(0x10'0000, 600 * page)));
  EXPECT_EQ(second.area_count(), 0u);
}

TEST_F(PoolBug, copied_handle_has_no_part_of_the_pool) {
  Space first;
  map_some(first, 100);
  const Space second(first.services());
  EXPECT_EQ(second.services().area_pool->in_use(), 0u);
  EXPECT_EQ(second.services().area_pool->bytes(), 0u);
}

}  // namespace
}  // namespace vmarea::test
