// SPDX-License-Identifier: MIT
//
// Sets of named bits, one type for each meaning, so that protections, mapping flags and area flags
// cannot be mixed up. The numbers are those of the Linux system calls: an emulator can pass what
// its guest passed.
#pragma once

#include <compare>
#include <concepts>
#include <cstdint>

namespace vmarea {

/// Never; but that is known only where a number is given.
template <class Number>
inline constexpr bool is_a_set = false;

/// A number that a word has room for.
template <class Number, class Word>
concept FitsIn = std::integral<Number> && sizeof(Number) <= sizeof(Word);

template <class Tag, class Word>
class BitSet {
 public:
  constexpr BitSet() noexcept = default;
  constexpr explicit BitSet(Word bits) noexcept : bits_(bits) {}
  template <FitsIn<Word> Number>
  constexpr explicit BitSet(Number bits) noexcept : bits_(static_cast<Word>(bits)) {}
  /// No conversion, but a sentence for where a bare number stands instead of a set: there, the two
  /// above are not asked.
  template <std::integral Number>
  constexpr BitSet(Number) noexcept {
    static_assert(
        is_a_set<Number>,
        "a bare number is no set of flags, and the flags of each call have a type of their "
        "own: prot::read, map::fixed ..., or protection_from(number), map_flags_from(number)");
  }

  constexpr Word bits() const noexcept { return bits_; }
  constexpr bool empty() const noexcept { return bits_ == 0; }
  constexpr bool has_any(BitSet other) const noexcept { return (bits_ & other.bits_) != 0; }
  constexpr bool has_all(BitSet other) const noexcept {
    return (bits_ & other.bits_) == other.bits_;
  }
  constexpr BitSet without(BitSet other) const noexcept {
    return BitSet(static_cast<Word>(bits_ & ~other.bits_));
  }
  /// Members of exactly one of the two.
  constexpr BitSet difference(BitSet other) const noexcept {
    return BitSet(static_cast<Word>(bits_ ^ other.bits_));
  }
  /// `other` added where `wanted`, as it was otherwise.
  constexpr BitSet with_if(bool wanted, BitSet other) const noexcept {
    return wanted ? *this | other : *this;
  }

  friend constexpr BitSet operator|(BitSet a, BitSet b) noexcept {
    return BitSet(static_cast<Word>(a.bits_ | b.bits_));
  }
  friend constexpr BitSet operator&(BitSet a, BitSet b) noexcept {
    return BitSet(static_cast<Word>(a.bits_ & b.bits_));
  }
  constexpr BitSet& operator|=(BitSet other) noexcept { return *this = *this | other; }
  /// An order for sorted containers. It says nothing of which set holds which: has_all() does.
  friend constexpr auto operator<=>(BitSet, BitSet) noexcept = default;

 private:
  Word bits_ = 0;
};

}  // namespace vmarea
