// SPDX-License-Identifier: MIT
//
// userfaultfd: which context watches which memory, and how (rules 22).
//
//   register     [AAAA****)[BBBB)    all areas of the range are looked at first, then changed;
//   unregister   [AAAA)[aaaa)[bbbb)  holes are passed over, equal neighbours join again
//   release      closes a descriptor: whatever its context watched is free again, and joins
//
// What moves, goes or is copied to a child is told by the calls that do it; faults are the host's.
#pragma once

#include "vmarea/plan/walk_plan.hpp"
#include "vmarea/space/attributes.hpp"
#include "vmarea/space/find.hpp"

namespace vmarea {

/// Arguments of a registration.
struct UserfaultRequest {
  Address start = 0;
  std::uint64_t length = 0;
  UserfaultContext context = 0;
  UserfaultModes modes{};
};

/// Whether memory of this kind can be watched in this way.
template <class Host>
bool can_watch(const SpaceState<Host>& space, const Description<Host>& area, Flags modes,
               const UserfaultRules& rules) noexcept {
  const bool huge = area.flags.has_any(flag::huge_tlb);
  const bool droppable = area.flags.has_any(flag::droppable);
  if (droppable && !space.services.profile().watches_droppable_memory) return false;
  if (area.flags.has_any(flag::shadow_stack)) return false;
  if (area.flags.has_any(flag::special) && !huge) return false;
  const bool in_memory =
      huge || (area.file != typename Host::FileHandle{} &&
               space.services.file_rules(area.file).storage != Storage::file_system);
  if (modes.has_any(flag::userfault_minor) && !in_memory) return false;
  if (rules.protects_async && modes == flag::userfault_protect) return true;
  return area.anonymous() || in_memory;
}

/// Whether the whole range of a registration lies in the space. Errors: invalid.
template <class Host>
Result<Range> userfault_range(const SpaceState<Host>& space, Address start,
                              std::uint64_t length_bytes) noexcept {
  const Geometry geometry = space.services.geometry();
  const bool good = geometry.aligned(start) && geometry.aligned(length_bytes) &&
                    length_bytes != 0 && geometry.inside(start, length_bytes);
  if (!good) return Error::invalid;
  const Range range{start, start + length_bytes};
  if (find_intersection(space, range) == nullptr) return Error::invalid;
  return range;
}

/// Whether a range begins inside a huge page. The first area says it, also where a hole comes
/// before it. Requires: something is mapped there.
template <class Host>
bool begins_in_huge_page(const SpaceState<Host>& space, Range range) noexcept {
  return (range.start & find_intersection(space, range)->huge_page_mask()) != 0;
}

/// Whether a range ends inside a huge page of `area`.
template <class Host>
constexpr bool ends_in_huge_page(const Description<Host>& area, Range range) noexcept {
  return range.end <= area.end && (range.end & area.huge_page_mask()) != 0;
}

/// The first error that check(area) finds in the areas of a range.
template <class Host, class Check>
Result<void> check_each(const SpaceState<Host>& space, Range range, Check&& check) noexcept {
  Result<void> good;
  (void)any_in(space, range, [&](const Area<Host>& area) {
    good = check(area);
    return !good;
  });
  return good;
}

/// Lets a context watch every area, in these ways and no others.
template <class Host>
struct WatchRule : RuleBase<Host> {
  static constexpr HolePolicy holes = HolePolicy::pass;
  static constexpr bool interns = true;
  static constexpr bool sets_flags(const KernelProfile& profile) noexcept {
    return profile.watching_decides_soft_dirty;
  }
  static constexpr bool cut_start_joins_next(const KernelProfile& profile) noexcept {
    return profile.watched_rear_joins_next;
  }
  UserfaultContext context = 0;
  Flags modes{};

