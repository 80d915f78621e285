// SPDX-License-Identifier: MIT
//
// What waits for its grace period: when it is given back, and that there is always a place for it.
#include <cstddef>
#include <cstdint>
#include <deque>
#include <random>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <vmarea_shims/epochs.hpp>
#include <vmarea_shims/memory.hpp>
#include <vmarea_shims/retired.hpp>

namespace vmarea::test {
namespace {

/// Memory from malloc that may refuse, and counts.
struct Budget {
  std::size_t batches = 0;
  bool refuses = false;
};
struct CountedMemory {
  Budget* budget = nullptr;

  void* allocate(std::size_t bytes, std::size_t alignment) const noexcept {
    if (budget->refuses) return nullptr;
    ++budget->batches;
    return shims::HeapMemory::allocate(bytes, alignment);
  }
  void release(void* batch, std::size_t bytes, std::size_t alignment) const noexcept {
    --budget->batches;
    shims::HeapMemory::release(batch, bytes, alignment);
  }
};

template <std::size_t BatchSize>
using ListOf = shims::RetiredList<shims::StandardAtomics, CountedMemory, BatchSize>;
static_assert(shims::RetiredList<shims::StandardAtomics, CountedMemory>::batch_size == 256);

/// Objects are the bytes of an array, and are compared by their numbers.
struct Stage {
  Budget budget;
  shims::Epochs<> epochs;
  std::byte objects[2000];
  std::vector<std::size_t> given;

