// SPDX-License-Identifier: MIT
//
// mseal (behaviour specification 24; mseal(2)): a walk that sets the seal, over a range without
// holes.
#pragma once

#include "vmarea/plan/walk_plan.hpp"

namespace vmarea {

template <class Host>
struct SealRule {
  static constexpr HolePolicy holes = HolePolicy::stop;
  static constexpr Error shortage = Error::no_memory;

  RuleAnswer<Host> answer(const SpaceState<Host>&, const Area<Host>& area, Range,
                          const WalkProgress&) const noexcept {
    if (area.flags.has_any(flag::sealed)) return RuleAnswer<Host>::skip();
    return RuleAnswer<Host>::change(area, area.flags | flag::sealed);
  }
};

template <class Host>
using SealPlan = WalkPlan<Host, SealRule<Host>>;

/// Errors: not_permitted (32 bits, by the profile), invalid (any flag, misaligned, wraps),
/// no_memory (a hole: nothing is sealed; the map count).
template <class Host>
SealPlan<Host> plan_mseal(const SpaceState<Host>& space, Address start, std::uint64_t length_bytes,
                          SealFlags flags = {}) noexcept {
  const Geometry geometry = space.services.geometry();
  const bool narrow = geometry.limit <= std::uint64_t{1} << 32;
  if (narrow && space.services.profile().seals_only_64_bit_spaces) return {Error::not_permitted};
  if (!flags.empty()) return {Error::invalid};
  const std::uint64_t length = geometry.round_up(length_bytes);
  if (!geometry.aligned(start) || (length_bytes != 0 && length == 0) || start + length < start) {
    return {Error::invalid};
  }
  if (length == 0) return {success};
  const Range range{start, start + length};
  if (!is_covered(space, range)) return {Error::no_memory};
  return {space, range, SealRule<Host>{}};
}

}  // namespace vmarea
