// SPDX-License-Identifier: MIT
//
// brk (behaviour specification 15): the end of the heap. It answers with an address, never with an
// error: the new break, or the old one if the new cannot be had.
//
//   start_brk [HHHHHHHH)****        grows into the hole above, joins only what lies below
//                      ^brk         one page and the next area's guard gap must stay free
#pragma once

#include "vmarea/calls/munmap.hpp"
#include "vmarea/core/gap.hpp"
#include "vmarea/core/link.hpp"

namespace vmarea {

template <class S>
struct BrkPlan : WindowPlan<S, Address> {
  Address new_brk = 0;

  BrkPlan() = default;
  explicit BrkPlan(Error error) noexcept : WindowPlan<S, Address>(error) {}
  explicit BrkPlan(Address answer) noexcept : new_brk(answer) { this->status = answer; }

  void commit(SpaceState<S>& space, Reservation<S>& reserved) const noexcept {
    WindowPlan<S, Address>::commit(space, reserved);
    space.layout.brk = new_brk;
  }
};

/// Whether RLIMIT_DATA, which counts the program's data with the heap, allows a break at `wanted`.
template <class S>
bool data_limit_allows(const SpaceState<S>& space, Address wanted) noexcept {
  const std::uint64_t limit = space.services.limits().data_bytes;
  const SpaceLayout& layout = space.layout;
  return limit == Limits::no_limit ||
         (wanted - layout.start_brk) + (layout.end_data - layout.start_data) <= limit;
}

/// The heap's growth over `range`. Requires: nothing is in the way.
template <class S>
BrkPlan<S> plan_grow_heap(const SpaceState<S>& space, Range range, Address wanted) noexcept {
  const Geometry geometry = space.services.geometry();
  const Limits limits = space.services.limits();
  const std::int64_t pages = page_count(space, range.length());
  const Flags flags =
      flag::read | flag::write | flag::may_access | flag::account | space.default_flags;
  const bool within = can_expand(space, space.totals, flags, pages) &&
                      space.area_count <= limits.area_count_max &&
                      (!flags.has_any(flag::locked) || can_lock(space, pages));
  if (!within) return BrkPlan<S>(space.layout.brk);
  BrkPlan<S> plan(wanted);
  const Description<S> heap{.start = range.start,
                            .end = range.end,
                            .page_offset = geometry.pages(range.start),
                            .flags = flags};
  // Only what reaches above start_brk is heap; the program's own data may touch it from below.
  const bool is_heap_below = range.start > space.layout.start_brk;
  const JoinSides sides = is_heap_below ? JoinSides::prev_only : JoinSides::neither;
  NewRange<S> added{.description = heap, .sides = sides};
  mark_range(space, added);
  Window<S>& window = plan.add();
  window = plan_place(space, plan_clear(space, range), added);
  window.totals += area_totals(flags, pages);
  window.charge = pages;
  if (flags.has_any(flag::locked)) plan.populated = range;
  return plan;
}

template <class S>
BrkPlan<S> plan_brk(const SpaceState<S>& space, Address wanted) noexcept {
  const Geometry geometry = space.services.geometry();
  const SpaceLayout& layout = space.layout;
  const BrkPlan<S> refused(layout.brk);
  if (wanted < layout.start_brk || !data_limit_allows(space, wanted)) return refused;
  const Address new_end = geometry.round_up(wanted);
  const Address old_end = geometry.round_up(layout.brk);
  if (new_end < wanted) return refused;
  if (new_end == old_end) return BrkPlan<S>(wanted);
  if (new_end < old_end) {
    if (find_intersection(space, {new_end, old_end}) == nullptr) return refused;
    const UnmapPlan<S> tail = plan_unmap(space, {new_end, old_end});
    BrkPlan<S> plan(tail.status ? wanted : layout.brk);
    for (unsigned i = 0; i < tail.window_count; ++i) plan.add() = tail.windows[i];
    return plan;
  }
  if (!geometry.inside(old_end, new_end - old_end)) return refused;
  const Area<S>* above = find_at_or_above(space, old_end);
  if (above != nullptr && guard_start<S>(space, *above) < new_end + geometry.page_size()) {
    return refused;
  }
  return plan_grow_heap(space, {old_end, new_end}, wanted);
}

}  // namespace vmarea
