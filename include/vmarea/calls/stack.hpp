// SPDX-License-Identifier: MIT
//
// Stack growth by a fault below a grows-down area (rules 16).
//
//   [prev)  ...guard gap...  ^at ****[SSSSSSSS)      start moves down, page offset with it;
//                                                    never merges, ignores the map count limit
#pragma once

#include "vmarea/plan/identity.hpp"
#include "vmarea/plan/plan.hpp"

namespace vmarea {

/// Whether the stack may have `pages` more (rules 16.1, 16.3). Errors: no_memory.
template <class Host>
Result<void> check_stack_growth(const SpaceState<Host>& space, const Description<Host>& stack,
                                Address start, std::int64_t pages) noexcept {
  const Limits limits = space.services.limits();
  if (static_cast<std::uint64_t>(pages) > stack.page_offset) return Error::no_memory;
  if (!can_expand(space, space.totals, stack.flags, pages)) return Error::no_memory;
  if (stack.end - start > limits.stack_bytes) return Error::no_memory;
  if (stack.flags.has_any(flag::locked) && !can_lock(space, pages)) return Error::no_memory;
  return {};
}

/// Why a stack grows: a fault touches its own page, which is a call of its own; a lookup of an
/// address that is going to be used (rules 16.4) has all that a locked stack gains touched.
enum class GrowthBy : unsigned char { fault, lookup };

/// Plans to grow the first area above `at` down to it; nothing to do if an area holds `at`.
/// Errors: bad_address (no stack above), not_permitted (too low), no_memory (guard gap, limits).
template <class Host>
StepPlan<Host, void> plan_grow_stack(const SpaceState<Host>& space, Address at,
                                     GrowthBy cause) noexcept {
  const Geometry geometry = space.services.geometry();
  Area<Host>* stack = find_object_at_or_above(space, at);
  if (stack != nullptr && stack->start <= at) return success;
  if (stack == nullptr || !stack->flags.has_any(flag::grows_down)) return Error::bad_address;
  const Address start = geometry.round_down(at);
  if (start < geometry.fixed_min) return Error::not_permitted;
  const Area<Host>* prev = find_starting_below(space, start);
  const std::uint64_t gap = space.services.limits().stack_guard_gap_pages << geometry.page_shift;
  if (prev != nullptr && !prev->flags.has_any(flag::grows_down) &&
      prev->flags.has_any(flag::access) && start - prev->end < gap) {
    return Error::no_memory;
  }
  const std::int64_t pages = page_count(space, stack->start - start);
  StepPlan<Host, void> plan{check_stack_growth<Host>(space, *stack, start, pages)};
  if (!plan.status) {
    // Linux makes the identity first, and leaves it.
    const bool leaves_identity = space.services.profile().leaves_partial_effects();
    if (leaves_identity && !stack->identity) plan.add_edit(edit_of_first_touch(space, *stack));
    return plan;
  }

  Edit<Host>& edit = plan.add_edit({{start, stack->end}, Event::grown});
  edit.mapped = {start, stack->start};
  edit.totals = area_totals(stack->flags, pages);
  if (stack->flags.has_any(flag::account)) edit.charge = pages;
  Piece<Host> grown = Piece<Host>::kept(*stack, *stack);
  if (!stack->identity) {
    plan_identity(space, grown,
                  Neighbour<Host>::of(find_object_starting_below(space, stack->start)),
                  Neighbour<Host>::of(find_object(space, stack->end)), next_identity(space));
  }
  grown.after.start = start;
  grown.after.page_offset -= static_cast<std::uint64_t>(pages);
  edit.add(grown);
  if (cause == GrowthBy::lookup && stack->flags.has_any(flag::locked)) {
    plan.sequel = {.kind = Sequel::Kind::touch, .range = edit.mapped};
  }
  return plan;
}

}  // namespace vmarea
