// SPDX-License-Identifier: MIT
//
// Puts an area in place exactly as it is described, as a loader or a special mapping does
// (behaviour specification 20): it joins nothing and replaces nothing.
#pragma once

#include "vmarea/core/account.hpp"
#include "vmarea/core/change.hpp"
#include "vmarea/core/link.hpp"

namespace vmarea {

template <class S>
using InsertPlan = WindowPlan<S, void>;

/// Errors: invalid (misaligned, empty, beyond the limit), no_memory (occupied, charge).
template <class S>
InsertPlan<S> plan_insert(const SpaceState<S>& space, const Description<S>& wanted) noexcept {
  const Geometry geometry = space.services.geometry();
  const bool good = geometry.aligned(wanted.start) && geometry.aligned(wanted.end) &&
                    wanted.start < wanted.end && wanted.end <= geometry.limit;
  if (!good || wanted.identity) return Error::invalid;
  if (find_intersection(space, wanted.range()) != nullptr) return Error::no_memory;
  InsertPlan<S> plan;
  plan.status = success;
  Window<S>& window = plan.add();
  window = plan_place(space, plan_clear(space, wanted.range()),
                      {.description = wanted, .sides = JoinSides::neither});
  const std::int64_t pages = page_count(space, wanted.length());
  window.totals = area_totals(wanted.flags, pages);
  if (wanted.flags.has_any(flag::account)) window.charge = pages;
  return plan;
}

}  // namespace vmarea
