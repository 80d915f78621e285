// SPDX-License-Identifier: MIT
//
// Which kernel to behave like. A switch exists only for what a caller can see, and is named after
// the rule, so that a kernel with back-ports can be put together from them.
//
//   linux_6_1, linux_6_12, linux_7_2    each compared with a kernel of its series
//   linux_6_18                          the defaults; compared with the running kernel
#pragma once

#include "vmarea/types/flags.hpp"

namespace vmarea {

/// What is left of a call that Linux would leave half-done. It speaks of one change: a fixed mremap
/// over several areas is one for each, and populating (mlock, MADV_POPULATE) comes after the
/// change.
enum class PartialEffects : unsigned char {
  as_linux,        // What Linux would leave: earlier areas keep the change, a split stays.
  all_or_nothing,  // Nothing at all.
};

/// Whether a touched range may join an untouched neighbour (rules 3.2).
enum class FaultedMerge : unsigned char { never, unless_fork_child };

/// When a file's driver is asked what it makes of a new mapping (rules 12.1).
enum class DriverTurn : unsigned char {
  before_joining,  // It describes the area; the joins are decided on what it says.
  after_joining,   // It is given the area, unless that was swallowed by a neighbour before.
};

/// When PR_SET_MEMORY_MERGE marks a new mapping that no driver has a say in.
enum class SamePageMark : unsigned char {
  before_joining,
  after_mapping,  // So a new range never joins a marked one.
};

/// When a move to a given place is checked against its source and the limits (14.2, 14.3).
enum class RemapChecks : unsigned char {
  before_clearing,
  after_clearing,  // What stood at the destination is gone, and the tail, even if it is refused.
};

/// What mremap asks of the map count (rules 14.3-b, 14.4-1).
enum class RemapCount : unsigned char {
  given_places,           // Moves to a given place before they begin, then each move.
  every_call,             // Every call before its area is looked up, then each move. Since 7.1.
  every_call_and_source,  // And room for a source that stays and is cut. Since 7.2.
};

/// What MREMAP_DONTUNMAP makes of a locked source (rules 14.4).
enum class KeptLocks : unsigned char {
  dropped_by_area,  // The whole area that holds the source is unlocked.
  cut_out,          // The source is cut out first, and it alone is unlocked.
};

/// Whether MAP_DROPPABLE is to be had.
enum class DroppableMemory : unsigned char {
  granted,
  refused,  // EOPNOTSUPP.
  unknown,  // No type of mapping at all: EINVAL. Before 6.11.
};

/// Which advice process_madvise takes from a process about itself.
enum class OwnAdvice : unsigned char {
  lossless,  // What changes nothing that a program sees. Before 6.13.
  any,       // What is unknown is refused with the first byte only.
  known,     // On 7.2.
};

/// Run-time choice of a kernel's behaviour; comes through the door.
struct KernelProfile {
  PartialEffects partial_effects = PartialEffects::as_linux;

  // Joining.
  FaultedMerge faulted_into_untouched = FaultedMerge::unless_fork_child;  // Since 6.16.
  Flags kept_by_joins = flag::sticky;     // Since 6.19 and 6.18.y; none before.
  Flags ignored_by_joins = flag::sticky;  // They keep no areas apart.
  SamePageMark same_page_mark = SamePageMark::before_joining;    // Since 6.17.
  DriverTurn earliest_driver_turn = DriverTurn::before_joining;  // Since 6.16, driver by driver.
  bool mmap_asks_next_first = false;     // Prev must then fit the identity of next. On 6.1.
  bool closing_areas_join = true;        // Those whose hooks want to be told. Not on 6.1.
  bool driver_flags_join_again = false;  // A second try with what the driver made of the flags.

  // mremap.
  RemapChecks remap_checks = RemapChecks::before_clearing;  // Since 6.17,
  bool remap_moves_several_areas = true;                    // and this, too.
  RemapCount remap_count = RemapCount::given_places;
  KeptLocks kept_locks = KeptLocks::dropped_by_area;
  bool kept_source_joins_copy = true;            // Untouched DONTUNMAP right beside its source.
  bool kept_source_restarts_at_address = false;  // Its page offset, where all of it was moved.
  bool copy_beside_kept_source_joins_nothing = false;  // Where it may not join it. On 6.1.

  // mprotect, userfaultfd.
  bool uncharges_untouched_memory = true;    // Where it becomes unwritable. Not on 6.1.
  bool unregister_checks_context = true;     // Since 6.18; before, any frees another's areas.
  bool watches_droppable_memory = false;     // On 6.12.
  bool watched_rear_joins_next = true;       // A part cut off its area, or freed so. Not on 6.1.
  bool watching_decides_soft_dirty = false;  // Of what joins, if joins do not keep it. On 6.1.

