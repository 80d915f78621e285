// SPDX-License-Identifier: MIT
//
// One step of a random sequence: numbers that mean something in any space, so that a sequence still
// makes sense when steps are left out of it.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include <fmt/core.h>

namespace vmarea::test::page_contents {

enum class Kind : unsigned {
  map_private,
  map_shared,
  map_file,
  map_unsplittable,  // A driver that allows no cut.
  map_refused,       // A driver that refuses late.
  map_anywhere,
  map_stack,
  unmap,
  protect,
  resize,          // mremap without flags
  resize_or_move,  // MAYMOVE
  move,            // FIXED, equal lengths, over whatever lies there
  move_resized,    // FIXED, other lengths
  keep,            // DONTUNMAP with a hint
  keep_fixed,      // DONTUNMAP and FIXED
  duplicate,       // old length 0
  relocate,
  drop,       // MADV_DONTNEED
  free_late,  // MADV_FREE
  advise,
  lock,
  unlock,
  touch,
  read,
  grow_stack,
  seal,
  fork,
  exit,
  count
};

inline constexpr const char* kind_names[] = {
    "map_private",  "map_shared",   "map_file",       "map_unsplittable",
    "map_refused",  "map_anywhere", "map_stack",      "unmap",
    "protect",      "resize",       "resize_or_move", "move",
    "move_resized", "keep",         "keep_fixed",     "duplicate",
    "relocate",     "drop",         "free_late",      "advise",
    "lock",         "unlock",       "touch",          "read",
    "grow_stack",   "seal",         "fork",           "exit"};
static_assert(std::size(kind_names) == static_cast<std::size_t>(Kind::count));

struct Step {
  Kind kind = Kind::touch;
  unsigned who = 0;  // A space, modulo how many there are.
  std::uint64_t from = 0;
  std::uint64_t pages = 1;
  std::uint64_t to = 0;
  std::uint64_t to_pages = 1;
  unsigned variant = 0;   // Protection, advice and the like.
  unsigned fails_at = 0;  // The reservation that fails; 0: none.
};

using Steps = std::vector<Step>;

inline constexpr std::uint64_t columns = 40;

inline std::string text_of(const Step& step) {
  return fmt::format("{:<16} space {} columns [{},{}) to [{},{}) variant {} fault {}\n",
                     kind_names[static_cast<unsigned>(step.kind)], step.who, step.from,
                     step.from + step.pages, step.to, step.to + step.to_pages, step.variant,
                     step.fails_at);
}

inline std::string text_of(const Steps& steps) {
  std::string text;
  for (const Step& step : steps) text += text_of(step);
  return text;
}

inline Steps make_steps(std::uint64_t seed, std::size_t count) {
  // How often each kind comes.
  constexpr unsigned weights[] = {12, 4, 5, 1, 1, 2, 1, 7, 8,  4, 4, 14, 5, 3,
                                  5,  3, 5, 4, 2, 6, 3, 2, 22, 5, 2, 1,  4, 3};
  static_assert(std::size(weights) == static_cast<std::size_t>(Kind::count));
  std::mt19937_64 random(seed);
  std::discrete_distribution<unsigned> kinds(std::begin(weights), std::end(weights));
  const auto below = [&](std::uint64_t limit) { return random() % limit; };
  Steps steps(count);
  for (Step& step : steps) {
    step.kind = static_cast<Kind>(kinds(random));
    step.who = static_cast<unsigned>(below(12));
    step.from = below(columns);
    step.pages = 1 + below(below(3) == 0 ? 12 : 4);
    step.to = below(columns);
    step.to_pages = 1 + below(8);
    step.variant = static_cast<unsigned>(below(16));
    step.fails_at = below(12) == 0 ? 1 + static_cast<unsigned>(below(6)) : 0;
  }
  return steps;
}

}  // namespace vmarea::test::page_contents
