// SPDX-License-Identifier: MIT
//
// An area that is changed by a plan, which has the state only to look at.
#include <vmarea/vmarea.hpp>
#include <vmarea_shims/userland.hpp>

vmarea::Flags change(const vmarea::SpaceState<vmarea::shims::Userland>& state) {
#ifdef VMAREA_MUST_NOT_COMPILE
  find_area(state, 0x1000)->flags = vmarea::flag::read;
#endif
  return find_area(state, 0x1000)->flags;
}
