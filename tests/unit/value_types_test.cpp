// SPDX-License-Identifier: MIT
//
// The small values as keys: ordered, hashed, compared.
#include <map>
#include <set>
#include <type_traits>
#include <unordered_map>
#include <unordered_set>

#include <gtest/gtest.h>
#include <vmarea/hash.hpp>
#include <vmarea/types/flags.hpp>
#include <vmarea/types/page_totals.hpp>
#include <vmarea/types/process.hpp>

namespace vmarea::test {
namespace {

static_assert(Range{1, 9} < Range{2, 3} && Range{1, 3} < Range{1, 9} && Range{1, 3} <= Range{1, 3});
static_assert(flag::read < flag::write && Flags{} < flag::read);
static_assert(prot::read < prot::write && map::shared < map::private_);
static_assert(AnonIdentity{} < AnonIdentity::of(2) && AnonIdentity::of(2) < AnonIdentity::of(4));
static_assert(AnonIdentity::of(2) < AnonIdentity::of(2).as_fork_child());
static_assert(Attributes{.policy = 1} < Attributes{.policy = 2});
static_assert(Attributes{.name = 1} < Attributes{.policy = 1});
static_assert(std::is_same_v<decltype(Range{} <=> Range{}), std::strong_ordering>);
// What lies in another range: a part of either, all of it, nothing.
static_assert(Range{1, 5}.within({3, 9}) == Range{3, 5} &&
              Range{3, 9}.within({1, 5}) == Range{3, 5});
static_assert(Range{3, 4}.within({1, 9}) == Range{3, 4} &&
              Range{1, 9}.within({3, 4}) == Range{3, 4});
static_assert(Range{1, 2}.within({5, 9}).empty() && Range{5, 9}.within({1, 2}).empty());
static_assert(PageTotals{.total = 1} == PageTotals{.total = 1} &&
              PageTotals{.locked = 1} != PageTotals{});
static_assert(Geometry{} == Geometry{} && Geometry{} != Geometry{.page_shift = 14});
static_assert(SpaceLayout{} == SpaceLayout{} && SpaceLayout{} != SpaceLayout{.brk = 1});

TEST(ValueTypes, ranges_and_flags_are_keys_of_ordered_containers) {
  const std::set<Range> ranges{{4, 5}, {1, 3}, {1, 2}, {4, 5}};
  EXPECT_EQ(ranges.size(), 3u);
  EXPECT_EQ(*ranges.begin(), (Range{1, 2}));
  std::map<Protection, int> counts;
  ++counts[prot::read];
  ++counts[prot::read];
  EXPECT_EQ(counts.size(), 1u);
}

TEST(ValueTypes, equal_values_are_one_key_of_unordered_containers) {
  std::unordered_map<Range, int> ranges{{{1, 2}, 1}, {{2, 1}, 2}};
  EXPECT_EQ((ranges[{1, 2}]), 1);
  EXPECT_EQ((ranges[{2, 1}]), 2);
  const std::unordered_set<Flags> flags{flag::read, flag::write, flag::read};
  EXPECT_EQ(flags.size(), 2u);
  const std::unordered_set<MapFlags> map_flags{map::shared, map::private_};
  EXPECT_EQ(map_flags.size(), 2u);
  const AnonIdentity identity = AnonIdentity::of(2);
  const std::unordered_set<AnonIdentity> identities{identity, identity.as_fork_child(), identity};
  EXPECT_EQ(identities.size(), 2u);
  const std::hash<AnonIdentity> hash;
  EXPECT_NE(hash(identity), hash(identity.as_fork_child()));
  const std::unordered_set<Attributes> attributes{{1, 2, 3}, {3, 2, 1}, {1, 2, 3}};
  EXPECT_EQ(attributes.size(), 2u);
}

TEST(ValueTypes, hashes_of_neighbouring_pages_differ_in_their_low_bits) {
  std::set<std::size_t> low_bits;
  for (Address at = 0; at < 0x40'0000; at += 0x1000) {
    low_bits.insert(std::hash<Range>{}({at, at + 0x1000}) & 0x3ff);
  }
  // Of 1024 balls in 1024 boxes, 647 boxes are met on the average; a hash that keeps the low bits
  // of addresses meets one.
  EXPECT_GT(low_bits.size(), 580u);
}

}  // namespace
}  // namespace vmarea::test
