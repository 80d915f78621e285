// SPDX-License-Identifier: MIT
//
// Where the parts of a running program lie, as far as its files in /proc tell, and by guess where
// they do not.
//
//   [heap]           starts at start_brk, which stat tells, and ends in the page of the break
//   [stack]          holds the first stack pointer, which stat tells
//   ..[vdso][ld.so]  mappings are placed below the end of this run of areas without holes between
//
// stat shows zeros to those who may not look into the process.
#pragma once

#include <charconv>
#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include <vmarea/types/process.hpp>
#include <vmarea_shims/proc/import_report.hpp>
#include <vmarea_shims/proc/smaps_parser.hpp>

namespace vmarea::shims {

/// Where the memory that was touched comes from.
enum class MemoryOrigin : unsigned char {
  own_program,  // The process wrote it since its exec. Taken as so where a caller does not know.
  parent,       // Fork has just made it: no two areas share an identity, and all are a child's.
};

/// What a caller knows beside the text.
struct ImportFacts {
  std::string_view stat{};              // The text of /proc/PID/stat; empty: not known.
  std::optional<SpaceLayout> layout{};  // Instead of all that is read and guessed.
  MemoryOrigin origin = MemoryOrigin::own_program;
};

/// The addresses that /proc/PID/stat tells; 0 where it does not.
struct ProcStat {
  Address start_stack = 0;
  Address start_data = 0;
  Address end_data = 0;
  Address start_brk = 0;
};

/// Reads the text of /proc/PID/stat. Ensures: zeros where it is not such a text.
inline ProcStat read_proc_stat(std::string_view text) noexcept {
  // Counted as proc(5) counts. The name before the third field may hold anything.
  constexpr unsigned state = 3, start_stack = 28, start_data = 45, end_data = 46, start_brk = 47;
  ProcStat stat;
  const std::size_t name_end = text.rfind(')');
  if (name_end == std::string_view::npos) return stat;
  text.remove_prefix(name_end + 1);
  for (unsigned field = state; !text.empty(); ++field) {
    text.remove_prefix(1);
    const std::string_view word = text.substr(0, text.find(' '));
    std::uint64_t value = 0;
    std::from_chars(word.data(), word.data() + word.size(), value);
    if (field == start_stack) stat.start_stack = value;
    if (field == start_data) stat.start_data = value;
    if (field == end_data) stat.end_data = value;
    if (field == start_brk) stat.start_brk = value;
    text.remove_prefix(word.size());
  }
  return stat;
}

/// The run of areas without holes that contains the area at `index`. `Areas` are in address order
/// and have a range().
template <class Areas>
Range find_run(const Areas& areas, std::size_t index) {
  Range run = areas[index].range();
  for (std::size_t i = index + 1; i < areas.size() && areas[i].range().start == run.end; ++i) {
    run.end = areas[i].range().end;
  }
  for (std::size_t i = index; i > 0 && areas[i - 1].range().end == run.start; --i) {
    run.start = areas[i - 1].range().start;
  }
  return run;
}

namespace detail {

/// From the first to the last area of this name; empty if there is none.
inline Range find_named(const std::vector<ProcArea>& areas, std::string_view name) {
  Range named{};
  for (const ProcArea& area : areas) {
    if (area.line.path != name) continue;
    if (named.empty()) named.start = area.range().start;
    named.end = area.range().end;
  }
  return named;
}

/// The end of the program's own areas: of the lowest file that is executed, and what it touches.
inline Address end_of_program(const std::vector<ProcArea>& areas) {
  for (std::size_t i = 0; i < areas.size(); ++i) {
    const MapsLine& line = areas[i].line;
    const bool is_code = line.letters.has_any(flag::exec) && line.path.starts_with('/');
    if (is_code) return find_run(areas, i).end;
  }
  return 0;
}

}  // namespace detail

/// The layout of the program that has these areas. What was guessed is added to `report`.
inline SpaceLayout import_layout(const std::vector<ProcArea>& areas, const ImportFacts& facts,
                                 const SpaceLayout& otherwise, ImportReport& report) {
  if (facts.layout) return *facts.layout;
  SpaceLayout layout = otherwise;
  const ProcStat stat = read_proc_stat(facts.stat);
  const Range heap = detail::find_named(areas, "[heap]");
  const Range stack = detail::find_named(areas, "[stack]");

  layout.start_brk = stat.start_brk;
  if (layout.start_brk == 0) {
    layout.start_brk = heap.empty() ? detail::end_of_program(areas) : heap.start;
    report.add(Guess::start_of_break);
  }
  layout.brk = layout.start_brk;
  if (!heap.empty()) {
    layout.brk = heap.end;
    report.add(Guess::program_break);
  } else if (stat.start_brk == 0) {
    report.add(Guess::program_break);
  }

  layout.start_data = stat.start_data;
  layout.end_data = stat.end_data;
  if (stat.end_data == 0) report.add(Guess::data_segment);
  layout.start_stack = stat.start_stack;
  if (layout.start_stack == 0 && !stack.empty()) layout.start_stack = stack.end - 1;
  if (stat.start_stack == 0) report.add(Guess::stack);

  for (std::size_t i = 0; i < areas.size(); ++i) {
    const Range run = find_run(areas, i);
    const bool below_stack = stack.empty() || run.end <= stack.start;
    if (areas[i].line.path == "[vdso]" && below_stack) layout.mmap_base = run.end;
  }
  report.add(Guess::mmap_base);
  return layout;
}

}  // namespace vmarea::shims
