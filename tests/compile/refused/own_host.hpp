// SPDX-License-Identifier: MIT
//
// What hosts are put together from that derive from no ready one, but for what each gets wrong.
#pragma once

#include <vmarea/vmarea.hpp>
#include <vmarea_shims/userland.hpp>

/// Locks of one's own, without the type of an area's lock and without unlock_space.
template <class AreaLock>
struct IncompleteLocks : vmarea::NoLookups {
  static constexpr bool has_lock_all = false;
  static constexpr bool has_area_locks = true;
  using SpaceLock = vmarea::Absent<struct SpaceLockTag>;
  vmarea::Result<void> lock_space(SpaceLock&) noexcept { return {}; }
  vmarea::Result<void> lock_space_shared(SpaceLock&) const noexcept { return {}; }
  void unlock_space_shared(SpaceLock&) const noexcept {}
  void assert_space_locked(SpaceLock&) noexcept {}
  void begin_area_write(SpaceLock&, AreaLock&) noexcept {}
  void attach_area(SpaceLock&, AreaLock&) noexcept {}
  void detach_area(AreaLock&) noexcept {}
  template <class FileHandle>
  void lock_file_mapping(FileHandle) noexcept {}
  template <class FileHandle>
  void unlock_file_mapping(FileHandle) noexcept {}
  void lock_identity(vmarea::AnonIdentity) noexcept {}
  void unlock_identity(vmarea::AnonIdentity) noexcept {}
};
using OwnAreaLock = vmarea::Absent<struct AreaLockTag>;

/// The tree, and what to do with a broken promise.
struct OwnTree : vmarea::shims::AbortOnBrokenPromise {
  template <class AreaType>
  using Tree = vmarea::shims::maple_tree<AreaType, vmarea::shims::HeapMemory>;
  template <class AreaType>
  static Tree<AreaType> make_tree() {
    return Tree<AreaType>{};
  }
};

/// All but the locks.
struct OwnGroups : vmarea::shims::HeapMemory,
                   vmarea::NoReverseMap,
                   vmarea::NoPageTables,
                   vmarea::NoFiles,
                   vmarea::NoAttributes,
                   vmarea::NoLimits,
                   vmarea::NoNotifications,
                   OwnTree {};
