// SPDX-License-Identifier: MIT
//
// Flags in the letters of /proc/PID/smaps, for reports of the programs that meet the kernel.
#pragma once

#include <string>

#include <vmarea/explain.hpp>

namespace vmarea::test {

/// "rd wr mr": two letters for each flag, in the order of the bits.
inline std::string letters_of(Flags flags) {
  std::string text;
  for (unsigned bit = 0; bit < 64; ++bit) {
    if (!flags.has_any(flag::bit(bit))) continue;
    if (!text.empty()) text += ' ';
    text += flag_name(bit);
  }
  return text;
}

}  // namespace vmarea::test
