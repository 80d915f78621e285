// SPDX-License-Identifier: MIT
//
// for_each_step shows everything that a call does: the steps of random calls, seen before reserve,
// are made on a naive space that never looks at the real one, and after commit the two are equal.
// Each edit is held against the pages that it speaks of, what page tables are told against the
// steps, and a mirror that hears notices alone against the space.
//
//   VMAREA_SEED=17 ./model_replayed_steps_model_test      that sequence alone
//   VMAREA_SEEDS=5000 ./model_replayed_steps_model_test   so many
#include <cstdio>
#include <string>

#include <gtest/gtest.h>

#include "model/every_call/sequences.hpp"
#include "model/replayed_steps/edit_checks.hpp"
#include "model/replayed_steps/notice_mirror.hpp"

namespace vmarea::test::replayed_steps {
namespace {

using every_call::Answer;
using every_call::Call;
using every_call::calls_per_sequence;
using every_call::Kind;
using every_call::Settings;

/// How many edits there were with what the checks are about.
struct Counts {
  unsigned edits = 0;
  unsigned with_access = 0;
  unsigned with_mapped = 0;
  unsigned with_unmapped = 0;
  unsigned plans_of_several_edits = 0;
  unsigned without_joins = 0;
  unsigned failed_reservations = 0;
};

class Replay {
 public:
  explicit Replay(const Settings& settings) : world_(settings), model_(world_) {
    world_.host.on_notice = [this](const Notice<TestServices>& notice) { hear(notice); };
  }
  ~Replay() { world_.host.on_notice = {}; }

  /// What is wrong after the call; empty: nothing.
  std::string take(const Call& call) {
    wrong_.clear();
    relocates_ = call.kind == Kind::relocate;
    world_.host.recorder.lines.clear();
    answer_ = play(world_, call, *this);
    // Made of changes that madvise shows by itself; of several together no steps are shown.
    if (call.kind == Kind::advise_several) model_ = NaiveSpace(world_);
    wrong_ += model_.compare(world_);
    wrong_ += mirror_.compare(world_.space());
    return wrong_;
  }
  Answer answer() const { return answer_; }
  const Counts& counts() const { return counts_; }

  // The form of a call.
  template <class Whole, class Plan>
  auto made(Whole&&, Plan&& plan) {
    return perform(plan());
  }
  /// A fork has no steps, so the model begins anew; it has notices.
  Result<void> forked(World& world, World::GoOn where) {
    child_ = {};
    hears_child_ = true;
    const Result<void> done = world.fork(where);
    hears_child_ = false;
    const bool goes_on = done && where == World::GoOn::in_child;
    if (!done && !child_.empty()) fail("notices say that a failed fork left areas");
    if (goes_on) {
      mirror_ = child_;
      model_ = NaiveSpace(world);
    }
    return done;
  }

 private:
  void hear(const Notice<TestServices>& notice) { (hears_child_ ? child_ : mirror_).hear(notice); }
  void fail(const std::string& what) { wrong_ += what + "\n"; }

  template <class Plan>
  static ShownSteps shown(const Change<TestServices, Plan>& change) {
    ShownSteps steps;
    change.for_each_step([&](const Step<TestServices>& step) {
      steps.push_back({step, step.kind == StepKind::edit ? *step.edit : Edit<TestServices>{}});
    });
    return steps;
  }

  template <class Plan>
  Result<typename Plan::Value> perform(Change<TestServices, Plan> change) {
    ShownSteps steps = shown(change);
    const Result<void> taken = change.reserve();
    if (!taken) {
      ++counts_.failed_reservations;
      return taken.error();
    }
    if (change.gave_up_joins()) {
      ++counts_.without_joins;
      steps = shown(change);
    }
    world_.host.recorder.lines.clear();
    const Result<typename Plan::Value> answer = change.commit();
    if (!(answer == change.status())) fail("commit does not answer what the plan said");
    replay(steps);
    wrong_ += model_.compare(world_);
    if (page_lines(steps) != page_lines(world_.host.recorder.lines)) {
      fail("the page tables were not told what the steps say");
    }
    if constexpr (requires { change.rest(); }) {
      if (change.has_rest()) {
        const Result<typename Plan::Value> moved = perform(change.rest());
        return moved ? answer : moved;
      }
    }
    const Sequel sequel = change.sequel();
    const Result<typename Plan::Value> finished = change.finish();
    if (answer) take_over(sequel);
    return finished;
  }

