// SPDX-License-Identifier: MIT
//
// A host that writes its own locks and forgets the type of one.
#include "own_host.hpp"

struct OwnLocks : IncompleteLocks<OwnAreaLock> {
#ifndef VMAREA_MUST_NOT_COMPILE
  using AreaLock = OwnAreaLock;
#endif
  void unlock_space(SpaceLock&) noexcept {}
};

struct Host : OwnGroups, OwnLocks {};

constexpr std::size_t size = sizeof(vmarea::AddressSpace<Host>);
