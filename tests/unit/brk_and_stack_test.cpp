// SPDX-License-Identifier: MIT
//
// brk and stack growth (rules 15, 16).
//
//   brk     column 2 is start_brk; the heap grows up        [HH....next)
//   stack   grows down by a touch below it                  [prev)....[SS)
#include "support/stage.hpp"

namespace vmarea::test {
namespace {

/// A stage with an empty heap at column 2.
class HeapStage : public Stage {
 public:
  explicit HeapStage(std::string_view picture) : Stage(picture) {
    state().layout.start_brk = state().layout.brk = column(2);
  }
  /// Whether the break could be put there.
  bool brk_to(Address wanted) { return brk(wanted) == wanted; }
};

TEST(Brk, grows_and_shrinks_by_whole_pages_and_keeps_the_byte) {
  HeapStage stage("........");
  EXPECT_TRUE(stage.brk_to(TestSpace::column(2) + 1));
  EXPECT_EQ(stage.picture(), "..A.....");
  EXPECT_TRUE(stage.brk_to(TestSpace::column(3))) << "no new page";
  EXPECT_EQ(stage.count_areas(), 1u);
  EXPECT_TRUE(stage.brk_to(TestSpace::column(6)));
  EXPECT_EQ(stage.picture(), "..AAAA..");
  EXPECT_TRUE(stage.brk_to(TestSpace::column(3) + 5));
  EXPECT_EQ(stage.picture(), "..AA....");
  EXPECT_TRUE(stage.brk_to(TestSpace::column(2)));
  EXPECT_EQ(stage.count_areas(), 0u);
}

TEST(Brk, joins_what_lies_below_in_the_heap_and_nothing_above) {
  HeapStage stage("....");
  ASSERT_TRUE(stage.brk_to(TestSpace::column(4)));
  ASSERT_TRUE(stage.touch(TestSpace::column(2)));
  ASSERT_TRUE(stage.map_fixed(6, 8));
  stage.host().limits.stack_guard_gap_pages = 0;
  EXPECT_FALSE(stage.brk_to(TestSpace::column(6))) << "one page stays free";
  ASSERT_TRUE(stage.brk_to(TestSpace::column(5)));
  EXPECT_EQ(stage.picture(), "..aaa.AA");
}

TEST(Brk, first_growth_does_not_join_the_programs_data_below_it) {
  HeapStage stage("AA......");
  ASSERT_TRUE(stage.brk_to(TestSpace::column(4)));
  EXPECT_EQ(stage.picture(), "AA|AA....");
  ASSERT_TRUE(stage.madvise(columns(2, 3), Advice::dont_fork));
  ASSERT_TRUE(stage.madvise(columns(2, 3), Advice::do_fork));
  EXPECT_EQ(stage.picture(), "AAAA....") << "any later change that makes them equal joins them";
  ASSERT_TRUE(stage.brk_to(TestSpace::column(5)));
  EXPECT_EQ(stage.picture(), "AAAAA...");
}

TEST(Brk, executable_heap_is_one_that_only_new_pages_get_and_nothing_refuses) {
  HeapStage stage("........");
  ASSERT_TRUE(stage.brk_to(TestSpace::column(3)));
  ASSERT_TRUE(stage.deny_write_exec(write_exec::refuse_exec_gain));
  stage.state().modes.read_implies_exec = true;
  ASSERT_TRUE(stage.brk_to(TestSpace::column(5)));
  EXPECT_EQ(stage.picture(), "..AEE...");
  EXPECT_TRUE(stage.fork()->space().modes().read_implies_exec);
  stage.state().modes.read_implies_exec = false;
  ASSERT_TRUE(stage.brk_to(TestSpace::column(6)));
  EXPECT_EQ(stage.picture(), "..AEEA..");
}

TEST(Brk, refusals_leave_the_break_and_the_picture) {
  struct Case {
    const char* name;
    void (*spoil)(Stage&);
    std::uint64_t wanted;  // A column.
  };
  const Case cases[] = {
      {"below the start", [](Stage&) {}, 1},
      {"less than a page below the next area", [](Stage&) {}, 9},
      {"in the next area", [](Stage&) {}, 10},
      {"data limit", [](Stage& s) { s.host().limits.data_bytes = 0x3fff; }, 6},
      {"data limit that counts the program's data",
       [](Stage& s) {
         s.host().limits.data_bytes = 0x5000;
         s.state().layout.end_data = 0x1001;
       },
       6},
      {"soft data limit of 0", [](Stage& s) { s.host().limits.data_bytes = 0; }, 5},
      {"address space limit", [](Stage& s) { s.host().limits.address_space_bytes = 0x3000; }, 5},
      {"map count", [](Stage& s) { s.host().limits.area_count_max = 1; }, 5},
      {"charge", [](Stage& s) { s.host().charge_max = 2; }, 5},
      {"shrink over a seal", [](Stage& s) { s.area(3)->flags |= flag::sealed; }, 3},
      {"shrink of nothing", [](Stage& s) { EXPECT_TRUE(s.munmap(columns(3, 4))); }, 3},
      {"lock limit",
       [](Stage& s) {
         s.state().default_flags = flag::locked;
         s.host().limits.may_lock_any = false;
         s.host().limits.locked_bytes = 0;
       },
       5},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    HeapStage stage(".........B");
    ASSERT_TRUE(stage.brk_to(TestSpace::column(4)));
    c.spoil(stage);
    const std::string before = stage.picture();
    EXPECT_EQ(stage.brk(TestSpace::column(c.wanted)), TestSpace::column(4));
    EXPECT_EQ(stage.space().layout().brk, TestSpace::column(4));
    EXPECT_EQ(stage.picture(), before);
  }
}

TEST(Brk, data_limit_counts_how_much_data_the_program_has_and_not_where) {
  HeapStage stage("........");
  stage.state().layout.start_data = 0x8000;
  stage.state().layout.end_data = 0xa000;
  stage.host().limits.data_bytes = 0x4000;
  EXPECT_TRUE(stage.brk_to(TestSpace::column(4)));
  EXPECT_FALSE(stage.brk_to(TestSpace::column(5)));
}

TEST(Brk, heap_ends_with_the_address_space) {
  HeapStage stage(".");
  const Address limit = stage.host().geometry.limit;
  stage.state().layout.start_brk = stage.state().layout.brk = limit - 0x2000;
  EXPECT_FALSE(stage.brk_to(limit + 1));
  EXPECT_EQ(stage.count_areas(), 0u);
  EXPECT_TRUE(stage.brk_to(limit));
}

TEST(Brk, break_that_is_there_already_shows_no_step) {
  HeapStage stage("....");
  const Address there = TestSpace::column(3) + 1;
  ASSERT_TRUE(stage.brk_to(there));
  int steps = 0;
  stage.space().plan_brk(there).for_each_step([&](const auto&) { ++steps; });
  EXPECT_EQ(steps, 0);
}

TEST(Brk, guard_gap_of_a_stack_above_and_one_page_stay_free) {
  HeapStage stage(".........K");
  stage.host().limits.stack_guard_gap_pages = 3;
  EXPECT_FALSE(stage.brk_to(TestSpace::column(5) + 1));
  EXPECT_TRUE(stage.brk_to(TestSpace::column(5)));
}

TEST(Brk, heap_of_a_fork_child_is_not_extended_where_it_was_touched) {
  HeapStage parent("........");
  ASSERT_TRUE(parent.brk_to(TestSpace::column(4)));
  ASSERT_TRUE(parent.touch(TestSpace::column(2)));
  const auto child = parent.fork();
  EXPECT_EQ(child->brk(TestSpace::column(6)), TestSpace::column(6));
  EXPECT_EQ(child->picture(), "..aa|AA..");
  EXPECT_EQ(child->space().area_count(), 2u);
  EXPECT_EQ(parent.brk(TestSpace::column(6)), TestSpace::column(6));
  EXPECT_EQ(parent.count_areas(), 1u);
}

TEST(GrowStack, goes_down_to_the_touched_page_and_takes_the_offset_along) {
  Stage stage("....KK");
  EXPECT_TRUE(stage.grow_stack(TestSpace::column(2) + 5));
  EXPECT_EQ(stage.picture(), "..kkkk") << "with an identity";
  EXPECT_EQ(stage.shape(2), "[2,6)p2");
  EXPECT_TRUE(stage.begun(2));
  EXPECT_EQ(stage.space().totals().stack, 4);
}

TEST(GrowStack, address_in_an_area_changes_nothing) {
  Stage stage("..KK");
  EXPECT_TRUE(stage.grow_stack(TestSpace::column(2)));
  EXPECT_EQ(stage.picture(), "..KK");
}

TEST(GrowStack, gap_to_an_accessible_neighbour_that_does_not_grow_stays_free) {
  struct Case {
    const char* before;
    std::uint64_t to;
    Error error;
  };
  const Case cases[] = {
      {"A......KK", 4, Error::none},      {"A......KK", 3, Error::no_memory},
      {"A......KK", 1, Error::no_memory}, {"C......KK", 1, Error::none},
      {"K......KK", 1, Error::none},      {"B......KK", 3, Error::no_memory},
  };
  for (const Case& c : cases) {
    Stage stage(c.before);
    stage.host().limits.stack_guard_gap_pages = 3;
    EXPECT_EQ(stage.grow_stack(TestSpace::column(c.to)).code(), c.error)
        << c.before << " to " << c.to;
  }
}

TEST(GrowStack, never_merges_and_ignores_the_map_count) {
  Stage stage("KK..KK");
  stage.host().limits.area_count_max = 1;
  EXPECT_TRUE(stage.grow_stack(TestSpace::column(2)));
  EXPECT_EQ(stage.picture(), "KK|kkkk");
  EXPECT_EQ(stage.count_areas(), 2u);
}

TEST(GrowStack, memory_without_access_grows_before_the_touch_is_refused) {
  Stage stage;
  ASSERT_TRUE(stage.map_fixed(4, 6, prot::none, map::grows_down));
  EXPECT_TRUE(stage.grow_stack(TestSpace::column(3)));
  EXPECT_EQ(stage.shape(3), "[3,6)p3");
  EXPECT_EQ(stage.touch(TestSpace::column(3)).code(), Error::bad_address);
}

TEST(GrowStack, refusals_leave_the_stack) {
  struct Case {
    const char* name;
    void (*spoil)(Stage&);
    Error error;
  };
  const Case cases[] = {
      {"address space limit", [](Stage& s) { s.host().limits.address_space_bytes = 0x3000; },
       Error::no_memory},
      {"stack limit", [](Stage& s) { s.host().limits.stack_bytes = 0x3fff; }, Error::no_memory},
      {"lock limit",
       [](Stage& s) {
         EXPECT_TRUE(s.mlock(columns(4, 6), MlockMode::lock_on_fault));
         s.host().limits.may_lock_any = false;
         s.host().limits.locked_bytes = 0x3000;
       },
       Error::no_memory},
      {"charge", [](Stage& s) { s.host().charge_max = 3; }, Error::no_memory},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    Stage stage("....KK");
    c.spoil(stage);
    EXPECT_EQ(stage.grow_stack(TestSpace::column(2)).code(), c.error);
    EXPECT_EQ(stage.shape(4), "[4,6)p4");
  }
}

TEST(GrowStack, refusal_by_a_limit_leaves_the_identity_that_growth_begins_with) {
  Stage stage("....KK");
  stage.host().limits.stack_bytes = 0x3fff;
  EXPECT_FALSE(stage.grow_stack(TestSpace::column(2)));
  EXPECT_EQ(stage.picture(), "....kk");
  EXPECT_EQ(stage.token(4), 0u) << "an identity, no page";

  Stage careful("....KK");
  careful.host().limits.stack_bytes = 0x3fff;
  careful.host().profile.partial_effects = PartialEffects::all_or_nothing;
  EXPECT_FALSE(careful.grow_stack(TestSpace::column(2)));
  EXPECT_EQ(careful.picture(), "....KK");
}

TEST(GrowStack, memory_that_does_not_grow_is_a_bad_address) {
  Stage stage("....AA");
  EXPECT_EQ(stage.grow_stack(TestSpace::column(2)).code(), Error::bad_address);
}

TEST(GrowStack, address_below_the_minimum_is_not_permitted) {
  Stage stage("KK");
  EXPECT_EQ(stage.grow_stack(0xfff).code(), Error::not_permitted);
}

TEST(GrowStack, more_pages_than_the_page_offset_has_are_refused) {
  Stage stage;
  TestDescription low = stage.fresh(4, 6, 'K');
  low.page_offset = 1;
  ASSERT_TRUE(stage.insert(low));
  EXPECT_EQ(stage.grow_stack(TestSpace::column(2)).code(), Error::no_memory);
  EXPECT_TRUE(stage.grow_stack(TestSpace::column(3)));
}

TEST(GrowStack, stack_that_is_a_part_of_locked_memory_counts_its_pages_as_locked) {
  Stage stage("....KK");
  ASSERT_TRUE(stage.mlock(columns(4, 6), MlockMode::lock));
  ASSERT_TRUE(stage.grow_stack(TestSpace::column(3)));
  EXPECT_EQ(stage.space().totals().locked, 3);
}

// The first stack of a program, as exec makes it: one page, to be filled and moved down (10).
TEST(GrowStack, first_stack_of_a_program_is_one_page_that_grows_and_moves) {
  Stage stage;
  TestDescription first = stage.fresh(20, 21, 'K');
  first.flags |= flag::temporary_stack;
  ASSERT_TRUE(stage.insert(first));
  EXPECT_EQ(stage.space().totals(), (PageTotals{.total = 1, .stack = 1}));
  ASSERT_TRUE(stage.grow_stack(TestSpace::column(18)));
  ASSERT_TRUE(stage.relocate_down(18, 10));
  EXPECT_EQ(stage.shape(8), "[8,b)p12") << "the offset stays where it was filled";
  EXPECT_EQ(stage.space().totals(), (PageTotals{.total = 3, .stack = 3}));
}

TEST(GrowStack, is_for_touches_alone_and_not_for_locks_and_advice_below_a_stack) {
  Stage stage("....KK");
  EXPECT_EQ(stage.mlock(columns(3, 5), MlockMode::lock).code(), Error::no_memory);
  for (const Advice advice : {Advice::populate_read, Advice::populate_write, Advice::dont_need}) {
    EXPECT_EQ(stage.madvise(columns(3, 5), advice).code(), Error::no_memory);
  }
  EXPECT_EQ(stage.shape(4), "[4,6)p4");
}

TEST(Brk, heap_of_a_locked_future_is_locked_counted_and_touched) {
  HeapStage stage("........");
  stage.state().default_flags = flag::locked;
  ASSERT_TRUE(stage.brk_to(TestSpace::column(4)));
  EXPECT_EQ(stage.picture(), "..ll....");
  EXPECT_EQ(stage.space().totals().locked, 2);
  EXPECT_NE(stage.token(3), 0u);
}

}  // namespace
}  // namespace vmarea::test
