// SPDX-License-Identifier: MIT
//
// Which counters an area belongs to, and whether there may be more of it (rules 23). Pure: calls
// put the differences into edits, commit adds them.
#pragma once

#include <cstdint>

#include "vmarea/space/space_state.hpp"

namespace vmarea {

/// Executable, not writable, not a stack.
constexpr bool is_exec_class(Flags flags) noexcept {
  return flags.has_any(flag::exec) && !flags.has_any(flag::write | flag::grows_down);
}

constexpr bool is_stack_class(Flags flags) noexcept {
  return flags.has_any(flag::grows_down | flag::shadow_stack);
}

/// Private writable memory. Shadow stacks match too; for counting, the stack class comes first.
constexpr bool is_data_class(Flags flags) noexcept {
  return flags.has_any(flag::write) && !flags.has_any(flag::shared | flag::grows_down);
}

/// What `pages` pages (negative: fewer) of an area with `flags` add to the counters, without
/// locked.
constexpr PageTotals class_totals(Flags flags, std::int64_t pages) noexcept {
  PageTotals totals{.total = pages};
  if (is_exec_class(flags)) {
    totals.exec = pages;
  } else if (is_stack_class(flags)) {
    totals.stack = pages;
  } else if (is_data_class(flags)) {
    totals.data = pages;
  }
  return totals;
}

/// The same with the locked counter.
constexpr PageTotals area_totals(Flags flags, std::int64_t pages) noexcept {
  PageTotals totals = class_totals(flags, pages);
  if (flags.has_any(flag::locked)) totals.locked = pages;
  return totals;
}

/// Whether mappings with these flags are charged as they are made.
constexpr bool is_accountable(Flags flags) noexcept {
  return flags.has_any(flag::write) &&
         !flags.has_any(flag::shared | flag::no_reserve | flag::huge_tlb);
}

/// Whether an area may be locked at all.
constexpr bool is_lockable(Flags flags) noexcept {
  return !flags.has_any(flag::special | flag::droppable | flag::huge_tlb);
}

template <class Host>
constexpr std::int64_t page_count(const SpaceState<Host>& space,
                                  std::uint64_t length_bytes) noexcept {
  return static_cast<std::int64_t>(space.services.geometry().pages(length_bytes));
}

template <class Host>
bool is_within(const SpaceState<Host>& space, std::int64_t pages,
               std::uint64_t limit_bytes) noexcept {
  return limit_bytes == Limits::no_limit ||
         pages <= static_cast<std::int64_t>(space.services.geometry().pages(limit_bytes));
}

/// Whether `pages` more pages with `flags` on top of `totals` respect RLIMIT_AS and RLIMIT_DATA. A
/// soft data limit of 0 with a sufficient hard one does not refuse.
template <class Host>
bool can_expand(const SpaceState<Host>& space, const PageTotals& totals, Flags flags,
                std::int64_t pages) noexcept {
  const Limits limits = space.services.limits();
  if (!is_within(space, totals.total + pages, limits.address_space_bytes)) return false;
  const std::int64_t data = totals.data + pages;
  if (!is_data_class(flags) || is_within(space, data, limits.data_bytes)) return true;
  return limits.data_bytes == 0 && is_within(space, data, limits.data_bytes_hard);
}

/// Whether any memory at all may be locked.
constexpr bool may_lock(const Limits& limits) noexcept {
  return limits.may_lock_any || limits.locked_bytes != 0;
}

/// Whether `pages` more pages locked on top of `totals` respect RLIMIT_MEMLOCK.
template <class Host>
bool can_lock(const SpaceState<Host>& space, const PageTotals& totals,
              std::int64_t pages) noexcept {
  const Limits limits = space.services.limits();
  return limits.may_lock_any || is_within(space, totals.locked + pages, limits.locked_bytes);
}
template <class Host>
bool can_lock(const SpaceState<Host>& space, std::int64_t pages) noexcept {
  return can_lock(space, space.totals, pages);
}

}  // namespace vmarea
