// SPDX-License-Identifier: MIT
//
// What a published tree tells readers without a lock: an entry and the facts of its value, as they
// were when the tree last asked.
#include <cstdint>

#include <gtest/gtest.h>
#include <vmarea_shims/maple_tree.hpp>

#include "support/node_memory.hpp"

namespace vmarea::test {
namespace {

struct Thing {
  std::uint64_t low = 1;
  std::uint64_t high = 2;
};
struct BothWords {
  static constexpr std::size_t words = 2;
  using Atomics = shims::StandardAtomics;
  static TreeFacts<words> of(const Thing& thing) noexcept { return {{thing.low, thing.high}}; }
};

class TreeTells : public testing::Test {
 protected:
  static constexpr std::size_t count = 40;  // Three levels of tiny nodes.
  using Tree = shims::MapleTree<Thing, NodeMemory,
                                shims::MapleTreeOptions{4, shims::WriteMode::published}, BothWords>;

  /// Entry i is [10 * i + 5, 10 * i + 7].
  void SetUp() override {
    for (std::size_t i = 0; i < count; ++i) {
      things_[i] = {100 + i, 200 + i};
      ASSERT_TRUE(tree_.assign(10 * i + 5, 10 * i + 7, &things_[i]));
    }
    ASSERT_EQ(tree_.height_for_test(), 3u);
  }
  static void expect_told(const Tree::Told& told, const Thing& thing) {
    EXPECT_EQ(told.value, &thing);
    EXPECT_EQ(told.facts.word[0], thing.low);
    EXPECT_EQ(told.facts.word[1], thing.high);
  }

  NodeMemoryState memory_;
  Thing things_[count];
  Tree tree_{NodeMemory{&memory_}};
};

TEST_F(TreeTells, the_facts_of_the_entry_that_holds_the_key) {
  for (std::size_t i = 0; i < count; ++i) {
    expect_told(tree_.look_up(10 * i + 5), things_[i]);
    expect_told(tree_.look_up(10 * i + 7), things_[i]);
    EXPECT_FALSE(tree_.look_up(10 * i + 4));
    EXPECT_FALSE(tree_.look_up(10 * i + 8));
  }
}

TEST_F(TreeTells, the_facts_of_the_next_entry_from_every_hole) {
  for (std::size_t i = 0; i < count; ++i) {
    for (const TreeKey key : {10 * i, 10 * i + 4, 10 * i + 5, 10 * i + 7}) {
      expect_told(tree_.look_up_at_or_above(key), things_[i]);
    }
  }
  EXPECT_FALSE(tree_.look_up_at_or_above(10 * count));
  EXPECT_FALSE(Tree{NodeMemory{&memory_}}.look_up_at_or_above(0));
}

TEST_F(TreeTells, both_facts_anew_when_it_is_refreshed) {
  for (std::size_t i = 0; i < count; ++i) {
    const Thing before = things_[i];
    things_[i] = {i, i + 1};
    EXPECT_EQ(tree_.look_up(10 * i + 5).facts.word[0], before.low);
    auto hint = tree_.seek(10 * i);
    tree_.refresh(10 * i + 5, i % 2 == 0 ? nullptr : &hint);
    expect_told(tree_.look_up(10 * i + 5), things_[i]);
  }
}

TEST_F(TreeTells, facts_that_move_with_their_entries) {
  for (std::size_t i = 0; i < count; i += 3) {
    ASSERT_TRUE(tree_.assign(10 * i, 10 * i + 5, &things_[0]));
  }
  for (std::size_t i = 0; i < count; ++i) expect_told(tree_.look_up(10 * i + 6), things_[i]);
  for (std::size_t i = 1; i < count; i += 2) {
    ASSERT_TRUE(tree_.assign(10 * i, 10 * i + 9, nullptr));
  }
  for (std::size_t i = 0; i < count; i += 2) expect_told(tree_.look_up(10 * i + 6), things_[i]);
}

TEST_F(TreeTells, the_facts_of_what_a_copy_holds) {
  Tree copy{NodeMemory{&memory_}};
  Thing others[count];
  for (std::size_t i = 0; i < count; ++i) others[i] = {300 + i, 400 + i};
  ASSERT_TRUE(copy.duplicate(tree_, [&](Thing* thing) { return others + (thing - things_); }));
  for (std::size_t i = 0; i < count; ++i) expect_told(copy.look_up(10 * i + 5), others[i]);
}

}  // namespace
}  // namespace vmarea::test
