// SPDX-License-Identifier: MIT
//
// Pages by class, as the counters of a space hold them (rules 23).
#pragma once

#include <cstdint>

namespace vmarea {

/// Signed, so that it is also a difference.
struct PageTotals {
  std::int64_t total = 0;
  std::int64_t data = 0;
  std::int64_t exec = 0;
  std::int64_t stack = 0;
  std::int64_t locked = 0;

  constexpr PageTotals& operator+=(const PageTotals& other) noexcept {
    total += other.total;
    data += other.data;
    exec += other.exec;
    stack += other.stack;
    locked += other.locked;
    return *this;
  }
  friend constexpr PageTotals operator-(const PageTotals& totals) noexcept {
    return {-totals.total, -totals.data, -totals.exec, -totals.stack, -totals.locked};
  }
  friend constexpr bool operator==(const PageTotals&, const PageTotals&) = default;
};

}  // namespace vmarea
