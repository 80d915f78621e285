// SPDX-License-Identifier: MIT
//
// The personality READ_IMPLIES_EXEC: what may be read may be executed (rules 12.2-personality).
#include "support/stage.hpp"

namespace vmarea::test {
namespace {

/// "r-x" and the like, one for each column; "-" for a hole.
std::string access(Stage& stage, std::uint64_t columns_shown) {
  std::string text;
  for (std::uint64_t column = 0; column < columns_shown; ++column) {
    const TestArea* const area = stage.area(column);
    if (column != 0) text += ' ';
    if (area == nullptr) {
      text += '-';
      continue;
    }
    text += area->flags.has_any(flag::read) ? 'r' : '-';
    text += area->flags.has_any(flag::write) ? 'w' : '-';
    text += area->flags.has_any(flag::exec) ? 'x' : '-';
  }
  return text;
}

Result<Address> map_file(Stage& stage, TestFile* file, std::uint64_t column, Protection protection,
                         MapFlags type = map::shared) {
  return stage.mmap({.address = TestSpace::column(column),
                     .length = 0x1000,
                     .protection = protection,
                     .flags = type | map::fixed,
                     .file = file});
}

TEST(ReadImpliesExec, of_mmap_and_nothing_else_than_reading) {
  Stage stage(".......");
  stage.state().modes.read_implies_exec = true;
  ASSERT_TRUE(stage.map_fixed(0, 1, prot::read));
  ASSERT_TRUE(stage.map_fixed(1, 2, prot::write));
  ASSERT_TRUE(stage.map_fixed(2, 3, prot::none));
  ASSERT_TRUE(stage.map_fixed(3, 4, prot::exec));
  ASSERT_TRUE(map_file(stage, stage.host().make_file(), 4, rw));
  ASSERT_TRUE(map_file(stage, stage.host().make_file(), 5, prot::read, map::private_));
  EXPECT_EQ(access(stage, 7), "r-x -w- --- --x rwx r-x -");
  stage.state().modes.read_implies_exec = false;
  ASSERT_TRUE(stage.map_fixed(6, 7, prot::read));
  EXPECT_EQ(access(stage, 7), "r-x -w- --- --x rwx r-x r--");
}

TEST(ReadImpliesExec, of_mprotect_area_by_area) {
  Stage stage("BCAA");
  TestFile* const file = stage.host().make_file({.may_exec = false});
  ASSERT_TRUE(map_file(stage, file, 1, prot::none));
  stage.state().modes.read_implies_exec = true;
  ASSERT_TRUE(stage.mprotect(columns(0, 4), prot::read));
  EXPECT_EQ(access(stage, 4), "r-x r-- r-x r-x");
  ASSERT_TRUE(stage.mprotect(columns(0, 4), rw));
  EXPECT_EQ(access(stage, 4), "rwx rw- rwx rwx");
  ASSERT_TRUE(stage.mprotect(columns(0, 4), prot::write));
  EXPECT_EQ(access(stage, 4), "-w- -w- -w- -w-");
  EXPECT_EQ(stage.mprotect(columns(0, 4), prot::read | prot::exec), Error::access_denied)
      << "what the caller asks for is refused";
  EXPECT_EQ(access(stage, 4), "r-x -w- -w- -w-");
}

TEST(ReadImpliesExec, cuts_and_joins_by_what_areas_get) {
  Stage stage("DDDD");
  stage.state().modes.read_implies_exec = true;
  ASSERT_TRUE(stage.mprotect(columns(1, 3), prot::none));
  EXPECT_EQ(stage.count_areas(), 3u);
  ASSERT_TRUE(stage.mprotect(columns(1, 3), prot::read));
  EXPECT_EQ(stage.picture(), "DDDD");
  EXPECT_EQ(stage.count_areas(), 1u);
}

TEST(ReadImpliesExec, not_of_files_that_may_not_be_run) {
  Stage stage("..");
  TestFile* const file = stage.host().make_file({.may_exec = false});
  stage.state().modes.read_implies_exec = true;
  ASSERT_TRUE(map_file(stage, file, 0, prot::read));
  ASSERT_TRUE(map_file(stage, file, 1, rw, map::private_));
  EXPECT_EQ(access(stage, 2), "r-- rw-");
  EXPECT_EQ(map_file(stage, file, 0, prot::read | prot::exec), Error::not_permitted);
}

TEST(ReadImpliesExec, of_segments) {
  using Access = AttachRequest<TestServices>::Access;
  Stage stage("....");
  TestFile* const segment = stage.host().make_file();
  segment->rules.segment_bytes = 0x1000;
  stage.state().modes.read_implies_exec = true;
  for (const Access how : {Access::read_only, Access::read_write}) {
    const std::uint64_t column = how == Access::read_only ? 0 : 1;
    ASSERT_TRUE(stage.attach_shared(
        {.address = TestSpace::column(column), .segment = segment, .access = how}));
  }
  EXPECT_EQ(access(stage, 2), "r-x rwx");
  segment->rules.may_exec = false;
  ASSERT_TRUE(stage.attach_shared({.address = TestSpace::column(2), .segment = segment}));
  EXPECT_EQ(access(stage, 3), "r-x rwx rw-");
}

TEST(ReadImpliesExec, of_what_remap_file_pages_maps_anew) {
  Stage stage(".");
  ASSERT_TRUE(map_file(stage, stage.host().make_file(), 0, rw));
  stage.state().modes.read_implies_exec = true;
  ASSERT_TRUE(stage.remap_file_pages(
      {.address = TestSpace::column(0), .length = 0x1000, .page_offset = 3}));
  EXPECT_EQ(access(stage, 1), "rwx");
}

TEST(ReadImpliesExec, meets_what_denies_it) {
  Stage stage("BC.");
  ASSERT_TRUE(stage.deny_write_exec(write_exec::refuse_exec_gain));
  stage.state().modes.read_implies_exec = true;
  EXPECT_EQ(stage.mprotect(columns(0, 1), prot::read), Error::access_denied) << "r-- to r-x";
  EXPECT_EQ(stage.mprotect(columns(1, 2), prot::read), Error::access_denied);
  EXPECT_EQ(stage.map_fixed(2, 3, rw), Error::access_denied);
  EXPECT_TRUE(stage.map_fixed(2, 3, prot::read)) << "nobody wrote there";
  EXPECT_EQ(access(stage, 3), "r-- --- r-x");
}

TEST(ReadImpliesExec, is_asked_of_the_driver_as_it_will_be) {
  static Flags asked{};
  static constexpr AreaHooks<TestServices> asking_hooks{
      .may_protect = [](const TestDescription&, Range, Flags access) noexcept -> Result<void> {
        asked = access;
        return {};
      }};
  Stage stage("C");
  stage.area(0)->hooks = &asking_hooks;
  stage.state().modes.read_implies_exec = true;
  ASSERT_TRUE(stage.mprotect(columns(0, 1), prot::read));
  EXPECT_EQ(asked, flag::read | flag::exec);
}

TEST(ReadImpliesExec, is_inherited) {
  Stage stage("A");
  stage.state().modes.read_implies_exec = true;
  EXPECT_TRUE(stage.fork()->space().modes().read_implies_exec);
}

}  // namespace
}  // namespace vmarea::test
