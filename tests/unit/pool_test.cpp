// SPDX-License-Identifier: MIT
//
// A pool alone: what it takes from its source, in which order it gives blocks, and what goes back.
//
//   "aaaa a.a. ...."    three chunks of four blocks; a letter is in use, a dot is not
#include <algorithm>
#include <cstdint>
#include <cstring>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <vmarea_shims/pool.hpp>

#include "support/chunk_source.hpp"

namespace vmarea::test {
namespace {

constexpr std::size_t line = shims::pool::line_bytes;

class PoolTest : public testing::Test {
 protected:
  using Chunks = ChunksOf<PoolTest>;
  using Pool = shims::Pool<Chunks>;

  PoolTest() { Chunks::state = {}; }
  ~PoolTest() override {
    EXPECT_TRUE(Chunks::state.live.empty());
    EXPECT_EQ(Chunks::state.misuses, 0u);
  }

  char* take(Pool& pool) {
    char* const block = static_cast<char*>(pool.take(line, line));
    if (block == nullptr) return nullptr;
    std::memset(block, 0xcc, line);
    EXPECT_TRUE(in_use_.insert(block).second) << "a block is given twice";
    return block;
  }
  std::vector<char*> take(Pool& pool, std::size_t count) {
    std::vector<char*> taken;
    while (taken.size() < count) taken.push_back(take(pool));
    return taken;
  }
  void give_back(Pool& pool, char* block) {
    in_use_.erase(block);
    pool.give_back(block);
  }
  void give_back(Pool& pool, const std::vector<char*>& blocks) {
    for (char* const block : blocks) give_back(pool, block);
  }
  std::string picture() const { return Chunks::picture(in_use_); }

  std::set<void*> in_use_;
};

TEST_F(PoolTest, takes_nothing_before_the_first_block) {
  Pool pool;
  EXPECT_EQ(pool.bytes(), 0u);
  EXPECT_EQ(pool.chunk_count(), 0u);
  pool.trim();
  EXPECT_EQ(Chunks::state.allocations, 0u);
}

TEST_F(PoolTest, gives_the_blocks_of_a_chunk_in_their_order) {
  Pool pool;
  const std::vector<char*> taken = take(pool, 3);
  EXPECT_EQ(picture(), "aaa.");
  EXPECT_EQ(taken[1] - taken[0], 64);
  EXPECT_EQ(taken[2] - taken[1], 64);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(taken[0]) % line, 0u);
  give_back(pool, taken);
}

TEST_F(PoolTest, gives_first_what_came_back_last) {
  Pool pool;
  const std::vector<char*> taken = take(pool, 4);
  give_back(pool, taken[1]);
  give_back(pool, taken[3]);
  EXPECT_EQ(take(pool), taken[3]);
  EXPECT_EQ(take(pool), taken[1]);
  give_back(pool, taken);
}

TEST_F(PoolTest, rounds_blocks_up_to_their_alignment) {
  Pool pool;
  void* const block = pool.take(33, 32);
  EXPECT_EQ(pool.block_bytes(), 64u);
  EXPECT_EQ(pool.take(65, 32), nullptr);
  pool.give_back(block);
  Pool tiny;
  void* const byte = tiny.take(1, 1);
  EXPECT_EQ(tiny.block_bytes(), sizeof(void*));
  tiny.give_back(byte);
  Pool aligned;
  void* const wide = aligned.take(line, 4 * line);
  EXPECT_EQ(aligned.block_bytes(), 4 * line);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(wide) % (4 * line), 0u);
  aligned.give_back(wide);
}

