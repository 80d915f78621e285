// SPDX-License-Identifier: MIT
//
// The pages that a call speaks of, and the address that a mapping gets: the one place where a
// caller's numbers are judged against the space.
#pragma once

#include "vmarea/space/space_state.hpp"

namespace vmarea {

/// The pages of [start, start + length_bytes), rounded up; empty for length 0.
/// Errors: invalid (misaligned, or past the last number).
constexpr Result<Range> page_range(const Geometry& geometry, Address start,
                                   std::uint64_t length_bytes) noexcept {
  const std::uint64_t length = geometry.round_up(length_bytes);
  const bool wraps = (length_bytes != 0 && length == 0) || start + length < start;
  if (!geometry.aligned(start) || wraps) return Error::invalid;
  return Range{start, start + length};
}

/// Whether a mapping may stand at an address that a call was given or chose. Errors: no_memory
/// (past the limit), invalid (not page aligned), not_permitted (below the lowest one allowed).
template <class Host>
Result<void> validate_address(const SpaceState<Host>& space, Address at,
                              std::uint64_t length_bytes) noexcept {
  const Geometry geometry = space.services.geometry();
  if (!geometry.inside(at, length_bytes)) return Error::no_memory;
  if (!geometry.aligned(at)) return Error::invalid;
  if (at < geometry.fixed_min && !space.services.limits().may_map_lowest) {
    return Error::not_permitted;
  }
  return {};
}

}  // namespace vmarea
