// SPDX-License-Identifier: MIT
#include "support/table.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <limits>
#include <string>
#include <vector>

#include "support/machine.hpp"
#include "support/noise.hpp"
#include "support/race.hpp"

namespace vmarea::bench {
namespace {

constexpr std::uint64_t sizes[] = {1'000, 65'000, 1'000'000};
constexpr std::size_t size_count = 3;

/// Stands for `of`: the row's own figure at the smallest size.
constexpr const char* own_at_smallest = "own";

/// One line. Without `of` it is no ratio but the number itself. A goal of 0 is none; those by
/// AVX-512 hold instead where the compiler may use it.
struct Row {
  const char* title;
  const char* question;
  const char* name;
  const char* of;
  double goals[size_count] = {};
  double goals_by_avx512[size_count] = {};
};

constexpr const char* llvm = "LLVM IntervalMap";

constexpr Row goals[] = {
    {"find, of LLVM IntervalMap",
     "find, hit",
     "ours",
     llvm,
     {0.30, 0.50, 0.65},
     {0.15, 0.35, 0.50}},
    {"find, of the static limit", "find, hit", "ours", "static limit", {}, {1.5, 1.7, 1.5}},
    {"find, dependent, of LLVM IntervalMap",
     "find, hit, dependent",
     "ours",
     llvm,
     {0.7, 0.9, 0.9},
     {0.5, 0.7, 0.9}},
    {"mprotect there and back, of std::map",
     "cycle",
     "ours, protect",
     "std::map, split and merge",
     {0.85, 0.5, 0.4}},
    {"munmap middle + mmap back, of our mprotect cycle",
     "cycle",
     "ours, unmap middle",
     "ours, protect",
     {1.2, 1.2}},
    {"munmap whole + mmap anew, of std::map erase + insert",
     "cycle",
     "ours, unmap whole",
     "std::map, erase and insert",
     {1.2, 0.6, 0.45}},
    {"iterate, one field, of std::map in order", "iterate", "ours", "std::map", {0.3, 0.3, 0.3}},
    {"deep gap search, lowest, ns", "gap", "deep, lowest", "", {60, 80}},
    {"deep gap search, highest, ns", "gap", "deep, highest", "", {60, 80}},
    {"deep gap search, lowest, of its time at 1,000 areas",
     "gap",
     "deep, lowest",
     own_at_smallest,
     {0, 0, 1.8}},
    {"deep gap search, highest, of its time at 1,000 areas",
     "gap",
     "deep, highest",
     own_at_smallest,
     {0, 0, 1.8}},
    {"mprotect over 1,000 areas, ns an area", "protect 1,000", "ours", "", {25, 40}},
    {"fork without reverse map, ns an area", "fork", "ours", "", {20, 30}},
    {"copy-and-publish writes, of writes in place",
     "publish",
     "published",
     "in place",
     {1.35, 1.35, 1.35}},
    {"find with flags beside writers, of find alone",
     "threads",
     "threaded, find",
     "userland, find",
     {1.2, 1.2}},
    {"mprotect there and back with area locks, of that without",
     "threads, protect",
     "threaded, protect",
     "userland, protect",
     {1.35, 1.35}},
    {"a reader beside another one, of one alone",
     "threads, beside",
     "reader, beside a reader",
     "reader",
     {1.05, 1.05}},
    {"a reader beside a writer elsewhere, of one alone",
     "threads, beside",
     "reader, writer elsewhere",
     "reader",
     {1.05, 1.05}},
    {"a writer beside a reader elsewhere, of one alone",
     "threads, beside",
     "writer, reader elsewhere",
     "writer",
     {1.11, 1.11}},
    {"a reader beside a writer that works 1 us a call, of one alone",
     "threads, beside",
     "reader, beside a working writer",
     "reader",
     {1.25, 1.25}},
    {"a writer that works 1 us a call beside a reader, of one alone",
     "threads, beside",
     "working writer, beside a reader",
     "working writer",
     {1.33, 1.33}},
    {"tree and pool, bytes an area after churn",
     "bytes",
     "tree and pool, after churn",
     "",
     {48, 48, 48}},
    {"area of the smallest host, bytes", "bytes", "area", "", {64, 64}},
};

constexpr Row others[] = {
    {"find, of std::map in order", "find, hit", "ours", "std::map"},
    {"find, of std::map in random order", "find, hit", "ours", "std::map, random order"},
    {"find, of a sorted vector", "find, hit", "ours", "sorted vector"},
    {"find, of boost::flat_map", "find, hit", "ours", "boost::flat_map"},
    {"find, of boost::intrusive::set", "find, hit", "ours", "boost::intrusive::set"},
    {"find, of absl::btree_map", "find, hit", "ours", "absl::btree_map"},
    {"find, of Boost.ICL", "find, hit", "ours", "Boost.ICL"},
    {"find, dependent, of the static limit", "find, hit, dependent", "ours", "static limit"},
    {"find and read, of std::map in order", "find, hit, read", "ours", "std::map"},
    {"find and read, of LLVM IntervalMap", "find, hit, read", "ours", llvm},
    {"find in a hole, of LLVM IntervalMap", "find, hole", "ours", llvm},
    {"iterate, of a sorted vector", "iterate", "ours", "sorted vector"},
    {"iterate, of boost::flat_map", "iterate", "ours", "boost::flat_map"},
    {"iterate, of boost::intrusive::set", "iterate", "ours", "boost::intrusive::set"},
    {"iterate, of std::map in random order", "iterate", "ours", "std::map, random order"},
    {"iterate, of absl::btree_map", "iterate", "ours", "absl::btree_map"},
    {"iterate, of LLVM IntervalMap", "iterate", "ours", llvm},
    {"tree and heap alone, split and merge, of std::map", "cycle", "tree alone, split and merge",
     "std::map, split and merge"},
    {"tree and heap alone, erase and insert, of std::map", "cycle", "tree alone, erase and insert",
     "std::map, erase and insert"},
    {"mprotect there and back, of boost::intrusive::set", "cycle", "ours, protect",
     "boost::intrusive::set, split and merge"},
    {"mprotect there and back, of the kernel", "cycle", "ours, protect", "kernel, protect"},
    {"munmap middle + mmap back, of the kernel", "cycle", "ours, unmap middle",
     "kernel, unmap middle"},
    {"munmap whole + mmap anew, of the kernel", "cycle", "ours, unmap whole",
     "kernel, unmap whole"},
    {"mprotect over 1,000 areas, of the kernel", "protect 1,000", "ours", "kernel"},
    {"munmap over 1,000 areas, of std::map", "unmap 1,000", "ours", "std::map"},
    {"fork, of copying a std::map", "fork", "ours", "std::map"},
    {"build in order, of std::map", "build", "ours", "std::map"},
    {"build in order, of LLVM IntervalMap", "build", "ours", llvm},
    {"replay of python3's calls, of std::map", "replay python3", "ours", "std::map"},
    {"replay of cc1plus's calls, of std::map", "replay cc1plus", "ours", "std::map"},
    {"find with flags as a guest, of find alone", "threads", "guest, find", "userland, find"},
    {"a reader beside a writer flat out, of one alone", "threads, beside",
     "reader, beside a writer", "reader"},
    {"a writer flat out beside a reader, of one alone", "threads, beside",
     "writer, beside a reader", "writer"},
    {"std::map under a shared_mutex, a find alone, of ours", "threads, beside",
     "locked map, reader", "reader"},
    {"std::map under a shared_mutex, a find beside a writer, of ours", "threads, beside",
     "locked map, reader beside a writer", "reader, beside a writer"},
    {"find, ns", "find, hit", "ours", ""},
    {"mprotect there and back, ns", "cycle", "ours, protect", ""},
    {"iterate, ns an area", "iterate", "ours", ""},
    {"deep gap search, aligned, ns", "gap", "deep, lowest, aligned", ""},
};

std::string shown(double value) {
  char text[32];
  std::snprintf(text, sizeof text, value < 10 ? "%.2f" : "%.0f", value);
  return text;
}

/// A figure and how noisy it was where it was measured.
struct Figure {
  double value;
  double noise;
};

Figure figure(const Row& row, const Subject& subject, Quote quote) {
  const std::string of = row.of;
  if (of.empty()) return {measured(subject, row.name, quote), noise(subject, quote)};
  if (of != own_at_smallest) {
    return {measured_ratio(subject, row.name, of, quote), noise(subject, quote)};
  }
  const Subject smallest{subject.question, subject.layout, sizes[0]};
  if (subject.areas == smallest.areas) return {std::nan(""), 0};
  return {measured(subject, row.name, quote) / measured(smallest, row.name, quote),
          std::max(noise(subject, quote), noise(smallest, quote))};
}

std::string shown(const Figure& at, double goal) {
  if (at.noise > noise_max) return "noisy";
  // Written with two digits, more may look like the goal.
  const bool missed = goal != 0 && at.value > goal * 1.005;
  return missed ? "**" + shown(at.value) + "**" : shown(at.value);
}

double goal_of(const Row& row, std::size_t size) {
#if defined(__AVX512F__)
  if (row.goals_by_avx512[size] != 0) return row.goals_by_avx512[size];
#endif
  return row.goals[size];
}

/// "0.28, 0.31 / 0.30, 0.33 (0.3)": minimum and median for each layout that was asked, the goal in
/// brackets; bold where the minimum misses it. Layouts without holes between all may take a quarter
/// more.
std::string cell(const Row& row, std::size_t size) {
  const double goal = goal_of(row, size);
  std::string text;
  for (const std::string layout : {"holes", "touching", "random", "python"}) {
    const Subject subject{row.question, layout, sizes[size]};
    const Figure least = figure(row, subject, Quote::minimum);
    const Figure middle = figure(row, subject, Quote::median);
    if (std::isnan(least.value)) continue;
    text += (text.empty() ? "" : " / ") + shown(least, layout == "holes" ? goal : goal * 1.25);
    if (was_raced(subject)) text += ", " + shown(middle, 0);
  }
  if (text.empty() || goal == 0) return text;
  return text + " (" + shown(goal) + ")";
}

template <std::size_t count>
void write_rows(std::ostream& out, const Row (&rows)[count]) {
  out << "| | 1,000 areas | 65,000 | 1,000,000 |\n|---|---|---|---|\n";
  for (const Row& row : rows) {
    std::string line = std::string("| ") + row.title + " |";
    bool any = false;
    for (std::size_t i = 0; i < size_count; ++i) {
      const std::string text = cell(row, i);
      any = any || !text.empty();
      line += " " + text + " |";
    }
    if (any) out << line << "\n";
  }
}

/// How noisy the run was, over all that was raced.
void write_noise(std::ostream& out) {
  const std::vector<Subject> all = raced();
  for (const Quote quote : {Quote::minimum, Quote::median}) {
    double best = std::numeric_limits<double>::infinity(), worst = 0;
    std::size_t noisy = 0;
    for (const Subject& subject : all) {
      const double here = noise(subject, quote);
      best = std::min(best, here);
      worst = std::max(worst, here);
      noisy += here > noise_max ? 1u : 0u;
    }
    if (all.empty()) return;
    out << (quote == Quote::minimum ? "Noise of the minima " : "of the medians ") << shown(best)
        << " to " << shown(worst) << ", too noisy " << noisy << " of " << all.size()
        << (quote == Quote::minimum ? "; " : ": ");
  }
  out << "so much longer than its least, " << shown(fixed_loop_least() / 1000)
      << " us, the fixed loop took between the rounds; above " << shown(noise_max)
      << " a cell says noisy.\n\n";
}

}  // namespace

bool write_table(std::ostream& out) {
  out << compiler_and_flags() << "; " << machine() << ".\n";
  write_noise(out);
  out << "Minimum, median of the rounds; areas with holes between them / touching. Ratios: below "
         "1, ours is faster. In brackets the goal for the minimum; bold where it is missed.\n\n";
  write_rows(out, goals);
  out << "\n";
  write_rows(out, others);
  return static_cast<bool>(out.flush());
}

}  // namespace vmarea::bench
