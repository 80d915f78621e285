// SPDX-License-Identifier: MIT
//
// madvise (behaviour specification 29; madvise(2)): the kinds that change flags walk with a rule,
// the kinds that only concern pages check the range and drop or touch pages.
//
//   NORMAL RANDOM SEQUENTIAL | DONTFORK DOFORK | WIPEONFORK KEEPONFORK | DONTDUMP DODUMP
//   MERGEABLE UNMERGEABLE | HUGEPAGE NOHUGEPAGE | GUARD_INSTALL            flags
//   DONTNEED FREE COLD PAGEOUT WILLNEED REMOVE COLLAPSE GUARD_REMOVE       pages
//   POPULATE_READ POPULATE_WRITE                                           touches
#pragma once

#include "vmarea/calls/fault.hpp"
#include "vmarea/core/account.hpp"
#include "vmarea/core/walk.hpp"

namespace vmarea {

/// Whether this kernel knows the advice.
constexpr bool is_known_advice(Advice advice) noexcept {
  const auto number = static_cast<std::int32_t>(advice);
  return (number >= 0 && number <= 4) || (number >= 8 && number <= 25) || number == 102 ||
         number == 103;
}

/// Whether the advice drops what private anonymous memory holds, so that a seal refuses it.
constexpr bool is_discarding(Advice advice) noexcept {
  switch (advice) {
    case Advice::free:
    case Advice::dont_need:
    case Advice::dont_need_locked:
    case Advice::remove:
    case Advice::dont_fork:
    case Advice::wipe_on_fork:
    case Advice::guard_install:
      return true;
    default:
      return false;
  }
}

/// The flags after an advice that only sets and clears some.
constexpr Flags advised_flags(Flags flags, Advice advice) noexcept {
  constexpr Flags reading = flag::random_read | flag::sequential_read;
  constexpr Flags huge = flag::huge_page | flag::no_huge_page;
  switch (advice) {
    case Advice::normal:
      return flags.without(reading);
    case Advice::random:
      return flags.without(reading) | flag::random_read;
    case Advice::sequential:
      return flags.without(reading) | flag::sequential_read;
    case Advice::dont_fork:
      return flags | flag::dont_copy;
    case Advice::do_fork:
      return flags.without(flag::dont_copy);
    case Advice::wipe_on_fork:
      return flags | flag::wipe_on_fork;
    case Advice::keep_on_fork:
      return flags.without(flag::wipe_on_fork);
    case Advice::dont_dump:
      return flags | flag::dont_dump;
    case Advice::do_dump:
      return flags.without(flag::dont_dump);
    case Advice::mergeable:
      return flags | flag::mergeable;
    case Advice::unmergeable:
      return flags.without(flag::mergeable);
    case Advice::huge_page:
      return flags.without(huge) | flag::huge_page;
    case Advice::no_huge_page:
      return flags.without(huge) | flag::no_huge_page;
    default:
      return flags;
  }
}

/// Whether an area refuses the advice. Errors: invalid, not_permitted, access_denied.
template <class S>
Result<void> check_advice(const Description<S>& area, Advice advice) noexcept {
  const Flags flags = area.flags;
  const bool shared = flags.has_any(flag::shared | flag::may_share);
  if (flags.has_any(flag::sealed) && is_discarding(advice) && area.anonymous() && !shared &&
      !flags.has_any(flag::write)) {
    return Error::not_permitted;
  }
  bool refused = false;
  switch (advice) {
    case Advice::do_fork:
      refused = flags.has_any(flag::io);
      break;
    case Advice::wipe_on_fork:
      refused = area.file != typename S::FileHandle{} || flags.has_any(flag::shared);
      break;
    case Advice::keep_on_fork:
      refused = flags.has_any(flag::droppable);
      break;
    case Advice::do_dump:
      refused = flags.has_any(flag::droppable) ||
                (flags.has_any(flag::special) && !flags.has_any(flag::huge_tlb));
      break;
    case Advice::dont_need:
    case Advice::cold:
    case Advice::page_out:
      refused = flags.has_any(flag::locked | flag::page_frames | flag::huge_tlb);
      break;
    case Advice::dont_need_locked:
      refused = flags.has_any(flag::page_frames | flag::huge_tlb);
      break;
    case Advice::free:
      refused = !area.anonymous() || flags.has_any(flag::locked | flag::page_frames);
      break;
    case Advice::remove:
      if (flags.has_any(flag::locked) || area.file == typename S::FileHandle{}) {
        return Error::invalid;
      }
      if (!shared || !flags.has_all(flag::shared_may_write)) return Error::access_denied;
      break;
    case Advice::guard_install:
      refused = flags.has_any(flag::special | flag::locked | flag::huge_tlb);
      break;
    case Advice::populate_write:
      refused = !flags.has_any(flag::write);
      break;
    case Advice::populate_read:
      refused = !flags.has_any(flag::access);
      break;
    default:
      break;
  }
  return refused ? Result<void>(Error::invalid) : success;
}

/// Changes the flags that an advice speaks of.
template <class S>
struct AdviseRule {
  static constexpr HolePolicy holes = HolePolicy::go_on;
  static constexpr Error shortage = Error::try_again;
  Advice advice = Advice::normal;

