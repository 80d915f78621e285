// SPDX-License-Identifier: MIT
//
// A sequence on a land of each kind that can have its window, in step: what one answers, shows and
// notices, all do. The form of a call differs from land to land where nothing happens between its
// beats.
#pragma once

#include "fuzz/land.hpp"

namespace vmarea::test::fuzz {

/// How many steps of each kind of call answered so.
struct Tally {
  std::vector<std::uint64_t> succeeded = std::vector<std::uint64_t>(std::size(every_call::kinds));
  std::vector<std::uint64_t> failed = succeeded;
};

/// What goes wrong first, and at which step; empty: nothing. Null: nothing is counted.
std::string try_sequence(const Sequence& sequence, Tally* tally = nullptr);

}  // namespace vmarea::test::fuzz
