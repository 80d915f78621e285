// SPDX-License-Identifier: MIT
//
// A host that writes its own locks and forgets the type of one.
#include <vmarea/vmarea.hpp>
#include <vmarea_shims/userland.hpp>

struct OwnLocks {
  static constexpr bool has_lock_all = false;
  static constexpr bool has_area_locks = true;
  using SpaceLock = vmarea::Absent<struct SpaceLockTag>;
  using AnyLock = vmarea::Absent<struct AreaLockTag>;
#ifndef VMAREA_MUST_NOT_COMPILE
  using AreaLock = AnyLock;
#endif
  vmarea::Result<void> lock_space(SpaceLock&) noexcept {
    return {};
  }
  void unlock_space(SpaceLock&) noexcept {}
  vmarea::Result<void> lock_space_shared(SpaceLock&) const noexcept {
    return {};
  }
  void unlock_space_shared(SpaceLock&) const noexcept {}
  void assert_space_locked(SpaceLock&) noexcept {}
  void begin_area_write(SpaceLock&, AnyLock&) noexcept {}
  void attach_area(AnyLock&) noexcept {}
  void detach_area(AnyLock&) noexcept {}
  template <class FileHandle>
  void lock_file_mapping(FileHandle) noexcept {}
  template <class FileHandle>
  void unlock_file_mapping(FileHandle) noexcept {}
  void lock_identity(vmarea::AnonIdentity) noexcept {}
  void unlock_identity(vmarea::AnonIdentity) noexcept {}
};

struct Host : vmarea::shims::HeapMemory,
              OwnLocks,
              vmarea::NoReverseMap,
              vmarea::NoPageTables,
              vmarea::NoFiles,
              vmarea::NoAttributes,
              vmarea::NoLimits,
              vmarea::NoNotifications,
              vmarea::shims::AbortOnBrokenPromise {
  template <class AreaType>
  using Tree = vmarea::shims::maple_tree<AreaType, vmarea::shims::HeapMemory>;
  template <class AreaType>
  static Tree<AreaType> make_tree() {
    return Tree<AreaType>{};
  }
};

constexpr std::size_t size = sizeof(vmarea::AddressSpace<Host>);
