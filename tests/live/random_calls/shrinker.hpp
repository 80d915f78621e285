// SPDX-License-Identifier: MIT
//
// The shortest sequence that still goes wrong: leaves out ever smaller parts, each candidate run
// from a clean arena, until no single call can be left out.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>

#include "live/random_calls/call.hpp"
#include "live/random_calls/runner.hpp"

namespace vmarea::live {

/// The call at which a sequence goes wrong, if it does.
using GoesWrong = std::function<std::optional<std::size_t>(const Sequence&)>;

/// Nothing if the whole sequence does not go wrong.
std::optional<Sequence> shrink(Sequence sequence, const GoesWrong& goes_wrong);

/// What goes wrong with the kernel, each candidate run in a process of its own. True in
/// `reproduced` if the whole sequence went wrong again. The slate shows the trouble of the sequence
/// that is returned.
Sequence shrink(Runner& runner, Slate& slate, Sequence sequence, bool& reproduced);

/// The call at which the sequence goes wrong in a process of its own; the slate shows the trouble.
std::optional<std::size_t> first_wrong(Runner& runner, Slate& slate, const Sequence& sequence);

}  // namespace vmarea::live
