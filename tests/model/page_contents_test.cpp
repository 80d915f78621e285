// SPDX-License-Identifier: MIT
//
// Whatever calls are made, every page is where they put it: random sequences on a family of spaces,
// each compared after every step with a map from page to token that knows only what calls mean, and
// walked backwards from every page to the area that maps it.
//
//   VMAREA_SEED=17 ./model_page_contents_test      that sequence alone
//   VMAREA_SEEDS=5000 ./model_page_contents_test   so many
//
// Each sequence runs in a process of its own, so one that ends its program is shrunk like any
// other.
#include <cstdio>
#include <cstdlib>
#include <string>

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "model/page_contents/world.hpp"
#include "support/shrink.hpp"

namespace vmarea::test::page_contents {
namespace {

constexpr std::size_t steps_per_sequence = 150;

/// Makes the steps in this process; what went wrong, and after how many.
std::string run_here(const Steps& steps, const Settings& settings, std::size_t& taken) {
  std::string wrong;
  {
    World world(settings);
    for (taken = 0; taken < steps.size() && wrong.empty(); ++taken) {
      wrong = world.take(steps[taken]);
      if (::testing::Test::HasFailure() && wrong.empty()) wrong = "a host's expectation failed\n";
    }
  }
  if (wrong.empty() && ::testing::Test::HasFailure()) wrong = "something was left at the end\n";
  return wrong;
}

enum class Noise : unsigned char { shown, hidden };

/// Makes the steps in a child; empty: all is well.
std::string run_apart(const Steps& steps, const Settings& settings, Noise noise) {
  int ends[2];
  if (pipe(ends) != 0) return "no pipe\n";
  std::fflush(nullptr);
  const pid_t child = ::fork();
  if (child == 0) {
    close(ends[0]);
    if (noise == Noise::hidden) {
      if (std::freopen("/dev/null", "w", stdout) == nullptr) _exit(3);
      if (dup2(fileno(stdout), STDERR_FILENO) < 0) _exit(3);
    }
    std::size_t taken = 0;
    const std::string wrong = run_here(steps, settings, taken);
    std::fflush(stdout);
    const bool told = write(ends[1], wrong.data(), wrong.size()) >= 0;
    _exit(!told ? 3 : wrong.empty() ? 0 : 1);
  }
  close(ends[1]);
  std::string said;
  char part[1024];
  for (ssize_t got = 0; (got = read(ends[0], part, sizeof(part))) > 0;) {
    said.append(part, static_cast<std::size_t>(got));
  }
  close(ends[0]);
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) != child) return "no child\n";
  if (WIFSIGNALED(status)) said += fmt::format("ended by signal {}\n", WTERMSIG(status));
  if (status != 0 && said.empty()) said = fmt::format("ended with status {:x}\n", status);
  return said;
}

std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
  const char* text = std::getenv(variable);
  return text != nullptr ? std::strtoull(text, nullptr, 10) : otherwise;
}

TEST(PageContents, are_where_the_calls_put_them) {
  const std::uint64_t chosen = number_from("VMAREA_SEED", 0);
  const std::uint64_t first = chosen != 0 ? chosen : 1;
  const std::uint64_t last = chosen != 0 ? chosen : number_from("VMAREA_SEEDS", 300);
  for (std::uint64_t seed = first; seed <= last; ++seed) {
    const Settings settings = Settings::of(seed);
    const Steps steps = make_steps(seed, steps_per_sequence);
    const auto goes_wrong = [&](const Steps& candidate) {
      return !run_apart(candidate, settings, Noise::hidden).empty();
    };
    if (!goes_wrong(steps)) continue;
    const Steps fewest = shrink(steps, goes_wrong);
    FAIL() << run_apart(fewest, settings, Noise::shown) << "after\n"
           << text_of(fewest) << "again with VMAREA_SEED=" << seed;
  }
}

TEST(PageContents, sequences_make_each_call_succeed_and_fail) {
  constexpr auto kinds = static_cast<std::size_t>(Kind::count);
  std::vector<unsigned> succeeded(kinds), failed(kinds);
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    World world(Settings::of(seed));
    for (const Step& step : make_steps(seed, steps_per_sequence)) {
      ASSERT_EQ(world.take(step), "");
      ++(world.succeeded() ? succeeded : failed)[static_cast<std::size_t>(step.kind)];
    }
  }
  for (std::size_t kind = 0; kind < kinds; ++kind) {
    const bool never_succeeds = static_cast<Kind>(kind) == Kind::map_refused;
    EXPECT_EQ(succeeded[kind] == 0, never_succeeds) << kind_names[kind];
    EXPECT_GT(failed[kind], 0u) << kind_names[kind];
  }
}

}  // namespace
}  // namespace vmarea::test::page_contents
