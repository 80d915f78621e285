// SPDX-License-Identifier: MIT
//
// What is told of areas that changed.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "live/follow/area_change.hpp"

namespace {

using follow::AreaChange;
using follow::ShownArea;
using Areas = std::vector<ShownArea>;
using Addresses = std::vector<vmarea::Address>;

/// An area for each run of a letter, a byte a column; a small letter is readable alone. An
/// apostrophe begins another area of the same letter.
Areas areas_of(std::string_view picture) {
  Areas areas;
  vmarea::Address at = 0;
  char last = '.';
  for (const char letter : picture) {
    if (letter == '\'') {
      last = '.';
      continue;
    }
    if (letter != '.' && letter == last) {
      areas.back().range.end = at + 1;
    } else if (letter != '.') {
      ShownArea area;
      area.range = {at, at + 1};
      const bool is_small = letter >= 'a' && letter <= 'z';
      area.flags = is_small ? vmarea::flag::read : vmarea::flag::read | vmarea::flag::write;
      areas.push_back(area);
    }
    last = letter;
    ++at;
  }
  return areas;
}

std::string print(const ShownArea& area) {
  return std::to_string(area.range.start) + "-" + std::to_string(area.range.end) +
         follow::access_letters(area.flags).substr(1, 1);
}

std::string print(const Areas& areas) {
  std::string text;
  for (const ShownArea& area : areas) text += (text.empty() ? "" : " ") + print(area);
  return text;
}

std::string print_changed(const AreaChange& change) {
  std::string text;
  for (const auto& [was, is] : change.changed) {
    text += (text.empty() ? "" : ", ") + print(was) + " is " + print(is);
  }
  return text;
}

AreaChange change_of(std::string_view before, std::string_view after) {
  return find_change(areas_of(before), areas_of(after));
}

TEST(AreaChange, nothing_of_equal_areas) {
  const AreaChange change = change_of("AAA.bb", "AAA.bb");
  EXPECT_TRUE(change.empty());
  EXPECT_TRUE(change.splits.empty());
  EXPECT_TRUE(change.merges.empty());
}

TEST(AreaChange, new_and_gone_areas_beside_others) {
  const AreaChange change = change_of("AAA.....cc",  //
                                      "AAA.bb....");
  EXPECT_EQ(print(change.added), "4-6-");
  EXPECT_EQ(print(change.removed), "8-10-");
  EXPECT_EQ(print_changed(change), "");
  EXPECT_TRUE(change.splits.empty());
  EXPECT_TRUE(change.merges.empty());
}

TEST(AreaChange, split_into_three_keeps_the_one_that_begins_where_it_did) {
  const AreaChange change = change_of("AAAAAAAAAA",  //
                                      "AAAbbbbAAA");
  EXPECT_EQ(print_changed(change), "0-10w is 0-3w");
  EXPECT_EQ(print(change.added), "3-7- 7-10w");
  EXPECT_EQ(print(change.removed), "");
  EXPECT_EQ(change.splits, (Addresses{3, 7}));
  EXPECT_TRUE(change.merges.empty());
}

TEST(AreaChange, merge_of_three_is_the_split_the_other_way_round) {
  const AreaChange change = change_of("AAAbbbbAAA",  //
                                      "AAAAAAAAAA");
  EXPECT_EQ(print_changed(change), "0-3w is 0-10w");
  EXPECT_EQ(print(change.removed), "3-7- 7-10w");
  EXPECT_EQ(print(change.added), "");
  EXPECT_EQ(change.merges, (Addresses{3, 7}));
  EXPECT_TRUE(change.splits.empty());
}

TEST(AreaChange, area_that_grows_down_ends_where_it_did) {
  const AreaChange change = change_of("....SS",  //
                                      "..SSSS");
  EXPECT_EQ(print_changed(change), "4-6w is 2-6w");
  EXPECT_EQ(change.merges, (Addresses{4}));
}

TEST(AreaChange, other_protection_of_a_whole_area_moves_no_border) {
  const AreaChange change = change_of("AAA'AAA", "AAA'aaa");
  EXPECT_EQ(print_changed(change), "3-6w is 3-6-");
  EXPECT_TRUE(change.splits.empty());
  EXPECT_TRUE(change.merges.empty());
}

TEST(AreaChange, file_that_is_renamed_is_no_change_but_a_name_of_memory_is) {
  Areas before = areas_of("AA.BB");
  before[0].file.inode = 7;
  before[0].name = "/tmp/old";
  Areas after = before;
  after[0].name = "/tmp/new";
  EXPECT_TRUE(find_change(before, after).empty());
  after[1].name = "[anon:mine]";
  EXPECT_EQ(print_changed(find_change(before, after)), "3-5w is 3-5w");
}

/// What is told of a space, added up.
class ToldSpace : public ::testing::Test {
 protected:
  static constexpr std::uint64_t page = 0x1000;
  static constexpr std::uint64_t base = 0x10'0000;

  static vmarea::Range pages(std::uint64_t first, std::uint64_t end) {
    return {base + first * page, base + end * page};
  }
  void map(vmarea::Range range) {
    const auto at =
        space_.mmap({range.start, range.length(), vmarea::prot::read,
                     vmarea::map::private_ | vmarea::map::anonymous | vmarea::map::fixed});
    ASSERT_TRUE(at);
  }
  std::size_t count_told() const { return told_.areas().size(); }

  follow::HostState host_;
  follow::Space space_{follow::Services(host_), vmarea::SpaceLayout{}};
  follow::ToldAreas told_;
};

TEST_F(ToldSpace, only_the_range_that_is_asked_for_is_looked_at) {
  map(pages(0, 2));
  map(pages(8, 9));
  EXPECT_EQ(told_.update(space_, pages(8, 9)).added.size(), 1u);
  EXPECT_EQ(count_told(), 1u);
  EXPECT_EQ(told_.update(space_, vmarea::everything).added.size(), 1u);
  EXPECT_EQ(count_told(), 2u);
  EXPECT_TRUE(told_.update(space_, vmarea::everything).empty());
}

TEST_F(ToldSpace, areas_across_the_ends_of_the_range_are_told_whole) {
  map(pages(0, 9));
  ASSERT_TRUE(told_.update(space_, pages(3, 4)).merges.empty());
  ASSERT_TRUE(space_.mprotect(pages(3, 5), vmarea::prot::none));
  const AreaChange split = told_.update(space_, pages(3, 5));
  EXPECT_EQ(split.splits, (Addresses{pages(3, 5).start, pages(3, 5).end}));
  EXPECT_EQ(count_told(), 3u);
  ASSERT_TRUE(space_.mprotect(pages(3, 5), vmarea::prot::read));
  const AreaChange merge = told_.update(space_, pages(3, 5));
  EXPECT_EQ(merge.removed.size(), 2u);
  EXPECT_EQ(count_told(), 1u);
}

}  // namespace
