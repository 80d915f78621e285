// SPDX-License-Identifier: MIT
//
// The move of mremap (rules 14.4): an area's part goes elsewhere, with its pages.
//
//   move      [AAAA) ...... [****)       edit 1: clear the destination, copy A there
//             [....) ...... [AAAA)       then the pages move; edit 2: clear the source
//
// Both edits are planned and reserved together. The second is planned on the result of the first,
// and names the areas that the first one makes by their pieces, so it is right also where the copy
// merged with the source, or was cut out of the same area.
#pragma once

#include <utility>

#include "vmarea/plan/place.hpp"
#include "vmarea/plan/plan.hpp"
#include "vmarea/space/attributes.hpp"
#include "vmarea/space/gap.hpp"

namespace vmarea {

/// Arguments of mremap.
struct MremapRequest {
  Address address = 0;
  std::uint64_t old_length = 0;
  std::uint64_t new_length = 0;
  RemapFlags flags{};
  Address new_address = 0;
};

template <class Host>
using MremapPlan = StepPlan<Host, Address, LeavesRest::yes>;

enum class KeepsSource : bool { no, yes };

/// By how many areas a move has to stay below the limit.
constexpr std::uint64_t areas_of_move(RemapCount rule, bool cuts_source_out) noexcept {
  if (rule == RemapCount::given_places) return 4;
  return rule == RemapCount::every_call_and_source && cuts_source_out ? 3 : 2;
}

/// Whether `part` of `area` may leave it for `to`, once what stands in the way has changed the
/// number of areas by `area_change`, and stay where it is if `keeps`. Errors: no_memory (map
/// count), what may_split and may_move say.
template <class Host>
Result<void> check_may_move(const SpaceState<Host>& space, const Description<Host>& area,
                            Range part, Address to, std::int64_t area_change,
                            KeepsSource keeps) noexcept {
  const std::uint64_t count = space.area_count + static_cast<std::uint64_t>(area_change);
  const bool cuts_out = keeps == KeepsSource::yes && area.flags.has_any(flag::locked);
  const std::uint64_t more = areas_of_move(space.services.profile().remap_count, cuts_out);
  if (count + more > space.services.limits().area_count_max) return Error::no_memory;
  if (part.start > area.start) {
    const Result<void> below = area.may_split(part.start);
    if (!below) return below;
  }
  if (part.end > part.start && part.end < area.end) {
    const Result<void> above = area.may_split(part.end);
    if (!above) return above;
  }
  return area.may_move(to);
}

/// Whether `area` may be resized from old_length to new_length at request.address, where the
/// counters are `totals` (rules 14.2). Errors: invalid, bad_address, try_again (lock limit),
/// no_memory (limits).
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

/// An edit that clears `range` as it will be, seen through a view that stands on its start; of a
/// range that may not be cleared, the cut at its start is left. False if nothing is left to do.
template <class Host>
bool plan_second_clear(const SpaceState<Host>& space, Range range, const PlannedView<Host>& view,
                       Edit<Host>& edit) noexcept {
  const Clearing<Host> clearing = plan_clear(space, range, view);
  if (clearing.status) {
    edit = edit_of(clearing);
    return clearing.totals.total != 0;
  }
  if (clearing.cuts_start) edit = edit_of_cut(space, view.area(), range.start);
  return clearing.cuts_start;
}

/// What Linux leaves when a fixed move fails after its destination was cleared: a hole there, and
/// one in place of the tail, or the cut of a tail that could not be cleared.
template <class Host>
MremapPlan<Host> fail_with_hole(const SpaceState<Host>& space, const Clearing<Host>& destination,
                                Range tail, Error error) noexcept {
  MremapPlan<Host> plan{error};
  if (!space.services.profile().leaves_partial_effects()) return plan;
  Edit<Host> first{};
  if (destination.totals.total != 0) first = plan.add_edit(edit_of(destination));
  if (tail.empty()) return plan;
  Edit<Host> second;
  const PlannedView<Host> view(space, first, tail.start);
  if (!plan_second_clear(space, tail, view, second)) return plan;
  if (!second.unmapped.empty()) plan.add(Step<Host>::tell_unmapped(second.unmapped));
  plan.add_following_edit(second, second.extent);
  return plan;
}

/// Nothing watches the piece of `edit` that contains `at` any more, whatever it joined. The piece,
/// if its pages are to lose their write protection, else null.
template <class Host>
const Piece<Host>* drop_userfault(const SpaceState<Host>& space, Edit<Host>& edit,
                                  Address at) noexcept {
  Piece<Host>& piece = edit.pieces[edit.index_over(at)];
  Description<Host>& after = piece.after;
  const bool was_protected = after.flags.has_any(flag::userfault_protect);
  after.flags = after.flags.without(flag::userfault);
  after.attributes = without_userfault(space, after.attributes);
  return was_protected ? &piece : nullptr;
}

/// The piece and the rests beside it, of an area that stays but for that piece. A rest keeps the
/// object, since the copies take their links from it and the piece may lose them.
template <class Host>
void add_cut_out(const SpaceState<Host>& space, const Neighbour<Host>& source,
                 const Description<Host>& after, Edit<Host>& edit) noexcept {
  const Description<Host>& before = source.description();
  const bool below = after.start > before.start;
  const bool above = after.end < before.end;
  if (below) edit.add(source.with(before.below(after.start)));
  edit.add(below || above ? source.split_off(after) : source.with(after));
  if (!above) return;
  const Description<Host> rest = before.above(after.end, space.services.geometry());
  edit.add(below ? source.split_off(rest) : source.with(rest));
}

/// DONTUNMAP: the source stays, unlocked, and untouched if it has an area of its own. False if
/// nothing is left to do.
template <class Host>
bool plan_kept_source(const SpaceState<Host>& space, const Neighbour<Host>& source, Range moved,
                      Edit<Host>& edit) noexcept {
  const KernelProfile profile = space.services.profile();
  const Description<Host>& before = source.description();
  const bool locked = before.flags.has_any(flag::locked);
  const bool cut_out = profile.kept_locks == KeptLocks::cut_out && locked;
  edit = {before.range(), Event::protected_};
  Description<Host> after = before;
  if (cut_out) after = before.within(moved, space.services.geometry());
  after.flags = before.flags.without(flag::lock_group);
  if (after.range() == moved) {
    after.identity = {};
    const bool restarts = profile.kept_source_restarts_at_address && before.anonymous();
    if (restarts) after.page_offset = space.services.geometry().pages(moved.start);
  }
  if (after == before) return false;
  if (locked) edit.totals.locked = -page_count(space, after.length());
  add_cut_out(space, source, after, edit);
  return true;
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
  const bool right_behind = to.start == (cut_out ? source.end : end);
  const bool right_before = to.end == (cut_out ? source.start : start);
  if (!right_behind && !right_before) return JoinableSides::both;
  if (profile.copy_beside_kept_source_joins_nothing) return JoinableSides::neither;
  return right_behind ? JoinableSides::next_only : JoinableSides::prev_only;
}

/// A copy at `to` that joined its own source, the area around the tail, does so on one side of the
/// tail only, which Linux clears before: what lies behind the tail takes no part in the join, and
/// is a piece of its own.
template <class Host>
void part_at_tail(const SpaceState<Host>& space, Edit<Host>& edit, const Area<Host>& area,
                  Range tail, Address to) noexcept {
  const Geometry geometry = space.services.geometry();
  FixedList<Host, Piece<Host>, 3> parted;
  for (Piece<Host> piece : edit.pieces) {
    const Range joined = piece.after.range();
    if (!joined.contains(to) || !joined.contains(tail.start)) {
      parted.add(piece);
      continue;
    }
    Piece<Host> above = Piece<Host>::copy_of(area, area.above(tail.end, geometry));
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

/// Whether the move may be made once the destination is cleared. Errors: those of check_resize()
/// and check_may_move(), no_memory (limits), and of validate_address().
template <class Host>
Result<void> check_move(const SpaceState<Host>& space, const Area<Host>& area,
                        const MremapRequest& request, Range to, const Clearing<Host>& clearing,
                        std::int64_t area_change_by_tail) noexcept {
  const bool shrinks = request.new_length < request.old_length;
  const std::uint64_t moved = shrinks ? request.new_length : request.old_length;
  PageTotals remaining = space.totals;
  remaining += -clearing.totals;
  if (checks_after_clearing(space, request)) {
    const Result<void> may_resize = check_resize<Host>(space, remaining, area, request);
    if (!may_resize) return may_resize;
  }
  const bool keeps = request.flags.has_any(remap::dont_unmap);
  if (keeps && !can_expand(space, remaining, area.flags, page_count(space, moved))) {
    return Error::no_memory;
  }
  const Result<void> good = validate_address(space, to.start, request.new_length);
  if (!good) return good;
  return check_may_move<Host>(space, area, {request.address, request.address + moved}, to.start,
                              clearing.area_change + area_change_by_tail,
                              keeps ? KeepsSource::yes : KeepsSource::no);
}

/// What a move is to do, once it is known that it may.
template <class Host>
struct MoveRanges {
  Range old_range{};  // Of the caller: the moved part, and a tail that is cleared.
  Range moved{};      // Pages that go to the new address.
  Address to = 0;
  bool keeps_source = false;
  const Piece<Host>* unprotected = nullptr;  // Whose pages lose their write protection.
};

/// Adds what comes after the copy stands: the pages move, the userfault contexts that watch are
/// told, and the source goes or is left as it is to be.
template <class Host>
void plan_source(const SpaceState<Host>& space, const Area<Host>& area,
                 const MoveRanges<Host>& ranges, MremapPlan<Host>& plan) noexcept {
  const Range moved = ranges.moved;
  Edit<Host>& placed = plan.edits()[0];
  const UserfaultContext context = context_of<Host>(area);
  const bool told = context != 0 && space.services.userfault_rules(context).remap_events;
  if (told || !moved.empty()) {
    Step<Host> move = Step<Host>::move_pages(moved, ranges.to);
    move.told = told ? context : 0;
    move.keeps_source = ranges.keeps_source;
    plan.add(move);
  }
  // Only now are the pages there.
  if (const Piece<Host>* piece = ranges.unprotected; piece != nullptr) {
    plan.add(Step<Host>::protect_pages(piece->after.range(), piece->after.flags));
  }
  if (moved.empty()) return;
  const PlannedView<Host> view(space, placed, moved.start);
  const Neighbour<Host> source = view.area();
  if (moved.end < ranges.old_range.end) {
    plan.add(Step<Host>::tell_unmapped({moved.end, ranges.old_range.end}));
  }
  Edit<Host> second;
  bool has_second = false;
  if (ranges.keeps_source) {
    has_second = plan_kept_source(space, source, moved, second);
  } else {
    if (context_of(source.description()) != 0) plan.add(Step<Host>::tell_unmapped(moved));
    has_second = plan_second_clear(space, ranges.old_range, view, second);
    // The moved pages keep their charge; the first edit took what came on top. A source that its
    // driver does not let be cut stays, and both are charged.
    const std::int64_t pages = page_count(space, moved.length());
    const bool goes = !second.unmapped.empty();
    if (source.description().flags.has_any(flag::account)) {
      (goes ? second : placed).charge += pages;
    }
  }
  if (has_second) plan.add_following_edit(second, area.range());
}

template <class Host>
MremapPlan<Host> plan_rest_of_move(const SpaceState<Host>& space, const Sequel& rest) noexcept;

/// Moves the part of `area` at request.address to `to`, over what stands there (rules 14.3, 14.4).
/// `rest` is left for the areas behind it.
template <class Host>
MremapPlan<Host> plan_move(const SpaceState<Host>& space, Area<Host>& area,
                           const MremapRequest& request, Address to,
                           const Sequel& rest = {}) noexcept {
  const bool keeps = request.flags.has_any(remap::dont_unmap);
  const bool grows = request.new_length > request.old_length;
  const std::uint64_t moved_length = grows ? request.old_length : request.new_length;
  const Range to_range{to, to + request.new_length};
  MremapPlan<Host> plan{Result<Address>(to), space, to};
  const Clearing<Host> clearing = plan_clear(space, to_range, TreeView<Host>(plan.place()));
  if (!clearing.status) {
    plan.status = clearing.status.error();
    leave_cuts(space, plan, clearing);
    return plan;
  }
  const Range old_range{request.address, request.address + request.old_length};
  if (to_range.contains(request.address)) {
    // The source went with it. Where the tail is cleared first, one that wraps is noticed before.
    const bool wraps = old_range.end < old_range.start && checks_after_clearing(space, request);
    return fail_with_hole(space, clearing, {}, wraps ? Error::invalid : Error::bad_address);
  }
  const Range moved{old_range.start, old_range.start + moved_length};
  Clearing<Host> tail;
  if (request.old_length > moved_length) {
    if (!space.services.geometry().inside(request.address, request.old_length)) {
      return fail_with_hole(space, clearing, {}, Error::invalid);
    }
    tail = plan_clear(space, {moved.end, old_range.end});
    if (!tail.status) return fail_with_hole(space, clearing, tail.range, tail.status.error());
  }
  const Result<void> may_move =
      check_move<Host>(space, area, request, to_range, clearing, tail.area_change);
  if (!may_move) return fail_with_hole(space, clearing, tail.range, may_move.error());

  NewRange<Host> copy = copy_of(space, area, request.address, to, request.new_length);
  if (keeps) copy.sides = sides_of_kept_source<Host>(space, area, old_range, to_range);
  // The tail is gone before the copy looks for neighbours.
  if (!tail.range.empty() && to == tail.range.end) copy.sides = JoinableSides::next_only;
  Edit<Host>& edit = add_new_range(space, plan, clearing, copy);
  if (!tail.range.empty() && tail.range.end < area.end) {
    part_at_tail(space, edit, area, tail.range, to);
  }
  // Shared memory may also be mapped once more, and then by a new length.
  const std::uint64_t copied_length = moved.empty() ? request.new_length : moved_length;
  plan.brings_copy(to_range, area, {request.address, request.address + copied_length});
  edit.event = Event::moved;
  edit.mapped = {to + moved_length, to_range.end};
  plan.set_source(area);
  edit.totals += area_totals(area.flags, page_count(space, request.new_length));
  const std::uint64_t charged = request.new_length - (keeps ? 0 : moved_length);
  if (area.flags.has_any(flag::account)) edit.charge += page_count(space, charged);
  const UserfaultContext context = context_of<Host>(area);
  const bool goes_along = context != 0 && space.services.userfault_rules(context).remap_events;
  const Piece<Host>* unprotected =
      context != 0 && !goes_along ? drop_userfault(space, edit, to) : nullptr;
  plan_source(space, area, {old_range, moved, to, keeps, unprotected}, plan);
  if (area.flags.has_any(flag::locked) && grows) {
    plan.sequel = {.kind = Sequel::Kind::touch, .range = edit.mapped};
  }
  if (rest.kind == Sequel::Kind::move_rest) {
    plan.sequel = rest;
    plan.plan_rest = plan_rest_of_move<Host>;
  }
  return plan;
}

}  // namespace vmarea
