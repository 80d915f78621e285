// SPDX-License-Identifier: MIT
//
// Which kernel to behave like. A switch exists only for what a caller can see.
#pragma once

namespace vmarea {

/// What is left of a call that Linux would leave half-done. It speaks of one change: a fixed mremap
/// over several areas is one for each, and populating (mlock, MADV_POPULATE) comes after the
/// change.
enum class PartialEffects : unsigned char {
  as_linux,        // What Linux would leave: earlier areas keep the change, a split stays.
  all_or_nothing,  // Nothing at all.
};

/// Whether a touched range may join an untouched neighbour (behaviour specification 3.2).
enum class FaultedMerge : unsigned char { never, unless_fork_child };

/// Run-time choice of a kernel's behaviour; comes through the door.
struct KernelProfile {
  PartialEffects partial_effects = PartialEffects::as_linux;
  FaultedMerge faulted_into_untouched = FaultedMerge::unless_fork_child;  // Since 6.16.
  bool stack_mappings_refuse_huge_pages = true;                           // MAP_STACK, since 6.8.
  // A read fault of anonymous memory maps the shared zero page and gives no identity. False on
  // machines without one.
  bool reads_share_zero_page = true;
  bool places_for_huge_pages = true;  // Since 6.7.

  friend constexpr bool operator==(const KernelProfile&, const KernelProfile&) = default;
};

inline constexpr KernelProfile linux_6_18{};

}  // namespace vmarea
