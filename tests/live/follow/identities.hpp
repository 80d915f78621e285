// SPDX-License-Identifier: MIT
//
// Which areas of the kernel's have an identity (Linux: an anon_vma), and which the same one. No
// file of /proc shows it: a program inside the kernel sees it, where one may be loaded. It sees all
// flags, too, and which tasks sleep, in less time than /proc takes to say.
#pragma once

#include <span>
#include <string>
#include <vector>

#include <sys/types.h>
#include <vmarea/types/range.hpp>

#include "live/area_program/area_program.hpp"
#include "live/area_program/flag_bits.hpp"

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
  /// The tasks of its process, until they are read again; empty if they could not be read.
  std::span<const ViewedTask> read_tasks(pid_t task) const;
  /// What the bits of viewed areas mean, as far as smaps has told.
  static vmarea::live::FlagBits& flag_bits();

 private:
  KernelIdentities() : program_(1, vmarea::live::AreaProgram::Of::any_task) {}
  static const KernelIdentities& loaded();

  vmarea::live::AreaProgram program_;
};

}  // namespace follow