TEST_F(PoolTest, returns_a_chunk_when_its_last_block_is_back) {
  Pool pool;
  std::vector<char*> taken = take(pool, 12);
  std::sort(taken.begin(), taken.end());
  ASSERT_EQ(picture(), "aaaa aaaa aaaa");
  for (const std::size_t each : {4u, 5u, 7u}) give_back(pool, taken[each]);
  pool.trim();
  EXPECT_EQ(picture(), "aaaa ..a. aaaa");
  give_back(pool, taken[6]);
  pool.trim();
  EXPECT_EQ(picture(), "aaaa aaaa");
  give_back(pool, taken[0]);
  pool.trim();
  EXPECT_EQ(picture(), ".aaa aaaa");
  EXPECT_EQ(take(pool), taken[0]);  // There is room in it, so no other is taken.
  EXPECT_EQ(picture(), "aaaa aaaa");
  for (const std::size_t each : {0u, 1u, 2u, 3u, 8u, 9u, 10u, 11u}) give_back(pool, taken[each]);
}

TEST_F(PoolTest, keeps_one_empty_chunk) {
  Pool pool;
  const std::vector<char*> taken = take(pool, 400);
  EXPECT_EQ(pool.chunk_count(), 100u);
  give_back(pool, taken);
  EXPECT_EQ(pool.in_use(), 0u);
  EXPECT_EQ(picture(), "....");
  pool.trim();
  EXPECT_EQ(picture(), "");
  EXPECT_EQ(take(pool, 1).size(), 1u);
  EXPECT_EQ(picture(), "a...");
  give_back(pool, static_cast<char*>(*in_use_.begin()));
}

TEST_F(PoolTest, at_the_edge_of_a_chunk_does_not_ask_the_source_again_and_again) {
  Pool pool;
  const std::vector<char*> taken = take(pool, 800);
  const std::size_t before = Chunks::state.allocations;
  for (int i = 0; i < 1000; ++i) {
    const char* const last = take(pool, 5).back();
    EXPECT_NE(last, nullptr);
    std::vector<char*> more;
    for (void* const block : in_use_) {
      if (std::find(taken.begin(), taken.end(), block) == taken.end()) {
        more.push_back(static_cast<char*>(block));
      }
    }
    give_back(pool, more);
    if (i % 10 == 0) pool.take(line + 1, line);  // Refused, which changes nothing.
  }
  EXPECT_LE(Chunks::state.allocations, before + 2);
  give_back(pool, taken);
}

TEST_F(PoolTest, with_a_limit_gives_no_block_more) {
  Pool pool(10);
  const std::vector<char*> taken = take(pool, 10);
  EXPECT_EQ(pool.take(line, line), nullptr);
  EXPECT_EQ(pool.in_use(), 10u);
  EXPECT_EQ(pool.bytes(), Chunks::state.bytes());
  EXPECT_LT(Chunks::state.bytes(), 3 * Chunks::chunk_bytes + sizeof(shims::pool::ChunkList));
  give_back(pool, taken[4]);
  EXPECT_EQ(take(pool), taken[4]);
  EXPECT_EQ(pool.take(line, line), nullptr);
  give_back(pool, taken);
  pool.trim();
  const std::vector<char*> again = take(pool, 10);  // What went back to the source counts no more.
  EXPECT_EQ(pool.take(line, line), nullptr);
  give_back(pool, again);
}

TEST_F(PoolTest, goes_on_after_its_source_had_nothing) {
  Pool pool;
  for (std::size_t allowed = 0; allowed < 2; ++allowed) {  // The list, then the first chunk.
    Chunks::state.allowed = allowed;
    EXPECT_EQ(pool.take(line, line), nullptr);
    EXPECT_EQ(pool.in_use(), 0u);
  }
  std::size_t refused = 0;
  std::vector<char*> taken;
  while (taken.size() < 200) {  // The list grows several times.
    Chunks::state.allowed = 0;
    char* block = take(pool);
    refused += block == nullptr ? 1 : 0;
    Chunks::state.allowed = 1;
    if (block == nullptr) block = take(pool);
    refused += block == nullptr ? 1 : 0;
    Chunks::state.allowed = 2;
    if (block == nullptr) block = take(pool);
    ASSERT_NE(block, nullptr);
    taken.push_back(block);
    EXPECT_EQ(pool.in_use(), taken.size());
  }
  EXPECT_GT(refused, 50u);
  EXPECT_EQ(pool.bytes(), Chunks::state.bytes());
  give_back(pool, taken);
}

