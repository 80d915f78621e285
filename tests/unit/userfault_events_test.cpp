// SPDX-License-Identifier: MIT
//
// What other calls do to watched memory, and what its watcher is told: moves, unmappings, forks,
// touches. The letters are those of the stage.
#include "unit/userfault_stage.hpp"

namespace vmarea::test {
namespace {

constexpr RemapFlags keeping = fixed_move | remap::dont_unmap;

TEST(MovedUserfault, nobody_watches_the_copy) {
  Watched stage("UUUUUU..........");
  EXPECT_TRUE(stage.move(2, 2, 10));
  EXPECT_EQ(stage.picture(), "UU..UU....AA....");
}

TEST(MovedUserfault, nobody_watches_what_the_copy_joined) {
  Watched stage("UU..UU....WW....WW");
  EXPECT_TRUE(stage.move(16, 2, 12));
  EXPECT_EQ(stage.picture(), "UU..UU....AAAA....");
  Watched both("UU..UU....UU");
  EXPECT_TRUE(both.move(10, 2, 2));
  EXPECT_EQ(both.picture(), "AAAAAA......");
}

TEST(MovedUserfault, copy_joins_as_if_it_were_watched) {
  Watched unwatched("AA..........UU");
  EXPECT_TRUE(unwatched.move(12, 2, 2));
  EXPECT_EQ(unwatched.picture(), "AA|AA..........");
  Watched watched("UU..........AA");
  EXPECT_TRUE(watched.move(12, 2, 2));
  EXPECT_EQ(watched.picture(), "UUAA..........");
  Watched touched("uu..........uu");  // Page offsets differ: no join, so only the copy is free.
  EXPECT_TRUE(touched.move(12, 2, 2));
  EXPECT_EQ(touched.picture(), "uuaa..........");
}

TEST(MovedUserfault, copy_that_joins_its_own_source_frees_that_too) {
  Watched down("..UUUUUU..");
  EXPECT_TRUE(down.move(4, 2, 0));
  EXPECT_EQ(down.picture(), "AAAA..AA..");
  Watched up("..UUUUUU..");
  EXPECT_TRUE(up.move(2, 2, 8));
  EXPECT_EQ(up.picture(), "....AAAAAA");
  Watched into("UUUUUU....");
  EXPECT_TRUE(into.move(0, 2, 3));
  EXPECT_EQ(into.picture(), "..AAAA....");
}

TEST(MovedUserfault, copy_that_joins_its_own_source_does_so_on_one_side_of_the_tail) {
  const auto shrink = [](Stage& stage, std::uint64_t from, std::uint64_t pages, std::uint64_t to) {
    return stage.mremap({TestSpace::column(from), pages << 12, (pages - 1) << 12, fixed_move,
                         TestSpace::column(to)});
  };
  Watched down("..UUUU");
  EXPECT_TRUE(shrink(down, 2, 3, 0));
  EXPECT_EQ(down.picture(), "AA...U");
  Watched up("UUUUUUBB");
  EXPECT_TRUE(shrink(up, 0, 3, 4));
  EXPECT_EQ(up.picture(), "...AAABB");
  Watched behind("UUUUUUUU");
  EXPECT_TRUE(shrink(behind, 2, 2, 4));
  EXPECT_EQ(behind.picture(), "UU..AAAA");
}

TEST(MovedUserfault, what_is_left_of_the_source_keeps_attributes_that_nothing_else_has) {
  constexpr UserfaultContext third = 3;
  Watched stage(".AAAAA");
  ASSERT_EQ(stage.watch(columns(1, 6), uffd::protect, third), Error::none);
  EXPECT_TRUE(
      stage.mremap({TestSpace::column(3), 0x2000, 0x1000, fixed_move, TestSpace::column(2)}));
  EXPECT_EQ(stage.count_areas(), 2u);
  EXPECT_EQ(stage.area(5)->attributes->userfault_context, third);
  EXPECT_EQ(stage.watch(columns(5, 6), uffd::missing, third), Error::none);
}

TEST(MovedUserfault, source_that_is_kept_stays_watched_unless_it_joined) {
  Watched whole("UUUU........");
  EXPECT_TRUE(whole.move(0, 4, 8, keeping));
  EXPECT_EQ(whole.picture(), "UUUU....AAAA");
  Watched part("WWWWWW....");
  EXPECT_TRUE(part.move(2, 2, 8, keeping));
  EXPECT_EQ(part.picture(), "WWWWWW..AA");
  Watched joined("UUUU....");
  EXPECT_TRUE(joined.move(0, 4, 4, keeping));
  EXPECT_EQ(joined.picture(), "AAAAAAAA");
  Watched touched("uuuu....");
  EXPECT_TRUE(touched.move(0, 4, 4, keeping));
  EXPECT_EQ(touched.picture(), "UUUUaaaa");
}

TEST(MovedUserfault, resizing_in_place_keeps_the_watcher) {
  Watched stage("UUUU..UU");
  EXPECT_TRUE(stage.mremap({TestSpace::column(0), 0x4000, 0x6000, {}, 0}));
  EXPECT_EQ(stage.picture(), "UUUUUUUU");
  EXPECT_TRUE(stage.mremap({TestSpace::column(0), 0x8000, 0x2000, {}, 0}));
  EXPECT_EQ(stage.picture(), "UU......");
}

TEST(MovedUserfault, several_watched_areas_are_refused) {
  Watched first("UUBB........");
  EXPECT_EQ(first.move(0, 4, 8).code(), Error::bad_address);
  EXPECT_EQ(first.picture(), "UUBB........");
  Watched second("AARR........");  // Also where it is the last.
  EXPECT_EQ(second.move(0, 4, 8).code(), Error::bad_address);
  EXPECT_EQ(second.picture(), "..RR....AA..");
  Watched further("AARRAA........");
  EXPECT_EQ(further.move(0, 6, 8).code(), Error::bad_address);
  EXPECT_EQ(further.picture(), "..RRAA..AA....");
}

TEST(MovedUserfault, policy_and_name_go_along) {
  Watched stage("PP..........");
  ASSERT_TRUE(stage.set_name(columns(0, 2), 7));
  const Attributes* before = stage.area(0)->attributes;
  ASSERT_EQ(stage.watch(columns(0, 2)), Error::none);
  EXPECT_TRUE(stage.move(0, 2, 8));
  EXPECT_EQ(stage.area(8)->attributes, before);
}

TEST(Userfault, other_changes_keep_the_watcher_and_join_again) {
  Watched stage("UUUUUU");
  EXPECT_TRUE(stage.mprotect(columns(1, 2), prot::read));
  EXPECT_EQ(stage.picture(), "URUUUU");
  EXPECT_TRUE(stage.mprotect(columns(1, 2), rw));
  EXPECT_EQ(stage.picture(), "UUUUUU");
  EXPECT_TRUE(stage.madvise(columns(1, 2), Advice::dont_fork));
  EXPECT_EQ(stage.count_areas(), 3u);
  EXPECT_TRUE(stage.madvise(columns(1, 2), Advice::do_fork));
  EXPECT_TRUE(stage.munmap(columns(3, 4)));
  EXPECT_EQ(stage.picture(), "UUU.UU");
  EXPECT_TRUE(stage.map_fixed(3, 4));
  EXPECT_EQ(stage.picture(), "UUUAUU");
}

TEST(Userfault, read_of_watched_memory_gives_no_identity_and_a_write_does) {
  for (const bool zero_page : {true, false}) {
    Watched stage("UUVV");
    stage.host().profile.reads_share_zero_page = zero_page;
    EXPECT_TRUE(stage.touch(TestSpace::column(0), Touch::read));
    EXPECT_TRUE(stage.touch(TestSpace::column(2), Touch::read));
    EXPECT_EQ(stage.picture(), zero_page ? "UUVV" : "UUvv");
    EXPECT_TRUE(stage.touch(TestSpace::column(0)));
    EXPECT_EQ(stage.picture(), zero_page ? "uuVV" : "uuvv");
  }
}

TEST(ForkedUserfault, child_is_not_watched_and_its_areas_stay_apart) {
  Watched stage("uuAA..VV");
  const auto child = stage.fork();
  EXPECT_EQ(child->picture(), "aa|AA..AA");
  EXPECT_EQ(stage.picture(), "uuAA..VV");
  Watched untouched("UUAA");
  EXPECT_EQ(untouched.fork()->picture(), "AA|AA");
}

TEST(ForkedUserfault, who_asked_for_it_watches_the_child_by_one_context_of_its_own) {
  Watched stage("UUAAUUTT..UU");
  ASSERT_TRUE(stage.mbind(columns(10, 12), 1));
  stage.host().userfaults[ours] = {.fork_events = true};
  std::unique_ptr<TestSpace> child;
  const std::string told = stage.told([&] { child = stage.fork(); });
  EXPECT_EQ(told, "fork 1 1001");
  const Attributes watched{.userfault_context = 1001};
  EXPECT_EQ(*child->area(0)->attributes, watched);
  EXPECT_EQ(child->area(4)->attributes, child->area(0)->attributes);
  EXPECT_EQ(child->area(6)->attributes, nullptr);
  EXPECT_EQ(*child->area(10)->attributes, (Attributes{1, 1001, 0}));
  EXPECT_TRUE(child->area(0)->flags.has_any(flag::userfault_missing));
  EXPECT_TRUE(child->release_userfault(1001));
  EXPECT_EQ(child->picture(), "AAAAAAAA..PP");
  EXPECT_EQ(stage.picture().substr(0, 8), "UUAAUUTT");
}

TEST(ForkedUserfault, areas_that_are_not_copied_tell_nobody) {
  Watched stage("UU..UU");
  stage.host().userfaults[ours] = all_events;
  ASSERT_TRUE(stage.madvise(columns(0, 2), Advice::dont_fork));
  ASSERT_TRUE(stage.madvise(columns(4, 6), Advice::wipe_on_fork));
  std::unique_ptr<TestSpace> child;
  EXPECT_EQ(stage.told([&] { child = stage.fork(); }), "fork 1 1001");
  EXPECT_EQ(child->area(0), nullptr);
  EXPECT_EQ(child->area(4)->attributes->userfault_context, 1001u);
  ASSERT_TRUE(stage.madvise(columns(4, 6), Advice::dont_fork));
  EXPECT_EQ(stage.told([&] { child = stage.fork(); }), "");
}

struct Listening : Watched {
  explicit Listening(std::string_view picture) : Watched(picture) {
    host().userfaults[ours] = all_events;
  }
};

TEST(UserfaultEvents, unmapping_is_told_once_with_the_whole_range) {
  Listening stage("UUUUUUUU..UU");
  EXPECT_EQ(stage.told([&] { EXPECT_TRUE(stage.munmap(columns(1, 3))); }), "unmap 1 101-103");
  EXPECT_EQ(stage.told([&] { EXPECT_TRUE(stage.munmap(columns(0, 20))); }), "unmap 1 100-114");
  EXPECT_EQ(stage.told([&] { EXPECT_TRUE(stage.munmap(columns(0, 20))); }), "");
}

TEST(UserfaultEvents, mapping_over_watched_memory_is_an_unmapping) {
  Listening stage("UUUU");
  EXPECT_EQ(stage.told([&] { EXPECT_TRUE(stage.map_fixed(1, 3)); }), "unmap 1 101-103");
  EXPECT_EQ(stage.picture(), "UAAU");
}

TEST(UserfaultEvents, contexts_that_did_not_ask_are_not_told) {
  Listening stage("UUTT");
  EXPECT_EQ(stage.told([&] { EXPECT_TRUE(stage.munmap(columns(1, 3))); }), "unmap 1 101-103");
  stage.host().userfaults[theirs] = {.unmap_events = true};
  EXPECT_EQ(stage.told([&] { EXPECT_TRUE(stage.munmap(columns(0, 4))); }),
            "unmap 1 100-104, unmap 2 100-104");
}

TEST(UserfaultEvents, refused_and_dropped_calls_tell_nothing) {
  Listening stage("UUXX");
  EXPECT_EQ(stage.told([&] { EXPECT_FALSE(stage.munmap(columns(0, 4))); }), "");
  EXPECT_EQ(stage.told([&] {
    auto change = stage.space().plan_munmap(TestSpace::column(0), 0x1000);
    EXPECT_TRUE(change.reserve());
  }),
            "");
  EXPECT_EQ(stage.picture(), "UUXX");
}

TEST(UserfaultEvents, move_keeps_the_watcher_and_tells_both_places) {
  Listening stage("UUUU............");
  EXPECT_EQ(stage.told([&] { EXPECT_TRUE(stage.move(0, 4, 8)); }),
            "remap 1 100-104 108, unmap 1 100-104");
  EXPECT_EQ(stage.picture(), "........UUUU....");
  EXPECT_EQ(stage.told([&] { EXPECT_TRUE(stage.move(8, 4, 0, keeping)); }), "remap 1 108-10c 100");
  EXPECT_EQ(stage.picture(), "UUUU....UUUU....");
}

TEST(UserfaultEvents, move_that_shrinks_tells_of_the_tail_by_itself) {
  Listening stage("UUUUUUUU............");
  EXPECT_EQ(stage.told([&] {
    EXPECT_TRUE(
        stage.mremap({TestSpace::column(0), 0x8000, 0x4000, fixed_move, TestSpace::column(12)}));
  }),
            "remap 1 100-104 10c, unmap 1 104-108, unmap 1 100-104");
}

TEST(UserfaultEvents, move_over_watched_memory_tells_of_that_first) {
  Listening stage("UU........UUUU");
  EXPECT_EQ(stage.told([&] { EXPECT_TRUE(stage.move(0, 2, 11)); }),
            "unmap 1 10b-10d, remap 1 100-102 10b, unmap 1 100-102");
  EXPECT_EQ(stage.picture(), "..........UUUU");
}

TEST(UserfaultEvents, watched_copy_joins_its_neighbour) {
  Listening stage("UU........UU");
  EXPECT_EQ(stage.told([&] { EXPECT_TRUE(stage.move(10, 2, 2)); }),
            "remap 1 10a-10c 102, unmap 1 10a-10c");
  EXPECT_EQ(stage.picture(), "UUUU........");
}

TEST(UserfaultEvents, resizing_in_place_tells_only_of_what_goes) {
  Listening stage("UUUU....");
  EXPECT_EQ(stage.told([&] {
    EXPECT_TRUE(stage.mremap({TestSpace::column(0), 0x4000, 0x6000, {}, 0}));
  }),
            "");
  EXPECT_EQ(stage.told([&] {
    EXPECT_TRUE(stage.mremap({TestSpace::column(0), 0x6000, 0x3000, {}, 0}));
  }),
            "unmap 1 103-106");
}

TEST(UserfaultEvents, source_that_lost_its_watcher_to_the_copy_is_not_told) {
  Watched stage("..UUUUUU..");
  stage.host().userfaults[ours] = {.unmap_events = true};
  EXPECT_EQ(stage.told([&] { EXPECT_TRUE(stage.move(4, 2, 0)); }), "");
  EXPECT_EQ(stage.picture(), "AAAA..AA..");
}

TEST(UserfaultEvents, exit_tells_nobody) {
  Listening stage("UUUU");
  EXPECT_EQ(stage.told([&] { stage.space().clear(); }), "");
}

TEST(UserfaultEvents, nobody_is_told_of_memory_that_nobody_watches) {
  Watched stage("AA");
  stage.host().userfaults[0] = all_events;
  EXPECT_EQ(stage.told([&] { EXPECT_TRUE(stage.munmap(columns(0, 2))); }), "");
}

}  // namespace
}  // namespace vmarea::test
