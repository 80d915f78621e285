// SPDX-License-Identifier: MIT
//
// mincore (rules 29-mincore; mincore(2)), as far as areas decide it: no area changes, and which
// pages are in memory is the host's to say.
#pragma once

#include "vmarea/plan/plan.hpp"
#include "vmarea/space/find.hpp"

namespace vmarea {

/// Errors: invalid (misaligned), no_memory (past the limit, a hole). Protection is not asked.
template <class Host>
StepPlan<Host, void> plan_mincore(const SpaceState<Host>& space, Address start,
                                  std::uint64_t length_bytes) noexcept {
  const Geometry geometry = space.services.geometry();
  if (!geometry.aligned(start)) return Error::invalid;
  if (!geometry.inside(start, length_bytes)) return Error::no_memory;
  const bool covered = is_covered(space, {start, start + geometry.round_up(length_bytes)});
  return covered ? success : Result<void>(Error::no_memory);
}

}  // namespace vmarea
