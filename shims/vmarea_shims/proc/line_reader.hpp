// SPDX-License-Identifier: MIT
//
// Reads one line of text from left to right and remembers where it stopped being what it should
// be. Nothing is allocated.
//
//   7f00-8f00 rw-p ...
//       ^ at            a take_ that fails leaves `at` there and says what it expected
#pragma once

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>

namespace vmarea::shims {

/// Where a text is not what it should be, for people: lines and columns count from 1, columns in
/// bytes. Line 0: it is not the text that is wrong.
struct TextError {
  std::size_t line = 0;
  std::size_t column = 0;
  std::string expected;
  std::string found;

  /// "line 3, column 27: expected 'w' or '-', found 'q'".
  std::string message() const {
    std::string what = "expected " + expected + ", found " + found;
    if (line == 0) return what;
    return "line " + std::to_string(line) + ", column " + std::to_string(column) + ": " + what;
  }
};

class LineReader {
 public:
  explicit constexpr LineReader(std::string_view line) noexcept : line_(line) {}

  constexpr std::string_view whole() const noexcept { return line_; }
  constexpr std::string_view rest() const noexcept { return line_.substr(at_); }
  constexpr bool at_end() const noexcept { return at_ == line_.size(); }
  /// Bytes from the start of the line.
  constexpr std::size_t at() const noexcept { return at_; }
  constexpr void go_to(std::size_t at) noexcept { at_ = at < line_.size() ? at : line_.size(); }

  /// Always false, so that a caller can return it.
  constexpr bool fail(const char* expected) noexcept {
    expected_ = expected;
    return false;
  }

  constexpr bool take(char wanted, const char* expected) noexcept {
    if (at_end() || line_[at_] != wanted) return fail(expected);
    ++at_;
    return true;
  }
  /// One of two characters; `chosen` is true for the first.
  constexpr bool take_either(char first, char second, bool& chosen, const char* expected) noexcept {
    if (at_end() || (line_[at_] != first && line_[at_] != second)) return fail(expected);
    chosen = line_[at_++] == first;
    return true;
  }
  template <class Number>
  bool take_number(Number& value, int base, const char* expected) noexcept {
    const char* const first = line_.data() + at_;
    const auto [end, error] = std::from_chars(first, line_.data() + line_.size(), value, base);
    if (error != std::errc{}) return fail(expected);
    at_ += static_cast<std::size_t>(end - first);
    return true;
  }
  constexpr void skip(char what) noexcept {
    while (!at_end() && line_[at_] == what) ++at_;
  }

  /// The error for people. Requires: something went wrong.
  TextError error(std::size_t line_number) const {
    constexpr std::size_t shown_max = 20;
    const std::string_view word = rest().substr(0, rest().find(' ', 1)).substr(0, shown_max);
    std::string found = at_end() ? "the end of the line" : "\"" + std::string(word) + "\"";
    return {line_number, at_ + 1, expected_, std::move(found)};
  }

 private:
  std::string_view line_;
  std::size_t at_ = 0;
  const char* expected_ = nullptr;
};

/// Takes the first line off `text`, without its end.
constexpr std::string_view take_line(std::string_view& text) noexcept {
  const std::size_t end = text.find('\n');
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return line;
}

}  // namespace vmarea::shims
