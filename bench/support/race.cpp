// SPDX-License-Identifier: MIT
#include "support/race.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <map>
#include <tuple>

namespace vmarea::bench {
namespace {

using Key = std::tuple<std::string, std::string, std::uint64_t, std::string>;

std::map<Key, std::vector<double>>& book() {
  static std::map<Key, std::vector<double>> all;
  return all;
}

std::vector<double>& samples(const Subject& subject, const std::string& name) {
  return book()[{subject.question, subject.layout, subject.areas, name}];
}

double median(std::vector<double> values) {
  if (values.empty()) return std::numeric_limits<double>::quiet_NaN();
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

/// Of one thing.
double nanoseconds(const Runner& runner, std::size_t round, std::size_t batch) {
  const std::size_t count = std::max<std::size_t>(batch / runner.batch_divisor, 1);
  const std::size_t first = round * count;
  runner.prepare();
  const auto before = std::chrono::steady_clock::now();
  runner.run(first, count);
  const auto after = std::chrono::steady_clock::now();
  const double all = std::chrono::duration<double, std::nano>(after - before).count();
  return all / (static_cast<double>(count) * runner.things);
}

}  // namespace

void demand(bool kept, const char* what) {
  if (kept) return;
  std::fprintf(stderr, "benchmark: %s\n", what);
  std::exit(1);
}

void race(benchmark::State& state, const Subject& subject, std::size_t batch,
          const std::vector<Runner>& runners) {
  for (const Runner& runner : runners) {
    samples(subject, runner.name).clear();
    (void)nanoseconds(runner, 0, batch);  // Warms up, and faults in what it needs.
  }
  std::size_t round = 0;
  for (auto _ : state) {
    for (std::size_t k = 0; k < runners.size(); ++k) {
      const Runner& runner = runners[(k + round) % runners.size()];
      samples(subject, runner.name).push_back(nanoseconds(runner, round, batch));
    }
    state.SetIterationTime(samples(subject, runners.front().name).back() / 1e9);
    ++round;
  }
  for (const Runner& runner : runners) {
    state.counters[runner.name] = measured(subject, runner.name);
  }
}

void note(benchmark::State& state, const Subject& subject, const std::string& name, double value) {
  samples(subject, name).assign(1, value);
  state.counters[name] = value;
}

double measured(const Subject& subject, const std::string& name) {
  return median(samples(subject, name));
}

double measured_ratio(const Subject& subject, const std::string& name, const std::string& of) {
  const std::vector<double>& above = samples(subject, name);
  const std::vector<double>& below = samples(subject, of);
  std::vector<double> ratios;
  for (std::size_t i = 0; i < above.size() && i < below.size(); ++i) {
    ratios.push_back(above[i] / below[i]);
  }
  return median(ratios);
}

}  // namespace vmarea::bench
