// SPDX-License-Identifier: MIT
//
// msync (rules 29-msync; msync(2)), as far as areas decide it: no area changes, and what is written
// back is the host's to do.
#pragma once

#include "vmarea/plan/plan.hpp"
#include "vmarea/space/find.hpp"

namespace vmarea {

/// Errors: invalid (unknown flags, ms::async with ms::sync, misaligned), no_memory (wraps, a hole),
/// busy (ms::invalidate, and something is locked, behind a hole, too). A length that rounds up to
/// nothing is no error.
template <class Host>
StepPlan<Host, void> plan_msync(const SpaceState<Host>& space, Address start,
                                std::uint64_t length_bytes, MsyncFlags flags) noexcept {
  const Geometry geometry = space.services.geometry();
  const bool is_known = ms::all.has_all(flags) && !flags.has_all(ms::async | ms::sync);
  if (!is_known || !geometry.aligned(start)) return Error::invalid;
  const Range range{start, start + geometry.round_up(length_bytes)};
  if (range.end < range.start) return Error::no_memory;
  if (range.empty()) return success;
  const bool is_busy =
      flags.has_any(ms::invalidate) &&
      any_in(space, range, [](const Area<Host>& area) { return area.flags.has_any(flag::locked); });
  if (is_busy) return Error::busy;
  return is_covered(space, range) ? success : Result<void>(Error::no_memory);
}

}  // namespace vmarea
