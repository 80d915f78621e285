// SPDX-License-Identifier: MIT
//
// A space that is copied without fork: two owners of the same areas.
#include <vmarea/vmarea.hpp>
#include <vmarea_shims/userland.hpp>

void copy(vmarea::AddressSpace<vmarea::shims::Userland>& space) {
#ifdef VMAREA_MUST_NOT_COMPILE
  vmarea::AddressSpace<vmarea::shims::Userland> child = space;
#else
  vmarea::AddressSpace<vmarea::shims::Userland> child;
  (void)space.fork_into(child);
#endif
}
