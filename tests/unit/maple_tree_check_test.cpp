// SPDX-License-Identifier: MIT
//
// What the tree's own check says of trees whose words are broken one by one, and of trees that are
// built by hand, for no writes could make them:
//
//   root   first   10           30
//          gap     2            ...           each entry has 8 keys, and a hole of 2 behind it
//   leaf           [10 17]..[20 27]..         [30 37]..
#include <string_view>
#include <utility>

#include <gtest/gtest.h>
#include <vmarea_shims/maple_tree.hpp>

#include "support/maple_configs.hpp"
#include "support/node_memory.hpp"

namespace vmarea::test {
namespace {

using shims::maple::last_key;
using Node = shims::maple::Node<4>;
using Root = shims::maple::Root<Node>;
constexpr Root empty_tree{};

struct HandBuilt {
  HandBuilt(std::size_t in_low, std::size_t in_high) : entries(in_low + in_high) {
    fill(low, 10, in_low);
    fill(high, 10 + 10 * in_low, in_high);
    root.truncate(2);
    const TreeKey bound = high.first[0] - 1;
    root.set_slot(0, {low.first[0], low.leaf_gap(bound), &low});
    root.set_slot(1, {high.first[0], high.leaf_gap(last_key), &high});
  }
  HandBuilt(const HandBuilt&) = delete;
  HandBuilt& operator=(const HandBuilt&) = delete;

  static void fill(Node& leaf, TreeKey first, std::size_t count) {
    static char value;
    leaf.truncate(count);
    for (std::size_t i = 0; i < count; ++i) {
      leaf.set_slot(i, {first + 10 * i, first + 10 * i + 7, &value});
    }
  }
  /// The number of the constraint that is broken, or '-'.
  template <bool Published = false>
  char broken(std::size_t size) {
    const char* const said = shims::maple::Check<Node, Published>::check({&root, 1}, size);
    return said == nullptr ? '-' : said[0];
  }
  char broken() { return broken(entries); }

  Node low;
  Node high;
  Node root;
  std::size_t entries;
};

TEST(MapleTreeCheck, finds_nothing_in_a_sound_tree) {
  EXPECT_EQ(HandBuilt(2, 1).broken(), '-');
  EXPECT_EQ(HandBuilt(4, 4).broken(), '-');
}

TEST(MapleTreeCheck, counts_the_entries) {
  EXPECT_EQ(HandBuilt(2, 1).broken(4), '8');
  EXPECT_EQ(HandBuilt(2, 1).broken(2), '8');
  const auto check = shims::maple::Check<Node, false>::check;
  EXPECT_EQ(check(empty_tree, 0), nullptr);
  ASSERT_NE(check(empty_tree, 1), nullptr);
  EXPECT_EQ(check(empty_tree, 1)[0], '8');
}

TEST(MapleTreeCheck, two_neighbours_that_could_be_one_are_broken_in_place_alone) {
  EXPECT_EQ(HandBuilt(1, 1).broken(), '7');
  EXPECT_EQ(HandBuilt(1, 2).broken(), '-');
  EXPECT_EQ(HandBuilt(1, 1).broken<true>(2), '-') << "a copy would be needed to join them";
}

TEST(MapleTreeCheck, ends_where_a_count_cannot_be) {
  constexpr std::uint64_t endless = std::uint64_t{1} << 50;
  HandBuilt leaf(2, 1);
  leaf.low.count = endless;
  EXPECT_EQ(leaf.broken(), '1');
  HandBuilt root(2, 1);
  root.root.count = endless;
  EXPECT_EQ(root.broken(), '1');
}

TEST(MapleTreeCheck, the_only_slot_of_a_node_begins_where_the_parent_allows) {
  HandBuilt behind(1, 2);
  behind.low.first.set(0, behind.high.first[0]);
  EXPECT_EQ(behind.broken(), '3');
  HandBuilt before(2, 1);
  before.high.first.set(0, before.root.first[1] - 1);
  EXPECT_EQ(before.broken(), '3');
}

char letters[64];

template <class Config>
class Broken : public testing::Test {
 protected:
  using Tree = shims::MapleTree<char, NodeMemory, Config::options>;
  using Node = shims::maple::Node<Config::options.capacity>;

  /// Two levels: the root and its leaves.
  void SetUp() override {
    for (TreeKey i = 1; i < Node::capacity + 3; ++i) {
      ASSERT_TRUE(tree_.assign(i * 10, i * 10 + 7, &letters[i]));
    }
    memory_.end_grace_period();
    ASSERT_EQ(tree_.height_for_test(), 1u);
    for (void* live : memory_.live) {
      Node* const node = static_cast<Node*>(live);
      const char* const value = static_cast<const char*>(node->value(0));
      const bool is_leaf = value >= letters && value < letters + sizeof letters;
      if (!is_leaf) root_ = node;
    }
    ASSERT_NE(root_, nullptr);
    leaf_ = root_->child(0);
    ASSERT_GE(leaf_->count, 2u);
  }
  /// Breaks one word, expects the constraint of that number to be reported, and mends it.
  template <class Word>
  void expect_broken(char number, Word& word, Word broken) {
    const Word whole = std::exchange(word, broken);
    const char* const reason = tree_.check();
    word = whole;
    expect_reported(number, reason);
  }
  /// The same for a key, which is kept as the machine compares it.
  void expect_key_broken(char number, Node& node, std::size_t i, TreeKey broken) {
    const TreeKey whole = node.first[i];
    node.first.set(i, broken);
    const char* const reason = tree_.check();
    node.first.set(i, whole);
    expect_reported(number, reason);
  }
  void expect_reported(char number, const char* reason) {
    ASSERT_NE(reason, nullptr) << number;
    EXPECT_EQ(reason[0], number) << reason;
    EXPECT_EQ(tree_.check(), nullptr);
  }

  NodeMemoryState memory_;
  Tree tree_{NodeMemory{&memory_}};
  Node* leaf_ = nullptr;
  Node* root_ = nullptr;
};
TYPED_TEST_SUITE(Broken, AllConfigs, ConfigName);

TYPED_TEST(Broken, every_constraint_of_a_node_is_found) {
  auto& leaf = *this->leaf_;
  auto& root = *this->root_;
  constexpr std::size_t padded = TestFixture::Node::padded;
  this->expect_broken('1', leaf.count, std::uint64_t{0});
  this->expect_broken('1', leaf.count, std::uint64_t{TestFixture::Node::capacity + 1});
  this->expect_broken('1', root.count, std::uint64_t{1});
  this->expect_key_broken('2', leaf, padded - 1, TreeKey{5});
  this->expect_key_broken('2', root, padded - 1, TreeKey{5});
  this->expect_key_broken('3', leaf, 1, leaf.first[0]);
  this->expect_key_broken('3', leaf, 0, TreeKey{0});
  this->expect_key_broken('3', leaf, leaf.count - 1, last_key - 1);
  this->expect_broken('4', leaf.last_or_gap[0], std::uint64_t{leaf.first[0] - 1});
  this->expect_broken('4', leaf.last_or_gap[0], std::uint64_t{leaf.first[1]});
  this->expect_broken('4', leaf.value_or_child[0], static_cast<void*>(nullptr));
  this->expect_key_broken('5', root, 0, root.first[0] - 1);
  this->expect_broken('6', root.last_or_gap[0], root.last_or_gap[0] + 1);
  this->expect_broken('6', leaf.last_or_gap[0], leaf.last_or_gap[0] - 5);
}

}  // namespace
}  // namespace vmarea::test
