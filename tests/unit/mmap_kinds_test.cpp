// SPDX-License-Identifier: MIT
//
// Kinds of mappings and what sets them apart (rules 12.2, linux_6_18 part 2):
// files that may not be read, flags that are ignored or not, /dev/zero, stacks of threads, and the
// same file once more at another offset.
#include "support/stage.hpp"

namespace vmarea::test {
namespace {

constexpr MapFlags private_fixed = map::private_ | map::fixed;
constexpr MapFlags shared_fixed = map::shared | map::fixed;

/// Maps pages of a file as the stage's columns say.
Result<Address> map_file(Stage& stage, TestFile* file, std::uint64_t first, std::uint64_t upto,
                         std::uint64_t page_offset, MapFlags flags = private_fixed,
                         Protection protection = rw) {
  return stage.mmap({.address = TestSpace::column(first),
                     .length = (upto - first) << 12,
                     .protection = protection,
                     .flags = flags,
                     .file = file,
                     .offset = page_offset << 12});
}

TEST(MmapFile, that_may_not_be_read_is_refused_whatever_the_access) {
  Stage stage("AAA");
  TestFile* file = stage.host().make_file({.readable = false});
  for (const MapFlags type : {private_fixed, shared_fixed}) {
    for (const Protection protection : {prot::none, prot::read, prot::write}) {
      EXPECT_EQ(map_file(stage, file, 0, 2, 0, type, protection).code(), Error::access_denied);
    }
  }
  EXPECT_EQ(stage.picture(), "AAA");
}

TEST(MmapFile, ignores_unknown_flags_unless_it_is_to_validate_them) {
  constexpr MapFlags unknown{0x600};
  Stage stage;
  TestFile* file = stage.legend.at('F').file;
  EXPECT_TRUE(map_file(stage, file, 0, 1, 0, shared_fixed | unknown));
  EXPECT_TRUE(map_file(stage, file, 2, 3, 0, private_fixed | unknown));
  EXPECT_TRUE(stage.map_fixed(4, 5, rw, unknown));
  EXPECT_EQ(map_file(stage, file, 6, 7, 0, map::shared_validate | map::fixed | unknown).code(),
            Error::not_supported);
  EXPECT_TRUE(map_file(stage, file, 6, 7, 0,
                       map::shared_validate | map::fixed | map::locked | map::no_reserve));
}

TEST(MmapFile, sync_is_a_flag_of_the_area_that_keeps_it_apart) {
  Stage stage;
  TestFile* file = stage.host().make_file({.synchronous = true});
  EXPECT_TRUE(map_file(stage, file, 0, 1, 0, map::shared_validate | map::fixed | map::sync));
  EXPECT_TRUE(stage.area(0)->flags.has_any(flag::sync));
  EXPECT_TRUE(map_file(stage, file, 1, 2, 1, shared_fixed));
  EXPECT_EQ(stage.count_areas(), 2u);
}

TEST(MmapFile, at_another_offset_over_its_own_middle_cuts_it) {
  Stage stage("SSSS");
  EXPECT_TRUE(map_file(stage, stage.legend.at('S').file, 1, 2, 7, shared_fixed));
  EXPECT_EQ(stage.shape(0), "[0,1)p0");
  EXPECT_EQ(stage.shape(1), "[1,2)p7");
  EXPECT_EQ(stage.shape(2), "[2,4)p2");
  EXPECT_TRUE(map_file(stage, stage.legend.at('S').file, 1, 2, 1, shared_fixed));
  EXPECT_EQ(stage.shape(0), "[0,4)p0") << "where it belongs it joins both";
}

TEST(MmapFile, private_dev_zero_joins_by_its_own_offsets_and_never_anonymous_memory) {
  Stage stage;
  TestFile* zero = stage.host().make_file();
  zero->anonymous_if_private = true;
  ASSERT_TRUE(map_file(stage, zero, 0, 2, 0));
  ASSERT_TRUE(map_file(stage, zero, 2, 4, 2));
  EXPECT_EQ(stage.shape(0), "[0,4)p0");
  ASSERT_TRUE(map_file(stage, zero, 4, 6, 0));
  EXPECT_EQ(stage.shape(4), "[4,6)p0") << "another offset";
  ASSERT_TRUE(stage.map_fixed(6, 8));
  EXPECT_EQ(stage.count_areas(), 3u);
  EXPECT_TRUE(stage.madvise(columns(0, 1), Advice::free));
  EXPECT_TRUE(stage.madvise(columns(0, 1), Advice::wipe_on_fork).code() == Error::invalid);
}

TEST(MmapFile, untouched_dev_zero_takes_the_offset_of_its_new_place) {
  Stage stage;
  TestFile* zero = stage.host().make_file();
  zero->anonymous_if_private = true;
  ASSERT_TRUE(map_file(stage, zero, 0, 2, 5));
  ASSERT_TRUE(map_file(stage, zero, 4, 6, 5));
  ASSERT_TRUE(stage.touch(TestSpace::column(4)));
  ASSERT_TRUE(stage.move(0, 2, 8));
  EXPECT_EQ(stage.area(8)->page_offset, 0x108u);
  ASSERT_TRUE(stage.move(4, 2, 12));
  EXPECT_EQ(stage.area(12)->page_offset, 5u) << "touched";
}

TEST(Mmap, noreplace_is_fixed_and_takes_only_what_is_free) {
  Stage stage("..AA");
  const auto try_at = [&](std::uint64_t first, std::uint64_t upto) {
    return stage.mmap({.address = TestSpace::column(first),
                       .length = (upto - first) << 12,
                       .protection = prot::read,
                       .flags = map::private_ | map::anonymous | map::fixed_noreplace});
  };
  EXPECT_EQ(try_at(1, 3).code(), Error::exists);
  EXPECT_EQ(try_at(3, 5).code(), Error::exists);
  EXPECT_EQ(try_at(0, 2), Result<Address>(TestSpace::column(0)));
  EXPECT_EQ(stage.picture(), "BBAA");
}

TEST(Mmap, protection_bits_that_only_mprotect_knows_are_ignored) {
  Stage stage;
  ASSERT_TRUE(stage.map_fixed(0, 1, rw | prot::grows_down | prot::grows_up));
  EXPECT_EQ(stage.area(0)->flags, rw_flags);
}

TEST(Mmap, stack_of_a_thread_refuses_huge_pages_and_stays_unreserved) {
  Stage stage;
  ASSERT_TRUE(stage.map_fixed(0, 1, prot::none, map::stack | map::no_reserve));
  ASSERT_TRUE(stage.mprotect(columns(0, 1), rw));
  EXPECT_EQ(stage.area(0)->flags,
            rw_flags.without(flag::account) | flag::no_reserve | flag::no_huge_page);
  EXPECT_EQ(stage.host().charged, 0u);
  ASSERT_TRUE(map_file(stage, stage.legend.at('F').file, 2, 3, 0, shared_fixed | map::stack));
  EXPECT_TRUE(stage.area(2)->flags.has_any(flag::no_huge_page));
  ASSERT_TRUE(stage.mmap({.address = TestSpace::column(4),
                          .length = 0x1000,
                          .protection = rw,
                          .flags = shared_fixed | map::anonymous | map::stack}));
  EXPECT_TRUE(stage.area(4)->flags.has_any(flag::no_huge_page));
  stage.host().profile.stack_mappings_refuse_huge_pages = false;
  ASSERT_TRUE(stage.map_fixed(6, 7, rw, map::stack));
  EXPECT_EQ(stage.area(6)->flags, rw_flags) << "before 6.8";
}

TEST(Mmap, failed_driver_gives_back_the_charge_of_what_it_replaced) {
  Stage stage("AAAA");
  TestFile* file = stage.host().make_file();
  file->refuses = Error::no_device;
  EXPECT_EQ(map_file(stage, file, 1, 3, 0).code(), Error::no_device);
  EXPECT_EQ(stage.picture(), "A..A");
  EXPECT_EQ(stage.host().charged, 2u) << "Linux would leak; here nothing is lost";
}

TEST(Mmap, populated_private_file_is_copied_where_it_may_be_written) {
  Stage stage;
  TestFile* file = stage.legend.at('F').file;
  ASSERT_TRUE(map_file(stage, file, 0, 1, 0, private_fixed | map::populate));
  EXPECT_TRUE(stage.identity(0));
  ASSERT_TRUE(map_file(stage, file, 3, 4, 0, private_fixed | map::populate, prot::read));
  EXPECT_FALSE(stage.identity(3));
  EXPECT_NE(stage.token(3), 0u);
  ASSERT_TRUE(map_file(stage, file, 6, 7, 0, shared_fixed | map::populate));
  EXPECT_FALSE(stage.identity(6));
}

}  // namespace
}  // namespace vmarea::test
