// SPDX-License-Identifier: MIT
//
// Hands spaces from one translation unit to the other, and compares with spaces that stay in one.
#include <cstdio>

#include <sys/wait.h>
#include <unistd.h>

#include "both.hpp"

namespace {

using namespace vmarea;

int failures = 0;

void expect(bool good, const char* what) {
  if (good) return;
  std::printf("FAILED: %s\n", what);
  ++failures;
}

/// The same series of calls three times: in turn, and all of them in either unit.
template <class Space>
void expect_same_calls(std::string (*mixed::Unit::*call)(Space&, unsigned), const char* what) {
  Space in_turn, with, without;
  for (unsigned number = 0; number < 1500; ++number) {
    const mixed::Unit& unit = number % 3 == 0 ? mixed::with_ndebug : mixed::without_ndebug;
    const std::string text = (unit.*call)(in_turn, number);
    const bool same = text == (mixed::with_ndebug.*call)(with, number) &&
                      text == (mixed::without_ndebug.*call)(without, number);
    if (!same || text.find("broken") != std::string::npos) {
      std::printf("call %u: %s\n", number, text.c_str());
      return expect(false, what);
    }
  }
}

void expect_change_is_handed_over(const mixed::Unit& planner, const mixed::Unit& committer) {
  mixed::Space space;
  const Range range{0x1000'0000, 0x1000'4000};
  expect(static_cast<bool>(space.mmap({.address = range.start,
                                       .length = range.length(),
                                       .protection = prot::read,
                                       .flags = map::private_ | map::anonymous | map::fixed})),
         "mmap");
  const Range middle{range.start + 0x1000, range.end - 0x1000};
  expect(committer.commit(planner.reserve_unmap(space, middle)), "a change is handed over");
  expect(space.area_count() == 2, "the hole is there");
  expect(planner.second_commit_is_busy(space) && committer.second_commit_is_busy(space),
         "a call out of turn is busy, whatever NDEBUG says");
}

/// Whether `act` ends the program, tried in a child.
template <class Act>
bool ends_program(Act&& act) {
  std::fflush(nullptr);
  const pid_t child = fork();
  if (child == 0) {
    act();
    _exit(0);
  }
  int status = 0;
  return child > 0 && waitpid(child, &status, 0) == child && WIFSIGNALED(status);
}

void expect_results_are_checked(const mixed::Unit& unit) {
  const Result<Address> good{1}, failed{Error::busy};
  expect(unit.value_of(good) == 1 && unit.error_of(failed) == Error::busy, "a result is read");
  expect(ends_program([&] { (void)unit.value_of(failed); }), "a value that is not there ends all");
  expect(ends_program([&] { (void)unit.error_of(good); }), "an error that is not there ends all");
}

}  // namespace

int main() {
  expect(mixed::with_ndebug.has_ndebug && !mixed::without_ndebug.has_ndebug, "two builds");
  const mixed::Sizes sizes = mixed::with_ndebug.sizes();
  expect(sizes == mixed::without_ndebug.sizes(), "both know the same sizes");
  expect(!sizes.checks && sizes.checked_checks, "the host chooses the checks, not NDEBUG");
  expect_same_calls(&mixed::Unit::call, "calls in turn");
  expect_same_calls(&mixed::Unit::call_checked, "calls in turn, checked");
  expect_change_is_handed_over(mixed::with_ndebug, mixed::without_ndebug);
  expect_change_is_handed_over(mixed::without_ndebug, mixed::with_ndebug);
  expect_results_are_checked(mixed::with_ndebug);
  expect_results_are_checked(mixed::without_ndebug);
  if (failures == 0) std::printf("the same with and without NDEBUG\n");
  return failures;
}
