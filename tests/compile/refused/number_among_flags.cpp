// SPDX-License-Identifier: MIT
//
// A bare number joined to flags of mremap.
#include <vmarea/vmarea.hpp>
#include <vmarea_shims/userland.hpp>

vmarea::Result<vmarea::Address> move(vmarea::AddressSpace<vmarea::shims::Userland>& space) {
  return space.mremap({.address = 0x1000,
                       .old_length = 0x1000,
                       .new_length = 0x2000,
#ifdef VMAREA_MUST_NOT_COMPILE
                       .flags = vmarea::remap::may_move | 2});
#else
                       .flags = vmarea::remap::may_move | vmarea::remap::fixed});
#endif
}
