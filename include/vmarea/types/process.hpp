// SPDX-License-Identifier: MIT
//
// What a loader and the process itself chose for all of an address space.
#pragma once

#include "vmarea/types/flags.hpp"
#include "vmarea/types/range.hpp"

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
  Address start_stack = 0;  // The first stack pointer: the area that holds it is named [stack].
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

}  // namespace vmarea
