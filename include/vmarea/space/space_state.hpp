// SPDX-License-Identifier: MIT
//
// The fields of one address space, who protects each, and the lock order.
//
//   SpaceLock (one writer)                        taken by a Change, from plan to commit or drop
//     AreaLock of each area that is changed       begun by commit, ended with the space lock
//       file mapping                              around changes of start, end, page offset
//         root of the anonymous identity          the same
//
// Two spaces are locked parent first, then child (fork). Nothing waits for the space lock while it
// holds any lock below it. Counters are pages; the calls read them, commit adds to
// them.
#pragma once

#include <cstdint>

#include "vmarea/host/services.hpp"
#include "vmarea/types/area.hpp"

namespace vmarea {

/// Where the parts of a program lie; the loader's choice.
struct SpaceLayout {
  Address mmap_base = 0x7fff'f7ff'f000;    // Mappings are placed below it, from the top.
  Address legacy_base = 0x2aaa'aaaa'b000;  // Bottom-up placement starts here.
  bool top_down = true;
  Address start_brk = 0;
  Address brk = 0;
  Address start_data = 0;
  Address end_data = 0;
};

/// What a process chose for all of its memory (prctl, personality).
struct SpaceModes {
  bool merges_same_pages = false;  // PR_SET_MEMORY_MERGE
  bool executes_heap = false;      // READ_IMPLIES_EXEC, as far as brk is concerned.
  WriteExecFlags write_exec{};     // PR_SET_MDWE

  /// What a child, or the program that is executed next, begins with.
  constexpr SpaceModes inherited() const noexcept {
    const bool keeps = !write_exec.has_any(write_exec::no_inherit);
    return {merges_same_pages, executes_heap, keeps ? write_exec : WriteExecFlags{}};
  }
  /// Whether an area that goes from one set of flags to the other could run what was written; a new
  /// area goes from what it will be.
  constexpr bool refuses_exec(Flags before, Flags after) const noexcept {
    if (!write_exec.has_any(write_exec::refuse_exec_gain) || !after.has_any(flag::exec)) {
      return false;
    }
    return after.has_any(flag::write) || !before.has_any(flag::exec);
  }
  friend constexpr bool operator==(const SpaceModes&, const SpaceModes&) = default;
};

/// Pages by class (rules 23); signed so that it is also a difference.
struct PageTotals {
  std::int64_t total = 0;
  std::int64_t data = 0;
  std::int64_t exec = 0;
  std::int64_t stack = 0;
  std::int64_t locked = 0;

  constexpr PageTotals& operator+=(const PageTotals& other) noexcept {
    total += other.total;
    data += other.data;
    exec += other.exec;
    stack += other.stack;
    locked += other.locked;
    return *this;
  }
  friend constexpr bool operator==(const PageTotals&, const PageTotals&) = default;
};

/// What all verbs and calls work on. Everything is protected by `lock` unless it says otherwise.
template <KernelServices Host>
struct SpaceState {
  using AreaType = Area<Host>;
  using Tree = typename Host::template Tree<AreaType>;

  explicit SpaceState(Host host, const SpaceLayout& where)
      : services(static_cast<Host&&>(host)),
        tree(services.template make_tree<AreaType>()),
        layout(where) {}

  [[no_unique_address]] Host services;  // Immutable after construction.
  [[no_unique_address]] typename Host::SpaceLock lock;
  [[no_unique_address]] typename Host::PageTable pages;  // Has locks of its own.
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
