// SPDX-License-Identifier: MIT
//
// Flags in the words of /proc/PID/smaps, for people: what smaps does not show is there, too.
#pragma once

#include <string>

#include <vmarea/rules/explain.hpp>
#include <vmarea/string.hpp>

namespace vmarea::test {

/// "rd wr mr": two letters for each flag, in the order of the bits.
inline std::string letters_of(Flags flags) {
  return flags.empty() ? std::string() : to_string(flags);
}

}  // namespace vmarea::test
