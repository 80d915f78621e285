// SPDX-License-Identifier: MIT
#include "live/random_calls/shrinker.hpp"

#include <algorithm>

namespace vmarea::live {
namespace {

bool goes_wrong(Runner& runner, Slate& slate, const Sequence& sequence) {
  slate.trouble = Trouble::none;
  runner.use(slate);
  runner.run_apart(sequence, {.flags_every = 1, .count = false});
  return slate.trouble != Trouble::none;
}

Sequence without(const Sequence& sequence, std::size_t first, std::size_t count) {
  Sequence rest(sequence.begin(), sequence.begin() + static_cast<std::ptrdiff_t>(first));
  const std::size_t upto = std::min(first + count, sequence.size());
  rest.insert(rest.end(), sequence.begin() + static_cast<std::ptrdiff_t>(upto), sequence.end());
  return rest;
}

}  // namespace

Sequence shrink(Runner& runner, Slate& slate, Sequence sequence, bool& reproduced) {
  reproduced = goes_wrong(runner, slate, sequence);
  if (!reproduced) return sequence;
  const auto cut_tail = [&] {
    sequence.resize(std::min<std::size_t>(sequence.size(), slate.step + 1));
  };
  cut_tail();
  bool shorter = true;
  std::size_t part = std::max<std::size_t>(sequence.size() / 2, 1);
  while (part > 1 || shorter) {
    if (!shorter) part /= 2;
    shorter = false;
    for (std::size_t first = 0; first < sequence.size();) {
      Sequence candidate = without(sequence, first, part);
      if (!candidate.empty() && goes_wrong(runner, slate, candidate)) {
        sequence = std::move(candidate);
        cut_tail();
        shorter = true;
      } else {
        first += part;
      }
    }
  }
  goes_wrong(runner, slate, sequence);
  return sequence;
}

}  // namespace vmarea::live
