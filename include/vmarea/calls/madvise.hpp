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
#include "vmarea/plan/walk_plan.hpp"
#include "vmarea/space/account.hpp"

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

/// Whether an area refuses the advice. Errors: invalid, not_permitted, access_denied.
template <class Host>
Result<void> check_advice(const Description<Host>& area, Advice advice) noexcept {
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
      if (flags.has_any(flag::locked) || area.file == typename Host::FileHandle{}) {
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
      refused = !flags.has_any(flag::read);
      break;
    default:
      break;
  }
  return refused ? Result<void>(Error::invalid) : success;
}

/// Changes the flags that an advice speaks of.
template <class Host>
struct AdviseRule {
  static constexpr HolePolicy holes = HolePolicy::go_on;
  static constexpr Error shortage = Error::try_again;
  Advice advice = Advice::normal;

  RuleAnswer<Host> answer(const SpaceState<Host>&, const Area<Host>& area, Range,
                          const WalkProgress&) const noexcept {
    using Answer = RuleAnswer<Host>;
    const Result<void> allowed = check_advice<Host>(area, advice);
    if (!allowed) return Answer::refuse(allowed.error());
    if (advice == Advice::mergeable && !allows_same_page_merging(area.flags)) return Answer::skip();
    const Flags after = advised_flags(area.flags, advice);
    if (after == area.flags) return Answer::skip();
    return Answer::change(area, after);
  }
};

/// An advice, planned. Guards are marked on whole areas, without a cut, since the flag stops no
/// merge; private anonymous memory gets an identity with them.
template <class Host>
struct AdvisePlan : WalkPlan<Host, AdviseRule<Host>> {
  using Base = WalkPlan<Host, AdviseRule<Host>>;
  using Base::Base;

  bool installs_guards() const noexcept { return this->rule.advice == Advice::guard_install; }

  template <class Visit>
  void for_each_edit(const SpaceState<Host>& space, Visit&& visit) const noexcept {
    if (installs_guards()) {
      for_each_guarded(space, visit);
    } else {
      Base::for_each_edit(space, visit);
    }
  }
  Result<void> reserve(SpaceState<Host>& space, Reservation<Host>& reserved) const noexcept {
    return reserve_edits(*this, space, reserved);
  }
  void commit(SpaceState<Host>& space, Reservation<Host>& reserved) const noexcept {
    commit_edits(*this, space, reserved);
    if constexpr (Host::has_page_tables) {
      for_each_dropped(space, [&](Range part) { space.services.unmap_pages(space.pages, part); });
    }
  }

  /// Calls visit(Range) for the pages that go: those of every area that the walk reached.
  template <class Visit>
  void for_each_dropped(const SpaceState<Host>& space, Visit&& visit) const noexcept {
    const Advice advice = this->rule.advice;
    const bool drops = advice == Advice::dont_need || advice == Advice::dont_need_locked ||
                       advice == Advice::free || advice == Advice::remove || installs_guards();
    if (!drops || does_nothing(space)) return;
    for (auto cursor = space.tree.seek(this->range.start); cursor.entry(); cursor.next()) {
      const Area<Host>& area = *cursor.entry().value;
      if (area.start >= this->range.end || !check_advice<Host>(area, advice)) return;
      visit(area.within(this->range, space.services.geometry()).range());
    }
  }

 private:
  bool does_nothing(const SpaceState<Host>& space) const noexcept {
    return !this->status &&
           space.services.profile().partial_effects == PartialEffects::all_or_nothing;
  }

  template <class Visit>
  void for_each_guarded(const SpaceState<Host>& space, Visit&& visit) const noexcept {
    if (does_nothing(space)) return;
    std::uint64_t last_identity = this->base.last_identity;
    Area<Host>* first = find_at_or_above(space, this->range.start);
    if (first == nullptr) return;
    Neighbour<Host> left = Neighbour<Host>::of(find_starting_below(space, first->start));
    for (auto cursor = space.tree.seek(this->range.start); cursor.entry(); cursor.next()) {
      Area<Host>& area = *cursor.entry().value;
      if (area.start >= this->range.end || !check_advice<Host>(area, Advice::guard_install)) return;
      Edit<Host> edit{.extent = area.range(), .event = Event::protected_};
      Piece<Host> guarded{area, &area, nullptr, nullptr};
      if (space.services.profile().marks_guarded_areas) guarded.after.flags |= flag::maybe_guard;
      const bool shared = area.flags.has_any(flag::shared | flag::may_share);
      if (area.anonymous() && !shared && !area.identity) {
        plan_identity(space, guarded, left, Neighbour<Host>::of(find_area(space, area.end)),
                      AnonIdentity::of(last_identity + 2));
        if (guarded.makes_identity) last_identity += 2;
      }
      left = {guarded.after, &area, nullptr, true, false};
      edit.add(guarded);
      if (!(guarded.after == area)) visit(static_cast<const Edit<Host>&>(edit));
    }
  }
};

/// Errors: invalid (unknown advice, misaligned, wraps, an area that refuses), no_memory (a hole;
/// the areas beyond it are changed too), try_again (the map count limit), not_permitted (sealed),
/// access_denied.
template <class Host>
AdvisePlan<Host> plan_madvise(const SpaceState<Host>& space, Address start,
                              std::uint64_t length_bytes, Advice advice) noexcept {
  const Geometry geometry = space.services.geometry();
  if (!is_known_advice(space.services.profile(), advice) || !geometry.aligned(start))
    return {Error::invalid};
  const std::uint64_t length = geometry.round_up(length_bytes);
  if ((length_bytes != 0 && length == 0) || start + length < start) return {Error::invalid};
  if (length == 0) return {success};
  const Range range{start, start + length};
  if (is_populating(advice)) return {success};
  AdvisePlan<Host> plan{space, range, AdviseRule<Host>{advice}};
  if (advice == Advice::guard_install) plan.out_of_memory = Error::no_memory;
  return plan;
}

/// The touching that belongs to a populating advice whose arguments are good; it goes as far as it
/// may. Errors: no_memory (a hole, or none left), invalid (not allowed by its area).
template <class Host>
Result<void> populate_as_advised(SpaceState<Host>& space, Address start, std::uint64_t length_bytes,
                                 Advice advice) noexcept {
  if (!is_populating(advice)) return {};
  const Address end = start + space.services.geometry().round_up(length_bytes);
  for (Address at = start; at < end;) {
    Description<Host> area;
    const Result<void> found = copy_description(space, at, area);
    if (!found) return found;
    const Result<void> allowed = check_advice(area, advice);
    if (!allowed) return allowed;
    const Range part{at, area.end < end ? area.end : end};
    const Touch touch = advice == Advice::populate_write ? Touch::write : Touch::read_small_page;
    const Result<void> touched = touch_part(space, part, touch);
    if (!touched) return touched;
    at = part.end;
  }
  return {};
}

}  // namespace vmarea
