// SPDX-License-Identifier: MIT
//
// The verbs as the face offers them, on the area that contains an address.
#include "support/stage.hpp"

namespace vmarea::test {
namespace {

Address at(std::uint64_t column) {
  return TestSpace::column(column);
}

TEST(FaceVerbs, split_cuts_once_and_leaves_boundaries_alone) {
  Stage stage("AAAA.BB");
  EXPECT_TRUE(stage.space().split(at(2)));
  EXPECT_EQ(stage.picture(), "AA|AA.BB");
  EXPECT_TRUE(stage.space().split(at(2)));
  EXPECT_EQ(stage.space().split(at(4)).code(), Error::bad_address);
  EXPECT_EQ(stage.space().split(at(1) + 1).code(), Error::invalid);
  stage.check();
}

TEST(FaceVerbs, modify_cuts_a_part_off_and_joins_it_again) {
  Stage stage("AAAA.BB");
  EXPECT_TRUE(stage.space().modify(columns(1, 2), rw_flags | flag::dont_copy));
  EXPECT_EQ(stage.count_areas(), 4u);
  EXPECT_TRUE(stage.space().modify(columns(1, 2), rw_flags));
  EXPECT_EQ(stage.picture(), "AAAA.BB");
  EXPECT_EQ(stage.space().modify(columns(3, 6), rw_flags).code(), Error::invalid);
  EXPECT_EQ(stage.space().modify(columns(4, 5), rw_flags).code(), Error::bad_address);
  stage.check();
}

TEST(FaceVerbs, modify_is_of_whole_pages_and_of_some) {
  Stage stage("AAAA");
  for (const Range wrong : {Range{at(1), at(2) + 1}, Range{at(1) + 1, at(2)}, Range{at(1), at(1)},
                            Range{at(2), at(1)}}) {
    EXPECT_EQ(stage.space().modify(wrong, rw_flags | flag::dont_copy).code(), Error::invalid);
  }
  EXPECT_EQ(stage.picture(), "AAAA");
  EXPECT_EQ(stage.count_areas(), 1u);
}

TEST(FaceVerbs, modify_to_flags_that_no_area_can_have_is_refused) {
  Stage stage("AAAA");
  for (const Flags wrong : {flag::shared, flag::userfault_missing, flag::lock_on_fault,
                            flag::locked | flag::io, flag::locked | flag::droppable}) {
    EXPECT_EQ(stage.space().modify(columns(1, 2), rw_flags | wrong).code(), Error::invalid)
        << to_string(wrong);
    EXPECT_FALSE(check(stage.space()));
  }
  EXPECT_EQ(stage.picture(), "AAAA");
}

TEST(FaceVerbs, expand_goes_over_a_hole_and_over_all_of_what_is_alike) {
  Stage stage("..AA..AA.BB");
  EXPECT_TRUE(stage.space().expand(at(2), columns(1, 5)));
  EXPECT_EQ(stage.shape(1), "[1,5)p1");
  EXPECT_TRUE(stage.space().expand(at(2), columns(1, 8)));
  EXPECT_EQ(stage.picture(), ".AAAAAAA.BB");
  EXPECT_EQ(stage.space().expand(at(2), columns(1, 10)).code(), Error::invalid);
  EXPECT_EQ(stage.space().expand(at(2), columns(1, 11)).code(), Error::invalid);
  EXPECT_EQ(stage.space().expand(at(2), columns(2, 8)).code(), Error::invalid);
  EXPECT_EQ(stage.space().expand(at(9), columns(7, 11)).code(), Error::invalid);
  stage.check();
}

TEST(FaceVerbs, expand_swallows_no_part_of_an_equal_area) {
  Stage stage("AA.AAA");
  EXPECT_EQ(stage.space().expand(at(0), columns(0, 4)).code(), Error::invalid);
  EXPECT_EQ(stage.picture(), "AA.AAA");
  stage.check();
}

TEST(FaceVerbs, expand_is_to_whole_pages_inside_the_space) {
  Stage stage("..AA..");
  const Address limit = stage.host().geometry.limit;
  for (const Range wrong : {Range{at(1) + 1, at(4)}, Range{at(2), at(5) + 1},
                            Range{at(2), limit + 0x1000}, Range{at(2), at(3)}}) {
    EXPECT_EQ(stage.space().expand(at(2), wrong).code(), Error::invalid);
  }
  EXPECT_EQ(stage.picture(), "..AA..");
  EXPECT_TRUE(stage.space().expand(at(2), {at(2), limit})) << "there is nothing above";
  EXPECT_EQ(stage.area(2)->end, limit);
  stage.check();
}

TEST(FaceVerbs, expand_swallows_nothing_whose_driver_wants_to_be_told) {
  Stage stage("HH.HH");
  EXPECT_EQ(stage.space().expand(at(0), columns(0, 5)).code(), Error::invalid);
  EXPECT_TRUE(stage.space().expand(at(0), columns(0, 3)));
  EXPECT_EQ(stage.picture(), "HHH|HH");
  stage.check();
}

TEST(FaceVerbs, shrink_leaves_whole_pages) {
  Stage stage("aaaa");
  for (const Range wrong : {Range{at(0), at(1) + 1}, Range{at(1) + 1, at(4)}, Range{at(0), at(0)},
                            Range{at(4), at(4)}}) {
    EXPECT_EQ(stage.space().shrink(at(1), wrong).code(), Error::invalid);
  }
  EXPECT_EQ(stage.picture(), "aaaa");
  stage.check();
}

TEST(FaceVerbs, shrink_leaves_no_middle) {
  Stage stage("aaaa");
  EXPECT_EQ(stage.space().shrink(at(0), columns(1, 3)).code(), Error::invalid);
  EXPECT_EQ(stage.picture(), "aaaa");
}

TEST(FaceVerbs, shrink_takes_pages_away_at_one_end) {
  Stage stage("aaaa");
  EXPECT_TRUE(stage.space().shrink(at(1), columns(1, 4)));
  EXPECT_EQ(stage.shape(1), "[1,4)p1");
  EXPECT_TRUE(stage.space().shrink(at(1), columns(1, 2)));
  EXPECT_EQ(stage.shape(1), "[1,2)p1");
  EXPECT_EQ(stage.space().shrink(at(1), columns(1, 3)).code(), Error::invalid);
  EXPECT_EQ(stage.space().shrink(at(1), columns(0, 1)).code(), Error::invalid) << "beside it";
  EXPECT_EQ(stage.space().shrink(at(3), columns(3, 4)).code(), Error::bad_address);
  stage.check();
}

TEST(FaceVerbs, relocate_moves_down_where_there_is_room) {
  Stage stage("B...aa");
  EXPECT_TRUE(stage.space().relocate_down(at(4), 0x3000));
  EXPECT_EQ(stage.picture(), "Baa...");
  EXPECT_EQ(stage.space().relocate_down(at(1), 0x1000).code(), Error::bad_address);
  EXPECT_EQ(stage.space().relocate_down(at(1), 0x10).code(), Error::invalid);
  EXPECT_EQ(stage.space().relocate_down(at(1), at(2)).code(), Error::invalid) << "below address 0";
  EXPECT_TRUE(stage.space().relocate_down(at(1), 0)) << "it is there already";
  EXPECT_EQ(stage.picture(), "Baa...");
  stage.check();
}

}  // namespace
}  // namespace vmarea::test
