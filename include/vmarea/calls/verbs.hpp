// SPDX-License-Identifier: MIT
//
// The verbs that no system call offers alone, for hosts that have calls of their own: each changes
// one area and keeps every counter right (rules 7 to 10).
//
//   split      [AAAAAAAA)        ->  [AAA)[AAAAA)
//   modify     [AAAAAAAA)        ->  [AAA)[aa)[AAA)   or joins what is like it then
//   expand     [AAAA)..[NNN)     ->  [AAAAAAAAA)      over a hole, and over all of what follows it
//   shrink     [AAAAAAAAA)       ->  [AAAA).....      at one end, with its pages
//   relocate   . . . [AAAAAA)    ->  [AAAAAA) . . .   downwards with its pages, as exec does
#pragma once

#include "vmarea/plan/cut.hpp"
#include "vmarea/plan/walk_plan.hpp"
#include "vmarea/space/check.hpp"

namespace vmarea {

enum class NewPart : unsigned char { below, above };

enum class CountLimit : unsigned char {
  respected,
  ignored,  // For callers that remove as much as they add.
};

/// Cuts `area` in two; the new object is a full copy: flags, hooks, attributes, identity.
/// Requires: area.start < at < area.end, page aligned.
/// Errors: no_memory (the map count limit), or what may_split says.
template <class Host>
StepPlan<Host, void> plan_split(const SpaceState<Host>& space, Area<Host>& area, Address at,
                                NewPart new_part,
                                CountLimit limit = CountLimit::respected) noexcept {
  const Geometry geometry = space.services.geometry();
  require<Host>(area.start < at && at < area.end, "a split lies inside the area");
  require<Host>(geometry.aligned(at), "a split lies on a page boundary");
  const bool full = space.area_count >= space.services.limits().area_count_max;
  if (full && limit == CountLimit::respected) return Error::no_memory;
  const Result<void> may_split = area.may_split(at);
  if (!may_split) return may_split.error();
  StepPlan<Host, void> plan{success};
  if (new_part == NewPart::below) {
    plan.add_edit(edit_of_cuts(space, area, at));
    return plan;
  }
  Edit<Host>& edit = plan.add_edit({area.range(), Event::resized});
  edit.add(Piece<Host>::kept(area, area.below(at)));
  edit.add(Piece<Host>::copy_of(area, area.above(at, geometry)));
  return plan;
}

/// What a part is to have. The host has interned the attributes, and holds a reference meanwhile.
struct Modification {
  Flags flags{};
  const Attributes* attributes = nullptr;
};

template <class Host>
struct ModifyRule : RuleBase<Host> {
  static constexpr bool can_go_without_joins = true;
  Modification wanted{};

