// SPDX-License-Identifier: MIT
//
// What a user can do wrong with a change. A host without checks is told that it is EBUSY, and
// nothing changes; a host with checks is told which promise was broken.
//
//   plan -> reserve -> commit -> finish       the only order; each beat once
//   plan A .. plan B, reserve B .. reserve A  A is too late: EBUSY
//   [ reserved A ....... plan B, reserve B ]  B comes between: EBUSY, and A commits as planned
#include <optional>

#include "unit/land.hpp"

namespace vmarea::test {
namespace {

using shims::CheckedUserland;
using shims::Userland;

constexpr Range middle = columns(1, 3);

template <class Host>
auto unmap_middle(Land<Host>& land) {
  return land.plan_munmap(middle.start, middle.length());
}

TEST(Misuse, second_reserve_is_busy_and_the_first_still_counts) {
  Land<Userland> land("AAAA");
  auto change = unmap_middle(land);
  EXPECT_TRUE(change.reserve());
  EXPECT_EQ(change.reserve().code(), Error::busy);
  EXPECT_EQ(land.picture(), "AAAA");
  EXPECT_TRUE(change.commit());
  EXPECT_TRUE(change.finish());
  EXPECT_EQ(land.picture(), "A..A");
}

TEST(Misuse, commit_before_reserve_is_busy_and_may_be_made_up_for) {
  Land<Userland> land("AAAA");
  auto change = unmap_middle(land);
  EXPECT_EQ(change.commit().code(), Error::busy);
  EXPECT_EQ(land.picture(), "AAAA");
  EXPECT_TRUE(change.complete());
  EXPECT_EQ(land.picture(), "A..A");
}

TEST(Misuse, second_commit_is_busy) {
  Land<Userland> land("AAAA");
  auto change = unmap_middle(land);
  EXPECT_TRUE(change.reserve());
  EXPECT_TRUE(change.commit());
  const std::string after = land.text();
  EXPECT_EQ(change.commit().code(), Error::busy);
  EXPECT_EQ(change.reserve().code(), Error::busy);
  EXPECT_EQ(land.text(), after);
  EXPECT_TRUE(change.finish());
}

TEST(Misuse, finish_before_commit_is_busy) {
  Land<Userland> land("AAAA");
  auto change = land.plan_mlock(middle.start, middle.length(), MlockMode::lock);
  EXPECT_EQ(change.finish().code(), Error::busy);
  EXPECT_TRUE(change.reserve());
  EXPECT_EQ(change.finish().code(), Error::busy);
  EXPECT_EQ(land.picture(), "AAAA");
  EXPECT_FALSE(land.find(middle.start)->identity) << "nothing was touched";
  EXPECT_TRUE(change.commit());
  EXPECT_TRUE(change.finish());
  EXPECT_EQ(change.finish().code(), Error::busy) << "finished once";
  EXPECT_EQ(land.picture(), "A|AA|A");
}

/// Every beat of a change that is over answers EBUSY and shows no steps.
void expect_over(auto& change) {
  EXPECT_EQ(change.beat(), Beat::ended);
  EXPECT_EQ(change.reserve().code(), Error::busy);
  EXPECT_EQ(change.commit().code(), Error::busy);
  EXPECT_EQ(change.finish().code(), Error::busy);
  EXPECT_EQ(change.complete().code(), Error::busy);
  unsigned calls = 0;
  EXPECT_EQ(change.run([&]() noexcept { return ++calls, success; }).code(), Error::busy);
  change.for_each_step([&](const auto&) { ++calls; });
  EXPECT_EQ(calls, 0u);
  change.end();
}

TEST(Misuse, moved_from_change_is_busy_and_the_other_one_goes_on_where_it_stood) {
  for (const bool reserved : {false, true}) {
    Land<Userland> land("AAAA");
    auto moved_from = unmap_middle(land);
    EXPECT_TRUE(!reserved || moved_from.reserve());
    auto change = std::move(moved_from);
    expect_over(moved_from);
    EXPECT_EQ(land.picture(), "AAAA");
    EXPECT_TRUE(reserved || change.reserve());
    EXPECT_TRUE(change.commit());
    EXPECT_TRUE(change.finish());
    EXPECT_EQ(land.picture(), "A..A");
  }
}

TEST(Misuse, ended_change_is_busy) {
  for (const Beat last : {Beat::planned, Beat::reserved, Beat::committed}) {
    Land<Userland> land("AAAA");
    auto change = unmap_middle(land);
    EXPECT_TRUE(last == Beat::planned || change.reserve());
    EXPECT_TRUE(last != Beat::committed || change.commit());
    const std::string before = land.text();
    change.end();
    expect_over(change);
    EXPECT_EQ(land.text(), before);
    EXPECT_TRUE(land.map(columns(1, 2), 'B')) << "the space is free";
  }
}

TEST(Misuse, committed_change_shows_no_steps) {
  Land<Userland> land("AAAA");
  auto change = unmap_middle(land);
  EXPECT_TRUE(change.reserve());
  EXPECT_TRUE(change.commit());
  change.for_each_step([](const auto&) { ADD_FAILURE() << "a step that is made already"; });
  change.for_each_join([](const auto&) { ADD_FAILURE() << "a join that is made already"; });
  EXPECT_EQ(change.host_protection(columns(0, 4)), HostProtection{});
}

TEST(Misuse, change_that_another_call_overtook_is_busy) {
  Land<Userland> land("AAAA");
  auto change = unmap_middle(land);
  EXPECT_TRUE(land.mprotect(middle.start, 0x1000, prot::read));
  EXPECT_EQ(change.reserve().code(), Error::busy);
  EXPECT_EQ(change.commit().code(), Error::busy);
  EXPECT_EQ(change.complete().code(), Error::busy);
  EXPECT_EQ(land.picture(), "ABAA");
}

TEST(Misuse, change_that_outlived_a_clearing_or_a_fork_is_busy) {
  Land<Userland> parent("AAAA");
  Land<Userland> child;
  auto of_child =
      child.plan_mmap({.address = TestSpace::column(0), .length = 0x1000, .flags = fixed_private});
  EXPECT_TRUE(parent.fork_into(child));
  EXPECT_EQ(of_child.reserve().code(), Error::busy);
  EXPECT_EQ(child.area_count(), 1u);
  auto of_parent = unmap_middle(parent);
  parent.clear();
  EXPECT_EQ(of_parent.reserve().code(), Error::busy);
  EXPECT_EQ(parent.area_count(), 0u);
  auto overtaken = unmap_middle(parent);
  EXPECT_TRUE(parent.map(middle));
  parent.clear();
  EXPECT_EQ(overtaken.reserve().code(), Error::busy) << "two changes ago";
}

TEST(Misuse, first_of_two_plans_is_busy_when_the_second_was_reserved_before) {
  Land<Userland> land("AAAA");
  auto first = unmap_middle(land);
  auto second = land.plan_mprotect(middle.start, 0x3000, prot::read);
  EXPECT_TRUE(second.reserve());
  EXPECT_EQ(first.reserve().code(), Error::busy);
  EXPECT_TRUE(second.commit());
  EXPECT_EQ(first.reserve().code(), Error::busy);
  EXPECT_TRUE(second.finish());
  EXPECT_EQ(first.reserve().code(), Error::busy);
  EXPECT_EQ(land.picture(), "ABBB");
}

TEST(Misuse, dropped_reservation_leaves_earlier_plans_good) {
  Land<Userland> land("AAAA");
  auto first = unmap_middle(land);
  std::optional second(land.plan_mprotect(middle.start, 0x3000, prot::read));
  EXPECT_TRUE(second->reserve());
  EXPECT_EQ(first.reserve().code(), Error::busy);
  second.reset();
  EXPECT_TRUE(first.complete());
  EXPECT_EQ(land.picture(), "A..A");
}

/// Every call, on a range of one page; what it answers.
template <class Host>
struct Call {
  const char* name;
  Error (*make)(Land<Host>&, Address);
};

constexpr std::uint64_t one = 0x1000;
using U = Land<Userland>;

const Call<Userland> calls_of_ranges[] = {
    {"mmap",
     [](U& u, Address at) {
       return u.map({at, at + one}).code();
     }},
    {"munmap", [](U& u, Address at) { return u.munmap(at, one).code(); }},
    {"mprotect", [](U& u, Address at) { return u.mprotect(at, one, prot::none).code(); }},
    {"mremap",
     [](U& u, Address at) {
       return u.mremap({at, 2 * one, one, {}, 0}).code();
     }},
    {"madvise", [](U& u, Address at) { return u.madvise(at, one, Advice::dont_fork).code(); }},
    {"populate", [](U& u, Address at) { return u.madvise(at, one, Advice{23}).code(); }},
    {"mlock", [](U& u, Address at) { return u.mlock(at, one, MlockMode::lock).code(); }},
    {"mlock2", [](U& u, Address at) { return u.mlock2(at, one, {}).code(); }},
    {"mseal", [](U& u, Address at) { return u.mseal(at, one).code(); }},
    {"register",
     [](U& u, Address at) {
       return u.register_userfault({at, one, 1, uffd::missing}).code();
     }},
    {"unregister", [](U& u, Address at) { return u.unregister_userfault(at, one, 1).code(); }},
    {"mbind", [](U& u, Address at) { return u.mbind(at, one, 1).code(); }},
    {"name", [](U& u, Address at) { return u.set_name(at, one, 1).code(); }},
    {"touch", [](U& u, Address at) { return u.touch(at, Touch::write).code(); }},
    {"grow the stack", [](U& u, Address at) { return u.grow_stack(at).code(); }},
    {"insert",
     [](U& u, Address) {
       const Range free = columns(40, 41);
       return u.insert({.start = free.start, .end = free.end, .flags = flag::read}).code();
     }},
    {"insert_special",
     [](U& u, Address) {
       return u.insert_special({.start = TestSpace::column(40), .length = one}).code();
     }},
    {"the first stack",
     [](U& u, Address) { return u.insert_initial_stack(TestSpace::column(41)).code(); }},
    {"loader_brk",
     [](U& u, Address at) { return u.loader_brk(at, one, LoaderMemory::data).code(); }},
    {"split", [](U& u, Address at) { return u.split(at).code(); }},
    {"relocate_down",
     [](U& u, Address) { return u.relocate_down(TestSpace::column(0), 2 * one).code(); }},
};

const Call<Userland> calls_of_spaces[] = {
    {"mlockall", [](U& u, Address) { return u.mlockall(mlockall::current).code(); }},
    {"munlockall", [](U& u, Address) { return u.munlockall().code(); }},
    {"memory_merge", [](U& u, Address) { return u.set_memory_merge(SamePageMerging::on).code(); }},
    {"write_exec",
     [](U& u, Address) { return u.deny_write_exec(write_exec::refuse_exec_gain).code(); }},
    {"release", [](U& u, Address) { return u.release_userfault(1).code(); }},
    {"fork from it",
     [](U& u, Address) {
       Land<Userland> child;
       const Error answer = u.fork_into(child).code();
       EXPECT_EQ(child.area_count() == 0, answer != Error::none);
       return answer;
     }},
    {"fork into it",
     [](U& u, Address) {
       Land<Userland> parent("A");
       return parent.fork_into(u).code();
     }},
};

TEST(Misuse, every_call_between_reserve_and_commit_is_busy_and_the_reserved_one_commits) {
  const auto expect_busy = [](const Call<Userland>& call, bool reserved) {
    SCOPED_TRACE(call.name);
    Land<Userland> land("AAAA....");
    const std::string before = land.text();
    auto change = unmap_middle(land);
    EXPECT_TRUE(!reserved || change.reserve());
    const Error answer = call.make(land, TestSpace::column(1));
    EXPECT_EQ(answer == Error::busy, reserved) << static_cast<int>(answer);
    if (!reserved) return;
    EXPECT_EQ(land.text(), before);
    EXPECT_TRUE(change.commit());
    EXPECT_TRUE(change.finish());
    EXPECT_EQ(land.picture(), "A..A....");
    EXPECT_FALSE(check(land.state())) << check(land.state()).what;
  };
  for (const bool reserved : {true, false}) {
    for (const Call<Userland>& call : calls_of_ranges) expect_busy(call, reserved);
    for (const Call<Userland>& call : calls_of_spaces) expect_busy(call, reserved);
  }
}

TEST(Misuse, calls_without_an_error_leave_all_as_it_is_between_reserve_and_commit) {
  Land<Userland> land("AAAA");
  land.state().layout.start_brk = land.state().layout.brk = TestSpace::column(8);
  auto change = unmap_middle(land);
  EXPECT_TRUE(change.reserve());
  EXPECT_EQ(land.brk(TestSpace::column(9)), TestSpace::column(8));
  EXPECT_EQ(land.find_or_grow(TestSpace::column(6)), nullptr);
  EXPECT_EQ(land.picture(), "AAAA");
  EXPECT_TRUE(change.commit());
  EXPECT_EQ(land.picture(), "A..A");
}

/// A move of so many pages of AABB to 8: of both areas, if it is all four.
auto plan_move(Land<Userland>& land, std::uint64_t pages) {
  return land.plan_mremap({.address = TestSpace::column(0),
                           .old_length = pages * one,
                           .new_length = pages * one,
                           .flags = fixed_move,
                           .new_address = TestSpace::column(8)});
}

TEST(Misuse, rest_before_commit_is_busy) {
  for (const bool reserved : {false, true}) {
    Land<Userland> land("AABB........");
    auto change = plan_move(land, 4);
    EXPECT_TRUE(!reserved || change.reserve());
    EXPECT_EQ(change.rest().complete().code(), Error::busy);
    EXPECT_EQ(land.picture(), "AABB........") << "not the second area alone";
  }
}

TEST(MisuseDeathTest, rest_that_is_not_there_is_busy) {
  const auto ask = [] {
    Land<Userland> land("AABB....");
    auto change = plan_move(land, 1);
    (void)change.reserve();
    (void)change.commit();
    std::exit(static_cast<int>(change.rest().complete().code()));
  };
  EXPECT_EXIT(ask(), ::testing::ExitedWithCode(static_cast<int>(Error::busy)), "");
}

TEST(Misuse, touching_beside_a_reserved_change_is_busy_not_a_lack_of_memory) {
  Land<Userland> land("AABB");
  auto locks = land.plan_mlock(TestSpace::column(0), one, MlockMode::lock);
  EXPECT_TRUE(locks.reserve());
  EXPECT_TRUE(locks.commit());
  auto change = land.plan_munmap(TestSpace::column(2), one);
  EXPECT_TRUE(change.reserve());
  EXPECT_EQ(locks.finish().code(), Error::busy);
  EXPECT_FALSE(land.find(TestSpace::column(0))->identity) << "nothing was touched";
  EXPECT_TRUE(change.commit());
}

// What a host with checks says.

TEST(MisuseDeathTest, beats_out_of_turn_are_broken_promises) {
  using Act = void (*)(decltype(unmap_middle(std::declval<Land<CheckedUserland>&>())));
  struct Row {
    const char* promise;
    Act act;
  };
  const Row rows[] = {
      {"a change is reserved once",
       [](auto change) {
         (void)change.reserve();
         (void)change.reserve();
       }},
      {"a change is reserved once",
       [](auto change) {
         auto other = std::move(change);
         (void)change.reserve();
       }},
      {"a change is reserved once",
       [](auto change) {
         change.end();
         (void)change.reserve();
       }},
      {"a change is committed once, after reserve", [](auto change) { (void)change.commit(); }},
      {"a change is committed once, after reserve",
       [](auto change) {
         (void)change.reserve();
         (void)change.commit();
         (void)change.commit();
       }},
      {"a change is finished once, after commit", [](auto change) { (void)change.finish(); }},
      {"a change is finished once, after commit",
       [](auto change) {
         (void)change.reserve();
         (void)change.finish();
       }},
      {"a change is finished once, after commit",
       [](auto change) {
         (void)change.complete();
         (void)change.finish();
       }},
      {"steps are shown before they are made",
       [](auto change) {
         (void)change.reserve();
         (void)change.commit();
         change.for_each_step([](const auto&) {});
       }},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.promise);
    Land<CheckedUserland> land("AAAA");
    EXPECT_DEATH(row.act(unmap_middle(land)), row.promise);
  }
}

/// The rest of a move that began with `pages` pages of column 0.
void move_rest(std::uint64_t pages, Beat asked_after) {
  Land<CheckedUserland> land("AABB");
  auto change = land.plan_mremap({.address = TestSpace::column(0),
                                  .old_length = pages * one,
                                  .new_length = pages * one,
                                  .flags = fixed_move,
                                  .new_address = TestSpace::column(8)});
  if (asked_after != Beat::planned) (void)change.reserve();
  if (asked_after == Beat::committed) (void)change.commit();
  const auto rest = change.rest();
}

TEST(MisuseDeathTest, rest_that_is_not_there_is_a_broken_promise) {
  const char* const promise = "there is a rest after commit only";
  EXPECT_DEATH(move_rest(1, Beat::committed), promise);
  EXPECT_DEATH(move_rest(4, Beat::planned), promise);
  EXPECT_DEATH(move_rest(4, Beat::reserved), promise);
  move_rest(4, Beat::committed);
}

TEST(MisuseDeathTest, locks_catch_a_call_beside_a_planned_one) {
  Land<CheckedUserland> land("AAAA");
  Land<CheckedUserland> child;
  auto change = unmap_middle(land);
  EXPECT_DEATH((void)land.munmap(middle.start, one), "a space is locked once");
  EXPECT_DEATH((void)land.touch(middle.start, Touch::read), "a space is locked once");
  EXPECT_DEATH((void)land.fork_into(child), "a space is locked once");
  EXPECT_DEATH((void)child.fork_into(land), "a space is locked once");
  EXPECT_DEATH(land.clear(), "a space is locked once");
}

TEST(MisuseDeathTest, change_may_not_outlive_its_space) {
  EXPECT_DEATH(
      {
        auto land = std::make_unique<Land<CheckedUserland>>("AAAA");
        auto change = unmap_middle(*land);
        land.reset();
      },
      "a space is locked once");
  EXPECT_DEATH(
      {
        auto land = std::make_unique<Land<PromisesOnly>>("AAAA");
        auto change = unmap_middle(*land);
        (void)change.reserve();
        land.reset();
      },
      "a space is cleared while no change is reserved");
}

TEST(MisuseDeathTest, space_is_not_cleared_under_a_reserved_change) {
  Land<PromisesOnly> land("AAAA");
  auto change = unmap_middle(land);
  ASSERT_TRUE(change.reserve());
  EXPECT_DEATH(land.clear(), "a space is cleared while no change is reserved");
  EXPECT_TRUE(change.commit());
  EXPECT_EQ(land.picture(), "A..A");
}

}  // namespace
}  // namespace vmarea::test
