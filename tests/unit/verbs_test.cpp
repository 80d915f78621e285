// SPDX-License-Identifier: MIT
//
// The tables of split, modify, expand, shrink and relocate (rules 7 to 10).
#include "support/stage.hpp"

namespace vmarea::test {
namespace {

using Lines = std::vector<std::string>;

TEST(Split, new_part_below_leaves_the_upper_part_to_the_object) {
  Stage stage("aaaaa");
  const TestArea* whole = stage.area(0);
  const AnonIdentity identity = stage.identity(0);
  ASSERT_TRUE(stage.split(2, NewPart::below));
  EXPECT_EQ(stage.shape(0), "[0,2)p0");
  EXPECT_EQ(stage.shape(2), "[2,5)p2");
  EXPECT_EQ(stage.area(2), whole);
  EXPECT_EQ(stage.identity(0), identity);
  EXPECT_EQ(stage.chain(0), 1u) << "the copy is linked to the same identity";
  EXPECT_TRUE(stage.begun(0) && stage.begun(2));
  EXPECT_EQ(stage.count_areas(), 2u);
}

TEST(Split, new_part_above_leaves_the_lower_part_to_the_object) {
  Stage stage("FFFFF");
  stage.area(0)->data.tag = 7;
  const TestArea* whole = stage.area(0);
  ASSERT_TRUE(stage.split(2, NewPart::above));
  EXPECT_EQ(stage.shape(0), "[0,2)p0");
  EXPECT_EQ(stage.shape(2), "[2,5)p2");
  EXPECT_EQ(stage.area(0), whole);
  EXPECT_EQ(stage.area(2)->data.tag, 7) << "a full copy";
  EXPECT_EQ(stage.legend.at('F').file->references, 2u);
}

TEST(Split, driver_is_told_of_the_new_part_alone) {
  Stage stage("HHHHH");
  stage.host().recorder.on = true;
  ASSERT_TRUE(stage.split(2, NewPart::below));
  Lines opened;
  for (const std::string& line : stage.host().recorder.take()) {
    if (line.starts_with("open") || line.starts_with("close")) opened.push_back(line);
  }
  EXPECT_EQ(opened, Lines{"open 100-102"});
  stage.host().recorder.on = false;
}

TEST(Split, at_the_map_count_limit_is_refused_unless_the_caller_ignores_it) {
  Stage stage("AAAA.A");
  stage.host().limits.area_count_max = 3;
  EXPECT_TRUE(stage.split(1, NewPart::below));
  EXPECT_EQ(stage.split(2, NewPart::below).code(), Error::no_memory);
  EXPECT_EQ(stage.picture(), "A|AAA.A");
  EXPECT_TRUE(stage.split(2, NewPart::below, CountLimit::ignored));
  EXPECT_EQ(stage.picture(), "A|A|AA.A");
}

TEST(Split, limit_comes_before_the_driver_that_refuses) {
  Stage stage("AAAA");
  stage.area(0)->hooks = &unsplittable_hooks;
  EXPECT_EQ(stage.split(2, NewPart::below).code(), Error::invalid);
  stage.host().limits.area_count_max = 1;
  EXPECT_EQ(stage.split(2, NewPart::below).code(), Error::no_memory);
  EXPECT_EQ(stage.picture(), "AAAA");
}

constexpr Flags changed = rw_flags | flag::dont_copy;  // Like no neighbour.

TEST(Modify, whole_area_that_joins_nobody_stays_where_it_stands) {
  Stage stage("A|AA|A");
  const TestArea* whole = stage.area(1);
  ASSERT_TRUE(stage.modify(columns(1, 3), changed));
  EXPECT_EQ(stage.picture(), "AZZA");
  EXPECT_EQ(stage.area(1), whole);
  EXPECT_EQ(stage.count_areas(), 3u);
}

TEST(Modify, part_at_either_end_is_cut_off_once) {
  Stage stage("AAAA");
  const TestArea* whole = stage.area(0);
  ASSERT_TRUE(stage.modify(columns(0, 1), changed));
  EXPECT_EQ(stage.picture(), "ZAAA");
  EXPECT_EQ(stage.area(0), whole) << "the changed part keeps the object";
  const TestArea* rest = stage.area(1);
  ASSERT_TRUE(stage.modify(columns(3, 4), changed));
  EXPECT_EQ(stage.picture(), "ZAAZ");
  EXPECT_EQ(stage.area(3), rest);
}

TEST(Modify, first_cut_that_is_refused_changes_nothing) {
  Stage stage("AAAA");
  stage.host().limits.area_count_max = 1;
  EXPECT_EQ(stage.modify(columns(1, 2), changed).code(), Error::no_memory);
  EXPECT_EQ(stage.picture(), "AAAA");
}

TEST(Modify, second_cut_that_is_refused_leaves_the_first_as_linux_does) {
  Stage stage("AAAA");
  stage.host().limits.area_count_max = 2;
  EXPECT_EQ(stage.modify(columns(1, 2), changed).code(), Error::no_memory);
  EXPECT_EQ(stage.picture(), "A|AAA");
}

TEST(Modify, second_cut_that_is_refused_leaves_nothing_where_all_or_nothing_is_asked) {
  Stage stage("AAAA");
  stage.host().limits.area_count_max = 2;
  stage.host().profile.partial_effects = PartialEffects::all_or_nothing;
  EXPECT_EQ(stage.modify(columns(1, 2), changed).code(), Error::no_memory);
  EXPECT_EQ(stage.picture(), "AAAA");
}

TEST(Modify, part_that_joins_needs_no_room_below_the_limit) {
  Stage stage("AABB");
  stage.host().limits.area_count_max = 2;
  EXPECT_TRUE(stage.modify(columns(2, 3), rw_flags));
  EXPECT_EQ(stage.picture(), "AAAB");
}

TEST(Expand, over_a_hole_in_both_directions) {
  Stage stage("..FF..");
  const TestArea* whole = stage.area(2);
  ASSERT_TRUE(stage.expand(2, columns(2, 5)));
  EXPECT_EQ(stage.shape(2), "[2,5)p2");
  ASSERT_TRUE(stage.expand(2, columns(1, 5)));
  EXPECT_EQ(stage.shape(1), "[1,5)p1");
  EXPECT_EQ(stage.area(1), whole);
  EXPECT_TRUE(stage.begun(1));
}

TEST(Expand, up_to_the_next_area_does_not_swallow_it) {
  Stage stage("A..A");
  ASSERT_TRUE(stage.expand(0, columns(0, 3), stage.area(3)));
  EXPECT_EQ(stage.picture(), "AAA|A");
}

TEST(Expand, over_next_ends_it_without_telling_its_driver_more_than_that) {
  Stage stage("FF.FF");
  ASSERT_TRUE(stage.expand(0, columns(0, 5), stage.area(3)));
  EXPECT_EQ(stage.shape(0), "[0,5)p0");
  EXPECT_EQ(stage.legend.at('F').file->references, 1u);
}

TEST(Expand, over_next_that_is_not_charged_leaves_the_charge_to_the_hole) {
  Stage stage("BB.BB");
  ASSERT_TRUE(stage.expand(0, columns(0, 5), stage.area(3)));
  EXPECT_EQ(stage.shape(0), "[0,5)p0");
  EXPECT_EQ(stage.state().charged, 0u);
  EXPECT_EQ(stage.state().totals.total, 5);
}

TEST(Shrink, at_the_end_keeps_the_page_offset) {
  Stage stage("aaa");
  ASSERT_TRUE(stage.shrink(0, columns(0, 1)));
  EXPECT_EQ(stage.picture(), "a..");
  EXPECT_EQ(stage.shape(0), "[0,1)p0");
  EXPECT_TRUE(stage.begun(0));
}

TEST(Shrink, at_the_start_moves_the_page_offset) {
  Stage stage("FFF");
  ASSERT_TRUE(stage.shrink(0, columns(2, 3)));
  EXPECT_EQ(stage.shape(2), "[2,3)p2");
  EXPECT_EQ(stage.count_areas(), 1u);
}

/// The tokens of columns, 0 where there is no page.
std::vector<std::uint64_t> tokens(const Stage& stage, std::uint64_t first, std::uint64_t upto) {
  std::vector<std::uint64_t> seen;
  for (std::uint64_t column = first; column < upto; ++column) seen.push_back(stage.token(column));
  return seen;
}

TEST(Relocate, moves_every_page_down_where_old_and_new_place_overlap) {
  Stage stage("...KkkKk");
  const TestArea* stack = stage.area(3);
  const auto before = tokens(stage, 3, 8);
  ASSERT_TRUE(stage.relocate_down(3, 2));
  EXPECT_EQ(stage.picture(), ".kkkkk..");
  EXPECT_EQ(tokens(stage, 1, 6), before);
  EXPECT_EQ(tokens(stage, 6, 8), (std::vector<std::uint64_t>{0, 0}));
  EXPECT_EQ(stage.area(1), stack);
  EXPECT_EQ(stage.area(1)->page_offset, 0x103u) << "never adjusted to the new address";
}

TEST(Relocate, far_down_frees_the_tables_of_the_old_place) {
  const std::string hole(0x400, '.');
  Stage stage(hole + "kKk");
  const auto before = tokens(stage, 0x400, 0x403);
  const std::int64_t tables = stage.host().tables.live;
  ASSERT_TRUE(stage.relocate_down(0x400, 0x400));
  EXPECT_EQ(stage.shape(0), "[0,3)p400");
  EXPECT_EQ(tokens(stage, 0, 3), before);
  EXPECT_EQ(stage.host().tables.live, tables) << "one table more below, one less above";
}

TEST(Relocate, leaves_the_tables_that_the_next_area_uses) {
  const std::string hole(0x400, '.');
  Stage stage(hole + "kKk...aa");
  const auto next = tokens(stage, 0x406, 0x408);
  ASSERT_TRUE(stage.relocate_down(0x400, 0x200));
  EXPECT_EQ(tokens(stage, 0x406, 0x408), next);
}

TEST(Relocate, stops_before_something_in_the_way) {
  Stage stage(".B.kkk");
  for (const std::uint64_t down : {2u, 3u}) {
    EXPECT_EQ(stage.relocate_down(3, down).code(), Error::bad_address);
    EXPECT_EQ(stage.picture(), ".B.kkk");
  }
  EXPECT_TRUE(stage.relocate_down(3, 1));
  EXPECT_EQ(stage.picture(), ".Bkkk.");
}

TEST(Relocate, count_and_counters_stay) {
  Stage stage("....kk");
  const PageTotals before = stage.space().totals();
  ASSERT_TRUE(stage.relocate_down(4, 3));
  EXPECT_EQ(stage.space().totals(), before);
  EXPECT_EQ(stage.count_areas(), 1u);
}

TEST(RelocateDeathTest, by_no_page_is_a_broken_promise) {
  Stage stage("..kk");
  EXPECT_DEATH((void)stage.relocate_down(2, 0), "a relocation is by whole pages");
  EXPECT_DEATH((void)plan_relocate_down(stage.state(), *stage.area(2), 0x10),
               "a relocation is by whole pages");
}

TEST(SplitDeathTest, outside_of_the_area_is_a_broken_promise) {
  Stage stage(".AA.");
  for (const std::uint64_t at : {0u, 1u, 3u, 4u}) {
    EXPECT_DEATH(
        (void)plan_split(stage.state(), *stage.area(1), TestSpace::column(at), NewPart::below),
        "a split lies inside the area");
  }
}

TEST(ModifyDeathTest, part_that_is_empty_or_elsewhere_is_a_broken_promise) {
  Stage stage(".AA.");
  const TestArea& area = *stage.area(1);
  const auto modify = [&](Range part, WithoutMemory without) {
    (void)plan_modify(stage.state(), area, part, {changed, nullptr}, without);
  };
  constexpr auto fails = WithoutMemory::fails;
  EXPECT_DEATH(modify(columns(2, 2), fails), "a modified part lies in the area");
  EXPECT_DEATH(modify(columns(0, 2), fails), "a modified part lies in the area");
  EXPECT_DEATH(modify(columns(2, 4), fails), "a modified part lies in the area");
  EXPECT_DEATH(modify(columns(1, 2), WithoutMemory::joins_nothing),
               "only the change of a whole area can go without memory");
}

TEST(ExpandDeathTest, over_what_cannot_be_swallowed_is_a_broken_promise) {
  Stage stage("HH.HH");
  EXPECT_DEATH((void)stage.expand(0, columns(0, 5), stage.area(3)),
               "an area with a close hook is never swallowed");
  EXPECT_DEATH((void)stage.expand(0, columns(0, 4), stage.area(3)),
               "an expansion ends before the next area, or with it");
  EXPECT_DEATH((void)stage.expand(0, columns(0, 2), stage.area(0)),
               "an expansion ends before the next area, or with it")
      << "it is not its own next";
  EXPECT_DEATH((void)stage.expand(0, columns(1, 3)), "an expansion covers the area");
}

TEST(ShrinkDeathTest, to_no_part_at_an_end_is_a_broken_promise) {
  Stage stage(".AAA.");
  EXPECT_DEATH((void)stage.shrink(1, columns(1, 1)), "a shrunk area is a part of the old one");
  EXPECT_DEATH((void)stage.shrink(1, columns(3, 5)), "a shrunk area is a part of the old one");
  EXPECT_DEATH((void)stage.shrink(1, columns(2, 3)), "an area shrinks at one end");
}

}  // namespace
}  // namespace vmarea::test
