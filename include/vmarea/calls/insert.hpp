// SPDX-License-Identifier: MIT
//
// Puts an area in place exactly as it is described, as a loader or a special mapping does
// (behaviour specification 20): it joins nothing and replaces nothing.
#pragma once

#include "vmarea/change/change.hpp"
#include "vmarea/plan/place.hpp"
#include "vmarea/space/account.hpp"

namespace vmarea {

template <class Host>
using InsertPlan = StepPlan<Host, void>;

/// Errors: invalid (misaligned, empty, beyond the limit), no_memory (occupied, charge).
template <class Host>
InsertPlan<Host> plan_insert(const SpaceState<Host>& space,
                             const Description<Host>& wanted) noexcept {
  const Geometry geometry = space.services.geometry();
  const bool good = geometry.aligned(wanted.start) && geometry.aligned(wanted.end) &&
                    wanted.start < wanted.end && wanted.end <= geometry.limit;
  if (!good || wanted.identity) return Error::invalid;
  if (find_intersection(space, wanted.range()) != nullptr) return Error::no_memory;
  InsertPlan<Host> plan;
  plan.status = success;
  Edit<Host>& edit = plan.add();
  edit = edit_of_new_range(space, plan_clear(space, wanted.range()),
                           {.description = wanted, .sides = JoinableSides::neither});
  const std::int64_t pages = page_count(space, wanted.length());
  edit.totals = area_totals(wanted.flags, pages);
  if (wanted.flags.has_any(flag::account)) edit.charge = pages;
  return plan;
}

}  // namespace vmarea
