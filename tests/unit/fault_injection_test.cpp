// SPDX-License-Identifier: MIT
//
// Every call runs out of each thing it takes, in turn, once and for ever. It then fails, the space
// is as before, and the same call succeeds as soon as there is enough again.
#include <string>

#include <vmarea_shims/userland.hpp>

#include "support/test_space.hpp"

namespace vmarea::test {
namespace {

using shims::FaultCount;
using shims::FaultPlan;

constexpr Protection rw = prot::read | prot::write;

/// One call on a fresh space.
struct Scenario {
  const char* name;
  const char* before;
  Error (*act)(TestSpace& space);
  const char* after;
  Error shortage = Error::no_memory;
};

Error map_over(TestSpace& space, MapFlags flags, Protection protection, TestFile* file = nullptr) {
  return space
      .mmap({.address = space.request().start,
             .length = space.request().length(),
             .protection = protection,
             .flags = flags | map::fixed,
             .file = file})
      .code();
}

Error move(TestSpace& space, std::uint64_t from, std::uint64_t pages, std::uint64_t new_pages,
           std::uint64_t to, RemapFlags more = {}) {
  return space
      .mremap({.address = TestSpace::column(from),
               .old_length = pages << 12,
               .new_length = new_pages << 12,
               .flags = remap::may_move | remap::fixed | more,
               .new_address = TestSpace::column(to)})
      .code();
}

constexpr Scenario scenarios[] = {
    {"mmap", "..**..", [](TestSpace& s) { return map_over(s, map::private_ | map::anonymous, rw); },
     "..AA.."},
    {"mmap_joins_both", "AA**AA",
     [](TestSpace& s) { return map_over(s, map::private_ | map::anonymous, rw); }, "AAAAAA"},
    {"mmap_shared_memory", "..**..",
     [](TestSpace& s) { return map_over(s, map::shared | map::anonymous, rw); }, "..ZZ.."},
    {"mmap_huge_memory", "....****",
     [](TestSpace& s) {
       s.host().geometry.huge_page_shift = 14;
       return map_over(s, map::shared | map::anonymous | map::huge_tlb | map::no_reserve, rw);
     },
     "....ZZZZ"},
    {"mmap_file", "BB**BB",
     [](TestSpace& s) { return map_over(s, map::private_, rw, s.legend['H'].file); }, "BBHHBB"},
    {"mmap_over", "aaaaaa",
     [](TestSpace& s) {
       return s
           .mmap({.address = TestSpace::column(2),
                  .length = 0x2000,
                  .protection = prot::read,
                  .flags = map::private_ | map::anonymous | map::fixed})
           .code();
     },
     "aaBBaa"},
    {"munmap_hole", "aaaaaa",
     [](TestSpace& s) { return s.munmap(TestSpace::range_of("  **")).code(); }, "aa..aa"},
    {"munmap_hole_in_driver", "hhhhhh",
     [](TestSpace& s) { return s.munmap(TestSpace::range_of("  **")).code(); }, "hh..hh"},
    {"mprotect_middle", "aaaaaa",
     [](TestSpace& s) { return s.mprotect(TestSpace::range_of("  **"), prot::read).code(); },
     "aabbaa"},
    {"mprotect_charges", "BBBBBB",
     [](TestSpace& s) { return s.mprotect(TestSpace::range_of("  **"), rw).code(); }, "BBAABB"},
    {"mprotect_many", "aaffAAbbAA",
     [](TestSpace& s) { return s.mprotect(TestSpace::range_of(" ********"), prot::none).code(); },
     "aczzcccccA"},
    {"touch", "AAAA", [](TestSpace& s) { return s.touch(TestSpace::column(1)).code(); }, "aaaa"},
    {"mremap_moves", "aaaa....AA", [](TestSpace& s) { return move(s, 1, 2, 2, 6); }, "a..a..aa|AA"},
    {"mremap_moves_and_grows", "hhhhBBBBBB", [](TestSpace& s) { return move(s, 1, 2, 4, 5); },
     "h..hBhhhhB"},
    {"mremap_keeps_source", "aaaa....",
     [](TestSpace& s) { return move(s, 0, 4, 4, 4, remap::dont_unmap); }, "AAAA|aaaa"},
    {"mremap_grows", "aa..AA",
     [](TestSpace& s) {
       return s
           .mremap({.address = TestSpace::column(0), .old_length = 0x2000, .new_length = 0x4000})
           .code();
     },
     "aaaaaa"},
    {"madvise", "aaaaaa",
     [](TestSpace& s) { return s.madvise(TestSpace::range_of("  **"), Advice::random).code(); },
     "aazzaa", Error::try_again},
    {"mseal", "AAAA", [](TestSpace& s) { return s.mseal(TestSpace::range_of(" **")).code(); },
     "AXXA"},
    {"fork", "aahhLLSSBB",
     [](TestSpace& s) {
       Error error = Error::none;
       (void)s.fork(&error);
       return error;
     },
     "aahhLLSSBB"},
};

class FaultInjection : public ::testing::TestWithParam<Scenario> {
 protected:
  /// The number of things that the call takes.
  static std::uint64_t fail_each(const Scenario& scenario, FaultCount how_often) {
    for (std::uint64_t n = 1;; ++n) {
      SCOPED_TRACE(scenario.name + std::string(", attempt ") + std::to_string(n));
      TestSpace space(scenario.before);
      const Snapshot before = Snapshot::of(space.state());
      FaultPlan& faults = space.host().faults;
      faults.fail(n, how_often);
      const Error error = scenario.act(space);
      const bool failed = faults.failures != 0;
      faults.fail(0);
      if (!failed) {
        EXPECT_EQ(error, Error::none);
        EXPECT_EQ(space.picture(), scenario.after);
        return n - 1;
      }
      EXPECT_EQ(error, scenario.shortage);
      EXPECT_EQ(differences(before, Snapshot::of(space.state())), "");
      space.check();
      EXPECT_EQ(scenario.act(space), Error::none) << "there is enough again";
      EXPECT_EQ(space.picture(), scenario.after);
      if (HasFailure() || n > 100) return n;
    }
  }
};

TEST_P(FaultInjection, leaves_no_trace_of_a_call_that_fails_once) {
  EXPECT_GT(fail_each(GetParam(), FaultCount::once), 0u) << "the call takes nothing";
}

TEST_P(FaultInjection, leaves_no_trace_of_a_call_that_fails_from_then_on) {
  EXPECT_GT(fail_each(GetParam(), FaultCount::for_ever), 0u) << "the call takes nothing";
}

INSTANTIATE_TEST_SUITE_P(Calls, FaultInjection, ::testing::ValuesIn(scenarios),
                         [](const auto& instance) { return std::string(instance.param.name); });

TEST(FaultPlan, fails_the_attempt_it_names_and_counts_the_others) {
  FaultPlan plan;
  plan.fail(2);
  EXPECT_FALSE(plan.refuses(shims::Resource::area));
  EXPECT_TRUE(plan.refuses(shims::Resource::link));
  EXPECT_FALSE(plan.refuses(shims::Resource::link));
  EXPECT_EQ(plan.attempts, 3u);
  EXPECT_EQ(plan.failures, 1u);
  plan.fail(2, FaultCount::for_ever);
  EXPECT_FALSE(plan.refuses(shims::Resource::area));
  EXPECT_TRUE(plan.refuses(shims::Resource::area));
  EXPECT_TRUE(plan.refuses(shims::Resource::area));
  plan.fail(0, FaultCount::for_ever);
  EXPECT_FALSE(plan.refuses(shims::Resource::area)) << "attempts count from 1";
}

TEST(FaultPlan, fails_a_second_attempt_and_none_between) {
  FaultPlan plan;
  plan.fail(1);
  plan.fails_again_at = 3;
  EXPECT_TRUE(plan.refuses(shims::Resource::area));
  EXPECT_FALSE(plan.refuses(shims::Resource::area));
  EXPECT_TRUE(plan.refuses(shims::Resource::area));
  EXPECT_FALSE(plan.refuses(shims::Resource::area));
  EXPECT_EQ(plan.failures, 2u);
  plan.fail(0);
  EXPECT_EQ(plan.fails_again_at, 0u);
}

TEST(FaultPlan, of_one_kind_lets_the_others_pass) {
  TestSpace space("AAAA");
  FaultPlan& faults = space.host().faults;
  faults.kinds = shims::kind_bit(shims::Resource::charge);
  faults.fail(1);
  EXPECT_TRUE(space.mprotect(TestSpace::range_of(" *"), prot::read)) << "charges nothing";
  EXPECT_EQ(faults.attempts, 0u);
}

TEST(FaultPlan, refuses_shared_memory_of_pages_of_any_size) {
  TestSpace space("........");
  space.host().geometry.huge_page_shift = 14;
  FaultPlan& faults = space.host().faults;
  faults.kinds = shims::kind_bit(shims::Resource::shared_memory);
  for (const MapFlags size : {MapFlags{}, map::huge_tlb | map::no_reserve}) {
    faults.fail(1);
    const MapFlags flags = map::shared | map::anonymous | map::fixed | size;
    EXPECT_EQ(
        space.mmap({.address = TestSpace::column(4), .length = 0x4000, .flags = flags}).code(),
        Error::no_memory);
    EXPECT_EQ(faults.failures, 1u);
  }
}

TEST(FaultPlan, refuses_the_space_lock_of_a_waiter_that_is_killed) {
  TestSpace space("AAAA");
  space.host().faults.kinds = shims::kind_bit(shims::Resource::space_lock);
  space.host().faults.fail(1);
  EXPECT_EQ(space.munmap(TestSpace::range_of("**")).code(), Error::interrupted);
  EXPECT_EQ(space.picture(), "AAAA");
}

TEST(FaultPlan, that_refuses_the_space_lock_refuses_what_a_change_would_reserve) {
  TestSpace space("AAAA");
  space.host().faults.kinds = shims::kind_bit(shims::Resource::space_lock);
  space.host().faults.fail(1);
  const Range range = TestSpace::range_of("**");
  auto change = space.space().plan_munmap(range.start, range.length());
  EXPECT_EQ(change.status().code(), Error::interrupted);
  EXPECT_EQ(change.reserve().code(), Error::interrupted);
}

struct WithoutPlan;
struct WithoutPlanBase : shims::UserlandOf<WithoutPlan> {
  static FaultPlan* fault_plan() noexcept { return nullptr; }
};
struct WithoutPlan : shims::FaultInjecting<WithoutPlanBase> {};

TEST(FaultInjecting, host_without_a_plan_is_refused_nothing) {
  AddressSpace<WithoutPlan> space;
  EXPECT_TRUE(
      space.mmap({.length = 0x1000, .protection = rw, .flags = map::private_ | map::anonymous}));
}

}  // namespace
}  // namespace vmarea::test
