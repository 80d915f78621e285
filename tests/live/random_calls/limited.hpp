// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "live/random_calls/call.hpp"
#include "vmarea/space/space_state.hpp"

namespace vmarea::live {

/// What of these pages a limit counts, in bytes; a stack is counted by its own length.
inline std::uint64_t in_use_bytes(const PageTotals& totals, Limited limited) {
  switch (limited) {
    case Limited::address_space:
      return static_cast<std::uint64_t>(totals.total) * page;
    case Limited::data:
      return static_cast<std::uint64_t>(totals.data) * page;
    case Limited::locked:
      return static_cast<std::uint64_t>(totals.locked) * page;
    case Limited::stack:
      break;
  }
  return 0;
}

}  // namespace vmarea::live