TEST_F(PoolTest, of_a_large_chunk_hands_out_a_part_so_that_what_came_back_last_is_next) {
  using Large = ChunksOf<struct LargeChunks, 200>;
  Large::state = {};
  shims::Pool<Large> pool;
  void* const first = pool.take(line, line);
  void* const second = pool.take(line, line);
  pool.give_back(second);
  EXPECT_EQ(pool.take(line, line), second);
  pool.give_back(second);
  pool.give_back(first);
}

/// Chunks of two sizes at first, and then a part of what there is; lists only while allowed.
struct GrowingChunks {
  static constexpr std::size_t first_chunk_bytes = 3 * line;
  static constexpr std::size_t chunk_bytes_min = 5 * line;
  static constexpr std::size_t chunk_bytes_max = 9 * line;
  static inline std::vector<std::size_t> chunks;  // Bytes of each.
  static inline bool gives_lists = true;

  static void* allocate(std::size_t bytes, std::size_t alignment) noexcept {
    const bool is_list = alignment < line && bytes != sizeof(shims::pool::ChunkList);
    if (is_list && !gives_lists) return nullptr;
    if (alignment == line) chunks.push_back(bytes);
    return shims::HeapMemory::allocate(bytes, alignment);
  }
  static void release(void* start, std::size_t bytes, std::size_t alignment) noexcept {
    shims::HeapMemory::release(start, bytes, alignment);
  }
};

TEST_F(PoolTest, takes_chunks_of_a_32nd_of_what_there_is_within_the_bounds_of_its_source) {
  GrowingChunks::chunks.clear();
  shims::Pool<GrowingChunks> pool;
  std::vector<void*> taken;
  while (GrowingChunks::chunks.size() < 80) taken.push_back(pool.take(line, line));
  const std::vector<std::size_t>& chunks = GrowingChunks::chunks;
  EXPECT_EQ(chunks[0], 3 * line);
  std::size_t sum = chunks[0];
  for (std::size_t i = 1; i < chunks.size(); ++i) {
    const std::size_t lines = std::clamp<std::size_t>(sum / 32 / line, 5, 9);
    EXPECT_EQ(chunks[i], lines * line) << i;
    sum += chunks[i];
  }
  EXPECT_EQ(chunks.back(), 9 * line);
  for (void* const block : taken) pool.give_back(block);
}

TEST_F(PoolTest, gives_no_block_of_a_chunk_that_its_list_has_no_room_for) {
  GrowingChunks::chunks.clear();
  shims::Pool<GrowingChunks> pool;
  std::vector<void*> taken;
  GrowingChunks::gives_lists = false;
  while (void* const block = taken.size() < 100 ? pool.take(line, line) : nullptr) {
    taken.push_back(block);
  }
  GrowingChunks::gives_lists = true;
  EXPECT_EQ(pool.chunk_count(), shims::pool::ChunkList::few_max);
  taken.push_back(pool.take(line, line));
  EXPECT_NE(taken.back(), nullptr);
  for (void* const block : taken) pool.give_back(block);
}

TEST_F(PoolTest, moved_takes_everything_along) {
  Pool first;
  std::vector<char*> taken = take(first, 6);
  Pool second = std::move(first);
  EXPECT_EQ(first.in_use(), 0u);
  EXPECT_EQ(first.bytes(), 0u);
  EXPECT_EQ(second.in_use(), 6u);
  char* const own = take(first);
  EXPECT_EQ(std::count(taken.begin(), taken.end(), own), 0);
  give_back(first, own);
  give_back(second, taken);
}

