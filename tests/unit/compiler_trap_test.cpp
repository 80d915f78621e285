// SPDX-License-Identifier: MIT
//
// Some compilers, when they optimise loops, delete writes that go only through node pointers held
// in a local path kept as two parallel arrays. The maple tree keeps paths as one array of pairs,
// or on the call stack; this shows that no write is lost, so it means something only when optimised
// and without sanitizers, which do not see the fault.
//
//   entries   [0]  [1]  [2] ...        every write below reaches a node by way of several levels,
//   separators, gaps, counts           and nothing but the checker looks at what it wrote there
#include <gtest/gtest.h>
#include <vmarea_shims/maple_tree.hpp>

#include "support/maple_configs.hpp"
#include "support/node_memory.hpp"

namespace vmarea::test {
namespace {

template <class Config>
class CompilerTrap : public testing::Test {
 protected:
  using Tree = shims::MapleTree<char, NodeMemory, Config::options>;
  static constexpr TreeKey entries = 600;
  static constexpr TreeKey stride = 100;

  void SetUp() override {
    for (TreeKey i = 0; i < entries; ++i) put(i * stride, i * stride + 49);
    ASSERT_GE(tree_.height_for_test(), 2u);
  }
  void TearDown() override {
    ASSERT_EQ(tree_.check(), nullptr) << tree_.check();
    tree_.clear();
  }
  void put(TreeKey first, TreeKey last) { ASSERT_TRUE(tree_.assign(first, last, &value_)); }

  char value_ = 0;
  NodeMemoryState memory_;
  Tree tree_{NodeMemory{&memory_}};
};
TYPED_TEST_SUITE(CompilerTrap, AllConfigs, ConfigName);

TYPED_TEST(CompilerTrap, first_keys_that_move_reach_every_separator_above) {
  for (TreeKey i = 0; i < this->entries; ++i) {
    const TreeEntry<char> moved{i * 100 + 20, i * 100 + 49, &this->value_};
    ASSERT_TRUE(this->tree_.reserve(this->tree_.nodes_needed(i * 100, i * 100 + 49, 1)));
    this->tree_.replace(i * 100, i * 100 + 49, &moved, 1);
    this->tree_.unreserve();
    ASSERT_EQ(this->tree_.check(), nullptr) << this->tree_.check();
  }
}

TYPED_TEST(CompilerTrap, last_keys_that_move_reach_every_gap_above) {
  for (TreeKey i = 0; i < this->entries; ++i) {
    this->put(i * 100 + 50, i * 100 + 98);
    ASSERT_EQ(this->tree_.check(), nullptr) << this->tree_.check();
  }
  EXPECT_FALSE(this->tree_.lowest_gap(2, 0, this->entries * 100 - 1).found);
}

TYPED_TEST(CompilerTrap, splits_and_joins_reach_every_level) {
  for (TreeKey i = 0; i < this->entries; ++i) {
    this->put(i * 100 + 60, i * 100 + 60);
    ASSERT_EQ(this->tree_.check(), nullptr) << this->tree_.check();
  }
  for (TreeKey i = this->entries; i-- > 0;) {
    ASSERT_TRUE(this->tree_.assign(i * 100, i * 100 + 99, nullptr));
    ASSERT_EQ(this->tree_.check(), nullptr) << this->tree_.check();
  }
  EXPECT_TRUE(this->tree_.empty());
}

TYPED_TEST(CompilerTrap, cursors_keep_what_they_write_into_their_own_path) {
  auto at = this->tree_.seek(0);
  TreeKey met = 0;
  for (; at.entry(); at.next()) ASSERT_EQ(at.entry().first, met++ * 100);
  EXPECT_EQ(met, TreeKey{this->entries});
  for (at.previous(); at.entry(); at.previous()) ASSERT_EQ(at.entry().first, --met * 100);
  EXPECT_EQ(met, 0u);
}

TEST(CompilerTrapBuild, is_optimised_and_without_sanitizers_or_proves_nothing) {
#if !defined(__OPTIMIZE__) || defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "build with -O2 and without sanitizers to have the trap tested";
#endif
}

}  // namespace
}  // namespace vmarea::test
