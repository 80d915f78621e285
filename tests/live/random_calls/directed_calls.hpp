// SPDX-License-Identifier: MIT
//
// For each switch of the behaviour profile the shortest calls whose outcome it decides, so that
// chance need not find them; or why calls of a program like this do not show it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "live/random_calls/call.hpp"

namespace vmarea::live {

/// Calls that tell something about a kernel, and where they come from.
struct Clue {
  Sequence calls;
  std::string origin;            // "directed at kept_locks", or "seed 7, sequence 12".
  std::string_view directed_at;  // A switch, or empty.
};

/// Those that fit into an arena of this shape and whose kinds are all among `kinds`.
std::vector<Clue> directed_clues(const Shape& shape, Kinds kinds);

/// What it would take to see this switch; empty if directed calls show it in every shape.
std::string_view needed_to_show(std::string_view name);

}  // namespace vmarea::live
