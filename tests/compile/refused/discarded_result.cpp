// SPDX-License-Identifier: MIT
//
// An error that nobody looks at.
#include <vmarea/vmarea.hpp>
#include <vmarea_shims/userland.hpp>

void unmap(vmarea::AddressSpace<vmarea::shims::Userland>& space) {
#ifdef VMAREA_MUST_NOT_COMPILE
  space.munmap(0x1000, 0x1000);
#else
  (void)space.munmap(0x1000, 0x1000);
#endif
}
