// SPDX-License-Identifier: MIT
//
// What a call leaves when it fails late or half-way, what it does to pages on the way, and what a
// change refuses to be used for.
#include <algorithm>
#include <string>
#include <vector>

#include <vmarea_shims/userland.hpp>

#include "support/stage.hpp"

namespace vmarea::test {
namespace {

Result<void> refuse_move(const TestDescription&, Address) noexcept {
  return Error::busy;
}
constexpr AreaHooks<TestServices> unmovable_hooks{.may_move = refuse_move};

Result<Address> move_shrinking(Stage& stage, std::uint64_t old_pages, std::uint64_t new_pages,
                               std::uint64_t to) {
  return stage.mremap({.address = TestSpace::column(0),
                       .old_length = old_pages << 12,
                       .new_length = new_pages << 12,
                       .flags = fixed_move,
                       .new_address = TestSpace::column(to)});
}

std::vector<std::string> recorded(Stage& stage, const auto& call) {
  stage.host().recorder.on = true;
  call();
  stage.host().recorder.on = false;
  return stage.host().recorder.take();
}

TEST(LateFailure, of_a_shrinking_move_takes_the_tail_as_linux_does) {
  for (const bool as_linux : {true, false}) {
    Stage stage("FFFF.AAAA");
    stage.area(0)->hooks = &unmovable_hooks;
    if (!as_linux) stage.host().profile.partial_effects = PartialEffects::all_or_nothing;
    EXPECT_EQ(move_shrinking(stage, 4, 2, 5).code(), Error::busy);
    EXPECT_EQ(stage.picture(), as_linux ? "FF.....AA" : "FFFF.AAAA");
  }
}

TEST(LateFailure, of_a_tail_that_is_sealed_leaves_its_cut) {
  Stage stage("AAXX......");
  EXPECT_EQ(move_shrinking(stage, 4, 1, 6).code(), Error::not_permitted);
  EXPECT_EQ(stage.picture(), "A|AXX......");
}

TEST(LateFailure, of_an_advice_keeps_what_it_did_to_the_areas_before) {
  for (const bool as_linux : {true, false}) {
    Stage stage("aa.bb");
    if (!as_linux) stage.host().profile.partial_effects = PartialEffects::all_or_nothing;
    EXPECT_EQ(stage.madvise(columns(0, 5), Advice::dont_need).code(), Error::no_memory);
    for (const std::uint64_t column : {0u, 1u, 3u, 4u}) {
      EXPECT_EQ(stage.token(column) == 0, as_linux) << column;
    }
  }
}

TEST(CountLimit, of_a_move_is_tested_when_the_destination_has_given_way) {
  Stage stage("A.B.C.A.........B");
  stage.host().limits.area_count_max = 11;  // Three copies make eight; the last replaces one.
  EXPECT_TRUE(stage.move(0, 7, 10, fixed_move | remap::dont_unmap));
  EXPECT_EQ(stage.picture(), "A.B.C.A...A.B.C.A");
}

TEST(Modify, giving_up_to_join_does_not_give_up_the_charge) {
  Stage stage("AAA");
  ASSERT_TRUE(stage.modify(columns(0, 3), flag::read | flag::may_access));
  stage.host().charge_max = stage.host().charged;
  const Result<void> done = stage.modify(columns(0, 3), rw_flags, WithoutMemory::joins_nothing);
  EXPECT_EQ(done.code(), Error::no_memory);
  EXPECT_FALSE(stage.area(0)->flags.has_any(flag::write));
}

TEST(Pages, move_from_an_area_that_is_write_locked) {
  Stage stage("aa....");
  const auto lines = recorded(stage, [&] { EXPECT_TRUE(stage.move(0, 2, 3)); });
  const auto moved = std::find_if(lines.begin(), lines.end(), [](const std::string& line) {
    return line.starts_with("move pages");
  });
  ASSERT_NE(moved, lines.end());
  EXPECT_EQ(std::count(lines.begin(), moved, "begin write"), 1) << "the source; a copy is so anew";
}

TEST(Pages, lose_their_tables_after_their_area_left_the_reverse_map) {
  Stage stage("aa");
  const auto lines = recorded(stage, [&] { EXPECT_TRUE(stage.munmap(columns(0, 2))); });
  const auto line = [&](const char* what) {
    return std::find_if(lines.begin(), lines.end(),
                        [&](const std::string& l) { return l.starts_with(what); });
  };
  ASSERT_NE(line("free tables"), lines.end());
  EXPECT_LT(line("unlink"), line("free tables"));
  EXPECT_LT(line("unmap pages"), line("unlink"));
}

TEST(Pages, are_protected_again_only_where_access_changes) {
  Stage stage("aaa");
  const auto protects = [](const std::string& line) { return line.starts_with("protect"); };
  auto lines = recorded(stage, [&] {
    EXPECT_TRUE(stage.mlock(columns(0, 3), MlockMode::lock));
    EXPECT_TRUE(stage.madvise(columns(0, 3), Advice::dont_fork));
  });
  EXPECT_TRUE(std::none_of(lines.begin(), lines.end(), protects));
  lines = recorded(stage, [&] { EXPECT_TRUE(stage.mprotect(columns(0, 3), prot::read)); });
  EXPECT_TRUE(std::any_of(lines.begin(), lines.end(), protects));
}

class OnUserland : public testing::Test {
 protected:
  static constexpr Address at = 0x4000'0000;
  static constexpr std::uint64_t huge = 0x20'0000;

