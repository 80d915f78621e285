// SPDX-License-Identifier: MIT
//
// First touch of a page (behaviour specification 19), and the calls that touch many: populating.
//
//   touch      the area gets an identity if it has none: one window
//   populate   mlock, MAP_POPULATE: every page, each with a lock of its own, after the call is
//   complete
#pragma once

#include "vmarea/core/change.hpp"
#include "vmarea/core/identity.hpp"

namespace vmarea {

/// How a page is touched.
enum class Touch : unsigned char {
  read,
  write,
  forced_write,  // Past the protection, as a debugger does.
};

/// A touch, planned: a window that gives the area an identity where it has none, and a page.
template <class S>
struct TouchPlan : WindowPlan<S, void> {
  using Base = WindowPlan<S, void>;
  using Base::Base;
  bool makes_page = false;
  Address page = 0;

  Result<void> reserve(SpaceState<S>& space, Reservation<S>& reserved) const noexcept {
    const Result<void> taken = Base::reserve(space, reserved);
    if constexpr (S::has_page_tables) {
      if (taken && makes_page) return space.services.reserve_page(space.pages, page);
    }
    return taken;
  }
  void commit(SpaceState<S>& space, Reservation<S>& reserved) const noexcept {
    Base::commit(space, reserved);
    if constexpr (S::has_page_tables) {
      if (makes_page) space.services.install_page(space.pages, page);
    }
  }
};

/// A window that touches `area` for the first time.
template <class S>
Window<S> window_of_first_touch(const SpaceState<S>& space, Area<S>& area) noexcept {
  Window<S> window{.extent = area.range(), .event = Event::touched};
  Piece<S> touched{area, &area, nullptr, nullptr};
  plan_identity(space, touched, Side<S>::of(find_starting_below(space, area.start)),
                Side<S>::of(find_area(space, area.end)), next_identity(space));
  window.add(touched);
  return window;
}

/// Errors: bad_address (nothing there, or not allowed), no_memory.
template <class S>
TouchPlan<S> plan_touch(const SpaceState<S>& space, Address at, Touch touch) noexcept {
  Area<S>* area = find_area(space, at);
  if (area == nullptr) return {Error::bad_address};
  const Flags needed = touch == Touch::read    ? flag::read | flag::write | flag::exec
                       : touch == Touch::write ? flag::write
                                               : flag::may_access;
  if (!area->flags.has_any(needed) && touch != Touch::forced_write) return {Error::bad_address};
  TouchPlan<S> plan;
  plan.status = success;
  plan.makes_page = true;
  plan.page = space.services.geometry().round_down(at);
  const bool is_private = !area->flags.has_any(flag::shared | flag::may_share);
  const bool makes_page = touch != Touch::read ||
                          (area->anonymous() && !space.services.profile().reads_share_zero_page);
  if (makes_page && is_private && !area->identity) {
    plan.add() = window_of_first_touch(space, *area);
  }
  return plan;
}

/// One touch with its own lock. Errors: as plan_touch.
template <class S>
Result<void> touch_page(SpaceState<S>& space, Address at, Touch touch) noexcept {
  return Change<S, TouchPlan<S>>(space,
                                 [&](const SpaceState<S>& s) { return plan_touch(s, at, touch); })
      .reserve_and_commit();
}

/// Touches every page of `range` that lies in `area`; without page tables, once is enough.
template <class S>
Result<void> touch_part(SpaceState<S>& space, Range part, Touch touch) noexcept {
  const std::uint64_t page = space.services.geometry().page_size();
  for (Address at = part.start; at < part.end; at = S::has_page_tables ? at + page : part.end) {
    if (!touch_page(space, at, touch)) return Error::no_memory;
  }
  return {};
}

/// Touches the range as mlock and MAP_POPULATE do: by writing to private memory that may be
/// written, else by reading; what is locked on fault is left to be faulted. Errors: no_memory (a
/// hole, memory that may not be accessed, or none left).
template <class S>
Result<void> populate(SpaceState<S>& space, Range range) noexcept {
  for (Address at = range.start; at < range.end;) {
    const Area<S>* area = find_area(space, at);
    if (area == nullptr) return Error::no_memory;
    const Flags flags = area->flags;
    const Range part{at, area->end < range.end ? area->end : range.end};
    at = part.end;
    if (flags.has_any(flag::lock_on_fault | flag::special)) continue;
    const bool writes = flags.has_any(flag::write) && !flags.has_any(flag::shared);
    const Result<void> touched = touch_part(space, part, writes ? Touch::write : Touch::read);
    if (!touched) return touched;
  }
  return {};
}

}  // namespace vmarea
