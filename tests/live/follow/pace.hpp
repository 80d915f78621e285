// SPDX-License-Identifier: MIT
//
// When something costly is done again: after so many calls at the earliest, and not before nine
// times what it cost last has passed, so that it takes a tenth of the time at most.
#pragma once

#include <chrono>
#include <cstdint>

namespace follow {

class Pace {
 public:
  static constexpr std::uint64_t calls_between = 64;

  /// Counts a call. Whether the time has come.
  bool count_call() {
    constexpr int rest = 9;
    if (++calls_ < calls_between) return false;
    return cost_ == Clock::duration{} || Clock::now() - done_ >= rest * cost_;
  }
  /// Does it now, and answers what it answers.
  template <class Work>
  auto run(Work&& work) {
    const Clock::time_point begun = Clock::now();
    auto answer = work();
    done_ = Clock::now();
    cost_ = done_ - begun;
    calls_ = 0;
    return answer;
  }

 private:
  using Clock = std::chrono::steady_clock;

  std::uint64_t calls_ = 0;
  Clock::time_point done_{};
  Clock::duration cost_{};
};

}  // namespace follow
