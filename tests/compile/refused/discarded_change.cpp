// SPDX-License-Identifier: MIT
//
// A plan that nobody commits: it does nothing but hold the lock for a moment.
#include <vmarea/vmarea.hpp>
#include <vmarea_shims/userland.hpp>

void unmap(vmarea::AddressSpace<vmarea::shims::Userland>& space) {
#ifdef VMAREA_MUST_NOT_COMPILE
  space.plan_munmap(0x1000, 0x1000);
#else
  (void)space.plan_munmap(0x1000, 0x1000).complete();
#endif
}