  auto give_back() {
    return [this](void* object) {
      given.push_back(static_cast<std::size_t>(static_cast<std::byte*>(object) - objects));
    };
  }
  template <class List>
  void retire(List& list, std::size_t object) {
    ASSERT_TRUE(list.reserve_place());
    list.retire(&objects[object]);
  }
  bool are_given(std::size_t upto) const {
    if (given.size() != upto) return false;
    for (std::size_t i = 0; i < upto; ++i) {
      if (given[i] != i) return false;
    }
    return true;
  }
};

TEST(RetiredList, full_batch_is_given_back_in_order_when_its_stamp_is_over) {
  Stage stage;
  ListOf<4> list{CountedMemory{&stage.budget}};
  for (std::size_t i = 0; i < 4; ++i) stage.retire(list, i);
  EXPECT_EQ(list.reclaim(stage.epochs, stage.give_back()), 0u);  // It is not published.
  list.publish(stage.epochs);
  EXPECT_EQ(list.queued(), 4u);
  EXPECT_EQ(list.reclaim(stage.epochs, stage.give_back()), 4u);
  EXPECT_TRUE(stage.are_given(4));
  EXPECT_EQ(list.queued(), 0u);
  EXPECT_EQ(list.drain(stage.give_back()), 0u);
}

TEST(RetiredList, waits_for_readers_that_were_there) {
  Stage stage;
  ListOf<4> list{CountedMemory{&stage.budget}};
  const shims::Epochs<>::Guest reader = stage.epochs.enter_guest();
  for (std::size_t i = 0; i < 6; ++i) stage.retire(list, i);
  list.publish(stage.epochs);
  EXPECT_EQ(list.reclaim(stage.epochs, stage.give_back()), 0u);
  EXPECT_EQ(list.reclaim_early(stage.epochs, stage.give_back()), 0u);
  stage.epochs.exit_guest(reader);
  EXPECT_EQ(list.reclaim(stage.epochs, stage.give_back()), 6u);
  EXPECT_TRUE(stage.are_given(6));
}

// [ 0 1 2 3 ][ 4 5 . . ]     the second batch gets its stamp early, and goes on behind it
TEST(RetiredList, batch_that_is_not_full_waits_unless_memory_is_short) {
  Stage stage;
  ListOf<4> list{CountedMemory{&stage.budget}};
  for (std::size_t i = 0; i < 6; ++i) stage.retire(list, i);
  list.publish(stage.epochs);
  EXPECT_EQ(list.reclaim(stage.epochs, stage.give_back()), 4u);
  EXPECT_EQ(list.reclaim(stage.epochs, stage.give_back()), 0u);
  EXPECT_EQ(list.queued(), 2u);
  EXPECT_EQ(list.reclaim_early(stage.epochs, stage.give_back()), 2u);
  EXPECT_TRUE(stage.are_given(6));
  for (std::size_t i = 6; i < 8; ++i) stage.retire(list, i);
  list.publish(stage.epochs);
  EXPECT_EQ(list.reclaim(stage.epochs, stage.give_back()), 0u);
  EXPECT_EQ(list.drain(stage.give_back()), 2u);
  EXPECT_TRUE(stage.are_given(8));
}

// A reader waits in turn with each: what is stamped is not made to wait for a later stamp.
TEST(RetiredList, stamp_that_was_given_early_stays) {
  Stage stage;
  ListOf<8> list{CountedMemory{&stage.budget}};
  shims::Epochs<>::Guest reader = stage.epochs.enter_guest();
  stage.retire(list, 0);
  list.publish(stage.epochs);
  EXPECT_EQ(list.reclaim_early(stage.epochs, stage.give_back()), 0u);
  const shims::Epochs<>::Guest later = stage.epochs.enter_guest();
  stage.retire(list, 1);
  list.publish(stage.epochs);
  EXPECT_EQ(list.reclaim_early(stage.epochs, stage.give_back()), 0u);
  stage.epochs.exit_guest(reader);
  EXPECT_EQ(list.reclaim_early(stage.epochs, stage.give_back()), 1u);
  EXPECT_TRUE(stage.are_given(1));
  stage.epochs.exit_guest(later);
  EXPECT_EQ(list.reclaim_early(stage.epochs, stage.give_back()), 1u);
  EXPECT_TRUE(stage.are_given(2));
}

TEST(RetiredList, what_is_not_published_is_not_stamped_early) {
  Stage stage;
  ListOf<4> list{CountedMemory{&stage.budget}};
  stage.retire(list, 0);
  EXPECT_EQ(list.reclaim_early(stage.epochs, stage.give_back()), 0u);
  list.publish(stage.epochs);
  EXPECT_EQ(list.reclaim_early(stage.epochs, stage.give_back()), 1u);
}

TEST(RetiredList, place_is_refused_without_memory_and_changes_nothing) {
  Stage stage;
  ListOf<2> list{CountedMemory{&stage.budget}};
  stage.budget.refuses = true;
  EXPECT_FALSE(list.reserve_place());
  EXPECT_EQ(list.places_taken(), 0u);
  stage.budget.refuses = false;
  EXPECT_TRUE(list.reserve_place());
  stage.budget.refuses = true;
  EXPECT_TRUE(list.reserve_place());
  EXPECT_FALSE(list.reserve_place());
  EXPECT_EQ(list.places_taken(), 2u);
  list.forgo_place();
  EXPECT_TRUE(list.reserve_place());
  list.retire(&stage.objects[0]);
  list.retire(&stage.objects[1]);
  EXPECT_FALSE(list.reserve_place());
  EXPECT_EQ(list.drain(stage.give_back()), 2u);
  EXPECT_TRUE(stage.are_given(2));
  EXPECT_TRUE(list.reserve_place());
  list.forgo_place();
}

TEST(RetiredListDeathTest, object_without_a_place_stops_the_program) {
  Stage stage;
  ListOf<4> list{CountedMemory{&stage.budget}};
  EXPECT_DEATH(list.retire(&stage.objects[0]), "");
  EXPECT_DEATH(list.forgo_place(), "");
}

TEST(RetiredList, memory_follows_the_objects) {
  Stage stage;
  {
    ListOf<4> list{CountedMemory{&stage.budget}};
    for (std::size_t i = 0; i < 1000; ++i) ASSERT_TRUE(list.reserve_place());
    EXPECT_EQ(stage.budget.batches, 250u);
    EXPECT_EQ(list.bytes() % stage.budget.batches, 0u);
    for (std::size_t i = 0; i < 400; ++i) list.retire(&stage.objects[i]);
    for (std::size_t i = 0; i < 500; ++i) list.forgo_place();
    EXPECT_LE(stage.budget.batches, 252u - 125u);
    EXPECT_EQ(list.drain(stage.give_back()), 400u);
    EXPECT_TRUE(stage.are_given(400));
    EXPECT_LE(stage.budget.batches, 27u);
    for (std::size_t i = 0; i < 100; ++i) list.forgo_place();
    EXPECT_LE(stage.budget.batches, 2u);
  }
  EXPECT_EQ(stage.budget.batches, 0u);
}

TEST(RetiredList, list_that_moves_takes_everything_along) {
  Stage stage;
  ListOf<4> first{CountedMemory{&stage.budget}};
  ASSERT_TRUE(first.reserve_place());
  for (std::size_t i = 0; i < 6; ++i) stage.retire(first, i);
  ListOf<4> list = std::move(first);
  EXPECT_EQ(list.queued(), 6u);
  EXPECT_EQ(list.places_taken(), 1u);
  stage.budget.refuses = true;
  EXPECT_TRUE(list.reserve_place());
  EXPECT_FALSE(list.reserve_place());
  EXPECT_FALSE(first.reserve_place());
  stage.budget.refuses = false;
  list.publish(stage.epochs);
  EXPECT_EQ(list.reclaim_early(stage.epochs, stage.give_back()), 6u);
  EXPECT_TRUE(stage.are_given(6));
  list.forgo_place();
  list.forgo_place();
}

TEST(RetiredList, list_that_ends_while_objects_wait_keeps_no_memory) {
  Stage stage;
  {
    ListOf<4> list{CountedMemory{&stage.budget}};
    for (std::size_t i = 0; i < 10; ++i) stage.retire(list, i);
    EXPECT_EQ(stage.budget.batches, 3u);
  }
  EXPECT_EQ(stage.budget.batches, 0u);
  EXPECT_TRUE(stage.given.empty());
}

/// What a list should do, told by a queue of numbers: what is published, and whether a reader that
/// came before it is left.
class Random {
 public:
  explicit Random(unsigned seed) : random_(seed) {}

