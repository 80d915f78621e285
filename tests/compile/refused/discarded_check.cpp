// SPDX-License-Identifier: MIT
//
// What is broken is looked for, and nobody hears of it.
#include <vmarea/vmarea.hpp>
#include <vmarea_shims/userland.hpp>

void look(const vmarea::AddressSpace<vmarea::shims::Userland>& space) {
#ifdef VMAREA_MUST_NOT_COMPILE
  check(space);
#else
  (void)check(space);
#endif
}
