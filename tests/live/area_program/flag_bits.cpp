// SPDX-License-Identifier: MIT
#include "live/area_program/flag_bits.hpp"

#include <bit>

namespace vmarea::live {

void FlagBits::learn(std::uint64_t bits, Flags flags) {
  for (unsigned i = 0; i < candidates_.size(); ++i) {
    candidates_[i] &= flags.has_any(flag::bit(i)) ? bits : ~bits;
  }
  met_ |= bits;
  known_ |= flags;
  decoded_.fill({});
}

bool FlagBits::decode(std::uint64_t bits, Flags& flags) {
  constexpr std::uint64_t spread = 0x9e37'79b9'7f4a'7c15;
  Decoded& before = decoded_[bits * spread >> 58];
  if (before.bits != bits || bits == 0) {
    Flags now;
    if (!decode_anew(bits, now)) return false;
    before = {bits, now};
  }
  flags = before.flags;
  return true;
}

bool FlagBits::decode_anew(std::uint64_t bits, Flags& flags) const {
  if ((bits & ~met_) != 0) return false;
  flags = {};
  for (std::uint64_t left = known_.bits(); left != 0; left &= left - 1) {
    const auto number = static_cast<unsigned>(std::countr_zero(left));
    const std::uint64_t candidates = candidates_[number];
    const std::uint64_t set = bits & candidates;
    // One of several candidates may be the one, or none is.
    if (set != candidates || candidates == 0) {
      if (set != 0 || candidates == 0) return false;
      continue;
    }
    flags |= flag::bit(number);
  }
  return true;
}

}  // namespace vmarea::live
