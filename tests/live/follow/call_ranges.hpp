// SPDX-License-Identifier: MIT
//
// The memory that a call is about. Around it the areas are looked at before the call and compared
// after it; all others are compared at intervals.
#pragma once

#include <cstdint>
#include <vector>

#include <vmarea/types/range.hpp>

#include "call.hpp"
#include "host.hpp"

namespace follow {

struct CallRanges {
  std::vector<vmarea::Range> parts;  // In whole pages; none is empty.
  bool everywhere = false;           // It may be any memory: the parts are not all.
};

/// What the call names. `segment_bytes` is the size of what shmat attaches, or 0.
CallRanges find_named_ranges(const Call& call, const Space& space, std::uint64_t segment_bytes);
/// Where the call put something by its own choice, and where nothing was before, so that it does
/// not name it: `raw` is what the kernel answered.
CallRanges find_chosen_ranges(const Call& call, std::int64_t raw, std::uint64_t segment_bytes);

}  // namespace follow
