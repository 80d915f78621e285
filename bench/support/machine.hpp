// SPDX-License-Identifier: MIT
//
// What a table was measured with: without it, its numbers cannot be compared with others.
#pragma once

#include <string>

namespace vmarea::bench {

/// Compiler and flags, which hold for the peers, too; machine, kernel, and how busy it is now.
std::string compiler_and_flags();
std::string machine();

}  // namespace vmarea::bench
