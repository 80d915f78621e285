// SPDX-License-Identifier: MIT
//
// What the process itself chose for all of its address space; the loader's choice is the layout.
#pragma once

#include "vmarea/types/flags.hpp"
#include "vmarea/types/layout.hpp"

namespace vmarea {

/// What a process chose for all of its memory (prctl, personality).
struct SpaceModes {
  bool merges_same_pages = false;  // PR_SET_MEMORY_MERGE
  // READ_IMPLIES_EXEC (personality): what mmap, mprotect and attach_shared make readable may be
  // executed, unless its file may not, and so may the heap. Set it in state().modes.
  bool read_implies_exec = false;
  WriteExecFlags write_exec{};  // PR_SET_MDWE

  /// What a child, or the program that is executed next, begins with.
  constexpr SpaceModes inherited() const noexcept {
    const bool keeps = !write_exec.has_any(write_exec::no_inherit);
    return {merges_same_pages, read_implies_exec, keeps ? write_exec : WriteExecFlags{}};
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
