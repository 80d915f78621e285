// SPDX-License-Identifier: MIT
//
// brk (rules 15): the end of the heap. It answers with an address, never with an error: the new
// break, or the old one if the new cannot be had.
//
//   start_brk [HHHHHHHH)****        grows into the hole above, joins only what lies below
//                      ^brk         one page and the next area's guard gap must stay free
#pragma once

#include "vmarea/calls/munmap.hpp"
#include "vmarea/plan/place.hpp"
#include "vmarea/plan/plan.hpp"
#include "vmarea/space/gap.hpp"

namespace vmarea {

/// Whether RLIMIT_DATA, which counts the program's data with the heap, allows a break at `wanted`.
template <class Host>
bool data_limit_allows(const SpaceState<Host>& space, Address wanted) noexcept {
  const std::uint64_t limit = space.services.limits().data_bytes;
  const SpaceLayout& layout = space.layout;
  return limit == Limits::no_limit ||
         (wanted - layout.start_brk) + (layout.end_data - layout.start_data) <= limit;
}

/// Plans heap memory, which MDWE does not concern, where `clearing` leaves a hole, and adds its
/// edit to `plan`. Errors: no_memory (limits, the map count).
template <class Host, class T>
Result<void> plan_heap(const SpaceState<Host>& space, const Clearing<Host>& clearing, Flags access,
                       JoinableSides sides, StepPlan<Host, T>& plan) noexcept {
  const std::int64_t pages = page_count(space, clearing.range.length());
  const Flags flags = (access | flag::may_access | flag::account | space.default_flags)
                          .with_if(space.modes.read_implies_exec, flag::exec);
  const std::uint64_t count = space.area_count + static_cast<std::uint64_t>(clearing.area_change);
  PageTotals totals = space.totals;
  totals += -clearing.totals;
  if (!can_expand(space, totals, flags, pages)) return Error::no_memory;
  if (count > space.services.limits().area_count_max) return Error::no_memory;
  NewRange<Host> heap{
      .description = {.start = clearing.range.start,
                      .end = clearing.range.end,
                      .page_offset = space.services.geometry().pages(clearing.range.start),
                      .flags = flags},
      .sides = sides,
      .always_kept = flag::soft_dirty};
  mark_range(space, heap);
  Edit<Host>& edit = add_new_range(space, plan, clearing, heap);
  edit.totals += area_totals(flags, pages);
  edit.charge += pages;
  plan.brings(clearing.range);
  if (flags.has_any(flag::locked)) {
    plan.sequel = {.kind = Sequel::Kind::touch, .range = clearing.range};
  }
  return {};
}

/// Whether the default flags allow `pages` more pages of heap. Errors: try_again (lock limit).
template <class Host>
Result<void> check_heap_lock(const SpaceState<Host>& space, std::int64_t pages) noexcept {
  const bool fits = !space.default_flags.has_any(flag::locked) || can_lock(space, pages);
  return fits ? success : Result<void>(Error::try_again);
}

/// A plan that ends with the break at `wanted`.
template <class Host>
void set_brk(const SpaceState<Host>& space, StepPlan<Host, Address>& plan,
             Address wanted) noexcept {
  if (wanted != space.layout.brk) plan.add(Step<Host>::set(StepKind::set_brk, wanted));
}

/// Takes back the heap's pages above `wanted`; the break stays where they may not go.
template <class Host>
StepPlan<Host, Address> plan_shrink_heap(const SpaceState<Host>& space, Range tail,
                                         Address wanted) noexcept {
  const Result<Address> unchanged = space.layout.brk;
  if (find_intersection(space, tail) == nullptr) return unchanged;
  StepPlan<Host, Address> plan = plan_unmap<StepPlan<Host, Address>>(space, tail, wanted);
  if (plan.status) {
    set_brk(space, plan, wanted);
  } else {
    plan.status = unchanged;
  }
  return plan;
}

/// Answers with an address: the new break, or the old one if the new cannot be had.
template <class Host>
StepPlan<Host, Address> plan_brk(const SpaceState<Host>& space, Address wanted) noexcept {
  const Geometry geometry = space.services.geometry();
  const SpaceLayout& layout = space.layout;
  const StepPlan<Host, Address> refused{Result<Address>(layout.brk)};
  if (wanted < layout.start_brk || !data_limit_allows(space, wanted)) return refused;
  const Address new_end = geometry.round_up(wanted);
  const Address old_end = geometry.round_up(layout.brk);
  if (new_end < wanted) return refused;
  if (new_end < old_end) return plan_shrink_heap(space, {new_end, old_end}, wanted);
  StepPlan<Host, Address> plan{Result<Address>(wanted)};
  if (new_end > old_end) {
    if (!geometry.inside(old_end, new_end - old_end)) return refused;
    const Area<Host>* above = find_at_or_above(space, old_end);
    if (above != nullptr) {  // A page stays free. Above the last one, the sum would wrap.
      const Address bound = guard_start<Host>(space, *above);
      if (bound < new_end || bound - new_end < geometry.page_size()) return refused;
    }
    const Range range{old_end, new_end};
    if (!check_heap_lock(space, page_count(space, range.length()))) return refused;
    // Only what reaches above start_brk is heap; the program's own data may touch it from below.
    const bool is_heap_below = range.start > layout.start_brk;
    const Result<void> grown =
        plan_heap(space, plan_clear(space, range), flag::read | flag::write,
                  is_heap_below ? JoinableSides::prev_only : JoinableSides::neither, plan);
    if (!grown) return refused;
  }
  set_brk(space, plan, wanted);
  return plan;
}

}  // namespace vmarea
