// SPDX-License-Identifier: MIT
//
// A bare number as a protection among the arguments of mmap, which stand in braces.
#include <vmarea/vmarea.hpp>
#include <vmarea_shims/userland.hpp>

vmarea::Result<vmarea::Address> map(vmarea::AddressSpace<vmarea::shims::Userland>& space) {
#ifdef VMAREA_MUST_NOT_COMPILE
  return space.mmap({.length = 0x1000, .protection = 3});
#else
  return space.mmap({.length = 0x1000, .protection = vmarea::Protection{3}});
#endif
}
