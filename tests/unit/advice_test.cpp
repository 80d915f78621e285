// SPDX-License-Identifier: MIT
//
// More of what walks over ranges (rules 24 and 29, linux_6_18): which advice a
// seal stops, which gives an identity, what stops a walk half-way and what then stays.
#include "support/stage.hpp"

namespace vmarea::test {
namespace {

TEST(Madvise, refusal_stops_the_walk_and_earlier_areas_keep_the_advice) {
  struct Case {
    const char* name;
    const char* before;
    Advice advice;
    Error error;
    Flags mark;  // What the advice sets.
  };
  const Case cases[] = {
      {"a file is not wiped", "AFA", Advice::wipe_on_fork, Error::invalid, flag::wipe_on_fork},
      {"a seal", "BYB", Advice::dont_fork, Error::not_permitted, flag::dont_copy},
      {"a seal past a hole", "B.YB", Advice::dont_fork, Error::not_permitted, flag::dont_copy},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    Stage stage;
    stage.legend['Y'] = {.protection = prot::read, .adds = flag::sealed};
    stage.build(c.before);
    const std::uint64_t width = std::string_view(c.before).size();
    EXPECT_EQ(stage.madvise(columns(0, width), c.advice).code(), c.error);
    EXPECT_TRUE(stage.area(0)->flags.has_any(c.mark));
    EXPECT_FALSE(stage.area(width - 2)->flags.has_any(c.mark));
    EXPECT_FALSE(stage.area(width - 1)->flags.has_any(c.mark));
  }
}

TEST(Madvise, shared_memory_of_a_driver_without_a_file_is_not_wiped) {
  Stage stage;
  TestDescription area = stage.fresh(0, 2, flag::shared | flag::may_share);
  area.flags = area.flags.without(flag::account);
  area.hooks = &no_hooks<TestServices>;
  ASSERT_TRUE(stage.insert(area));
  EXPECT_EQ(stage.madvise(columns(0, 2), Advice::wipe_on_fork).code(), Error::invalid);
  EXPECT_EQ(stage.area(0)->flags, area.flags);
}

TEST(Madvise, seal_protects_anonymous_memory_only) {
  constexpr Advice discards[] = {Advice::dont_need, Advice::dont_need_locked, Advice::dont_fork,
                                 Advice::guard_install};
  Stage stage;
  TestFile* file = stage.legend.at('F').file;
  TestFile* zero = stage.host().make_file();
  zero->anonymous_if_private = true;
  const auto map_sealed = [&](std::uint64_t column, TestFile* of, MapFlags type) {
    EXPECT_TRUE(stage.mmap({.address = TestSpace::column(column),
                            .length = 0x1000,
                            .protection = prot::read,
                            .flags = type | map::fixed,
                            .file = of}));
    EXPECT_TRUE(stage.mseal(columns(column, column + 1)));
  };
  map_sealed(0, file, map::private_);
  map_sealed(2, file, map::shared);
  map_sealed(4, zero, map::private_);
  for (const Advice advice : discards) {
    EXPECT_TRUE(stage.madvise(columns(0, 1), advice)) << static_cast<int>(advice);
    EXPECT_TRUE(stage.madvise(columns(2, 3), advice)) << static_cast<int>(advice);
    EXPECT_EQ(stage.madvise(columns(4, 5), advice).code(), Error::not_permitted)
        << static_cast<int>(advice);
  }
  EXPECT_TRUE(stage.madvise(columns(2, 3), Advice::remove));
  EXPECT_EQ(stage.madvise(columns(4, 5), Advice::free).code(), Error::not_permitted);
}

TEST(Madvise, remove_needs_a_shared_mapping_of_a_writable_file_that_is_not_locked) {
  Stage stage;
  TestFile* read_only = stage.host().make_file({.writable = false});
  ASSERT_TRUE(stage.mmap({.address = TestSpace::column(0),
                          .length = 0x1000,
                          .protection = prot::read,
                          .flags = map::shared | map::fixed,
                          .file = read_only}));
  EXPECT_EQ(stage.madvise(columns(0, 1), Advice::remove).code(), Error::access_denied);
  ASSERT_TRUE(stage.mlock(columns(0, 1), MlockMode::lock));
  EXPECT_EQ(stage.madvise(columns(0, 1), Advice::remove).code(), Error::invalid)
      << "the lock before the right";
}

TEST(Madvise, huge_tlb_memory_is_dumped_though_it_is_special) {
  Stage stage;
  ASSERT_TRUE(
      stage.insert(stage.fresh(0, 1, flag::dont_expand | flag::huge_tlb | flag::dont_dump)));
  EXPECT_TRUE(stage.madvise(columns(0, 1), Advice::do_dump));
  EXPECT_FALSE(stage.area(0)->flags.has_any(flag::dont_dump));
}

TEST(Madvise, only_what_writes_gives_an_identity) {
  struct Case {
    Advice advice;
    const char* before;
    bool gives;
  };
  const Case cases[] = {
      {Advice::populate_write, "AA", true}, {Advice::populate_read, "AA", false},
      {Advice::populate_read, "BB", false}, {Advice::free, "AA", false},
      {Advice::cold, "AA", false},          {Advice::page_out, "AA", false},
      {Advice::will_need, "AA", false},     {Advice::dont_need, "AA", false},
      {Advice::mergeable, "AA", false},     {Advice::huge_page, "AA", false},
      {Advice::guard_install, "AA", true},  {Advice::guard_install, "BB", true},
      {Advice::guard_install, "CC", true},  {Advice::guard_install, "FF", false},
      {Advice::guard_remove, "AA", false},  {Advice::populate_write, "FF", true},
      {Advice::populate_read, "FF", false}, {Advice::populate_write, "SS", false},
  };
  for (const Case& c : cases) {
    Stage stage(c.before);
    EXPECT_TRUE(stage.madvise(columns(0, 2), c.advice));
    EXPECT_EQ(static_cast<bool>(stage.identity(0)), c.gives)
        << c.before << " advice " << static_cast<int>(c.advice);
  }
}

TEST(Madvise, special_memory_takes_no_guards_and_no_page_frames_are_dropped) {
  for (const Advice advice : {Advice::dont_need, Advice::free, Advice::cold, Advice::page_out,
                              Advice::dont_need_locked, Advice::guard_install}) {
    Stage stage;
    ASSERT_TRUE(stage.insert(stage.fresh(0, 1, flag::page_frames)));
    EXPECT_EQ(stage.madvise(columns(0, 1), advice).code(), Error::invalid)
        << static_cast<int>(advice);
  }
}

TEST(Mprotect, right_of_the_file_is_asked_before_the_seal) {
  Stage stage;
  TestFile* file = stage.host().make_file({.writable = false});
  ASSERT_TRUE(stage.mmap({.address = TestSpace::column(0),
                          .length = 0x2000,
                          .protection = prot::read,
                          .flags = map::shared | map::fixed,
                          .file = file}));
  ASSERT_TRUE(stage.mseal(columns(0, 2)));
  EXPECT_EQ(stage.mprotect(columns(0, 2), rw).code(), Error::access_denied);
  EXPECT_EQ(stage.mprotect(columns(0, 2), prot::read).code(), Error::not_permitted);
}

TEST(Mprotect, cut_at_the_map_count_limit_is_refused_and_joining_is_not) {
  Stage stage("AABB");
  stage.host().limits.area_count_max = 2;
  EXPECT_EQ(stage.mprotect(columns(0, 1), prot::none).code(), Error::no_memory);
  EXPECT_EQ(stage.picture(), "AABB");
  EXPECT_TRUE(stage.mprotect(columns(1, 2), prot::read)) << "pieces that merge need no count";
  EXPECT_EQ(stage.picture(), "ABBB");
  stage.host().limits.area_count_max = 3;
  EXPECT_EQ(stage.mprotect(columns(2, 3), prot::none).code(), Error::no_memory);
  EXPECT_EQ(stage.picture(), "AB|BB") << "the first cut stays";
}

TEST(Mprotect, areas_that_joined_count_no_more_when_the_last_one_is_cut) {
  struct Case {
    const char* before;
    const char* request;
    const char* after;
    Error error;
  };
  const Case cases[] = {
      {"BBBAAGGG", " *****", "BAAAAGGG", Error::no_memory},  // Still three where a part joined.
      {"AABBGGG", "  ***", "AAAAUGG", Error::none},
      {"BBAAGGG", "*****", "AAAAUGG", Error::none},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.before);
    Stage stage;
    stage.legend['G'] = {.protection = prot::read, .adds = flag::dont_copy};
    stage.legend['U'] = {.adds = flag::dont_copy};
    stage.build(c.before);
    stage.host().limits.area_count_max = 3;
    EXPECT_EQ(stage.mprotect(TestSpace::range_of(c.request), rw).code(), c.error);
    EXPECT_EQ(stage.picture(), c.after);
  }
}

TEST(Mprotect, locked_areas_that_become_writable_get_an_identity_each) {
  struct Case {
    MlockMode how;
    std::uint64_t end_of_the_first;  // After the hole between them was filled.
  };
  for (const Case& c : {Case{MlockMode::lock, 6}, Case{MlockMode::lock_on_fault, 9}}) {
    Stage stage("BBB...BBB");
    for (const std::uint64_t column : {0u, 6u}) {
      const Range area = columns(column, column + 3);
      ASSERT_TRUE(stage.mlock(area, c.how));
      ASSERT_TRUE(stage.mprotect(area, rw));
      ASSERT_TRUE(stage.mlock(area, MlockMode::unlock));
    }
    ASSERT_TRUE(stage.map_fixed(3, 6));
    EXPECT_EQ(stage.area(0)->end, TestSpace::column(c.end_of_the_first));
  }
}

}  // namespace
}  // namespace vmarea::test
