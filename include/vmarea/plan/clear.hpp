// SPDX-License-Identifier: MIT
//
// Clears a range over any number of areas and holes (rules 11).
//
//   before    [AAAAAAAA)[BBB)   [CCCCCCCC)
//   range          *****************            extent = from A's start to C's end
//   after     [AAAA)                [CCCC)      the rests are pieces, B is removed
//
// plan_clear only looks: what must give way, what stands at the edges, what the counters lose. The
// caller makes one edit of it: munmap with the rests alone, mmap and mremap with a new piece
// between them. A seal or a refused cut half-way leaves the cuts that Linux leaves.
#pragma once

#include "vmarea/plan/cut.hpp"
#include "vmarea/plan/neighbour.hpp"

namespace vmarea {

/// What a range gives way to, seen before anything is changed.
template <class Host>
struct Clearing {
  Range range{};
  Range extent{};                // With the whole areas that are cut by the range's edges.
  Neighbour<Host> prev{};        // The rest below, or the area that ends at the range.
  Neighbour<Host> next{};        // The rest above, or the area that starts at its end.
  PageTotals totals{};           // Of what goes; positive.
  PageCount accounted = 0;       // Pages that hold commit charge.
  std::int64_t area_change = 0;  // By how much the number of areas changes.
  Range tables_between{};        // End of what lies below, start of what lies above.
  Result<void> status{};         // Why it may not be cleared.
  bool cuts_start = false;       // An edge lies inside an area and may be cut there.
  bool cuts_end = false;

  // No aggregate, for the same reason as an edit.
  Clearing() noexcept {}
  explicit Clearing(Range cleared) noexcept : range(cleared), extent(cleared) {}
};

/// Whether the area's driver counts its objects, so that rests are copies as Linux makes them
/// (rules 11.6).
template <class Host>
constexpr bool counts_objects(const Description<Host>& area) noexcept {
  return area.hooks != nullptr && (area.hooks->open != nullptr || area.hooks->close != nullptr);
}

/// The rest of `area` that stays as a piece: on its own object, or on a new one where the driver
/// counts objects or the other rest keeps the object.
template <class Host>
Neighbour<Host> rest_of(const Neighbour<Host>& area, const Description<Host>& rest,
                        bool split_off) noexcept {
  return Neighbour<Host>::rest_of(split_off ? area.split_off(rest) : area.with(rest));
}

/// Cuts the first area at the range's start. Errors: no_memory (a hole at the map count limit),
/// not_permitted (sealed), or what may_split says.
template <class Host>
Result<void> cut_first(const SpaceState<Host>& space, Clearing<Host>& clearing,
                       const Neighbour<Host>& area) noexcept {
  const Description<Host>& before = area.description();
  if (clearing.range.end < before.end &&
      space.area_count >= space.services.limits().area_count_max) {
    return Error::no_memory;
  }
  if (before.flags.has_any(flag::sealed)) return Error::not_permitted;
  const Result<void> may_split = before.may_split(clearing.range.start);
  if (!may_split) return may_split;
  clearing.prev = rest_of(area, before.below(clearing.range.start), counts_objects(before));
  clearing.extent.start = before.start;
  clearing.cuts_start = true;
  return {};
}

/// Cuts the last area at the range's end. Errors: what may_split says.
template <class Host>
Result<void> cut_last(const SpaceState<Host>& space, Clearing<Host>& clearing,
                      const Neighbour<Host>& area) noexcept {
  const Description<Host>& before = area.description();
  const Result<void> may_split = before.may_split(clearing.range.end);
  if (!may_split) return may_split;
  const bool taken = clearing.prev.is_rest() && clearing.prev.has_carrier_of(area);
  clearing.next = rest_of(area, before.above(clearing.range.end, space.services.geometry()),
                          taken || counts_objects(before));
  clearing.extent.end = before.end;
  clearing.cuts_end = true;
  return {};
}

/// Adds one area's part inside the range to what goes.
template <class Host>
void count_cleared(const SpaceState<Host>& space, Clearing<Host>& clearing,
                   const Description<Host>& area) noexcept {
  const std::int64_t pages = page_count(space, area.range().within(clearing.range).length());
  clearing.totals += area_totals(area.flags, pages);
  if (area.flags.has_any(flag::account)) clearing.accounted += static_cast<PageCount>(pages);
  const int rests = (area.start < clearing.range.start) + (area.end > clearing.range.end);
  clearing.area_change += rests - 1;
}

/// Looks at everything in `range`, through a view that stands on its start.
/// Requires: page aligned, not empty.
template <class Host, class View>
Clearing<Host> plan_clear(const SpaceState<Host>& space, Range range, View view) noexcept {
  Clearing<Host> clearing{range};
  clearing.tables_between = {0, space.services.geometry().limit};
  Neighbour<Host> area = view.area();
  if (area.present() && area.description().start < range.start) {
    clearing.status = cut_first(space, clearing, area);
    if (!clearing.status) return clearing;
    clearing.tables_between.start = range.start;
  } else if (const Neighbour<Host> below = view.previous(); below.present()) {
    if (below.description().end == range.start) clearing.prev = below;
    clearing.tables_between.start = below.description().end;
  }
  for (; area.present() && area.description().start < range.end; view.next(), area = view.area()) {
    if (area.description().flags.has_any(flag::sealed)) {
      clearing.status = Error::not_permitted;
      return clearing;
    }
    count_cleared(space, clearing, area.description());
    if (area.description().end > range.end) {
      clearing.status = cut_last(space, clearing, area);
      clearing.tables_between.end = range.end;
      return clearing;
    }
  }
  if (area.present()) {
    clearing.tables_between.end = area.description().start;
    if (area.description().start == range.end) clearing.next = area;
  }
  return clearing;
}

template <class Host>
Clearing<Host> plan_clear(const SpaceState<Host>& space, Range range) noexcept {
  auto cursor = space.tree.seek(range.start);
  return plan_clear(space, range, TreeView<Host>(cursor));
}

/// An edit that takes out what `clearing` saw and leaves the rests.
template <class Host>
Edit<Host> edit_of(const Clearing<Host>& clearing) noexcept {
  Edit<Host> edit{clearing.extent, Event::resized};
  edit.totals = -clearing.totals;
  edit.charge = -static_cast<std::int64_t>(clearing.accounted);
  edit.unmapped = clearing.range;
  edit.tables_between = clearing.tables_between;
  if (clearing.prev.is_rest()) edit.add(clearing.prev.piece());
  if (clearing.next.is_rest()) edit.add(clearing.next.piece());
  return edit;
}

/// What Linux leaves when a call fails after these edges were cut: the cuts stay. Adds up to two
/// edits to `plan`, none if the profile wants all or nothing.
template <class Host, class Plan>
void leave_cuts(const SpaceState<Host>& space, Plan& plan,
                const Clearing<Host>& clearing) noexcept {
  if (!space.services.profile().leaves_partial_effects()) return;
  Area<Host>* first = clearing.cuts_start ? find_object(space, clearing.range.start) : nullptr;
  Area<Host>* last = clearing.cuts_end ? find_object(space, clearing.range.end) : nullptr;
  if (first != nullptr && first == last) {
    plan.add_edit(edit_of_cuts(space, *first, clearing.range.start, clearing.range.end));
    return;
  }
  if (first != nullptr) plan.add_edit(edit_of_cuts(space, *first, clearing.range.start));
  if (last != nullptr) plan.add_edit(edit_of_cuts(space, *last, clearing.range.end));
}

}  // namespace vmarea
