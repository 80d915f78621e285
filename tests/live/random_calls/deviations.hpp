// SPDX-License-Identifier: MIT
//
// The data file of known deviations: where the library differs from the running kernel on purpose.
//
//   deviation: what differs, in a line
//   kernels: all, or series       reason: why the library does otherwise, and who tells the story
//   kernel: locked 8               what is seen after the calls (Observed)
//   library: locked 0
//   leaks: what every run leaves in the kernel for good; such an entry runs only when asked for
//     mmap(+0, 8p, rw, private|fixed|anonymous)
//     ...
//
// An entry ends at a blank line; # begins a remark.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "live/random_calls/call.hpp"

namespace vmarea::live {

struct Deviation {
  std::string title;
  std::string kernels;
  std::string reason;
  std::string kernel;   // What is seen of the kernel,
  std::string library;  // and of the library.
  std::string leaks;
  Sequence calls;
};

/// What is wrong with the file, and where; empty if it was read.
std::string read_deviations(const std::string& path, std::vector<Deviation>& deviations);

/// Whether a kernel with this release shows it, by the series that `kernels` names: "all", or
/// "6.12, 6.18 (and a remark)".
bool is_shown_by(const Deviation& deviation, std::string_view release);

/// What of a side is looked at after the calls: the first word of an expectation.
enum class Observed : std::uint8_t { result, areas, locked, committed };
/// False if the expectation begins with no such word.
bool parse_observed(const std::string& expectation, Observed& observed);

}  // namespace vmarea::live
