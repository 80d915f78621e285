// SPDX-License-Identifier: MIT
//
// Whether a line that a person wrote can be the beginning of an area's text; if not, where it goes
// wrong. Some words from the left are a line, too.
//
//   7ffff7fef000-7ffff7ff3000 rw-p 7ffff7fef anonymous identity 2 ac
//   7ffff7fef000-7ffff7ff3000 rwp
//                             ^ column 27: expected four letters such as rw-p
//
// Behind "file" and "data" may stand what a host writes, so nothing there is looked at.
#pragma once

#include <cstddef>
#include <cstdint>

#include "vmarea/rules/explain.hpp"

namespace vmarea {

/// Where a line stops being one; columns count from 1.
struct LineFault {
  std::size_t column = 0;
  const char* expected = nullptr;  // Null: nothing is wrong.
  constexpr explicit operator bool() const noexcept { return expected != nullptr; }
};

/// Reads one line. Requires: it has `length` characters, and no blanks at its ends.
class AreaLine {
 public:
  constexpr AreaLine(const char* line, std::size_t length) noexcept
      : line_(line), length_(length) {}

  constexpr LineFault check() noexcept {
    if (range() && next() && access() && next() && number() && next() && kind()) {
      while (next() && detail()) {
      }
    }
    return {fault_at_ + 1, expected_};
  }

 private:
  constexpr bool fail_at(std::size_t at, const char* expected) noexcept {
    fault_at_ = at;
    expected_ = expected;
    return false;
  }
  /// From the end of a word over the blank before the next one. False at the end of the line, which
  /// is right, too.
  constexpr bool next() noexcept {
    if (at_ == length_) return false;
    ++at_;
    if (line_[at_] == ' ') return fail_at(at_, "a word after one blank");
    return true;
  }
  constexpr bool range() noexcept {
    constexpr const char* wanted = "a range such as 1000-3000";
    std::uint64_t start = 0;
    std::uint64_t end = 0;
    if (!hex(start) || at_ == length_ || line_[at_] != '-') return fail_at(0, wanted);
    const std::size_t end_at = ++at_;
    if (!hex(end) || !at_word_end()) return fail_at(0, wanted);
    if (start >= end) return fail_at(end_at, "an end above the start");
    return true;
  }
  constexpr bool access() noexcept {
    constexpr const char* wanted = "four letters such as rw-p";
    const char* const choices[] = {"r-", "w-", "x-", "ps"};
    const std::size_t from = at_;
    for (const char* choice : choices) {
      const bool fits = at_ < length_ && (line_[at_] == choice[0] || line_[at_] == choice[1]);
      if (!fits) return fail_at(from, wanted);
      ++at_;
    }
    if (!at_word_end()) return fail_at(from, wanted);
    return true;
  }
  constexpr bool number() noexcept {
    const std::size_t from = at_;
    std::uint64_t value = 0;
    if (hex(value) && at_word_end()) return true;
    return fail_at(from, "a hexadecimal number without 0x and leading zeros");
  }
  constexpr bool kind() noexcept {
    if (take("anonymous") || take("special")) return true;
    return take("file") ? skip_rest() : fail_at(at_, "anonymous, special or file");
  }
  constexpr bool detail() noexcept {
    for (const char* named : {"identity", "policy", "userfaultfd", "name"}) {
      if (take(named)) return !next() || number();
    }
    for (const char* word : {"of", "a", "fork", "child", "no"}) {
      if (take(word)) return true;
    }
    if (take("data")) return skip_rest();
    if (flag()) return true;
    return fail_at(at_, "two letters of a flag, or identity, policy, userfaultfd, name, data");
  }
  /// Two letters, or # and the number of a bit that has none.
  constexpr bool flag() noexcept {
    const std::size_t from = at_;
    if (line_[at_] == '#') {
      do ++at_;
      while (at_ < length_ && line_[at_] >= '0' && line_[at_] <= '9');
      if (at_ > from + 1 && at_word_end()) return true;
    } else if (length_ - at_ >= 2 && !flag_named(line_[at_], line_[at_ + 1]).empty()) {
      at_ += 2;
      if (at_word_end()) return true;
    }
    at_ = from;
    return false;
  }
  constexpr bool hex(std::uint64_t& value) noexcept {
    const std::size_t from = at_;
    for (; at_ < length_; ++at_) {
      const char letter = line_[at_];
      const bool is_digit = letter >= '0' && letter <= '9';
      if (!is_digit && (letter < 'a' || letter > 'f')) break;
      value = value << 4 | static_cast<std::uint64_t>(is_digit ? letter - '0' : letter - 'a' + 10);
    }
    const std::size_t digits = at_ - from;
    return digits == 1 || (digits > 1 && digits <= 16 && line_[from] != '0');
  }
  constexpr bool at_word_end() const noexcept { return at_ == length_ || line_[at_] == ' '; }
  constexpr bool take(const char* word) noexcept {
    std::size_t to = at_;
    for (; *word != '\0'; ++word, ++to) {
      if (to == length_ || line_[to] != *word) return false;
    }
    if (to != length_ && line_[to] != ' ') return false;
    at_ = to;
    return true;
  }
  constexpr bool skip_rest() noexcept {
    at_ = length_;
    return true;
  }

  const char* line_;
  std::size_t length_;
  std::size_t at_ = 0;
  std::size_t fault_at_ = 0;
  const char* expected_ = nullptr;
};

}  // namespace vmarea
