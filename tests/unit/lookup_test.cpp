// SPDX-License-Identifier: MIT
//
// The lookups (rules 18), and the one that may grow a stack (16.4).
#include <fmt/core.h>

#include "support/stage.hpp"

namespace vmarea::test {
namespace {

constexpr std::uint64_t nothing = ~std::uint64_t{0};

std::uint64_t column_of(const TestArea* area) {
  return area == nullptr ? nothing : (area->start - TestSpace::base) >> 12;
}

TEST(Lookup, finds_at_above_and_below) {
  Stage stage(".AA.B..C.");
  struct Case {
    std::uint64_t at, area, at_or_above, prev;
  };
  const Case cases[] = {
      {0, nothing, 1, nothing}, {1, 1, 1, nothing}, {2, 1, 1, nothing},
      {3, nothing, 4, 1},       {4, 4, 4, 1},       {5, nothing, 7, 4},
      {6, nothing, 7, 4},       {7, 7, 7, 4},       {8, nothing, nothing, 7},
  };
  for (const Case& c : cases) {
    for (const std::uint64_t byte : {0x0u, 0xfffu}) {
      SCOPED_TRACE(fmt::format("column {} byte {}", c.at, byte));
      const Address at = TestSpace::column(c.at) + byte;
      const auto both = stage.space().find_with_prev(at);
      EXPECT_EQ(column_of(stage.space().find(at)), c.area);
      EXPECT_EQ(column_of(stage.space().find_at_or_above(at)), c.at_or_above);
      EXPECT_EQ(column_of(both.area), c.at_or_above);
      EXPECT_EQ(column_of(both.prev), c.prev);
    }
  }
  EXPECT_EQ(column_of(stage.space().find_with_prev(~Address{0}).prev), 7u);
  EXPECT_EQ(column_of(stage.space().find_with_prev(0).prev), nothing);
}

TEST(Lookup, intersection_is_the_first_area_that_has_a_byte_in_the_range) {
  Stage stage(".AA.B.");
  const auto first = [&](std::uint64_t from, std::uint64_t upto) {
    return column_of(stage.space().find_intersection(columns(from, upto)));
  };
  EXPECT_EQ(first(0, 1), nothing);
  EXPECT_EQ(first(0, 2), 1u);
  EXPECT_EQ(first(2, 9), 1u);
  EXPECT_EQ(first(3, 4), nothing);
  EXPECT_EQ(first(3, 5), 4u);
  EXPECT_EQ(first(5, 9), nothing);
  const Address end_of_b = TestSpace::column(5);
  EXPECT_EQ(column_of(stage.space().find_intersection({end_of_b - 1, end_of_b})), 4u);
}

TEST(FindOrGrow, takes_what_is_there_or_grows_the_stack_above) {
  Stage stage("A........KK.B");
  stage.host().limits.stack_guard_gap_pages = 4;
  EXPECT_EQ(column_of(stage.space().find_or_grow(TestSpace::column(0))), 0u);
  EXPECT_EQ(column_of(stage.space().find_or_grow(TestSpace::column(7) + 5)), 7u);
  EXPECT_EQ(stage.picture(), "A......kkkk.B") << "growth prepares for pages,";
  EXPECT_EQ(stage.token(7), 0u) << "but puts none there";
  EXPECT_EQ(stage.space().find_or_grow(TestSpace::column(4)), nullptr) << "the guard gap";
  EXPECT_EQ(stage.space().find_or_grow(TestSpace::column(11)), nullptr) << "no stack above";
  EXPECT_EQ(stage.space().find_or_grow(TestSpace::column(13)), nullptr) << "nothing above";
  stage.host().limits.stack_bytes = 0x4000;
  EXPECT_EQ(stage.space().find_or_grow(TestSpace::column(6)), nullptr) << "the limit";
  EXPECT_EQ(stage.picture(), "A......kkkk.B");
  stage.check();
}

TEST(FindOrGrow, touches_what_a_locked_stack_gains) {
  Stage stage(".....KK");
  stage.area(5)->flags |= flag::locked;
  stage.state().totals.locked += 2;
  EXPECT_EQ(column_of(stage.space().find_or_grow(TestSpace::column(2))), 2u);
  for (const std::uint64_t column : {2u, 3u, 4u}) EXPECT_NE(stage.token(column), 0u) << column;
  EXPECT_EQ(stage.token(5), 0u);
  EXPECT_EQ(stage.space().totals().locked, 5);
  ASSERT_TRUE(stage.grow_stack(TestSpace::column(1)));
  EXPECT_EQ(stage.token(1), 0u) << "a fault touches its own page, and nobody else's";
  stage.check();
}

TEST(FindOrGrow, null_when_something_is_short) {
  Stage stage("...KK");
  stage.host().faults.kinds = shims::FaultPlan::all_memory;
  stage.host().faults.fail(1);
  EXPECT_EQ(stage.space().find_or_grow(TestSpace::column(1)), nullptr);
  stage.host().faults.fail(0);
  EXPECT_EQ(stage.picture(), "...KK");
  EXPECT_NE(stage.space().find_or_grow(TestSpace::column(1)), nullptr);
  stage.check();
}

}  // namespace
}  // namespace vmarea::test
