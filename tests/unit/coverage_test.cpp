// SPDX-License-Identifier: MIT
//
// Whether a whole range may be accessed, and where not (rules 18-covers).
#include <fmt/core.h>

#include "support/stage.hpp"

namespace vmarea::test {
namespace {

/// "all", or the column of the first page that may not be accessed and why.
std::string covered(Stage& stage, Range range, Protection access) {
  const Coverage coverage = stage.space().covers(range, access);
  EXPECT_EQ(coverage, stage.space().covers(range.start, range.length(), access));
  if (coverage) return coverage.upto == range.end ? "all" : "all, but not to the end";
  const std::string at = fmt::format("{:x}", (coverage.upto - TestSpace::base) >> 12);
  return at + (coverage.fault == AccessFault::not_mapped ? " not mapped" : " denied");
}

TEST(Covers, whole_ranges_over_several_areas) {
  Stage stage("AABBDDAA");
  EXPECT_EQ(covered(stage, columns(0, 8), prot::read), "all");
  EXPECT_EQ(covered(stage, columns(0, 2), prot::read | prot::write), "all");
  EXPECT_EQ(covered(stage, columns(4, 6), prot::read | prot::exec), "all");
}

TEST(Covers, the_first_page_that_refuses_is_named) {
  Stage stage("AABBCCAA");
  EXPECT_EQ(covered(stage, columns(0, 8), prot::write), "2 denied");
  EXPECT_EQ(covered(stage, columns(0, 8), prot::read), "4 denied");
  EXPECT_EQ(covered(stage, columns(2, 8), prot::write), "2 denied");
  EXPECT_EQ(covered(stage, columns(0, 8), prot::exec), "0 denied");
  EXPECT_EQ(covered(stage, columns(2, 3), prot::read | prot::write), "2 denied") << "each of them";
}

TEST(Covers, a_hole_ends_it_at_its_start_in_the_middle_and_at_its_end) {
  Stage stage(".AA.BB..");
  EXPECT_EQ(covered(stage, columns(0, 3), prot::read), "0 not mapped");
  EXPECT_EQ(covered(stage, columns(1, 6), prot::read), "3 not mapped");
  EXPECT_EQ(covered(stage, columns(4, 8), prot::read), "6 not mapped");
  EXPECT_EQ(covered(stage, columns(1, 3), prot::read), "all");
  EXPECT_EQ(covered(stage, columns(6, 8), prot::read), "6 not mapped") << "nothing above either";
}

TEST(Covers, bytes_count_and_not_pages) {
  Stage stage("AB.");
  const Address end = TestSpace::column(2);
  EXPECT_EQ(covered(stage, {end - 1, end}, prot::read), "all");
  EXPECT_EQ(covered(stage, {end - 1, end + 1}, prot::read), "2 not mapped");
  EXPECT_EQ(stage.space().covers({end + 5, end + 6}, prot::read),
            (Coverage{end + 5, AccessFault::not_mapped}));
  EXPECT_EQ(stage.space().covers({end - 0x1005, end}, prot::write),
            (Coverage{end - 0x1000, AccessFault::access_denied}));
}

TEST(Covers, nothing_is_asked_of_memory_but_to_be_there) {
  Stage stage("ACB.");
  EXPECT_EQ(covered(stage, columns(0, 3), prot::none), "all");
  EXPECT_EQ(covered(stage, columns(0, 4), prot::none), "3 not mapped");
  EXPECT_EQ(covered(stage, columns(0, 2), prot::none | prot::semaphore), "all") << "no access";
}

TEST(Covers, what_may_be_written_or_executed_may_be_read) {
  Stage stage("....");
  ASSERT_TRUE(stage.map_fixed(0, 1, prot::write));
  ASSERT_TRUE(stage.map_fixed(1, 2, prot::exec));
  EXPECT_EQ(covered(stage, columns(0, 2), prot::read), "all");
  EXPECT_EQ(covered(stage, columns(0, 2), prot::write), "1 denied");
  EXPECT_EQ(covered(stage, columns(1, 2), prot::exec), "all");
}

TEST(Covers, a_protection_key_hides_what_may_only_be_executed) {
  Stage stage("AA");
  stage.host().profile.has_protection_keys = true;
  ASSERT_TRUE(stage.mprotect(columns(1, 2), prot::exec));
  EXPECT_EQ(covered(stage, columns(0, 2), prot::read), "1 denied");
  EXPECT_EQ(covered(stage, columns(1, 2), prot::exec), "all");
}

TEST(Covers, an_empty_range_is_covered_wherever_it_lies) {
  Stage stage("A.");
  for (const Address at : {Address{0}, TestSpace::column(0), TestSpace::column(1) + 7,
                           stage.host().geometry.limit, ~Address{0}}) {
    EXPECT_EQ(stage.space().covers({at, at}, prot::read), Coverage{at});
    EXPECT_EQ(stage.space().covers(at, 0, prot::read), Coverage{at});
  }
}

TEST(Covers, nothing_lies_above_the_limit) {
  Stage stage;
  const Address limit = stage.host().geometry.limit;
  ASSERT_TRUE(stage.insert({.start = limit - 0x2000,
                            .end = limit,
                            .page_offset = (limit - 0x2000) >> 12,
                            .flags = flag::read | flag::may_access}));
  EXPECT_TRUE(stage.space().covers({limit - 0x2000, limit}, prot::read));
  for (const Address end : {limit + 1, limit + 0x1000, ~Address{0}}) {
    EXPECT_EQ(stage.space().covers({limit - 1, end}, prot::read),
              (Coverage{limit, AccessFault::not_mapped}));
  }
}

TEST(Covers, a_range_that_wraps_or_ends_before_it_starts_is_never_covered) {
  Stage stage("AAAA");
  const Coverage hole{TestSpace::column(4), AccessFault::not_mapped};
  EXPECT_EQ(stage.space().covers(columns(2, 1), prot::read), hole);
  EXPECT_EQ(stage.space().covers(TestSpace::column(2), ~std::uint64_t{0}, prot::read), hole);
  EXPECT_EQ(stage.space().covers({TestSpace::column(3), 0}, prot::read), hole);
  EXPECT_EQ(stage.space().covers(TestSpace::column(4), ~std::uint64_t{0}, prot::none), hole);
  EXPECT_EQ(stage.space().covers({~Address{0}, 0}, prot::none),
            (Coverage{~Address{0}, AccessFault::not_mapped}));
}

TEST(Covers, a_stack_is_not_grown_by_the_question_but_may_be_by_the_asker) {
  Stage stage("A......KK");
  stage.host().limits.stack_guard_gap_pages = 4;
  EXPECT_EQ(covered(stage, columns(6, 9), prot::write), "6 not mapped");
  EXPECT_EQ(stage.picture(), "A......KK");
  ASSERT_TRUE(stage.grow_stack(TestSpace::column(6)));
  EXPECT_EQ(covered(stage, columns(6, 9), prot::write), "all");
}

TEST(Covers, guards_are_pages_and_no_areas) {
  Stage stage("AAA");
  ASSERT_TRUE(stage.madvise(columns(1, 2), Advice::guard_install));
  EXPECT_EQ(covered(stage, columns(0, 3), prot::write), "all") << "the host has them";
}

TEST(Covers, touches_and_changes_nothing) {
  Stage stage("AAB");
  const std::uint64_t generation = stage.state().generation;
  EXPECT_TRUE(stage.space().covers(columns(0, 3), prot::read));
  EXPECT_EQ(stage.picture(), "AAB");
  EXPECT_EQ(stage.token(0), 0u);
  EXPECT_EQ(stage.state().generation, generation);
}

}  // namespace
}  // namespace vmarea::test
