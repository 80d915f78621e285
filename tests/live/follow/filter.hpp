// SPDX-License-Identifier: MIT
//
// The filter that stops a program at memory calls and at nothing else, so that following costs
// little: every other system call runs at full speed.
#pragma once

#include <cstdint>
#include <vector>

#include <linux/filter.h>

namespace follow {

/// What the filter says with a stop: the message of PTRACE_EVENT_SECCOMP.
enum class FilterSays : std::uint16_t {
  memory_call = 1,
  foreign_abi = 2,  // A 32-bit or x32 call: its numbers and addresses are not ours.
};

/// The filter, as a program that answers `action`, with a reason in its low half, where it stops.
std::vector<sock_filter> make_filter(std::uint32_t action);

/// Puts the filter on the calling process for good, exec included. Returns 0 or an errno number.
int install_filter();

}  // namespace follow
