// SPDX-License-Identifier: MIT
//
// Flags as /proc/PID/smaps shows them, for the programs that meet the kernel.
#pragma once

#include <string>
#include <string_view>

#include <vmarea/rules/explain.hpp>
#include <vmarea/string.hpp>

namespace vmarea::test {

/// "rd wr mr": two letters for each flag, in the order of the bits.
inline std::string letters_of(Flags flags) {
  return flags.empty() ? std::string() : to_string(flags);
}

/// Whether this line says that its area has a protection key other than the one that all have.
inline bool names_protection_key(std::string_view line) {
  return line.starts_with("ProtectionKey:") &&
         line.find_first_of("123456789") != std::string_view::npos;
}

}  // namespace vmarea::test
