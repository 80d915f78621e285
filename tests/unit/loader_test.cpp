// SPDX-License-Identifier: MIT
//
// What loaders and exec ask for: zeroed memory in place of what is there (rules 15,
// "kernel-internal brk") and the first area of a program (rules 10).
#include "support/stage.hpp"

namespace vmarea::test {
namespace {

TEST(LoaderBrk, arguments) {
  Stage stage("A");
  const auto ask = [&](Address start, std::uint64_t length) {
    return stage.space().loader_brk(start, length, LoaderMemory::data).code();
  };
  EXPECT_EQ(ask(TestSpace::base, ~0ull), Error::no_memory) << "rounding wraps";
  EXPECT_EQ(ask(TestSpace::base, 0), Error::none);
  EXPECT_EQ(ask(TestSpace::base + 1, 0x1000), Error::invalid);
  EXPECT_EQ(ask(stage.host().geometry.limit, 0x1000), Error::no_memory);
  EXPECT_EQ(ask(TestSpace::base, 1ull << 60), Error::no_memory);
  EXPECT_EQ(stage.picture(), "A");
}

TEST(LoaderBrk, replaces_what_is_there_and_joins_only_below) {
  Stage stage("AABB.A");
  ASSERT_TRUE(stage.loader_brk(columns(2, 5)));
  EXPECT_EQ(stage.picture(), "AAAAA|A");
  EXPECT_EQ(stage.space().totals().data, 6);
  ASSERT_TRUE(stage.loader_brk(columns(7, 9), LoaderMemory::code));
  EXPECT_EQ(stage.picture(), "AAAAA|A.EE");
  EXPECT_EQ(stage.host().charged, 8u);
}

TEST(LoaderBrk, default_flags_and_marks_are_those_of_any_new_memory) {
  Stage stage;
  ASSERT_TRUE(stage.mlockall(mlockall::future));
  ASSERT_TRUE(stage.set_memory_merge(SamePageMerging::on));
  ASSERT_TRUE(stage.loader_brk(columns(0, 2)));
  EXPECT_EQ(stage.area(0)->flags, rw_flags | flag::locked | flag::mergeable);
  EXPECT_NE(stage.token(1), 0u);
  EXPECT_EQ(stage.space().totals().locked, 2);
}

TEST(LoaderBrk, refusals_before_the_range_is_cleared_change_nothing_and_later_ones_leave_a_hole) {
  struct Case {
    const char* name;
    void (*spoil)(Stage&);
    Error error;
    const char* after;
  };
  const Case cases[] = {
      {"lock limit",
       [](Stage& s) {
         s.state().default_flags = flag::locked;
         s.host().limits.may_lock_any = false;
         s.host().limits.locked_bytes = 0x1000;
       },
       Error::try_again, "ABBA"},
      {"seal", [](Stage& s) { s.area(1)->flags |= flag::sealed; }, Error::not_permitted, "AZZA"},
      {"address space", [](Stage& s) { s.host().limits.address_space_bytes = 0x3000; },
       Error::no_memory, "A..A"},
      {"data", [](Stage& s) { s.host().limits.data_bytes = 0x3000; }, Error::no_memory, "A..A"},
      {"map count", [](Stage& s) { s.host().limits.area_count_max = 1; }, Error::no_memory, "A..A"},
      {"charge", [](Stage& s) { s.host().charge_max = 3; }, Error::no_memory, "ABBA"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    Stage stage("ABBA");
    c.spoil(stage);
    EXPECT_EQ(stage.loader_brk(columns(1, 3)).code(), c.error);
    EXPECT_EQ(stage.picture(), c.after);
  }
  Stage stage("ABBA");
  stage.host().profile.partial_effects = PartialEffects::all_or_nothing;
  stage.host().limits.data_bytes = 0x3000;
  EXPECT_EQ(stage.loader_brk(columns(1, 3)).code(), Error::no_memory);
  EXPECT_EQ(stage.picture(), "ABBA");
}

TEST(LoaderBrk, later_refusal_leaves_a_hole_of_a_single_page_too) {
  Stage stage("ABA");
  stage.host().limits.data_bytes = 0x2000;
  EXPECT_EQ(stage.loader_brk(columns(1, 2)).code(), Error::no_memory);
  EXPECT_EQ(stage.picture(), "A.A");
}

TEST(InitialStack, is_one_page_that_is_still_to_move) {
  Stage stage("........");
  ASSERT_TRUE(stage.insert_initial_stack(TestSpace::column(8)));
  EXPECT_EQ(stage.shape(7), "[7,8)p7");
  EXPECT_EQ(stage.area(7)->flags, rw_flags | flag::grows_down | flag::temporary_stack);
  EXPECT_EQ(stage.space().totals(), (PageTotals{.total = 1, .stack = 1}));
  EXPECT_EQ(stage.host().charged, 1u);
  ASSERT_TRUE(stage.relocate_down(7, 4));
  EXPECT_EQ(stage.shape(3), "[3,4)p7") << "its page offset stays";
  EXPECT_EQ(stage.space().totals(), (PageTotals{.total = 1, .stack = 1}));
}

TEST(InitialStack, is_refused_where_it_cannot_stand) {
  Stage stage("A");
  EXPECT_EQ(stage.insert_initial_stack(TestSpace::column(1)).code(), Error::no_memory);
  EXPECT_EQ(stage.insert_initial_stack(TestSpace::column(3) + 1).code(), Error::invalid);
  EXPECT_EQ(stage.insert_initial_stack(0).code(), Error::invalid);
  stage.host().charge_max = 1;
  EXPECT_EQ(stage.insert_initial_stack(TestSpace::column(3)).code(), Error::no_memory);
}

}  // namespace
}  // namespace vmarea::test
