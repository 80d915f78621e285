// SPDX-License-Identifier: MIT
//
// munmap (behaviour specification 11): a clearing, and nothing in its place.
#pragma once

#include "vmarea/change/change.hpp"
#include "vmarea/plan/clear.hpp"
#include "vmarea/types/fast_paths.hpp"

namespace vmarea {

template <class Host>
using UnmapPlan = StepPlan<Host, void>;

/// Plans to clear a range that is known to be good. Inlined with all that it calls, as mmap's plan
/// is: 6 % of unmapping and mapping again.
template <class Host>
VMAREA_INLINED_WHOLE UnmapPlan<Host> plan_unmap(const SpaceState<Host>& space,
                                                Range range) noexcept {
  UnmapPlan<Host> plan;
  plan.status = success;
  const Clearing<Host> clearing = plan_clear(space, range);
  if (!clearing.status) {
    plan.status = clearing.status.error();
    leave_cuts(space, plan, clearing);
  } else if (clearing.totals.total != 0) {
    plan.add() = edit_of(clearing);
  }
  return plan;
}

template <class Host>
UnmapPlan<Host> plan_munmap(const SpaceState<Host>& space, Address start,
                            std::uint64_t length_bytes) noexcept {
  const Geometry geometry = space.services.geometry();
  if (!geometry.aligned(start) || !geometry.inside(start, length_bytes)) return Error::invalid;
  const std::uint64_t length = geometry.round_up(length_bytes);
  if (length == 0) return Error::invalid;
  return plan_unmap(space, {start, start + length});
}

}  // namespace vmarea
