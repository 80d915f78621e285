// SPDX-License-Identifier: MIT
#include "live/random_calls/shrinker.hpp"

#include <algorithm>
#include <utility>

namespace vmarea::live {
namespace {

Sequence without(const Sequence& sequence, std::size_t first, std::size_t count) {
  Sequence rest(sequence.begin(), sequence.begin() + static_cast<std::ptrdiff_t>(first));
  const std::size_t upto = std::min(first + count, sequence.size());
  rest.insert(rest.end(), sequence.begin() + static_cast<std::ptrdiff_t>(upto), sequence.end());
  return rest;
}

}  // namespace

std::optional<Sequence> shrink(Sequence sequence, const GoesWrong& goes_wrong) {
  std::optional<std::size_t> wrong_at = goes_wrong(sequence);
  if (!wrong_at) return {};
  sequence.resize(std::min(sequence.size(), *wrong_at + 1));
  bool shorter = true;
  std::size_t part = std::max<std::size_t>(sequence.size() / 2, 1);
  while (part > 1 || shorter) {
    if (!shorter) part /= 2;
    shorter = false;
    for (std::size_t first = 0; first < sequence.size();) {
      Sequence candidate = without(sequence, first, part);
      wrong_at = candidate.empty() ? std::nullopt : goes_wrong(candidate);
      if (wrong_at) {
        sequence = std::move(candidate);
        sequence.resize(std::min(sequence.size(), *wrong_at + 1));
        shorter = true;
      } else {
        first += part;
      }
    }
  }
  return sequence;
}

std::optional<std::size_t> first_wrong(Runner& runner, Slate& slate, const Sequence& sequence) {
  slate.trouble = Trouble::none;
  runner.use(slate);
  runner.run_apart(sequence, {.flags_every = 1, .count = false});
  if (slate.trouble == Trouble::none) return {};
  return static_cast<std::size_t>(slate.step);
}

Sequence shrink(Runner& runner, Slate& slate, Sequence sequence, bool& reproduced) {
  const auto goes_wrong = [&](const Sequence& candidate) {
    return first_wrong(runner, slate, candidate);
  };
  std::optional<Sequence> shortest = shrink(sequence, goes_wrong);
  reproduced = shortest.has_value();
  if (!reproduced) return sequence;
  goes_wrong(*shortest);
  return std::move(*shortest);
}

}  // namespace vmarea::live
