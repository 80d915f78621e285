// SPDX-License-Identifier: MIT
//
// The fields of one address space, what protects each, and the lock order.
//
//   SpaceLock (one writer)                        taken by a Change, from plan to commit or drop
//             (or readers)                        taken by lock_shared(), for lookups
//     AreaLock of each area that is changed       begun by commit, ended with the space lock
//       file mapping                              around changes of start, end, page offset
//         root of the anonymous identity          the same
//
// Two spaces are locked parent first, then child (fork). Nothing waits for the space lock while it
// holds any lock below it. Counters are pages; the calls read them, commit adds
// to them.
#pragma once

#include <concepts>
#include <cstdint>
#include <type_traits>
#include <utility>

#include "vmarea/host/services.hpp"
#include "vmarea/types/area.hpp"
#include "vmarea/types/page_totals.hpp"
#include "vmarea/types/process.hpp"

namespace vmarea {

/// What all verbs and calls work on. Everything is protected by `lock` unless it says otherwise.
template <KernelServices Host>
struct SpaceState {
  using AreaType = Area<Host>;
  using Tree = typename Host::template Tree<AreaType>;

  explicit SpaceState(Host host, const SpaceLayout& where)
      : services(static_cast<Host&&>(host)),
        tree(services.template make_tree<AreaType>()),
        layout(where) {
    const LayoutVerdict verdict = check_layout(where, services.geometry());
    require<Host>(verdict == LayoutVerdict::fits, describe(verdict));
  }
  /// What the handle has of its own, such as a pool, goes along with the areas. A host that says
  /// its move may throw is copied instead, as a class with a destructor of its own is: its spaces
  /// do not move.
  static constexpr bool can_move = std::move_constructible<Tree> &&
                                   std::move_constructible<typename Host::PageTable> &&
                                   std::is_nothrow_move_constructible_v<Host>;
  /// Leaves the other as empty as a new one, with a copy of the handle. Requires: its lock is free.
  SpaceState(SpaceState&& other) noexcept requires can_move
      : services(std::move(other.services)),
        pages(std::move(other.pages)),
        tree(std::move(other.tree)),
        layout(other.layout),
        totals(std::exchange(other.totals, {})),
        area_count(std::exchange(other.area_count, 0)),
        last_identity(other.last_identity),
        default_flags(other.default_flags),
        modes(other.modes),
        charged(std::exchange(other.charged, 0)),
        generation(other.generation) {
    other.services = services;
    other.generation += 2;  // What was planned there is not true any more.
  }

  [[no_unique_address]] Host services;                          // Immutable until the space moves.
  [[no_unique_address]] mutable typename Host::SpaceLock lock;  // Readers of a const one, too.
  [[no_unique_address]] typename Host::PageTable pages;         // Has locks of its own.
  Tree tree;  // Lock-free readers may look at it, if the host allows.
  SpaceLayout layout;
  PageTotals totals;
  std::uint64_t area_count = 0;
  std::uint64_t last_identity = 0;  // Numbers identities where there is no reverse map.
  Flags default_flags;              // Added to every new mapping (mlockall).
  SpaceModes modes;
  PageCount charged = 0;  // Pages of the commit charge that areas with `account` hold.
  // Goes up with every change; odd while one is reserved, so that no other can come between.
  std::uint64_t generation = 0;
};

}  // namespace vmarea
