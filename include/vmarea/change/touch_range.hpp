// SPDX-License-Identifier: MIT
//
// What the fourth beat touches: mlock, MAP_POPULATE and the populating advices go over every page,
// each with a lock of its own, after the call has let go of its lock.
#pragma once

#include "vmarea/change/commit.hpp"
#include "vmarea/change/lock_scope.hpp"
#include "vmarea/change/reserve.hpp"
#include "vmarea/plan/touch.hpp"

namespace vmarea {

/// One touch with its own lock. Errors: as plan_touch; busy, if a change is reserved.
template <class Host>
Result<void> touch_page(SpaceState<Host>& space, Address at, Touch touch) noexcept;

/// Touches every page of `part`, which lies in one area; without page tables, once is enough.
/// Errors: no_memory, busy.
template <class Host>
Result<void> touch_part(SpaceState<Host>& space, Range part, Touch touch) noexcept {
  const std::uint64_t page = space.services.geometry().page_size();
  for (Address at = part.start; at < part.end; at = Host::has_page_tables ? at + page : part.end) {
    const Result<void> touched = touch_page(space, at, touch);
    if (!touched) return touched.error() == Error::busy ? Error::busy : Error::no_memory;
  }
  return {};
}

/// What a range is touched for.
enum class TouchReason : unsigned char { locked, advised_read, advised_write };

/// Whether an area allows it, and in which way its pages are touched. Errors: invalid (an advice
/// that the area does not allow).
constexpr Result<Touch> touch_for(Flags flags, TouchReason reason) noexcept {
  switch (reason) {
    case TouchReason::advised_read:
      if (!flags.has_any(flag::read)) return Error::invalid;
      return Touch::read_small_page;
    case TouchReason::advised_write:
      if (!flags.has_any(flag::write)) return Error::invalid;
      return Touch::write;
    case TouchReason::locked:
      break;
  }
  const bool writes = flags.has_any(flag::write) && !flags.has_any(flag::shared);
  return writes ? Touch::write : Touch::read;
}

/// The first area that ends above `at`, copied under the lock. Errors: interrupted, no_memory
/// (there is none).
template <class Host>
Result<void> copy_description(SpaceState<Host>& space, Address at,
                              Description<Host>& found) noexcept {
  const SpaceWriteLock<Host> lock(space);
  if (!lock.taken()) return lock.taken();
  const Area<Host>* area = find_at_or_above(space, at);
  if (area == nullptr) return Error::no_memory;
  found = *area;
  return {};
}

/// Touches the range: locked memory by writing where it is private and may be written, else by
/// reading, and what is locked on fault is left to be faulted. It ends at a hole, or by the profile
/// goes on behind it. Errors: no_memory (a hole, memory that may not be accessed, or none left),
/// invalid (an advice that an area does not allow), interrupted, busy (a change is reserved).
template <class Host>
Result<void> touch_range(SpaceState<Host>& space, Range range, TouchReason reason) noexcept {
  const bool goes_on =
      reason != TouchReason::locked && space.services.profile().populating_goes_on_behind_holes;
  Result<void> answer;
  for (Address at = range.start; at < range.end;) {
    Description<Host> area;
    const Result<void> found = copy_description(space, at, area);
    if (!found) return found;
    if (area.start > at) {
      if (!goes_on || area.start >= range.end) return Error::no_memory;
      answer = Error::no_memory;
      at = area.start;
    }
    const Range part{at, area.end < range.end ? area.end : range.end};
    at = part.end;
    const bool is_special =
        area.flags.has_any(flag::special) && !area.flags.has_any(flag::huge_tlb);
    const bool is_left = is_special || area.flags.has_any(flag::lock_on_fault);
    if (reason == TouchReason::locked && is_left) continue;
    const Result<Touch> touch = touch_for(area.flags, reason);
    if (!touch) return touch.error();
    const Result<void> touched = touch_part(space, part, *touch);
    if (!touched) return touched;
  }
  return answer;
}

/// Touches everything that is not special, as far as it can be had.
template <class Host>
void touch_everything(SpaceState<Host>& space) noexcept {
  for (Address at = 0;;) {
    Range part{};
    {
      const SpaceWriteLock<Host> held(space);
      const Area<Host>* area = held.taken() ? find_at_or_above(space, at) : nullptr;
      if (area == nullptr) return;
      part = area->range();
    }
    (void)touch_range(space, part, TouchReason::locked);
    at = part.end;
  }
}

/// What a finished call touches. Errors: those of touch_range(), where the call answers them.
template <class Host>
Result<void> touch_sequel(SpaceState<Host>& space, const Sequel& sequel) noexcept {
  switch (sequel.kind) {
    case Sequel::Kind::touch:
      (void)touch_range(space, sequel.range, TouchReason::locked);
      break;
    case Sequel::Kind::touch_all:
      return touch_range(space, sequel.range, TouchReason::locked);
    case Sequel::Kind::touch_everything:
      touch_everything(space);
      break;
    case Sequel::Kind::advised_read:
      return touch_range(space, sequel.range, TouchReason::advised_read);
    case Sequel::Kind::advised_write:
      return touch_range(space, sequel.range, TouchReason::advised_write);
    case Sequel::Kind::nothing:
    case Sequel::Kind::move_rest:
      require<Host>(false, "a change goes on with what there is to touch");
  }
  return {};
}

}  // namespace vmarea
