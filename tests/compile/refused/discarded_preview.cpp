// SPDX-License-Identifier: MIT
//
// A preview that is not looked at: it is no call.
#include <vmarea/vmarea.hpp>
#include <vmarea_shims/userland.hpp>

void unmap(const vmarea::AddressSpace<vmarea::shims::Userland>& space) {
#ifdef VMAREA_MUST_NOT_COMPILE
  space.preview().plan_munmap(0x1000, 0x1000);
#else
  (void)space.preview().plan_munmap(0x1000, 0x1000).status();
#endif
}
