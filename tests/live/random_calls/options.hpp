// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "live/random_calls/call.hpp"

namespace vmarea::live {

/// What random_calls was asked for.
struct Options {
  std::uint64_t operations = 1'000'000;
  std::uint64_t seed = 1;
  std::optional<std::uint64_t> sequence;  // Only this one.
  std::uint64_t small_scope = 0;  // Every sequence of so many calls in four pages, if not 0.
  std::uint64_t jobs = 1;
  Kinds kinds = all_kinds;
  Shape shape;
  std::string profile;         // Its name; that of the running kernel if empty.
  bool which_profile = false;  // Find out which rules differ from those of the profile.
  std::string replay;          // A file of calls to make instead.
  std::string deviations;      // A file of known deviations to check instead.
  bool leaks = false;          // Also those that leave something in the kernel for good.
  std::string save = "random_calls_mismatch.txt";
  bool verbose = false;
};

/// The options of a command line; nothing if the program is to end with `exit_code`: after --help,
/// or after words that are not understood.
std::optional<Options> parse_options(int count, char** words, int& exit_code);

}  // namespace vmarea::live
