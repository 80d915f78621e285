// SPDX-License-Identifier: MIT
//
// What became of a text that was imported: an error with its place, or what had to be guessed
// because no file of /proc tells it.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include <vmarea/types/range.hpp>
#include <vmarea_shims/proc/line_reader.hpp>
#include <vmarea_shims/proc/maps_line.hpp>

namespace vmarea::shims {

/// What a text does not tell.
enum class Guess : unsigned char {
  flags,           // Maps alone: all that the four letters do not say.
  account,         // Maps alone: what the commit charge counts.
  touched,         // Maps alone: where anonymous pages are.
  identities,      // Which touched areas share one anonymous identity.
  fork_children,   // Whether an identity comes from a parent.
  page_offsets,    // Of anonymous memory, which mremap may have moved.
  open_files,      // Which mappings of a file come from one open file.
  drivers,         // Hooks that a driver gave its mapping.
  boundary,        // Two areas that nothing in the text keeps apart.
  unknown_flags,   // Flags that this library does not know, left out.
  userfault,       // Which userfaultfd watches.
  policies,        // NUMA policies.
  attributes,      // Names and watches that the host could not keep, left out.
  start_of_break,  // Where the heap begins.
  program_break,   // Where in its last page the heap ends.
  data_segment,    // Where the program's data lies.
  stack,           // Where the first stack pointer pointed.
  mmap_base,       // Where mappings are placed from.
  modes,           // prctl, mlockall and personality: taken as never used.
};

/// In words, for a sentence that begins "guessed: ".
constexpr const char* describe(Guess guess) noexcept {
  switch (guess) {
    case Guess::flags:
      return "all flags but the permissions";
    case Guess::account:
      return "what is charged";
    case Guess::touched:
      return "what has been written to";
    case Guess::identities:
      return "which touched areas share an anonymous identity";
    case Guess::fork_children:
      return "that no memory comes from a parent by fork";
    case Guess::page_offsets:
      return "that anonymous memory was never moved";
    case Guess::open_files:
      return "which mappings of a file come from one open file";
    case Guess::drivers:
      return "that the driver of the file has no say in its mappings";
    case Guess::boundary:
      return "that the next change here may join this area to the one below";
    case Guess::unknown_flags:
      return "that flags without a name here do nothing";
    case Guess::userfault:
      return "that one userfaultfd watches all of it";
    case Guess::policies:
      return "that no memory has a NUMA policy";
    case Guess::attributes:
      return "that names and watches, which this host does not keep, matter to nothing";
    case Guess::start_of_break:
      return "the start of the heap";
    case Guess::program_break:
      return "the break";
    case Guess::data_segment:
      return "that the program has no data that the data limit counts";
    case Guess::stack:
      return "the first stack pointer";
    case Guess::mmap_base:
      return "where mappings are placed from";
    case Guess::modes:
      return "that prctl, personality and mlockall changed nothing for later calls";
  }
  return "unknown";
}

/// A guess, and the memory that it is about; an empty range: the space.
struct Guessed {
  Guess what{};
  Range where{};
  friend constexpr bool operator==(const Guessed&, const Guessed&) = default;
};

struct ImportReport {
  std::optional<TextError> error;  // Then nothing was imported.
  std::size_t area_count = 0;
  bool had_flags = false;     // The text was smaps and not maps alone.
  bool had_vsyscall = false;  // It ended with the page that is no area.
  std::vector<Guessed> guesses;

  explicit operator bool() const noexcept { return !error; }
  bool guessed(Guess what) const noexcept {
    for (const Guessed& guess : guesses) {
      if (guess.what == what) return true;
    }
    return false;
  }
  /// Neighbouring memory of one guess is one entry. Requires: ascending ranges for each guess.
  void add(Guess what, Range where = {}) {
    std::size_t& last = last_[static_cast<std::size_t>(what)];
    if (last != 0) {
      Guessed& before = guesses[last - 1];
      if (before.where == where) return;
      if (before.where.end == where.start && what != Guess::boundary) {
        before.where.end = where.end;
        return;
      }
    }
    guesses.push_back({what, where});
    last = guesses.size();
  }
  /// The error, or a line for each guess.
  std::string text() const {
    if (error) return error->message() + "\n";
    std::string text;
    for (const Guessed& guess : guesses) {
      if (!guess.where.empty()) {
        detail::append_number(text, guess.where.start, 16, 8);
        text += '-';
        detail::append_number(text, guess.where.end, 16, 8);
        text += ": ";
      }
      text += "guessed: ";
      text += describe(guess.what);
      text += '\n';
    }
    return text;
  }

 private:
  // For each guess the number of its last entry, counted from 1: texts may have 65,000 areas.
  std::array<std::size_t, static_cast<std::size_t>(Guess::modes) + 1> last_{};
};

}  // namespace vmarea::shims
