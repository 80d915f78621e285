// SPDX-License-Identifier: MIT
#include "identities.hpp"

#include <sys/stat.h>

namespace follow {
namespace {

/// The kernel knows tasks by their numbers in its first namespace.
bool is_first_namespace_of_numbers() {
  constexpr ino_t first_namespace = 0xeffffffc;  // The kernel gives it this number for ever.
  struct stat status {};
  return stat("/proc/self/ns/pid", &status) == 0 && status.st_ino == first_namespace;
}

}  // namespace

const KernelIdentities& KernelIdentities::loaded() {
  static const KernelIdentities identities;
  return identities;
}

const KernelIdentities* KernelIdentities::find() {
  static const KernelIdentities* const found =
      is_first_namespace_of_numbers() && loaded().program_.is_loaded() ? &loaded() : nullptr;
  return found;
}

std::string KernelIdentities::why_not() {
  if (!is_first_namespace_of_numbers()) return "processes have other numbers in the kernel";
  return loaded().program_.why_not();
}

std::span<const ViewedTask> KernelIdentities::read_tasks(pid_t task) const {
  std::span<const ViewedTask> tasks;
  if (!program_.read_tasks(task, tasks)) return {};
  return tasks;
}

vmarea::live::FlagBits& KernelIdentities::flag_bits() {
  static vmarea::live::FlagBits bits;
  return bits;
}

std::vector<ViewedArea> KernelIdentities::read(pid_t task, vmarea::Range range) const {
  std::vector<ViewedArea> areas;
  for (vmarea::Address at = range.start; at < range.end;) {
    std::span<const ViewedArea> some;
    if (!program_.read(0, at, range.end, some, task)) return {};
    areas.insert(areas.end(), some.begin(), some.end());
    if (some.size() < AREA_VIEW_CAPACITY) break;
    at = some.back().end;
  }
  return areas;
}

}  // namespace follow
