// SPDX-License-Identifier: MIT
//
// Groups of services that a host may do without, to derive from: each does nothing, holds nothing
// and costs nothing. A host is the sum of what it writes and of these.
#pragma once

#include "vmarea/host/services.hpp"

namespace vmarea {

/// A thread that looks something up holds a lock, or nothing changes meanwhile.
struct NoLookups {
  static constexpr bool has_lock_free_lookup = false;
  static constexpr bool has_area_reads = false;
  using ReadSection = Absent<struct NoReadSection>;
};

/// One thread: there is no other to lock out.
struct NoLocks : NoLookups {
  static constexpr bool has_lock_all = false;
  static constexpr bool has_area_locks = false;
  using SpaceLock = Absent<struct NoSpaceLock>;
  using AreaLock = Absent<struct NoAreaLock>;
  static Result<void> lock_space(SpaceLock&) noexcept { return {}; }
  static void unlock_space(SpaceLock&) noexcept {}
  static Result<void> lock_space_shared(SpaceLock&) noexcept { return {}; }
  static void unlock_space_shared(SpaceLock&) noexcept {}
  // Also for a host that has a lock of its own for its spaces.
  template <class Lock>
  static void assert_space_locked(Lock&) noexcept {}
  template <class Lock>
  static void begin_area_write(Lock&, AreaLock&) noexcept {}
  template <class Lock>
  static void attach_area(Lock&, AreaLock&) noexcept {}
  static void detach_area(AreaLock&) noexcept {}
  template <class FileHandle>
  static void lock_file_mapping(FileHandle) noexcept {}
  template <class FileHandle>
  static void unlock_file_mapping(FileHandle) noexcept {}
  static void lock_identity(AnonIdentity) noexcept {}
  static void unlock_identity(AnonIdentity) noexcept {}
};

/// Nothing of the host's own is kept with an area.
struct NoOwnData {
  static constexpr bool has_data_rules = false;
  struct AreaData {};
};

/// Identities are numbers; a page is never asked for the areas that map it.
struct NoReverseMap {
  static constexpr bool has_reverse_map = false;
  using ReverseMapEntry = Absent<struct NoReverseMapEntry>;
  using LinkReservation = Absent<struct NoLinkReservation>;
};

/// The pages are kept elsewhere.
struct NoPageTables {
  static constexpr bool has_page_tables = false;
  using PageTable = Absent<struct NoPageTable>;
};

/// Anonymous memory only.
struct NoFiles {
  enum class FileHandle : std::uint64_t { none };
  static FileRules file_rules(FileHandle) noexcept { return {.mappable = false}; }
  template <class Wanted>
  static Result<void> prepare_mapping(FileHandle, Wanted&) noexcept {
    return Error::no_device;
  }
  static Result<FileHandle> make_shared_memory(std::uint64_t) noexcept { return Error::no_device; }
  static Result<FileHandle> make_huge_memory(std::uint64_t, unsigned) noexcept {
    return Error::no_memory;
  }
  static void retain_file(FileHandle) noexcept {}
  static void release_file(FileHandle) noexcept {}
};

/// Userfault contexts without features, or none at all.
struct NoUserfaultEvents {
  static constexpr bool has_userfault_events = false;
  using EventReservation = Absent<struct NoEventReservation>;
  static UserfaultRules userfault_rules(UserfaultContext) noexcept { return {}; }
};

/// No policies, userfault contexts or names: calls that would give one have no memory for it.
struct NoAttributes : NoUserfaultEvents {
  static const Attributes* intern_attributes(const Attributes&) noexcept { return nullptr; }
  static void begin_interning() noexcept {}
  static void end_interning() noexcept {}
  static void retain_attributes(const Attributes*) noexcept {}
  static void release_attributes(const Attributes*) noexcept {}
};

/// Memory without end, with the default geometry and profile.
struct NoLimits {
  static constexpr Geometry geometry() noexcept { return {}; }
  static constexpr KernelProfile profile() noexcept { return linux_6_18; }
  static constexpr Limits limits() noexcept { return {}; }
  static Result<void> charge(PageCount) noexcept { return {}; }
  static void uncharge(PageCount) noexcept {}
};

struct NoNotifications {
  static constexpr bool has_notices = false;
};

}  // namespace vmarea
