// SPDX-License-Identifier: MIT
//
// Random calls of every kind, each with every attempt to take something failing in turn before it
// is made: once, for ever, and once more while the first failure is undone. Nothing has changed
// then, nothing is lost, and the call is made as if nothing had been.
//
//   for n = 1, 2, ...   plan, let the n-th attempt fail, reserve, compare
//                       until a reserve comes to its end without reaching the n-th
//
//   VMAREA_SEED=17 ./faults_every_call_test     that sequence alone
//   VMAREA_SHOW=1 ./faults_every_call_test      how many attempts failed, by kind of call
#include <cstdio>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "model/every_call/sequences.hpp"
#include "model/two_forms/seen.hpp"
#include "support/host_check.hpp"

namespace vmarea::test::faults {
namespace {

using every_call::Answer;
using every_call::Call;
using every_call::calls_per_sequence;
using every_call::Kind;
using every_call::Settings;
using every_call::World;
using shims::FaultCount;
using two_forms::Seen;

constexpr std::uint64_t indices_max = 10'000;  // No call takes so much.

/// How a failure goes on.
struct Way {
  FaultCount how_often;
  std::uint64_t again_after;  // 0: no second failure.
};
constexpr Way ways[] = {{FaultCount::once, 0},
                        {FaultCount::for_ever, 0},
                        {FaultCount::once, 1},
                        {FaultCount::once, 2},
                        {FaultCount::once, 3}};

class FailEach {
 public:
  explicit FailEach(const Settings& settings) : world_(settings) {
    world_.host.faults.kinds |= shims::kind_bit(shims::Resource::space_lock);
  }

  /// What is wrong after the call; empty: nothing.
  std::string take(Call call) {
    call.fails_at = 0;
    wrong_.clear();
    failed_ = 0;
    (void)world_.host.take_events();  // Of the call before.
    (void)play(world_, call, *this);
    const Broken broken = vmarea::check(world_.space().state());
    if (broken) fail(fmt::format("invariant {}: {}", broken.number, broken.what));
    wrong_ += what_is_wrong_in_pages(world_.space().state());
    return wrong_;
  }
  std::uint64_t failed() const { return failed_; }

  // The form of a call.
  template <class Whole, class Plan>
  auto made(Whole&& whole, Plan&& plan) {
    for (const Way& way : ways) {
      for (std::uint64_t n = 1; n < indices_max && wrong_.empty(); ++n) {
        const Seen before = look();
        begin_faults(way, n);
        auto change = plan();
        const Result<void> taken = change.reserve();
        change.end();
        if (!end_faults(way, n, before, taken)) break;
      }
    }
    return whole();
  }
  Result<void> forked(World& world, World::GoOn where) {
    for (const Way& way : ways) {
      for (std::uint64_t n = 1; n < indices_max && wrong_.empty(); ++n) {
        world.end_other();
        const Seen before = look();
        World::Space child{TestServices(world.host)};
        begin_faults(way, n);
        const Result<void> done = world.space().fork_into(child);
        if (!done && child.area_count() != 0) fail("a fork that failed left areas in the child");
        const bool failed = world.host.faults.failures > 0;
        world.host.faults.fail(0);
        // A child that was made is told of, and ends with this turn.
        (void)world.host.take_events();
        if (!failed) break;
        (void)end_faults(way, n, before, done);
      }
    }
    return world.fork(where);
  }

 private:
  void fail(const std::string& what) { wrong_ += what + "\n"; }
  Seen look() {
    Seen seen = Seen::of(world_, {});
    seen.lines.clear();  // What was asked is no effect.
    return seen;
  }
  void begin_faults(const Way& way, std::uint64_t n) {
    world_.host.faults.fail(n, way.how_often);
    if (way.again_after != 0) world_.host.faults.fails_again_at = n + way.again_after;
  }
  /// Whether the n-th attempt was reached.
  bool end_faults(const Way& way, std::uint64_t n, const Seen& before, const Result<void>& taken) {
    shims::FaultPlan& faults = world_.host.faults;
    const bool reached = faults.attempts >= n || faults.fail_at == 0;
    if (faults.fail_at != 0) faults.fail(0);
    if (!reached) return false;
    ++failed_;
    const std::string changes = two_forms::differences(before, look());
    if (changes.empty()) return true;
    fail(fmt::format("attempt {} of {} failed, once more after {}, answer {}, and changed\n{}", n,
                     way.how_often == FaultCount::once ? "one" : "all", way.again_after,
                     static_cast<int>(taken.code()), changes));
    return true;
  }

  World world_;
  std::string wrong_;
  std::uint64_t failed_ = 0;
};

TEST(EveryAttempt, that_fails_leaves_everything_as_it_was) {
  every_call::expect_no_sequence_goes_wrong<FailEach>(60);
}

TEST(EveryAttempt, is_reached_by_each_kind_of_call) {
  std::vector<std::uint64_t> failed(std::size(every_call::kinds));
  std::uint64_t all = 0;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    FailEach player(Settings::of(seed));
    for (const Call& call : every_call::make_calls(seed, calls_per_sequence)) {
      ASSERT_EQ(player.take(call), "") << text_of(call);
      failed[static_cast<std::size_t>(call.kind)] += player.failed();
      all += player.failed();
    }
  }
  for (std::size_t kind = 0; kind < failed.size(); ++kind) {
    // One takes nothing, the other is made of calls that are reached by themselves.
    const auto each = static_cast<every_call::Kind>(kind);
    const bool has_no_beats =
        each == every_call::Kind::cover || each == every_call::Kind::advise_several;
    EXPECT_EQ(failed[kind] > 0u, !has_no_beats) << every_call::kinds[kind].name;
    if (number_from("VMAREA_SHOW", 0) == 0) continue;
    std::printf("%-16s %8llu\n", every_call::kinds[kind].name,
                static_cast<unsigned long long>(failed[kind]));
  }
  if (number_from("VMAREA_SHOW", 0) != 0) {
    std::printf("%-16s %8llu\n", "all", static_cast<unsigned long long>(all));
  }
}

}  // namespace
}  // namespace vmarea::test::faults
