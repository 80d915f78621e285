// SPDX-License-Identifier: MIT
#include "support/table.hpp"

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <fstream>

#include "support/race.hpp"

namespace vmarea::bench {
namespace {

constexpr std::uint64_t sizes[] = {1'000, 65'000, 1'000'000};
constexpr std::size_t size_count = 3;

/// One line. Without `of` it is no ratio but the number itself. A goal of 0 is none.
struct Row {
  const char* title;
  const char* question;
  const char* name;
  const char* of;
  double goals[size_count];
};

constexpr Row goals[] = {
    {"find, of LLVM IntervalMap", "find, hit", "ours", "LLVM IntervalMap", {0.3, 0.4, 0.65}},
    {"find, of the static limit", "find, hit", "ours", "static limit", {1.5, 3, 0}},
    {"find, dependent, of LLVM IntervalMap",
     "find, hit, dependent",
     "ours",
     "LLVM IntervalMap",
     {0.7, 1.0, 0}},
    {"find, dependent, of the static limit",
     "find, hit, dependent",
     "ours",
     "static limit",
     {0, 2, 0}},
    {"mprotect there and back, of std::map",
     "cycle",
     "ours, protect",
     "std::map, split and merge",
     {0.75, 0.5, 0.6}},
    {"munmap middle + mmap back, of our mprotect cycle",
     "cycle",
     "ours, unmap middle",
     "ours, protect",
     {1.2, 1.2, 0}},
    {"munmap whole + mmap anew, of std::map erase + insert",
     "cycle",
     "ours, unmap whole",
     "std::map, erase and insert",
     {0.85, 0.65, 0}},
    {"iterate, one field, of std::map in order", "iterate", "ours", "std::map", {0.3, 0.4, 0}},
    {"deep gap search, lowest, ns", "gap", "deep, lowest", "", {0, 80, 0}},
    {"deep gap search, highest, ns", "gap", "deep, highest", "", {0, 80, 0}},
    {"mprotect over 1,000 areas, ns an area", "protect 1,000", "ours", "", {40, 40, 0}},
    {"fork without reverse map, ns an area", "fork", "ours", "", {30, 30, 0}},
    {"copy-and-publish writes, of writes in place",
     "publish",
     "published",
     "in place",
     {1.35, 1.35, 0}},
    {"tree and pool, bytes an area after churn",
     "bytes",
     "tree and pool, after churn",
     "",
     {48, 48, 48}},
    {"area of the smallest host, bytes", "bytes", "area", "", {64, 64, 0}},
};

constexpr Row others[] = {
    {"find, of std::map in order", "find, hit", "ours", "std::map", {}},
    {"find, of std::map in random order", "find, hit", "ours", "std::map, random order", {}},
    {"find, of absl::btree_map", "find, hit", "ours", "absl::btree_map", {}},
    {"find, of Boost.ICL", "find, hit", "ours", "Boost.ICL", {}},
    {"find and read, of std::map in order", "find, hit, read", "ours", "std::map", {}},
    {"find and read, of LLVM IntervalMap", "find, hit, read", "ours", "LLVM IntervalMap", {}},
    {"find in a hole, of LLVM IntervalMap", "find, hole", "ours", "LLVM IntervalMap", {}},
    {"iterate, of std::map in random order", "iterate", "ours", "std::map, random order", {}},
    {"iterate, of absl::btree_map", "iterate", "ours", "absl::btree_map", {}},
    {"iterate, of LLVM IntervalMap", "iterate", "ours", "LLVM IntervalMap", {}},
    {"tree and heap alone, split and merge, of std::map",
     "cycle",
     "tree alone, split and merge",
     "std::map, split and merge",
     {}},
    {"tree and heap alone, erase and insert, of std::map",
     "cycle",
     "tree alone, erase and insert",
     "std::map, erase and insert",
     {}},
    {"mprotect there and back, of the kernel", "cycle", "ours, protect", "kernel, protect", {}},
    {"munmap middle + mmap back, of the kernel",
     "cycle",
     "ours, unmap middle",
     "kernel, unmap middle",
     {}},
    {"munmap whole + mmap anew, of the kernel",
     "cycle",
     "ours, unmap whole",
     "kernel, unmap whole",
     {}},
    {"mprotect over 1,000 areas, of the kernel", "protect 1,000", "ours", "kernel", {}},
    {"munmap over 1,000 areas, of std::map", "unmap 1,000", "ours", "std::map", {}},
    {"fork, of copying a std::map", "fork", "ours", "std::map", {}},
    {"build in order, of std::map", "build", "ours", "std::map", {}},
    {"build in order, of LLVM IntervalMap", "build", "ours", "LLVM IntervalMap", {}},
    {"replay of python3's calls, of std::map", "replay python3", "ours", "std::map", {}},
    {"replay of cc1plus's calls, of std::map", "replay cc1plus", "ours", "std::map", {}},
    {"find, ns", "find, hit", "ours", "", {}},
    {"mprotect there and back, ns", "cycle", "ours, protect", "", {}},
    {"iterate, ns an area", "iterate", "ours", "", {}},
    {"deep gap search, aligned, ns", "gap", "deep, lowest, aligned", "", {}},
};

std::string shown(double value) {
  char text[32];
  std::snprintf(text, sizeof text, value < 10 ? "%.2f" : "%.0f", value);
  return text;
}

double value_of(const Row& row, const std::string& layout, std::uint64_t areas) {
  const Subject subject{row.question, layout, areas};
  return row.of[0] == '\0' ? measured(subject, row.name)
                           : measured_ratio(subject, row.name, row.of);
}

/// "0.28 / 0.31 (0.3)": one number for each layout that was asked, the goal in brackets; bold where
/// it is missed.
std::string cell(const Row& row, std::uint64_t areas, double goal) {
  std::string text;
  for (const char* layout : {"holes", "touching", "random", "python"}) {
    const double value = value_of(row, layout, areas);
    if (std::isnan(value)) continue;
    // Written with two digits, more may look like the goal.
    const bool missed = goal != 0 && value > goal * 1.005;
    const std::string number = missed ? "**" + shown(value) + "**" : shown(value);
    text += (text.empty() ? "" : " / ") + number;
  }
  if (text.empty() || goal == 0) return text;
  return text + " (" + shown(goal) + ")";
}

template <std::size_t count>
void write_rows(std::ofstream& out, const Row (&rows)[count]) {
  out << "| | 1,000 areas | 65,000 | 1,000,000 |\n|---|---|---|---|\n";
  for (const Row& row : rows) {
    std::string line = std::string("| ") + row.title + " |";
    bool any = false;
    for (std::size_t i = 0; i < size_count; ++i) {
      const std::string text = cell(row, sizes[i], row.goals[i]);
      any = any || !text.empty();
      line += " " + text + " |";
    }
    if (any) out << line << "\n";
  }
}

}  // namespace

bool write_table(const std::string& file) {
  std::ofstream out(file);
  out << "Areas with holes between them / touching. Ratios: below 1, ours is faster. In brackets "
         "the "
         "goal; bold where it is missed.\n\n";
  write_rows(out, goals);
  out << "\n";
  write_rows(out, others);
  return static_cast<bool>(out.flush());
}

}  // namespace vmarea::bench
