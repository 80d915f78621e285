// SPDX-License-Identifier: MIT
//
// More of mremap (rules 14, with linux_6_18): what moves beside itself, limits
// that stop a move half-way, what a failed one leaves, and where a grown area goes. Every picture
// with DU (DONTUNMAP) or several areas was seen on a running 6.18.
#include "support/stage.hpp"

namespace vmarea::test {
namespace {

constexpr RemapFlags keeping_fixed = fixed_move | remap::dont_unmap;

TEST(MremapKeeping, untouched_memory_that_goes_right_beside_itself_joins_itself) {
  Stage behind("AA..");
  ASSERT_TRUE(behind.move(0, 2, 2, keeping_fixed));
  EXPECT_EQ(behind.picture(), "AAAA");
  Stage before("..AA");
  ASSERT_TRUE(before.move(2, 2, 0, keeping_fixed));
  EXPECT_EQ(before.picture(), "AAAA");
  Stage touched("aA..");
  ASSERT_TRUE(touched.move(0, 2, 2, keeping_fixed));
  EXPECT_EQ(touched.picture(), "AA|aa");
  EXPECT_NE(touched.token(2), 0u);
}

TEST(MremapKeeping, source_keeps_its_page_offset_until_it_moves_itself) {
  Stage stage("aA..");
  ASSERT_TRUE(stage.move(0, 2, 10));
  ASSERT_TRUE(stage.move(10, 2, 20, keeping_fixed));
  EXPECT_EQ(stage.shape(10), "[a,c)p0");
  EXPECT_FALSE(stage.identity(10));
  ASSERT_TRUE(stage.map_fixed(12, 14));
  EXPECT_EQ(stage.shape(12), "[c,e)pc") << "so it joins nobody where it stands";
  ASSERT_TRUE(stage.map_fixed(32, 34));
  ASSERT_TRUE(stage.move(10, 2, 30));
  EXPECT_EQ(stage.shape(30), "[1e,22)p1e");
}

TEST(MremapKeeping, second_source_that_joined_the_first_copy_is_unlocked_with_it) {
  Stage stage;
  for (const std::uint64_t column : {0u, 4u}) {
    ASSERT_TRUE(stage.map_fixed(column, column + 2));
    ASSERT_TRUE(stage.mlock(columns(column, column + 2), MlockMode::lock_on_fault));
  }
  ASSERT_TRUE(stage.move(0, 6, 6, keeping_fixed));
  EXPECT_EQ(stage.shape(0), "[0,2)p0");
  EXPECT_EQ(stage.shape(4), "[4,8)p4");
  EXPECT_EQ(stage.shape(10), "[a,c)pa");
  EXPECT_EQ(stage.area(0)->flags, rw_flags);
  EXPECT_EQ(stage.area(4)->flags, rw_flags);
  EXPECT_EQ(stage.area(10)->flags, rw_flags | flag::locked | flag::lock_on_fault);
  EXPECT_EQ(stage.space().totals().locked, 2);
}

TEST(MremapKeeping, limit_that_is_met_at_a_later_area_leaves_the_earlier_ones_moved) {
  Stage stage("AA..AA..............B");
  stage.host().limits.address_space_bytes = 0x8000;  // Room for three more pages.
  EXPECT_EQ(stage.move(0, 6, 10, keeping_fixed).code(), Error::no_memory);
  EXPECT_EQ(stage.picture(), "AA..AA....AA........B");
}

TEST(MremapKeeping, frames_of_a_device_are_refused) {
  Stage stage;
  ASSERT_TRUE(stage.insert(stage.fresh(0, 2, flag::page_frames)));
  EXPECT_EQ(stage.move(0, 2, 4, keeping_fixed).code(), Error::invalid);
  EXPECT_EQ(stage.mremap({TestSpace::column(0), 0x2000, 0x3000, remap::may_move, 0}).code(),
            Error::bad_address)
      << "nor may they grow";
  EXPECT_TRUE(stage.move(0, 2, 4)) << "they may move";
}

TEST(MremapKeeping, hint_that_is_occupied_is_another_place) {
  Stage stage("AABB");
  const Result<Address> kept =
      stage.mremap({TestSpace::column(0), 0x2000, 0x2000, remap::may_move | remap::dont_unmap,
                    TestSpace::column(2)});
  EXPECT_EQ(kept, Result<Address>(SpaceLayout{}.mmap_base - 0x2000));
  EXPECT_EQ(stage.picture(), "AABB");
}

TEST(Mremap, driver_is_asked_at_each_edge_that_lies_inside_its_area) {
  for (const std::uint64_t from : {0u, 1u, 2u}) {
    Stage stage("FFFF.AAAA");
    stage.area(0)->hooks = &unsplittable_hooks;
    EXPECT_EQ(stage.move(from, 2, 6).code(), Error::invalid) << from;
    EXPECT_EQ(stage.picture(), "FFFF.A..A") << from;
  }
  Stage growing("FF....");
  growing.area(0)->hooks = &unsplittable_hooks;
  EXPECT_EQ(growing.mremap({TestSpace::column(0), 0x1000, 0x2000, fixed_move, TestSpace::column(4)})
                .code(),
            Error::invalid)
      << "of the old range";
  EXPECT_EQ(growing.picture(), "FF....");
}

TEST(Mremap, shrinking_move_right_behind_its_area_joins_what_lies_above_the_tail) {
  struct Case {
    const char* before;
    const char* after;
  };
  for (const Case& c : {Case{"AAAAAA...", "...AAAA.."}, Case{"AAAAAA.aa", "...aaaaaa"}}) {
    Stage stage(c.before);
    EXPECT_TRUE(
        stage.mremap({TestSpace::column(0), 0x3000, 0x1000, fixed_move, TestSpace::column(6)}));
    EXPECT_EQ(stage.picture(), c.after);
  }
}

TEST(Mremap, count_is_asked_without_the_areas_of_the_tail) {
  Stage stage("ABABA....");
  stage.host().limits.area_count_max = 11;  // As few as a given place allows.
  EXPECT_TRUE(
      stage.mremap({TestSpace::column(0), 0x5000, 0x1000, fixed_move, TestSpace::column(7)}));
  EXPECT_EQ(stage.picture(), ".......A.");
}

TEST(Mremap, count_is_asked_without_a_cut_where_there_is_no_tail) {
  for (const std::uint64_t limit : {5u, 6u}) {  // count >= limit - 3
    Stage stage("AA.B");
    stage.host().limits.area_count_max = limit;
    const auto moved = stage.mremap({TestSpace::column(0), 0x1000, 0x2000, remap::may_move, 0});
    EXPECT_EQ(moved.code(), limit == 5 ? Error::no_memory : Error::none);
    EXPECT_EQ(stage.picture(), limit == 5 ? "AA.B" : ".A.B");
  }
}

TEST(Mremap, tail_that_stays_is_told_to_none) {
  Stage stage("AAAAAAA.X");
  int told = 0, edits = 0;
  stage.space()
      .plan_mremap({.address = TestSpace::column(5),
                    .old_length = 5 * 0x1000,
                    .new_length = 0x1000,
                    .flags = fixed_move,
                    .new_address = TestSpace::column(1)})
      .for_each_step([&](const auto& step) {
        told += step.kind == StepKind::tell_unmapped;
        edits += step.kind == StepKind::edit;
      });
  EXPECT_EQ(told, 0);
  EXPECT_EQ(edits, 2) << "the hole and the cut";
}

TEST(Mremap, chooser_of_a_later_area_stops_the_move_there) {
  Stage stage("AAFF..........");
  stage.legend.at('F').file->rules.placement = Placement::own;
  EXPECT_EQ(stage.move(0, 6, 8).code(), Error::bad_address);
  EXPECT_EQ(stage.picture(), "..FF....AA....");
}

TEST(Mremap, address_that_is_not_permitted_is_found_when_the_destination_is_gone) {
  for (const bool as_linux : {true, false}) {
    Stage stage("AAA");
    if (!as_linux) stage.host().profile.partial_effects = PartialEffects::all_or_nothing;
    ASSERT_TRUE(stage.mmap({.address = 0, .length = 0x1000, .flags = fixed_private}));
    stage.host().limits.may_map_lowest = false;
    EXPECT_EQ(stage.mremap({TestSpace::column(0), 0x3000, 0x1000, fixed_move, 0}).code(),
              Error::not_permitted);
    EXPECT_EQ(stage.picture(), as_linux ? "A.." : "AAA") << "the tail, too";
    EXPECT_EQ(stage.space().find(0) == nullptr, as_linux);
  }
}

TEST(Mremap, data_limit_refuses_growth_of_data_only) {
  Stage stage("AA..BB..");
  stage.host().limits.data_bytes = 0x2000;
  const auto grow = [&](std::uint64_t column) {
    return stage.mremap({TestSpace::column(column), 0x2000, 0x3000, {}, 0}).code();
  };
  EXPECT_EQ(grow(0), Error::no_memory);
  EXPECT_EQ(grow(4), Error::none);
  EXPECT_EQ(stage.picture(), "AA..BBB.");
}

TEST(Mremap, locked_memory_that_grows_elsewhere_is_touched_where_it_grew) {
  Stage stage("LLB.....");
  ASSERT_TRUE(
      stage.mremap({TestSpace::column(0), 0x2000, 0x3000, fixed_move, TestSpace::column(4)}));
  EXPECT_EQ(stage.picture(), "..B.lll.");
  EXPECT_EQ(stage.token(4) | stage.token(5), 0u);
  EXPECT_NE(stage.token(6), 0u);
  EXPECT_EQ(stage.space().totals().locked, 3);
}

TEST(Mremap, growth_in_place_is_charged) {
  Stage stage("AA..");
  const PageCount charged = stage.host().charged;
  ASSERT_TRUE(stage.mremap({TestSpace::column(0), 0x2000, 0x3000, {}, 0}));
  EXPECT_EQ(stage.host().charged, charged + 1);
  stage.host().charge_max = charged + 1;
  EXPECT_EQ(stage.mremap({TestSpace::column(0), 0x3000, 0x4000, {}, 0}).code(), Error::no_memory);
  EXPECT_EQ(stage.picture(), "AAA.");
}

TEST(Placement, anonymous_memory_that_grows_elsewhere_to_whole_huge_pages_is_aligned) {
  constexpr std::uint64_t huge = 0x20'0000;
  struct Case {
    const char* name;
    MapFlags type;
    std::uint64_t length;
    bool aligned;
  };
  for (const Case& c : {Case{"huge", map::private_, huge, true},
                        Case{"a page more", map::private_, huge + 0x1000, false},
                        Case{"shared", map::shared, huge, false}}) {
    SCOPED_TRACE(c.name);
    Stage stage(".B");
    ASSERT_TRUE(stage.mmap({.address = TestSpace::column(0),
                            .length = 0x1000,
                            .protection = rw,
                            .flags = c.type | map::anonymous | map::fixed}));
    const Result<Address> at =
        stage.mremap({TestSpace::column(0), 0x1000, c.length, remap::may_move, 0});
    ASSERT_TRUE(at);
    EXPECT_EQ(*at % huge == 0, c.aligned);
  }
}

TEST(Placement, file_of_a_helping_file_system_grows_elsewhere_congruent_to_its_offset) {
  constexpr std::uint64_t page = 0x1000, huge = 0x20'0000;
  Stage stage(".FFB");
  stage.legend.at('F').file->rules.placement = Placement::huge_pages;
  ASSERT_EQ(stage.shape(1), "[1,3)p1");
  const Result<Address> at =
      stage.mremap({TestSpace::column(2), page, 2 * huge, remap::may_move, 0});
  ASSERT_TRUE(at);
  EXPECT_EQ(*at % huge, 2 * page);
}

TEST(Placement, hint_of_a_kept_move_is_not_raised_to_the_minimum_of_mappings) {
  Stage stage("AA");
  const Result<Address> kept = stage.mremap(
      {TestSpace::column(0), 0x2000, 0x2000, remap::may_move | remap::dont_unmap, 0x1000});
  EXPECT_EQ(kept, Result<Address>(0x1000));
  EXPECT_EQ(stage.mmap({.address = 0x1000, .length = 0x1000}), Result<Address>(0x10000));
}

TEST(MremapShrinking, copy_that_joins_what_stands_below_and_its_own_source_stops_at_the_tail) {
  Stage stage("AA.AAAA");
  ASSERT_TRUE(stage.mremap({.address = TestSpace::column(3),
                            .old_length = 0x2000,
                            .new_length = 0x1000,
                            .flags = fixed_move,
                            .new_address = TestSpace::column(2)}));
  EXPECT_EQ(stage.picture(), "AAA..AA");
  EXPECT_EQ(stage.shape(0), "[0,3)p0");
  EXPECT_EQ(stage.shape(5), "[5,7)p5");
}

}  // namespace
}  // namespace vmarea::test