TEST_F(PoolTest, that_ends_leaves_the_chunks_whose_blocks_are_in_use) {
  std::vector<char*> taken;
  {
    Pool pool;
    taken = take(pool, 12);
    std::sort(taken.begin(), taken.end());
    for (std::size_t i = 0; i < 12; ++i) {
      if (i != 5) give_back(pool, taken[i]);
    }
  }
  EXPECT_EQ(picture(), ".a..");
  std::memset(taken[5], 0xcc, line);
  Chunks::release(taken[5] - 2 * line, Chunks::chunk_bytes, line);
}

using PoolDeathTest = PoolTest;

TEST_F(PoolDeathTest, block_of_another_pool_stops_the_program) {
  Pool pool;
  Pool other;
  char* const own = take(pool);
  char* const foreign = take(other);
  EXPECT_DEATH(
      {
        pool.give_back(foreign);
        pool.trim();
      },
      "");
  give_back(pool, own);
  give_back(other, foreign);
}
TEST_F(PoolDeathTest, block_below_all_chunks_stops_the_program) {
  Pool pool;
  char* const own = take(pool);
  alignas(line) static char below[line];  // Of the program itself, which lies below its heap.
  ASSERT_LT(&below[0], own);
  EXPECT_DEATH(
      {
        pool.give_back(below);
        pool.trim();
      },
      "");
  give_back(pool, own);
}

TEST_F(PoolDeathTest, block_in_no_use_is_poisoned_where_the_address_sanitizer_is) {
#ifdef VMAREA_POISONS_POOLS
  Pool pool;
  char* const block = take(pool);
  EXPECT_DEATH(block[line] = 1, "use-after-poison");  // Never handed out.
  give_back(pool, block);
  EXPECT_DEATH(block[0] = 1, "use-after-poison");
  EXPECT_DEATH(pool.give_back(block), "use-after-poison");
  EXPECT_EQ(take(pool), block);
  block[0] = 1;
  give_back(pool, block);
#else
  GTEST_SKIP() << "no address sanitizer";
#endif
}

/// 1,000,000 times a block is taken or given back, at random; how many are in use goes up and down.
TEST_F(PoolTest, holds_what_the_blocks_of_a_million_random_steps_hold) {
  using Varied = ChunksOf<struct VariedChunks, 63>;
  Varied::state = {};
  {
    shims::Pool<Varied> pool;
    std::mt19937_64 random(7);
    struct Held {
      std::uint64_t* block;
      std::uint64_t content;
    };
    std::vector<Held> held;
    std::size_t most = 0;
    for (int step = 0; step < 1'000'000; ++step) {
      const std::size_t wanted = step / 100'000 % 2 == 0 ? 20'000 : 100;  // It goes there.
      const bool takes = random() % 8 < (held.size() < wanted ? 5u : 3u) || held.empty();
      if (takes) {
        auto* const block = static_cast<std::uint64_t*>(pool.take(line, line));
        for (std::size_t i = 0; i < 8; ++i) block[i] = static_cast<std::uint64_t>(step) + i;
        held.push_back({block, static_cast<std::uint64_t>(step)});
      } else {
        std::swap(held[random() % held.size()], held.back());
        const Held& gone = held.back();
        for (std::size_t i = 0; i < 8; ++i) ASSERT_EQ(gone.block[i], gone.content + i);
        pool.give_back(gone.block);
        held.pop_back();
      }
      ASSERT_EQ(pool.in_use(), held.size());
      most = std::max(most, held.size());
      if (step % 1000 == 0) {
        ASSERT_EQ(pool.bytes(), Varied::state.bytes());
      }
    }
    EXPECT_GT(most, 10'000u);
    for (const Held& each : held) pool.give_back(each.block);
    EXPECT_EQ(pool.chunk_count(), 1u);
  }
  EXPECT_TRUE(Varied::state.live.empty());
  EXPECT_EQ(Varied::state.misuses, 0u);
}

}  // namespace
}  // namespace vmarea::test
