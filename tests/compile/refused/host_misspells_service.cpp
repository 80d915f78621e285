// SPDX-License-Identifier: MIT
//
// A host that writes its own locks and misspells one.
#include "own_host.hpp"

struct OwnLocks : IncompleteLocks<OwnAreaLock> {
  using AreaLock = OwnAreaLock;
#ifdef VMAREA_MUST_NOT_COMPILE
  void unlok_space(SpaceLock&) noexcept {}
#else
  void unlock_space(SpaceLock&) noexcept {}
#endif
};

struct Host : OwnGroups, OwnLocks {};

constexpr std::size_t size = sizeof(vmarea::AddressSpace<Host>);
