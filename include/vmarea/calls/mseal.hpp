// SPDX-License-Identifier: MIT
//
// mseal (rules 24; mseal(2)): a walk that sets the seal, over a range without holes.
#pragma once

#include "vmarea/plan/walk_plan.hpp"

namespace vmarea {

template <class Host>
struct SealRule : RuleBase<Host> {
  static constexpr bool sets_flags(const KernelProfile&) noexcept { return false; }

  static Answer<Host> change(const SpaceState<Host>&, const Area<Host>& area, Range) noexcept {
    if (area.flags.has_any(flag::sealed)) return Answer<Host>::skip();
    return Answer<Host>::change(area, area.flags | flag::sealed);
  }
};

/// Errors: not_implemented (by the profile), not_permitted (32 bits, by the profile), invalid (any
/// flag, misaligned, wraps), no_memory (a hole: nothing is sealed; the map count).
template <class Host>
WalkPlan<Host, SealRule<Host>> plan_mseal(const SpaceState<Host>& space, Address start,
                                          std::uint64_t length_bytes,
                                          SealFlags flags = {}) noexcept {
  const Geometry geometry = space.services.geometry();
  if (!space.services.profile().knows_seals) return Error::not_implemented;
  const bool narrow = geometry.limit <= std::uint64_t{1} << 32;
  if (narrow && space.services.profile().seals_only_64_bit_spaces) return Error::not_permitted;
  if (!flags.empty()) return Error::invalid;
  const Result<Range> range = geometry.page_range(start, length_bytes);
  if (!range) return range.error();
  if (range->empty()) return success;
  if (!is_covered(space, *range)) return Error::no_memory;
  return {space, *range, SealRule<Host>{}};
}

}  // namespace vmarea
