// SPDX-License-Identifier: MIT
//
// A bare number as a protection, where memory is named by a range.
#include <vmarea/vmarea.hpp>
#include <vmarea_shims/userland.hpp>

vmarea::Result<void> protect(vmarea::AddressSpace<vmarea::shims::Userland>& space,
                             vmarea::Range range) {
#ifdef VMAREA_MUST_NOT_COMPILE
  return space.mprotect(range, 3);
#else
  return space.mprotect(range, vmarea::prot::read);
#endif
}
