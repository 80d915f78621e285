// SPDX-License-Identifier: MIT
//
// An error that nobody looks at: commit after a reserve that failed would have nothing to take.
#include <vmarea/vmarea.hpp>
#include <vmarea_shims/userland.hpp>

void unmap(vmarea::AddressSpace<vmarea::shims::Userland>& space) {
  auto change = space.plan_munmap(0x1000, 0x1000);
#ifdef VMAREA_MUST_NOT_COMPILE
  change.reserve();
#else
  if (!change.reserve()) return;
#endif
  (void)change.commit();
}
