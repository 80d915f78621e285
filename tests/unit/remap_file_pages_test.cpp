// SPDX-License-Identifier: MIT
//
// remap_file_pages: the same file at another offset (rules 12.2-remap_file_pages).
#include "support/stage.hpp"

namespace vmarea::test {
namespace {

/// Remaps columns of a stage to pages of the file from `page_offset` on.
Result<Address> remap(Stage& stage, Range range, std::uint64_t page_offset, MapFlags flags = {}) {
  return stage.remap_file_pages({.address = range.start,
                                 .length = range.length(),
                                 .page_offset = page_offset,
                                 .flags = flags});
}

TEST(RemapFilePages, cuts_and_joins_where_offsets_say_so) {
  Stage stage("SSSS");
  EXPECT_EQ(remap(stage, columns(1, 2), 7), TestSpace::column(1));
  EXPECT_EQ(stage.shape(0), "[0,1)p0");
  EXPECT_EQ(stage.shape(1), "[1,2)p7");
  EXPECT_EQ(stage.shape(2), "[2,4)p2");
  EXPECT_TRUE(remap(stage, columns(1, 2), 1));
  EXPECT_EQ(stage.shape(0), "[0,4)p0") << "back where it belongs it joins both";
  EXPECT_TRUE(stage.space().remap_file_pages(
      {.address = TestSpace::column(2), .length = 0x2000, .page_offset = 20}));
  EXPECT_TRUE(remap(stage, columns(0, 4), 30)) << "over two pieces of one file";
  EXPECT_EQ(stage.shape(0), "[0,4)p1e");
}

TEST(RemapFilePages, start_and_length_are_rounded_down) {
  Stage stage("SSSS");
  const Address at = TestSpace::column(1);
  EXPECT_EQ(remap(stage, {at + 100, at + 100 + 0x1fff}, 7), at);
  EXPECT_EQ(stage.shape(1), "[1,2)p7");
  EXPECT_EQ(stage.shape(2), "[2,4)p2");
}

TEST(RemapFilePages, keeps_the_protection_and_the_lock_and_nothing_else) {
  Stage stage("SSSSSS");
  ASSERT_TRUE(stage.mprotect(columns(0, 1), prot::read));
  ASSERT_TRUE(stage.mlock(columns(1, 2), MlockMode::lock));
  ASSERT_TRUE(stage.mlock(columns(2, 3), MlockMode::lock_on_fault));
  ASSERT_TRUE(stage.madvise(columns(3, 4), Advice::dont_fork));
  for (std::uint64_t column = 0; column < 4; ++column) {
    ASSERT_TRUE(remap(stage, columns(column, column + 1), 20 + 2 * column));
  }
  EXPECT_EQ(protection_of(stage.area(0)->flags), prot::read);
  EXPECT_EQ(stage.area(1)->flags & flag::lock_group, flag::locked);
  EXPECT_EQ(stage.area(2)->flags & flag::lock_group, flag::locked) << "not on fault any more";
  EXPECT_FALSE(stage.area(3)->flags.has_any(flag::dont_copy));
  EXPECT_EQ(stage.space().totals().locked, 2);
}

TEST(RemapFilePages, arguments) {
  Stage stage("SSSS");
  const Address at = TestSpace::column(0);
  const auto refused = [&](const RemapFileRequest& request) {
    EXPECT_EQ(stage.remap_file_pages(request), Error::invalid);
    EXPECT_EQ(stage.shape(0), "[0,4)p0");
  };
  for (const Protection bits : {prot::read, prot::write, prot::exec, Protection{0x10}}) {
    refused({.address = at, .length = 0x1000, .protection = bits});
  }
  refused({.address = at, .length = 0});
  refused({.address = at, .length = 0xfff});
  refused({.address = at, .length = ~std::uint64_t{0}});
  refused({.address = ~Address{0} << 12, .length = 0x1000});
  refused({.address = at, .length = 0x1000, .page_offset = ~std::uint64_t{0}});
  refused({.address = at, .length = 0x5000});
  refused({.address = TestSpace::column(4), .length = 0x1000});
}

TEST(RemapFilePages, offsets_beyond_what_a_file_has_overflow) {
  Stage stage("SS");
  const std::uint64_t pages_max = std::uint64_t{1} << 51;
  EXPECT_TRUE(remap(stage, columns(0, 1), pages_max - 2));
  for (const std::uint64_t offset :
       {pages_max - 1, pages_max, 2 * pages_max - 1, 2 * pages_max, ~std::uint64_t{1}}) {
    EXPECT_EQ(remap(stage, columns(0, 1), offset), Error::overflow) << offset;
  }
}

TEST(RemapFilePages, only_shared_mappings_of_a_file_that_may_be_written) {
  Stage stage("AAFFSS..");
  EXPECT_EQ(remap(stage, columns(0, 1), 5), Error::invalid) << "anonymous";
  EXPECT_EQ(remap(stage, columns(2, 3), 5), Error::invalid) << "private";
  TestFile* const read_only = stage.host().make_file({.writable = false});
  const MmapRequest<TestServices> mapping{.address = TestSpace::column(6),
                                          .length = 0x1000,
                                          .protection = prot::read,
                                          .flags = map::shared | map::fixed,
                                          .file = read_only};
  ASSERT_TRUE(stage.mmap(mapping));
  EXPECT_EQ(remap(stage, columns(6, 7), 5), Error::invalid) << "opened for reading";
  ASSERT_TRUE(stage.mmap({.address = TestSpace::column(0),
                          .length = 0x2000,
                          .protection = rw,
                          .flags = map::shared | map::anonymous | map::fixed}));
  TestDescription of_a_driver = stage.fresh(8, 9, flag::shared | flag::may_share);
  of_a_driver.flags = of_a_driver.flags.without(flag::account);
  of_a_driver.hooks = &no_hooks<TestServices>;
  ASSERT_TRUE(stage.insert(of_a_driver));
  EXPECT_EQ(remap(stage, columns(8, 9), 5), Error::invalid) << "shared, but of no file";
  EXPECT_TRUE(remap(stage, columns(0, 1), 5)) << "shared anonymous memory has a file, too";
  EXPECT_EQ(stage.shape(0), "[0,1)p5");
}

TEST(RemapFilePages, areas_of_the_range_must_be_alike) {
  Stage stage("SSSS.S");
  EXPECT_EQ(remap(stage, columns(2, 5), 9), Error::invalid) << "a hole";
  ASSERT_TRUE(stage.madvise(columns(1, 2), Advice::dont_dump));
  EXPECT_EQ(remap(stage, columns(0, 2), 9), Error::invalid) << "other flags";
  EXPECT_EQ(remap(stage, columns(0, 4), 9), Error::invalid) << "in the middle";
  TestFile* const other = stage.host().make_file();
  ASSERT_TRUE(stage.mmap({.address = TestSpace::column(3),
                          .length = 0x1000,
                          .protection = rw,
                          .flags = map::shared | map::fixed,
                          .file = other}));
  EXPECT_EQ(remap(stage, columns(2, 4), 9), Error::invalid) << "another file";
  EXPECT_EQ(stage.shape(0), "[0,1)p0");
  EXPECT_EQ(stage.count_areas(), 5u);
}

TEST(RemapFilePages, seals_and_limits_refuse_as_for_mmap) {
  Stage stage("SSSS");
  ASSERT_TRUE(stage.mseal(columns(0, 1)));
  EXPECT_EQ(remap(stage, columns(0, 1), 9), Error::not_permitted);
  ASSERT_TRUE(stage.mlock(columns(2, 3), MlockMode::lock));
  stage.host().limits.may_lock_any = false;
  stage.host().limits.locked_bytes = 0;
  EXPECT_EQ(remap(stage, columns(2, 3), 9), Error::not_permitted);
  stage.host().limits.locked_bytes = 0x1000;
  EXPECT_EQ(remap(stage, columns(2, 3), 9), Error::try_again);
  EXPECT_TRUE(remap(stage, columns(3, 4), 9));
  stage.host().limits.area_count_max = 3;
  EXPECT_EQ(remap(stage, columns(3, 4), 10), Error::no_memory);
}

TEST(RemapFilePages, pages_come_unless_the_caller_does_not_wait) {
  Stage stage("SSSS");
  ASSERT_TRUE(remap(stage, columns(0, 1), 9));
  EXPECT_NE(stage.token(0), 0u);
  ASSERT_TRUE(remap(stage, columns(1, 2), 12, map::non_block | map::private_));
  EXPECT_EQ(stage.token(1), 0u);
}

}  // namespace
}  // namespace vmarea::test
