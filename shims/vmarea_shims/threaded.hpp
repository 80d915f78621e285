// SPDX-License-Identifier: MIT
//
// A complete host for many threads: one of them changes a space, and any number look things up in
// it without waiting for that.
//
//   vmarea::AddressSpace<vmarea::shims::Threaded> space;
//   const vmarea::shims::ReaderThread here;     in each thread that looks things up often
//   const auto lookups = space.lookups();       in a fault handler, too
//   if (const auto seen = lookups.find(at)) ...
//
// Who may read what
//
//   what                           when                             who waits
//   range and flags of an area,    in lookups(): a copy, true at    nobody, ever
//     and which area it is           one moment
//   an area, but for own data      while lock_area() holds it       calls that change this area
//   the whole space: areas(),      under lock_shared(), or in the   calls; not lookups, and not
//     find(), totals(), modes()      thread that makes the calls      those who have areas
//   own data of areas              in the thread that makes the     -
//                                    calls, or by a lock of its own
//
// Which locks are taken in which order: a space's, then those of its areas. A thread that has an
// area by lock_area() makes no call on its space and locks neither it nor a second area, for a call
// may be waiting for the first. Handlers of signals look up, and never lock. Calls on different
// spaces go on at once, also over the same files and attributes.
//
// What is one moment: each edit of a space is, as a lookup sees it. So are mmap, munmap, brk,
// split, and a change of one area or of several that become one. Calls of several edits are several
// moments, and lookups see what lies between: mprotect, madvise, mlock, mlockall, mbind and the
// like, for each area that changes; mremap that moves, first where it goes and then where it was,
// and that for each of several areas; relocate_down. What must see none of it takes lock_shared().
// In the child of fork_into() nothing is looked up until it returns.
//
// No call goes on as a reader when its tree is written, as munmap of Linux does while it frees
// pages. Only lock_shared() would gain: lookups wait for nobody, and lock_area() for calls that
// change the very area. What takes a host long when memory goes, it does better behind the call and
// without any lock: in a notification or a close hook it notes what was unmapped.
//
// How it holds: a lookup reads tree nodes and never an area, and nodes that readers have seen do
// not change but for a child or a fact at a time. What calls remove stays in memory until every
// section that may have found it has ended, and goes back to the pools of its space then; a section
// without an end keeps all of it.
//
// The process may fork beside calls and lookups: in the child, locks are free and no lookup goes
// on. Requires of the thread that forks: it is in no lookups() and no lock_shared(); and that no
// thread has an area by lock_area(), for that would stay read-locked in the child.
//
// To differ in something, derive from ThreadedOf<Yourself>, as from UserlandOf. Spaces of this host
// do not move, for readers know where they are. A space ends after its last lookup.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <thread>

#include <pthread.h>
#include <vmarea_shims/area_lock.hpp>
#include <vmarea_shims/epochs.hpp>
#include <vmarea_shims/retiring_pool.hpp>
#include <vmarea_shims/space_lock.hpp>
#include <vmarea_shims/userland.hpp>

namespace vmarea::shims {

/// The grace periods of all spaces of the program.
inline constinit Epochs<> program_epochs;

/// Makes the calling thread a reader with a word of its own, which spares its lookups two additions
/// to words that threads share. A thread without is a guest, and so are signal handlers. Requires:
/// one at a time in a thread; it ends in the same one.
class ReaderThread {
 public:
  ReaderThread() noexcept : reader_(program_epochs.join()) { current_ = &reader_; }
  ReaderThread(const ReaderThread&) = delete;
  ReaderThread& operator=(const ReaderThread&) = delete;
  ~ReaderThread() {
    current_ = nullptr;
    program_epochs.leave(reader_);
  }
  /// Null in a thread that has none.
  static Epochs<>::Reader* current() noexcept { return current_; }

 private:
  Epochs<>::Reader reader_;
  static inline constinit thread_local Epochs<>::Reader* current_ = nullptr;
};

/// Only the thread that forked the process is in the child; the sections of all others are over.
inline void forget_readers_of_parent() noexcept {
  if (Epochs<>::Reader* const reader = ReaderThread::current()) {
    program_epochs.alone(*reader);
  } else {
    program_epochs.alone();
  }
}
inline const int forgets_readers_of_parent =
    pthread_atfork(nullptr, nullptr, forget_readers_of_parent);

/// Gives the processor up while it waits: whoever it waits for may want the same one.
struct YieldingAtomics : StandardAtomics {
  static void pause() noexcept { std::this_thread::yield(); }
};

/// Read sections by the epochs of the program. Another host's, such as the RCU of a kernel, has the
/// same members.
struct EpochGrace {
  using Periods = Epochs<>;  // What RetiringPool asks: stamp() and is_over(stamp).
  static Periods& periods() noexcept { return program_epochs; }

