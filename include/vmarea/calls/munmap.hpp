// SPDX-License-Identifier: MIT
//
// munmap (behaviour specification 11): a clearing, and nothing in its place.
#pragma once

#include "vmarea/core/change.hpp"
#include "vmarea/core/unmap.hpp"
#include "vmarea/fast_paths.hpp"

namespace vmarea {

template <class S>
using UnmapPlan = WindowPlan<S, void>;

/// Plans to clear a range that is known to be good. Inlined with all that it calls, as mmap's plan
/// is: 6 % of unmapping and mapping again.
template <class S>
VMAREA_INLINED_WHOLE UnmapPlan<S> plan_unmap(const SpaceState<S>& space, Range range) noexcept {
  UnmapPlan<S> plan;
  plan.status = success;
  const Clearing<S> clearing = plan_clear(space, range);
  if (!clearing.status) {
    plan.status = clearing.status.error();
    leave_cuts(space, plan, clearing);
  } else if (clearing.totals.total != 0) {
    plan.add() = window_of(clearing);
  }
  return plan;
}

template <class S>
UnmapPlan<S> plan_munmap(const SpaceState<S>& space, Address start,
                         std::uint64_t length_bytes) noexcept {
  const Geometry geometry = space.services.geometry();
  if (!geometry.aligned(start) || !geometry.inside(start, length_bytes)) return Error::invalid;
  const std::uint64_t length = geometry.round_up(length_bytes);
  if (length == 0) return Error::invalid;
  return plan_unmap(space, {start, start + length});
}

}  // namespace vmarea
