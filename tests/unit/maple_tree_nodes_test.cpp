// SPDX-License-Identifier: MIT
//
// Which nodes a write splits, joins and copies. The tree holds the same either way, so only the
// number of its nodes tells; more than were counted would break a promise.
//
//   [13 entries][13 entries][13 entries][3]     what rising keys leave, two free in each; of tiny
//                                               nodes, two entries and two free
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <vmarea_shims/maple_tree.hpp>

#include "support/maple_configs.hpp"
#include "support/node_memory.hpp"

namespace vmarea::test {
namespace {

using Entry = TreeEntry<char>;
char values[2];

template <class Config>
class TreeNodes : public testing::Test {
 protected:
  static constexpr std::size_t capacity = Config::options.capacity;
  static constexpr std::size_t in_a_leaf = capacity - 2;  // After rising keys.

  /// Entries [10 * i, 10 * i + 1], with holes of eight keys.
  void fill(std::size_t entries) {
    for (std::size_t i = 0; i < entries; ++i) put(10 * i, 10 * i + 1, 0);
  }
  void put(TreeKey first, TreeKey last, int value) { assign(first, last, &values[value]); }
  void erase(TreeKey first, TreeKey last) { assign(first, last, nullptr); }
  void assign(TreeKey first, TreeKey last, char* value) {
    ASSERT_TRUE(tree_.assign(first, last, value));
    ASSERT_EQ(tree_.check(), nullptr) << tree_.check();
  }
  void replace(TreeKey first, TreeKey last, const std::vector<Entry>& entries) {
    ASSERT_TRUE(tree_.reserve(tree_.nodes_needed(first, last, entries.size())));
    tree_.replace(first, last, entries.data(), entries.size());
    tree_.unreserve();
    ASSERT_EQ(tree_.check(), nullptr) << tree_.check();
  }
  std::size_t nodes() {
    memory_.end_grace_period();
    return memory_.live.size();
  }

  using Tree = shims::MapleTree<char, NodeMemory, Config::options>;

  NodeMemoryState memory_;
  Tree tree_{NodeMemory{&memory_}};
};

// ------------------------------------------------------------------------------------------------
/// Two leaves, the lower one full, and room in the upper one:   [0 5 10 15 20 30 ..][upper . ..]
template <class Config>
class FullLeaf : public TreeNodes<Config> {
 protected:
  static constexpr std::size_t capacity = Config::options.capacity;
  static constexpr TreeKey upper = 10 * (capacity - 2);

