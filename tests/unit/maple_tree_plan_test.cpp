// SPDX-License-Identifier: MIT
//
// How many nodes the plan of a replace counts, to the node: too few end in a broken promise, which
// other tests see, but one too many only costs memory, which none else sees.
//
//   {2, 4, 3}     the way to a key: a root of 2 children, a node of 4, a leaf of 3 entries
//
// A node of 4 slots counts as having at least 2, for neighbours may be joined up to that many; one
// of 15 as having 11.
#include <deque>
#include <initializer_list>

#include <gtest/gtest.h>
#include <vmarea_shims/maple_tree.hpp>

#include "support/maple_configs.hpp"
#include "support/node_memory.hpp"

namespace vmarea::test {
namespace {

using Tiny = shims::maple::Node<4>;
using Default = shims::maple::Node<15>;
using shims::maple::has_room;
using shims::maple::plan_copies;
using shims::maple::plan_insertion;
using shims::maple::plan_levels_above;
using shims::maple::plan_splits;

/// One way down, along the last child of each node; every other child is missing.
struct Way {
  static constexpr TreeKey key = 1000;

  Way(std::initializer_list<std::size_t> counts) : height(counts.size() - 1) {
    for (const std::size_t count : counts) {
      Tiny& node = nodes.emplace_back();
      node.truncate(count);
      for (std::size_t i = 0; i < count; ++i) node.set_slot(i, {i * 10, 0, nullptr});
    }
    for (std::size_t i = 0; i < height; ++i) {
      nodes[i].value_or_child[nodes[i].count - 1] = &nodes[i + 1];
    }
  }
  shims::maple::Root<Tiny> root() { return {&nodes.front(), height}; }

