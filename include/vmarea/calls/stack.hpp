// SPDX-License-Identifier: MIT
//
// Stack growth by a fault below a grows-down area (behaviour specification 16).
//
//   [prev)  ...guard gap...  ^at ****[SSSSSSSS)      start moves down, page offset with it;
//                                                    never merges, ignores the map count limit
#pragma once

#include "vmarea/calls/fault.hpp"
#include "vmarea/calls/insert.hpp"
#include "vmarea/change/change.hpp"
#include "vmarea/plan/identity.hpp"
#include "vmarea/space/account.hpp"
#include "vmarea/space/gap.hpp"

namespace vmarea {

template <class Host>
using GrowStackPlan = StepPlan<Host, void>;

/// Whether the stack may have `pages` more (16.1, 16.3). Errors: no_memory.
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

/// Plans to grow the first area above `at` down to it; nothing to do if an area holds `at`. What a
/// locked stack gains is `populated`; but a fault touches only its own page.
/// Errors: bad_address (no stack above), not_permitted (too low), no_memory (guard gap, limits).
template <class Host>
GrowStackPlan<Host> plan_grow_stack(const SpaceState<Host>& space, Address at) noexcept {
  const Geometry geometry = space.services.geometry();
  Area<Host>* stack = find_at_or_above(space, at);
  GrowStackPlan<Host> plan;
  if (stack != nullptr && stack->start <= at) {
    plan.status = success;
    return plan;
  }
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
  plan.status = check_stack_growth<Host>(space, *stack, start, pages);
  if (!plan.status) {
    // Linux makes the identity first, and leaves it.
    const bool as_linux = space.services.profile().partial_effects == PartialEffects::as_linux;
    if (as_linux && !stack->identity) plan.add() = edit_of_first_touch(space, *stack);
    return plan;
  }

  Edit<Host>& edit = plan.add();
  edit.event = Event::grown;
  edit.extent = {start, stack->end};
  edit.totals = area_totals(stack->flags, pages);
  if (stack->flags.has_any(flag::account)) edit.charge = pages;
  Piece<Host> grown{*stack, stack, nullptr, nullptr};
  if (!stack->identity) {
    plan_identity(space, grown, Neighbour<Host>::of(find_starting_below(space, stack->start)),
                  Neighbour<Host>::of(find_area(space, stack->end)), next_identity(space));
  }
  grown.after.start = start;
  grown.after.page_offset -= static_cast<std::uint64_t>(pages);
  edit.add(grown);
  if (stack->flags.has_any(flag::locked)) plan.populated = {start, stack->start};
  return plan;
}

/// The area at `at`, if need be after the stack above grew down to it; a locked stack is touched
/// there (16.4). Null: neither was to be had.
template <class Host>
const Area<Host>* find_or_grow(SpaceState<Host>& space, Address at) noexcept {
  Range populated;
  {
    Change<Host, GrowStackPlan<Host>> change(
        space, [at](const SpaceState<Host>& s) { return plan_grow_stack(s, at); });
    if (!change.reserve_and_commit()) return nullptr;
    populated = change.plan().populated;
  }
  if (!populated.empty()) (void)populate(space, populated);
  return find_area(space, at);
}

/// The first area of a program that is being executed: a page that ends at `top`, marked as one
/// that is still to move (10). Errors: as plan_insert.
template <class Host>
InsertPlan<Host> plan_initial_stack(const SpaceState<Host>& space, Address top) noexcept {
  const Geometry geometry = space.services.geometry();
  if (top < geometry.page_size()) return Error::invalid;
  Description<Host> stack{.start = top - geometry.page_size(), .end = top};
  stack.page_offset = geometry.pages(stack.start);
  stack.flags = flag::read | flag::write | flag::may_access | flag::grows_down | flag::account |
                flag::temporary_stack;
  return plan_insert(space, stack);
}

}  // namespace vmarea
