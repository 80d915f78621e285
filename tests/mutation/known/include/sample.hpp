// SPDX-License-Identifier: MIT
//
// One of each that the mutator knows, and beside it what it leaves alone.
#pragma once

#define SAMPLE_TWICE(value) ((value)*2)

namespace sample {

constexpr int limit = 4 + 4;
constexpr void promise(bool) {}
static_assert(limit > 7);

struct Counter {
  int count = 1;
  void add(int by) {
    promise(count + by >= 0);
    if (by < 0) return;
    count += by;
  }
};

/// From `low` up to `high`, without a comma < 3 in a comment.
constexpr int distance(int low, int high) {
  return high - low;
}

template <class Number>
constexpr bool is_between(Number low, Number at, Number high) {
  if constexpr (sizeof(Number) > 4) {
    static_assert(sizeof(Number) == 8);
  }
  return low <= at && !(at >= high);
}

inline int walk(Counter& counter, int steps) {
  constexpr int more = 2 + 1;
  const int twice = SAMPLE_TWICE(steps + 1);
  for (int i = 0; i < steps; ++i) {
    counter.add(more);
    if (counter.count == limit) break;
  }
  switch (steps) {
    case 1 + 1:
      return distance(steps, twice);
    default:
      return steps > 2 ? 1 : 0;
  }
}

}  // namespace sample
