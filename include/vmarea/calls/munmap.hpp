// SPDX-License-Identifier: MIT
//
// munmap (rules 11): a clearing, and nothing in its place.
#pragma once

#include "vmarea/plan/clear.hpp"
#include "vmarea/plan/plan.hpp"
#include "vmarea/types/fast_paths.hpp"

namespace vmarea {

/// Plans to clear a range that is known to be good, and answers with `answer` if that may be.
/// Inlined with all that it calls, as mmap's plan is: 6 % of unmapping and mapping again.
template <class Plan, class Host>
VMAREA_INLINED_WHOLE Plan plan_unmap(const SpaceState<Host>& space, Range range,
                                     Result<typename Plan::Value> answer) noexcept {
  Plan plan{answer, space, range.start};
  const Clearing<Host> clearing = plan_clear(space, range, TreeView<Host>(plan.place()));
  if (!clearing.status) {
    plan.status = clearing.status.error();
    leave_cuts(space, plan, clearing);
  } else if (clearing.totals.total != 0) {
    plan.add_edit_made_by([&] { return edit_of(clearing); });
  }
  return plan;
}

/// The range that munmap speaks of. Errors: invalid (misaligned, empty, beyond the limit).
constexpr Result<Range> unmapped_range(const Geometry& geometry, Address start,
                                       std::uint64_t length_bytes) noexcept {
  if (!geometry.inside(start, length_bytes)) return Error::invalid;
  Result<Range> range = geometry.page_range(start, length_bytes);
  if (range && range->empty()) range = Error::invalid;
  return range;
}

/// Errors: invalid (misaligned, empty, beyond the limit), not_permitted (sealed), no_memory (a hole
/// in an area at the map count limit), what may_split says.
template <class Host>
StepPlan<Host, void> plan_munmap(const SpaceState<Host>& space, Address start,
                                 std::uint64_t length_bytes) noexcept {
  const Result<Range> range = unmapped_range(space.services.geometry(), start, length_bytes);
  return range ? plan_unmap<StepPlan<Host, void>>(space, *range, success) : range.error();
}

}  // namespace vmarea
