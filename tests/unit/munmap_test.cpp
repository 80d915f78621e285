// SPDX-License-Identifier: MIT
//
// munmap (rules 11): what goes, what stays on which object, and what each failure
// leaves behind, as Linux does and with all or nothing.
#include "support/stage.hpp"

namespace vmarea::test {
namespace {

using Lines = std::vector<std::string>;

Lines hook_calls(Stage& stage) {
  Lines calls;
  for (const std::string& line : stage.host().recorder.take()) {
    if (line.starts_with("open") || line.starts_with("close")) calls.push_back(line);
  }
  return calls;
}

TEST(Munmap, range_over_areas_and_holes_leaves_the_rests) {
  struct Case {
    const char* before;
    const char* request;
    const char* after;
  };
  const Case cases[] = {
      {"AAAA", "****", "...."},       {"AAAA", "**  ", "..AA"},      {"AAAA", "  **", "AA.."},
      {"AAAAA", " ** ", "A..AA"},     {"AA.BB", " *** ", "A...B"},   {"A.B.CC", "*****", ".....C"},
      {"..AA..", "******", "......"}, {"AABBCC", " ****", "A....C"}, {".AA.", "*   ", ".AA."},
  };
  for (const Case& c : cases) {
    Stage stage(c.before);
    EXPECT_TRUE(stage.munmap(Stage::range_of(c.request)));
    EXPECT_EQ(stage.picture(), c.after) << c.before;
  }
}

TEST(Munmap, length_is_rounded_up) {
  Stage stage("AAA");
  EXPECT_TRUE(stage.munmap(TestSpace::column(0), 0x1001));
  EXPECT_EQ(stage.picture(), "..A");
}

TEST(Munmap, pages_go_with_the_range_and_only_with_it) {
  Stage stage("aaaaa");
  const std::uint64_t first = stage.token(0), last = stage.token(4);
  EXPECT_TRUE(stage.munmap(columns(1, 4)));
  EXPECT_EQ(stage.token(0), first);
  EXPECT_EQ(stage.token(4), last);
  EXPECT_TRUE(stage.map_fixed(1, 4));
  EXPECT_EQ(stage.token(2), 0u);
}

TEST(Munmap, upper_rest_moves_its_page_offset) {
  Stage stage("FFFFF");
  EXPECT_TRUE(stage.munmap(columns(1, 3)));
  EXPECT_EQ(stage.shape(0), "[0,1)p0");
  EXPECT_EQ(stage.shape(3), "[3,5)p3");
}

TEST(Munmap, lower_rest_keeps_the_object_where_nobody_counts) {
  Stage stage("AAAAA");
  const TestArea* whole = stage.area(0);
  EXPECT_TRUE(stage.munmap(columns(2, 3)));
  EXPECT_EQ(stage.area(0), whole);
}

TEST(Munmap, both_rests_are_new_objects_where_a_driver_counts) {
  Stage stage("HHHHH");
  const TestArea* whole = stage.area(0);
  stage.host().recorder.on = true;
  EXPECT_TRUE(stage.munmap(columns(2, 3)));
  EXPECT_NE(stage.area(0), whole);
  EXPECT_NE(stage.area(3), whole);
  EXPECT_EQ(hook_calls(stage), (Lines{"open 100-102", "open 103-105", "close 102-103"}));
  EXPECT_EQ(stage.legend.at('H').file->references, 2u);
  stage.host().recorder.on = false;
}

TEST(Munmap, drivers_are_told_in_address_order) {
  Stage stage("HH.HHAH");
  stage.host().recorder.on = true;
  EXPECT_TRUE(stage.munmap(columns(0, 7)));
  EXPECT_EQ(hook_calls(stage), (Lines{"close 100-102", "close 103-105", "close 106-107"}));
  stage.host().recorder.on = false;
}

TEST(Munmap, tables_are_freed_as_far_as_the_neighbours_leave_them) {
  const std::string hole(0x400, '.');
  Stage stage("a" + hole + "a");
  const std::int64_t tables = stage.host().tables.live;
  EXPECT_TRUE(stage.munmap(columns(0x401, 0x402)));
  EXPECT_LT(stage.host().tables.live, tables);
  EXPECT_NE(stage.token(0), 0u);
}

/// What a failure leaves, in both profiles. `U` refuses to be split.
struct Failure {
  const char* name;
  const char* before;
  const char* request;
  std::uint64_t count_max;
  Error error;
  const char* left;
};
const Failure failures[] = {
    {"a hole in one area at the limit", "AAAA.B", " ** ", 2, Error::no_memory, "AAAA.B"},
    {"the limit before the seal", "XXXX.B", " ** ", 2, Error::no_memory, "XXXX.B"},
    {"first area sealed, start inside", "XXXX", " ** ", 9, Error::not_permitted, "XXXX"},
    {"first area sealed", "XX.A", "**", 9, Error::not_permitted, "XX.A"},
    {"start cut refused", "UUUU.A", " ***  ", 9, Error::invalid, "UUUU.A"},
    {"start cut refused, in several", "UUUU.A", " *****", 9, Error::invalid, "UUUU.A"},
    {"the seal before the cut", "VVVV", " ***", 9, Error::not_permitted, "VVVV"},
    {"later area sealed: the start cut stays", "AAAXX", " ****", 9, Error::not_permitted, "A|AAXX"},
    {"later area sealed, nothing cut", "AAAXX", "*****", 9, Error::not_permitted, "AAAXX"},
    {"last area sealed, its end inside", "AABXX", "****", 9, Error::not_permitted, "AABXX"},
    {"end cut refused: the start cut stays", "AAAUU", " ***", 9, Error::invalid, "A|AAUU"},
    {"end cut refused, nothing else cut", "AAAUU", "****", 9, Error::invalid, "AAAUU"},
};

void expect_failure(const Failure& f, PartialEffects effects) {
  SCOPED_TRACE(f.name);
  Stage stage;
  static const AreaHooks<TestServices>& unsplittable = unsplittable_hooks;
  stage.legend['U'] = {.file = stage.host().make_file({}, &unsplittable)};
  stage.legend['V'] = stage.legend['U'];
  stage.legend['V'].adds = flag::sealed;
  stage.build(f.before);
  stage.host().limits.area_count_max = f.count_max;
  stage.host().profile.partial_effects = effects;
  const PageTotals totals = stage.space().totals();
  EXPECT_EQ(stage.munmap(Stage::range_of(f.request)).code(), f.error);
  EXPECT_EQ(stage.picture(), effects == PartialEffects::as_linux ? f.left : f.before);
  EXPECT_EQ(stage.space().totals(), totals);
}

TEST(Munmap, failure_leaves_the_cuts_that_linux_leaves) {
  for (const Failure& f : failures) expect_failure(f, PartialEffects::as_linux);
}
TEST(Munmap, failure_leaves_nothing_where_all_or_nothing_is_asked) {
  for (const Failure& f : failures) expect_failure(f, PartialEffects::all_or_nothing);
}

TEST(Munmap, only_a_hole_in_one_area_is_refused_at_the_limit) {
  struct Case {
    const char* request;
    const char* after;
  };
  for (const Case& c : {Case{"**    ", "..AABB"}, Case{"  ****", "AA...."},
                        Case{" **** ", "A....B"}, Case{"   ** ", "AAA..B"}}) {
    Stage stage("AAAABB");
    stage.host().limits.area_count_max = 2;
    EXPECT_TRUE(stage.munmap(Stage::range_of(c.request)));
    EXPECT_EQ(stage.picture(), c.after);
  }
}

TEST(Munmap, rests_of_a_failed_call_do_not_join_again_until_something_changes) {
  Stage stage("AAAXX");
  EXPECT_EQ(stage.munmap(columns(1, 5)).code(), Error::not_permitted);
  EXPECT_TRUE(stage.mprotect(columns(0, 3), rw));
  EXPECT_EQ(stage.picture(), "A|AAXX") << "no change, no join";
  EXPECT_TRUE(stage.mprotect(columns(0, 3), prot::read));
  EXPECT_EQ(stage.picture(), "BBBXX");
}

}  // namespace
}  // namespace vmarea::test
