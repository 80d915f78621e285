// SPDX-License-Identifier: MIT
#pragma once

#include <span>
#include <string>

#include "live/random_calls/directed_calls.hpp"
#include "live/random_calls/profile_switches.hpp"

namespace vmarea::live {

/// Why calls on a kernel with this profile do not show a switch: what it would take, or which
/// switch hides it. `directed`: the calls that were made.
std::string why_unseen(const ProfileSwitch& one, const KernelProfile& profile,
                       std::span<const Clue> directed);

}  // namespace vmarea::live
