// SPDX-License-Identifier: MIT
//
// How fast threads are beside each other: blocks of 20 ms, in which each does the same thing again
// and again. A block in which one of them lost its processor to another program does not count, for
// its time is no time of ours; where they wait for each other, all blocks count. What is quoted is
// the median.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

namespace vmarea::bench {

/// Does something a few times and says how often. Called by one thread at a time.
using Job = std::function<std::uint64_t()>;

enum class Count : unsigned char { undisturbed, all };

/// Nanoseconds that each job takes for one time while all of them run; NaN where hardly a block
/// counts.
std::vector<double> times_beside(const std::vector<Job>& jobs, Count blocks = Count::undisturbed);

}  // namespace vmarea::bench
