// SPDX-License-Identifier: MIT
//
// The calls of an exhaustive search in a space of four pages, as plain numbers, and every sequence
// of so many of them, by its number.
//
//   sequence_of(7, 3)        one of the sequence_count(3) sequences of three calls
//   text_of(call)            "move       [3,4) to [1,2)"
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <fmt/core.h>

namespace vmarea::small_scope {

inline constexpr unsigned page_count = 4;

enum class Verb : unsigned char {
  map,  // Fixed, private, anonymous, to be read and written.
  map_readable,
  map_file,  // Private, page 0 of the file at page 0.
  map_file_shared,
  map_other_file,  // Private, of the same file opened once more.
  unmap,
  protect_readable,
  protect_writable,
  write,      // One page.
  move,       // mremap, FIXED.
  keep,       // The same with DONTUNMAP.
  duplicate,  // The same with an old length of 0.
  grow,       // mremap in place; `to` has the range that it grows to.
  dont_fork,
  do_fork,
  lock,
  lock_on_fault,
  unlock,
  guard,
  seal,
  bind,
  fork,  // The child goes on.
  count
};

inline constexpr std::array<const char*, static_cast<std::size_t>(Verb::count)> verb_names = {
    "map",
    "map_readable",
    "map_file",
    "map_file_shared",
    "map_other_file",
    "unmap",
    "protect_readable",
    "protect_writable",
    "write",
    "move",
    "keep",
    "duplicate",
    "grow",
    "dont_fork",
    "do_fork",
    "lock",
    "lock_on_fault",
    "unlock",
    "guard",
    "seal",
    "bind",
    "fork"};

struct Pages {
  unsigned first = 0;
  unsigned upto = 0;
  constexpr unsigned count() const { return upto - first; }
};

struct Call {
  Verb verb = Verb::map;
  Pages at;
  Pages to{};
};

/// Chosen so that ranges meet in many ways: whole areas, their fronts, rears and middles, several
/// areas, holes; and so that what one call sets apart another makes equal again.
inline constexpr std::array all_calls = {
    Call{Verb::map, {0, 4}},
    Call{Verb::map, {0, 2}},
    Call{Verb::map, {1, 3}},
    Call{Verb::map_readable, {1, 2}},
    Call{Verb::map_file, {0, 2}},
    Call{Verb::map_file, {2, 4}},
    Call{Verb::map_file_shared, {1, 3}},
    Call{Verb::map_other_file, {1, 3}},
    Call{Verb::unmap, {1, 2}},
    Call{Verb::unmap, {2, 4}},
    Call{Verb::protect_readable, {0, 2}},
    Call{Verb::protect_readable, {1, 3}},
    Call{Verb::protect_writable, {1, 2}},
    Call{Verb::protect_writable, {0, 4}},
    Call{Verb::write, {0, 1}},
    Call{Verb::write, {2, 3}},
    Call{Verb::write, {3, 4}},
    Call{Verb::move, {0, 2}, {2, 4}},
    Call{Verb::move, {3, 4}, {1, 2}},
    Call{Verb::move, {0, 1}, {2, 4}},
    Call{Verb::move, {2, 4}, {0, 1}},
    Call{Verb::keep, {0, 1}, {1, 2}},
    Call{Verb::keep, {2, 4}, {0, 2}},
    Call{Verb::duplicate, {1, 1}, {3, 4}},
    Call{Verb::grow, {1, 2}, {1, 3}},
    Call{Verb::dont_fork, {1, 2}},
    Call{Verb::do_fork, {0, 4}},
    Call{Verb::lock, {1, 3}},
    Call{Verb::lock_on_fault, {0, 2}},
    Call{Verb::unlock, {0, 4}},
    Call{Verb::guard, {2, 3}},
    Call{Verb::seal, {1, 2}},
    Call{Verb::bind, {1, 2}},
    Call{Verb::fork, {0, 4}},
};

using Sequence = std::vector<Call>;

/// What few calls do not come to: where a search begins besides at nothing.
inline const std::vector<Sequence> beginnings = {
    // Two identities, with a hole between them; that meet; with memory that may take either.
    {{Verb::map, {0, 1}}, {Verb::write, {0, 1}}, {Verb::map, {3, 4}}, {Verb::write, {3, 4}}},
    {{Verb::map, {0, 1}},
     {Verb::write, {0, 1}},
     {Verb::map, {3, 4}},
     {Verb::write, {3, 4}},
     {Verb::map, {1, 3}}},
    {{Verb::map, {0, 1}},
     {Verb::write, {0, 1}},
     {Verb::map, {3, 4}},
     {Verb::write, {3, 4}},
     {Verb::protect_readable, {0, 1}},
     {Verb::protect_readable, {3, 4}},
     {Verb::map, {1, 3}}},
    // What a child inherited, and what stays with a source or goes with its copy.
    {{Verb::map, {0, 4}}, {Verb::write, {0, 1}}, {Verb::fork, {0, 4}}},
    {{Verb::map, {0, 2}}, {Verb::write, {0, 1}}, {Verb::move, {0, 1}, {3, 4}}},
    {{Verb::map, {0, 2}}, {Verb::write, {0, 1}}, {Verb::keep, {0, 2}, {2, 4}}},
    // Several areas, of which some would be one but for a flag that a join ignores, or an access.
    {{Verb::map, {0, 4}}, {Verb::protect_readable, {1, 2}}, {Verb::guard, {2, 3}}},
    {{Verb::map_file, {0, 4}}, {Verb::write, {3, 4}}, {Verb::protect_readable, {1, 2}}},
    {{Verb::map_file_shared, {0, 4}}, {Verb::protect_readable, {2, 3}}},
};

constexpr std::uint64_t power(std::size_t length) {
  std::uint64_t count = 1;
  while (length-- != 0) count *= all_calls.size();
  return count;
}

/// How many sequences there are: of `length` calls from nothing, and of one call less after each
/// beginning. Requires: length > 0.
inline std::uint64_t sequence_count(std::size_t length) {
  return power(length) + beginnings.size() * power(length - 1);
}

/// The digits of the number in the base of how many calls there are, behind their beginning.
inline Sequence sequence_of(std::uint64_t number, std::size_t length) {
  Sequence sequence;
  if (number >= power(length)) {
    number -= power(length);
    sequence = beginnings[number / power(--length)];
  }
  while (length-- != 0) sequence.push_back(all_calls[number / power(length) % all_calls.size()]);
  return sequence;
}

inline std::string text_of(const Call& call) {
  std::string text = fmt::format("{:<16} [{},{})", verb_names[static_cast<unsigned>(call.verb)],
                                 call.at.first, call.at.upto);
  if (call.to.upto != 0) text += fmt::format(" to [{},{})", call.to.first, call.to.upto);
  return text + "\n";
}

inline std::string text_of(const Sequence& sequence) {
  std::string text;
  for (const Call& call : sequence) text += text_of(call);
  return text;
}

}  // namespace vmarea::small_scope
