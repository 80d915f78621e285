// SPDX-License-Identifier: MIT
//
// Which bits of this kernel's flags mean which of ours. Nothing is taken for known: it is learned
// from areas of which both are seen, the bits by the program in the kernel and the flags by smaps.
#pragma once

#include <array>
#include <cstdint>

#include "vmarea/types/flags.hpp"

namespace vmarea::live {

class FlagBits {
 public:
  FlagBits() { candidates_.fill(~std::uint64_t{0}); }

  /// An area with these bits has these flags and no others.
  void learn(std::uint64_t bits, Flags flags);

  /// What the bits mean; false if what was learned leaves a doubt.
  bool decode(std::uint64_t bits, Flags& flags);

 private:
  /// A decoding that may be asked for again; of no bits there is none.
  struct Decoded {
    std::uint64_t bits = 0;
    Flags flags;
  };

  bool decode_anew(std::uint64_t bits, Flags& flags) const;

  /// For each of our flags the bits that all areas with it had and no area without it.
  std::array<std::uint64_t, 64> candidates_;
  std::uint64_t met_ = 0;  // Bits that some area had.
  Flags known_;            // Flags that some area had.
  std::array<Decoded, 64> decoded_{};
};

}  // namespace vmarea::live