  void SetUp() override {
    this->fill(capacity + 1);
    this->put(5, 5, 1);
    this->put(15, 15, 1);
    ASSERT_EQ(this->nodes(), 3u);
  }
};
TYPED_TEST_SUITE(FullLeaf, AllConfigs, ConfigName);

TYPED_TEST(FullLeaf, what_comes_behind_it_goes_to_the_next_leaf) {
  this->put(this->upper - 2, this->upper - 1, 1);
  EXPECT_EQ(this->nodes(), 3u);
}

TYPED_TEST(FullLeaf, what_comes_behind_it_and_before_another_full_one_splits_it) {
  for (TreeKey key = this->upper + 5; this->tree_.size() < 2 * this->capacity; key += 2) {
    if (!this->tree_.find(key)) this->put(key, key, 1);
  }
  ASSERT_EQ(this->nodes(), 3u);
  this->put(this->upper - 2, this->upper - 1, 1);
  EXPECT_EQ(this->nodes(), 4u);
}

TYPED_TEST(FullLeaf, what_comes_into_it_splits_it) {
  const TreeKey at = this->tree_.seek_back(this->upper - 1).entry().first - 3;
  ASSERT_FALSE(this->tree_.find(at));
  this->replace(at, at + 2,
                {{at, at, &values[1]}, {at + 1, at + 1, &values[0]}, {at + 2, at + 2, &values[1]}});
  EXPECT_EQ(this->nodes(), 4u);
}

// The leaf behind holds one key, and the next one follows at once: [ .. ][39][40 ..]
TYPED_TEST(FullLeaf, is_followed_by_a_leaf_of_one_key) {
  this->tree_.clear();
  this->fill(2 * this->in_a_leaf + this->capacity - 1);
  this->put(5, 5, 1);
  this->put(15, 15, 1);
  const TreeKey end = 2 * this->upper;
  this->replace(this->upper, end - 1, {{end - 1, end - 1, &values[1]}});
  ASSERT_EQ(this->nodes(), 4u);
  this->put(end - 5, end - 5, 1);
  EXPECT_EQ(this->nodes(), 4u);
}

// ------------------------------------------------------------------------------------------------
template <class Config>
using Halves = TreeNodes<Config>;
using OfDefaultCapacity = testing::Types<DefaultInPlace, LongWay<DefaultInPlace>, DefaultPublished,
                                         LongWay<DefaultPublished> >;
TYPED_TEST_SUITE(Halves, OfDefaultCapacity, ConfigName);

TYPED_TEST(Halves, are_equal_where_the_last_leaf_splits_in_its_middle) {
  this->fill(15);
  this->put(75, 75, 1);  // [8][8]
  for (const TreeKey key : {5u, 15u, 25u, 35u, 45u, 55u, 65u}) this->put(key, key, 1);
  EXPECT_EQ(this->nodes(), 3u);
}

TYPED_TEST(Halves, are_equal_where_a_leaf_before_others_splits_at_its_end) {
  this->fill(20);
  this->put(5, 5, 1);
  this->put(15, 15, 1);    // [15][7]
  this->put(121, 121, 1);  // [8][8][7]
  ASSERT_EQ(this->nodes(), 4u);
  for (const TreeKey key : {25u, 27u, 35u, 37u, 45u, 47u, 49u}) this->put(key, key, 1);
  EXPECT_EQ(this->nodes(), 4u);
}

template <class Config>
using Growing = TreeNodes<Config>;
TYPED_TEST_SUITE(Growing, AllConfigs, ConfigName);

TYPED_TEST(Growing, by_three_behind_the_last_of_a_full_leaf) {
  this->fill(this->capacity);
  const TreeKey at = 10 * this->capacity;
  this->replace(at, at + 9,
                {{at, at, &values[1]}, {at + 1, at + 1, &values[0]}, {at + 2, at + 2, &values[1]}});
  EXPECT_EQ(this->nodes(), 3u);
  EXPECT_EQ(this->tree_.size(), this->capacity + 3);
}

TEST(Levels, are_as_many_as_halves_or_quarters_of_a_node_can_be) {
  EXPECT_EQ(shims::maple::levels_max<4>(), 42u);
  EXPECT_EQ(shims::maple::levels_max<7>(), 42u);
  EXPECT_EQ(shims::maple::levels_max<10>(), 42u);
  EXPECT_EQ(shims::maple::levels_max<11>(), 28u);
  EXPECT_EQ(shims::maple::levels_max<15>(), 22u);
}

// ------------------------------------------------------------------------------------------------
/// Two full leaves side by side, the last below one node and the first below the next; either has
/// room for a child:       [[0 10][20 25 30 35]]  here  [[40 45 50 55][60 70][80 90 100]]
template <class Config>
class FullLeaves : public TreeNodes<Config> {
 protected:
  void SetUp() override {
    this->fill(11);
    ASSERT_EQ(this->tree_.height_for_test(), 2u);
    for (const TreeKey key : {25u, 35u, 45u, 55u}) this->put(key, key, 1);
    ASSERT_EQ(this->nodes(), 8u);
  }
};
using OfTinyNodes =
    testing::Types<TinyInPlace, LongWay<TinyInPlace>, TinyPublished, LongWay<TinyPublished> >;
TYPED_TEST_SUITE(FullLeaves, OfTinyNodes, ConfigName);

TYPED_TEST(FullLeaves, the_first_splits_where_the_node_above_it_has_room) {
  for (const TreeKey key : {62u, 64u, 66u}) this->put(key, key, 1);
  ASSERT_EQ(this->nodes(), 9u) << "the second node is full";
  this->put(37, 37, 1);
  EXPECT_EQ(this->nodes(), 10u);
}

TYPED_TEST(FullLeaves, the_second_splits_where_only_the_node_above_that_has_room) {
  for (const TreeKey key : {2u, 3u, 4u, 5u, 6u}) this->put(key, key, 1);
  ASSERT_EQ(this->nodes(), 10u) << "the first node is full";
  this->put(37, 37, 1);
  EXPECT_EQ(this->nodes(), 11u);
}

// ------------------------------------------------------------------------------------------------
/// Leaves of 8 and 3 entries. Together they would fit into one, but only a leaf that has shrunk
/// below 8 looks at its neighbours.
template <class Config>
using Joining = TreeNodes<Config>;
TYPED_TEST_SUITE(Joining, OfDefaultCapacity, ConfigName);

TYPED_TEST(Joining, takes_place_where_a_leaf_becomes_small) {
  this->fill(16);
  this->erase(10, 59);
  EXPECT_EQ(this->nodes(), 3u);
  this->erase(60, 61);
  EXPECT_EQ(this->nodes(), 1u);
}

TYPED_TEST(Joining, takes_place_with_the_leaf_before) {
  this->fill(3 * 13);
  this->erase(10, 99);  // [4][13][13]
  ASSERT_EQ(this->nodes(), 4u);
  this->erase(140, 199);  // [4 + 7][13]
  EXPECT_EQ(this->nodes(), 3u);
}

TYPED_TEST(Joining, waits_where_a_small_leaf_only_changes) {
  this->fill(16);
  this->erase(10, 59);
  this->put(140, 141, 1);
  EXPECT_EQ(this->nodes(), 3u);
  this->erase(130, 130);  // The first entry of the leaf begins elsewhere.
  EXPECT_EQ(this->nodes(), 3u);
}

TYPED_TEST(Joining, takes_place_beside_the_small_leaf_alone) {
  this->fill(4 * 13 + 7);  // [13][13][13][13][7]
  this->erase(130, 229);   // [13][3][13][13][7]
  this->erase(10, 59);     // [8][3][13][13][7]
  ASSERT_EQ(this->nodes(), 6u);
  this->erase(400, 499);  // [8][3][13][3 + 7]
  EXPECT_EQ(this->nodes(), 5u);
}

// ------------------------------------------------------------------------------------------------
/// Places of a node that are not used any more still hold what was there.
template <class Config>
using Holes = TreeNodes<Config>;
TYPED_TEST_SUITE(Holes, AllConfigs, ConfigName);

TYPED_TEST(Holes, are_not_found_below_children_that_are_gone) {
  this->fill(6 * this->capacity);
  const TreeKey from = 20 * this->capacity;
  this->put(from, ~TreeKey{0}, 1);
  EXPECT_FALSE(this->tree_.lowest_gap(9, 1, ~TreeKey{0}).found);
  EXPECT_FALSE(this->tree_.highest_gap(9, 1, ~TreeKey{0}).found);
}

TYPED_TEST(Holes, of_one_key_before_the_first_entry_are_found) {
  this->put(1, 9, 1);
  EXPECT_EQ(this->tree_.lowest_gap(1, 0, 9), (TreeGap{true, 0}));
  EXPECT_EQ(this->tree_.highest_gap(1, 0, 9), (TreeGap{true, 0}));
}

TYPED_TEST(Holes, before_the_first_entry_have_that_one_behind_them) {
  this->put(100, 109, 1);
  typename TestFixture::Tree::Cursor behind;
  ASSERT_EQ(this->tree_.highest_gap(50, 0, 120, &behind), (TreeGap{true, 50}));
  EXPECT_EQ(behind.entry().first, 100u);
}

// ------------------------------------------------------------------------------------------------
/// Three levels or more of tiny nodes, two of the default ones.
template <class Config>
class Copies : public TreeNodes<Config> {
 protected:
  void SetUp() override {
    this->fill(100);
    this->memory_.end_grace_period();
  }
  std::size_t copied() {
    const std::size_t copies = this->memory_.retired.size();
    this->memory_.end_grace_period();
    return copies;
  }
};
TYPED_TEST_SUITE(Copies, PublishedConfigs, ConfigName);

TYPED_TEST(Copies, are_made_of_the_leaf_alone_where_its_first_key_stays) {
  this->put(10, 11, 1);
  EXPECT_EQ(this->copied(), 1u);
  this->put(0, 1, 1);
  EXPECT_EQ(this->copied(), 1u);
}

TYPED_TEST(Copies, are_made_of_the_leaf_alone_where_it_shrinks_and_stays_large) {
  if (this->capacity == 4) return;
  this->erase(10, 11);
  EXPECT_EQ(this->copied(), 1u);
}

TYPED_TEST(Copies, are_made_of_two_leaves_and_the_node_above_both) {
  const TreeKey behind = 10 * this->in_a_leaf;  // The first key of the second leaf.
  this->put(behind - 10, behind, 1);
  EXPECT_EQ(this->copied(), 3u);
}

// ------------------------------------------------------------------------------------------------
/// A handle that holds nothing once it was moved from.
struct SharedMemory {
  std::shared_ptr<NodeMemoryState> state;

