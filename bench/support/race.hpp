// SPDX-License-Identifier: MIT
//
// Times several ways of doing one thing in turn, round by round, within one run, so that what
// disturbs the machine disturbs all of them. What is quoted are medians over the rounds, of times
// and of ratios within a round.
//
//   round 1   ours | map | btree | ...         each runs a batch of operations
//   round 2   map | btree | ... | ours         and another goes first
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

namespace vmarea::bench {

/// A benchmark of what does not work measures nothing.
void demand(bool kept, const char* what);

/// One way of doing it.
struct Runner {
  std::string name;
  /// Does the operations numbered [first, first + count).
  std::function<void(std::size_t first, std::size_t count)> run;
  /// Before each batch, untimed.
  std::function<void()> prepare = [] {};
  /// How many things one operation does; times are given for one thing.
  double things = 1;
  /// For what takes long: a batch is so many times smaller.
  std::size_t batch_divisor = 1;
};

/// What was measured, and where.
struct Subject {
  std::string question;
  std::string layout;
  std::uint64_t areas = 0;
};

/// Runs the race; each runner becomes a counter, in nanoseconds. `batch`: operations in a row.
void race(benchmark::State& state, const Subject& subject, std::size_t batch,
          const std::vector<Runner>& runners);

/// Adds a number that is not a time, such as bytes an area.
void note(benchmark::State& state, const Subject& subject, const std::string& name, double value);

/// Medians, for the table; NaN where it was not measured.
double measured(const Subject& subject, const std::string& name);
/// The median over the rounds of one runner's time over another's.
double measured_ratio(const Subject& subject, const std::string& name, const std::string& of);

/// Keeps a value alive and tells the compiler that memory may have changed.
template <class Value>
void consume(const Value& value) {
  asm volatile("" : : "r,m"(value) : "memory");
}

/// Zero, though only the processor knows, and only after `value` is known: makes the next operation
/// wait for this one.
inline std::uint64_t zero_after(std::uint64_t value) {
  std::uint64_t mask = 0;
  asm volatile("" : "+r"(mask));
  return value & mask;
}

}  // namespace vmarea::bench
