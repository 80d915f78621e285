// SPDX-License-Identifier: MIT
//
// What calls would do to a space that may not be changed: the same steps as the change shows, the
// same answer as the call gives, no lock taken, nothing left behind.
#include <fmt/core.h>

#include "support/stage.hpp"

namespace vmarea::test {
namespace {

/// Where the steps of a planned call lie, and what the answer will be.
template <class Planned>
std::string text_of(const Planned& planned) {
  std::string text = fmt::format("{}:", static_cast<int>(planned.status().code()));
  planned.for_each_step([&](const Step<TestServices>& step) {
    text += fmt::format(" {}", static_cast<int>(step.kind));
    if (step.kind != StepKind::edit) return;
    for (const Piece<TestServices>& piece : step.edit->pieces) {
      text += fmt::format(" [{:x},{:x}) {:x}", piece.after.start, piece.after.end,
                          piece.after.flags.bits());
    }
  });
  return text + fmt::format(" then {}", static_cast<int>(planned.sequel().kind));
}

struct Previews : Stage {
  using Stage::Stage;

  /// Plans by `plan` twice, to look at and to make; both have to show the same.
  template <class Plan>
  void expect_same(Plan&& plan) {
    const std::string before = text();
    const AddressSpace<TestServices>& fixed = space();
    const std::string seen = text_of(plan(fixed.preview()));
    EXPECT_EQ(text(), before) << "a preview changed something";
    auto change = plan(space());
    EXPECT_EQ(text_of(change), seen);
    const auto status = change.status();
    EXPECT_EQ(run(std::move(change)), status);
  }
  std::string text() {
    return fmt::format("{} {} {}", picture(), state().generation, attribute_count());
  }
  std::size_t attribute_count() {
    std::size_t count = 0;
    host().attribute_table.for_each([&](const auto&) { ++count; });
    return count;
  }
};

TEST(Preview, shows_the_steps_and_the_answer_of_each_kind_of_call) {
  const auto range = columns(1, 3);
  Previews("AAAA").expect_same([&](auto&& calls) { return calls.plan_munmap(range); });
  Previews("AAAA").expect_same(
      [&](auto&& calls) { return calls.plan_mprotect(range, prot::read); });
  Previews("ABAA").expect_same([&](auto&& calls) { return calls.plan_mprotect(range, rw); });
  Previews("AAAA").expect_same(
      [&](auto&& calls) { return calls.plan_mlock(range, MlockMode::lock); });
  Previews("AAAA").expect_same(
      [&](auto&& calls) { return calls.plan_touch(range.start, Touch::write); });
  Previews("AAAA").expect_same([&](auto&& calls) {
    return calls.plan_mmap(
        {.address = range.start, .length = 0x2000, .protection = rw, .flags = fixed_private});
  });
  Previews("AABB....").expect_same([&](auto&& calls) {
    return calls.plan_mremap({.address = TestSpace::column(1),
                              .old_length = 0x1000,
                              .new_length = 0x1000,
                              .flags = fixed_move,
                              .new_address = TestSpace::column(6)});
  });
}

TEST(Preview, shows_what_a_refused_call_leaves) {
  Previews("AXAA").expect_same(
      [](auto&& calls) { return calls.plan_mprotect(columns(0, 3), prot::read); });
  Previews("AAAA").expect_same([](auto&& calls) { return calls.plan_munmap(columns(3, 1)); });
}

TEST(Preview, leaves_no_attributes_behind) {
  Previews stage("AAAA");
  const std::size_t before = stage.attribute_count();
  const AddressSpace<TestServices>& fixed = stage.space();
  {
    const auto preview = fixed.preview().plan_mbind(columns(1, 2), 77);
    EXPECT_TRUE(preview.status());
    EXPECT_EQ(stage.attribute_count(), before + 1) << "there as long as it is looked at";
  }
  EXPECT_EQ(stage.attribute_count(), before);
  stage.expect_same([](auto&& calls) { return calls.plan_mbind(columns(1, 2), 77); });
}

TEST(Preview, takes_no_lock_so_that_a_change_may_be_held) {
  Stage stage("AAAA");
  const AddressSpace<TestServices>& fixed = stage.space();
  auto change = stage.space().plan_munmap(columns(0, 1));
  EXPECT_EQ(text_of(fixed.preview().plan_munmap(columns(0, 1))), text_of(change));
  EXPECT_TRUE(change.complete());
  stage.check();
}

}  // namespace
}  // namespace vmarea::test
