// SPDX-License-Identifier: MIT
//
// The tree's own check finds each of its constraints when it is broken, and says which.
#include <utility>

#include <gtest/gtest.h>
#include <vmarea_shims/maple_tree.hpp>

#include "support/maple_configs.hpp"
#include "support/node_memory.hpp"

namespace vmarea::test {
namespace {

constexpr TreeKey last_key = ~TreeKey{0};
char letters[64];

template <class Config>
class Check : public testing::Test {
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
TYPED_TEST_SUITE(Check, AllConfigs, ConfigName);

TYPED_TEST(Check, every_constraint_of_a_node_can_be_found_broken) {
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
