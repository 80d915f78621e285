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
  const bool writes = touch != Touch::read;
  plan.gives_identity =
      writes && !area->identity && !area->flags.has_any(flag::shared | flag::may_share);
  if (plan.gives_identity) plan.source = find_identity_source(space, *area);
  return plan;
}

/// Touches every page of the range that a populating call (mlock, MAP_POPULATE) would write: those
/// of writable private memory. What cannot be had is left out, as the kernel does.
template <class S>
void populate(SpaceState<S>& space, Range range) noexcept {
  const std::uint64_t page = space.services.geometry().page_size();
  for (Address at = range.start; at < range.end;) {
    const Area<S>* area = find_at_or_above(space, at);
    if (area == nullptr || area->start >= range.end) return;
    if (area->start > at) at = area->start;
    const Address end = area->end < range.end ? area->end : range.end;
    const bool on_fault = area->flags.has_any(flag::lock_on_fault);
    if (!area->flags.has_any(flag::write) || area->flags.has_any(flag::shared) || on_fault) {
      at = end;
      continue;
    }
    const bool only_identity = !S::has_page_tables;
    for (; at < end; at = only_identity ? end : at + page) {
      const auto touched = Change<S, TouchPlan<S>>(space, [&](const auto& s) {
                             return plan_touch(s, at, Touch::write);
                           }).reserve_and_commit();
      if (!touched) return;
    }
  }
}

}  // namespace vmarea