  struct ReadSection {
    Epochs<>::Reader* reader;  // Null: a guest.
    Epochs<>::Guest guest;
  };
  /// A thread that is in a section already, or is just about to be and was interrupted by this
  /// handler, comes as a guest.
  static ReadSection begin_read_section() noexcept {
    Epochs<>::Reader* const reader = ReaderThread::current();
    if (reader == nullptr || reader->is_in_section()) {
      return {nullptr, program_epochs.enter_guest()};
    }
    program_epochs.enter(*reader);
    return {reader, {}};
  }
  static void end_read_section(const ReadSection& section) noexcept {
    if (section.reader != nullptr) {
      program_epochs.exit(*section.reader);
    } else {
      program_epochs.exit_guest(section.guest);
    }
  }
};

/// Areas and nodes of one space. What is retired stays for as long as a reader may look at it.
template <class Grace = EpochGrace>
struct ThreadedMemory {
  struct AreaData {};
  static constexpr bool has_data_rules = false;
  using BlockPool = RetiringPool<HeapChunks, StandardAtomics, typename Grace::Periods>;

  /// What the tree takes its nodes from. Requires: the host stays where it is.
  struct Nodes {
    BlockPool* pool;
    void* allocate_node(std::size_t bytes, std::size_t alignment) const noexcept {
      return pool->take(Grace::periods(), bytes, alignment);
    }
    void release_node(void* node, std::size_t, std::size_t) const noexcept {
      pool->give_back(node);
    }
    void retire_node(void* node, std::size_t, std::size_t) const noexcept { pool->retire(node); }
  };

  ThreadedMemory() noexcept = default;
  /// A copy of a handle begins with pools of its own.
  ThreadedMemory(const ThreadedMemory&) noexcept(false) {}
  ThreadedMemory& operator=(const ThreadedMemory&) noexcept { return *this; }

  Nodes nodes() noexcept { return {&node_pool}; }
  void* allocate_area(std::size_t bytes, std::size_t alignment) noexcept {
    return area_pool.take(Grace::periods(), bytes, alignment);
  }
  void release_area(void* area, std::size_t, std::size_t) noexcept { area_pool.give_back(area); }
  void retire_area(void* area, std::size_t, std::size_t) noexcept { area_pool.retire(area); }
  void publish_retired() noexcept {
    node_pool.publish(Grace::periods());
    area_pool.publish(Grace::periods());
  }

  BlockPool area_pool;
  BlockPool node_pool;
};

inline namespace VMAREA_MACHINE {

/// What trees tell lookups of areas.
struct ThreadedFacts : AreaFacts {
  using Atomics = StandardAtomics;
};

/// Userland for a host named Host, with locks, published trees and read sections in the place of
/// none. Grace: EpochGrace, or read sections of the host's own.
template <class Host, class Grace = EpochGrace, class Maps = FilesAlone<Host>>
struct ThreadedOf : UserlandOf<Host, ThreadedMemory<Grace>, Maps> {
  // A write asks for all the nodes that it might copy and uses few: the others stay with the tree.
  static constexpr MapleTreeOptions tree_options{.mode = WriteMode::published, .spares = 8};
  template <class AreaType>
  using Tree =
      MapleTree<AreaType, typename ThreadedMemory<Grace>::Nodes, tree_options, ThreadedFacts>;
  template <class AreaType>
  Tree<AreaType> make_tree() {
    static_cast<void>(OneMachine<Host>::checked);
    return Tree<AreaType>{this->nodes()};
  }

  struct SpaceLock {
    SpaceMutex mutex;
    WriteSequence<YieldingAtomics> sequence;
  };
  static Result<void> lock_space(SpaceLock& lock) noexcept {
    lock.mutex.lock();
    return {};
  }
  /// What the calls removed until now can be found no more.
  void unlock_space(SpaceLock& lock) noexcept {
    this->publish_retired();
    lock.sequence.go_on();
    lock.mutex.unlock();
  }
  static Result<void> lock_space_shared(SpaceLock& lock) noexcept {
    lock.mutex.lock_shared();
    return {};
  }
  static void unlock_space_shared(SpaceLock& lock) noexcept { lock.mutex.unlock_shared(); }

  static constexpr bool has_area_locks = true;
  using AreaLock = AreaLockWord<YieldingAtomics>;
  static void begin_area_write(SpaceLock& space, AreaLock& area) noexcept {
    area.begin_write(space.sequence);
  }
  static void attach_area(SpaceLock& space, AreaLock& area) noexcept {
    area.attach(space.sequence);
  }
  static void detach_area(AreaLock& area) noexcept { area.detach(); }

  static constexpr bool has_lock_free_lookup = true;
  using ReadSection = typename Grace::ReadSection;
  static ReadSection begin_read_section() noexcept { return Grace::begin_read_section(); }
  static void end_read_section(const ReadSection& section) noexcept {
    Grace::end_read_section(section);
  }

  static constexpr bool has_area_reads = true;
  static bool begin_area_read(SpaceLock& space, AreaLock& area) noexcept {
    return area.begin_read(space.sequence);
  }
  static void end_area_read(AreaLock& area) noexcept { area.end_read(); }

  // Spaces of several threads map a file at once.
  using FileHandle = typename Maps::FileHandle;
  static void retain_file(FileHandle file) noexcept {
    std::atomic_ref(file->references).fetch_add(1, std::memory_order_relaxed);
  }
  static void release_file(FileHandle file) noexcept {
    const auto before = std::atomic_ref(file->references).fetch_sub(1, std::memory_order_acq_rel);
    if (before == 1) end_file(file);
  }
};

struct Threaded : ThreadedOf<Threaded> {};

/// The same with every promise and every use of a lock checked.
struct CheckedThreaded : Checked<ThreadedOf<CheckedThreaded>> {};

}  // namespace VMAREA_MACHINE
}  // namespace vmarea::shims
