// SPDX-License-Identifier: MIT
//
// Moves an area downwards with its pages, as exec does with its temporary stack (behaviour
// specification 10).
//
//   before      . . . . [AAAAAAAA)
//   expanded    [AAAAAAAAAAAAAAAA)      edit 1: covers both places, so no page is ever outside
//   moved       [aaaaaaaaAAAAAAAA)      pages go down, upper tables behind them are freed
//   after       [AAAAAAAA) . . . .      edit 2
//
// One operation: everything is reserved before the first edit, so it is done or not begun. The
// page offset is never adjusted to the new address.
#pragma once

#include "vmarea/change/change.hpp"
#include "vmarea/plan/resize.hpp"

namespace vmarea {

template <class Host>
struct RelocatePlan : PlanBase {
  using Value = void;

  Result<void> status = Error::invalid;
  Edit<Host> expand;
  Edit<Host> shrink;
  Range pages;           // Where they are,
  Address pages_to = 0;  // and where they go.

  RelocatePlan() = default;
  RelocatePlan(Error error) noexcept : status(error) {}

  template <class Visit>
  void for_each_edit(const SpaceState<Host>&, Visit&& visit) const noexcept {
    if (!status) return;
    visit(expand);
    visit(shrink);
  }
  Result<void> reserve(SpaceState<Host>& space, Reservation<Host>& reserved) const noexcept {
    if (!status) return {};
    if constexpr (Host::has_page_tables) {
      const Result<void> levels = space.services.reserve_page_move(space.pages, pages, pages_to);
      if (!levels) return levels;
    }
    Result<void> taken = reserve_edit(space, reserved, expand);
    if (taken) taken = reserve_edit(space, reserved, shrink);
    return taken;
  }
  void commit(SpaceState<Host>& space, Reservation<Host>& reserved) const noexcept {
    if (!status) return;
    commit_edit(space, expand, reserved);
    if constexpr (Host::has_page_tables) {
      space.services.move_pages(space.pages, pages, pages_to);
      space.services.free_tables(space.pages, freed_tables(), shrink.tables_between);
    }
    commit_edit(space, shrink, reserved);
  }

 private:
  /// The upper part alone where old and new place overlap, else all of the old place.
  Range freed_tables() const noexcept {
    const Address new_end = pages_to + pages.length();
    return {new_end > pages.start ? new_end : pages.start, pages.end};
  }
};

/// Plans to move `area` down by `shift` bytes. Requires: shift is page aligned, 0 < shift <= start.
/// Errors: bad_address (something stands in between).
template <class Host>
RelocatePlan<Host> plan_relocate_down(const SpaceState<Host>& space, Area<Host>& area,
                                      std::uint64_t shift) noexcept {
  const Geometry geometry = space.services.geometry();
  require<Host>(geometry.aligned(shift) && shift != 0, "a relocation is by whole pages");
  require<Host>(shift <= area.start, "a relocation stays in the address space");
  const Range to{area.start - shift, area.end - shift};
  if (find_at_or_above(space, to.start) != &area) return Error::bad_address;
  const Area<Host>* next = find_at_or_above(space, area.end);
  const Range covered{to.start, area.end};
  RelocatePlan<Host> plan;
  plan.status = success;
  plan.expand = edit_of_resize(area, covered, covered, area.page_offset);
  plan.shrink = edit_of_resize(area, covered, to, area.page_offset);
  plan.shrink.tables_between = {to.end, next != nullptr ? next->start : geometry.limit};
  plan.pages = area.range();
  plan.pages_to = to.start;
  return plan;
}

}  // namespace vmarea
