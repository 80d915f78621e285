// SPDX-License-Identifier: MIT
//
// The move of mremap (behaviour specification 14.4): an area's part goes elsewhere, with its pages.
//
//   move      [AAAA) ...... [****)       edit 1: clear the destination, copy A there
//             [....) ...... [AAAA)       then the pages move; edit 2: clear the source
//
// Both edits are reserved together. The second is planned on the first, so it is right also where
// the copy merged with the source, or was cut out of the same area.
#pragma once

#include <utility>

#include "vmarea/change/change.hpp"
#include "vmarea/plan/clear.hpp"
#include "vmarea/plan/place.hpp"
#include "vmarea/plan/view.hpp"
#include "vmarea/space/gap.hpp"

namespace vmarea {

/// Arguments of mremap.
struct MremapRequest {
  Address address = 0;
  std::uint64_t old_length = 0;
  std::uint64_t new_length = 0;
  RemapFlags flags{};
  Address new_address = 0;
  bool is_rest = false;  // Of a move over several areas; not for callers to set.
};

/// One mremap, or the first area's share of a fixed move over several areas.
template <class Host>
struct MremapPlan : PlanBase {
  using Value = Address;

  Result<Address> status = Error::invalid;
  Edit<Host> edits[3];  // All but the second edit of a move; or what a failed call leaves.
  unsigned edit_count = 0;
  Range moved;  // Pages that go to the new address.
  Address moved_to = 0;
  Range cleared_source;       // The second edit of a move clears this,
  bool keeps_source = false;  // or, with DONTUNMAP, takes locks and identity off it.
  Range lost_tail;            // What a failed shrinking move clears, or cuts at, none the less.
  Range populated;            // To be touched when the call is complete: a locked area grew.
  MremapRequest rest;         // What is left to move, of the areas behind; old_length 0: nothing.

  MremapPlan() = default;
  MremapPlan(Result<Address> answer) noexcept : status(answer) {}

  Edit<Host>& add() noexcept { return edits[edit_count++]; }

  template <class Visit>
  void for_each_edit(const SpaceState<Host>& space, Visit&& visit) const noexcept {
    for (unsigned i = 0; i < edit_count; ++i) visit(edits[i]);
    Edit<Host> second;
    if (plan_second(space, PlannedView<Host>(space, edits[0], second_at()), second)) visit(second);
  }

  Result<void> reserve(SpaceState<Host>& space, Reservation<Host>& reserved) const noexcept {
    if constexpr (Host::has_page_tables) {
      if (!moved.empty()) {
        const Result<void> levels = space.services.reserve_page_move(space.pages, moved, moved_to);
        if (!levels) return levels;
      }
    }
    for (unsigned i = 0; i < edit_count; ++i) {
      const Result<void> taken = reserve_edit(space, reserved, edits[i]);
      if (!taken) return taken;
    }
    Edit<Host> second;
    const bool has_second =
        plan_second(space, PlannedView<Host>(space, edits[0], second_at()), second);
    const Result<void> told = reserve_events(space, reserved, second);
    if (!told || !has_second) return told;
    const Range changed = moved.empty() ? second.extent : find_area(space, moved.start)->range();
    count_nodes_at_worst(space, reserved, changed, second.pieces.size());
    return reserve_but_nodes(space, reserved, second);
  }

  void commit(SpaceState<Host>& space, Reservation<Host>& reserved) const noexcept {
    if (!moved.empty()) {
      // Nobody may fault a page in while it is under way.
      space.services.begin_area_write(space.lock, find_area(space, moved.start)->lock);
    }
    for (unsigned i = 0; i < edit_count; ++i) commit_edit(space, edits[i], reserved);
    if constexpr (Host::has_page_tables) {
      if (!moved.empty()) space.services.move_pages(space.pages, moved, moved_to);
    }
    Edit<Host> second;
    if (plan_second(space, TreeView<Host>(space, second_at()), second)) {
      commit_edit(space, second, reserved);
    }
  }

 private:
  Address second_at() const noexcept { return lost_tail.empty() ? moved.start : lost_tail.start; }