  void run(unsigned steps) {
    for (unsigned i = 0; i < steps && !::testing::Test::HasFailure(); ++i) step(random_() % 16);
    while (!readers_.empty()) leave();
    list_.publish(stage_.epochs);
    list_.reclaim_early(stage_.epochs, stage_.give_back());
    EXPECT_TRUE(stage_.are_given(next_));
    for (; in_use_ > 0; --in_use_) list_.forgo_place();
    EXPECT_EQ(list_.queued(), 0u);
  }

 private:
  void step(unsigned kind) {
    stage_.budget.refuses = random_() % 3 == 0;
    if (kind < 6) {
      const std::size_t places = list_.places_taken();
      in_use_ += list_.reserve_place() ? 1u : 0u;
      EXPECT_EQ(list_.places_taken(), in_use_);
      EXPECT_GE(in_use_, places);
    } else if (kind < 11 && in_use_ > 0 && next_ < 2000) {
      --in_use_;
      list_.retire(&stage_.objects[next_++]);
    } else if (kind == 11 && in_use_ > 0) {
      --in_use_;
      list_.forgo_place();
    } else if (kind == 12) {
      list_.publish(stage_.epochs);
      published_ = next_;
      list_.reclaim(stage_.epochs, stage_.give_back());
    } else if (kind == 13) {
      list_.reclaim_early(stage_.epochs, stage_.give_back());
    } else if (kind == 14) {
      readers_.push_back({stage_.epochs.enter_guest(), published_});
    } else if (!readers_.empty()) {
      leave();
    }
    check();
  }
  void leave() {
    stage_.epochs.exit_guest(readers_.front().guest);
    readers_.pop_front();
  }
  /// Everything is given back in order, and nothing that a reader may have found.
  void check() {
    EXPECT_TRUE(stage_.are_given(stage_.given.size()));
    EXPECT_EQ(list_.queued(), next_ - stage_.given.size());
    for (const Reader& reader : readers_) EXPECT_LE(stage_.given.size(), reader.gone_before);
    const std::size_t used = list_.queued() + in_use_;
    EXPECT_LE(stage_.budget.batches, (used + batch_size - 1) / batch_size + 4);
  }

  struct Reader {
    shims::Epochs<>::Guest guest;
    std::size_t gone_before;  // Objects that it cannot find.
  };
  static constexpr std::size_t batch_size = 4;

  std::minstd_rand random_;
  Stage stage_;
  ListOf<batch_size> list_{CountedMemory{&stage_.budget}};
  std::deque<Reader> readers_;
  std::size_t in_use_ = 0;
  std::size_t next_ = 0;
  std::size_t published_ = 0;
};

TEST(RetiredList, random_calls_give_back_in_order_and_never_too_early) {
  for (unsigned seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE(seed);
    Random(seed).run(500);
  }
}

}  // namespace
}  // namespace vmarea::test
