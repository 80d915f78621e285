// SPDX-License-Identifier: MIT
//
// The shortest sequence that still goes wrong: leaves out ever smaller parts until no single step
// can be left out.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

namespace vmarea::test {

template <class Step>
std::vector<Step> without(const std::vector<Step>& steps, std::size_t first, std::size_t count) {
  std::vector<Step> rest(steps.begin(), steps.begin() + static_cast<std::ptrdiff_t>(first));
  const std::size_t upto = std::min(first + count, steps.size());
  rest.insert(rest.end(), steps.begin() + static_cast<std::ptrdiff_t>(upto), steps.end());
  return rest;
}

/// Requires: goes_wrong(steps), which must answer the same whenever it is asked.
template <class Step, class GoesWrong>
std::vector<Step> shrink(std::vector<Step> steps, GoesWrong&& goes_wrong) {
  std::size_t part = std::max<std::size_t>(steps.size() / 2, 1);
  for (bool shorter = true; part > 1 || shorter;) {
    if (!shorter) part /= 2;
    shorter = false;
    for (std::size_t first = 0; first < steps.size();) {
      std::vector<Step> candidate = without(steps, first, part);
      if (!candidate.empty() && goes_wrong(candidate)) {
        steps = std::move(candidate);
        shorter = true;
      } else {
        first += part;
      }
    }
  }
  return steps;
}

}  // namespace vmarea::test
