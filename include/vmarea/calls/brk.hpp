// SPDX-License-Identifier: MIT
//
// brk (behaviour specification 15): the end of the heap. It answers with an address, never with an
// error: the new break, or the old one if the new cannot be had.
//
//   start_brk [HHHHHHHH)****        grows into the hole above, joins only what lies below
//                      ^brk         one page and the next area's guard gap must stay free
#pragma once

#include "vmarea/calls/munmap.hpp"
#include "vmarea/plan/place.hpp"
#include "vmarea/space/gap.hpp"

namespace vmarea {

template <class Host>
struct BrkPlan : StepPlan<Host, Address> {
  Address new_brk = 0;

  BrkPlan() = default;
  explicit BrkPlan(Error error) noexcept : StepPlan<Host, Address>(error) {}
  explicit BrkPlan(Address answer) noexcept : new_brk(answer) { this->status = answer; }

  void commit(SpaceState<Host>& space, Reservation<Host>& reserved) const noexcept {
    StepPlan<Host, Address>::commit(space, reserved);
    space.layout.brk = new_brk;
  }
};

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
template <class Host, class Plan>
Result<void> plan_heap(const SpaceState<Host>& space, const Clearing<Host>& clearing, Flags access,
                       JoinableSides sides, Plan& plan) noexcept {
  const std::int64_t pages = page_count(space, clearing.range.length());
  const Flags flags = (access | flag::may_access | flag::account | space.default_flags)
                          .with_if(space.modes.executes_heap, flag::exec);
  const std::uint64_t count = space.area_count + static_cast<std::uint64_t>(clearing.area_change);
  PageTotals totals = space.totals;
  totals += negated(clearing.totals);
  if (!can_expand(space, totals, flags, pages)) return Error::no_memory;
  if (count > space.services.limits().area_count_max) return Error::no_memory;
  NewRange<Host> heap{
      .description = {.start = clearing.range.start,
                      .end = clearing.range.end,
                      .page_offset = space.services.geometry().pages(clearing.range.start),
                      .flags = flags},
      .sides = sides};
  mark_range(space, heap);
  Edit<Host>& edit = plan.add();
  edit = edit_of_new_range(space, clearing, heap);
  edit.totals += area_totals(flags, pages);
  edit.charge += pages;
  if (flags.has_any(flag::locked)) plan.populated = clearing.range;
  return {};
}

/// Whether the default flags allow `pages` more pages of heap. Errors: try_again (lock limit).
template <class Host>
Result<void> check_heap_lock(const SpaceState<Host>& space, std::int64_t pages) noexcept {
  const bool fits = !space.default_flags.has_any(flag::locked) || can_lock(space, pages);
  return fits ? success : Result<void>(Error::try_again);
}

template <class Host>
BrkPlan<Host> plan_brk(const SpaceState<Host>& space, Address wanted) noexcept {
  const Geometry geometry = space.services.geometry();
  const SpaceLayout& layout = space.layout;
  const BrkPlan<Host> refused(layout.brk);
  if (wanted < layout.start_brk || !data_limit_allows(space, wanted)) return refused;
  const Address new_end = geometry.round_up(wanted);
  const Address old_end = geometry.round_up(layout.brk);
  if (new_end < wanted) return refused;
  if (new_end == old_end) return BrkPlan<Host>(wanted);
  if (new_end < old_end) {
    if (find_intersection(space, {new_end, old_end}) == nullptr) return refused;
    const UnmapPlan<Host> tail = plan_unmap(space, {new_end, old_end});
    BrkPlan<Host> plan(tail.status ? wanted : layout.brk);
    for (unsigned i = 0; i < tail.edit_count; ++i) plan.add() = tail.edits[i];
    return plan;
  }
  if (!geometry.inside(old_end, new_end - old_end)) return refused;
  const Area<Host>* above = find_at_or_above(space, old_end);
  if (above != nullptr && guard_start<Host>(space, *above) < new_end + geometry.page_size()) {
    return refused;
  }
  const Range range{old_end, new_end};
  if (!check_heap_lock(space, page_count(space, range.length()))) return refused;
  // Only what reaches above start_brk is heap; the program's own data may touch it from below.
  const bool is_heap_below = range.start > layout.start_brk;
  BrkPlan<Host> plan(wanted);
  const Result<void> grown =
      plan_heap(space, plan_clear(space, range), flag::read | flag::write,
                is_heap_below ? JoinableSides::prev_only : JoinableSides::neither, plan);
  return grown ? plan : refused;
}

/// Whether memory that a loader asks for may hold code.
enum class LoaderMemory : unsigned char { data, code };

/// Zeroed memory where a loader wants it, as the kernel makes a program's data that no file holds:
/// what stands there goes first. Errors: no_memory (wraps, limits), not_permitted (a seal),
/// try_again (lock limit), and those of the clearing and of check_address().
template <class Host>
StepPlan<Host, void> plan_loader_brk(const SpaceState<Host>& space, Address start,
                                     std::uint64_t length_bytes, LoaderMemory kind) noexcept {
  const Geometry geometry = space.services.geometry();
  StepPlan<Host, void> plan;
  const std::uint64_t length = geometry.round_up(length_bytes);
  if (length < length_bytes) return Error::no_memory;
  plan.status = success;
  if (length == 0) return plan;
  if (length > geometry.limit) return Error::no_memory;
  plan.status = check_address(space, start, length);
  if (plan.status) plan.status = check_heap_lock(space, page_count(space, length));
  if (!plan.status) return plan;
  const Clearing<Host> clearing = plan_clear(space, {start, start + length});
  if (!clearing.status) {
    plan.status = clearing.status;
    leave_cuts(space, plan, clearing);
    return plan;
  }
  const Flags access = flag::read | flag::write;
  plan.status = plan_heap(space, clearing, access.with_if(kind == LoaderMemory::code, flag::exec),
                          JoinableSides::prev_only, plan);
  const bool as_linux = space.services.profile().partial_effects == PartialEffects::as_linux;
  if (!plan.status && as_linux && clearing.totals.total != 0) plan.add() = edit_of(clearing);
  return plan;
}

}  // namespace vmarea
