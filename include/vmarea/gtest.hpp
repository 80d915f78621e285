// SPDX-License-Identifier: MIT
//
// Tests of code that uses the library, with googletest: values print, results and spaces can be
// asked for. It needs googletest; the core does without.
//
//   EXPECT_TRUE(ok(space.mprotect(at, length, prot::read)));   Actual: false (EACCES (...))
//   EXPECT_TRUE(fails_with(space.munmap(1, 1), Error::invalid));
//   EXPECT_EQ(picture(space, range), "wwrr|rr..");
//   EXPECT_TRUE(has_areas(space, R"(
//       7ffff7fef000-7ffff7ff3000 rw-p
//       7ffff7ff3000-7ffff7ff7000 r--p 7ffff7ff3 anonymous ac)"));
//   EXPECT_EQ(space, Areas("..."));                            the same
//   EXPECT_TRUE(has_areas(space, Areas::of(other)));           with all that is said of them
//   EXPECT_TRUE(is_sound(space));                              all invariants hold
//
// An expected line need not say all that an area's text says: some words from the left are enough.
// Blanks around lines, empty lines and those that begin with # do not count. A line that cannot be
// that of an area fails the test where it is written, with line and column.
#pragma once

#include <concepts>
#include <cstddef>
#include <ostream>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <gtest/gtest.h>

#include "vmarea/ostream.hpp"
#include "vmarea/text/area_line.hpp"

namespace vmarea {

/// Whether a call succeeded; if not, says why.
template <class T>
testing::AssertionResult ok(const Result<T>& result) {
  if (result) return testing::AssertionSuccess() << to_string(result);
  return testing::AssertionFailure() << to_string(result);
}

/// Whether a call failed for that reason.
template <class T>
testing::AssertionResult fails_with(const Result<T>& result, Error error) {
  if (result.code() == error) return testing::AssertionSuccess() << to_string(error);
  return testing::AssertionFailure()
         << "expected " << to_string(error) << ", not " << to_string(result);
}

/// Own data that has no text of the library's, but one of googletest's. That of padded bytes says
/// nothing: they may differ in equal data.
template <class Data>
inline constexpr bool is_printed_by_googletest = data_form<Data>() == DataForm::unknown &&
                                                 (!std::is_trivially_copyable_v<Data> ||
                                                  requires(std::ostream & to, const Data& data) {
                                                    to << data;
                                                  });

/// Lines of areas, to compare a space with.
class Areas {
 public:
  /// Of a text, which is in `file`, at `line`: null, and what is wrong with it fails no test.
  Areas(std::string_view text, const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
    for (std::size_t number = 1; !text.empty(); ++number) {
      const std::size_t end = text.find('\n');
      add(text.substr(0, end), number);
      text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
    }
    if (!wrong_.empty() && file != nullptr) ADD_FAILURE_AT(file, line) << wrong_;
  }
  Areas(const char* text, const char* file = __builtin_FILE(), int line = __builtin_LINE())
      : Areas(std::string_view(text), file, line) {}
  Areas(const std::string& text, const char* file = __builtin_FILE(), int line = __builtin_LINE())
      : Areas(std::string_view(text), file, line) {}
  /// The areas of a space, each with all that its text says; a space that agrees says the same.
  template <class Host>
  static Areas of(const SpaceState<Host>& space) {
    Areas areas{std::string_view{}};
    areas.whole_ = true;
    for_each_in(space, everything, [&](const Area<Host>& area) {
      areas.lines_.push_back(to_string(area));
      if constexpr (is_printed_by_googletest<typename Host::AreaData>) {
        areas.lines_.back().pop_back();  // The ? of its own text.
        areas.lines_.back() += testing::PrintToString(area.data);
      }
    });
    return areas;
  }
  template <KernelServices Host>
  static Areas of(const AddressSpace<Host>& space) {
    return of(space.state());
  }

  std::size_t size() const { return lines_.size(); }
  const std::string& operator[](std::size_t i) const { return lines_[i]; }
  /// What is wrong with the text that they were made of: "line 2, column 7: expected ...". A space
  /// agrees with none then.
  const std::string& wrong() const { return wrong_; }
  /// Whether line `i` says the same as line `j` of `found`, as far as it goes.
  bool agrees(std::size_t i, const Areas& found, std::size_t j) const {
    const std::string& wanted = lines_[i];
    const std::string& line = found.lines_[j];
    if (whole_ || line.size() == wanted.size()) return line == wanted;
    return line.starts_with(wanted) && line[wanted.size()] == ' ';
  }
  bool agrees(const Areas& found) const {
    if (size() != found.size() || !wrong_.empty()) return false;
    for (std::size_t i = 0; i < size(); ++i) {
      if (!agrees(i, found, i)) return false;
    }
    return true;
  }

