// SPDX-License-Identifier: MIT
//
// Flags as /proc/PID/smaps shows them, for the programs that meet the kernel.
#pragma once

#include <string>
#include <string_view>

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

/// Whether this line says that its area has a protection key other than the one that all have.
inline bool names_protection_key(std::string_view line) {
  return line.starts_with("ProtectionKey:") &&
         line.find_first_of("123456789") != std::string_view::npos;
}

}  // namespace vmarea::test
