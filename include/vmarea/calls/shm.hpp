// SPDX-License-Identifier: MIT
//
// Attach and detach of shared segments, as shmat and shmdt do (rules 12.3).
//
//   attach    a shared mapping of the segment's file, at offset 0
//   detach    every piece of the segment that still stands where that attach put it:
//             start - offset == the address; what was moved or mapped over stays, and what
//             mremap made longer goes in part
#pragma once

#include "vmarea/calls/mmap.hpp"
#include "vmarea/plan/walk_plan.hpp"

namespace vmarea {

/// Arguments of an attach; the segment's size is its file's `segment_bytes`.
template <class Host>
struct AttachRequest {
  enum class Access : unsigned char { read_only, read_write, read_exec, read_write_exec };

  Address address = 0;
  typename Host::FileHandle segment{};
  Access access = Access::read_write;
  bool rounds_address = false;                           // SHM_RND
  bool replaces_existing = false;                        // SHM_REMAP
  [[no_unique_address]] typename Host::AreaData data{};  // Of the host's own.
};

/// The address that is asked for, rounded where that is wanted; 0: any, or page 0. Errors: invalid.
template <class Host>
Result<Address> find_attach_address(const Geometry& geometry,
                                    const AttachRequest<Host>& request) noexcept {
  if (!geometry.aligned(request.address) && !request.rounds_address) return Error::invalid;
  const Address at = geometry.round_down(request.address);
  if (at == 0 && request.replaces_existing) return Error::invalid;
  return at;
}

/// Where the segment goes. Errors: invalid (misaligned, occupied), and those of the placement.
template <class Host>
Result<Address> choose_attach_address(const SpaceState<Host>& space,
                                      const AttachRequest<Host>& request,
                                      std::uint64_t length) noexcept {
  const Result<Address> at = find_attach_address(space.services.geometry(), request);
  if (!at) return at.error();
  if (request.address == 0) return find_room(space, {.length = length});
  const Range range{*at, *at + length};
  const bool keeps_existing = !request.replaces_existing;
  if (keeps_existing && (range.end < range.start || find_intersection(space, range) != nullptr)) {
    return Error::invalid;
  }
  return at;
}

/// Errors: invalid (misaligned, occupied, no segment), no_memory (no room, limits), try_again (lock
/// limit), access_denied (executing what was written).
template <class Host>
StepPlan<Host, Address> plan_attach_shared(const SpaceState<Host>& space,
                                           const AttachRequest<Host>& request) noexcept {
  using Access = typename AttachRequest<Host>::Access;
  const Geometry geometry = space.services.geometry();
  if (request.segment == typename Host::FileHandle{}) return Error::invalid;
  const FileRules rules = space.services.file_rules(request.segment);
  const std::uint64_t length = geometry.round_up(rules.segment_bytes);
  if (length == 0) return Error::invalid;
  const Result<Address> at = choose_attach_address(space, request, length);
  if (!at) return at.error();
  if (space.area_count > space.services.limits().area_count_max) return Error::no_memory;
  const Result<void> good = validate_address(space, *at, length);
  if (!good) return good.error();

  const bool writes =
      request.access == Access::read_write || request.access == Access::read_write_exec;
  const bool executes = request.access == Access::read_exec ||
                        request.access == Access::read_write_exec ||
                        (space.modes.read_implies_exec && rules.may_exec);
  Description<Host> wanted{
      .start = *at, .end = *at + length, .file = request.segment, .hooks = &no_hooks<Host>};
  wanted.flags =
      flag::read | flag::may_read | flag::may_exec | flag::may_share | space.default_flags;
  if (writes) wanted.flags |= flag::write | flag::may_write | flag::shared;
  if (executes) wanted.flags |= flag::exec;
  if (wanted.flags.has_any(flag::locked) && !can_lock(space, page_count(space, length))) {
    return Error::try_again;
  }
  return plan_map_region(space, wanted, false, DataRef<Host>::to(request.data),
                         Populate::if_locked);
}

/// Removes every piece of an attached segment, unless it is sealed.
template <class Host>
struct DetachRule : RuleBase<Host> {
  static constexpr HolePolicy holes = HolePolicy::pass;
  static constexpr bool removes_areas = true;
  Address attached_at = 0;
  typename Host::FileHandle segment{};

  bool is_piece(const SpaceState<Host>& space, const Description<Host>& area) const noexcept {
    return area.file == segment && area.start >= attached_at &&
           space.services.geometry().pages(area.start - attached_at) == area.page_offset;
  }
  Answer<Host> change(const SpaceState<Host>& space, const Area<Host>& area, Range) const noexcept {
    const bool goes = is_piece(space, area) && !area.flags.has_any(flag::sealed);
    return goes ? Answer<Host>::remove() : Answer<Host>::skip();
  }
};

/// Where the pieces of a segment end that go with `first`, the lowest of them. That goes as a
/// whole, also where mremap made it longer; what follows, only up to the first area that ends
/// beyond the segment, whosever it is.
template <class Host>
Address end_of_detached(const SpaceState<Host>& space, const Area<Host>& first,
                        Address segment_end) noexcept {
  Address end = first.end;
  if (end >= segment_end) return end;
  (void)any_in(space, {end, segment_end}, [&](const Area<Host>& area) {
    if (area.end > segment_end) return true;
    end = area.end;
    return false;
  });
  return end;
}

/// Errors: invalid (misaligned, or nothing was attached there).
template <class Host>
WalkPlan<Host, DetachRule<Host>> plan_detach_shared(const SpaceState<Host>& space,
                                                    Address start) noexcept {
  const Geometry geometry = space.services.geometry();
  if (!geometry.aligned(start)) return Error::invalid;
  DetachRule<Host> rule{{}, start};
  std::uint64_t bytes = 0;
  const Area<Host>* first = nullptr;
  const bool found = any_in(space, {start, everything.end}, [&](const Area<Host>& area) {
    rule.segment = area.file;
    if (area.file == typename Host::FileHandle{} || !rule.is_piece(space, area)) return false;
    bytes = space.services.file_rules(area.file).segment_bytes;
    first = &area;
    return bytes != 0;
  });
  if (!found) return Error::invalid;
  const Address end = end_of_detached(space, *first, start + geometry.round_up(bytes));
  return {space, {first->start, end}, rule};
}

}  // namespace vmarea