  std::deque<Tiny> nodes;
  std::size_t height;
};
constexpr shims::maple::Root<Tiny> empty_tree{};

std::size_t splits(Way way, std::size_t grown, std::size_t before = 0) {
  return plan_splits(way.root(), Way::key, grown, before);
}
std::size_t insertion(Way way, std::size_t grown, std::size_t before = 0) {
  return plan_insertion(way.root(), Way::key, grown, before);
}
std::size_t copies(Way way, bool in_one_leaf, std::size_t erased, std::size_t grown,
                   std::size_t before = 0) {
  return plan_copies(way.root(), in_one_leaf, erased, grown, before);
}

TEST(Plan, a_node_has_room_as_if_it_were_joined_already) {
  EXPECT_TRUE(has_room<Tiny>(0, 1, 1));
  EXPECT_TRUE(has_room<Tiny>(2, 1, 1));
  EXPECT_FALSE(has_room<Tiny>(0, 1, 2));
  EXPECT_FALSE(has_room<Tiny>(0, 2, 1));
  EXPECT_TRUE(has_room<Tiny>(3, 0, 1));
  EXPECT_FALSE(has_room<Tiny>(3, 1, 1));
  EXPECT_FALSE(has_room<Tiny>(4, 0, 1));
  EXPECT_TRUE(has_room<Default>(11, 1, 3));
  EXPECT_TRUE(has_room<Default>(12, 0, 3));
  EXPECT_FALSE(has_room<Default>(12, 1, 3));
}

TEST(Plan, levels_above_the_root_until_one_has_room) {
  EXPECT_EQ(plan_levels_above<Tiny>(0, 1), 1u);
  EXPECT_EQ(plan_levels_above<Tiny>(1, 1), 1u);
  EXPECT_EQ(plan_levels_above<Tiny>(0, 3), 2u) << "the second level needs room for one";
  EXPECT_EQ(plan_levels_above<Tiny>(3, 1), 2u) << "half of them reach the second level";
  EXPECT_EQ(plan_levels_above<Tiny>(4, 1), 3u);
  EXPECT_EQ(plan_levels_above<Tiny>(8, 1), 4u);
  EXPECT_EQ(plan_levels_above<Default>(3, 1), 1u);
  EXPECT_EQ(plan_levels_above<Default>(27, 1), 2u) << "a seventh of them";
  EXPECT_EQ(plan_levels_above<Default>(28, 1), 3u);
}

TEST(Plan, splits_go_on_from_the_leaf_up_to_a_node_with_room) {
  EXPECT_EQ(splits({2}, 2), 0u);
  EXPECT_EQ(splits({3}, 1), 0u);
  EXPECT_EQ(splits({4, 3}, 1), 0u);
  EXPECT_EQ(splits({2, 4}, 1), 1u);
  EXPECT_EQ(splits({3, 4}, 1), 1u);
  EXPECT_EQ(splits({3, 3}, 2), 1u);
  EXPECT_EQ(splits({2, 4, 4}, 1), 2u);
  EXPECT_EQ(splits({4, 2, 4}, 1), 1u) << "the full root is above a node with room";
}

TEST(Plan, a_split_of_the_root_takes_one_more) {
  EXPECT_EQ(splits({4}, 1), 2u);
  EXPECT_EQ(splits({3}, 2), 2u);
  EXPECT_EQ(splits({4, 4}, 1), 3u);
  EXPECT_EQ(splits({4, 4, 4}, 1), 4u);
}

TEST(Plan, what_grew_before_takes_room) {
  EXPECT_EQ(splits({2, 2}, 1, 1), 0u);
  EXPECT_EQ(splits({3, 2}, 1, 1), 0u);
  EXPECT_EQ(splits({2, 3}, 1, 1), 1u);
  EXPECT_EQ(splits({3, 3}, 1, 1), 3u);
  EXPECT_EQ(splits({4}, 1, 2), 3u) << "and levels of its own";
  EXPECT_EQ(splits({4, 4}, 1, 8), 6u);
}

TEST(Plan, an_empty_tree_takes_its_levels) {
  EXPECT_EQ(plan_splits(empty_tree, Way::key, 1, 0), 1u);
  EXPECT_EQ(plan_splits(empty_tree, Way::key, 3, 1), 2u);
  EXPECT_EQ(plan_splits(empty_tree, Way::key, 1, 8), 4u);
  EXPECT_EQ(plan_insertion(empty_tree, Way::key, 1, 1), 1u);
  EXPECT_EQ(plan_insertion(empty_tree, Way::key, 1, 8), 4u);
  EXPECT_EQ(plan_copies(empty_tree, false, 0, 1, 0), 3u);
}

TEST(Plan, an_insertion_behind_others_counts_every_level_as_full) {
  EXPECT_EQ(insertion({2, 4}, 1), 1u);
  EXPECT_EQ(insertion({2, 2}, 1), 0u);
  EXPECT_EQ(insertion({2, 3}, 2), 1u);
  EXPECT_EQ(insertion({2, 2}, 1, 1), 3u);
  EXPECT_EQ(insertion({2, 2}, 1, 2), 4u);
  EXPECT_EQ(insertion({2, 2}, 1, 4), 5u);
  EXPECT_EQ(insertion({2, 2, 2}, 1, 1), 4u);
}

TEST(Plan, copies_take_every_node_on_the_way) {
  EXPECT_EQ(copies({2}, true, 1, 0), 1u);
  EXPECT_EQ(copies({2, 2, 2}, true, 2, 0), 3u);
  EXPECT_EQ(copies({2, 2, 2}, false, 0, 0), 3u);
}

TEST(Plan, copies_take_a_way_for_each_entry_that_may_lie_in_a_leaf_of_its_own) {
  EXPECT_EQ(copies({2, 2, 2}, false, 1, 0), 3u);
  EXPECT_EQ(copies({2, 2, 2}, false, 2, 0), 6u);
  EXPECT_EQ(copies({2, 2, 2}, true, 2, 0, 1), 12u) << "3 ways, for what was put there before, too";
  EXPECT_EQ(copies({2, 2, 2}, true, 0, 0, 1), 4u);
  EXPECT_EQ(copies({2, 2, 2}, true, 0, 0, 2), 5u);
}

TEST(Plan, copies_that_grow_may_split_every_node_and_the_root) {
  EXPECT_EQ(copies({2, 2, 2}, true, 1, 1), 7u);
  EXPECT_EQ(copies({2, 2, 2}, true, 1, 2), 7u);
  EXPECT_EQ(copies({2, 2, 2}, true, 1, 1, 1), 13u);
  EXPECT_EQ(copies({2, 2}, true, 1, 1, 4), 16u) << "three levels may have come on top";
}

// ------------------------------------------------------------------------------------------------
/// Entries of 10 keys each, side by side, with a hole behind the last.
template <class Config>
class NodesNeeded : public testing::Test {
 protected:
  static constexpr std::size_t capacity = Config::options.capacity;
  using Tree = shims::MapleTree<char, NodeMemory, Config::options>;

