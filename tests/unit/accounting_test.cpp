// SPDX-License-Identifier: MIT
//
// Which counters pages belong to, what is charged, and what the limits compare (rules
// 23). TestSpace recounts everything after every call; here is what counts as what.
#include "unit/land.hpp"

namespace vmarea::test {
namespace {

constexpr Flags r = flag::read, w = flag::write, x = flag::exec;
constexpr Flags shared = flag::shared | flag::may_share, down = flag::grows_down;

constexpr bool counts_as(Flags flags, PageTotals wanted) {
  wanted.total = 1;
  return class_totals(flags, 1) == wanted;
}
constexpr PageTotals data{.data = 1}, exec{.exec = 1}, stack{.stack = 1}, only_total{};

static_assert(counts_as({}, only_total) && counts_as(r, only_total));
static_assert(counts_as(r | w, data) && counts_as(w, data));
static_assert(counts_as(r | x, exec) && counts_as(x, exec));
static_assert(counts_as(r | w | x, data), "written comes before executed");
static_assert(counts_as(r | w | shared, only_total) && counts_as(r | shared, only_total));
static_assert(counts_as(r | x | shared, exec));
static_assert(counts_as(r | w | down, stack) && counts_as(down, stack) &&
              counts_as(r | x | down, stack));
static_assert(counts_as(r | w | flag::shadow_stack, stack), "though it may be written");
static_assert(counts_as(r | w | flag::locked, data), "locked is counted beside the class");
static_assert(area_totals(r | w | flag::locked, 3) ==
              PageTotals{.total = 3, .data = 3, .locked = 3});
static_assert(area_totals(r | w | flag::lock_on_fault, 3).locked == 0);
static_assert(-area_totals(r | x, 2) == area_totals(r | x, -2));

static_assert(is_accountable(r | w) && is_accountable(w | x | down));
static_assert(!is_accountable(r | x) && !is_accountable(r | w | shared) &&
              !is_accountable(r | w | flag::no_reserve) && !is_accountable(r | w | flag::huge_tlb));

static_assert(is_lockable(r | w) && is_lockable(flag::sealed));
static_assert(!is_lockable(flag::io) && !is_lockable(flag::dont_expand) &&
              !is_lockable(flag::page_frames) && !is_lockable(flag::mixed_map) &&
              !is_lockable(flag::droppable) && !is_lockable(flag::huge_tlb));

PageTotals totals_of(Stage& stage) {
  return stage.space().totals();
}

TEST(Accounting, protection_moves_pages_from_class_to_class) {
  Stage stage("AAAA");
  EXPECT_EQ(totals_of(stage), (PageTotals{.total = 4, .data = 4}));
  ASSERT_TRUE(stage.mprotect(columns(0, 1), prot::read | prot::exec));
  EXPECT_EQ(totals_of(stage), (PageTotals{.total = 4, .data = 3, .exec = 1}));
  ASSERT_TRUE(stage.mprotect(columns(1, 3), prot::read));
  EXPECT_EQ(totals_of(stage), (PageTotals{.total = 4, .data = 1, .exec = 1}));
  ASSERT_TRUE(stage.mprotect(columns(0, 1), rw | prot::exec));
  EXPECT_EQ(totals_of(stage), (PageTotals{.total = 4, .data = 2})) << "written comes first";
  ASSERT_TRUE(stage.munmap(columns(0, 4)));
  EXPECT_EQ(totals_of(stage), PageTotals{});
}

TEST(Accounting, merge_split_and_move_change_no_counter) {
  Stage stage("aaaa....");
  const PageTotals before = totals_of(stage);
  const PageCount charged = stage.host().charged;
  ASSERT_TRUE(stage.split(2, NewPart::below));
  ASSERT_TRUE(stage.modify(columns(0, 2), rw_flags));
  ASSERT_TRUE(stage.move(0, 4, 4));
  EXPECT_EQ(totals_of(stage), before);
  EXPECT_EQ(stage.host().charged, charged);
}

TEST(Accounting, replaced_pages_are_given_back) {
  Stage stage("AAAA");
  ASSERT_TRUE(stage.map_fixed(1, 3, prot::read));
  EXPECT_EQ(stage.host().charged, 2u);
  EXPECT_EQ(totals_of(stage), (PageTotals{.total = 4, .data = 2}));
  stage.host().charge_max = 2;
  EXPECT_EQ(stage.map_fixed(1, 3).code(), Error::no_memory);
  EXPECT_TRUE(stage.map_fixed(0, 1)) << "only what is new is charged";
}

TEST(Accounting, end_of_the_space_gives_everything_back) {
  Stage stage("AALLKKDDSSHHaa");
  stage.space().clear();
  EXPECT_EQ(totals_of(stage), PageTotals{});
  EXPECT_EQ(stage.host().charged, 0u);
  EXPECT_EQ(stage.count_areas(), 0u);
}

TEST(Accounting, address_space_limit_counts_everything) {
  Stage stage("AABB");
  stage.host().limits.address_space_bytes = 0x5fff;
  EXPECT_TRUE(stage.map_fixed(5, 6, prot::none));
  EXPECT_EQ(stage.map_fixed(6, 7, prot::none).code(), Error::no_memory);
}

TEST(Accounting, data_limit_looks_at_private_writable_memory_only) {
  Stage stage("AA");
  stage.host().limits.data_bytes = 0x2000;
  EXPECT_EQ(stage.map_fixed(4, 5).code(), Error::no_memory);
  EXPECT_TRUE(stage.map_fixed(4, 5, prot::read));
  EXPECT_TRUE(stage.map_fixed(5, 6, rw, map::grows_down));
  EXPECT_TRUE(
      stage.mmap({.length = 0x1000, .protection = rw, .flags = map::shared | map::anonymous}));
}

TEST(Accounting, area_that_cannot_be_locked_is_mapped_unlocked) {
  Stage stage;
  TestFile* device = stage.host().make_file();
  device->adds = flag::io;
  ASSERT_TRUE(stage.mmap({.address = TestSpace::column(0),
                          .length = 0x1000,
                          .protection = rw,
                          .flags = map::private_ | map::fixed | map::locked,
                          .file = device}));
  EXPECT_FALSE(stage.area(0)->flags.has_any(flag::lock_group));
  EXPECT_EQ(totals_of(stage).locked, 0);
}

TEST(Accounting, shadow_stack_is_a_stack_that_the_data_limit_holds_back) {
  Stage stage("AA");
  stage.host().limits.data_bytes = 0x3000;
  constexpr Flags shadow = r | w | flag::shadow_stack;
  EXPECT_TRUE(can_expand(stage.state(), totals_of(stage), shadow, 1));
  EXPECT_FALSE(can_expand(stage.state(), totals_of(stage), shadow, 2));
}

TEST(Accounting, inserted_memory_is_charged_or_refused) {
  Stage stage("AA");
  stage.host().charge_max = 3;
  EXPECT_EQ(stage.insert(stage.fresh(4, 6)).code(), Error::no_memory);
  EXPECT_EQ(stage.count_areas(), 1u);
  EXPECT_TRUE(stage.insert(stage.fresh(4, 5)));
  EXPECT_EQ(stage.host().charged, 3u);
  EXPECT_EQ(stage.area(4)->page_offset, 0x104u);
}

TEST(Accounting, unmapping_locked_and_unlocked_areas_counts_what_was_locked) {
  Stage stage("LLAALBL");
  EXPECT_EQ(totals_of(stage).locked, 4);
  ASSERT_TRUE(stage.munmap(columns(1, 6)));
  EXPECT_EQ(totals_of(stage).locked, 2);
}

TEST(Accounting, limits_are_those_of_a_system_that_nobody_tuned) {
  constexpr Limits limits{};
  EXPECT_EQ(limits.area_count_max, 65530u);
  EXPECT_EQ(limits.stack_guard_gap_pages, 256u);
  EXPECT_EQ(limits.address_space_bytes & limits.data_bytes & limits.stack_bytes, Limits::no_limit);
  constexpr Geometry geometry{};
  EXPECT_EQ(geometry.limit, 0x7fff'ffff'f000u);
  EXPECT_EQ(geometry.fixed_min, 0x1000u);
  EXPECT_EQ(geometry.placement_min, 0x10000u);
}

/// A host whose charge is refused for a reason of its own.
struct Sulking : shims::UserlandOf<Sulking> {
  static inline Error mood = Error::none;
  static Result<void> charge(PageCount) noexcept { return mood; }
  static void uncharge(PageCount) noexcept {}
};

TEST(Charge, refusal_of_the_host_is_the_answer_and_nothing_changes) {
  Land<Sulking> land("AB..");
  const std::string before = land.text();
  for (const Error mood : {Error::no_memory, Error::not_permitted, Error::try_again}) {
    Sulking::mood = mood;
    EXPECT_EQ(land.map(columns(2, 3)).code(), mood);
    EXPECT_EQ(land.mprotect(TestSpace::column(1), 0x1000, rw).code(), mood);
    EXPECT_EQ(land.text(), before);
  }
  Sulking::mood = Error::none;
  EXPECT_TRUE(land.map(columns(2, 3)));
}

}  // namespace
}  // namespace vmarea::test
