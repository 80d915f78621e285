// SPDX-License-Identifier: MIT
//
// The tools of our tests: pictures draw what they built, and TestSpace sees what calls do.
#include "support/test_space.hpp"

namespace vmarea::test {
namespace {

TEST(Picture, of_what_was_built_is_the_same_but_for_holes) {
  const TestSpace space("AAAaab..**|FFFffSSHHLKOXP|Pcd.e");
  EXPECT_EQ(space.picture(), "aaaaab....fffffSSHHLKOXP|Pcd.e");
}

TEST(Picture, of_touched_pages_holds_a_token_for_each) {
  const TestSpace space("AAaa.");
  EXPECT_EQ(space.token(0), 0u);
  EXPECT_EQ(space.token(1), 0u);
  EXPECT_NE(space.token(2), 0u);
  EXPECT_NE(space.token(3), 0u);
}

TEST(Picture, gives_unknown_kinds_letters_from_the_end_of_the_alphabet) {
  TestSpace space("AAAA");
  EXPECT_TRUE(space.madvise(TestSpace::range_of("*"), Advice::dont_dump));
  EXPECT_TRUE(space.madvise(TestSpace::range_of(" *"), Advice::random));
  EXPECT_TRUE(space.madvise(TestSpace::range_of("  *"), Advice::dont_dump));
  EXPECT_EQ(space.picture(), "ZYZA");
}

TEST(Picture, request_is_where_the_stars_are) {
  TestSpace space("AA**BB");
  const MmapRequest<TestServices> request{.address = space.request().start,
                                          .length = space.request().length(),
                                          .protection = prot::read,
                                          .flags = map::private_ | map::anonymous | map::fixed};
  EXPECT_EQ(space.mmap(request), Result<Address>(space.request().start));
  EXPECT_EQ(space.picture(), "AABBBB");
}

TEST(TestSpace, follows_split_and_merge_of_protections) {
  TestSpace space("AAAAAA");
  EXPECT_TRUE(space.mprotect(TestSpace::range_of("  **  "), prot::read));
  EXPECT_EQ(space.picture(), "AABBAA");
  EXPECT_TRUE(space.mprotect(TestSpace::range_of("  **  "), prot::read | prot::write));
  EXPECT_EQ(space.picture(), "AAAAAA");
}

TEST(TestSpace, follows_pages_of_a_move) {
  TestSpace space("aaaaaa......");
  const std::uint64_t token = space.token(3);
  const MremapRequest request{.address = TestSpace::column(2),
                              .old_length = 0x2000,
                              .new_length = 0x3000,
                              .flags = remap::may_move | remap::fixed,
                              .new_address = TestSpace::column(8)};
  EXPECT_TRUE(space.mremap(request));
  EXPECT_EQ(space.picture(), "aa..aa..aaa.");
  EXPECT_EQ(space.token(9), token);
  EXPECT_EQ(space.token(3), 0u);
}

TEST(TestSpace, follows_a_fork) {
  TestSpace space("aaBBffLL");
  const auto child = space.fork();
  ASSERT_NE(child, nullptr);
  EXPECT_EQ(child->picture(), "aaBBffAA");
  EXPECT_EQ(child->token(0), space.token(0));
  EXPECT_TRUE(space.area(0)->identity);
  EXPECT_FALSE(space.area(0)->identity.fork_child());
  EXPECT_TRUE(child->area(0)->identity.fork_child());
}

}  // namespace
}  // namespace vmarea::test
