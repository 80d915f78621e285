// SPDX-License-Identifier: MIT
//
// How noisy the machine is: a loop that never changes is timed between the rounds of a race. What
// it takes longer than it ever took at best in this run, something else took from it, and from
// whoever raced beside it.
//
//   ->[.]->[.]->[.]-> ...    one load waits for the other, in 1 MiB at random: it feels the
//                            processor's pace and what the caches lose to others
//
// It does not feel how busy the memory is. Tried: 32 MiB as well; its least was up to twice as high
// beside contestants as alone, so it told who had run before.
//
// Times are the processor's for this thread: while another program runs here they stand still.
#pragma once

namespace vmarea::bench {

/// Above it, a number is not shown: the fixed loop took so much longer, as a share of its least.
inline constexpr double noise_max = 0.30;

/// Nanoseconds that this thread ran.
double processor_time();

/// Times the fixed loop, in nanoseconds.
double time_fixed_loop();
/// The least it took in this run.
double fixed_loop_least();

/// For tests: from now on the loop seems to take so much longer than its least, as shares of it;
/// `least` every fourth time, else `mostly`.
struct PretendedNoise {
  double least;
  double mostly;
};
void pretend_for_test(PretendedNoise noise);

}  // namespace vmarea::bench
