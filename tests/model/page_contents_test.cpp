// SPDX-License-Identifier: MIT
//
// Whatever calls are made, every page is where they put it: random sequences on a family of spaces,
// each compared after every step with a map from page to token that knows only what calls mean, and
// walked backwards from every page to the area that maps it.
//
//   VMAREA_SEED=17 ./model_page_contents_test      that sequence alone
//   VMAREA_SEEDS=5000 ./model_page_contents_test   so many, from VMAREA_FIRST_SEED=1 on
//
// Each sequence runs in a process of its own, so one that ends its program is shrunk like any
// other.
#include <cstdio>
#include <string>

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "model/page_contents/world.hpp"
#include "support/run_apart.hpp"
#include "support/shrink.hpp"

namespace vmarea::test::page_contents {
namespace {

constexpr std::size_t steps_per_sequence = 150;

TEST(PageContents, are_where_the_calls_put_them) {
  const std::uint64_t chosen = number_from("VMAREA_SEED", 0);
  const std::uint64_t first = chosen != 0 ? chosen : number_from("VMAREA_FIRST_SEED", 1);
  const std::uint64_t end = first + (chosen != 0 ? 1 : number_from("VMAREA_SEEDS", 300));
  for (std::uint64_t seed = first; seed < end; ++seed) {
    const Settings settings = Settings::of(seed);
    const Steps steps = make_steps(seed, steps_per_sequence);
    const auto run = [&](const Steps& some, Noise noise) {
      return run_apart([&] { return take_all<World>(some, settings); }, noise);
    };
    const auto goes_wrong = [&](const Steps& some) { return !run(some, Noise::hidden).empty(); };
    const std::uint64_t done = seed + 1 - first;
    if (done % 10000 == 0) fmt::print(stderr, "{} sequences\n", done);
    if (!goes_wrong(steps)) continue;
    const Steps fewest = shrink(steps, goes_wrong);
    FAIL() << run(fewest, Noise::shown) << "after\n"
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
