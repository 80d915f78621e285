// SPDX-License-Identifier: MIT
//
// How a model test goes through sequences of random calls: one for each seed, in a process apart,
// and what goes wrong is shrunk to the shortest sequence that shows it.
//
//   struct Player { explicit Player(const Settings&);  std::string take(const Call&); };
//   expect_no_sequence_goes_wrong<Player>();       VMAREA_SEED: that one alone; VMAREA_SEEDS: so
//   many
#pragma once

#include <cstdint>
#include <string>

#include <gtest/gtest.h>

#include "model/every_call/play.hpp"
#include "model/every_call/world.hpp"
#include "support/run_apart.hpp"
#include "support/shrink.hpp"

namespace vmarea::test::every_call {

inline constexpr std::size_t calls_per_sequence = 400;

template <class Player>
void expect_no_sequence_goes_wrong(std::uint64_t seeds = 600) {
  const std::uint64_t chosen = number_from("VMAREA_SEED", 0);
  const std::uint64_t first = chosen != 0 ? chosen : 1;
  const std::uint64_t last = chosen != 0 ? chosen : number_from("VMAREA_SEEDS", seeds);
  for (std::uint64_t seed = first; seed <= last; ++seed) {
    const Settings settings = Settings::of(seed);
    const Calls calls = make_calls(seed, calls_per_sequence);
    const auto run = [&](const Calls& some, Noise noise) {
      return run_apart([&] { return take_all<Player>(some, settings); }, noise);
    };
    if (run(calls, Noise::hidden).empty()) continue;
    const Calls fewest =
        shrink(calls, [&](const Calls& some) { return !run(some, Noise::hidden).empty(); });
    FAIL() << run(fewest, Noise::shown) << "after\n"
           << text_of(fewest) << "again with VMAREA_SEED=" << seed;
  }
}

}  // namespace vmarea::test::every_call
