// SPDX-License-Identifier: MIT
//
// A vector of areas whose elements the compiler is to find out comes from two iterators, too.
#include <vector>

#include <vmarea/vmarea.hpp>
#include <vmarea_shims/userland.hpp>

std::size_t count(const vmarea::AddressSpace<vmarea::shims::Userland>& space) {
#ifdef VMAREA_MUST_NOT_COMPILE
  std::vector all(space.areas());
#else
  const auto areas = space.areas();
  std::vector all(areas.begin(), areas.end());
#endif
  return all.size();
}
