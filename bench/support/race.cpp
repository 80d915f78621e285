// SPDX-License-Identifier: MIT
#include "support/race.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <map>
#include <tuple>

#include "support/noise.hpp"

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

double quoted(const std::vector<double>& values, Quote quote) {
  if (quote == Quote::median || values.empty()) return median(values);
  return *std::min_element(values.begin(), values.end());
}

std::string loop_of(Lap lap) {
  return lap == Lap::shared ? "fixed loop" : "fixed loop, apart";
}

void run(const Runner& runner, std::size_t first, std::size_t count) {
  runner.prepare();
  runner.run(first, count);
}

/// Of one thing.
double nanoseconds(const Runner& runner, std::size_t round, std::size_t batch) {
  const std::size_t count = std::max<std::size_t>(batch / runner.batch_divisor, 1);
  const std::size_t first = (round + 1) * count;
  const std::size_t untimed = std::max<std::size_t>(count / 4, 1);
  run(runner, first - untimed, untimed);
  runner.prepare();
  const double before = processor_time();
  runner.run(first, count);
  const double all = processor_time() - before;
  return all / (static_cast<double>(count) * runner.things);
}

/// One round of one lap; who goes first changes.
void run_round(const Subject& subject, std::size_t round, std::size_t batch,
               const std::vector<Runner>& runners, Lap lap) {
  samples(subject, loop_of(lap)).push_back(time_fixed_loop());
  for (std::size_t k = 0; k < runners.size(); ++k) {
    const Runner& runner = runners[(k + round) % runners.size()];
    if (runner.lap != lap) continue;
    samples(subject, runner.name).push_back(nanoseconds(runner, round, batch));
  }
}

void show_counters(benchmark::State& state, const Subject& subject,
                   const std::vector<Runner>& runners) {
  const double least = noise(subject, Quote::minimum), mostly = noise(subject, Quote::median);
  for (const Runner& runner : runners) {
    if (least <= noise_max) {
      state.counters[runner.name] = measured(subject, runner.name, Quote::minimum);
    }
    if (mostly <= noise_max) {
      state.counters[runner.name + " (median)"] = measured(subject, runner.name, Quote::median);
    }
  }
  char label[64];
  std::snprintf(label, sizeof label, "noise %.2f, median %.2f%s", least, mostly,
                std::max(least, mostly) > noise_max ? ": too noisy" : "");
  state.SetLabel(label);
}

}  // namespace

void demand(bool kept, const char* what) {
  if (kept) return;
  std::fprintf(stderr, "benchmark: %s\n", what);
  std::exit(1);
}

void race(benchmark::State& state, const Subject& subject, std::size_t batch,
          const std::vector<Runner>& runners) {
  for (const Lap lap : {Lap::shared, Lap::apart}) samples(subject, loop_of(lap)).clear();
  for (const Runner& runner : runners) {
    samples(subject, runner.name).clear();
    if (runner.lap == Lap::shared) (void)nanoseconds(runner, 0, batch);  // Faults in what it needs.
  }
  std::size_t rounds = 0;
  for (auto _ : state) {
    run_round(subject, rounds, batch, runners, Lap::shared);
    state.SetIterationTime(samples(subject, runners.front().name).back() / 1e9);
    ++rounds;
  }
  const auto is_apart = [](const Runner& runner) { return runner.lap == Lap::apart; };
  if (std::any_of(runners.begin(), runners.end(), is_apart)) {
    for (std::size_t round = 0; round < rounds; ++round) {
      run_round(subject, round, batch, runners, Lap::apart);
    }
  }
  show_counters(state, subject, runners);
}

void note(benchmark::State& state, const Subject& subject, const std::string& name, double value) {
  samples(subject, name).assign(1, value);
  state.counters[name] = value;
}

double measured(const Subject& subject, const std::string& name, Quote quote) {
  return quoted(samples(subject, name), quote);
}

double measured_ratio(const Subject& subject, const std::string& name, const std::string& of,
                      Quote quote) {
  const std::vector<double>& above = samples(subject, name);
  const std::vector<double>& below = samples(subject, of);
  if (quote == Quote::minimum) return quoted(above, quote) / quoted(below, quote);
  std::vector<double> ratios;
  for (std::size_t i = 0; i < above.size() && i < below.size(); ++i) {
    ratios.push_back(above[i] / below[i]);
  }
  return median(ratios);
}

double noise(const Subject& subject, Quote quote) {
  double worst = 0;
  for (const Lap lap : {Lap::shared, Lap::apart}) {
    const std::vector<double>& times = samples(subject, loop_of(lap));
    if (!times.empty()) worst = std::max(worst, quoted(times, quote) / fixed_loop_least() - 1);
  }
  return worst;
}

bool was_raced(const Subject& subject) {
  return !samples(subject, loop_of(Lap::shared)).empty();
}

std::vector<Subject> raced() {
  std::vector<Subject> all;
  for (const auto& [key, times] : book()) {
    const auto& [question, layout, areas, name] = key;
    if (name == loop_of(Lap::shared) && !times.empty()) all.push_back({question, layout, areas});
  }
  return all;
}

}  // namespace vmarea::bench
