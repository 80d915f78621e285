// SPDX-License-Identifier: MIT
//
// Calls as lines that people read and programs read back:
//
//   mmap(+0, 3p, rw, private|fixed|anonymous)      +N: page N of the arena; Np: N pages
//   mremap(+3:0x10, 2p, 4p, may_move|fixed, +8)    +N:B: a byte in it; all else in hexadecimal
//
// A call that was written and read is the same call, but for its kind.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "live/random_calls/call.hpp"

namespace vmarea::live {

std::string describe(const Call& call);
/// 0, a place, the name of the error, or that the call was left out.
std::string describe_result(Operation operation, std::int64_t result);
/// The call of a line; nothing if the line is not understood.
std::optional<Call> parse_call(std::string_view line);

}  // namespace vmarea::live