  Answer<Host> change(const SpaceState<Host>& space, const Area<Host>& area,
                      Range part) const noexcept {
    Answer<Host> answer = Answer<Host>::change(area, wanted.flags);
    answer.attributes = wanted.attributes;
    const std::int64_t pages = page_count(space, part.length());
    answer.totals = area_totals(area.flags, -pages);
    answer.totals += area_totals(wanted.flags, pages);
    const auto accounted = [pages](Flags flags) {
      return flags.has_any(flag::account) ? pages : 0;
    };
    answer.charge = accounted(wanted.flags) - accounted(area.flags);
    return answer;
  }
};

/// Gives a part of one area other flags or attributes. Requires: `part` is a page aligned,
/// non-empty part of `area`; all of it if nothing is to be joined without memory.
/// Errors: no_memory (the map count limit), or what may_split says; the first cut stays then.
template <class Host>
WalkPlan<Host, ModifyRule<Host>> plan_modify(
    const SpaceState<Host>& space, const Area<Host>& area, Range part, const Modification& wanted,
    WithoutMemory without_memory = WithoutMemory::fails) noexcept {
  require<Host>(!part.empty() && area.range().contains(part), "a modified part lies in the area");
  require<Host>(without_memory == WithoutMemory::fails || part == area.range(),
                "only the change of a whole area can go without memory");
  WalkPlan<Host, ModifyRule<Host>> plan{space, part, ModifyRule<Host>{{}, wanted}};
  plan.without_memory = without_memory;
  return plan;
}

/// The same for a part anywhere, with the attributes that its area has. Errors: bad_address (no
/// area there), invalid (not a page aligned part of one area, or flags that it cannot have: what
/// check_description refuses), and those of plan_modify.
template <class Host>
WalkPlan<Host, ModifyRule<Host>> plan_modify_at(const SpaceState<Host>& space, Range part,
                                                Flags flags) noexcept {
  const Geometry geometry = space.services.geometry();
  const Area<Host>* area = find_area(space, part.start);
  if (area == nullptr) return Error::bad_address;
  const bool good = geometry.aligned(part.start) && geometry.aligned(part.end) && !part.empty() &&
                    area->range().contains(part);
  Description<Host> after = *area;
  after.flags = flags;
  if (!good || check_description(space, after, 0)) return Error::invalid;
  return plan_modify(space, *area, part, {flags, area->attributes});
}

/// An edit that gives one area another range, and counts the pages that come or go.
template <class Host>
Edit<Host> edit_of_resize(const SpaceState<Host>& space, Area<Host>& area, Range extent, Range to,
                          std::uint64_t page_offset) noexcept {
  Edit<Host> edit{extent, Event::resized};
  Piece<Host> piece = Piece<Host>::kept(area, area);
  piece.after.start = to.start;
  piece.after.end = to.end;
  piece.after.page_offset = page_offset;
  edit.add(piece);
  const std::int64_t more = page_count(space, to.length()) - page_count(space, area.length());
  edit.totals = area_totals(area.flags, more);
  if (area.flags.has_any(flag::account)) edit.charge = more;
  return edit;
}

/// Grows `area` to `to`. `next`, if given, is swallowed whole where it ends with `to`, and its
/// identity is taken over if the area has none.
/// Requires: `to` covers the area; between the two there is nothing but `next`; a swallowed next
/// counts in the same classes and has no close hook.
template <class Host>
StepPlan<Host, void> plan_expand(const SpaceState<Host>& space, Area<Host>& area, Range to,
                                 std::uint64_t page_offset,
                                 const Area<Host>* next = nullptr) noexcept {
  require<Host>(to.contains(area.range()), "an expansion covers the area");
  const bool swallows = next != nullptr && next != &area && next->end == to.end;
  require<Host>(!swallows || !next->has_close(), "an area with a close hook is never swallowed");
  require<Host>(swallows || next == nullptr || to.end <= next->start,
                "an expansion ends before the next area, or with it");
  StepPlan<Host, void> plan{success};
  Edit<Host>& edit = plan.add_edit(edit_of_resize(space, area, to, to, page_offset));
  if (!swallows) return plan;
  const std::int64_t swallowed = page_count(space, next->length());
  edit.totals += area_totals(next->flags, -swallowed);
  if (next->flags.has_any(flag::account)) edit.charge -= swallowed;
  absorb<Host>(edit.pieces[0], *next, next, space.services.profile().kept_by_joins);
  return plan;
}

/// The page offset of an area that is to start elsewhere.
template <class Host>
std::uint64_t page_offset_at(const SpaceState<Host>& space, const Description<Host>& area,
                             Address start) noexcept {
  const Geometry geometry = space.services.geometry();
  return start < area.start ? area.page_offset - geometry.pages(area.start - start)
                            : area.page_offset + geometry.pages(start - area.start);
}

/// plan_expand with the page offset that follows, over what stands there. Errors: invalid
/// (misaligned, beyond the limit, `to` does not cover the area, or cuts another, or swallows one
/// that differs, has a close hook or own data that the host keeps apart).
template <class Host>
StepPlan<Host, void> plan_expand_to(const SpaceState<Host>& space, Area<Host>& area,
                                    Range to) noexcept {
  const Geometry geometry = space.services.geometry();
  const bool good = geometry.aligned(to.start) && geometry.aligned(to.end) &&
                    to.end <= geometry.limit && to.contains(area.range());
  if (!good || find_at_or_above(space, to.start) != &area) return Error::invalid;
  const Area<Host>* next = find_at_or_above(space, area.end);
  if (next != nullptr && next->start >= to.end) next = nullptr;
  if (next != nullptr && (next->end != to.end || next->has_close() || next->flags != area.flags)) {
    return Error::invalid;
  }
  if constexpr (Host::has_data_rules) {
    if (next != nullptr && !space.services.may_join(area.data, next->data)) return Error::invalid;
  }
  return plan_expand(space, area, to, page_offset_at<Host>(space, area, to.start), next);
}

/// Shrinks `area` to `to`; the pages outside go. Requires: `to` is a part of it that shares one end
/// at least.
template <class Host>
StepPlan<Host, void> plan_shrink(const SpaceState<Host>& space, Area<Host>& area, Range to,
                                 std::uint64_t page_offset) noexcept {
  require<Host>(!to.empty() && area.range().contains(to), "a shrunk area is a part of the old one");
  require<Host>(to.start == area.start || to.end == area.end, "an area shrinks at one end");
  StepPlan<Host, void> plan{success};
  Edit<Host>& edit = plan.add_edit(edit_of_resize(space, area, area.range(), to, page_offset));
  edit.unmapped = to.start == area.start ? Range{to.end, area.end} : Range{area.start, to.start};
  edit.tables_between = edit.unmapped;
  return plan;
}

/// plan_shrink with the page offset that follows. Errors: invalid (misaligned, empty, no part of
/// the area that shares an end with it).
template <class Host>
StepPlan<Host, void> plan_shrink_to(const SpaceState<Host>& space, Area<Host>& area,
                                    Range to) noexcept {
  const Geometry geometry = space.services.geometry();
  const bool good = geometry.aligned(to.start) && geometry.aligned(to.end) && !to.empty() &&
                    area.range().contains(to) && (to.start == area.start || to.end == area.end);
  if (!good) return Error::invalid;
  return plan_shrink(space, area, to, page_offset_at<Host>(space, area, to.start));
}

/// Moves `area` down by `shift` bytes, with its pages; its page offset stays. Everything is
/// reserved before the first edit, so it is done or not begun:
///
///   before      . . . . [AAAAAAAA)
///   expanded    [AAAAAAAAAAAAAAAA)      edit 1: covers both places, so no page is ever outside
///   moved       [aaaaaaaaAAAAAAAA)      pages go down, upper tables behind them are freed
///   after       [AAAAAAAA) . . . .      edit 2
///
/// Requires: shift is page aligned, 0 < shift <= start. Errors: bad_address (something stands in
/// between).
template <class Host>
StepPlan<Host, void> plan_relocate_down(const SpaceState<Host>& space, Area<Host>& area,
                                        std::uint64_t shift) noexcept {
  const Geometry geometry = space.services.geometry();
  require<Host>(geometry.aligned(shift) && shift != 0, "a relocation is by whole pages");
  require<Host>(shift <= area.start, "a relocation stays in the address space");
  const Range from = area.range();
  const Range to{from.start - shift, from.end - shift};
  if (find_at_or_above(space, to.start) != &area) return Error::bad_address;
  const Area<Host>* next = find_at_or_above(space, from.end);
  const Range covered{to.start, from.end};
  const auto resized = [&](Range range) {
    Edit<Host> edit = edit_of_resize(space, area, covered, range, area.page_offset);
    edit.totals = {};  // It counts the same before and after: the charge is not for both places.
    edit.charge = 0;
    return edit;
  };
  StepPlan<Host, void> plan{success};
  plan.add_edit(resized(covered));
  plan.add(Step<Host>::move_pages(from, to.start));
  // The upper part alone where old and new place overlap, else all of the old place.
  const Range freed{to.end > from.start ? to.end : from.start, from.end};
  plan.add(
      Step<Host>::free_tables(freed, {to.end, next != nullptr ? next->start : geometry.limit}));
  plan.add_edit(resized(to));
  return plan;
}

}  // namespace vmarea
