// SPDX-License-Identifier: MIT
//
// The shortest sequence that still goes wrong: leaves out ever smaller parts, each candidate run
// from a clean arena in a process of its own, until no single call can be left out.
#pragma once

#include "live/random_calls/call.hpp"
#include "live/random_calls/runner.hpp"

namespace vmarea::live {

/// True in `reproduced` if the whole sequence went wrong again. The slate shows the trouble of the
/// sequence that is returned.
Sequence shrink(Runner& runner, Slate& slate, Sequence sequence, bool& reproduced);

}  // namespace vmarea::live
