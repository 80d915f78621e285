// SPDX-License-Identifier: MIT
//
// The core's lookups (rules 18): the area that contains it, the first at or above
// it, the last that starts below it, the first that a range meets.
#include <fmt/core.h>

#include "support/stage.hpp"

namespace vmarea::test {
namespace {

/// The first column of an area, '-' for none.
std::string name_of(const TestArea* area) {
  return area == nullptr ? "-" : fmt::format("{}", (area->start - TestSpace::base) >> 12);
}

TEST(FindArea, answers_for_each_place_beside_and_inside_areas) {
  Stage stage(".AA.BBDD.");
  struct Case {
    std::uint64_t column;
    const char *area, *at_or_above, *below;
  };
  const Case cases[] = {
      {0, "-", "1", "-"}, {1, "1", "1", "-"}, {2, "1", "1", "1"}, {3, "-", "4", "1"},
      {4, "4", "4", "1"}, {5, "4", "4", "4"}, {6, "6", "6", "4"}, {8, "-", "-", "6"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.column);
    const Address at = TestSpace::column(c.column);
    EXPECT_EQ(name_of(stage.space().find(at)), c.area);
    EXPECT_EQ(name_of(stage.space().find_at_or_above(at)), c.at_or_above);
    EXPECT_EQ(name_of(find_starting_below(stage.state(), at)), c.below);
  }
  EXPECT_EQ(name_of(stage.space().find(TestSpace::column(3) - 1)), "1") << "the last byte";
  EXPECT_EQ(name_of(find_starting_below(stage.state(), TestSpace::column(1) + 1)), "1");
}

TEST(FindArea, intersection_is_the_first_area_that_has_a_byte_in_the_range) {
  Stage stage(".AA.BBDD.");
  struct Case {
    Range range;
    const char* met;
  };
  const Case cases[] = {
      {columns(0, 1), "-"}, {columns(0, 2), "1"}, {columns(2, 9), "1"}, {columns(3, 4), "-"},
      {columns(3, 5), "4"}, {columns(5, 6), "4"}, {columns(8, 9), "-"},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(name_of(find_intersection(stage.state(), c.range)), c.met);
  }
  const Range last_byte{TestSpace::column(3) - 1, TestSpace::column(4)};
  EXPECT_EQ(name_of(find_intersection(stage.state(), last_byte)), "1");
}

TEST(FindArea, finds_nothing_in_an_empty_space_and_the_area_at_page_0) {
  Stage stage;
  EXPECT_EQ(stage.space().find_at_or_above(0), nullptr);
  EXPECT_EQ(find_starting_below(stage.state(), ~Address{0}), nullptr);
  ASSERT_TRUE(stage.mmap({.address = 0, .length = 0x1000, .flags = fixed_private}));
  EXPECT_NE(stage.space().find(0), nullptr);
  EXPECT_EQ(find_starting_below(stage.state(), 0), nullptr);
  EXPECT_EQ(find_starting_below(stage.state(), 1), stage.space().find(0));
}

}  // namespace
}  // namespace vmarea::test
