// SPDX-License-Identifier: MIT
//
// Two pictures of an arena: in what they differ, as far as a reading knows it, and how one is
// drawn.
#include <initializer_list>

#include <gtest/gtest.h>

#include "live/random_calls/picture.hpp"

namespace vmarea::live {
namespace {

constexpr std::uint64_t own_offset = arena_start / page;

/// A readable page of anonymous memory that was mapped where it lies.
SeenArea area(std::uint64_t at, std::uint64_t identity = 0) {
  return {arena_start + at * page, arena_start + (at + 1) * page, flag::read, 0, identity,
          own_offset + at};
}

struct PictureOf : Picture {
  PictureOf(std::initializer_list<SeenArea> areas) {
    for (const SeenArea& area : areas) add(area);
  }
};

TEST(RandomCallsPicture, places_and_permissions_are_known_to_every_reading) {
  SeenArea writable = area(0);
  writable.flags |= flag::write;
  EXPECT_EQ(compare(PictureOf({area(0)}), PictureOf({area(0)}), quick_detail), Difference::none);
  EXPECT_EQ(compare(PictureOf({area(0)}), PictureOf({}), quick_detail), Difference::areas);
  EXPECT_EQ(compare(PictureOf({area(0)}), PictureOf({area(1)}), quick_detail), Difference::areas);
  EXPECT_EQ(compare(PictureOf({area(0)}), PictureOf({writable}), quick_detail), Difference::areas);
}

TEST(RandomCallsPicture, other_flags_differ_where_they_are_known) {
  SeenArea locked = area(0);
  locked.flags |= flag::locked;
  EXPECT_EQ(compare(PictureOf({area(0)}), PictureOf({locked}), quick_detail), Difference::none);
  EXPECT_EQ(compare(PictureOf({area(0)}), PictureOf({locked}), all_flags_detail),
            Difference::flags);
}

TEST(RandomCallsPicture, an_offset_of_anonymous_memory_differs_where_it_is_known) {
  SeenArea moved = area(0);
  moved.anonymous_offset = own_offset + 7;
  EXPECT_EQ(compare(PictureOf({area(0)}), PictureOf({moved}), all_flags_detail), Difference::none);
  EXPECT_EQ(compare(PictureOf({area(0)}), PictureOf({moved}), full_detail),
            Difference::anonymous_offsets);
}

TEST(RandomCallsPicture, identities_have_numbers_of_their_own_on_each_side) {
  const PictureOf two({area(0, 1), area(1, 2)});
  EXPECT_EQ(compare(two, PictureOf({area(0, 88), area(1, 77)}), full_detail), Difference::none);
  EXPECT_EQ(compare(two, PictureOf({area(0, 88), area(1)}), full_detail), Difference::identities);
  EXPECT_EQ(compare(two, PictureOf({area(0, 88), area(1, 88)}), full_detail),
            Difference::identities);
  EXPECT_EQ(compare(PictureOf({area(0, 5), area(1, 5)}), two, full_detail), Difference::identities);
  EXPECT_EQ(compare(two, PictureOf({area(0), area(1)}), all_flags_detail), Difference::none);
}

TEST(RandomCallsPicture, is_drawn_with_what_no_file_of_proc_shows) {
  SeenArea moved = area(2, 9);
  moved.anonymous_offset = own_offset + 7;
  EXPECT_EQ(draw(PictureOf({area(0, 9), moved, area(4)}), true),
            "    A.B.C (from page 0)\n"
            "    A [0, 1)  rd  identity A\n"
            "    B [2, 3)  rd  as if at 7  identity A\n"
            "    C [4, 5)  rd\n");
}

}  // namespace
}  // namespace vmarea::live
