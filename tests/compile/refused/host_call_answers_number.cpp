// SPDX-License-Identifier: MIT
//
// A host call that answers as a system call does: nobody knows which numbers are errors.
#include <vmarea/vmarea.hpp>
#include <vmarea_shims/userland.hpp>

bool protect(vmarea::AddressSpace<vmarea::shims::Userland>& space) {
  auto change = space.plan_mprotect(0x1000, 0x1000, vmarea::prot::read);
#ifdef VMAREA_MUST_NOT_COMPILE
  return change.run([] { return 0; }).has_value();
#else
  return change.run([] { return vmarea::success; }).has_value();
#endif
}