  void fill(TreeKey entries) {
    for (TreeKey i = 0; i < entries; ++i) {
      ASSERT_TRUE(tree_.assign(i * 10, i * 10 + 9, &values_[i % 2]));
    }
  }
  /// What it takes to put `count` entries in the place of those of [first, upto).
  std::size_t needed(TreeKey first, TreeKey upto, std::size_t count, std::size_t before = 0) {
    return tree_.nodes_needed(first * 10, upto * 10 - 1, count, before);
  }

  char values_[2] = {};
  NodeMemoryState memory_;
  Tree tree_{NodeMemory{&memory_}};
};

template <class Config>
using InPlaceNodesNeeded = NodesNeeded<Config>;
TYPED_TEST_SUITE(InPlaceNodesNeeded, InPlaceConfigs, ConfigName);

TYPED_TEST(InPlaceNodesNeeded, a_leaf_with_room_needs_none) {
  this->fill(TestFixture::capacity - 1);
  EXPECT_EQ(this->needed(0, 1, 2), 0u);
  EXPECT_EQ(this->needed(0, 1, 3), 2u) << "its half and a root";
  EXPECT_EQ(this->needed(0, 2, 3), 0u);
  EXPECT_EQ(this->needed(0, 2, 2), 0u);
}

TYPED_TEST(InPlaceNodesNeeded, room_that_was_taken_before_is_no_room) {
  this->fill(TestFixture::capacity - 1);
  EXPECT_EQ(this->needed(0, 1, 2, 1), 2u);
  EXPECT_EQ(this->needed(0, 1, 1, 1), 0u) << "it does not grow";
}

TYPED_TEST(InPlaceNodesNeeded, an_insertion_behind_others_counts_all_levels) {
  this->fill(2);
  EXPECT_EQ(this->needed(5, 6, 1), 0u);
  EXPECT_EQ(this->needed(5, 6, 1, 1), 2u);
  EXPECT_EQ(this->needed(0, 1, 2, 1), 0u);
}

template <class Config>
using PublishedNodesNeeded = NodesNeeded<Config>;
TYPED_TEST_SUITE(PublishedNodesNeeded, PublishedConfigs, ConfigName);

TYPED_TEST(PublishedNodesNeeded, nothing_for_nothing) {
  EXPECT_EQ(this->needed(5, 6, 0), 0u);
  this->fill(2);
  EXPECT_EQ(this->needed(5, 6, 0), 0u);
}

TYPED_TEST(PublishedNodesNeeded, a_copy_of_the_way_to_each_leaf) {
  this->fill(TestFixture::capacity + 1);
  ASSERT_EQ(this->tree_.height_for_test(), 1u);
  EXPECT_EQ(this->needed(0, 1, 1), 2u);
  EXPECT_EQ(this->needed(0, 1, 0), 2u);
  EXPECT_EQ(this->needed(0, 2, 2), 2u) << "both lie in one leaf";
  EXPECT_EQ(this->needed(0, 1, 2), 2u + 3u) << "and a half of each, and a root";
  EXPECT_EQ(this->needed(0, TestFixture::capacity + 1, 1), 2u * 4u)
      << "no more than one more than can be put there are counted";
  EXPECT_EQ(this->needed(0, TestFixture::capacity - 2, 3, 1),
            TestFixture::capacity == 4 ? 3u * 3u + 4u : 5u * 3u);
}

TYPED_TEST(PublishedNodesNeeded, what_was_put_there_before_may_lie_in_a_leaf_of_its_own) {
  this->fill(2);
  EXPECT_EQ(this->needed(0, 1, 1, 1), 2u * 2u);
  EXPECT_EQ(this->needed(5, 6, 1, 1), 2u + 3u);
  EXPECT_EQ(this->needed(5, 6, 0, 1), 2u);
}

}  // namespace
}  // namespace vmarea::test