  // madvise, mseal, prctl and mmap.
  bool populating_goes_on_behind_holes = false;  // ENOMEM as the answer all the same. On 6.1.
  bool do_fork_refuses_special = false;          // Every kind and not IO memory alone. Since 7.0.
  bool knows_guard_advice = true;                // Since 6.13.
  bool marks_guarded_areas = true;               // Since 6.19 and 6.18.y.
  OwnAdvice own_advice = OwnAdvice::any;
  bool knows_seals = true;                // Since 6.10; ENOSYS before.
  bool seals_only_64_bit_spaces = false;  // Until 6.12; EPERM in others.
  bool knows_memory_merge = true;         // PR_SET_MEMORY_MERGE. Since 6.4; EINVAL before.
  bool knows_deny_write_exec = true;      // PR_SET_MDWE. Since 6.3; EINVAL before.
  DroppableMemory droppable_memory = DroppableMemory::granted;
  bool limits_come_before_clearing = false;  // So a refused mapping leaves no cut. On 6.1.
  bool refused_cut_is_no_memory = false;     // Whatever refuses the cut that mmap needs. On 6.1.
  bool knows_above_4g = true;                // MAP_ABOVE4G. No flag on 6.1.
  bool stack_mappings_refuse_huge_pages = true;  // MAP_STACK, since 6.8.
  bool places_for_huge_pages = true;             // Since 6.7.
  // Memory of huge pages: its hint is rounded down, and windows are not its concern. On 6.12.
  bool huge_pages_have_own_chooser = false;
  // A read fault of anonymous memory maps the shared zero page and gives no identity. False on
  // machines without one.
  bool reads_share_zero_page = true;
  // Memory that may be executed and nothing else cannot be read (mprotect(2), pkeys(7)). True on
  // processors with protection keys.
  bool has_protection_keys = false;

  /// Whether a call that fails half-way leaves what Linux leaves.
  constexpr bool leaves_partial_effects() const noexcept {
    return partial_effects == PartialEffects::as_linux;
  }
  /// What an area gets for this protection. Any bit beside prot::exec makes it readable, as
  /// Linux has it.
  constexpr Flags flags_for(Protection protection) const noexcept {
    return access_flags(protection).with_if(hides(protection), flag::execute_only);
  }
  /// Whether memory with this protection cannot be read because a protection key hides it.
  constexpr bool hides(Protection protection) const noexcept {
    return has_protection_keys && protection == prot::exec;
  }
  friend constexpr bool operator==(const KernelProfile&, const KernelProfile&) = default;
};

inline constexpr KernelProfile linux_6_18{};

inline constexpr KernelProfile linux_6_12{
    .faulted_into_untouched = FaultedMerge::never,
    .kept_by_joins = {},
    .same_page_mark = SamePageMark::after_mapping,
    .earliest_driver_turn = DriverTurn::after_joining,
    .driver_flags_join_again = true,
    .remap_checks = RemapChecks::after_clearing,
    .remap_moves_several_areas = false,
    .kept_locks = KeptLocks::cut_out,
    .kept_source_joins_copy = false,
    .kept_source_restarts_at_address = true,
    .unregister_checks_context = false,
    .watches_droppable_memory = true,
    .knows_guard_advice = false,
    .marks_guarded_areas = false,
    .own_advice = OwnAdvice::lossless,
    .seals_only_64_bit_spaces = true,
    .huge_pages_have_own_chooser = true,
};

inline constexpr KernelProfile linux_6_1 = [] {
  KernelProfile profile = linux_6_12;
  profile.uncharges_untouched_memory = false;
  profile.knows_seals = false;
  profile.knows_memory_merge = false;
  profile.knows_deny_write_exec = false;
  profile.droppable_memory = DroppableMemory::unknown;
  profile.mmap_asks_next_first = true;
  profile.closing_areas_join = false;
  profile.copy_beside_kept_source_joins_nothing = true;
  profile.watched_rear_joins_next = false;
  profile.watching_decides_soft_dirty = true;
  profile.populating_goes_on_behind_holes = true;
  profile.limits_come_before_clearing = true;
  profile.refused_cut_is_no_memory = true;
  profile.knows_above_4g = false;
  profile.stack_mappings_refuse_huge_pages = false;
  profile.places_for_huge_pages = false;
  return profile;
}();

inline constexpr KernelProfile linux_7_2 = [] {
  KernelProfile profile = linux_6_18;
  profile.remap_count = RemapCount::every_call_and_source;
  profile.kept_locks = KeptLocks::cut_out;
  profile.kept_source_joins_copy = false;
  profile.kept_source_restarts_at_address = true;
  profile.do_fork_refuses_special = true;
  profile.own_advice = OwnAdvice::known;
  return profile;
}();

}  // namespace vmarea
