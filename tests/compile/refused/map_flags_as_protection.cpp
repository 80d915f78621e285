// SPDX-License-Identifier: MIT
//
// PROT_ and MAP_ bits mixed up: MAP_SHARED is PROT_READ to a compiler that sees only numbers.
#include <vmarea/vmarea.hpp>
#include <vmarea_shims/userland.hpp>

vmarea::Result<void> protect(vmarea::AddressSpace<vmarea::shims::Userland>& space) {
#ifdef VMAREA_MUST_NOT_COMPILE
  return space.mprotect(0x1000, 0x1000, vmarea::map::shared);
#else
  return space.mprotect(0x1000, 0x1000, vmarea::prot::read);
#endif
}
