// SPDX-License-Identifier: MIT
//
// Times two ways of doing one thing in turn, within one run, so that what disturbs the machine
// disturbs both. The benchmark's time is ours; counters hold what to quote:
//
//   ours_ns, map_ns   median nanoseconds of one operation
//   map_over_ours     above 1: ours is faster
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <vector>

#include <benchmark/benchmark.h>

namespace vmarea::bench {

/// Operations timed together; many more than a clock's reading costs.
inline constexpr std::size_t batch_size = 2048;

template <class Operation>
double batch_ns(std::size_t first, Operation&& operation) {
  const auto before = std::chrono::steady_clock::now();
  for (std::size_t i = 0; i < batch_size; ++i) operation(first + i);
  const auto after = std::chrono::steady_clock::now();
  return std::chrono::duration<double, std::nano>(after - before).count();
}

inline double median(std::vector<double>& values) {
  if (values.empty()) return 0;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

/// Both take the running number of the operation. Their order alternates.
template <class Ours, class Theirs>
void side_by_side(benchmark::State& state, Ours&& ours, Theirs&& theirs) {
  std::vector<double> ours_ns;
  std::vector<double> theirs_ns;
  std::size_t first = 0;
  for (auto _ : state) {
    const bool ours_first = first / batch_size % 2 == 0;
    if (ours_first) ours_ns.push_back(batch_ns(first, ours));
    theirs_ns.push_back(batch_ns(first, theirs));
    if (!ours_first) ours_ns.push_back(batch_ns(first, ours));
    state.SetIterationTime(ours_ns.back() / 1e9);
    first += batch_size;
  }
  const double one_of_ours = median(ours_ns) / batch_size;
  const double one_of_theirs = median(theirs_ns) / batch_size;
  state.counters["ours_ns"] = one_of_ours;
  state.counters["map_ns"] = one_of_theirs;
  state.counters["map_over_ours"] = one_of_theirs / one_of_ours;
}

}  // namespace vmarea::bench