 private:
  void add(std::string_view line, std::size_t number) {
    constexpr std::string_view blanks = " \t\r";
    const std::size_t first = line.find_first_not_of(blanks);
    if (first == std::string_view::npos || line[first] == '#') return;
    const std::string_view words = line.substr(first, line.find_last_not_of(blanks) + 1 - first);
    lines_.emplace_back(words);
    const LineFault fault = AreaLine(words.data(), words.size()).check();
    if (!fault || !wrong_.empty()) return;
    wrong_ = "line " + std::to_string(number) + ", column " + std::to_string(first + fault.column) +
             ": expected " + fault.expected + ", found \"" +
             std::string(words.substr(fault.column - 1)) + "\"";
  }

  std::vector<std::string> lines_;
  std::string wrong_;
  bool whole_ = false;  // Lines are compared to their ends.
};

inline std::ostream& operator<<(std::ostream& to, const Areas& areas) {
  if (areas.size() == 0) return to << "no areas";
  for (std::size_t i = 0; i < areas.size(); ++i) to << "\n  " << areas[i];
  return to;
}

template <KernelServices Host>
bool operator==(const AddressSpace<Host>& space, const Areas& areas) {
  return areas.agrees(Areas::of(space.state()));
}

/// The difference between what was expected and what is there: - and + before what only one has,
/// with up to two equal lines on both sides.
inline std::string difference(const Areas& expected, const Areas& found) {
  constexpr std::size_t context = 2;
  std::size_t begin = 0;
  std::size_t wanted_end = expected.size();
  std::size_t found_end = found.size();
  while (begin < wanted_end && begin < found_end && expected.agrees(begin, found, begin)) ++begin;
  while (wanted_end > begin && found_end > begin &&
         expected.agrees(wanted_end - 1, found, found_end - 1)) {
    --wanted_end;
    --found_end;
  }
  std::string text;
  const auto add = [&text](char mark, const std::string& line) {
    text.append(1, '\n').append(1, mark).append(1, ' ').append(line);
  };
  const std::size_t first = begin < context ? 0 : begin - context;
  const std::size_t last = found.size() - found_end < context ? found.size() : found_end + context;
  if (first > 0) text += "\n  ...";
  for (std::size_t i = first; i < begin; ++i) add(' ', found[i]);
  for (std::size_t i = begin; i < wanted_end; ++i) add('-', expected[i]);
  for (std::size_t i = begin; i < found_end; ++i) add('+', found[i]);
  for (std::size_t i = found_end; i < last; ++i) add(' ', found[i]);
  if (last < found.size()) text += "\n  ...";
  return text;
}

/// Whether a space has these areas and no others; if not, says where they differ.
template <class Host>
testing::AssertionResult has_areas(const SpaceState<Host>& space, const Areas& expected) {
  const Areas found = Areas::of(space);
  if (expected.agrees(found)) return testing::AssertionSuccess();
  if (!expected.wrong().empty()) return testing::AssertionFailure() << expected.wrong();
  return testing::AssertionFailure() << "- expected, + found:" << difference(expected, found);
}
template <KernelServices Host>
testing::AssertionResult has_areas(const AddressSpace<Host>& space, const Areas& expected) {
  return has_areas(space.state(), expected);
}

/// What googletest says of a space that EXPECT_EQ compared with areas, or with their text: it looks
/// for this function by its arguments.
template <KernelServices Host, std::convertible_to<Areas> Lines>
std::string FormatForComparisonFailureMessage(const AddressSpace<Host>& space, const Lines& lines) {
  if constexpr (std::is_same_v<Lines, Areas>) {
    const testing::AssertionResult same = has_areas(space, lines);
    return same ? to_string(space) : same.message();
  } else {
    return FormatForComparisonFailureMessage(space, Areas(lines, nullptr));
  }
}

/// Whether all invariants hold; if not, says which one is broken first.
template <class Host>
testing::AssertionResult is_sound(const SpaceState<Host>& space) {
  const Broken broken = check(space);
  if (!broken) return testing::AssertionSuccess();
  return testing::AssertionFailure() << to_string(broken);
}
template <KernelServices Host>
testing::AssertionResult is_sound(const AddressSpace<Host>& space) {
  return is_sound(space.state());
}

}  // namespace vmarea
