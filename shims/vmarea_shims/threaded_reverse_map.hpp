// SPDX-License-Identifier: MIT
//
// The host for many threads with a reverse map and page tables: spaces that threads change at once
// may map the same files, and may be each other's children.
//
//   vmarea::AddressSpace<vmarea::shims::ThreadedReverseMap> space;
//
//   thread 1   [AAAA id 2)[FFFF)      changes its space, under that space's lock
//                   |        |
//              root of id 2  mapping of F      a lock each, held while an area enters or leaves
//                   |        |
//   thread 2   [AAAA id 4)[FFFF)      a child of the other space
//
// What threaded.hpp says holds here, too. The locks of file mappings and of the roots of identities
// come behind those of spaces and areas, in this order, and a call has at most one of each at a
// time; AllLocks has those of a whole space, for one thread of the program at a time. A walk of the
// areas that map a file locks its mapping; it may read their ranges and flags then, of any space:
//
//   host.lock_file_mapping(&file);
//   host.for_each_area(*file.mapping, first_page, last_page, [](Area<Host>& area) { ... });
//   host.unlock_file_mapping(&file);
//
// The walk makes no call and takes no other lock. The process may fork beside all of this: these
// locks are held under the lock of a space only, but for walks, which must not be going on then.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>

#include <vmarea_shims/page_table.hpp>
#include <vmarea_shims/reverse_map.hpp>
#include <vmarea_shims/reverse_map/mapped_files.hpp>
#include <vmarea_shims/threaded.hpp>

namespace vmarea::shims {

/// One byte, for each identity has one, and held for a moment only, but by AllLocks. It may end as
/// soon as another thread has unlocked it.
class ByteLock {
 public:
  void lock() noexcept {
    while (taken_.exchange(true, std::memory_order_acquire)) YieldingAtomics::pause();
  }
  void unlock() noexcept { taken_.store(false, std::memory_order_release); }

 private:
  std::atomic<bool> taken_ = false;
};

struct LockedFileMapping : FileMapping {
  ByteLock lock;
};

/// Files, their areas and those of identities, and pages. Links and tables come from malloc, for an
/// identity may end with an area of another space than it began with.
template <class Host>
struct ThreadedMaps : MappedFiles<Host, LockedFileMapping>,
                      ReverseMap<Host, ByteLock>,
                      PageTables<Host> {
  using FileHandle = typename MappedFiles<Host, LockedFileMapping>::FileHandle;

  static void lock_file_mapping(FileHandle file) noexcept { file->mapping->lock.lock(); }
  static void unlock_file_mapping(FileHandle file) noexcept { file->mapping->lock.unlock(); }

  static constexpr bool has_lock_all = true;
  static void begin_lock_all() noexcept { lock_all_.lock(); }
  static void end_lock_all() noexcept { lock_all_.unlock(); }
  static bool signal_pending() noexcept { return false; }

  static void* allocate_link(std::size_t bytes, std::size_t alignment) noexcept {
    return HeapMemory::allocate(bytes, alignment);
  }
  static void release_link(void* link, std::size_t bytes, std::size_t alignment) noexcept {
    HeapMemory::release(link, bytes, alignment);
  }
  static void* allocate_table(std::size_t bytes, std::size_t alignment) noexcept {
    return HeapMemory::allocate(bytes, alignment);
  }
  static void release_table(void* table, std::size_t bytes, std::size_t alignment) noexcept {
    HeapMemory::release(table, bytes, alignment);
  }
  static std::uint64_t new_token() noexcept {
    return last_token_.fetch_add(1, std::memory_order_relaxed) + 1;
  }

 private:
  static inline std::mutex lock_all_;
  static inline std::atomic<std::uint64_t> last_token_ = 0;
};

inline namespace VMAREA_MACHINE {

/// ThreadedOf with them, for a host named Host.
template <class Host, class Grace = EpochGrace>
struct ThreadedReverseMapOf : ThreadedOf<Host, Grace, ThreadedMaps<Host>> {
  using Maps = ThreadedMaps<Host>;
  // In the place of those of a host with nothing to lock.
  using Maps::has_lock_all;
  using Maps::lock_file_mapping;
  using Maps::lock_identity;
  using Maps::unlock_file_mapping;
  using Maps::unlock_identity;
};

struct ThreadedReverseMap : ThreadedReverseMapOf<ThreadedReverseMap> {};

/// The same with every promise and every use of a lock checked.
struct CheckedThreadedReverseMap : Checked<ThreadedReverseMapOf<CheckedThreadedReverseMap>> {};

}  // namespace VMAREA_MACHINE
}  // namespace vmarea::shims
