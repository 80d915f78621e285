// SPDX-License-Identifier: MIT
//
// What a task's process allows and how its program was laid out, read from the kernel.
#pragma once

#include <string>
#include <vector>

#include <sys/types.h>
#include <vmarea_shims/profile_for.hpp>

#include "host.hpp"
#include "kernel_maps.hpp"

namespace follow {

/// Whether the task's rights are those that the kernel asks for about memory: they must be held in
/// the first user namespace.
bool has_rights_that_count(pid_t task);
/// The limits that hold for the next call of the task, which has these rights.
vmarea::Limits read_limits(pid_t task, std::uint64_t rights);
/// Whether shared memory may have huge pages here, for some of its sizes at least.
bool shared_memory_may_be_huge();
/// What the running kernel calls itself.
std::string release_of_kernel();
/// The profile of the running kernel, by its release.
const vmarea::shims::NamedProfile& profile_of_kernel();
/// The same, with what differs from machine to machine.
vmarea::KernelProfile read_profile();
/// Flags that this kernel gives all new memory: that it was written since someone asked.
vmarea::Flags find_marks_of_new_memory();
/// Flags for which this kernel has no letters in smaps.
vmarea::Flags find_unseen_flags();
/// How the driver of /dev/zero takes part in private mappings, which differs from kernel to kernel.
struct ZeroDeviceRules {
  vmarea::Placement placement = vmarea::Placement::plain;
  vmarea::DriverTurn driver_turn = vmarea::DriverTurn::after_joining;
};
const ZeroDeviceRules& zero_device_rules();
/// The largest single charge that the kernel grants here.
vmarea::PageCount read_charge_max();

/// Where the kernel put the parts of a program, seen at its exec: `areas` are those it starts with.
/// Where it will place mappings is not seen where it has placed none: on 6.1, where [vdso] lies
/// behind the stack, if the program is static. The base is then this one, until it has.
inline constexpr vmarea::Address unknown_base = vmarea::Geometry{}.limit;
vmarea::SpaceLayout read_layout(pid_t task, const std::vector<KernelArea>& areas);

/// The kernel's page counters of the task's space.
vmarea::PageTotals read_totals(pid_t task);

/// What the process chose for all of its memory, as far as the kernel shows it.
vmarea::SpaceModes read_modes(pid_t task);
/// Whether every readable mapping of the task is executable too (a personality).
bool read_implies_exec(pid_t task);
/// Whether the kernel places and lays out at random for this task.
bool is_randomised(pid_t task);

/// Whether the program was loaded without the rights that its file gives to those who run it: a
/// tracer without rights keeps them away.
bool lacks_rights_of_file(pid_t task);

/// Descriptions of the areas a program starts with.
std::vector<AreaDescription> describe_image(const std::vector<KernelArea>& areas,
                                            FileRegistry& files);
/// What one line of the kernel tells; an unknown file becomes one that only maps knows.
AreaDescription describe_shown(const KernelArea& area, FileRegistry& files);

}  // namespace follow
