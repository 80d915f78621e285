// SPDX-License-Identifier: MIT
//
// Which areas of the kernel's have an identity (Linux: an anon_vma), and which the same one. No
// file of /proc shows it: a program inside the kernel sees it, where one may be loaded.
#pragma once

#include <span>
#include <string>
#include <vector>

#include <sys/types.h>
#include <vmarea/types/range.hpp>

#include "live/area_program/area_program.hpp"

namespace follow {

class KernelIdentities {
 public:
  /// Loaded when it is asked for first; null where that is not possible.
  static const KernelIdentities* find();
  /// Why it is null.
  static std::string why_not();

  /// The task's areas that have a byte in `range`, in ascending order; empty if they could not be
  /// read. The task is stopped.
  std::vector<ViewedArea> read(pid_t task, vmarea::Range range) const;

 private:
  KernelIdentities() : program_(1, vmarea::live::AreaProgram::Of::any_task) {}
  static const KernelIdentities& loaded();

  vmarea::live::AreaProgram program_;
};

}  // namespace follow
