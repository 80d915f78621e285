// SPDX-License-Identifier: MIT
//
// What random calls brought up (the model tests), each in its shortest form.
#include <gtest/gtest.h>

#include "support/stage.hpp"

namespace vmarea::test {
namespace {

/// A move within one area, on a kernel where the copy does not join what stays behind it: the copy
/// joins the part below and is not watched any more, the part above still is. Both parts had their
/// attributes from one object, which is written first and gives them back.
TEST(RandomModel, move_that_drops_the_watch_keeps_the_attributes_of_the_rest) {
  TestSpace space;
  space.host().profile = linux_6_12;
  space.host().userfaults[1] = {};  // No remap events: what moves is not watched any more.
  constexpr MapFlags flags = map::private_ | map::anonymous | map::fixed;
  ASSERT_TRUE(space.mmap({.address = TestSpace::column(0),
                          .length = 0x4000,
                          .protection = prot::read | prot::write,
                          .flags = flags}));
  ASSERT_TRUE(
      space.register_userfault({TestSpace::column(0), TestSpace::column(4)}, 1, uffd::protect));
  ASSERT_TRUE(space.mremap({.address = TestSpace::column(2),
                            .old_length = 0x1000,
                            .new_length = 0x1000,
                            .flags = remap::may_move | remap::fixed | remap::dont_unmap,
                            .new_address = TestSpace::column(1)}));
  EXPECT_EQ(content_of(space.area(0)->attributes).userfault_context, 0u);
  EXPECT_EQ(content_of(space.area(2)->attributes).userfault_context, 1u);
}

/// Locked memory becomes writable on both sides of an area that is writable already: the walk ends
/// its first edit there, and goes on from what that made, whose identity was only numbered.
TEST(RandomModel, walk_goes_on_behind_memory_that_it_faulted_in) {
  TestSpace space;
  constexpr MapFlags flags = map::private_ | map::anonymous | map::fixed;
  const auto map_page = [&](std::uint64_t column, Protection protection) {
    ASSERT_TRUE(space.mmap({.address = TestSpace::column(column),
                            .length = 0x1000,
                            .protection = protection,
                            .flags = flags}));
  };
  map_page(0, prot::none);
  map_page(1, prot::read | prot::write);
  map_page(2, prot::none);
  const Range all{TestSpace::column(0), TestSpace::column(3)};
  // Nothing can be touched in the first one.
  EXPECT_EQ(space.mlock(all, MlockMode::lock).code(), Error::no_memory);
  EXPECT_TRUE(space.mprotect(all, prot::read | prot::write));
  ASSERT_EQ(space.space().area_count(), 1u);
  EXPECT_TRUE(space.area(0)->identity);
}

/// The destination cuts the area that the source lies in: so the source stands on an area that the
/// first edit of the move makes.
TEST(RandomModel, move_goes_on_from_the_areas_that_its_first_edit_made) {
  for (const char* picture : {"aaaaaaaaa", "HHHHHHHHH"}) {
    Stage stage(picture);
    const std::uint64_t moved = stage.token(6);
    ASSERT_TRUE(stage.move(6, 2, 1)) << picture;
    EXPECT_EQ(stage.count_areas(), 4u);
    EXPECT_EQ(stage.shape(0), "[0,1)p0");
    EXPECT_EQ(stage.shape(1), "[1,3)p6");
    EXPECT_EQ(stage.shape(3), "[3,6)p3");
    EXPECT_EQ(stage.shape(6), "-");
    EXPECT_EQ(stage.shape(8), "[8,9)p8");
    EXPECT_EQ(stage.token(1), moved);
  }
}

}  // namespace
}  // namespace vmarea::test
