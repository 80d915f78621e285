// SPDX-License-Identifier: MIT
//
// First touch of a page (behaviour specification 19): a write to private memory gives the area an
// anonymous identity, its neighbour's if the two may one day be one area, else a new one.
//
//   before   [AAAA id 2)[BBBB none)      differ in access bits only, page offsets contiguous
//   write             here ^
//   after    [AAAA id 2)[BBBB id 2)      they stay apart until their flags are equal
#pragma once

#include "vmarea/core/change.hpp"

namespace vmarea {

/// How a page is touched.
enum class Touch : unsigned char {
  read,
  write,
  forced_write,  // Past the protection, as a debugger does.
};

/// Whether touched memory of `low` and `high`, which lies above it, may share an identity.
template <class S>
bool can_share_identity(const Description<S>& low, const Description<S>& high,
                        const Geometry& geometry) noexcept {
  const std::uint64_t low_policy = low.attributes == nullptr ? 0 : low.attributes->policy;
  const std::uint64_t high_policy = high.attributes == nullptr ? 0 : high.attributes->policy;
  return low.end == high.start && low_policy == high_policy && low.file == high.file &&
         low.flags.difference(high.flags).without(flag::access | flag::sticky).empty() &&
         low.page_offset + geometry.pages(low.length()) == high.page_offset;
}

/// The neighbour whose identity `area` takes at its first touch: the next one first; or null.
template <class S>
const Area<S>* find_identity_source(const SpaceState<S>& space, const Area<S>& area) noexcept {
  const Geometry geometry = space.services.geometry();
  const auto may_give = [](const Area<S>* neighbour) {
    return neighbour != nullptr && neighbour->identity && !neighbour->identity.fork_child();
  };
  const Area<S>* next = find_area(space, area.end);
  if (may_give(next) && can_share_identity<S>(area, *next, geometry)) return next;
  const Area<S>* prev = find_starting_below(space, area.start);
  if (may_give(prev) && can_share_identity<S>(*prev, area, geometry)) return prev;
  return nullptr;
}

/// A touch, planned. Changes no range and no flag, so it is no window.
template <class S>
struct TouchPlan {
  using Value = void;

  Result<void> status = Error::invalid;
  Area<S>* area = nullptr;
  const Area<S>* source = nullptr;  // Shares its identity; null: a new one.
  Address page = 0;
  bool gives_identity = false;

  TouchPlan() = default;
  TouchPlan(Result<void> answer) noexcept : status(answer) {}

  template <class Visit>
  void for_each_window(const SpaceState<S>&, Visit&&) const noexcept {}

  Result<void> reserve(SpaceState<S>& space, Reservation<S>& reserved) const noexcept {
    if constexpr (S::has_reverse_map) {
      if (gives_identity) {
        const Result<void> links = source != nullptr
                                       ? space.services.reserve_links(reserved.links, *source)
                                       : space.services.reserve_identity(reserved.links);
        if (!links) return links;
      }
    }
    if constexpr (S::has_page_tables) {
      if (area != nullptr) return space.services.reserve_page(space.pages, page);
    }
    return {};
  }

  void commit(SpaceState<S>& space, Reservation<S>& reserved) const noexcept {
    if (gives_identity) give_identity(space, reserved);
    if constexpr (S::has_page_tables) {
      if (area != nullptr) space.services.install_page(space.pages, page);
    }
  }

 private:
  void give_identity(SpaceState<S>& space,
                     [[maybe_unused]] Reservation<S>& reserved) const noexcept {
    if constexpr (!S::has_reverse_map) {
      area->identity =
          source != nullptr ? source->identity : AnonIdentity::of(space.last_identity += 2);
    } else if (source != nullptr) {
      space.services.lock_identity(source->identity);
      area->identity = source->identity;
      space.services.clone_links(reserved.links, *area, *source);
      space.services.unlock_identity(area->identity);
    } else {
      area->identity = space.services.new_identity(reserved.links, *area);
    }
    space.services.notify(Event::touched, *area);
  }
};

/// Errors: bad_address (nothing there, or not allowed), no_memory.
template <class S>
TouchPlan<S> plan_touch(const SpaceState<S>& space, Address at, Touch touch) noexcept {
  Area<S>* area = find_area(space, at);
  if (area == nullptr) return {Error::bad_address};
  const Flags needed = touch == Touch::read    ? flag::read | flag::write | flag::exec
                       : touch == Touch::write ? flag::write
                                               : flag::may_access;
  if (!area->flags.has_any(needed) && touch != Touch::forced_write) return {Error::bad_address};
  TouchPlan<S> plan{success};
  plan.area = area;
  plan.page = space.services.geometry().round_down(at);
  const bool is_private = !area->flags.has_any(flag::shared | flag::may_share);
  const bool makes_page = touch != Touch::read ||
                          (area->anonymous() && !space.services.profile().reads_share_zero_page);
  plan.gives_identity = makes_page && is_private && !area->identity;
  if (plan.gives_identity) plan.source = find_identity_source(space, *area);
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

/// Touches all of `range` in one way. Errors: no_memory (a hole, or none left).
template <class S>
Result<void> populate_as(SpaceState<S>& space, Range range, Touch touch) noexcept {
  for (Address at = range.start; at < range.end;) {
    const Area<S>* area = find_area(space, at);
    if (area == nullptr) return Error::no_memory;
    const Range part{at, area->end < range.end ? area->end : range.end};
    const Result<void> touched = touch_part(space, part, touch);
    if (!touched) return touched;
    at = part.end;
  }
  return {};
}

/// What a populating call passes over.
enum class Populating : unsigned char {
  everything,
  locked_only,  // Areas that are not locked, or not writable, are left alone.
};

/// Touches the range as mlock and MAP_POPULATE do: by writing to private memory that may be
/// written, else by reading; what is locked on fault is left to be faulted. Errors: no_memory (a
/// hole, memory that may not be accessed, or none left).
template <class S>
Result<void> populate(SpaceState<S>& space, Range range, Populating what) noexcept {
  for (Address at = range.start; at < range.end;) {
    const Area<S>* area = find_area(space, at);
    if (area == nullptr) return Error::no_memory;
    const Flags flags = area->flags;
    const Range part{at, area->end < range.end ? area->end : range.end};
    at = part.end;
    if (flags.has_any(flag::lock_on_fault | flag::special)) continue;
    if (what == Populating::locked_only && !flags.has_all(flag::locked | flag::write)) continue;
    const bool writes = flags.has_any(flag::write) && !flags.has_any(flag::shared);
    const Result<void> touched = touch_part(space, part, writes ? Touch::write : Touch::read);
    if (!touched) return touched;
  }
  return {};
}

}  // namespace vmarea
