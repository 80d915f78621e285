// SPDX-License-Identifier: MIT
//
// The list of what is asked, and how much of it a run answers:
//
//   --smoke    200 areas, two rounds: does everything work?
//   --short    1,000 and 65,000 areas, with holes and touching; 1,000,000 where a goal says so
//   (neither)  everything, at length
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "support/layout.hpp"

namespace vmarea::bench {

enum class Scale : unsigned char {
  any,       // Up to 65,000 areas in a short run.
  millions,  // 1,000,000 too.
  once,      // The number of areas is no question: asked with the smallest.
};

struct Question {
  std::string name;
  std::vector<std::string> layouts;  // Names.
  Scale scale;
  std::function<void(benchmark::State&, const Layout&)> answer;
  int rounds_max = 201;
};

/// Adds a question; for static initialisation. Questions of one file are asked in a row for each
/// layout and size.
bool ask(Question question);

inline const std::vector<std::string> every_layout = {"holes", "touching", "random", "python"};
inline const std::vector<std::string> layouts_with_holes = {"holes", "random", "python"};

const std::vector<Question>& questions();

}  // namespace vmarea::bench
