// SPDX-License-Identifier: MIT
//
// The invariants of an address space, by number (rules 28), and the checker that goes through the
// same list. Calls keep all of them at any time the space lock is free.
//
//    1. areas are page aligned, not empty, sorted, disjoint, and inside the space
//    2. the tree's keys are the areas' ranges, and it counts as many entries as area_count
//    3. total, data, exec, stack and locked are the sums over the areas
//    4. the commit charge is the sum of the pages of areas with `account`
//    5. an identity is one of this space's, and only private memory has one
//    6. userfault flags exactly where there is a userfault context
//    7. nothing special or droppable is locked; lock_on_fault only with locked
//    8. shared memory has hooks: null means private anonymous memory
#pragma once

#include "vmarea/space/account.hpp"
#include "vmarea/space/find.hpp"
#include "vmarea/space/space_state.hpp"

namespace vmarea {

/// The first broken invariant, as its number and a sentence; number 0, and false: all hold.
struct [[nodiscard]] Broken {
  int number = 0;
  const char* what = nullptr;
  constexpr explicit operator bool() const noexcept { return number != 0; }
};

/// The invariants of one area, also of one that is still to come. `before` is the end of the area
/// below.
template <class Host>
Broken check_description(const SpaceState<Host>& space, const Description<Host>& area,
                         Address before) noexcept {
  const Geometry geometry = space.services.geometry();
  if (!geometry.aligned(area.start) || !geometry.aligned(area.end)) return {1, "not page aligned"};
  if (area.start >= area.end) return {1, "an empty area"};
  if (area.start < before) return {1, "areas overlap or are not sorted"};
  if (area.end > geometry.limit) return {1, "an area beyond the limit"};
  const Flags flags = area.flags;
  if (area.identity && flags.has_any(flag::shared)) return {5, "a shared area with an identity"};
  if (!Host::has_reverse_map && area.identity.value() > space.last_identity) {
    return {5, "an identity that was never given"};
  }
  const bool has_context = area.attributes != nullptr && area.attributes->userfault_context != 0;
  if (flags.has_any(flag::userfault) != has_context) return {6, "userfault flags and context"};
  if (flags.has_any(flag::locked) && flags.has_any(flag::special | flag::droppable)) {
    return {7, "a special area is locked"};
  }
  if (flags.has_any(flag::lock_on_fault) && !flags.has_any(flag::locked)) {
    return {7, "lock_on_fault without locked"};
  }
  if (area.anonymous() && flags.has_any(flag::shared)) return {8, "shared memory without hooks"};
  return {};
}

/// Checks the invariants of single areas for those that have a byte in `range`, and that they do
/// not overlap. Requires: the space does not change meanwhile.
template <class Host>
Broken check_within(const SpaceState<Host>& space, Range range) noexcept {
  Address before = 0;
  for (auto cursor = space.tree.seek(range.start); cursor.entry(); cursor.next()) {
    const auto entry = cursor.entry();
    if (entry.first >= range.end) break;
    const Broken broken = check_description<Host>(space, *entry.value, before);
    if (broken) return broken;
    if (entry.first != entry.value->start || entry.last != last_key(entry.value->range())) {
      return {2, "a tree key is not the area's range"};
    }
    before = entry.value->end;
  }
  return {};
}

/// Checks everything; linear in the number of areas. Requires: the space does not change meanwhile.
template <class Host>
Broken check(const SpaceState<Host>& space) noexcept {
  PageTotals sums{};
  PageCount accounted = 0;
  std::uint64_t count = 0;
  Address before = 0;
  for (auto cursor = space.tree.seek(0); cursor.entry(); cursor.next()) {
    const auto entry = cursor.entry();
    const Area<Host>& area = *entry.value;
    const Broken broken = check_description<Host>(space, area, before);
    if (broken) return broken;
    if (entry.first != area.start || entry.last != last_key(area.range())) {
      return {2, "a tree key is not the area's range"};
    }
    before = area.end;
    ++count;
    const std::int64_t pages = page_count(space, area.length());
    sums += area_totals(area.flags, pages);
    if (area.flags.has_any(flag::account)) accounted += static_cast<PageCount>(pages);
  }
  if (count != space.area_count || count != space.tree.size()) return {2, "area_count is wrong"};
  if (!(sums == space.totals)) return {3, "page totals are not the sums over the areas"};
  if (accounted != space.charged) return {4, "the charge is not the sum over accounted areas"};
  return {};
}

}  // namespace vmarea
