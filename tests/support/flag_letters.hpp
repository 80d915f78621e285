// SPDX-License-Identifier: MIT
//
// Flags in the words of /proc/PID/smaps, for people: what smaps does not show is there, too.
#pragma once

#include <string>

#include <vmarea/rules/explain.hpp>

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
