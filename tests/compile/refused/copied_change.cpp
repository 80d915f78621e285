// SPDX-License-Identifier: MIT
//
// A change that two could commit.
#include <utility>

#include <vmarea/vmarea.hpp>
#include <vmarea_shims/userland.hpp>

void unmap(vmarea::AddressSpace<vmarea::shims::Userland>& space) {
  auto change = space.plan_munmap(0x1000, 0x1000);
#ifdef VMAREA_MUST_NOT_COMPILE
  auto other = change;
#else
  auto other = std::move(change);
#endif
  (void)other.complete();
}