  Answer<Host> change(const SpaceState<Host>& space, const Area<Host>& area, Range) const noexcept {
    Attributes content = content_of(area.attributes);
    const bool is_ours = content.userfault_context == context;
    if (is_ours && area.flags.has_all(modes)) return Answer<Host>::skip();
    content.userfault_context = context;
    return Answer<Host>::change(area.flags.without(flag::userfault) | modes,
                                intern(space, content));
  }
};

/// Errors: invalid (no context, unknown modes, misaligned, not in the space, nothing mapped, memory
/// that cannot be watched so), not_permitted (memory that may never be written), busy (another
/// context watches), no_memory (the map count; earlier areas are watched then).
template <class Host>
WalkPlan<Host, WatchRule<Host>> plan_register_userfault(const SpaceState<Host>& space,
                                                        const UserfaultRequest& request) noexcept {
  if (request.context == 0 || request.modes.empty() || !uffd::all.has_all(request.modes)) {
    return Error::invalid;
  }
  const Result<Range> range = userfault_range(space, request.start, request.length);
  if (!range) return range.error();
  const Flags modes = userfault_flags(request.modes);
  const UserfaultRules rules = space.services.userfault_rules(request.context);
  if (begins_in_huge_page(space, *range)) return Error::invalid;
  const Result<void> good = check_each(space, *range, [&](const Area<Host>& area) -> Result<void> {
    if (!can_watch<Host>(space, area, modes, rules)) return Error::invalid;
    if (!area.flags.has_any(flag::may_write)) return Error::not_permitted;
    if (ends_in_huge_page<Host>(area, *range)) return Error::invalid;
    const UserfaultContext owner = context_of<Host>(area);
    if (owner != 0 && owner != request.context) return Error::busy;
    return {};
  });
  if (!good) return good;
  return {space, *range, WatchRule<Host>{{}, request.context, modes}};
}

/// Frees what a context watches, or what any does.
template <class Host>
struct UnwatchRule : RuleBase<Host> {
  static constexpr HolePolicy holes = HolePolicy::pass;
  static constexpr bool interns = true;
  static constexpr bool sets_flags(const KernelProfile& profile) noexcept {
    return profile.watching_decides_soft_dirty;
  }
  static constexpr bool can_go_without_joins = true;
  static constexpr bool cut_start_joins_next(const KernelProfile& profile) noexcept {
    return profile.watched_rear_joins_next;
  }
  UserfaultContext context = 0;
  bool frees_all = false;

  Answer<Host> change(const SpaceState<Host>& space, const Area<Host>& area, Range) const noexcept {
    const Attributes content = content_of(area.attributes);
    const UserfaultContext owner = content.userfault_context;
    if (owner == 0 || (owner != context && !frees_all)) return Answer<Host>::skip();
    return Answer<Host>::change(area.flags.without(flag::userfault),
                                intern(space, content.without_userfault()));
  }
};

/// Areas that are freed whole are freed also where there is no memory to join them.
/// Errors: invalid (no context, misaligned, not in the space, nothing mapped, memory that cannot be
/// watched, or that another context watches), no_memory (the map count; earlier areas are free).
template <class Host>
WalkPlan<Host, UnwatchRule<Host>> plan_unregister_userfault(const SpaceState<Host>& space,
                                                            Address start,
                                                            std::uint64_t length_bytes,
                                                            UserfaultContext context) noexcept {
  const Result<Range> range = userfault_range(space, start, length_bytes);
  if (!range) return range.error();
  if (context == 0 || begins_in_huge_page(space, *range)) return Error::invalid;
  const UserfaultRules rules = space.services.userfault_rules(context);
  const bool frees_all = !space.services.profile().unregister_checks_context;
  bool cuts = false;
  const Result<void> good = check_each(space, *range, [&](const Area<Host>& area) -> Result<void> {
    const UserfaultContext owner = context_of<Host>(area);
    if (owner != 0 && owner != context && !frees_all) return Error::invalid;
    if (!can_watch<Host>(space, area, area.flags & flag::userfault, rules)) return Error::invalid;
    cuts |= owner != 0 && !range->contains(area.range());
    return {};
  });
  if (!good) return good;
  WalkPlan<Host, UnwatchRule<Host>> plan{space, *range, UnwatchRule<Host>{{}, context, frees_all}};
  if (!cuts) plan.without_memory = WithoutMemory::joins_nothing;
  return plan;
}

/// Closes a descriptor. Errors: invalid (no context).
template <class Host>
WalkPlan<Host, UnwatchRule<Host>> plan_release_userfault(const SpaceState<Host>& space,
                                                         UserfaultContext context) noexcept {
  if (context == 0) return Error::invalid;
  const Range all{0, space.services.geometry().limit};
  WalkPlan<Host, UnwatchRule<Host>> plan{space, all, UnwatchRule<Host>{{}, context}};
  plan.without_memory = WithoutMemory::joins_nothing;
  return plan;
}

}  // namespace vmarea
