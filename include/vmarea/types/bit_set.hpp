// SPDX-License-Identifier: MIT
//
// Sets of named bits, one type for each meaning, so that protections, mapping flags and area flags
// cannot be mixed up. The numbers are those of the Linux system calls: an emulator can pass what
// its guest passed.
#pragma once

#include <compare>
#include <cstdint>

namespace vmarea {

template <class Tag, class Word>
class BitSet {
 public:
  constexpr BitSet() noexcept = default;
  constexpr explicit BitSet(Word bits) noexcept : bits_(bits) {}

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
