// SPDX-License-Identifier: MIT
//
// Which mutant is on; at most one. Mutated headers ask is_on() where the mutated text stands beside
// the right one, so that one program shows all mutants. Constant evaluation never sees one.
#pragma once

#include <type_traits>

namespace vmarea_mutation {

inline constexpr unsigned mutants_max = 1u << 16;

inline unsigned char unwatched[mutants_max];
/// A byte for each mutant, set once its place is reached; memory of all processes of a run.
inline unsigned char* reached = unwatched;
inline unsigned chosen = 0;

constexpr bool is_on(unsigned mutant) noexcept {
  if (std::is_constant_evaluated()) return false;
  reached[mutant] = 1;
  return mutant == chosen;
}

}  // namespace vmarea_mutation
