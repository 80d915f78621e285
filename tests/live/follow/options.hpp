// SPDX-License-Identifier: MIT
//
// What the command line of follow says.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace follow {

enum class Telling : std::uint8_t {
  summary,    // The last lines, and what went wrong.
  programs,   // A line for each program that is run, too.
  processes,  // And for each process that is made or ends.
};

struct Options {
  Telling telling = Telling::programs;
  bool calls = false;       // Each call is printed.
  bool keep_going = false;  // After a mismatch our areas become the kernel's.
  bool show_maps = false;   // The final areas of the first process.
  std::string record;       // Where the calls of the first process are written; empty: nowhere.
  std::string json;         // Where the lives of all spaces are written.
  std::string svg;          // Where the life of the program's space is drawn.
  std::vector<std::string> command;
};

/// None where nothing is to be followed: the exit code says why.
std::optional<Options> parse_options(int count, char** words, int& exit_code);

}  // namespace follow
