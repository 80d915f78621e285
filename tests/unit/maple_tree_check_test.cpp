// SPDX-License-Identifier: MIT
//
// What the tree's own check says of trees that are built by hand, and of no other sort could be:
//
//   root   first   10           30
//          gap     2            ...           each entry has 8 keys, and a hole of 2 behind it
//   leaf           [10 17]..[20 27]..         [30 37]..
#include <string_view>

#include <gtest/gtest.h>
#include <vmarea_shims/maple_tree.hpp>

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

}  // namespace
}  // namespace vmarea::test
