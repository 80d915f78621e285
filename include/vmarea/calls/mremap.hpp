// SPDX-License-Identifier: MIT
//
// mremap (rules 14): shrink, grow in place, move.
//
//   shrink    [AAAA****)                 the tail is cleared, as munmap does
//   grow      [AAAA)****                 a new range that belongs to A; may swallow what follows
//   move      [AAAA) ...... [****)       the area's part goes elsewhere, with its pages
//
// A fixed move over several areas is one change for each area.
#pragma once

#include "vmarea/calls/mremap_move.hpp"
#include "vmarea/calls/munmap.hpp"

namespace vmarea {

/// Whether [start, start + length) and [other, other + other_length) touch; an empty range that
/// begins where the other does, does not.
constexpr bool ranges_overlap(Address start, std::uint64_t length, Address other,
                              std::uint64_t other_length) noexcept {
  return start < other + other_length && other < start + length;
}

constexpr bool is_move(const MremapRequest& request) noexcept {
  return request.flags.has_any(remap::fixed | remap::dont_unmap);
}

/// What is wrong whatever the addresses are; lengths as the caller gave them. Errors: invalid.
constexpr Result<void> check_remap_flags(const MremapRequest& request) noexcept {
  if (!remap::all.has_all(request.flags)) return Error::invalid;
  if (is_move(request) && !request.flags.has_any(remap::may_move)) return Error::invalid;
  const bool keeps = request.flags.has_any(remap::dont_unmap);
  return keeps && request.old_length != request.new_length ? Result<void>(Error::invalid) : success;
}

/// Whether a move may go where it is to go; lengths are page rounded. Errors: invalid.
constexpr Result<void> check_destination(const Geometry& geometry,
                                         const MremapRequest& request) noexcept {
  const bool good =
      geometry.inside(request.new_address, request.new_length) &&
      geometry.aligned(request.new_address) &&
      !ranges_overlap(request.address, request.old_length, request.new_address, request.new_length);
  return good ? success : Result<void>(Error::invalid);
}

/// The checks that look at nothing but the arguments; lengths are page rounded. Errors: invalid.
constexpr Result<void> check_mremap_arguments(const Geometry& geometry,
                                              const MremapRequest& request) noexcept {
  if (request.new_length == 0 || request.new_length > geometry.limit ||
      !geometry.aligned(request.address)) {
    return Error::invalid;
  }
  const Result<void> flags = check_remap_flags(request);
  return flags && is_move(request) ? check_destination(geometry, request) : flags;
}

/// Grows `area` at its end by a new range that belongs to it (rules 13.1).
/// Errors: no_memory (it may not merge, not even with itself).
template <class Host>
MremapPlan<Host> plan_grow_in_place(const SpaceState<Host>& space, Area<Host>& area,
                                    const MremapRequest& request) noexcept {
  const Range added{area.end, request.address + request.new_length};
  const NewRange<Host> wanted = extension_of(space, area, added.length());
  const Clearing<Host> clearing = plan_clear(space, added);
  if (!decide_new_range(space, clearing, wanted).prev.joined()) return Error::no_memory;
  MremapPlan<Host> plan{Result<Address>(request.address)};
  Edit<Host>& edit = add_new_range(space, plan, clearing, wanted);
  const std::int64_t pages = page_count(space, added.length());
  edit.totals += area_totals(area.flags, pages);
  if (area.flags.has_any(flag::account)) edit.charge += pages;
  if (area.flags.has_any(flag::locked)) {
    plan.sequel = {.kind = Sequel::Kind::touch, .range = added};
  }
  return plan;
}

/// Grows an area that has no room behind it: to wherever there is room. Errors: no_memory.
template <class Host>
Result<Address> choose_new_place(const SpaceState<Host>& space, const Description<Host>& area,
                                 const MremapRequest& request, Address hint) noexcept {
  const Geometry geometry = space.services.geometry();
  const std::uint64_t offset = (area.page_offset + geometry.pages(request.address - area.start))
                               << geometry.page_shift;
  RoomRequest where{.hint = hint, .length = request.new_length, .offset = offset};
  if (area.file != typename Host::FileHandle{}) {
    where.for_huge_pages = space.services.file_rules(area.file).placement == Placement::huge_pages;
  } else if (area.anonymous()) {
    where.offset = 0;
    where.for_huge_pages = hint == 0 && request.new_length % geometry.huge_page_size() == 0;
  }
  return find_room(space, where);
}

/// What a fixed move over several areas leaves for the areas behind the first.
constexpr MremapRequest request_for(const Sequel& rest) noexcept {
  return {.address = rest.range.start,
          .old_length = rest.range.length(),
          .new_length = rest.range.length(),
          .flags = rest.flags,
          .new_address = rest.to};
}

/// What a seal and huge pages say, of which lengths are rounded up here (rules 14.1-6).
/// Errors: not_permitted (sealed), invalid (an address inside a huge page, growth, a destination
/// that the rounded length does not fit).
template <class Host>
Result<void> check_seal_and_pages(const SpaceState<Host>& space, const Description<Host>& area,
                                  MremapRequest& request) noexcept {
  if (area.flags.has_any(flag::sealed)) return Error::not_permitted;
  const std::uint64_t inside = area.huge_page_mask();
  request.old_length = (request.old_length + inside) & ~inside;
  request.new_length = (request.new_length + inside) & ~inside;
  // The new address also where the flags say that it is none.
  const bool aligned = ((request.address | request.new_address) & inside) == 0;
  const bool fits = !request.flags.has_any(remap::fixed) ||
                    space.services.geometry().inside(request.new_address, request.new_length);
  const bool good = aligned && fits && request.new_length <= request.old_length;
  return good || inside == 0 ? success : Result<void>(Error::invalid);
}

/// The same, for most areas are neither sealed nor of huge pages.
template <class Host>
Result<void> check_remapped(const SpaceState<Host>& space, const Description<Host>& area,
                            MremapRequest& request) noexcept {
  return area.flags.has_any(flag::sealed | flag::huge_tlb)
             ? check_seal_and_pages(space, area, request)
             : success;
}

enum class Share : unsigned char { first, later };

/// Takes from `request` the hole that it begins with.
constexpr void skip_hole(MremapRequest& request, Address area_start) noexcept {
  if (area_start <= request.address) return;
  const std::uint64_t hole = area_start - request.address;
  request.address += hole;
  request.new_address += hole;
  request.old_length -= hole;
  request.new_length -= hole;
}

/// One area's share of a move to a given place. Requires: `area` contains request.address.
/// Ensures: the plan's sequel is what is left for the areas behind it.
template <class Host>
MremapPlan<Host> plan_fixed_move(const SpaceState<Host>& space, Area<Host>& area,
                                 MremapRequest request, Share share) noexcept {
  const Address end = request.address + request.old_length;
  const bool crosses = request.old_length == request.new_length && end > area.end &&
                       request.flags.has_any(remap::fixed) &&
                       space.services.profile().remap_moves_several_areas;
  if (crosses || share == Share::later) {
    const bool own_place = area.file != typename Host::FileHandle{} &&
                           space.services.file_rules(area.file).placement == Placement::own;
    if (own_place || area.flags.has_any(flag::userfault)) return Error::bad_address;
  }
  Sequel rest{};
  if (crosses) {
    const std::uint64_t length = area.end - request.address;
    rest = {.kind = Sequel::Kind::move_rest,
            .range = {area.end, end},
            .to = request.new_address + length,
            .flags = request.flags};
    request.old_length = request.new_length = length;
  }
  const Result<void> good = check_remapped<Host>(space, area, request);
  if (!good) return good.error();
  if (!checks_after_clearing(space, request)) {
    const Result<void> may_resize = check_resize<Host>(space, space.totals, area, request);
    if (!may_resize) return may_resize.error();
  }
  Address to = request.new_address;
  if (!request.flags.has_any(remap::fixed)) {
    const Result<Address> found = choose_new_place<Host>(space, area, request, to);
    if (!found) return found.error();
    to = *found;
  }
  return plan_move(space, area, request, to, rest);
}

/// The next area's share: `rest` comes from the plan before.
template <class Host>
MremapPlan<Host> plan_rest_of_move(const SpaceState<Host>& space, const Sequel& rest) noexcept {
  MremapRequest request = request_for(rest);
  Area<Host>* area = find_object_at_or_above(space, request.address);
  // Only a hole is left: the destination keeps what it has there.
  if (area == nullptr || area->start >= rest.range.end) return Result<Address>(request.new_address);
  skip_hole(request, area->start);
  return plan_fixed_move(space, *area, request, Share::later);
}

/// mremap without FIXED and DONTUNMAP. Errors: bad_address, not_permitted, no_memory.
template <class Host>
MremapPlan<Host> plan_resize(const SpaceState<Host>& space, Area<Host>& area,
                             MremapRequest request) noexcept {
  const Result<void> good = check_remapped<Host>(space, area, request);
  if (!good) return good.error();
  if (request.new_length == request.old_length) return Result<Address>(request.address);
  const Address new_end = request.address + request.new_length;
  if (request.new_length < request.old_length) {
    const std::uint64_t tail = request.old_length - request.new_length;
    const Result<Range> cleared = new_end < request.address
                                      ? Result<Range>(Error::invalid)
                                      : unmapped_range(space.services.geometry(), new_end, tail);
    if (!cleared) return cleared.error();
    return plan_unmap<MremapPlan<Host>>(space, *cleared, request.address);
  }
  const Result<void> may_resize = check_resize<Host>(space, space.totals, area, request);
  if (!may_resize) return may_resize.error();
  const bool at_end = request.address + request.old_length == area.end;
  if (at_end && space.services.geometry().inside(request.address, request.new_length) &&
      find_intersection(space, {area.end, new_end}) == nullptr) {
    return plan_grow_in_place(space, area, request);
  }
  if (!request.flags.has_any(remap::may_move)) return Error::no_memory;
  const Result<Address> to = choose_new_place<Host>(space, area, request, 0);
  if (!to) return to.error();
  return plan_move(space, area, request, *to);
}

/// Whether the map count refuses the call at once: two cuts at each of its places have to fit.
/// Errors: no_memory.
template <class Host>
Result<void> check_count_at_entry(const SpaceState<Host>& space,
                                  const MremapRequest& request) noexcept {
  const RemapCount rule = space.services.profile().remap_count;
  const std::uint64_t limit = space.services.limits().area_count_max;
  const std::uint64_t count = space.area_count;
  if (rule == RemapCount::given_places) {
    return !is_move(request) || count + 5 < limit ? success : Result<void>(Error::no_memory);
  }
  const bool keeps = request.flags.has_any(remap::dont_unmap);
  const std::uint64_t more = keeps && rule == RemapCount::every_call_and_source ? 5 : 4;
  return count + more <= limit ? success : Result<void>(Error::no_memory);
}

/// mremap where a move looks for its source before it looks at its destination (rules 14.1, 14.3).
/// Requires: `request` has page rounded lengths.
template <class Host>
MremapPlan<Host> plan_mremap_source_first(const SpaceState<Host>& space,
                                          MremapRequest request) noexcept {
  const Geometry geometry = space.services.geometry();
  if (!geometry.aligned(request.address) || request.new_length == 0) return Error::invalid;
  Area<Host>* area = find_object(space, request.address);
  if (area == nullptr) return Error::bad_address;
  if (!is_move(request)) return plan_resize(space, *area, request);
  Result<void> good = check_remapped<Host>(space, *area, request);
  if (good) good = check_destination(geometry, request);
  if (good) good = check_count_at_entry(space, request);
  return good ? plan_fixed_move(space, *area, request, Share::first) : good.error();
}

/// Errors: invalid (arguments), no_memory (map count, limits, no room), bad_address (nothing there,
/// or it ends too early), not_permitted (sealed, or the new address), try_again (lock limit).
template <class Host>
MremapPlan<Host> plan_mremap(const SpaceState<Host>& space, MremapRequest request) noexcept {
  const Geometry geometry = space.services.geometry();
  const bool source_first = space.services.profile().remap_checks == RemapChecks::after_clearing;
  const Result<void> good_flags = source_first ? check_remap_flags(request) : success;
  if (!good_flags) return good_flags.error();
  request.old_length = geometry.round_up(request.old_length);
  request.new_length = geometry.round_up(request.new_length);
  if (source_first) return plan_mremap_source_first(space, request);
  Result<void> good = check_mremap_arguments(geometry, request);
  if (good) good = check_count_at_entry(space, request);
  if (!good) return good.error();
  Area<Host>* area = find_object(space, request.address);
  if (area == nullptr) return Error::bad_address;
  return is_move(request) ? plan_fixed_move(space, *area, request, Share::first)
                          : plan_resize(space, *area, request);
}

}  // namespace vmarea