  /// Takes the messages to whoever watches the source: it moved, and what it left is gone.
  Result<void> reserve_events([[maybe_unused]] SpaceState<Host>& space,
                              [[maybe_unused]] Reservation<Host>& reserved,
                              [[maybe_unused]] const Edit<Host>& second) const noexcept {
    if constexpr (Host::has_userfault_events) {
      if (edit_count == 0 || edits[0].event != Event::moved) {
        return reserve_unmap_events(space, reserved, second.unmapped);
      }
      const UserfaultContext context = context_of<Host>(*find_area(space, moved.start));
      if (context != 0 && space.services.userfault_rules(context).remap_events) {
        const Result<void> told =
            space.services.reserve_remap_event(reserved.events, context, moved, moved_to);
        if (!told) return told;
      }
      const Range tail{moved.end, cleared_source.end};
      const Result<void> told = reserve_unmap_events(space, reserved, tail);
      if (!told || keeps_source || moved.empty()) return told;
      const Neighbour<Host> source = PlannedView<Host>(space, edits[0], moved.start).area();
      return reserve_unmap_event(space, reserved, source.description, moved);
    } else {
      return {};
    }
  }

  /// The edit that is planned on the first one's result, through `view` that stands where it
  /// begins; false if there is none.
  template <class View>
  bool plan_second(const SpaceState<Host>& space, View view, Edit<Host>& edit) const noexcept {
    if (!lost_tail.empty()) return plan_lost_tail(space, view, edit);
    if (moved.empty()) return false;
    if (keeps_source) return plan_kept_source(space, view.area(), edit);
    const Clearing<Host> clearing = plan_clear(space, cleared_source, view);
    edit = edit_of(clearing);
    const Neighbour<Host> source = view.area();
    // The moved pages keep their charge; the first edit took what came on top.
    if (source.description.flags.has_any(flag::account)) {
      edit.charge += page_count(space, moved.length());
    }
    return true;
  }

  /// What is left of a tail that could not be cleared is the cut at its start.
  template <class View>
  bool plan_lost_tail(const SpaceState<Host>& space, View view, Edit<Host>& edit) const noexcept {
    const Clearing<Host> clearing = plan_clear(space, lost_tail, view);
    if (clearing.status) {
      edit = edit_of(clearing);
      return clearing.totals.total != 0;
    }
    const Neighbour<Host> cut = view.area();
    if (clearing.cuts_start) edit = edit_of_cut(space, cut, lost_tail.start);
    return clearing.cuts_start;
  }

  /// DONTUNMAP: the source stays, unlocked, and untouched if it has an area of its own.
  bool plan_kept_source(const SpaceState<Host>& space, const Neighbour<Host>& source,
                        Edit<Host>& edit) const noexcept {
    const KernelProfile profile = space.services.profile();
    const Description<Host>& before = source.description;
    const bool locked = before.flags.has_any(flag::locked);
    const bool cut_out = profile.kept_locks == KeptLocks::cut_out && locked;
    edit = Edit<Host>{.extent = before.range(), .event = Event::protected_};
    Piece<Host> piece = source.as_piece();
    if (cut_out) piece.after = before.within(moved, space.services.geometry());
    piece.after.flags = before.flags.without(flag::lock_group);
    if (piece.after.range() == moved) {
      piece.after.identity = {};
      const bool restarts = profile.kept_source_restarts_at_address && before.anonymous();
      if (restarts) piece.after.page_offset = space.services.geometry().pages(moved.start);
    }
    if (piece.after == before) return false;
    if (locked) edit.totals.locked = -page_count(space, piece.after.length());
    add_cut_out(space, source, piece, edit);
    return true;
  }

