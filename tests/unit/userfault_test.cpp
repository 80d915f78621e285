// SPDX-License-Identifier: MIT
//
// Registering, unregistering and closing a userfaultfd: what is watched, what is refused, what
// joins. The letters are those of the stage.
#include <fmt/core.h>

#include "unit/userfault_stage.hpp"

namespace vmarea::test {
namespace {

TEST(RegisterUserfault, part_of_an_area_is_cut_out_and_unregistering_joins_it_again) {
  Watched stage("AAAAAAAA");
  EXPECT_EQ(stage.watch(columns(2, 6)), Error::none);
  EXPECT_EQ(stage.picture(), "AAUUUUAA");
  EXPECT_EQ(stage.unwatch(columns(0, 8)), Error::none);
  EXPECT_EQ(stage.picture(), "AAAAAAAA");
}

TEST(RegisterUserfault, all_areas_are_watched_and_holes_passed_over) {
  Watched stage("AAAA..BBBBAAAA......AAAA");
  EXPECT_EQ(stage.watch(columns(2, 22)), Error::none);
  EXPECT_EQ(stage.picture(), "AAUU..RRRRUUUU......UUAA");
  EXPECT_EQ(stage.unwatch(columns(1, 31)), Error::none);
  EXPECT_EQ(stage.picture(), "AAAA..BBBBAAAA......AAAA");
}

TEST(RegisterUserfault, range_that_begins_and_ends_in_holes) {
  Watched stage("....AAAA");
  EXPECT_EQ(stage.watch(columns(0, 20)), Error::none);
  EXPECT_EQ(stage.picture(), "....UUUU");
}

TEST(RegisterUserfault, nothing_mapped_before_its_end_is_refused) {
  Watched stage("....AAAA");
  EXPECT_EQ(stage.watch(columns(0, 4)), Error::invalid);
  EXPECT_EQ(stage.watch(columns(8, 20)), Error::invalid);
  EXPECT_EQ(stage.unwatch(columns(0, 4)), Error::invalid);
}

TEST(RegisterUserfault, other_modes_take_the_place_of_the_old_ones) {
  Watched stage("AAAA");
  EXPECT_EQ(stage.watch(columns(0, 4)), Error::none);
  EXPECT_EQ(stage.watch(columns(2, 4), uffd::protect), Error::none);
  EXPECT_EQ(stage.picture(), "UUVV");
  EXPECT_EQ(stage.watch(columns(0, 4), uffd::missing | uffd::protect), Error::none);
  EXPECT_EQ(stage.picture(), "WWWW");
}

TEST(RegisterUserfault, fewer_modes_than_there_are_change_nothing) {
  Watched stage("WWWWUUAA");
  EXPECT_EQ(stage.watch(columns(1, 3)), Error::none);
  EXPECT_EQ(stage.picture(), "WWWWUUAA");
  EXPECT_EQ(stage.watch(columns(1, 8), uffd::protect), Error::none);
  EXPECT_EQ(stage.picture(), "WWWWVVVV");
}

TEST(RegisterUserfault, gap_between_watched_areas_joins_both) {
  Watched stage("UUAAUUAA");
  EXPECT_EQ(stage.watch(columns(2, 4)), Error::none);
  EXPECT_EQ(stage.picture(), "UUUUUUAA");
  EXPECT_EQ(stage.watch(columns(1, 8)), Error::none);
  EXPECT_EQ(stage.picture(), "UUUUUUUU");
}

TEST(RegisterUserfault, another_context_is_busy_and_nothing_changes) {
  Watched stage("AAUUAA");
  EXPECT_EQ(stage.watch(columns(0, 6), uffd::missing, theirs), Error::busy);
  EXPECT_EQ(stage.watch(columns(3, 4), uffd::protect, theirs), Error::busy);
  EXPECT_EQ(stage.picture(), "AAUUAA");
  EXPECT_EQ(stage.watch(columns(0, 2), uffd::missing, theirs), Error::none);
  EXPECT_EQ(stage.picture(), "TTUUAA");
}

TEST(RegisterUserfault, what_may_never_be_written_is_not_permitted) {
  Watched stage("AA..AA");
  TestFile* memfd = stage.host().make_file({.writable = false, .storage = Storage::memory});
  ASSERT_TRUE(stage.mmap({.address = TestSpace::column(2),
                          .length = 0x2000,
                          .protection = prot::read,
                          .flags = map::shared | map::fixed,
                          .file = memfd}));
  EXPECT_EQ(stage.watch(columns(0, 6)), Error::not_permitted);
  EXPECT_EQ(stage.watch(columns(2, 4), uffd::minor), Error::not_permitted);
  EXPECT_EQ(stage.watch(columns(0, 2)), Error::none);
  EXPECT_EQ(stage.unwatch(columns(0, 6)), Error::none);  // It minds no such memory.
}

TEST(RegisterUserfault, memory_that_may_be_written_one_day_is_good_enough) {
  Watched stage("BBCCDD");
  EXPECT_EQ(stage.watch(columns(0, 6)), Error::none);
  EXPECT_EQ(stage.unwatch(columns(0, 6)), Error::none);
  EXPECT_EQ(stage.picture(), "BBCCDD");
}

TEST(RegisterUserfault, sealed_and_locked_memory_can_be_watched) {
  Watched stage("XXXXLLLL");
  EXPECT_EQ(stage.watch(columns(1, 7)), Error::none);
  EXPECT_EQ(stage.count_areas(), 4u);
  EXPECT_EQ(stage.unwatch(columns(0, 8)), Error::none);
  EXPECT_EQ(stage.picture(), "XXXXLLLL");
}

/// What each kind of memory answers to the modes 1 to 7.
struct Answers {
  const char* memory;
  Error modes[7];
};

/// Tries every set of modes on the area at column 0.
void expect_answers(Stage& stage, const Answers& wanted, UserfaultContext context = ours) {
  for (std::uint64_t modes = 1; modes <= 7; ++modes) {
    SCOPED_TRACE(fmt::format("{}, modes {}", wanted.memory, modes));
    const Error found =
        stage.register_userfault(columns(0, 1), context, UserfaultModes{modes}).code();
    EXPECT_EQ(static_cast<int>(found), static_cast<int>(wanted.modes[modes - 1]));
    const Error freed = stage.unregister_userfault(columns(0, 1), context).code();
    if (found == Error::none) {
      EXPECT_EQ(static_cast<int>(freed), 0);
    }
    EXPECT_EQ(stage.count_areas(), 1u);
  }
}

constexpr Error ok = Error::none;
constexpr Error no = Error::invalid;

TEST(RegisterUserfault, modes_that_each_kind_of_memory_allows) {
  const auto map_file = [](Stage& stage, FileRules rules, MapFlags type) {
    TestFile* file = stage.host().make_file(rules);
    EXPECT_TRUE(stage.mmap({.address = TestSpace::column(0),
                            .length = 0x2000,
                            .protection = rw,
                            .flags = type | map::fixed,
                            .file = file}));
  };
  Watched anonymous("AA");
  expect_answers(anonymous, {"private anonymous", {ok, ok, ok, no, no, no, no}});
  Watched shared;
  ASSERT_TRUE(shared.mmap({.address = TestSpace::column(0),
                           .length = 0x2000,
                           .protection = rw,
                           .flags = map::shared | map::anonymous | map::fixed}));
  expect_answers(shared, {"shared anonymous", {ok, ok, ok, ok, ok, ok, ok}});
  for (const MapFlags type : {map::shared, map::private_}) {
    Watched memfd;
    map_file(memfd, {.storage = Storage::memory}, type);
    expect_answers(memfd, {"memfd", {ok, ok, ok, ok, ok, ok, ok}});
    Watched plain;
    map_file(plain, {}, type);
    expect_answers(plain, {"plain file", {no, no, no, no, no, no, no}});
  }
}

TEST(RegisterUserfault, memory_that_nobody_can_watch) {
  for (const Flags adds : {flag::droppable, flag::shadow_stack, flag::io, flag::dont_expand,
                           flag::page_frames, flag::mixed_map}) {
    Watched stage;
    ASSERT_TRUE(stage.insert(stage.fresh(0, 2, adds)));
    stage.host().userfaults[ours] = {.protects_async = true};
    expect_answers(stage, {"not to be watched", {no, no, no, no, no, no, no}});
    EXPECT_EQ(stage.unwatch(columns(0, 2)), Error::invalid);
  }
}

TEST(RegisterUserfault, asynchronous_write_protection_alone_watches_any_file) {
  Watched stage;
  ASSERT_TRUE(stage.insert(stage.fresh(0, 2, 'F')));
  stage.host().userfaults[ours] = {.protects_async = true};
  expect_answers(stage, {"plain file", {no, ok, no, no, no, no, no}});
  EXPECT_EQ(stage.watch(columns(0, 1), uffd::protect), Error::none);
  EXPECT_EQ(stage.watch(columns(0, 1), uffd::missing, theirs), Error::invalid);
  EXPECT_EQ(stage.unwatch(columns(0, 2)), Error::invalid);  // The other half is not watchable.
  EXPECT_EQ(stage.unwatch(columns(0, 1)), Error::none);
}

TEST(RegisterUserfault, huge_pages_are_watched_whole) {
  Watched stage;
  constexpr std::uint64_t huge = 0x200;  // Columns; column 0x100 is where one begins.
  TestDescription area = stage.fresh(0x100, 0x100 + 2 * huge, flag::huge_tlb);
  area.hooks = huge_page_hooks<TestServices>(21);
  ASSERT_TRUE(stage.insert(area));
  for (const Range bad : {columns(0x101, 0x100 + huge), columns(0x100, 0x101)}) {
    EXPECT_EQ(stage.watch(bad, uffd::minor), Error::invalid);
  }
  EXPECT_EQ(stage.watch(columns(0x100, 0x100 + huge), uffd::minor), Error::none);
  EXPECT_EQ(stage.unwatch(columns(0x101, 0x100 + huge)), Error::invalid);
  EXPECT_EQ(stage.unwatch(columns(0x100, 0x101)), Error::invalid) << "cuts what is watched";
  EXPECT_EQ(stage.unwatch(columns(0x100 + huge, 0x101 + huge)), Error::none) << "which that is not";
}

TEST(RegisterUserfault, end_inside_a_huge_page_is_seen_before_anything_is_watched) {
  Watched stage;
  ASSERT_TRUE(stage.insert(stage.fresh(0xff, 0x100)));
  TestDescription area = stage.fresh(0x100, 0x300, flag::huge_tlb);
  area.hooks = huge_page_hooks<TestServices>(21);
  ASSERT_TRUE(stage.insert(area));
  ASSERT_TRUE(stage.insert(stage.fresh(0x300, 0x302)));
  EXPECT_EQ(stage.watch(columns(0xff, 0x101)), Error::invalid);
  EXPECT_EQ(stage.area(0xff)->flags, rw_flags);
  EXPECT_EQ(stage.watch(columns(0x100, 0x301)), Error::none) << "it ends in other memory";
  EXPECT_EQ(stage.count_areas(), 4u);
}

TEST(RegisterUserfault, first_bad_area_leaves_all_others_alone) {
  Watched stage("AAAA....AA");
  ASSERT_TRUE(stage.insert(stage.fresh(4, 5, 'F')));
  EXPECT_EQ(stage.watch(columns(0, 10)), Error::invalid);
  EXPECT_EQ(stage.picture(), "AAAAF...AA");
  EXPECT_EQ(stage.watch(columns(0, 4)), Error::none);
  EXPECT_EQ(stage.watch(columns(8, 10)), Error::none);
  EXPECT_EQ(stage.unwatch(columns(0, 10)), Error::invalid);
  EXPECT_EQ(stage.picture(), "UUUUF...UU");
}

TEST(RegisterUserfault, map_count_stops_it_and_earlier_areas_stay_watched) {
  Watched stage("AABBAAAAAAAA");
  stage.host().limits.area_count_max = 3;
  EXPECT_EQ(stage.watch(columns(0, 10)), Error::no_memory);
  EXPECT_EQ(stage.picture(), "UURRAAAAAAAA");
  EXPECT_EQ(stage.watch(columns(0, 12)), Error::none);
  EXPECT_EQ(stage.picture(), "UURRUUUUUUUU");
  EXPECT_EQ(stage.unwatch(columns(0, 6)), Error::no_memory);
  EXPECT_EQ(stage.picture(), "AABBUUUUUUUU");
}

TEST(RegisterUserfault, second_cut_past_the_map_count_leaves_the_first) {
  Watched stage("AAAAAAAA.B");
  stage.host().limits.area_count_max = 3;
  EXPECT_EQ(stage.watch(columns(2, 6)), Error::no_memory);
  EXPECT_EQ(stage.picture(), "AA|AAAAAA.B");
}

TEST(RegisterUserfault, policy_and_name_stay_and_keep_areas_apart) {
  Watched stage("AAPPAA");
  ASSERT_TRUE(stage.set_name(columns(0, 1), 5));
  EXPECT_EQ(stage.watch(columns(0, 6)), Error::none);
  EXPECT_EQ(*stage.area(0)->attributes, (Attributes{.userfault_context = ours, .name = 5}));
  EXPECT_EQ(*stage.area(2)->attributes, (Attributes{.policy = 1, .userfault_context = ours}));
  EXPECT_EQ(stage.count_areas(), 4u);
  ASSERT_TRUE(stage.mbind(columns(0, 6), 1));
  EXPECT_TRUE(stage.release_userfault(ours));
  ASSERT_TRUE(stage.set_name(columns(0, 1), 0));
  EXPECT_EQ(stage.picture(), "PPPPPP");
}

TEST(UnregisterUserfault, memory_of_another_context_is_refused) {
  Watched stage("UUUUTTTTAA");
  EXPECT_EQ(stage.unwatch(columns(0, 8)), Error::invalid);
  EXPECT_EQ(stage.unwatch(columns(4, 8)), Error::invalid);
  EXPECT_EQ(stage.unwatch(columns(0, 4), theirs), Error::invalid);
  EXPECT_EQ(stage.picture(), "UUUUTTTTAA");
  EXPECT_EQ(stage.unwatch(columns(8, 10)), Error::none);  // Watched by nobody.
  EXPECT_EQ(stage.unwatch(columns(0, 4)), Error::none);
  EXPECT_EQ(stage.unwatch(columns(4, 8), theirs), Error::none);
  EXPECT_EQ(stage.picture(), "AAAAAAAAAA");
}

TEST(UnregisterUserfault, middle_is_cut_out) {
  Watched stage("UUUUUU");
  EXPECT_EQ(stage.unwatch(columns(2, 4)), Error::none);
  EXPECT_EQ(stage.picture(), "UUAAUU");
}

TEST(ReleaseUserfault, frees_and_joins_all_that_its_context_watched) {
  Watched stage("AAUVATTTAUUU..WW");
  EXPECT_TRUE(stage.release_userfault(ours));
  EXPECT_EQ(stage.picture(), "AAAAATTTAAAA..AA");
  EXPECT_TRUE(stage.release_userfault(ours));  // Nothing is left to do.
  EXPECT_TRUE(stage.release_userfault(theirs));
  EXPECT_EQ(stage.picture(), "AAAAAAAAAAAA..AA");
}

TEST(Userfault, arguments) {
  Watched stage("AAAA");
  const Address at = TestSpace::column(0);
  constexpr std::uint64_t page = 0x1000;
  constexpr Address limit = 0x7fff'ffff'f000;
  struct Case {
    Address start;
    std::uint64_t length;
  };
  const Case bad[] = {{at + 1, page},
                      {at, 1},
                      {at, 0},
                      {limit, page},
                      {limit - page, 2 * page},
                      {0 - page, page},
                      {0 - page, 2 * page},
                      {at, 0 - page},
                      {limit - page, page}};  // The last is good, but nothing is mapped there.
  AddressSpace<TestServices>& space = stage.space();
  for (const Case& c : bad) {
    SCOPED_TRACE(fmt::format("{:x} {:x}", c.start, c.length));
    EXPECT_EQ(space.register_userfault({c.start, c.length, ours, uffd::missing}).code(),
              Error::invalid);
    EXPECT_EQ(space.unregister_userfault(c.start, c.length, ours).code(), Error::invalid);
  }
  for (const UserfaultModes modes : {UserfaultModes{}, UserfaultModes{8}, UserfaultModes{9}}) {
    EXPECT_EQ(stage.watch(columns(0, 4), modes), Error::invalid);
  }
  EXPECT_EQ(stage.watch(columns(0, 4), uffd::missing, 0), Error::invalid);
  EXPECT_EQ(stage.unwatch(columns(0, 4), 0), Error::invalid);
  EXPECT_EQ(stage.picture(), "AAAA");
}

}  // namespace
}  // namespace vmarea::test
