// SPDX-License-Identifier: MIT
//
// Bugs of the field in what calls count, in who merges with whom, in seals and in locks (known bugs
// 19 to 34, and of concurrency as much as one thread can show). TestSpace counts everything anew
// after each call.
//
// Numbers 20 to 22 leak locked pages on the kernel of the profile; here nothing leaks.
#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "unit/userfault_stage.hpp"

namespace vmarea::test {
namespace {

constexpr RemapFlags keeping = fixed_move | remap::dont_unmap;

std::int64_t locked_pages(Stage& stage) {
  return stage.space().totals().locked;
}

TEST(KnownBug, 19_unmapped_pages_are_counted_by_their_own_area) {
  Stage stage("AALLLAALL");
  ASSERT_TRUE(stage.munmap(columns(1, 4)));
  EXPECT_EQ(stage.picture(), "A...LAALL");
  EXPECT_EQ(locked_pages(stage), 3);
  ASSERT_TRUE(stage.munmap(columns(4, 8)));
  EXPECT_EQ(locked_pages(stage), 1);
  ASSERT_TRUE(stage.munmap(columns(0, 9)));
  EXPECT_EQ(locked_pages(stage), 0);
}

TEST(KnownBug, 20_locked_area_that_moves_and_stays_leaks_no_locked_page) {
  Stage stage("........");
  ASSERT_TRUE(stage.map_fixed(0, 8));
  ASSERT_TRUE(stage.mlock(columns(0, 8), MlockMode::lock));
  ASSERT_TRUE(stage.move(0, 8, 20, keeping));
  EXPECT_EQ(stage.picture().substr(0, 8), "AAAAAAAA");
  EXPECT_EQ(locked_pages(stage), 8) << "those that moved";
  ASSERT_TRUE(stage.munmap(columns(0, 8)));
  ASSERT_TRUE(stage.munmap(columns(20, 28)));
  EXPECT_EQ(locked_pages(stage), 0);
}

TEST(KnownBug, 21_locked_area_that_moves_right_behind_itself_leaks_no_locked_page) {
  Stage stage("........");
  ASSERT_TRUE(stage.map_fixed(0, 8));
  ASSERT_TRUE(stage.mlock(columns(0, 8), MlockMode::lock_on_fault));
  ASSERT_TRUE(stage.move(0, 8, 8, keeping));
  EXPECT_EQ(stage.picture(), "AAAAAAAAAAAAAAAA") << "one area, unlocked";
  EXPECT_EQ(locked_pages(stage), 0);
  ASSERT_TRUE(stage.munmap(columns(0, 16)));
  EXPECT_EQ(locked_pages(stage), 0);
}

TEST(KnownBug, 22_middle_of_a_locked_area_that_moves_and_stays_leaks_no_locked_page) {
  Stage stage("LLLLLLLL");
  ASSERT_TRUE(stage.move(2, 2, 12, keeping));
  EXPECT_EQ(stage.picture(), "AAAAAAAA....LL") << "the flag goes from the whole area, as in Linux";
  EXPECT_EQ(locked_pages(stage), 2);
  ASSERT_TRUE(stage.munmap(columns(0, 14)));
  EXPECT_EQ(locked_pages(stage), 0);
}

TEST(KnownBug, 23_move_takes_the_charge_along) {
  Stage stage("aaaa.........");
  const PageCount charged = stage.host().charged;
  ASSERT_TRUE(stage.move(0, 4, 6));
  EXPECT_EQ(stage.host().charged, charged);
  ASSERT_TRUE(stage.move(7, 2, 0)) << "a part";
  EXPECT_EQ(stage.host().charged, charged);
  ASSERT_TRUE(stage.munmap(columns(0, 13)));
  EXPECT_EQ(stage.host().charged, 0u);
}

TEST(KnownBug, 24_touched_area_that_comes_to_match_an_untouched_one_joins_it) {
  Stage stage("CCbbCC");
  ASSERT_TRUE(stage.mprotect(columns(2, 4), prot::none));
  EXPECT_EQ(stage.picture(), "cccccc");
  Stage next("bbCC");
  ASSERT_TRUE(next.mprotect(columns(2, 4), prot::read));
  EXPECT_EQ(next.picture(), "bbbb");
}

/// "aa" with the page offsets of columns 2 and 3, at column 20, and then the picture.
void put_aside_and_build(Stage& stage, const char* picture) {
  ASSERT_TRUE(stage.map_fixed(2, 4));
  ASSERT_TRUE(stage.touch(TestSpace::column(2)));
  ASSERT_TRUE(stage.move(2, 2, 20));
  stage.build(picture);
}

TEST(KnownBug, 25_touched_area_that_moves_beside_untouched_ones_hands_on_its_identity) {
  for (const char* before : {"AA....", "....AA", "AA..AA"}) {
    SCOPED_TRACE(before);
    Stage stage;
    put_aside_and_build(stage, before);
    const AnonIdentity identity = stage.identity(20);
    ASSERT_TRUE(stage.move(20, 2, 2));
    EXPECT_EQ(stage.count_areas(), 1u);
    EXPECT_EQ(stage.identity(2), identity);
    EXPECT_EQ(stage.chain(2), 1u);
  }
}

TEST(KnownBug, 25_touched_area_that_was_forked_does_not_join_untouched_ones_by_moving) {
  for (const char* before : {"AA....", "....AA", "AA..AA"}) {
    SCOPED_TRACE(before);
    Stage parent;
    put_aside_and_build(parent, before);
    const auto child = parent.fork();
    ASSERT_TRUE(
        child->mremap({TestSpace::column(20), 0x2000, 0x2000, fixed_move, TestSpace::column(2)}));
    EXPECT_EQ(child->area(2)->length(), 0x2000u);
    EXPECT_TRUE(child->area(2)->identity.fork_child());
    ASSERT_TRUE(parent.move(20, 2, 2));
    EXPECT_EQ(parent.count_areas(), 1u) << "the parent's is its own";
  }
}

Result<Address> map_file(Stage& stage, std::uint64_t first, std::uint64_t upto) {
  return stage.mmap({.address = TestSpace::column(first),
                     .length = (upto - first) << 12,
                     .protection = rw,
                     .flags = map::private_ | map::fixed,
                     .file = stage.legend.at('F').file,
                     .offset = first << 12});
}

TEST(KnownBug, 26_area_that_grows_downwards_begins_earlier_in_its_file) {
  Stage stage("....FFF.aa");
  ASSERT_TRUE(map_file(stage, 2, 4));
  EXPECT_EQ(stage.shape(2), "[2,7)p2");
  ASSERT_TRUE(stage.map_fixed(7, 8));
  EXPECT_EQ(stage.shape(7), "[7,a)p7");
}

TEST(KnownBug, 27_area_with_a_close_hook_is_never_the_one_that_goes) {
  Stage between("AA..AA");
  TestArea* next = between.area(4);
  next->hooks = &close_hooks;
  ASSERT_TRUE(between.map_fixed(2, 4));
  EXPECT_EQ(between.picture(), "AAAA|AA") << "prev may grow";
  EXPECT_EQ(between.area(4), next);
  Stage below("..AA");
  TestArea* kept = below.area(2);
  kept->hooks = &close_hooks;
  ASSERT_TRUE(below.map_fixed(0, 2));
  EXPECT_EQ(below.picture(), "AAAA") << "next may grow";
  EXPECT_EQ(below.area(0), kept);
  Stage changed("AA|AA|AA");
  kept = changed.area(2);
  kept->hooks = &close_hooks;
  ASSERT_TRUE(changed.modify(columns(2, 4), rw_flags));
  EXPECT_EQ(changed.picture(), "AA|AA|AA");
  EXPECT_EQ(changed.area(2), kept);
}

TEST(KnownBug, 27_area_with_a_close_hook_grows_in_place_without_swallowing_the_next) {
  Stage stage("HHHHHH");
  ASSERT_TRUE(stage.munmap(columns(2, 4)));
  const TestArea* next = stage.area(4);
  stage.host().recorder.on = true;
  ASSERT_TRUE(
      stage.mremap({.address = TestSpace::column(0), .old_length = 0x2000, .new_length = 0x4000}));
  EXPECT_EQ(stage.picture(), "HHHH|HH");
  EXPECT_EQ(stage.area(4), next);
  for (const std::string& line : stage.host().recorder.take()) {
    EXPECT_FALSE(line.starts_with("open") || line.starts_with("close")) << line;
  }
  stage.host().recorder.on = false;
}

TEST(KnownBug, 28_growth_may_be_asked_for_from_inside_an_area) {
  Stage stage("aaaa....");
  const MremapRequest from_inside{
      .address = TestSpace::column(2), .old_length = 0x2000, .new_length = 0x5000};
  EXPECT_EQ(stage.mremap(from_inside), Result<Address>(TestSpace::column(2)));
  EXPECT_EQ(stage.picture(), "aaaaaaa.");
  EXPECT_EQ(stage.shape(0), "[0,7)p0");
}

/// The identities that an area is linked to.
std::set<const void*> chain_of(const TestArea& area) {
  std::set<const void*> chain;
  for (const auto* link = area.reverse_map.newest; link != nullptr; link = link->older) {
    chain.insert(link->identity);
  }
  return chain;
}

TEST(KnownBug, 29_equal_identities_have_equal_chains_after_nested_forks) {
  Stage parent("aaaa");
  auto child = parent.fork();
  ASSERT_TRUE(child->mprotect(columns(2, 4), prot::read));
  const auto grandchild = child->fork();
  child.reset();  // Its identity is left to two families.
  const auto last = grandchild->fork();
  for (const auto* space : {grandchild.get(), last.get()}) {
    const TestArea& left = *space->area(0);
    const TestArea& right = *space->area(2);
    EXPECT_NE(chain_of(left), chain_of(right));
    EXPECT_NE(left.identity, right.identity);
  }
  ASSERT_TRUE(last->mprotect(columns(2, 4), rw));
  EXPECT_EQ(last->picture(), "aa|aa");
}

TEST(KnownBug, 30_registration_that_begins_inside_an_area_cuts_there_and_merges_back) {
  Watched stage("AAAAAA");
  EXPECT_EQ(stage.watch(columns(2, 4)), Error::none);
  EXPECT_EQ(stage.picture(), "AAUUAA");
  EXPECT_EQ(stage.shape(2), "[2,4)p2");
  EXPECT_EQ(stage.watch(columns(3, 6)), Error::none);
  EXPECT_EQ(stage.picture(), "AAUUUU");
  EXPECT_EQ(stage.shape(2), "[2,6)p2");
  EXPECT_EQ(stage.unwatch(columns(3, 6)), Error::none);
  EXPECT_EQ(stage.picture(), "AAUAAA");
  EXPECT_EQ(stage.unwatch(columns(0, 6)), Error::none);
  EXPECT_EQ(stage.picture(), "AAAAAA");
  EXPECT_EQ(stage.watch(columns(1, 5)), Error::none);
  EXPECT_TRUE(stage.release_userfault(ours));
  EXPECT_EQ(stage.picture(), "AAAAAA");
}

TEST(KnownBug, 31_flag_that_stops_no_merge_survives_it) {
  for (const Flags sticky : {flag::soft_dirty, flag::maybe_guard}) {
    for (const std::uint64_t column : {0u, 4u}) {
      Stage stage("AA..AA");
      stage.area(column)->flags |= sticky;
      ASSERT_TRUE(stage.map_fixed(2, 4));
      EXPECT_EQ(stage.count_areas(), 1u);
      EXPECT_TRUE(stage.area(0)->flags.has_all(sticky)) << column;
    }
  }
  Stage guarded("BB|AA|BB");
  ASSERT_TRUE(guarded.madvise(columns(2, 4), Advice::guard_install));
  ASSERT_TRUE(guarded.mprotect(columns(0, 6), prot::none));
  EXPECT_TRUE(guarded.area(2)->flags.has_all(flag::maybe_guard));
}

TEST(KnownBug, 32_flags_that_every_mapping_gets_stop_no_merge) {
  Stage stage;
  stage.state().default_flags = flag::mergeable;
  ASSERT_TRUE(stage.map_fixed(0, 2));
  ASSERT_TRUE(stage.map_fixed(4, 6));
  ASSERT_TRUE(stage.map_fixed(2, 4));
  EXPECT_EQ(stage.count_areas(), 1u);
  EXPECT_TRUE(stage.area(0)->flags.has_all(flag::mergeable));
}

TEST(KnownBug, 33_file_mapping_that_moves_away_and_back_is_set_up_once) {
  Stage stage("SSSSSS");
  for (const std::uint64_t column : {0u, 2u, 3u, 5u}) {
    ASSERT_TRUE(stage.touch(TestSpace::column(column)));
  }
  const TestFile* file = stage.legend.at('S').file;
  const std::uint64_t tokens[] = {stage.token(2), stage.token(3)};
  ASSERT_TRUE(stage.move(2, 2, 20));
  EXPECT_EQ(stage.picture().substr(0, 6), "SS..SS");
  EXPECT_EQ(file->references, 3u);
  ASSERT_TRUE(stage.move(20, 2, 2));
  EXPECT_EQ(stage.picture().substr(0, 6), "SSSSSS");
  EXPECT_EQ(file->references, 1u);
  EXPECT_EQ(file->own_mapping.writable_count, 1u);
  EXPECT_EQ(stage.token(2), tokens[0]);
  EXPECT_EQ(stage.token(3), tokens[1]);
}

TEST(KnownBug, 34_seal_refuses_exactly_the_advice_that_discards) {
  const std::set<Advice> discarding{Advice::dont_need,        Advice::free,
                                    Advice::dont_need_locked, Advice::dont_fork,
                                    Advice::wipe_on_fork,     Advice::guard_install};
  for (const Advice advice :
       {Advice::normal,    Advice::random,      Advice::sequential,       Advice::will_need,
        Advice::dont_need, Advice::free,        Advice::dont_fork,        Advice::do_fork,
        Advice::mergeable, Advice::unmergeable, Advice::huge_page,        Advice::no_huge_page,
        Advice::dont_dump, Advice::do_dump,     Advice::wipe_on_fork,     Advice::keep_on_fork,
        Advice::cold,      Advice::page_out,    Advice::dont_need_locked, Advice::guard_install}) {
    Stage stage("BB");
    ASSERT_TRUE(stage.mseal(columns(0, 2)));
    EXPECT_EQ(stage.madvise(columns(0, 2), advice).code(),
              discarding.contains(advice) ? Error::not_permitted : Error::none)
        << static_cast<int>(advice);
  }
}

TEST(KnownBug, 34_calls_that_meet_a_seal_leave_what_linux_leaves) {
  const auto fresh = [](Stage& stage) { EXPECT_EQ(stage.picture(), "AAXXAA"); };
  Stage unmap("AAXXAA");
  fresh(unmap);
  EXPECT_EQ(unmap.munmap(columns(0, 6)).code(), Error::not_permitted);
  fresh(unmap);
  Stage protect("AAXXAA");
  EXPECT_EQ(protect.mprotect(columns(0, 6), prot::read).code(), Error::not_permitted);
  EXPECT_EQ(protect.picture(), "BBXXAA") << "what lies before is changed";
  Stage map("AAXXAA");
  EXPECT_EQ(map.map_fixed(1, 4, prot::none).code(), Error::not_permitted);
  EXPECT_EQ(map.picture(), "A|AXXAA") << "a cut stays";
  Stage whole("AAXXAA");
  whole.host().profile.partial_effects = PartialEffects::all_or_nothing;
  EXPECT_EQ(whole.mprotect(columns(0, 6), prot::read).code(), Error::not_permitted);
  EXPECT_EQ(whole.map_fixed(1, 4, prot::none).code(), Error::not_permitted);
  fresh(whole);
}

std::vector<std::string> recorded(Stage& stage, const auto& call) {
  stage.host().recorder.on = true;
  call();
  stage.host().recorder.on = false;
  return stage.host().recorder.take();
}
/// The number of the first line that begins so, or of lines.
std::ptrdiff_t first_line(const std::vector<std::string>& lines, std::string_view what) {
  const auto found = std::find_if(lines.begin(), lines.end(),
                                  [&](const std::string& line) { return line.starts_with(what); });
  return found - lines.begin();
}

TEST(KnownBug, C1_stack_grows_down_to_another_one_under_the_write_lock) {
  Stage stage("KK...KK");
  stage.host().limits.stack_guard_gap_pages = 0;
  const auto lines = recorded(stage, [&] { EXPECT_TRUE(stage.grow_stack(TestSpace::column(2))); });
  EXPECT_EQ(stage.picture(), "KK|kkkkk");
  EXPECT_EQ(lines.front(), "lock space");
  EXPECT_EQ(lines.back(), "unlock space");
  EXPECT_LT(first_line(lines, "lock space"), first_line(lines, "begin write"));
  EXPECT_TRUE(stage.begun(5));
}

struct SeenAtClose {
  bool attached = true;
  const void* locked_by = nullptr;
};
SeenAtClose seen_at_close;
void look_at_close(TestArea& area) noexcept {
  seen_at_close = {area.lock.attached, area.lock.space};
}
constexpr AreaHooks<TestServices> looking_hooks{.close = look_at_close};

TEST(KnownBug, C3_area_that_goes_is_detached_under_the_lock_of_its_own_space) {
  Stage parent("FF");
  parent.area(0)->hooks = &looking_hooks;
  const auto child = parent.fork();
  const TestArea* other = child->area(0);
  EXPECT_EQ(other->lock.space, &child->state().lock);
  ASSERT_TRUE(parent.munmap(columns(0, 2)));
  EXPECT_FALSE(seen_at_close.attached) << "who found it can see that it is gone";
  EXPECT_EQ(seen_at_close.locked_by, &parent.state().lock);
  ASSERT_TRUE(child->munmap(columns(0, 2)));
  EXPECT_EQ(seen_at_close.locked_by, &child->state().lock);
}

TEST(KnownBug, C4_identity_is_handed_on_only_between_areas_that_are_write_locked) {
  Stage stage("BBB|ccc");
  const auto lines =
      recorded(stage, [&] { EXPECT_TRUE(stage.mprotect(columns(3, 6), prot::read)); });
  EXPECT_EQ(stage.picture(), "bbbbbb");
  const std::ptrdiff_t handed_on = first_line(lines, "clone links");
  ASSERT_LT(handed_on, std::ssize(lines));
  EXPECT_EQ(std::count(lines.begin(), lines.begin() + handed_on, "begin write"), 2);
}

TEST(KnownBug, C5_what_a_merge_was_decided_on_is_locked_until_it_is_done) {
  Stage stage("bbb|ccc|bbb");
  ASSERT_FALSE(stage.state().lock.locked());
  {
    auto change = stage.space().plan_mprotect(TestSpace::column(3), 0x3000, prot::read);
    EXPECT_TRUE(stage.state().lock.locked()) << "from the decision on";
    ASSERT_TRUE(change.reserve());
    EXPECT_TRUE(stage.state().lock.locked());
  }
  EXPECT_FALSE(stage.state().lock.locked());
  Stage both("BBB|ccc|BBB");
  const auto lines = recorded(both, [&] { EXPECT_TRUE(both.mprotect(columns(3, 6), prot::read)); });
  EXPECT_EQ(both.picture(), "bbbbbbbbb");
  const auto written = lines.begin() + first_line(lines, "leave");
  EXPECT_EQ(std::count(lines.begin(), written, "begin write"), 3) << "prev, middle and next";
}

TEST(KnownBug, C6_walk_goes_on_by_address_when_the_tree_is_rewritten_behind_it) {
  std::string before, after;
  for (int i = 0; i < 20; ++i) {
    before += "BAF";
    after += "BBZ";
  }
  Stage stage(before);
  // Where A joins B an entry goes; F then stands elsewhere in its node, or in another one.
  ASSERT_TRUE(stage.mprotect(columns(0, 60), prot::read));
  EXPECT_EQ(stage.picture(), after);
  EXPECT_EQ(stage.count_areas(), 40u);
}

}  // namespace
}  // namespace vmarea::test
