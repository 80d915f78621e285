// SPDX-License-Identifier: MIT
//
// What is printed: the mismatch with both pictures, and the table of what was called.
#pragma once

#include <cstdint>
#include <string>

#include "live/area_program/area_program.hpp"
#include "live/random_calls/call.hpp"
#include "live/random_calls/slate.hpp"

namespace vmarea::live {

struct Found {
  std::uint64_t seed = 0;
  std::uint64_t sequence = 0;
  std::uint64_t small_scope = 0;  // If the sequence is one of all of so many calls.
  Kinds kinds = 0;
  Shape shape;
  std::string program;  // As it was called.
  std::string profile;  // If it was asked for.
  std::string file;     // Where the shortest sequence was written to.
  Sequence shortest;
  std::size_t original_length = 0;
  bool reproduced = true;
};

/// What uname -r says.
std::string kernel_release();
/// Everything a reader needs of one mismatch, whose trouble the slate shows.
std::string report(const Found& found, const Slate& slate);
/// Calls by kind and how many succeeded, and the rate.
std::string table(const Counts& counts, Kinds kinds, double seconds);
/// How areas were read, and so what of them was compared after every call.
std::string way_of_reading(const Counts& counts, const AreaProgram& program);

}  // namespace vmarea::live
