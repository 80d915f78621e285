// SPDX-License-Identifier: MIT
//
// mlockall and munlockall (rules 29, linux_6_18; mlockall(2)), and the calls that
// take the flags of the system calls. Every answer was seen on a running 6.18.
#include "support/stage.hpp"

namespace vmarea::test {
namespace {

constexpr Flags locked_on_fault = flag::locked | flag::lock_on_fault;

TEST(Mlockall, flags_decide_what_is_locked_and_what_will_be) {
  struct Case {
    MlockallFlags flags;
    Error error;
    Flags area;      // The lock flags of what is there,
    Flags default_;  // and of what comes.
  };
  const Case cases[] = {
      {{}, Error::invalid, {}, {}},
      {mlockall::on_fault, Error::invalid, {}, {}},
      {MlockallFlags(8), Error::invalid, {}, {}},
      {mlockall::current | MlockallFlags(8), Error::invalid, {}, {}},
      {mlockall::current, Error::none, flag::locked, {}},
      {mlockall::future, Error::none, {}, flag::locked},
      {mlockall::current | mlockall::future, Error::none, flag::locked, flag::locked},
      {mlockall::current | mlockall::on_fault, Error::none, locked_on_fault, {}},
      {mlockall::future | mlockall::on_fault, Error::none, {}, locked_on_fault},
      {mlockall::all, Error::none, locked_on_fault, locked_on_fault},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.flags.bits());
    Stage stage("AA.B");
    EXPECT_EQ(stage.mlockall(c.flags).code(), c.error);
    EXPECT_EQ(stage.area(0)->flags, rw_flags | c.area);
    EXPECT_EQ(stage.area(3)->flags.has_any(flag::locked), c.area.has_any(flag::locked));
    EXPECT_EQ(stage.space().totals().locked, c.area.empty() ? 0 : 3);
    EXPECT_EQ(stage.state().default_flags, c.default_);
  }
}

TEST(Mlockall, current_touches_what_it_locks_unless_on_fault) {
  Stage stage("AA.B.C");
  ASSERT_TRUE(stage.mlockall(mlockall::current | mlockall::on_fault));
  EXPECT_FALSE(stage.identity(0));
  ASSERT_TRUE(stage.mlockall(mlockall::current)) << "that C cannot be touched is no error";
  EXPECT_TRUE(stage.identity(0));
  EXPECT_NE(stage.token(1), 0u);
  EXPECT_NE(stage.token(3), 0u) << "by reading";
  EXPECT_FALSE(stage.identity(3));
  EXPECT_EQ(stage.token(5), 0u);
  EXPECT_EQ(stage.space().totals().locked, 4);
}

TEST(Mlockall, future_alone_changes_and_touches_nothing) {
  Stage stage("AA");
  ASSERT_TRUE(stage.mlockall(mlockall::future));
  EXPECT_EQ(stage.picture(), "AA");
  EXPECT_EQ(stage.token(0), 0u);
}

TEST(Mlockall, what_cannot_be_locked_is_passed_over_but_touched) {
  Stage stage;
  ASSERT_TRUE(stage.insert(stage.fresh(0, 1, flag::droppable)));
  ASSERT_TRUE(stage.insert(stage.fresh(2, 3, flag::io)));
  ASSERT_TRUE(stage.mlockall(mlockall::all));
  EXPECT_EQ(stage.area(0)->flags, rw_flags | flag::droppable);
  EXPECT_TRUE(stage.identity(0)) << "nothing says that this is to wait for a fault";
  EXPECT_FALSE(stage.identity(2));
  EXPECT_EQ(stage.space().totals().locked, 0);
}

TEST(Mlockall, joins_what_becomes_equal) {
  Stage stage("AALLA.AA");
  ASSERT_TRUE(stage.mlockall(mlockall::current));
  EXPECT_EQ(stage.picture(), "lllll.ll");
  ASSERT_TRUE(stage.munlockall());
  EXPECT_EQ(stage.picture(), "aaaaa.aa");
  EXPECT_EQ(stage.space().totals().locked, 0);
}

TEST(Mlockall, without_future_takes_the_default_away) {
  Stage stage("A");
  ASSERT_TRUE(stage.mlockall(mlockall::future | mlockall::on_fault));
  ASSERT_TRUE(stage.mlockall(mlockall::future));
  EXPECT_EQ(stage.state().default_flags, flag::locked) << "and on_fault is not kept";
  ASSERT_TRUE(stage.mlockall(mlockall::current));
  EXPECT_EQ(stage.state().default_flags, Flags{});
  ASSERT_TRUE(stage.mlockall(mlockall::future));
  ASSERT_TRUE(stage.munlockall());
  EXPECT_EQ(stage.state().default_flags, Flags{});
  EXPECT_EQ(stage.picture(), "a") << "unlocking leaves what was touched";
}

TEST(Mlockall, limit_concerns_what_is_there_and_counts_all_of_it) {
  Stage stage("AAB");
  ASSERT_TRUE(stage.insert(stage.fresh(4, 5, flag::io)));
  stage.host().limits.may_lock_any = false;
  stage.host().limits.locked_bytes = 0x3fff;
  EXPECT_EQ(stage.mlockall(mlockall::current).code(), Error::no_memory);
  EXPECT_EQ(stage.mlockall(mlockall::current | mlockall::future).code(), Error::no_memory);
  EXPECT_EQ(stage.state().default_flags, Flags{}) << "a refusal settles nothing";
  EXPECT_TRUE(stage.mlockall(mlockall::future));
  EXPECT_EQ(stage.mlockall(mlockall::current).code(), Error::no_memory);
  EXPECT_EQ(stage.state().default_flags, flag::locked);
  stage.host().limits.locked_bytes = 0x4000;
  EXPECT_TRUE(stage.mlockall(mlockall::current)) << "also what cannot be locked is counted";
  EXPECT_TRUE(stage.mlockall(mlockall::current)) << "and nothing twice";
  stage.host().limits.may_lock_any = true;
  stage.host().limits.locked_bytes = 0;
  EXPECT_TRUE(stage.mlockall(mlockall::current));
}

TEST(Mlockall, no_right_is_told_after_bad_flags) {
  Stage stage("A");
  stage.host().limits.may_lock_any = false;
  stage.host().limits.locked_bytes = 0;
  EXPECT_EQ(stage.mlockall(MlockallFlags(8)).code(), Error::invalid);
  EXPECT_EQ(stage.mlockall(mlockall::current).code(), Error::not_permitted);
  EXPECT_EQ(stage.mlockall(mlockall::future).code(), Error::not_permitted);
  EXPECT_TRUE(stage.munlockall()) << "unlocking needs no right";
}

TEST(Mlockall, sealed_areas_are_locked_like_others) {
  Stage stage("X");
  ASSERT_TRUE(stage.mlockall(mlockall::current));
  EXPECT_TRUE(stage.area(0)->flags.has_any(flag::locked));
}

TEST(Mlockall, new_mappings_get_the_default_and_are_touched) {
  Stage stage;
  stage.state().layout.start_brk = stage.state().layout.brk = TestSpace::column(40);
  ASSERT_TRUE(stage.mlockall(mlockall::future));
  ASSERT_TRUE(stage.map_fixed(0, 1));
  ASSERT_TRUE(stage.map_fixed(2, 3, rw, map::non_block));
  ASSERT_TRUE(stage.map_fixed(4, 5, prot::none));
  stage.brk(TestSpace::column(41));
  TestFile* segment = stage.host().make_file({.segment_bytes = 0x1000});
  ASSERT_TRUE(stage.attach_shared({.address = TestSpace::column(6), .segment = segment}));
  for (const std::uint64_t column : {0u, 2u, 4u, 6u, 40u}) {
    EXPECT_TRUE(stage.area(column)->flags.has_any(flag::locked)) << column;
    EXPECT_EQ(stage.token(column) != 0, column != 4) << column;
  }
  EXPECT_EQ(stage.space().totals().locked, 5);
}

TEST(Mlockall, new_mappings_wait_for_a_fault_where_the_default_says_so) {
  Stage stage;
  ASSERT_TRUE(stage.mlockall(mlockall::future | mlockall::on_fault));
  ASSERT_TRUE(stage.map_fixed(0, 1));
  ASSERT_TRUE(stage.map_fixed(2, 3, rw, map::locked));
  ASSERT_TRUE(stage.map_fixed(4, 5, rw, map::populate));
  for (const std::uint64_t column : {0u, 2u, 4u}) {
    EXPECT_EQ(stage.area(column)->flags, rw_flags | locked_on_fault) << column;
    EXPECT_FALSE(stage.identity(column)) << column;
  }
}

/// Droppable memory is refused only where the caller asks for the lock itself.
TEST(Mlockall, droppable_memory_is_mapped_unlocked_and_alone) {
  constexpr MapFlags droppable = map::droppable | map::anonymous | map::fixed;
  Stage stage;
  const auto drop = [&](std::uint64_t column, MapFlags adds = {}) {
    return stage.mmap({.address = TestSpace::column(column),
                       .length = 0x1000,
                       .protection = rw,
                       .flags = droppable | adds});
  };
  ASSERT_TRUE(drop(0));
  ASSERT_TRUE(stage.mlockall(mlockall::future));
  ASSERT_TRUE(drop(1)) << "it was to be locked while the joins were decided";
  ASSERT_TRUE(drop(2));
  EXPECT_EQ(stage.count_areas(), 3u);
  EXPECT_FALSE(stage.area(1)->flags.has_any(flag::locked));
  EXPECT_TRUE(stage.identity(1));
  EXPECT_FALSE(stage.identity(0));
  EXPECT_EQ(stage.space().totals().locked, 0);
  EXPECT_EQ(drop(4, map::locked).code(), Error::invalid);
  EXPECT_EQ(drop(4, map::grows_down).code(), Error::invalid);
}

/// The joins are what may lack memory; then the areas are locked where they stand.
TEST(Mlockall, never_fails_for_memory) {
  bool joined = false, apart = false;
  for (std::uint64_t n = 1;; ++n) {
    Stage stage("AA|aaLLAA");
    stage.host().faults.kinds = shims::FaultPlan::all_memory;
    stage.host().faults.fail(n, shims::FaultCount::for_ever);
    auto change = stage.space().plan_mlockall(mlockall::current | mlockall::on_fault);
    EXPECT_TRUE(change.reserve());
    stage.host().allocation_forbidden = true;
    EXPECT_TRUE(change.commit());
    stage.host().allocation_forbidden = false;
    const bool failed = stage.host().faults.failures > 0;
    stage.host().faults.fail(0);
    EXPECT_EQ(stage.space().totals().locked, 8);
    (stage.count_areas() == 1 ? joined : apart) = true;
    if (!failed) break;
  }
  EXPECT_TRUE(joined && apart);
}

TEST(Mlock2, unknown_flags_are_refused_before_anything_else) {
  Stage stage("AA");
  EXPECT_EQ(stage.mlock2(columns(0, 1), MlockFlags(2)).code(), Error::invalid);
  ASSERT_TRUE(stage.mlock2(columns(0, 1), mlock::on_fault));
  EXPECT_EQ(stage.area(0)->flags, rw_flags | locked_on_fault);
  EXPECT_FALSE(stage.identity(0));
  ASSERT_TRUE(stage.mlock2(columns(0, 1), {}));
  EXPECT_EQ(stage.area(0)->flags, rw_flags | flag::locked);
  EXPECT_TRUE(stage.identity(0));

  stage.host().limits.may_lock_any = false;
  stage.host().limits.locked_bytes = 0;
  const Range nowhere{~Address{0}, ~Address{0}};
  EXPECT_EQ(stage.mlock2(nowhere, MlockFlags(3)).code(), Error::invalid);
  EXPECT_EQ(stage.mlock2(nowhere, mlock::on_fault).code(), Error::not_permitted);
}

TEST(Mseal, any_flag_is_refused_before_anything_else) {
  Stage stage("AA");
  constexpr SealFlags unknown{1}, high{std::uint64_t{1} << 32};
  EXPECT_EQ(stage.mseal(columns(0, 1), unknown).code(), Error::invalid);
  EXPECT_EQ(stage.mseal(columns(0, 1), high).code(), Error::invalid);
  EXPECT_EQ(stage.mseal(columns(0, 0), unknown).code(), Error::invalid);
  EXPECT_EQ(stage.mseal(columns(5, 6), unknown).code(), Error::invalid);
  EXPECT_EQ(stage.mseal(columns(5, 6)).code(), Error::no_memory);
  EXPECT_TRUE(stage.mseal(columns(0, 0)));
  EXPECT_EQ(stage.picture(), "AA");
}

TEST(Mlockall, locks_page_0_with_the_rest) {
  Stage stage;
  ASSERT_TRUE(
      stage.mmap({.address = 0, .length = 0x2000, .protection = rw, .flags = fixed_private}));
  EXPECT_TRUE(stage.mlockall(mlockall::current));
  EXPECT_EQ(stage.space().find(0)->flags, rw_flags | flag::locked);
  EXPECT_EQ(stage.space().totals().locked, 2);
  EXPECT_EQ(stage.count_areas(), 1u);
}

}  // namespace
}  // namespace vmarea::test