  RuleAnswer<S> answer(const SpaceState<S>&, const Area<S>& area, Range,
                       const WalkProgress&) const noexcept {
    using Answer = RuleAnswer<S>;
    const Result<void> allowed = check_advice<S>(area, advice);
    if (!allowed) return Answer::refuse(allowed.error());
    constexpr Flags never_merged_pages =
        flag::shared | flag::may_share | flag::special | flag::droppable | flag::huge_tlb;
    if (advice == Advice::mergeable && area.flags.has_any(never_merged_pages))
      return Answer::skip();
    const Flags after = advised_flags(area.flags, advice);
    if (after == area.flags) return Answer::skip();
    return Answer::change(area, after);
  }
};

template <class S>
struct AdvisePlan : RangePlan<S, AdviseRule<S>> {
  using RangePlan<S, AdviseRule<S>>::RangePlan;
  Range pages;  // Pages that the advice concerns; for kinds that change no flag.

  void commit(SpaceState<S>& space, Reservation<S>& reserved) const noexcept {
    RangePlan<S, AdviseRule<S>>::commit(space, reserved);
    if (this->rule.advice == Advice::guard_install) mark_guards(space);
    if constexpr (S::has_page_tables) {
      const Advice advice = this->rule.advice;
      const bool drops = advice == Advice::dont_need || advice == Advice::free ||
                         advice == Advice::dont_need_locked || advice == Advice::guard_install;
      if (drops && this->status) space.services.unmap_pages(space.pages, pages);
    }
  }

 private:
  /// Guards mark the whole area, without a cut: the flag stops no merge.
  void mark_guards(SpaceState<S>& space) const noexcept {
    for (auto cursor = space.tree.seek(pages.start); cursor.entry(); cursor.next()) {
      const auto entry = cursor.entry();
      if (entry.first >= pages.end) return;
      if (!check_advice<S>(*entry.value, Advice::guard_install)) return;
      space.services.begin_area_write(space.lock, entry.value->lock);
      entry.value->flags |= flag::maybe_guard;
    }
  }
};

/// Whether every page of the range may be touched as a populating advice does; the first that may
/// not decides. Errors: no_memory (a hole), invalid (not allowed by its area).
template <class S>
Result<void> check_populate(const SpaceState<S>& space, Range range, Advice advice) noexcept {
  Address checked = range.start;
  for (auto cursor = space.tree.seek(range.start); checked < range.end; cursor.next()) {
    const auto entry = cursor.entry();
    if (!entry || entry.first > checked) return Error::no_memory;
    const Result<void> allowed = check_advice<S>(*entry.value, advice);
    if (!allowed) return allowed;
    checked = entry.value->end;
  }
  return {};
}

/// Errors: invalid (unknown advice, misaligned, wraps, an area that refuses), no_memory (a hole;
/// the areas beyond it are changed too), try_again (the map count limit), not_permitted (sealed),
/// access_denied.
template <class S>
AdvisePlan<S> plan_madvise(const SpaceState<S>& space, Address start, std::uint64_t length_bytes,
                           Advice advice) noexcept {
  const Geometry geometry = space.services.geometry();
  if (!is_known_advice(advice) || !geometry.aligned(start)) return {Error::invalid};
  const std::uint64_t length = geometry.round_up(length_bytes);
  if ((length_bytes != 0 && length == 0) || start + length < start) return {Error::invalid};
  if (length == 0) return {success};
  const Range range{start, start + length};
  if (advice == Advice::populate_read || advice == Advice::populate_write) {
    return {check_populate(space, range, advice)};
  }
  AdvisePlan<S> plan{space, range, AdviseRule<S>{advice}};
  plan.pages = range;
  return plan;
}

/// The touching that belongs to an advice that has succeeded: populating, and the identity that a
/// guard gives to private anonymous memory. Errors: no_memory.
template <class S>
Result<void> touch_as_advised(SpaceState<S>& space, Address start, std::uint64_t length_bytes,
                              Advice advice) noexcept {
  const Range range{start, start + space.services.geometry().round_up(length_bytes)};
  if (advice == Advice::populate_write || advice == Advice::populate_read) {
    return populate_as(space, range, advice == Advice::populate_write ? Touch::write : Touch::read);
  }
  if (advice != Advice::guard_install) return {};
  for (Address at = range.start; at < range.end;) {
    const Area<S>* area = find_intersection(space, {at, range.end});
    if (area == nullptr) break;
    const Address page = area->start > at ? area->start : at;
    at = area->end;
    if (!area->anonymous() || area->identity) continue;
    const Result<void> touched = touch_page(space, page, Touch::forced_write);
    if (!touched) return touched;
    if constexpr (S::has_page_tables) {
      space.services.unmap_pages(space.pages, {page, page + space.services.geometry().page_size()});
    }
  }
  return {};
}

}  // namespace vmarea