  Result<Address> map(std::uint64_t length, MapFlags adds = {}) {
    return space_.mmap(
        {.address = at, .length = length, .protection = rw, .flags = fixed_private | adds});
  }
  AddressSpace<shims::CheckedUserland> space_;
};

TEST_F(OnUserland, read_fault_of_a_whole_huge_page_gives_an_identity) {
  ASSERT_TRUE(map(2 * huge - 0x1000));
  ASSERT_TRUE(space_.madvise(at, 2 * huge - 0x1000, Advice::huge_page));
  ASSERT_TRUE(space_.touch(at + huge, Touch::read));
  EXPECT_FALSE(space_.find(at)->identity) << "the second huge page is not whole";
  ASSERT_TRUE(space_.madvise(at, huge, Advice::populate_read));
  EXPECT_FALSE(space_.find(at)->identity) << "populating reads small pages";
  ASSERT_TRUE(space_.touch(at, Touch::read));
  EXPECT_TRUE(space_.find(at)->identity);
}

TEST_F(OnUserland, huge_tlb_pages_are_refused_not_ignored) {
  EXPECT_EQ(map(huge, map::huge_tlb).code(), Error::no_memory);
  EXPECT_EQ(space_.area_count(), 0u);
}

TEST_F(OnUserland, read_fault_of_a_small_page_gives_none) {
  ASSERT_TRUE(map(2 * huge));
  ASSERT_TRUE(space_.touch(at, Touch::read));
  EXPECT_FALSE(space_.find(at)->identity) << "nobody asked for huge pages";
  ASSERT_TRUE(space_.munmap(at, 0x1000));
  ASSERT_TRUE(space_.madvise(at + 0x1000, 2 * huge - 0x1000, Advice::huge_page));
  ASSERT_TRUE(space_.touch(at + 0x3000, Touch::read));
  EXPECT_FALSE(space_.find(at + 0x1000)->identity) << "the first huge page is not whole";
}

TEST_F(OnUserland, lock_of_what_is_larger_than_any_memory_touches_once) {
  constexpr std::uint64_t length = std::uint64_t{1} << 45;
  ASSERT_TRUE(map(length));
  ASSERT_TRUE(space_.mlock(at, length, MlockMode::lock));
  EXPECT_TRUE(space_.find(at)->identity);
}

TEST(SequelDeathTest, that_touches_is_one_that_says_what) {
  Stage stage("AA");
  for (const Sequel::Kind kind : {Sequel::Kind::nothing, Sequel::Kind::move_rest}) {
    const Sequel sequel{.kind = kind, .range = columns(0, 9)};
    EXPECT_DEATH((void)touch_sequel(stage.state(), sequel),
                 "a change goes on with what there is to touch");
  }
  const Sequel writes{.kind = Sequel::Kind::advised_write, .range = columns(0, 9)};
  EXPECT_EQ(touch_sequel(stage.state(), writes), Error::no_memory);
  EXPECT_EQ(stage.picture(), "aa");
}

TEST(PagesDeathTest, are_changed_by_steps_that_concern_them) {
  Stage stage("aa");
  const auto step = Step<TestServices>::set(StepKind::set_brk, TestSpace::column(9));
  EXPECT_DEATH(commit_page_step(stage.state(), step), "a step that concerns pages alone");
}

}  // namespace
}  // namespace vmarea::test
