// SPDX-License-Identifier: MIT
//
// How a mismatch reads: the call, both answers, both maps side by side around the first difference,
// and why ours merged or did not merge there.
#pragma once

#include <string>
#include <vector>

#include "followed_space.hpp"

namespace follow {

/// Both maps around `at`, and our reasons.
std::string print_difference(FollowedSpace& space, const std::vector<AreaDescription>& before,
                             const Difference& difference);

/// Everything about our areas in and beside the range: for a wrong answer with right areas.
std::string print_neighbourhood(const std::vector<AreaDescription>& areas, vmarea::Range range);

}  // namespace follow
