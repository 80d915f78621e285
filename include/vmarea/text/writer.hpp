// SPDX-License-Identifier: MIT
//
// Text into a caller's memory: never past its end, always ended by a 0, and counted to the end, so
// that a caller learns how much room the whole text needs (as with snprintf).
//
//   char line[80];
//   TextWriter to(line, sizeof line);
//   write_text(to, area);                     a function of this name for each type of the library
//   if (to.truncated()) ...                   to.needed() + 1 characters would do
//
//   std::puts(text(area).c_str());            the same in a value of its own
//
// It needs neither an allocator nor a C library.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace vmarea {

class TextWriter {
 public:
  /// Requires: `memory` holds `capacity` characters; of none, the text is only counted.
  constexpr TextWriter(char* memory, std::size_t capacity) noexcept
      : memory_(memory), capacity_(capacity) {
    if (capacity_ > 0) memory_[0] = '\0';
  }

  constexpr TextWriter& add(char letter) noexcept {
    if (needed_ + 1 < capacity_) {
      memory_[needed_] = letter;
      memory_[needed_ + 1] = '\0';
    }
    ++needed_;
    return *this;
  }
  constexpr TextWriter& add(const char* letters) noexcept {
    for (; *letters != '\0'; ++letters) add(*letters);
    return *this;
  }
  /// Without 0x and leading zeros, as in /proc/PID/maps.
  constexpr TextWriter& add_hex(std::uint64_t number) noexcept {
    unsigned shift = 60;
    while (shift > 0 && (number >> shift) == 0) shift -= 4;
    for (;; shift -= 4) {
      add("0123456789abcdef"[(number >> shift) & 0xf]);
      if (shift == 0) return *this;
    }
  }
  constexpr TextWriter& add_decimal(std::uint64_t number) noexcept {
    std::uint64_t power = 1;
    while (number / power >= 10) power *= 10;
    for (; power > 0; power /= 10) add(static_cast<char>('0' + number / power % 10));
    return *this;
  }
  constexpr TextWriter& add_signed(std::int64_t number) noexcept {
    const auto bits = static_cast<std::uint64_t>(number);
    if (number >= 0) return add_decimal(bits);
    return add('-').add_decimal(~bits + 1);
  }

  /// How many characters the whole text has; the 0 at its end is not counted.
  constexpr std::size_t needed() const noexcept { return needed_; }
  /// How many of them were written.
  constexpr std::size_t size() const noexcept {
    return needed_ < capacity_ ? needed_ : capacity_ - (capacity_ > 0 ? 1 : 0);
  }
  constexpr bool truncated() const noexcept { return size() < needed_; }

 private:
  char* memory_;
  std::size_t capacity_;
  std::size_t needed_ = 0;
};

/// Puts a separator before each word but the first.
class Words {
 public:
  constexpr explicit Words(TextWriter& to, const char* separator = " ") noexcept
      : to_(to), separator_(separator) {}
  /// The writer, ready for the next word.
  constexpr TextWriter& next() noexcept {
    if (!empty_) to_.add(separator_);
    empty_ = false;
    return to_;
  }
  constexpr bool empty() const noexcept { return empty_; }

 private:
  TextWriter& to_;
  const char* separator_;
  bool empty_ = true;
};

/// What has a text: a function write_text(TextWriter&, const T&) in the namespace of T.
template <class T>
concept HasText = requires(TextWriter& to, const T& value) {
  write_text(to, value);
};

/// A number, a handle or anything that has a text: what a result or an area of some host may hold.
template <class T>
constexpr void write_any(TextWriter& to, const T& value) noexcept {
  if constexpr (HasText<T>) {
    write_text(to, value);
  } else if constexpr (std::is_same_v<T, bool>) {
    to.add(value ? "true" : "false");
  } else if constexpr (std::is_enum_v<T> || std::is_integral_v<T>) {
    to.add("0x").add_hex(static_cast<std::uint64_t>(value));
  } else if constexpr (std::is_pointer_v<T>) {
    to.add("0x").add_hex(reinterpret_cast<std::uintptr_t>(value));
  } else {
    to.add('?');
  }
}

/// A text with the memory that it is in.
template <std::size_t Capacity>
class Text {
 public:
  template <HasText T>
  constexpr explicit Text(const T& value) noexcept {
    TextWriter to(letters_, Capacity);
    write_text(to, value);
    needed_ = to.needed();
    size_ = to.size();
  }

  constexpr const char* c_str() const noexcept { return letters_; }
  constexpr std::size_t size() const noexcept { return size_; }
  constexpr std::size_t needed() const noexcept { return needed_; }
  constexpr bool truncated() const noexcept { return size_ < needed_; }

 private:
  char letters_[Capacity]{};
  std::size_t needed_ = 0;
  std::size_t size_ = 0;
};

/// Of any value with a text: text(area).c_str(). Longer ones are cut: for a whole space, take a
/// writer.
template <std::size_t Capacity = 256, HasText T>
constexpr Text<Capacity> text(const T& value) noexcept {
  return Text<Capacity>(value);
}

}  // namespace vmarea
