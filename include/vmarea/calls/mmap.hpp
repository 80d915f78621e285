// SPDX-License-Identifier: MIT
//
// mmap (rules 12): arguments become a description, the description an edit.
//
//   request -> checks -> address -> description -> what gives way -> limits -> driver -> join
#pragma once

#include "vmarea/plan/place.hpp"
#include "vmarea/plan/plan.hpp"
#include "vmarea/space/gap.hpp"
#include "vmarea/types/fast_paths.hpp"
#include "vmarea/types/huge_pages.hpp"

namespace vmarea {

/// Arguments of mmap; address, length and offset are bytes. As on Linux, map::anonymous means that
/// `file` is not looked at: a mapping of a file says map::private_ or map::shared without it.
template <class Host>
struct MmapRequest {
  Address address = 0;
  std::uint64_t length = 0;
  Protection protection{};
  MapFlags flags = map::private_ | map::anonymous;
  typename Host::FileHandle file{};
  std::uint64_t offset = 0;
  [[no_unique_address]] typename Host::AreaData data{};  // Of the host's own.
};

constexpr bool is_fixed(MapFlags flags) noexcept {
  return flags.has_any(map::fixed | map::fixed_noreplace);
}

constexpr bool is_private(MapFlags flags) noexcept {
  return (flags & map::type_mask) == map::private_;
}

/// Whether the mapping may have the address. Errors: those of validate_address(), exists.
template <class Host>
VMAREA_INLINED Result<Address> check_address(const SpaceState<Host>& space,
                                             const MmapRequest<Host>& request, Address at,
                                             std::uint64_t length) noexcept {
  const Result<void> good = validate_address(space, at, length);
  if (!good) return good.error();
  const bool keeps = request.flags.has_any(map::fixed_noreplace);
  if (keeps && find_intersection(space, {at, at + length}) != nullptr) return Error::exists;
  return at;
}

/// The address the mapping gets. Errors: those of place() and validate_address(), exists.
template <class Host>
Result<Address> choose_address(const SpaceState<Host>& space, const MmapRequest<Host>& request,
                               std::uint64_t length) noexcept {
  const Geometry geometry = space.services.geometry();
  if (length > geometry.limit) return Error::no_memory;
  Address at = request.address;
  if (!is_fixed(request.flags)) {
    RoomRequest where{geometry.round_down(at), length, request.offset, request.flags, false};
    if (where.hint != 0 && where.hint < geometry.placement_min) where.hint = geometry.placement_min;
    if (!request.flags.has_any(map::anonymous)) {
      where.for_huge_pages =
          space.services.file_rules(request.file).placement == Placement::huge_pages;
    } else if (is_private(request.flags) || (request.flags & map::type_mask) == map::droppable) {
      where.offset = 0;
      where.for_huge_pages = where.hint == 0 && length % geometry.huge_page_size() == 0;
    }
    const Result<Address> found = find_room(space, where);
    if (!found) return found;
    at = *found;
  }
  return check_address(space, request, at, length);
}

/// Turns `wanted` into an anonymous area's description. Errors: invalid, not_supported.
template <class Host>
Result<void> describe_anonymous(const SpaceState<Host>& space, const MmapRequest<Host>& request,
                                Description<Host>& wanted) noexcept {
  const MapFlags type = request.flags & map::type_mask;
  if (type == map::shared) {
    if (request.flags.has_any(map::grows_down)) return Error::invalid;
    wanted.flags |= flag::shared | flag::may_share;
    wanted.hooks = &no_hooks<Host>;
    return {};
  }
  if (type == map::droppable) {
    const DroppableMemory droppable = space.services.profile().droppable_memory;
    if (droppable == DroppableMemory::refused) return Error::not_supported;
    if (droppable == DroppableMemory::unknown) return Error::invalid;
    if (request.flags.has_any(map::grows_down | map::locked)) return Error::invalid;
    wanted.flags |= flag::droppable | flag::no_reserve | flag::wipe_on_fork | flag::dont_dump;
  } else if (type != map::private_) {
    return Error::invalid;
  }
  wanted.page_offset = space.services.geometry().pages(wanted.start);
  return {};
}

/// Whether a shared mapping of a file with these rules may be had, and with which flags.
/// Errors: not_supported, access_denied.
template <class Host>
Result<void> describe_shared(const SpaceState<Host>& space, const MmapRequest<Host>& request,
                             const FileRules& rules, Description<Host>& wanted) noexcept {
  if ((request.flags & map::type_mask) == map::shared_validate) {
    const MapFlags ours =
        space.services.profile().knows_above_4g ? map::legacy : map::legacy.without(map::above_4g);
    const MapFlags known = ours | (rules.synchronous ? map::sync : MapFlags{});
    if (!known.has_all(request.flags)) return Error::not_supported;
  }
  if (request.protection.has_any(prot::write) && !rules.writable) return Error::access_denied;
  if (rules.append_only && rules.writable) return Error::access_denied;
  wanted.flags |= flag::shared | flag::may_share;
  if (!rules.writable) wanted.flags = wanted.flags.without(flag::may_write | flag::shared);
  return {};
}

/// Turns `wanted` into a file mapping's description.
/// Errors: overflow, invalid, not_supported, access_denied, not_permitted, no_device.
template <class Host>
Result<void> describe_file(const SpaceState<Host>& space, const MmapRequest<Host>& request,
                           const FileRules& rules, Description<Host>& wanted) noexcept {
  const MapFlags type = request.flags & map::type_mask;
  const bool too_far =
      wanted.length() > rules.bytes_max || request.offset > rules.bytes_max - wanted.length();
  if (too_far) return Error::overflow;
  const bool shared = type == map::shared || type == map::shared_validate;
  if (!shared && type != map::private_) return Error::invalid;
  if (shared) {
    const Result<void> allowed = describe_shared(space, request, rules, wanted);
    if (!allowed) return allowed;
  }
  if (!rules.readable) return Error::access_denied;
  if (!rules.may_exec) {
    if (request.protection.has_any(prot::exec)) return Error::not_permitted;
    wanted.flags = wanted.flags.without(flag::may_exec);
  }
  if (!rules.mappable) return Error::no_device;
  if (request.flags.has_any(map::grows_down)) return Error::invalid;
  if (shared && rules.write_sealed) {
    if (request.protection.has_any(prot::write)) return Error::not_permitted;
    wanted.flags = wanted.flags.without(flag::may_write);
  }
  wanted.file = request.file;
  wanted.hooks = &no_hooks<Host>;
  wanted.page_offset = space.services.geometry().pages(request.offset);
  return {};
}

/// The protection with what the personality READ_IMPLIES_EXEC adds to it.
template <class Host>
[[gnu::noinline]] Protection implied_protection(const SpaceState<Host>& space,
                                                const MmapRequest<Host>& request) noexcept {
  const Protection asked = request.protection;
  if (!asked.has_any(prot::read)) return asked;
  const bool may_exec =
      request.flags.has_any(map::anonymous) || space.services.file_rules(request.file).may_exec;
  return asked.with_if(may_exec, prot::exec);
}

/// The flags that the call's arguments ask for, before the file is asked.
template <class Host>
VMAREA_INLINED Flags requested_flags(const SpaceState<Host>& space,
                                     const MmapRequest<Host>& request) noexcept {
  const bool no_reserve =
      request.flags.has_any(map::no_reserve) && !space.services.limits().strict_overcommit;
  const KernelProfile profile = space.services.profile();
  const bool no_huge =
      request.flags.has_any(map::stack) && profile.stack_mappings_refuse_huge_pages;
  const Protection protection =
      space.modes.read_implies_exec ? implied_protection(space, request) : request.protection;
  return (profile.flags_for(protection) | space.default_flags | flag::may_access)
      .with_if(request.flags.has_any(map::grows_down), flag::grows_down)
      .with_if(request.flags.has_any(map::locked), flag::locked)
      .with_if(request.flags.has_any(map::sync), flag::sync)
      .with_if(no_huge, flag::no_huge_page)
      .with_if(no_reserve, flag::no_reserve);
}

/// Errors: not_permitted (no right to lock), try_again (lock limit).
template <class Host>
Result<void> check_lock_right(const SpaceState<Host>& space, const MmapRequest<Host>& request,
                              Flags flags, std::uint64_t length) noexcept {
  if (request.flags.has_any(map::locked) && !may_lock(space.services.limits())) {
    return Error::not_permitted;
  }
  if (flags.has_any(flag::locked) && !can_lock(space, page_count(space, length))) {
    return Error::try_again;
  }
  return {};
}

/// Adds what a finished description counts: class and locked pages, and the charge.
template <class Host>
void count_new_range(const SpaceState<Host>& space, Edit<Host>& edit, const Description<Host>& made,
                     bool charged) noexcept {
  const std::int64_t pages = page_count(space, made.length());
  edit.totals += area_totals(made.flags, pages);
  if (charged) edit.charge += pages;
}

/// Asks the driver of a file mapping what it makes of `wanted`. Errors: the driver's, or invalid if
/// it breaks its promise: flags that follow from other things stay as they are, and shared memory
/// keeps its hooks.
template <class Host>
Result<void> prepare_mapping(const SpaceState<Host>& space, Description<Host>& wanted) noexcept {
  constexpr Flags not_its = flag::account | flag::userfault | flag::lock_on_fault;
  const Flags before = wanted.flags & not_its;
  const Result<void> prepared = space.services.prepare_mapping(wanted.file, wanted);
  if (!prepared) return prepared;
  const bool kept = (wanted.flags & not_its) == before &&
                    !(wanted.flags.has_any(flag::shared) && wanted.hooks == nullptr);
  require<Host>(kept,
                "a driver leaves flags that are not its own, and shared memory's hooks, alone");
  return kept ? prepared : Result<void>(Error::invalid);
}

/// Asks the driver in its turn: before the joins are decided, or only if nothing joins.
/// Errors: those of prepare_mapping().
template <class Host>
Result<void> ask_driver(const SpaceState<Host>& space, const Clearing<Host>& clearing,
                        NewRange<Host>& range) noexcept {
  const KernelProfile profile = space.services.profile();
  const bool first =
      profile.earliest_driver_turn == DriverTurn::before_joining &&
      space.services.file_rules(range.description.file).driver_turn == DriverTurn::before_joining;
  if (first) {
    const Result<void> prepared = prepare_mapping(space, range.description);
    mark_range(space, range);
    return prepared;
  }
  const Joins joins = decide_new_range(space, clearing, range);
  if (joins.prev.joined() || joins.next.joined()) return {};
  const Flags before = range.description.flags;
  const Result<void> prepared = prepare_mapping(space, range.description);
  const bool again = profile.driver_flags_join_again && range.description.flags != before &&
                     clearing.tables_between.start != 0;
  if (!again) range.sides = JoinableSides::neither;
  range.marks = process_marks(space, range.description.flags);
  return prepared;
}

/// What is touched once the lock is let go.
enum class Populate : bool { if_locked, yes };

/// The part of mmap that knows the address and the flags (rules 12.1); `data` comes with it. Never
/// inlined itself, which made mapping and unmapping 1 % slower. Errors: access_denied
/// (executing what was written), those of the clearing, no_memory (limits), the driver's.
template <class Host>
[[gnu::noinline]] VMAREA_INLINED_WHOLE StepPlan<Host, Address> plan_map_region(
    const SpaceState<Host>& space, Description<Host> wanted, bool shared_memory, DataRef<Host> data,
    Populate populate) noexcept {
  StepPlan<Host, Address> plan{wanted.start, space, wanted.start};
  if (space.modes.refuses_exec(wanted.flags, wanted.flags)) {
    plan.status = Error::access_denied;
    return plan;
  }
  const Clearing<Host> clearing = plan_clear(space, wanted.range(), TreeView<Host>(plan.place()));
  const KernelProfile profile = space.services.profile();
  if (!clearing.status) {
    plan.status = profile.refused_cut_is_no_memory ? Error::no_memory : clearing.status.error();
  }
  const std::int64_t pages = page_count(space, wanted.length());
  if ((plan.status || profile.limits_come_before_clearing) &&
      !can_expand(space, space.totals, wanted.flags, pages - clearing.totals.total)) {
    plan.status = Error::no_memory;
    if (profile.limits_come_before_clearing) return plan;
  }
  if (!plan.status) {
    leave_cuts(space, plan, clearing);
    return plan;
  }
  const bool charged = is_accountable(wanted.flags);
  if (charged) wanted.flags |= flag::account;
  NewRange<Host> range{wanted, shared_memory ? JoinableSides::neither : JoinableSides::both};
  range.data = data;
  range.always_kept = flag::soft_dirty;
  range.next_first = profile.mmap_asks_next_first;
  if (wanted.file == typename Host::FileHandle{}) {
    mark_range(space, range);
  } else if (const Result<void> asked = ask_driver(space, clearing, range); !asked) {
    // The old areas are gone by the time Linux asks the driver.
    plan.status = asked.error();
    const bool leaves_hole = space.services.profile().leaves_partial_effects();
    if (leaves_hole && clearing.totals.total != 0) plan.add_edit(edit_of(clearing));
    return plan;
  }
  Flags& flags = range.description.flags;
  if (flags.has_any(flag::lock_group) && !is_lockable(flags)) {
    // It was to be locked while the joins were decided, and nothing of its kind ever is.
    range.sides = JoinableSides::neither;
    flags = flags.without(flag::lock_group);
  }
  Edit<Host>& edit = add_new_range(space, plan, clearing, range);
  edit.new_shared_memory = shared_memory;
  plan.brings(wanted.range(), data);
  count_new_range(space, edit, range.description, charged);
  if (populate == Populate::yes || wanted.flags.has_any(flag::locked)) {
    plan.sequel = {.kind = Sequel::Kind::touch, .range = wanted.range()};
  }
  return plan;
}

/// Chooses the address and the flags. Errors, in the order they are found: invalid (offset),
/// bad_file, invalid (length), no_memory, invalid (address), not_permitted, exists, try_again, and
/// those of the two kinds of memory.
template <class Host>
Result<void> describe(const SpaceState<Host>& space, const MmapRequest<Host>& request,
                      Description<Host>& wanted) noexcept {
  const Geometry geometry = space.services.geometry();
  const bool anonymous = request.flags.has_any(map::anonymous);
  if (!geometry.aligned(request.offset)) return Error::invalid;
  if (!anonymous && request.file == typename Host::FileHandle{}) return Error::bad_file;
  if (request.length == 0) return Error::invalid;
  const std::uint64_t length = geometry.round_up(request.length);
  if (length == 0) return Error::no_memory;
  if (space.area_count > space.services.limits().area_count_max) return Error::no_memory;
  const Result<Address> at = choose_address(space, request, length);
  if (!at) return at.error();
  wanted.start = *at;
  wanted.end = *at + length;
  wanted.flags = requested_flags(space, request);
  const Result<void> may_lock = check_lock_right(space, request, wanted.flags, length);
  if (!may_lock) return may_lock;
  return anonymous ? describe_anonymous(space, request, wanted)
                   : describe_file(space, request, space.services.file_rules(request.file), wanted);
}

/// Whether what is mapped has huge pages.
template <class Host>
bool maps_huge_pages(const SpaceState<Host>& space, const MmapRequest<Host>& request) noexcept {
  if (request.flags.has_any(map::anonymous)) return request.flags.has_any(map::huge_tlb);
  return request.file != typename Host::FileHandle{} &&
         (request.flags.has_any(map::huge_tlb) ||
          space.services.file_rules(request.file).page_shift != 0);
}

/// The call for those; has a header of its own.
template <class Host>
StepPlan<Host, Address> plan_mmap_huge(const SpaceState<Host>& space,
                                       const MmapRequest<Host>& request) noexcept;

/// Errors: those of the description, then those of plan_map_region().
template <class Host>
VMAREA_INLINED StepPlan<Host, Address> plan_mmap(const SpaceState<Host>& space,
                                                 const MmapRequest<Host>& request) noexcept {
  if (maps_huge_pages(space, request)) return plan_mmap_huge(space, request);
  Description<Host> wanted;
  const Result<void> described = describe(space, request, wanted);
  if (!described) return described.error();
  const bool anonymous = request.flags.has_any(map::anonymous);
  const bool asked = (request.flags & (map::populate | map::non_block)) == map::populate;
  return plan_map_region(space, wanted, anonymous && wanted.flags.has_any(flag::shared),
                         DataRef<Host>::to(request.data),
                         asked ? Populate::yes : Populate::if_locked);
}

}  // namespace vmarea