  NodeMemory shared() const noexcept { return NodeMemory{state.get()}; }
  void* allocate_node(std::size_t bytes, std::size_t alignment) noexcept {
    return shared().allocate_node(bytes, alignment);
  }
  void release_node(void* node, std::size_t bytes, std::size_t alignment) noexcept {
    shared().release_node(node, bytes, alignment);
  }
  void retire_node(void* node, std::size_t bytes, std::size_t alignment) noexcept {
    shared().retire_node(node, bytes, alignment);
  }
};

TEST(MovedTree, is_empty_and_takes_entries_again) {
  const auto memory = std::make_shared<NodeMemoryState>();
  {
    shims::MapleTree<char, SharedMemory> tree{SharedMemory{memory}};
    ASSERT_TRUE(tree.assign(0, 9, &values[0]));
    shims::MapleTree<char, SharedMemory> moved(std::move(tree));
    EXPECT_TRUE(tree.empty());
    EXPECT_EQ(moved.find(5).value, &values[0]);
    ASSERT_TRUE(tree.assign(20, 29, &values[1]));
    EXPECT_EQ(tree.find(25).value, &values[1]);
    EXPECT_EQ(moved.size(), 1u);
  }
  EXPECT_TRUE(memory->live.empty());
}

}  // namespace
}  // namespace vmarea::test
