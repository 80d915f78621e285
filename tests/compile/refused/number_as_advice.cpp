// SPDX-License-Identifier: MIT
//
// A bare number as an advice, planned: MADV_ numbers become ours by advice_from().
#include <vmarea/vmarea.hpp>
#include <vmarea_shims/userland.hpp>

bool advise(vmarea::AddressSpace<vmarea::shims::Userland>& space, int number) {
#ifdef VMAREA_MUST_NOT_COMPILE
  const auto change = space.plan_madvise(0x1000, 0x1000, number);
#else
  const auto change = space.plan_madvise(0x1000, 0x1000, *vmarea::advice_from(number));
#endif
  return change.status().has_value();
}
