// SPDX-License-Identifier: MIT
//
// madvise (rules 29; madvise(2)): a walk with a rule that changes flags, drops pages, or does both;
// the populating kinds touch pages when the call is finished.
//
//   NORMAL RANDOM SEQUENTIAL | DONTFORK DOFORK | WIPEONFORK KEEPONFORK | DONTDUMP DODUMP
//   MERGEABLE UNMERGEABLE | HUGEPAGE NOHUGEPAGE | GUARD_INSTALL            flags
//   DONTNEED FREE COLD PAGEOUT WILLNEED REMOVE COLLAPSE GUARD_REMOVE       pages
//   POPULATE_READ POPULATE_WRITE                                           touches
#pragma once

#include "vmarea/plan/walk_plan.hpp"

namespace vmarea {

/// Whether this kernel knows the advice.
constexpr bool is_known_advice(const KernelProfile& profile, Advice advice) noexcept {
  if (advice == Advice::guard_install || advice == Advice::guard_remove) {
    return profile.knows_guard_advice;
  }
  const auto number = static_cast<std::int32_t>(advice);
  return (number >= 0 && number <= 4) || (number >= 8 && number <= 25);
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

/// Whether the advice drops pages at once.
constexpr bool is_dropping(Advice advice) noexcept {
  return advice == Advice::dont_need || advice == Advice::dont_need_locked ||
         advice == Advice::free || advice == Advice::remove || advice == Advice::guard_install;
}

constexpr bool is_populating(Advice advice) noexcept {
  return advice == Advice::populate_read || advice == Advice::populate_write;
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

/// Whether a part of an area begins inside one of its huge pages: such a part is never dropped.
template <class Host>
constexpr bool drops_from_inside(const Description<Host>& area, Range part) noexcept {
  return (part.start & area.huge_page_mask()) != 0;
}

/// Whether an area refuses the advice for this part of it. Errors: invalid, not_permitted,
/// access_denied.
template <class Host>
Result<void> check_advice(const SpaceState<Host>& space, const Description<Host>& area, Range part,
                          Advice advice) noexcept {
  const Flags flags = area.flags;
  if (flags.has_any(flag::sealed) && is_discarding(advice) && area.anonymous() &&
      !flags.has_any(flag::write)) {
    return Error::not_permitted;
  }
  bool refused = false;
  switch (advice) {
    case Advice::do_fork:
      refused = flags.has_any(space.services.profile().do_fork_refuses_special ? flag::special
                                                                               : flag::io);
      break;
    case Advice::wipe_on_fork:
      refused = area.file != typename Host::FileHandle{} || flags.has_any(flag::shared);
      break;
    case Advice::keep_on_fork:
      refused = flags.has_any(flag::droppable);
      break;
    case Advice::do_dump:
      refused = flags.has_any(flag::droppable) ||
                (flags.has_any(flag::special) && !flags.has_any(flag::huge_tlb));
      break;
    case Advice::dont_need:
      refused = flags.has_any(flag::locked | flag::page_frames) || drops_from_inside(area, part);
      break;
    case Advice::cold:
    case Advice::page_out:
      refused = flags.has_any(flag::locked | flag::page_frames | flag::huge_tlb);
      break;
    case Advice::dont_need_locked:
      refused = flags.has_any(flag::page_frames) || drops_from_inside(area, part);
      break;
    case Advice::free:
      refused = !area.anonymous() || flags.has_any(flag::locked | flag::page_frames);
      break;
    case Advice::remove:
      if (flags.has_any(flag::locked) || area.file == typename Host::FileHandle{}) {
        return Error::invalid;
      }
      if (!flags.has_all(flag::shared_may_write)) return Error::access_denied;
      break;
    case Advice::guard_install:
      refused = flags.has_any(flag::special | flag::locked | flag::huge_tlb);
      break;
    case Advice::guard_remove:
      refused = flags.has_any(flag::special | flag::huge_tlb);
      break;
    default:
      break;
  }
  return refused ? Result<void>(Error::invalid) : success;
}

/// Changes the flags that an advice speaks of, and drops the pages that it speaks of. Guards are
/// marked on whole areas, without a cut, since the flag stops no merge; private anonymous memory
/// gets an identity with them.
template <class Host>
struct AdviseRule : RuleBase<Host> {
  static constexpr HolePolicy holes = HolePolicy::go_on;
  static constexpr Error error_at_count_limit = Error::try_again;
  static constexpr bool drops_pages = true;
  Advice advice = Advice::normal;

  constexpr bool takes_whole_areas() const noexcept { return advice == Advice::guard_install; }

  Result<void> check(const SpaceState<Host>& space, const Area<Host>& area, Range part,
                     const WalkProgress&) const noexcept {
    return check_advice<Host>(space, area, part, advice);
  }

  Answer<Host> change(const SpaceState<Host>& space, const Area<Host>& area, Range) const noexcept {
    const Flags before = area.flags;
    Flags after = advised_flags(before, advice);
    bool faults_in = false;
    if (advice == Advice::mergeable && !allows_same_page_merging(before)) after = before;
    if (advice == Advice::guard_install) {
      after = before.with_if(space.services.profile().marks_guarded_areas, flag::maybe_guard);
      faults_in = area.anonymous() && !area.identity;
    }
    Answer<Host> answer;
    if (after != before || faults_in) answer = Answer<Host>::change(area, after);
    answer.faults_in = faults_in;
    answer.drops_pages = is_dropping(advice);
    return answer;
  }
};

/// Errors: invalid (unknown advice, misaligned, wraps, an area that refuses), no_memory (a hole;
/// the areas beyond it are changed too), try_again (the map count limit), not_permitted (sealed),
/// access_denied. A populating advice touches when the call is finished, and goes as far as it may:
/// no_memory (a hole, or none left), invalid (not allowed by its area).
template <class Host>
WalkPlan<Host, AdviseRule<Host>> plan_madvise(const SpaceState<Host>& space, Address start,
                                              std::uint64_t length_bytes, Advice advice) noexcept {
  if (!is_known_advice(space.services.profile(), advice)) return Error::invalid;
  const Result<Range> range = space.services.geometry().page_range(start, length_bytes);
  if (!range) return range.error();
  if (range->empty()) return success;
  if (is_populating(advice)) {
    WalkPlan<Host, AdviseRule<Host>> plan = success;
    const bool writes = advice == Advice::populate_write;
    plan.sequel = {.kind = writes ? Sequel::Kind::advised_write : Sequel::Kind::advised_read,
                   .range = *range};
    return plan;
  }
  WalkPlan<Host, AdviseRule<Host>> plan{space, *range, AdviseRule<Host>{{}, advice}};
  if (advice == Advice::guard_install) plan.error_without_memory = Error::no_memory;
  return plan;
}

}  // namespace vmarea
