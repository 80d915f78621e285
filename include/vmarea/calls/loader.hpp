// SPDX-License-Identifier: MIT
//
// What a program loader does to a space: areas exactly as described, which join nothing and replace
// nothing (rules 20), and zeroed memory where the program's headers want it.
//
//   insert           an area as it is described
//   insert_special   one that is never cut or merged, such as the vdso: a call that wants a part of
//                    it gets EINVAL, one that wants all of it may move, protect and unmap it
//   initial_stack    the first area of a program, still to move (rules 10)
//   loader_brk       a program's data that no file holds; what stands there goes first
#pragma once

#include "vmarea/calls/brk.hpp"
#include "vmarea/space/check.hpp"

namespace vmarea {

/// Errors: invalid (misaligned, empty, beyond the limit, with an identity, or what breaks an
/// invariant), no_memory (occupied, charge).
template <class Host>
StepPlan<Host, void> plan_insert(const SpaceState<Host>& space, const Description<Host>& wanted,
                                 const typename Host::AreaData& data = {}) noexcept {
  if (wanted.identity || check_description(space, wanted, 0)) return Error::invalid;
  if (find_intersection(space, wanted.range()) != nullptr) return Error::no_memory;
  StepPlan<Host, void> plan{success};
  Edit<Host>& edit = add_new_range(space, plan, plan_clear(space, wanted.range()),
                                   {.description = wanted, .sides = JoinableSides::neither});
  plan.brings(wanted.range(), DataRef<Host>::to(data));
  const std::int64_t pages = page_count(space, wanted.length());
  edit.totals = area_totals(wanted.flags, pages);
  if (wanted.flags.has_any(flag::account)) edit.charge = pages;
  return plan;
}

template <class Host>
Result<void> refuse_split(const Description<Host>&, Address) noexcept {
  return Error::invalid;
}

/// The hooks of special mappings. A table of the host's, with a close hook or as a name, has to
/// have the same may_split.
template <class Host>
inline constexpr AreaHooks<Host> special_hooks{.may_split = refuse_split<Host>};

template <class Host>
struct SpecialRequest {
  Address start = 0;
  std::uint64_t length = 0;
  Flags flags{};
  const AreaHooks<Host>* hooks = &special_hooks<Host>;
  [[no_unique_address]] typename Host::AreaData data{};  // Of the host's own.
};

/// Limits are not asked. Errors: invalid (misaligned, empty, beyond the limit, hooks that do not
/// refuse splits), no_memory (occupied).
template <class Host>
StepPlan<Host, void> plan_insert_special(const SpaceState<Host>& space,
                                         const SpecialRequest<Host>& request) noexcept {
  const bool refuses_splits = request.hooks != nullptr && request.hooks->may_split != nullptr;
  const Geometry geometry = space.services.geometry();
  if (!refuses_splits || !geometry.inside(request.start, request.length)) return Error::invalid;
  Description<Host> wanted{.start = request.start,
                           .end = request.start + geometry.round_up(request.length)};
  wanted.flags = (request.flags | space.default_flags).without(flag::lock_group);
  wanted.flags |= flag::dont_expand;
  wanted.hooks = request.hooks;
  return plan_insert(space, wanted, request.data);
}

/// A page that ends at `top`, marked as one that is still to move. Errors: as plan_insert.
template <class Host>
StepPlan<Host, void> plan_insert_initial_stack(const SpaceState<Host>& space,
                                               Address top) noexcept {
  const Geometry geometry = space.services.geometry();
  if (top < geometry.page_size()) return Error::invalid;
  Description<Host> stack{.start = top - geometry.page_size(), .end = top};
  stack.page_offset = geometry.pages(stack.start);
  stack.flags = flag::read | flag::write | flag::may_access | flag::grows_down | flag::account |
                flag::temporary_stack;
  return plan_insert(space, stack);
}

/// Whether memory that a loader asks for may hold code.
enum class LoaderMemory : unsigned char { data, code };

/// Errors: no_memory (wraps, limits), not_permitted (a seal), try_again (lock limit), and those of
/// the clearing and of validate_address().
template <class Host>
StepPlan<Host, void> plan_loader_brk(const SpaceState<Host>& space, Address start,
                                     std::uint64_t length_bytes, LoaderMemory kind) noexcept {
  const Geometry geometry = space.services.geometry();
  const std::uint64_t length = geometry.round_up(length_bytes);
  if (length < length_bytes || length > geometry.limit) return Error::no_memory;
  if (length == 0) return success;
  Result<void> good = validate_address(space, start, length);
  if (good) good = check_heap_lock(space, page_count(space, length));
  if (!good) return good.error();
  const Clearing<Host> clearing = plan_clear(space, {start, start + length});
  StepPlan<Host, void> plan{clearing.status};
  if (!plan.status) {
    leave_cuts(space, plan, clearing);
    return plan;
  }
  const Flags access = flag::read | flag::write;
  plan.status = plan_heap(space, clearing, access.with_if(kind == LoaderMemory::code, flag::exec),
                          JoinableSides::prev_only, plan);
  const bool leaves_hole = space.services.profile().leaves_partial_effects();
  if (!plan.status && leaves_hole && clearing.totals.total != 0) plan.add_edit(edit_of(clearing));
  return plan;
}

}  // namespace vmarea
