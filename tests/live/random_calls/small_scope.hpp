// SPDX-License-Identifier: MIT
//
// The sequences of the exhaustive search in four pages, as calls on the running kernel: the same
// ones by the same numbers.
#pragma once

#include <cstddef>
#include <cstdint>

#include "live/random_calls/call.hpp"

namespace vmarea::live {

/// How many sequences of this length there are.
std::uint64_t small_scope_count(std::size_t length);

/// One of them. Requires: number < small_scope_count(length).
Sequence small_scope_sequence(std::uint64_t number, std::size_t length);

}  // namespace vmarea::live
