// SPDX-License-Identifier: MIT
//
// What a user of a change, of a loader's calls or a driver can hand over that is wrong: EINVAL or
// EBUSY with and without checks, and nothing changes. Where a driver breaks its word, a host with
// checks is told so.
//
//   insert(description)        a row for each way to break an invariant of check.hpp
//   prepare_mapping            a driver leaves alone what is not its own
//   change.run(host_call)      plan -> reserve -> host_call -> commit -> finish, or an error
#include "unit/land.hpp"

namespace vmarea::test {
namespace {

using shims::CheckedUserland;
using shims::Userland;

constexpr std::uint64_t one = 0x1000;
using Hosts = ::testing::Types<Userland, CheckedUserland>;

template <class Host>
class MisusedArguments : public ::testing::Test {};
TYPED_TEST_SUITE(MisusedArguments, Hosts);

/// Makes a good description bad.
template <class Host>
struct Flaw {
  const char* name;
  void (*spoil)(Description<Host>&);
};

template <class Host>
void expect_insert(Land<Host>& land, const Description<Host>& wanted, Error answer) {
  const std::string before = land.text();
  auto change = land.plan_insert(wanted);
  EXPECT_EQ(change.status().code(), answer);
  EXPECT_EQ(change.complete().code(), answer);
  EXPECT_EQ(land.text() == before, answer != Error::none);
  EXPECT_FALSE(check(land.state())) << check(land.state()).what;
}

TYPED_TEST(MisusedArguments, insert_refuses_what_breaks_an_invariant) {
  using Area = Description<TypeParam>;
  static constexpr Attributes watched{.userfault_context = 1};
  static constexpr Attributes unwatched{.policy = 1};
  static constexpr Address limit = Geometry{}.limit;
  const Flaw<TypeParam> flaws[] = {
      {"1: start misaligned", [](Area& a) { a.start += 1; }},
      {"1: end misaligned", [](Area& a) { a.end -= 1; }},
      {"1: empty", [](Area& a) { a.end = a.start; }},
      {"1: backwards", [](Area& a) { std::swap(a.start, a.end); }},
      {"1: beyond the limit",
       [](Area& a) {
         a.start = limit - one;
         a.end = limit + one;
       }},
      {"1: the last page of all",
       [](Area& a) {
         a.start = 0 - one;
         a.end = 0;
       }},
      {"5: an identity that was never given", [](Area& a) { a.identity = AnonIdentity::of(2); }},
      {"6: userfault flags, no attributes", [](Area& a) { a.flags |= flag::userfault_missing; }},
      {"6: userfault flags, no context",
       [](Area& a) {
         a.flags |= flag::userfault_protect;
         a.attributes = &unwatched;
       }},
      {"6: a context, no flags", [](Area& a) { a.attributes = &watched; }},
      {"7: locked io", [](Area& a) { a.flags |= flag::locked | flag::io; }},
      {"7: locked dont_expand", [](Area& a) { a.flags |= flag::locked | flag::dont_expand; }},
      {"7: locked page frames", [](Area& a) { a.flags |= flag::locked | flag::page_frames; }},
      {"7: locked mixed map", [](Area& a) { a.flags |= flag::locked | flag::mixed_map; }},
      {"7: locked droppable", [](Area& a) { a.flags |= flag::locked | flag::droppable; }},
      {"7: lock_on_fault alone", [](Area& a) { a.flags |= flag::lock_on_fault; }},
      {"8: shared, no hooks", [](Area& a) { a.flags |= flag::shared | flag::may_share; }},
  };
  Land<TypeParam> land("A...");
  const Range free = columns(1, 3);
  const Area good{.start = free.start, .end = free.end, .flags = flag::read};
  for (const Flaw<TypeParam>& flaw : flaws) {
    SCOPED_TRACE(flaw.name);
    Area bad = good;
    flaw.spoil(bad);
    expect_insert(land, bad, Error::invalid);
  }
  Area occupied = good;
  occupied.start -= one;
  expect_insert(land, occupied, Error::no_memory);
  expect_insert(land, good, Error::none);
}

TYPED_TEST(MisusedArguments, special_areas_need_hooks_that_refuse_to_be_cut) {
  static constexpr AreaHooks<TypeParam> other_hooks{
      .may_protect = [](const Description<TypeParam>&, Range, Flags) noexcept { return success; }};
  Land<TypeParam> land("A...");
  const std::string before = land.text();
  SpecialRequest<TypeParam> request{.start = TestSpace::column(1), .length = 2 * one};
  for (const AreaHooks<TypeParam>* hooks : {&no_hooks<TypeParam>, &other_hooks}) {
    request.hooks = hooks;
    EXPECT_EQ(land.insert_special(request).code(), Error::invalid);
  }
  request.hooks = nullptr;
  EXPECT_EQ(land.insert_special(request).code(), Error::invalid);
  EXPECT_EQ(land.text(), before);
  EXPECT_TRUE(land.insert_special({.start = request.start, .length = 2 * one}));
  EXPECT_EQ(land.munmap(request.start, one).code(), Error::invalid) << "it is not cut";
  EXPECT_TRUE(land.munmap(request.start, 2 * one));
}

TYPED_TEST(MisusedArguments, home_node_without_a_function_and_context_0_are_invalid) {
  Land<TypeParam> land("AAAA");
  EXPECT_TRUE(land.mbind(TestSpace::column(0), 4 * one, 1));
  const std::string before = land.text();
  EXPECT_EQ(land.set_home_node(TestSpace::column(0), one, {}).code(), Error::invalid);
  EXPECT_EQ(land.set_home_node(TestSpace::column(0), 0, {}).code(), Error::invalid);
  EXPECT_EQ(land.release_userfault(0).code(), Error::invalid);
  EXPECT_EQ(land.unregister_userfault(TestSpace::column(0), one, 0).code(), Error::invalid);
  EXPECT_EQ(land.register_userfault({TestSpace::column(0), one, 0, uffd::missing}).code(),
            Error::invalid);
  EXPECT_EQ(land.text(), before);
}

TYPED_TEST(MisusedArguments, fork_needs_another_space_that_is_empty) {
  Land<TypeParam> parent("AA.B");
  Land<TypeParam> child("B...");
  const std::string before = parent.text() + child.text();
  EXPECT_EQ(parent.fork_into(parent).code(), Error::invalid);
  EXPECT_EQ(parent.fork_into(child).code(), Error::invalid);
  EXPECT_EQ(parent.text() + child.text(), before);
  child.clear();
  EXPECT_EQ(child.fork_into(child).code(), Error::invalid) << "although it is empty";
  EXPECT_TRUE(parent.fork_into(child));
  EXPECT_EQ(child.picture(), "AA.B");
  EXPECT_EQ(parent.fork_into(child).code(), Error::invalid) << "forked once";
}

/// A driver that breaks its word, by what it does to a mapping.
template <class Host>
struct BadDriver {
  const char* name;
  MapFlags type;
  shims::File<Host> file;
};

template <class Host>
std::vector<BadDriver<Host>> bad_drivers() {
  return {
      {"accounts shared memory", map::shared, {.adds = flag::account}},
      {"takes the charge back", map::private_, {.removes = flag::account}},
      {"takes the hooks of shared memory away", map::shared, {.hooks = nullptr}},
  };
}

template <class Host>
Result<Address> map_file(Land<Host>& land, BadDriver<Host>& driver, DriverTurn turn) {
  driver.file.rules.driver_turn = turn;
  return land.mmap({.address = TestSpace::column(1),
                    .length = 2 * one,
                    .protection = rw,
                    .flags = driver.type | map::fixed,
                    .file = &driver.file});
}

TEST(MisusedArguments, driver_that_breaks_its_word_makes_the_mapping_invalid) {
  for (BadDriver<Userland>& driver : bad_drivers<Userland>()) {
    for (const DriverTurn turn : {DriverTurn::before_joining, DriverTurn::after_joining}) {
      SCOPED_TRACE(driver.name);
      Land<Userland> land("A...");
      const std::string before = land.text();
      EXPECT_EQ(map_file(land, driver, turn).code(), Error::invalid);
      EXPECT_EQ(land.text(), before);
      EXPECT_EQ(driver.file.references, 0u);
      EXPECT_FALSE(check(land.state())) << check(land.state()).what;
    }
  }
}

TEST(MisusedArgumentsDeathTest, driver_that_breaks_its_word_breaks_a_promise) {
  for (BadDriver<PromisesOnly>& driver : bad_drivers<PromisesOnly>()) {
    for (const DriverTurn turn : {DriverTurn::before_joining, DriverTurn::after_joining}) {
      SCOPED_TRACE(driver.name);
      Land<PromisesOnly> land("A...");
      EXPECT_DEATH((void)map_file(land, driver, turn),
                   "a driver leaves flags that are not its own, and shared memory's hooks, alone");
    }
  }
}

TYPED_TEST(MisusedArguments, host_call_is_made_between_reserve_and_commit) {
  Land<TypeParam> land("AAAA");
  auto change = land.plan_munmap(TestSpace::column(1), 2 * one);
  unsigned calls = 0;
  const Result<void> done = change.run([&]() noexcept -> Result<void> {
    ++calls;
    EXPECT_EQ(change.beat(), Beat::reserved);
    EXPECT_EQ(land.picture(), "AAAA");
    return {};
  });
  EXPECT_TRUE(done);
  EXPECT_EQ(calls, 1u);
  EXPECT_EQ(change.beat(), Beat::ended);
  EXPECT_EQ(land.picture(), "A..A");
}

TYPED_TEST(MisusedArguments, host_call_that_fails_gives_its_error_and_changes_nothing) {
  Land<TypeParam> land("AAAA");
  const std::string before = land.text();
  auto change = land.plan_munmap(TestSpace::column(1), 2 * one);
  EXPECT_EQ(change.run([]() noexcept -> Result<void> { return Error::file_busy; }).code(),
            Error::file_busy);
  EXPECT_EQ(land.text(), before);
  EXPECT_EQ(change.beat(), Beat::ended);
  EXPECT_TRUE(land.munmap(TestSpace::column(0), one)) << "the space is free again";
}

TYPED_TEST(MisusedArguments, refused_call_does_not_reach_the_host) {
  Land<TypeParam> land("AA..");
  const std::string before = land.text();
  const auto no_host = []() noexcept -> Result<void> {
    ADD_FAILURE() << "the host is called";
    return {};
  };
  EXPECT_EQ(land.plan_munmap(TestSpace::column(0) + 1, one).run(no_host).code(), Error::invalid);
  EXPECT_EQ(land.plan_mprotect(TestSpace::column(1), 2 * one, prot::read).run(no_host).code(),
            Error::no_memory);
  EXPECT_EQ(land.text(), before) << "not even as much as Linux would leave";
  EXPECT_TRUE(land.munmap(TestSpace::column(0), one)) << "the space is free again";
}

TEST(MisusedArguments, call_without_memory_does_not_reach_the_host) {
  Stage stage("AAAA");
  auto change = stage.space().plan_munmap(TestSpace::column(1), 2 * one);
  stage.host().faults.fail(1);
  unsigned calls = 0;
  const auto host_call = [&]() noexcept -> Result<void> { return ++calls, success; };
  EXPECT_EQ(change.run(host_call).code(), Error::no_memory);
  stage.host().faults.fail(0);
  EXPECT_EQ(calls, 0u);
  EXPECT_EQ(stage.picture(), "AAAA");
  EXPECT_TRUE(change.run(host_call)) << "it was only dropped";
  EXPECT_EQ(calls, 1u);
  EXPECT_EQ(stage.picture(), "A..A");
  stage.check();
}

TEST(MisusedArguments, host_call_that_makes_a_call_of_its_own_is_told_busy) {
  Land<Userland> land("AAAA");
  const Result<void> done =
      land.plan_munmap(TestSpace::column(1), 2 * one).run([&]() noexcept -> Result<void> {
        EXPECT_EQ(land.munmap(TestSpace::column(0), one).code(), Error::busy);
        return {};
      });
  EXPECT_TRUE(done);
  EXPECT_EQ(land.picture(), "A..A");
}

}  // namespace
}  // namespace vmarea::test
