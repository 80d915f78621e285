// SPDX-License-Identifier: MIT
//
// What a header can be made to do instead: its mutants, found in the syntax tree of libclang.
//
//   if (at < end) step(at);      at <= end, at >= end; true, false; no step(at)
//
// Mutated is what functions execute: operators, conditions, constants, statements that are left
// out, arguments that are swapped. Declarations, constants and what the compiler asks
// (static_assert, if constexpr, case labels, requirements) are left alone, and so is what comes
// from a macro.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace mutation {

struct Mutant {
  std::string function{};  // In which it lies.
  std::string mutated{};   // The text in the place of the original.
  std::string kind{};      // operator, condition, constant, statement or arguments.
};

struct Place {
  std::size_t begin = 0;
  std::size_t end = 0;
  bool is_statement = false;  // Left out, with its semicolon.
  std::vector<Mutant> mutants{};
};

/// The places of a header in the order in which they begin, larger ones first. One may lie in
/// another one.
using Places = std::vector<Place>;

/// Parses `source`, which includes all `headers`, and answers each one's places.
std::map<std::string, Places> find_places(const std::string& source,
                                          const std::vector<std::string>& arguments,
                                          const std::map<std::string, std::string>& headers);

}  // namespace mutation
