// SPDX-License-Identifier: MIT
//
// An area that is changed behind the back of its space.
#include <vmarea/vmarea.hpp>
#include <vmarea_shims/userland.hpp>

vmarea::Flags change(vmarea::AddressSpace<vmarea::shims::Userland>& space) {
#ifdef VMAREA_MUST_NOT_COMPILE
  space.find(0x1000)->flags = vmarea::flag::read;
#endif
  return space.find(0x1000)->flags;
}
