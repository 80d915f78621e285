// SPDX-License-Identifier: MIT
//
// Nodes that a write did not use may be kept for the next one, as many as the options say.
#include <gtest/gtest.h>
#include <vmarea_shims/maple_tree.hpp>

#include "support/node_memory.hpp"

namespace vmarea::test {
namespace {

constexpr std::size_t spares = 3;
using Tree = shims::MapleTree<char, NodeMemory,
                              shims::MapleTreeOptions{.mode = shims::WriteMode::published,
                                                      .spares = spares}>;

class Spares : public testing::Test {
 protected:
  char value_ = 0;
  NodeMemoryState memory_;
};

TEST_F(Spares, are_kept_and_used_by_the_next_write) {
  Tree tree{NodeMemory{&memory_}};
  ASSERT_TRUE(tree.assign(0, 9, &value_));
  ASSERT_TRUE(tree.reserve(8));
  tree.unreserve();
  EXPECT_EQ(tree.at_hand_for_test(), spares);
  const std::size_t live = memory_.live.size();
  ASSERT_TRUE(tree.reserve(spares));
  EXPECT_EQ(memory_.live.size(), live) << "what is at hand counts";
  ASSERT_TRUE(tree.reserve(spares + 1));
  EXPECT_EQ(memory_.live.size(), live + 1);
  tree.unreserve();
}

TEST_F(Spares, are_given_back_with_the_tree) {
  {
    Tree tree{NodeMemory{&memory_}};
    ASSERT_TRUE(tree.reserve(spares));
    tree.unreserve();
    EXPECT_EQ(memory_.live.size(), spares);
    tree.clear();
    EXPECT_TRUE(memory_.live.empty());
    ASSERT_TRUE(tree.reserve(spares));
    tree.unreserve();
  }
  EXPECT_TRUE(memory_.live.empty());
}

}  // namespace
}  // namespace vmarea::test
