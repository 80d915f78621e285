// SPDX-License-Identifier: MIT
//
// A call in one go and the same call beat by beat come to the same: random calls are made on two
// equal worlds, one in each form, and all that can be seen is compared after each.
//
//   in one go      space.mprotect(...)
//   beat by beat   plan_mprotect(...), reserve, commit, finish; rest() where a move leaves one
//
//   VMAREA_SEED=17 ./model_two_forms_model_test      that sequence alone
//   VMAREA_SEEDS=5000 ./model_two_forms_model_test   so many
#include <cstdio>
#include <string>

#include <gtest/gtest.h>

#include "model/every_call/sequences.hpp"
#include "model/two_forms/seen.hpp"

namespace vmarea::test::two_forms {
namespace {

using every_call::Answer;
using every_call::Call;
using every_call::calls_per_sequence;
using every_call::Settings;
using every_call::World;

struct InOneGo {
  template <class Whole, class Plan>
  auto made(Whole&& whole, Plan&&) {
    return whole();
  }
  static Result<void> forked(World& world, World::GoOn where) { return world.fork(where); }
};

/// What a host may do on the way that must make no difference.
enum class Detour : unsigned char {
  none,
  shows,  // Looks at the steps, before and after reserve.
  moves,  // Hands the change on between its beats.
  drops,  // Drops it once when planned and once when reserved, and plans again.
  runs,   // Uses run() where the call is not refused.
};

class BeatByBeat {
 public:
  BeatByBeat(TestState& host, Detour detour) : host_(host), detour_(detour) {}

  template <class Whole, class Plan>
  auto made(Whole&&, Plan&& plan) {
    if (detour_ == Detour::drops) drop(plan);
    return perform(plan());
  }
  static Result<void> forked(World& world, World::GoOn where) { return world.fork(where); }

 private:
  /// The places of the steps; shown again, they are the same.
  template <class Plan>
  static std::vector<Range> places(const Change<TestServices, Plan>& change) {
    std::vector<Range> found;
    change.for_each_step([&](const Step<TestServices>& step) {
      const bool is_edit = step.kind == StepKind::edit;
      found.push_back(is_edit ? step.edit->extent : step.range);
    });
    return found;
  }

  template <class Plan>
  void drop(Plan&& plan) {
    { const auto planned = plan(); }
    auto reserved = plan();
    (void)reserved.reserve();
    reserved.end();
    host_.recorder.lines.clear();
  }

  template <class Plan>
  Result<typename Plan::Value> perform(Change<TestServices, Plan> change) {
    if (detour_ == Detour::moves) return reserve(Change<TestServices, Plan>(std::move(change)));
    if (detour_ == Detour::runs && change.status()) {
      return change.run([] { return success; });
    }
    return reserve(std::move(change));
  }

  template <class Plan>
  Result<typename Plan::Value> reserve(Change<TestServices, Plan> change) {
    const bool shows = detour_ == Detour::shows;
    const std::vector<Range> planned = shows ? places(change) : std::vector<Range>{};
    const Result<void> taken = change.reserve();
    if (!taken) return taken.error();
    if (shows && !change.gave_up_joins()) {
      EXPECT_EQ(planned, places(change)) << "a reserved change shows other steps";
    }
    if (detour_ == Detour::moves) return commit(Change<TestServices, Plan>(std::move(change)));
    return commit(std::move(change));
  }

  template <class Plan>
  Result<typename Plan::Value> commit(Change<TestServices, Plan> change) {
    host_.allocation_forbidden = true;
    const Result<typename Plan::Value> answer = change.commit();
    host_.allocation_forbidden = false;
    EXPECT_EQ(answer, change.status()) << "commit does not answer what the plan said";
    if constexpr (requires { change.rest(); }) {
      if (change.has_rest()) {
        const Result<typename Plan::Value> moved = perform(change.rest());
        return moved ? answer : moved;
      }
    }
    return change.finish();
  }

  TestState& host_;
  Detour detour_;
};

/// The two worlds, and what each call came to.
class Pair {
 public:
  explicit Pair(const Settings& settings) : whole_(settings), by_beats_(settings) {}

  /// What differs after the call; empty: nothing.
  std::string take(const Call& call) {
    InOneGo in_one_go;
    answer_ = play(whole_, call, in_one_go);
    auto detour = static_cast<Detour>(call.choice >> 40 & 7);
    if (detour > Detour::runs) detour = Detour::none;
    // What is taken once more would make another attempt the one that fails.
    if (detour == Detour::drops && call.fails_at != 0) detour = Detour::shows;
    BeatByBeat beat_by_beat(by_beats_.host, detour);
    const Answer answer = play(by_beats_, call, beat_by_beat);
    const std::string wrong = differences(Seen::of(whole_, answer_), Seen::of(by_beats_, answer));
    const Broken broken = vmarea::check(by_beats_.space().state());
    if (!broken) return wrong;
    return wrong + fmt::format("invariant {}: {}\n", broken.number, broken.what);
  }
  Answer answer() const { return answer_; }

 private:
  World whole_;
  World by_beats_;
  Answer answer_{};
};

TEST(TwoForms, come_to_the_same) {
  every_call::expect_no_sequence_goes_wrong<Pair>();
}

TEST(TwoForms, sequences_make_each_call_succeed_and_fail) {
  constexpr auto kinds = static_cast<std::size_t>(every_call::Kind::count);
  std::vector<unsigned> succeeded(kinds), failed(kinds);
  for (std::uint64_t seed = 1; seed <= 400; ++seed) {
    Pair pair(Settings::of(seed));
    for (const Call& call : every_call::make_calls(seed, calls_per_sequence)) {
      ASSERT_EQ(pair.take(call), "");
      const bool good = pair.answer().error == Error::none;
      ++(good ? succeeded : failed)[static_cast<std::size_t>(call.kind)];
    }
  }
  for (std::size_t kind = 0; kind < kinds; ++kind) {
    using every_call::Kind;
    const auto each = static_cast<Kind>(kind);
    // The first two answer with an address or a pointer, the others hardly ever lack anything.
    const bool may_never_fail = each == Kind::brk || each == Kind::find_or_grow ||
                                each == Kind::unlock_all || each == Kind::merge_same_pages;
    EXPECT_GT(succeeded[kind], 0u) << every_call::kinds[kind].name;
    EXPECT_TRUE(failed[kind] > 0 || may_never_fail) << every_call::kinds[kind].name;
    if (number_from("VMAREA_SHOW", 0) != 0) {
      std::printf("%-16s %6u succeeded %6u failed\n", every_call::kinds[kind].name, succeeded[kind],
                  failed[kind]);
    }
  }
}

}  // namespace
}  // namespace vmarea::test::two_forms
