// SPDX-License-Identifier: MIT
//
// One case of the scheduler for each of many seeds: orders that are drawn, with few points of
// change, then all orders of two preemptions, as far as the limit goes.
//
//   VMAREA_SEEDS       how many seeds; 100
//   VMAREA_SCHEDULES   how many orders of a seed are listed, and half of them drawn; 200
#pragma once

#include <cstdint>
#include <cstdio>
#include <random>
#include <string>

#include <gtest/gtest.h>

#include "scheduler/scheduler.hpp"
#include "support/run_apart.hpp"

namespace vmarea::test {

/// make(random) makes what a seed is about, and run(that, threads) is the case. Ends at the first
/// failure.
template <class Make, class Run>
void explore_seeds(Make&& make, Run&& run) {
  const std::uint64_t seeds = number_from("VMAREA_SEEDS", 100);
  const std::uint64_t listed = number_from("VMAREA_SCHEDULES", 200);
  std::uint64_t schedules = 0;
  std::uint64_t complete = 0;
  for (std::uint64_t seed = 1; seed <= seeds && !testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random(seed);
    auto story = make(random);
    const scheduler::Case the_case = [&](scheduler::Threads& threads) { run(story, threads); };
    const auto look_at = [&](const scheduler::Report& report) {
      schedules += report.schedules;
      complete += report.is_complete ? 1 : 0;
      EXPECT_FALSE(report.found) << report.text();
    };
    for (unsigned depth = 2; depth <= 4; ++depth) {
      look_at(explore_drawn({.seed = seed, .depth = depth, .schedules = listed / 2}, the_case));
    }
    look_at(explore_all({.preemptions = 2, .schedules_max = listed}, the_case));
  }
  std::printf("%llu schedules; all orders of %llu seeds\n",
              static_cast<unsigned long long>(schedules),
              static_cast<unsigned long long>(complete));
}

}  // namespace vmarea::test
