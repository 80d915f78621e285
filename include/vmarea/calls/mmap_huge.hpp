// SPDX-License-Identifier: MIT
//
// mmap of memory that consists of huge pages (rules 12.4): map::huge_tlb, and files of hugetlbfs.
//
//   request   [**)                    the length is rounded up to whole huge pages,
//   area      [ huge page )           the address is a multiple of one
//
// Each mapping of anonymous memory is a file of its own, private or shared, so what mmap says of
// files holds here. Which pages a file really has is its host's business.
#pragma once

#include "vmarea/calls/mmap.hpp"

namespace vmarea {

/// Of which size they are, as a shift. Errors: invalid (no such size, a file without huge pages).
template <class Host>
Result<unsigned> mapped_page_shift(const SpaceState<Host>& space,
                                   const MmapRequest<Host>& request) noexcept {
  if (request.flags.has_any(map::anonymous)) {
    return huge_page_shift_of(space.services.geometry(), request.flags);
  }
  const unsigned shift = space.services.file_rules(request.file).page_shift;
  return shift != 0 ? Result<unsigned>(shift) : Error::invalid;
}

/// Where huge pages have a chooser of their own: at the hint, rounded down, if that is free, even
/// to address 0; else wherever there is room. Errors: no_memory.
template <class Host>
Result<Address> find_room_by_own_chooser(const SpaceState<Host>& space, Address hint,
                                         std::uint64_t length, std::uint64_t inside) noexcept {
  const Geometry geometry = space.services.geometry();
  const Address start = hint & ~inside;
  const Area<Host>* above = nullptr;
  if (hint != 0 && geometry.inside(start, length) && is_free(space, start, length, above)) {
    return start;
  }
  return find_room_plain(space, RoomRequest{.length = length}, length, geometry.round_down(inside));
}

/// The address the mapping gets, a multiple of its pages; a hint is rounded up to one, or down by
/// the profile.
/// Errors: no_memory, invalid (a fixed address inside a huge page), those of check_address().
template <class Host>
Result<Address> choose_huge_address(const SpaceState<Host>& space, const MmapRequest<Host>& request,
                                    std::uint64_t length, std::uint64_t inside) noexcept {
  const Geometry geometry = space.services.geometry();
  if (length > geometry.limit) return Error::no_memory;
  if (is_fixed(request.flags)) {
    if ((request.address & inside) != 0) return Error::invalid;
    return check_address(space, request, request.address, length);
  }
  Address hint = geometry.round_down(request.address);
  if (hint != 0 && hint < geometry.placement_min) hint = geometry.placement_min;
  if (space.services.profile().huge_pages_have_own_chooser) {
    const Result<Address> found = find_room_by_own_chooser(space, hint, length, inside);
    return found ? check_address(space, request, *found, length) : Error::no_memory;
  }
  const RoomRequest where{
      .hint = (hint + inside) & ~inside, .length = length, .flags = request.flags};
  // A hole needs no more room than pages can be off.
  const Result<Address> found = find_room_plain(space, where, length, geometry.round_down(inside));
  return found ? check_address(space, request, *found, length) : Error::no_memory;
}

/// Chooses the address and the flags. Errors, in the order they are found: invalid (offset, pages,
/// length), no_memory, invalid (address), not_permitted, exists, try_again, those of a file.
template <class Host>
Result<void> describe_huge(const SpaceState<Host>& space, const MmapRequest<Host>& request,
                           Description<Host>& wanted) noexcept {
  const Geometry geometry = space.services.geometry();
  if (!geometry.aligned(request.offset)) return Error::invalid;
  const Result<unsigned> shift = mapped_page_shift(space, request);
  if (!shift) return shift.error();
  const std::uint64_t inside = (std::uint64_t{1} << *shift) - 1;
  const std::uint64_t length = (request.length + inside) & ~inside;
  if (length == 0) return Error::invalid;
  if (space.area_count > space.services.limits().area_count_max) return Error::no_memory;
  const Result<Address> at = choose_huge_address(space, request, length, inside);
  if (!at) return at.error();
  wanted.start = *at;
  wanted.end = *at + length;
  // They are not charged, so that strict_overcommit has no say.
  wanted.flags = (requested_flags(space, request) | flag::huge_tlb | flag::dont_expand)
                     .with_if(request.flags.has_any(map::no_reserve), flag::no_reserve);
  const Result<void> may_lock = check_lock_right(space, request, wanted.flags, length);
  if (!may_lock) return may_lock;
  const bool anonymous = request.flags.has_any(map::anonymous);
  const FileRules rules = anonymous ? FileRules{} : space.services.file_rules(request.file);
  const Result<void> described = describe_file(space, request, rules, wanted);
  wanted.hooks = huge_page_hooks<Host>(*shift);
  if (anonymous) wanted.file = {};
  return described;
}

/// What is noticed only when the old areas are gone. Errors: invalid (an offset inside a huge
/// page), no_memory (the pool has too few; with map::no_reserve that shows when they are touched).
template <class Host>
Result<void> check_huge_pages(const SpaceState<Host>& space, const MmapRequest<Host>& request,
                              const Description<Host>& wanted) noexcept {
  if ((request.offset & wanted.huge_page_mask()) != 0) return Error::invalid;
  const bool reserves =
      request.flags.has_any(map::anonymous) && !request.flags.has_any(map::no_reserve);
  const bool lacks = reserves && wanted.length() > space.services.limits().huge_pages_free_bytes;
  return lacks ? Result<void>(Error::no_memory) : success;
}

/// Errors: those of the description, of plan_map_region() and of check_huge_pages().
template <class Host>
[[gnu::noinline]] StepPlan<Host, Address> plan_mmap_huge(
    const SpaceState<Host>& space, const MmapRequest<Host>& request) noexcept {
  Description<Host> wanted;
  const Result<void> described = describe_huge(space, request, wanted);
  if (!described) return described.error();
  const bool asked = (request.flags & (map::populate | map::non_block)) == map::populate;
  const Result<void> had = check_huge_pages(space, request, wanted);
  if (!had) wanted.file = {};  // Its driver is not asked any more.
  StepPlan<Host, Address> plan =
      plan_map_region(space, wanted, request.flags.has_any(map::anonymous),
                      DataRef<Host>::to(request.data), asked ? Populate::yes : Populate::if_locked);
  if (!plan.status || had) return plan;
  StepPlan<Host, Address> failed{had.error()};
  const Clearing<Host> clearing = plan_clear(space, wanted.range());
  const bool leaves_hole = space.services.profile().leaves_partial_effects();
  if (leaves_hole && clearing.totals.total != 0) failed.add_edit(edit_of(clearing));
  return failed;
}

}  // namespace vmarea
