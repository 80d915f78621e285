// SPDX-License-Identifier: MIT
//
// Times several ways of doing one thing in turn, round by round, within one run, so that what
// disturbs the machine disturbs all of them. Each has a slice of its own: a part of a batch
// untimed, which brings back what the others took from the caches, then a batch. What asks the
// kernel comes after all the others, in a lap of its own. The fixed loop opens each round and says
// how quiet it was.
//
//   round 1   loop | ours | map | btree | ...         round 1   loop | kernel
//   round 2   loop | map | btree | ... | ours         round 2   loop | kernel
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

/// Together with the others, or after them.
enum class Lap : unsigned char { shared, apart };

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
  Lap lap = Lap::shared;
};

/// What was measured, and where.
struct Subject {
  std::string question;
  std::string layout;
  std::uint64_t areas = 0;
};

/// What is quoted of the rounds.
enum class Quote : unsigned char { minimum, median };

/// Runs the race; each runner becomes two counters, in nanoseconds, unless it was too noisy.
/// `batch`: operations in a row.
void race(benchmark::State& state, const Subject& subject, std::size_t batch,
          const std::vector<Runner>& runners);

/// Adds a number that is not a time, such as bytes an area.
void note(benchmark::State& state, const Subject& subject, const std::string& name, double value);

/// For the table; NaN where it was not measured.
double measured(const Subject& subject, const std::string& name, Quote quote);
/// One runner's time over another's: of the minima, or the median over the rounds.
double measured_ratio(const Subject& subject, const std::string& name, const std::string& of,
                      Quote quote);

/// By how much the fixed loop was slower beside this race than at best in this run, as a share; of
/// two laps the worse. 0 for what is no time.
double noise(const Subject& subject, Quote quote);
/// Whether times were taken of it; what note() adds is no time.
bool was_raced(const Subject& subject);
/// All that were raced.
std::vector<Subject> raced();

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