  /// Adds `piece` and the rests beside it. A rest keeps the object, since the copies take their
  /// links from it and the piece may lose them.
  static void add_cut_out(const SpaceState<Host>& space, const Neighbour<Host>& source,
                          Piece<Host> piece, Edit<Host>& edit) noexcept {
    const Description<Host>& before = source.description;
    Piece<Host> rest = source.as_piece();
    const Piece<Host> copy{{}, nullptr, source.object != nullptr ? source.object : source.copied};
    if (piece.after.range() != before.range()) piece = {piece.after, copy.object, copy.copied};
    if (piece.after.start > before.start) {
      rest.after = before.below(piece.after.start);
      edit.add(rest);
      rest = copy;
    }
    edit.add(piece);
    if (piece.after.end < before.end) {
      rest.after = before.above(piece.after.end, space.services.geometry());
      edit.add(rest);
    }
  }
};

/// Whether `part` of `area` may leave it for `to`, once what stands in the way has changed the
/// number of areas by `area_change`. Errors: no_memory (map count), what may_split and may_move
/// say.
template <class Host>
Result<void> check_may_move(const SpaceState<Host>& space, const Description<Host>& area,
                            Range part, Address to, std::int64_t area_change) noexcept {
  const std::uint64_t count = space.area_count + static_cast<std::uint64_t>(area_change);
  if (count + 3 >= space.services.limits().area_count_max) return Error::no_memory;
  if (part.start > area.start) {
    const Result<void> below = ask_may_split(area, part.start);
    if (!below) return below;
  }
  if (part.end > part.start && part.end < area.end) {
    const Result<void> above = ask_may_split(area, part.end);
    if (!above) return above;
  }
  if (area.hooks != nullptr && area.hooks->may_move != nullptr) {
    return area.hooks->may_move(area, to);
  }
  return {};
}

/// Whether `area` may be resized from old_length to new_length at request.address, where the
/// counters are `totals` (14.2). Errors: invalid, bad_address, try_again (lock limit), no_memory
/// (limits).
template <class Host>
Result<void> check_resize(const SpaceState<Host>& space, const PageTotals& totals,
                          const Description<Host>& area, const MremapRequest& request) noexcept {
  const Geometry geometry = space.services.geometry();
  constexpr Flags fixed_size = flag::dont_expand | flag::page_frames;
  if (request.old_length == 0 && !area.flags.has_any(flag::shared | flag::may_share)) {
    return Error::invalid;
  }
  if (request.flags.has_any(remap::dont_unmap) && area.flags.has_any(fixed_size)) {
    return Error::invalid;
  }
  const bool shrinks = request.new_length < request.old_length;
  const std::uint64_t inside = shrinks ? request.new_length : request.old_length;
  if (inside > area.end - request.address) return Error::bad_address;
  if (request.new_length <= request.old_length) return {};
  const std::uint64_t offset = area.page_offset + geometry.pages(request.address - area.start);
  if (offset + geometry.pages(request.new_length) < offset) return Error::invalid;
  if (area.flags.has_any(fixed_size)) return Error::bad_address;
  const std::int64_t more = page_count(space, request.new_length - request.old_length);
  if (area.flags.has_any(flag::locked) && !can_lock(space, totals, more)) return Error::try_again;
  if (!can_expand(space, totals, area.flags, more)) return Error::no_memory;
  return {};
}

/// Whether a fixed move is checked only once its destination is gone.
template <class Host>
bool checks_after_clearing(const SpaceState<Host>& space, const MremapRequest& request) noexcept {
  return request.flags.has_any(remap::fixed) &&
         space.services.profile().remap_checks == RemapChecks::after_clearing;
}

/// What Linux leaves when a fixed move fails after its destination was cleared: a hole there, and
/// one in place of the tail, or the cut of a tail that could not be cleared.
template <class Host>
MremapPlan<Host> fail_with_hole(const SpaceState<Host>& space, const Clearing<Host>& destination,
                                Range tail, Error error) noexcept {
  MremapPlan<Host> plan{error};
  if (space.services.profile().partial_effects == PartialEffects::all_or_nothing) return plan;
  if (destination.totals.total != 0) plan.add() = edit_of(destination);
  plan.lost_tail = tail;
  return plan;
}

/// Which sides the copy of a source that stays may join: on some kernels not its own source, as
/// long as that is untouched.
template <class Host>
JoinableSides sides_of_kept_source(const SpaceState<Host>& space, const Description<Host>& area,
                                   Range source, Range to) noexcept {
  const KernelProfile profile = space.services.profile();
  if (profile.kept_source_joins_copy || !area.anonymous() || area.identity)
    return JoinableSides::both;
  const bool cut_out = profile.kept_locks == KeptLocks::cut_out && area.flags.has_any(flag::locked);
  // What is left of the source's area where the destination cuts it, too.
  const Address end = to.start > source.start && to.start < area.end ? to.start : area.end;
  const Address start = to.end <= source.start && to.end > area.start ? to.end : area.start;
  if (to.start == (cut_out ? source.end : end)) return JoinableSides::next_only;
  if (to.end == (cut_out ? source.start : start)) return JoinableSides::prev_only;
  return JoinableSides::both;
}

/// A copy at `to` that joined its own source, the area around the tail, does so on one side of the
/// tail only, which Linux clears before: what lies behind the tail takes no part in the join, and
/// is a piece of its own.
template <class Host>
void part_at_tail(const SpaceState<Host>& space, Edit<Host>& edit, const Area<Host>& area,
                  Range tail, Address to) noexcept {
  const Geometry geometry = space.services.geometry();
  PieceList<Host> parted;
  for (Piece<Host> piece : edit.pieces) {
    const Range joined = piece.after.range();
    if (!joined.contains(to) || !joined.contains(tail.start) || joined.end <= tail.end) {
      parted.add(piece);
      continue;
    }
    Piece<Host> above{area.above(tail.end, geometry), nullptr, &area, nullptr};
    if (to < tail.start) {
      piece.after.end = tail.end;
      // The object stays with what does not change, and with it the attributes.
      if (piece.object == &area) {
        std::swap(piece.object, above.object);
        std::swap(piece.copied, above.copied);
      }
    } else {
      above.after = piece.after.above(tail.end, geometry);
      above.identity_from = std::exchange(piece.identity_from, nullptr);
      piece.after = area.below(tail.end);
    }
    parted.add(piece);
    parted.add(above);
  }
  edit.pieces = parted;
}

/// Moves the part of `area` at request.address to `to`, over what stands there (14.3, 14.4).
template <class Host>
MremapPlan<Host> plan_move(const SpaceState<Host>& space, Area<Host>& area,
                           const MremapRequest& request, Address to) noexcept {
  const bool keeps = request.flags.has_any(remap::dont_unmap);
  const bool grows = request.new_length > request.old_length;
  const std::uint64_t moved = grows ? request.old_length : request.new_length;
  const std::int64_t added = page_count(space, request.new_length - (keeps ? 0 : moved));

  const Range to_range{to, to + request.new_length};
  Clearing<Host> clearing = plan_clear(space, to_range);
  if (!clearing.status) {
    MremapPlan<Host> refused{clearing.status.error()};
    leave_cuts(space, refused, clearing);
    return refused;
  }
  if (to_range.contains(request.address)) {
    // The source went with it.
    return fail_with_hole(space, clearing, {}, Error::bad_address);
  }
  const Range old_range{request.address, request.address + request.old_length};
  Clearing<Host> tail{};
  if (request.old_length > moved) {
    if (!space.services.geometry().inside(request.address, request.old_length)) {
      return fail_with_hole(space, clearing, {}, Error::invalid);
    }
    tail = plan_clear(space, {old_range.start + moved, old_range.end});
    if (!tail.status) return fail_with_hole(space, clearing, tail.range, tail.status.error());
  }
  PageTotals remaining = space.totals;
  remaining += negated(clearing.totals);
  if (checks_after_clearing(space, request)) {
    const Result<void> may_resize = check_resize<Host>(space, remaining, area, request);
    if (!may_resize) return fail_with_hole(space, clearing, tail.range, may_resize.error());
  }
  if (keeps && !can_expand(space, remaining, area.flags, page_count(space, moved))) {
    return fail_with_hole(space, clearing, tail.range, Error::no_memory);
  }
  Result<void> may_move = check_address(space, to, request.new_length);
  if (may_move) {
    may_move = check_may_move<Host>(space, area, {old_range.start, old_range.start + moved}, to,
                                    clearing.area_change + tail.area_change);
  }
  if (!may_move) return fail_with_hole(space, clearing, tail.range, may_move.error());

  NewRange<Host> copy = copy_of(space, area, request.address, to, request.new_length);
  if (keeps) copy.sides = sides_of_kept_source<Host>(space, area, old_range, to_range);
  // The tail is gone before the copy looks for neighbours.
  if (!tail.range.empty() && to == tail.range.end) copy.sides = JoinableSides::next_only;
  MremapPlan<Host> plan{to};
  Edit<Host>& edit = plan.add();
  edit = edit_of_new_range(space, clearing, copy);
  if (!tail.range.empty() && tail.range.end < area.end) {
    part_at_tail(space, edit, area, tail.range, to);
  }
  edit.event = Event::moved;
  edit.totals += area_totals(area.flags, page_count(space, request.new_length));
  if (area.flags.has_any(flag::account)) edit.charge += added;
  const UserfaultContext context = context_of<Host>(area);
  if (context != 0 && !space.services.userfault_rules(context).remap_events) {
    drop_userfault(space, edit, to);
  }
  plan.moved = {old_range.start, old_range.start + moved};
  plan.moved_to = to;
  plan.cleared_source = old_range;
  plan.keeps_source = keeps;
  if (area.flags.has_any(flag::locked) && grows) {
    plan.populated = {to + moved, to + request.new_length};
  }
  return plan;
}

}  // namespace vmarea
