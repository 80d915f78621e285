// SPDX-License-Identifier: MIT
#pragma once

#include <vmarea_shims/profile_for.hpp>

#include "live/random_calls/options.hpp"
#include "live/random_calls/runner.hpp"
#include "live/random_calls/workers.hpp"

namespace vmarea::live {

/// Finds out which rules of the running kernel differ from those of `start`, by directed calls and
/// then by random ones, and prints what was found. True if that explains everything. `slate`: for
/// calls that are tried, beside those of the workers.
bool find_which_profile(const Options& options, const shims::NamedProfile& start, Runner& runner,
                        Workers& workers, Slate& slate);

}  // namespace vmarea::live
