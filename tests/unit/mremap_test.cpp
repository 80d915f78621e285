// SPDX-License-Identifier: MIT
//
// mremap (rules 13, 14, with linux_6_18): shrink, grow in place, move. DU is
// DONTUNMAP: the source stays, empty.
#include "support/stage.hpp"

namespace vmarea::test {
namespace {

constexpr RemapFlags keeping = remap::may_move | remap::dont_unmap;
constexpr RemapFlags keeping_fixed = keeping | remap::fixed;

Result<Address> resize(Stage& stage, std::uint64_t from, std::uint64_t old_pages,
                       std::uint64_t new_pages, RemapFlags flags = {}) {
  return stage.mremap({.address = TestSpace::column(from),
                       .old_length = old_pages << 12,
                       .new_length = new_pages << 12,
                       .flags = flags});
}

TEST(Mremap, resize_gives_these_pictures) {
  struct Case {
    const char* name;
    const char* before;
    std::uint64_t from, old_pages, new_pages;
    Error error;
    const char* after;
  };
  const Case cases[] = {
      {"same length", "AAA", 0, 3, 3, Error::none, "AAA"},
      {"same length past the end is not looked at", "AAA..", 0, 9, 9, Error::none, "AAA"},
      {"shrink", "AAAA", 0, 4, 1, Error::none, "A..."},
      {"shrink inside the area", "AAAA", 0, 3, 1, Error::none, "A..A"},
      {"shrink across areas", "AABBA", 0, 5, 1, Error::none, "A...."},
      {"shrink over a hole only", "A...", 0, 4, 1, Error::none, "A..."},
      {"grow into a hole", "AA..B", 0, 2, 4, Error::none, "AAAAB"},
      {"grow from inside the area", "AAA..", 1, 2, 4, Error::none, "AAAAA"},
      {"grow and swallow an equal next", "AA.AA", 0, 2, 3, Error::none, "AAAAA"},
      {"grow beside another identity", "aa.aa", 0, 2, 3, Error::none, "aaa|aa"},
      {"grow before the area's end", "AAAA", 0, 2, 3, Error::no_memory, "AAAA"},
      {"no room, may not move", "AA.B", 0, 2, 4, Error::no_memory, "AA.B"},
      {"sealed, even the same length", "XX", 0, 2, 2, Error::not_permitted, "XX"},
      {"may not expand", "OO..", 0, 2, 3, Error::bad_address, "OO.."},
      {"may shrink though it may not expand", "OOO", 0, 3, 2, Error::none, "OO."},
      {"shrink over a seal", "AAXX", 0, 4, 1, Error::not_permitted, "A|AXX"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    Stage stage(c.before);
    const Result<Address> at = resize(stage, c.from, c.old_pages, c.new_pages);
    EXPECT_EQ(at.code(), c.error);
    EXPECT_TRUE(!at || *at == TestSpace::column(c.from));
    EXPECT_EQ(stage.picture().substr(0, std::string_view(c.after).size()), c.after);
  }
}

TEST(Mremap, area_with_a_special_flag_cannot_grow_in_place) {
  for (const Flags special : {flag::io, flag::mixed_map}) {
    Stage stage;
    ASSERT_TRUE(stage.insert(stage.fresh(0, 2, special)));
    EXPECT_EQ(resize(stage, 0, 2, 3).code(), Error::no_memory);
    EXPECT_EQ(stage.shape(0), "[0,2)p0");
  }
}

TEST(Mremap, end_of_the_address_space_is_no_room_to_grow) {
  Stage stage;
  const Address last = stage.host().geometry.limit - 0x1000;
  ASSERT_TRUE(
      stage.mmap({.address = last, .length = 0x1000, .protection = rw, .flags = fixed_private}));
  EXPECT_EQ(stage.mremap({last, 0x1000, 0x2000, {}, 0}).code(), Error::no_memory);
  const Result<Address> moved = stage.mremap({last, 0x1000, 0x2000, remap::may_move, 0});
  ASSERT_TRUE(moved);
  EXPECT_LT(*moved, last);
}

TEST(Mremap, growth_in_place_does_not_apply_the_fork_rule) {
  Stage parent("aa.");
  const auto child = parent.fork();
  ASSERT_TRUE(child->insert(parent.fresh(3, 5)));
  ASSERT_TRUE(child->mremap({TestSpace::column(0), 0x2000, 0x3000, {}, 0}));
  EXPECT_EQ(child->picture(), "aaaaa") << "the kernel's own inconsistency";
}

TEST(Mremap, limits_refuse_growth) {
  Stage stage("LL..AA..");
  stage.host().limits.may_lock_any = false;
  stage.host().limits.locked_bytes = 0x2000;
  EXPECT_EQ(resize(stage, 0, 2, 3).code(), Error::try_again);
  stage.host().limits.address_space_bytes = 0x4000;
  EXPECT_EQ(resize(stage, 4, 2, 3).code(), Error::no_memory);
  EXPECT_EQ(stage.picture(), "LL..AA..");
}

TEST(Mremap, offset_that_would_wrap_is_refused) {
  Stage stage;
  TestDescription last = stage.fresh(0, 1, 'F');
  last.page_offset = ~std::uint64_t{0} - 1;
  ASSERT_TRUE(stage.insert(last));
  EXPECT_EQ(resize(stage, 0, 1, 3).code(), Error::invalid);
}

TEST(Mremap, growth_of_locked_memory_touches_it) {
  Stage stage("LL..");
  EXPECT_TRUE(resize(stage, 0, 2, 3));
  EXPECT_EQ(stage.picture(), "lll.");
  EXPECT_EQ(stage.token(1), 0u);
  EXPECT_NE(stage.token(2), 0u);
  EXPECT_EQ(stage.space().totals().locked, 3);
}

TEST(Mremap, move_gives_these_pictures) {
  struct Case {
    const char* name;
    const char* before;
    std::uint64_t from, pages, to;
    const char* after;
  };
  const Case cases[] = {
      {"whole, untouched", "AA....", 0, 2, 3, "...AA."},
      {"whole, touched", "aa....", 0, 2, 3, "...aa."},
      {"middle", "aaaa...", 1, 2, 5, "a..a.aa"},
      {"over something", "aa.BBBB", 0, 2, 4, "...BaaB"},
      {"over a part of itself that stays", "AAAAAA", 0, 2, 3, "..AAAA"},
      {"touched, over a part of itself", "aaaaaa", 0, 2, 3, "..a|aa|a"},
      {"untouched, beside an equal area", "AA..AA", 0, 2, 2, "..AAAA"},
      {"untouched, behind a touched one", "AA.aa..", 0, 2, 5, "...aaaa"},
      {"touched, away from its offset", "aa..AA", 0, 2, 2, "..aa|AA"},
      {"untouched, between two identities", "AA.aa..aa", 0, 2, 5, "...aaaa|aa"},
      {"several areas and their hole", "AA.B......", 0, 4, 5, ".....AA.B."},
      {"the hole keeps what stands there", "A.A...DDD", 0, 3, 6, "......ADA"},
      {"a hole up to an area that stays", "AA.B....D", 0, 3, 6, "...B..AAD"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    Stage stage(c.before);
    EXPECT_EQ(stage.move(c.from, c.pages, c.to), Result<Address>(TestSpace::column(c.to)));
    EXPECT_EQ(stage.picture(), c.after);
  }
}

TEST(Mremap, pages_go_where_their_area_goes) {
  Stage stage("aAaa....");
  const std::uint64_t t0 = stage.token(0), t2 = stage.token(2), t3 = stage.token(3);
  ASSERT_TRUE(stage.move(0, 3, 4));
  EXPECT_EQ(stage.token(4), t0);
  EXPECT_EQ(stage.token(5), 0u);
  EXPECT_EQ(stage.token(6), t2);
  EXPECT_EQ(stage.token(3), t3);
  EXPECT_EQ(stage.token(0) | stage.token(2), 0u);
}

TEST(Mremap, untouched_memory_takes_the_offset_of_its_new_place_and_touched_keeps_its_own) {
  Stage stage("AA.aa.FF......");
  ASSERT_TRUE(stage.move(0, 2, 8));
  EXPECT_EQ(stage.shape(8), "[8,a)p8");
  ASSERT_TRUE(stage.move(3, 2, 10));
  EXPECT_EQ(stage.shape(10), "[a,c)p3");
  ASSERT_TRUE(stage.move(6, 2, 12));
  EXPECT_EQ(stage.shape(12), "[c,e)p6");
}

TEST(Mremap, shrinking_move_whose_tail_is_sealed_leaves_hole_and_cut_in_one_area) {
  Stage stage("AAAAAAA.X");
  const auto moved = stage.mremap({.address = TestSpace::column(5),
                                   .old_length = 5 * 0x1000,
                                   .new_length = 0x1000,
                                   .flags = fixed_move,
                                   .new_address = TestSpace::column(1)});
  EXPECT_EQ(moved.code(), Error::not_permitted);
  EXPECT_EQ(stage.picture(), "A.AAAA|A.X");
}

TEST(Mremap, move_that_shrinks_drops_the_tail) {
  Stage stage("aaaaB...");
  ASSERT_TRUE(
      stage.mremap({TestSpace::column(0), 0x5000, 0x2000, fixed_move, TestSpace::column(6)}));
  EXPECT_EQ(stage.picture(), "......aa") << "the tail may cross areas";
}

TEST(Mremap, move_that_shrinks_joins_what_the_tail_leaves_of_another_area) {
  Stage stage("aaaa");
  ASSERT_TRUE(stage.move(3, 1, 0));
  ASSERT_EQ(stage.picture().substr(0, 4), "a|aa");
  ASSERT_TRUE(
      stage.mremap({TestSpace::column(0), 0x2000, 0x1000, fixed_move, TestSpace::column(3)}));
  EXPECT_EQ(stage.picture(), "..aa");
  EXPECT_EQ(stage.shape(2), "[2,4)p2");
}

TEST(Mremap, move_that_grows_charges_what_it_adds) {
  Stage stage("aaB.....");
  const PageCount charged = stage.host().charged;
  ASSERT_TRUE(
      stage.mremap({TestSpace::column(0), 0x2000, 0x4000, fixed_move, TestSpace::column(4)}));
  EXPECT_EQ(stage.picture(), "..B.aaaa");
  EXPECT_EQ(stage.host().charged, charged + 2);
}

TEST(Mremap, shared_memory_gets_a_second_mapping_by_old_length_0) {
  Stage stage("SSS......");
  ASSERT_TRUE(stage.mremap({TestSpace::column(1), 0, 0x2000, fixed_move, TestSpace::column(5)}));
  EXPECT_EQ(stage.picture(), "SSS..SS..");
  EXPECT_EQ(stage.shape(5), "[5,7)p1");
}

TEST(Mremap, old_length_0_onto_itself_loses_what_stood_there) {
  Stage stage("..SSSS");
  EXPECT_EQ(
      stage.mremap({TestSpace::column(4), 0, 0x2000, fixed_move, TestSpace::column(4)}).code(),
      Error::bad_address);
  EXPECT_EQ(stage.picture(), "..SS..");
}

Result<void> refuse_move(const TestDescription&, Address) noexcept {
  return Error::busy;
}
constexpr AreaHooks<TestServices> unmovable_hooks{.may_move = refuse_move};

TEST(Mremap, driver_that_refuses_late_leaves_a_hole_at_the_destination_as_linux_does) {
  struct Case {
    const AreaHooks<TestServices>* hooks;
    Error error;
  };
  for (const Case& c :
       {Case{&unmovable_hooks, Error::busy}, Case{&unsplittable_hooks, Error::invalid}}) {
    for (const bool as_linux : {true, false}) {
      Stage stage("FFFF.AAAA");
      stage.area(0)->hooks = c.hooks;
      if (!as_linux) stage.host().profile.partial_effects = PartialEffects::all_or_nothing;
      EXPECT_EQ(stage.move(1, 2, 5).code(), c.error);
      EXPECT_EQ(stage.picture(), as_linux ? "FFFF...AA" : "FFFF.AAAA");
    }
  }
}

TEST(Mremap, shrinking_move_that_a_driver_refuses_leaves_two_holes_in_one_area) {
  Stage stage("FFFFFFFF");
  stage.area(0)->hooks = &unmovable_hooks;
  EXPECT_EQ(
      stage.mremap({TestSpace::column(4), 0x3000, 0x1000, fixed_move, TestSpace::column(1)}).code(),
      Error::busy);
  EXPECT_EQ(stage.picture(), "F.FFF..F");
}

TEST(Mremap, source_that_refuses_early_leaves_the_destination) {
  Stage stage("XX.OO.AAAA");
  EXPECT_EQ(stage.move(0, 1, 6).code(), Error::not_permitted);
  EXPECT_EQ(stage.move(3, 1, 6, keeping_fixed).code(), Error::invalid);
  EXPECT_EQ(
      stage.mremap({TestSpace::column(3), 0x1000, 0x2000, fixed_move, TestSpace::column(6)}).code(),
      Error::bad_address);
  EXPECT_EQ(stage.picture(), "XX.OO.AAAA");
}

TEST(Mremap, count_limit_is_tested_at_entry_only_where_the_place_is_given) {
  Stage stage("AAA...B.B");
  stage.host().limits.area_count_max = 8;  // count + 2 >= limit - 3
  EXPECT_EQ(stage.move(0, 1, 4).code(), Error::no_memory);
  EXPECT_EQ(stage.move(10, 1, 4).code(), Error::no_memory) << "before what is not there";
  EXPECT_TRUE(resize(stage, 0, 3, 3));
  EXPECT_TRUE(resize(stage, 0, 3, 4));
  EXPECT_TRUE(resize(stage, 0, 4, 2));
  stage.host().limits.area_count_max = 9;
  EXPECT_TRUE(stage.move(0, 2, 3));
}

TEST(Mremap, move_to_anywhere_tests_the_count_after_the_source) {
  Stage stage("AAAB");
  stage.host().limits.area_count_max = 5;  // count >= limit - 3
  EXPECT_EQ(resize(stage, 9, 1, 2, remap::may_move).code(), Error::bad_address);
  EXPECT_EQ(resize(stage, 0, 3, 5, remap::may_move).code(), Error::no_memory);
  stage.host().limits.area_count_max = 6;
  EXPECT_TRUE(resize(stage, 0, 3, 5, remap::may_move));
}

TEST(Mremap, move_over_several_areas_stops_at_the_one_that_refuses) {
  Stage stage("AAXX......");
  EXPECT_EQ(stage.move(0, 4, 5).code(), Error::not_permitted);
  EXPECT_EQ(stage.picture(), "..XX.AA...") << "earlier areas stay moved";
}

TEST(Mremap, several_areas_need_a_first_byte_and_no_chooser_of_their_own) {
  Stage stage(".AA.......");
  EXPECT_EQ(stage.move(0, 3, 5).code(), Error::bad_address);
  Stage own("FF..AA......");
  own.legend.at('F').file->rules.placement = Placement::own;
  EXPECT_EQ(own.move(0, 6, 6).code(), Error::bad_address);
  EXPECT_EQ(own.move(0, 3, 6).code(), Error::bad_address) << "even when only a hole follows";
  EXPECT_TRUE(own.move(0, 2, 6)) << "alone it may move";
}

TEST(MremapKeeping, source_stays_empty_and_untouched_where_all_of_it_moved) {
  Stage stage("aaa.....");
  const std::uint64_t token = stage.token(0);
  ASSERT_TRUE(stage.move(0, 3, 4, keeping_fixed));
  EXPECT_EQ(stage.picture(), "AAA.aaa.");
  EXPECT_EQ(stage.token(0), 0u);
  EXPECT_EQ(stage.token(4), token);
  EXPECT_EQ(stage.shape(0), "[0,3)p0");
}

TEST(MremapKeeping, source_keeps_its_identity_where_only_a_part_moved) {
  Stage stage("aaa.....");
  ASSERT_TRUE(stage.move(0, 2, 4, keeping_fixed));
  EXPECT_EQ(stage.picture(), "aaa.aa..");
  EXPECT_EQ(stage.identity(0), stage.identity(4));
}

TEST(MremapKeeping, source_is_unlocked_as_a_whole) {
  Stage stage("LLLL.....");
  ASSERT_TRUE(stage.move(1, 2, 6, keeping_fixed));
  EXPECT_EQ(stage.picture(), "AAAA..LL.");
  EXPECT_EQ(stage.space().totals().locked, 2);
}

TEST(MremapKeeping, charge_and_counters_are_those_of_both) {
  Stage stage("aaa.....");
  const PageCount charged = stage.host().charged;
  ASSERT_TRUE(stage.move(0, 3, 4, keeping_fixed));
  EXPECT_EQ(stage.host().charged, 2 * charged);
  EXPECT_EQ(stage.space().totals().data, 6);
}

TEST(MremapKeeping, area_that_may_not_expand_is_refused) {
  Stage stage("OO....");
  EXPECT_EQ(stage.move(0, 2, 3, keeping_fixed).code(), Error::invalid);
}

TEST(MremapKeeping, second_copy_must_fit_into_the_limits_without_what_it_replaces) {
  Stage stage("AA..BB..");
  stage.host().limits.address_space_bytes = 0x4000;
  EXPECT_EQ(stage.move(0, 2, 6, keeping_fixed).code(), Error::no_memory);
  EXPECT_TRUE(stage.move(0, 2, 4, keeping_fixed));
  EXPECT_EQ(stage.picture(), "AA..AA..");
}

TEST(MremapKeeping, copy_that_does_not_fit_leaves_a_hole_at_the_destination_as_linux_does) {
  Stage stage("AAA.B...");
  stage.host().limits.address_space_bytes = 0x4000;
  EXPECT_EQ(stage.move(0, 3, 3, keeping_fixed).code(), Error::no_memory);
  EXPECT_EQ(stage.picture(), "AAA.....");
}

TEST(Mremap, moves_all_areas_with_the_one_call) {
  Stage stage("ABC.....");
  EXPECT_TRUE(stage.space().mremap(
      {TestSpace::column(0), 0x3000, 0x3000, fixed_move, TestSpace::column(4)}));
  EXPECT_EQ(stage.picture(), "....ABC.");
  stage.check();
}

TEST(Mremap, memory_of_a_driver_without_a_file_is_not_placed_for_huge_pages) {
  constexpr std::uint64_t huge = 0x20'0000;
  const Address top = SpaceLayout{}.mmap_base;
  for (const bool has_driver : {false, true}) {
    Stage stage("..B");
    TestDescription area = stage.fresh(0, 2);
    if (has_driver) area.hooks = &no_hooks<TestServices>;
    ASSERT_TRUE(stage.insert(area));
    const Result<Address> grown = stage.mremap({.address = TestSpace::column(0),
                                                .old_length = 0x2000,
                                                .new_length = huge,
                                                .flags = remap::may_move});
    const Address plain = top - huge;
    EXPECT_EQ(grown, Result<Address>(has_driver ? plain : plain & ~(huge - 1)));
  }
}

}  // namespace
}  // namespace vmarea::test
