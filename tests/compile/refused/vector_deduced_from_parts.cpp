// SPDX-License-Identifier: MIT
//
// A vector of the parts of areas that lie in a range comes from two iterators as well.
#include <vector>

#include <vmarea/vmarea.hpp>
#include <vmarea_shims/userland.hpp>

std::size_t count(const vmarea::AddressSpace<vmarea::shims::Userland>& space) {
#ifdef VMAREA_MUST_NOT_COMPILE
  std::vector all(space.parts_in({0x1000, 0x2000}));
#else
  const auto areas = space.parts_in({0x1000, 0x2000});
  std::vector all(areas.begin(), areas.end());
#endif
  return all.size();
}