  /// Makes the steps on the model and looks at each edit.
  void replay(const ShownSteps& steps) {
    const PageCount charge_before = model_.charge();
    std::int64_t charge = 0;
    unsigned edits = 0;
    model_.begin_change();
    for (std::size_t i = 0; i < steps.size(); ++i) {
      if (steps[i].step.kind != StepKind::edit) {
        wrong_ += model_.apply(steps[i]);
        continue;
      }
      ++edits;
      count(steps[i].edit);
      charge += steps[i].edit.charge;
      const NaiveSpace before = model_;
      wrong_ += model_.apply(steps[i]);
      EditContext context{.covers_more = relocates_};
      for (std::size_t k = i + 1; k < steps.size() && steps[k].step.kind != StepKind::edit; ++k) {
        const Step<TestServices>& next = steps[k].step;
        if (next.kind == StepKind::move_pages) {
          context.moved_to = {next.to(), next.to() + next.range.length()};
        }
        if (next.kind == StepKind::protect_pages) context.protected_later = next.range;
      }
      wrong_ += check_edit(before, steps[i].edit, model_, context);
    }
    if (edits > 1) ++counts_.plans_of_several_edits;
    if (charge_before + static_cast<PageCount>(charge) != model_.charge()) {
      fail("the edits charge something else than the areas account for");
    }
  }

  void count(const Edit<TestServices>& edit) {
    ++counts_.edits;
    if (!edit.access.empty()) ++counts_.with_access;
    if (!edit.mapped.empty()) ++counts_.with_mapped;
    if (!edit.unmapped.empty()) ++counts_.with_unmapped;
  }

  /// What is touched after the lock was let go is no step of the change.
  void take_over(const Sequel& sequel) {
    if (sequel.kind == Sequel::Kind::nothing) return;
    const bool all = sequel.kind == Sequel::Kind::touch_everything;
    const Range everything{0, world_.host.geometry.limit};
    model_.take_over_touches(world_, all ? everything : sequel.range);
  }

  World world_;
  NaiveSpace model_;
  NoticeMirror<TestServices> mirror_;
  NoticeMirror<TestServices> child_;
  bool hears_child_ = false;
  bool relocates_ = false;
  Counts counts_;
  Answer answer_{};
  std::string wrong_;
};

TEST(ReplayedSteps, are_all_that_a_call_does) {
  every_call::expect_no_sequence_goes_wrong<Replay>();
}

TEST(ReplayedSteps, sequences_reach_what_is_checked) {
  Counts sums;
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    Replay replay(Settings::of(seed));
    for (const Call& call : every_call::make_calls(seed, calls_per_sequence)) {
      ASSERT_EQ(replay.take(call), "");
    }
    const Counts& counts = replay.counts();
    sums.edits += counts.edits;
    sums.with_access += counts.with_access;
    sums.with_mapped += counts.with_mapped;
    sums.with_unmapped += counts.with_unmapped;
    sums.plans_of_several_edits += counts.plans_of_several_edits;
    sums.without_joins += counts.without_joins;
    sums.failed_reservations += counts.failed_reservations;
  }
  EXPECT_GT(sums.edits, 10'000u);
  EXPECT_GT(sums.with_access, 1'000u);
  EXPECT_GT(sums.with_mapped, 1'000u);
  EXPECT_GT(sums.with_unmapped, 1'000u);
  EXPECT_GT(sums.plans_of_several_edits, 500u);
  EXPECT_GT(sums.without_joins, 0u);
  EXPECT_GT(sums.failed_reservations, 300u);
  if (number_from("VMAREA_SHOW", 0) != 0) {
    std::printf("edits %u access %u mapped %u unmapped %u several %u unjoined %u failed %u\n",
                sums.edits, sums.with_access, sums.with_mapped, sums.with_unmapped,
                sums.plans_of_several_edits, sums.without_joins, sums.failed_reservations);
  }
}

}  // namespace
}  // namespace vmarea::test::replayed_steps
