// SPDX-License-Identifier: MIT
//
// The search in the keys of a node, and the move of its slots, beside plain loops over the same.
//
//   keys    [ k k k ... k | last key ... last key ]    the used ones ascend, the rest is padding
//
// Compiled for each machine that the compiler knows.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <random>
#include <set>
#include <vector>

#include <gtest/gtest.h>
#include <vmarea_shims/maple_tree/node.hpp>

namespace vmarea::test {
namespace {

constexpr TreeKey last_key = shims::maple::last_key;
constexpr TreeKey half = TreeKey{1} << 63;
/// Where comparisons of signed and of unsigned numbers part, and where keys wrap.
constexpr TreeKey edges[] = {0,        1,        2,        half - 2,     half - 1, half,
                             half + 1, half + 2, 1u << 31, last_key - 1, last_key};

template <std::size_t Capacity>
struct Sizes {
  using Node = shims::maple::Node<Capacity>;
};

template <class Size>
class Slots : public testing::Test {
 protected:
  using Tested = typename Size::Node;

  /// `count` ascending keys: some are edges, some close to each other, some anywhere.
  std::vector<TreeKey> draw_keys(std::size_t count) {
    std::set<TreeKey> keys;
    const TreeKey base = random_();
    while (keys.size() < count) {
      keys.insert(random_() % 3 == 0   ? edges[random_() % std::size(edges)]
                  : random_() % 2 == 0 ? base + random_() % 64
                                       : random_());
    }
    return {keys.begin(), keys.end()};
  }
  /// The slot of the key; what it holds besides can be told from its number.
  static shims::maple::Slot slot_of(TreeKey key, std::uint64_t number) {
    return {key, number, reinterpret_cast<void*>(number)};
  }
  void fill(Tested& node, const std::vector<TreeKey>& keys) {
    node.truncate(0);
    for (std::size_t i = 0; i < keys.size(); ++i) node.set_slot(i, slot_of(keys[i], 100 + i));
    node.count = keys.size();
  }
  static void expect_slots(const Tested& node, const std::vector<shims::maple::Slot>& expected) {
    ASSERT_EQ(node.count, expected.size());
    for (std::size_t i = 0; i < Tested::padded; ++i) {
      ASSERT_EQ(node.first[i], i < expected.size() ? expected[i].first : last_key) << i;
      if (i >= expected.size()) continue;
      ASSERT_EQ(node.last(i), expected[i].last_or_gap) << i;
      ASSERT_EQ(node.value(i), expected[i].value_or_child) << i;
    }
    ASSERT_EQ(node.owner_or_link, 7u);
  }

  std::mt19937_64 random_{2024};
};
using AllSizes = testing::Types<Sizes<4>, Sizes<7>, Sizes<8>, Sizes<15>, Sizes<16>, Sizes<23>,
                                Sizes<31>, Sizes<63>>;
TYPED_TEST_SUITE(Slots, AllSizes);

TYPED_TEST(Slots, search_counts_what_lies_below_any_key) {
  using Node = typename TestFixture::Tested;
  Node node;
  for (int round = 0; round < 2000; ++round) {
    const std::vector<TreeKey> keys =
        this->draw_keys(1 + static_cast<std::size_t>(this->random_() % Node::capacity));
    this->fill(node, keys);
    std::vector<TreeKey> wanted(std::begin(edges), std::end(edges));
    for (const TreeKey key : keys) wanted.insert(wanted.end(), {key - 1, key, key + 1});
    for (const TreeKey key : wanted) {
      std::size_t below = 0, upto = 0;
      for (const TreeKey each : keys) below += each < key ? 1u : 0u;
      for (const TreeKey each : keys) upto += each <= key ? 1u : 0u;
      ASSERT_EQ(node.first.count_below(key), below) << key;
      ASSERT_EQ(node.first.is_first_below(key), below > 0) << key;
      if (below > 0) {
        ASSERT_EQ(node.first.last_below(key), below - 1) << key;
      }
      ASSERT_EQ(node.find_begin(key), below) << key;
      ASSERT_EQ(node.find_end(key), upto) << key;
      ASSERT_EQ(node.find_slot(key), upto > 0 ? upto - 1 : 0) << key;
    }
  }
}

TYPED_TEST(Slots, splice_replaces_slots_anywhere) {
  using Node = typename TestFixture::Tested;
  using Slot = shims::maple::Slot;
  Node node;
  node.owner_or_link = 7;
  for (std::size_t count = 0; count <= Node::capacity; ++count) {
    const std::vector<TreeKey> keys = this->draw_keys(count);
    for (std::size_t at = 0; at <= count; ++at) {
      for (std::size_t erased = 0; at + erased <= count && erased < 5; ++erased) {
        for (std::size_t added = 0; added <= 3 && count - erased + added <= Node::capacity;
             ++added) {
          this->fill(node, keys);
          std::vector<Slot> expected;
          for (std::size_t i = 0; i < count; ++i) expected.push_back(node.slot(i));
          Slot slots[3];
          for (std::size_t i = 0; i < added; ++i) slots[i] = this->slot_of(at + i, 500 + i);
          const auto place = expected.begin() + static_cast<std::ptrdiff_t>(at);
          expected.insert(expected.erase(place, place + static_cast<std::ptrdiff_t>(erased)), slots,
                          slots + added);
          node.splice(at, erased, slots, added);
          this->expect_slots(node, expected);
        }
      }
    }
  }
}

TYPED_TEST(Slots, largest_hole_is_found_anywhere) {
  using Node = typename TestFixture::Tested;
  Node node;
  for (int round = 0; round < 2000; ++round) {
    const std::size_t count = 1 + static_cast<std::size_t>(this->random_() % Node::capacity);
    const std::vector<TreeKey> keys = this->draw_keys(count);
    this->fill(node, keys);
    const TreeKey bound = this->random_() % 2 == 0 ? last_key : keys.back();
    std::uint64_t hole = 0, gap = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const TreeKey upto = i + 1 < count ? keys[i + 1] - 1 : bound;
      node.last_or_gap[i] = this->random_() % 3 == 0 ? upto : keys[i];
      hole = std::max(hole, upto - node.last(i));
      gap = std::max(gap, node.gap(i));
    }
    ASSERT_EQ(node.leaf_gap(bound), hole);
    ASSERT_EQ(node.inner_gap(), gap);
  }
}

}  // namespace
}  // namespace vmarea::test
