// SPDX-License-Identifier: MIT
//
// A pool whose blocks readers may hold: where no more are to be had, those whose grace period is
// over are used again, and those that a reader may look at are not.
#include <gtest/gtest.h>
#include <vmarea_shims/epochs.hpp>
#include <vmarea_shims/retiring_pool.hpp>

#include "support/chunk_source.hpp"

namespace vmarea::test {
namespace {

using Chunks = ChunksOf<struct RetiringPoolChunks>;
using Epochs = shims::Epochs<>;

class RetiringPoolTest : public ::testing::Test {
 protected:
  static constexpr std::size_t bytes = shims::pool::line_bytes;
  static constexpr std::size_t no_limit = ~std::size_t{0};
  void* take() { return pool_.take(epochs_, bytes, bytes); }
  void retire(void* block) {
    pool_.retire(block);
    pool_.publish(epochs_);
  }
  ~RetiringPoolTest() override { Chunks::state.allowed = no_limit; }

  Epochs epochs_;
  shims::RetiringPool<Chunks, shims::StandardAtomics, Epochs> pool_{2};
};

TEST_F(RetiringPoolTest, block_that_is_over_serves_again_when_all_are_used) {
  void* const first = take();
  void* const second = take();
  ASSERT_TRUE(first != nullptr && second != nullptr);
  EXPECT_EQ(take(), nullptr) << "none was retired";
  retire(first);
  EXPECT_EQ(pool_.waiting(), 1u);
  EXPECT_EQ(take(), first);
  EXPECT_EQ(pool_.waiting(), 0u);
  pool_.give_back(first);
  pool_.give_back(second);
  EXPECT_EQ(pool_.in_use(), 0u);
}

TEST_F(RetiringPoolTest, block_that_a_reader_may_hold_does_not) {
  void* const first = take();
  void* const second = take();
  const Epochs::Guest guest = epochs_.enter_guest();
  retire(first);
  EXPECT_EQ(take(), nullptr);
  EXPECT_EQ(pool_.waiting(), 1u);
  epochs_.exit_guest(guest);
  EXPECT_EQ(take(), first);
  pool_.give_back(first);
  pool_.give_back(second);
}

TEST_F(RetiringPoolTest, block_has_a_place_to_wait_in_or_is_not_given) {
  Chunks::state.allowed = 0;
  EXPECT_EQ(take(), nullptr) << "no memory for a place";
  Chunks::state.allowed = 1;
  EXPECT_EQ(take(), nullptr) << "a place and no memory for a block";
  Chunks::state.allowed = no_limit;
  void* const block = take();
  EXPECT_NE(block, nullptr);
  pool_.give_back(block);
}

}  // namespace
}  // namespace vmarea::test
