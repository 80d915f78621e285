// SPDX-License-Identifier: MIT
//
// Calls without a counterpart on an AddressSpace, or whose facts we do not see (prctl ...): our
// areas become the kernel's. What maps does not show but merging depends on is noted from the
// arguments.
#pragma once

#include <cstdint>

#include <sys/types.h>

#include "call.hpp"
#include "followed_space.hpp"

namespace follow {

void adopt_call(FollowedSpace& space, pid_t task, const Call& call, std::int64_t kernel_raw);

}  // namespace follow
