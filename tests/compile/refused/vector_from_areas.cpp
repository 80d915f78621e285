// SPDX-License-Identifier: MIT
//
// A vector of areas comes from two iterators, as from any range.
#include <vector>

#include <vmarea/vmarea.hpp>
#include <vmarea_shims/userland.hpp>

using Host = vmarea::shims::Userland;

std::vector<vmarea::Description<Host>> copy(const vmarea::AddressSpace<Host>& space) {
#ifdef VMAREA_MUST_NOT_COMPILE
  std::vector<vmarea::Description<Host>> all = space.areas();
  return all;
#else
  const auto areas = space.areas();
  return {areas.begin(), areas.end()};
#endif
}
