// SPDX-License-Identifier: MIT
//
// A bare number as a protection: what a guest passed is named as such where it comes in.
#include <vmarea/vmarea.hpp>
#include <vmarea_shims/userland.hpp>

vmarea::Result<void> protect(vmarea::AddressSpace<vmarea::shims::Userland>& space) {
#ifdef VMAREA_MUST_NOT_COMPILE
  return space.mprotect(0x1000, 0x1000, 3u);
#else
  return space.mprotect(0x1000, 0x1000, vmarea::Protection{3u});
#endif
}
