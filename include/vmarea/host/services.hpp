// SPDX-License-Identifier: MIT
//
// THE DOOR: everything the core asks of its host, and nothing else.
//
//   memory    areas, and the tree that holds them          may fail: only allocate, reserve
//   own data  joined, cut, kept apart      (declared)     never fails
//   locks     space, area, file mapping, identity          may fail: lock_space, _shared (EINTR)
//   lock all  every lock of a space        (declared)     never fails
//   lookups   without a lock; area reads   (declared)     never fails
//   reverse   which areas map a page        (declared)     may fail: only reserve_
//   pages     page tables                   (declared)     may fail: only reserve_ and copy_pages
//   files     an opaque handle and its rules               may fail: only prepare_ and make_
//   attrs     policies, userfaultfd contexts, names        may fail: only intern_
//   userfault contexts' rules, and events   (declared)     may fail: only reserve_
//   limits    rlimits, commit charge, map count            may fail: only charge
//   notify    ten kinds of event, one function (declared)  never fails
//
// Services are a copyable handle to the host's state; an empty handle costs nothing. A new host
// derives from a ready one and writes only what differs. Declared groups follow a constant such as
// `static constexpr bool has_reverse_map = false;`: nothing is detected.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "vmarea/host/area_facts.hpp"
#include "vmarea/host/area_tree.hpp"
#include "vmarea/host/notice.hpp"
#include "vmarea/host/profile.hpp"
#include "vmarea/types/area.hpp"
#include "vmarea/types/flags.hpp"
#include "vmarea/types/range.hpp"
#include "vmarea/types/result.hpp"

namespace vmarea {

/// The limits that calls compare with, in the units that their names say; `no_limit` is none.
struct Limits {
  static constexpr std::uint64_t no_limit = ~std::uint64_t{0};

  std::uint64_t address_space_bytes = no_limit;  // RLIMIT_AS
  std::uint64_t data_bytes = no_limit;           // RLIMIT_DATA, soft
  std::uint64_t data_bytes_hard = no_limit;      // RLIMIT_DATA, hard
  std::uint64_t stack_bytes = no_limit;          // RLIMIT_STACK
  std::uint64_t locked_bytes = no_limit;         // RLIMIT_MEMLOCK
  std::uint64_t area_count_max = 65530;          // vm.max_map_count; mmap may reach one more.
  std::uint64_t stack_guard_gap_pages = 256;
  std::uint64_t huge_pages_free_bytes = 0;  // For map::huge_tlb without map::no_reserve.
  bool may_lock_any = true;                 // CAP_IPC_LOCK
  bool may_map_lowest = true;      // CAP_SYS_RAWIO: fixed mappings below Geometry::fixed_min
  bool strict_overcommit = false;  // no_reserve is not honoured.
};

/// How the address of a mapping of this file is chosen.
enum class Placement : unsigned char {
  plain,       // The ordinary search.
  huge_pages,  // Congruent to the offset modulo a huge page, where it is long enough.
  own,         // A chooser that the core does not know.
};

/// What holds the pages of a file.
enum class Storage : unsigned char {
  file_system,
  memory,            // tmpfs or a memfd, but no System V segment: userfaultfd can watch it.
  anonymous_memory,  // Shared memory that mmap made: it can have a name, too.
};

/// What mmap wants to know of an open file.
struct FileRules {
  bool readable = true;
  bool writable = true;
  bool append_only = false;
  bool may_exec = true;  // False on a mount without execution.
  bool mappable = true;  // False: ENODEV.
  bool write_sealed = false;
  bool synchronous = false;  // MAP_SYNC is understood.
  Placement placement = Placement::plain;
  Storage storage = Storage::file_system;
  DriverTurn driver_turn = DriverTurn::before_joining;
  std::uint64_t bytes_max = ~std::uint64_t{0} >> 1;  // No mapping reaches past it.
  std::uint64_t segment_bytes = 0;                   // Of a System V segment; 0: not one.
  // Of a file of huge pages (hugetlbfs), the size of one, with huge_page_hooks() from its driver.
  unsigned page_shift = 0;
};

/// What the owner of a userfaultfd asked for (UFFD_FEATURE_...). Events need has_userfault_events.
struct UserfaultRules {
  bool protects_async = false;  // Write protection alone watches memory of every kind.
  bool unmap_events = false;
  bool remap_events = false;  // And the context goes along with moved memory.
  bool fork_events = false;   // And the child's memory is watched, too.
};

/// A T, or a reference to one.
template <class Answer, class T>
concept ValueOf = std::same_as<std::remove_cvref_t<Answer>, T>;

// Clang-format 14 tears the requirements below apart.
// clang-format off

/// Memory of areas. allocate_area returns null when memory runs out; release_area takes back what
/// no reader ever saw, retire_area what a lock-free reader may still look at.
template <class Host>
concept MemoryServices = requires(Host s, void* object, std::size_t bytes) {
  { s.allocate_area(bytes, bytes) } noexcept -> std::same_as<void*>;
  { s.release_area(object, bytes, bytes) } noexcept;
  { s.retire_area(object, bytes, bytes) } noexcept;
  typename Host::AreaData;
  // Commit copies it, and commit cannot fail.
  requires std::is_nothrow_default_constructible_v<typename Host::AreaData>;
  requires std::is_nothrow_copy_assignable_v<typename Host::AreaData>;
  requires std::is_nothrow_move_assignable_v<typename Host::AreaData>;
  requires std::is_nothrow_copy_constructible_v<typename Host::AreaData>;
  requires std::is_nothrow_destructible_v<typename Host::AreaData>;
};

/// Stands in for a host that has no say about its data.
template <class Data>
struct AnyDataRules {
  static bool may_join(const Data&, const Data&) noexcept;
  static Data split_data(Data&, const DataCut&) noexcept;
  static void join_data(Data&, Data&, const DataSeam&) noexcept;
};
template <class Host>
concept DecidesAboutData = requires(const Host planning, const typename Host::AreaData& data) {
  planning.may_join(data, data);
};
template <class Host>
using DataRules = std::conditional_t<Host::has_data_rules, Host,
                                     AnyDataRules<typename Host::AreaData>>;
/// Own data of areas, where the host declares that it has a say. Elsewhere it is copied with its
/// area, and a merge keeps that of the object which stays. may_join is asked while planning, where
/// all else agrees, any number of times: it has no effect, and is an equivalence that cutting and
/// joining leave alone. Commit calls the others, holding the space lock: split_data leaves in its
/// argument what is below the cut and gives what is above; join_data puts what the second holds,
/// which stands above, into the first.
///   mmap ...  new memory has what its call brings, that of brk AreaData{}, and joins by that
///   mremap    copies, cut to what moves; the source's goes with it, or stays with DONTUNMAP
///   resizing  what grows keeps its data as it is; of what shrinks, a part is cut off and ends
///   munmap    it ends with its area, and the close hook still sees it; fork copies
template <class Host>
concept DataServices = requires(DataRules<Host> s, const DataRules<Host> planning,
                                typename Host::AreaData& data, const DataCut& cut,
                                const typename Host::AreaData& seen, const DataSeam& seam) {
  { planning.may_join(seen, seen) } noexcept -> std::same_as<bool>;
  { s.split_data(data, cut) } noexcept -> std::same_as<typename Host::AreaData>;
  { s.join_data(data, data, seam) } noexcept;
  requires Host::has_data_rules == DecidesAboutData<Host>;  // Undeclared, it is never asked.
};

/// The tree of an address space, made by the host so that it chooses node size and memory.
template <class Host>
concept TreeServices = requires(Host s) {
  typename Host::template Tree<Area<Host>>;
  requires AreaTree<typename Host::template Tree<Area<Host>>, Area<Host>>;
  { s.template make_tree<Area<Host>>() } -> std::same_as<typename Host::template Tree<Area<Host>>>;
};

/// Locks, in the order of space_state.hpp. lock_space may refuse when the waiter is being
/// killed, but never to the call that clears a space at its end. lock_space_shared, which may
/// refuse, too, keeps writers out and lets other readers in; calls never ask for it, and a thread
/// that has it unlocks the space before it makes a call.
/// An area write lock has no end: unlocking the space ends all of them. It is begun by
/// begin_area_write, and for a new area, which nobody can reach yet, by attach_area. Where areas
/// have no locks, begin_area_write is not called, so that areas need not be looked for.
template <class Host>
concept LockServices = requires(Host s, const Host reading, typename Host::SpaceLock& space,
                                typename Host::AreaLock& area,
                                typename Host::FileHandle file, AnonIdentity identity) {
  requires Host::has_area_locks || std::is_empty_v<typename Host::AreaLock>;
  { s.lock_space(space) } noexcept -> std::same_as<Result<void>>;
  { s.unlock_space(space) } noexcept;
  { reading.lock_space_shared(space) } noexcept -> std::same_as<Result<void>>;
  { reading.unlock_space_shared(space) } noexcept;
  { s.assert_space_locked(space) } noexcept;
  { s.begin_area_write(space, area) } noexcept;
  { s.attach_area(space, area) } noexcept;  // About to be reachable, and being written.
  { s.detach_area(area) } noexcept;  // The area is no longer reachable.
  { s.lock_file_mapping(file) } noexcept;
  { s.unlock_file_mapping(file) } noexcept;
  { s.lock_identity(identity) } noexcept;
  { s.unlock_identity(identity) } noexcept;
};

/// Lookups without a lock, beside calls on other threads. The tree answers them; what it retires,
/// and what retire_area is given, stays in memory until every read section has ended that had begun
/// by then. Sections never wait, also for each other; one thread may have several at a time.
template <class Host>
concept LookupServices = !Host::has_lock_free_lookup ||
    (LookupTree<typename Host::template Tree<Area<Host>>, Area<Host>> &&
     requires(const Host reading, typename Host::ReadSection section) {
       requires Host::template Tree<Area<Host>>::Told::fact_words == AreaFacts::words;
       { reading.begin_read_section() } noexcept -> std::same_as<typename Host::ReadSection>;
       { reading.end_read_section(section) } noexcept;
     });

/// Read locks of single areas (declared), which lookups lead to. begin_area_read never waits: false
/// while the area is written, after it was detached, and where it can count no more readers;
/// begin_area_write waits until the last one ended. Under the shared space lock no area is written.
template <class Host>
concept AreaReadServices = !Host::has_area_reads ||
    (Host::has_area_locks && Host::has_lock_free_lookup &&
     requires(const Host reading, typename Host::SpaceLock& space, typename Host::AreaLock& area) {
       { reading.begin_area_read(space, area) } noexcept -> std::same_as<bool>;
       { reading.end_area_read(area) } noexcept;
     });

/// Locking everything of a space at once. One such operation goes on at a time, in all spaces, and
/// marks belong to it. A mapping or root that many areas share is marked once: mark_ says whether
/// this call set the mark, unmark_ whether it took it away; an identity stands for its root.
template <class Host>
concept LockAllServices = !Host::has_lock_all || requires(Host s, typename Host::FileHandle file,
                                                       AnonIdentity identity) {
  { s.begin_lock_all() } noexcept;  // Waits for the one that goes on.
  { s.end_lock_all() } noexcept;
  { s.signal_pending() } noexcept -> std::same_as<bool>;  // Locking all is to be given up.
  { s.mark_file_mapping(file) } noexcept -> std::same_as<bool>;
  { s.unmark_file_mapping(file) } noexcept -> std::same_as<bool>;
  { s.mark_identity(identity) } noexcept -> std::same_as<bool>;
  { s.unmark_identity(identity) } noexcept -> std::same_as<bool>;
};

/// What areas, changes and spaces carry for the declared groups: empty types where a group is
/// absent.
template <class Host>
concept DeclaredTypes = requires {
  typename Host::ReverseMapEntry;
  typename Host::LinkReservation;
  typename Host::PageTable;
  typename Host::EventReservation;
};

/// The reverse map: chains and interval trees of identities, interval trees of files. Reservations
/// happen between plan and commit; everything else is called by commit, holding the space lock for
/// write, the mapping's and the identity's lock, and cannot fail. A source without links when they
/// are reserved gets its first in the same change: one link is enough for it.
template <class Host>
concept ReverseMapServices =
    !Host::has_reverse_map ||
    requires(Host s, Area<Host>& area, const Area<Host>& source,
             typename Host::LinkReservation& links) {
  { s.reserve_links(links, source) } noexcept -> std::same_as<Result<void>>;
  { s.reserve_identity(links) } noexcept -> std::same_as<Result<void>>;
  { s.reserve_fork(links, source) } noexcept -> std::same_as<Result<void>>;
  { s.unreserve_links(links) } noexcept;
  { s.new_identity(links, area) } noexcept -> std::same_as<AnonIdentity>;
  { s.clone_links(links, area, source) } noexcept;  // area has no links yet
  { s.fork_links(links, area, source) } noexcept -> std::same_as<AnonIdentity>;
  { s.leave_trees(area) } noexcept;  // Before start, end or page offset change.
  { s.enter_trees(area) } noexcept;  // After; links a new area's file as well.
  { s.unlink(area) } noexcept;  // Out of everything, links given back.
};

/// Page tables. move_pages and install_page cannot fail: the reserve_ before took what they need,
/// even if tables there are freed in between; unreserve_pages gives back what they left.
/// free_tables frees what serves `range` alone, between a floor and a ceiling; the space's limit
/// means no ceiling.
template <class Host>
concept PageServices = !Host::has_page_tables || requires(Host s, typename Host::PageTable& pages,
                                                       const typename Host::PageTable& parent,
                                                       Range range, Address at, Flags flags) {
  { s.unmap_pages(pages, range) } noexcept;
  { s.free_tables(pages, range, range) } noexcept;  // tables of range; (floor, ceiling)
  { s.reserve_page_move(pages, range, at) } noexcept -> std::same_as<Result<void>>;
  { s.move_pages(pages, range, at) } noexcept;
  { s.protect_pages(pages, range, flags) } noexcept;
  { s.reserve_page(pages, at) } noexcept -> std::same_as<Result<void>>;
  { s.install_page(pages, at) } noexcept;
  { s.unreserve_pages(pages) } noexcept;
  { s.copy_pages(pages, parent, range) } noexcept -> std::same_as<Result<void>>;
};

/// Files: an opaque, comparable handle; FileHandle{} is none. Two handles are equal if and only if
/// they are the same open file. prepare_mapping turns the descriptor of a mapping into what the
/// driver makes of it (flags, hooks, page offset, file); it is asked while planning: no effect. By
/// the driver's turn it is asked before the joins are decided, or not at all if there is one.
/// make_shared_memory makes the file behind anonymous shared memory of so many bytes; its reference
/// goes to the area. make_huge_memory does it for memory of huge pages, private or shared: its
/// file's rules have that page_shift, and its driver gives areas the hooks of that size.
template <class Host>
concept FileServices = std::equality_comparable<typename Host::FileHandle> &&
    requires(Host s, const Host planning, typename Host::FileHandle file,
             Description<Host>& wanted, unsigned page_shift) {
  { planning.file_rules(file) } noexcept -> std::same_as<FileRules>;
  { planning.prepare_mapping(file, wanted) } noexcept -> std::same_as<Result<void>>;
  { s.make_shared_memory(wanted.end) } noexcept -> std::same_as<Result<typename Host::FileHandle>>;
  { s.make_huge_memory(wanted.end, page_shift) } noexcept
      -> std::same_as<Result<typename Host::FileHandle>>;
  { s.retain_file(file) } noexcept;
  { s.release_file(file) } noexcept;
};

/// Attributes are interned by the host and counted: equal content is one pointer, the empty content
/// is null and never asked for. intern_attributes is asked while planning; null: out of memory.
/// What it gave stays until the last end_interning although no area has retained it yet, and so
/// does what the last area released: there is a scope for each change that plans with it, and for
/// each edit by which areas give some up. Asked again meanwhile, it gives the same and cannot fail.
/// What is left of interned attributes without their userfault context stays as long as they do and
/// can be had at any time, so that closing a descriptor never lacks memory.
template <class Host>
concept AttributeServices = requires(Host s, const Host planning, const Attributes& content,
                                     const Attributes* attributes) {
  { planning.intern_attributes(content) } noexcept -> std::same_as<const Attributes*>;
  { s.begin_interning() } noexcept;
  { s.end_interning() } noexcept;
  { s.retain_attributes(attributes) } noexcept;
  { s.release_attributes(attributes) } noexcept;
};

/// Contexts of userfaultfd, and (declared) the events that their readers wait for. A message's
/// memory is taken by reserve_, in the order of the events; send_events is called by commit, when
/// all of them have happened, and the host delivers them after the space is unlocked. One context
/// may be told the same unmapping more than once: one message is enough. reserve_fork_event gives
/// the child's context, the same one each time that a reservation asks for the same parent's. No
/// service is asked about context 0, which is none.
template <class Host>
concept UserfaultServices =
    requires(const Host planning, UserfaultContext context) {
      { planning.userfault_rules(context) } noexcept -> ValueOf<UserfaultRules>;
    } &&
    (!Host::has_userfault_events ||
     requires(Host s, UserfaultContext context, typename Host::EventReservation& events,
              Range range,
              Address to) {
       { s.reserve_unmap_event(events, context, range) } noexcept -> std::same_as<Result<void>>;
       { s.reserve_remap_event(events, context, range, to) } noexcept
           -> std::same_as<Result<void>>;
       { s.reserve_fork_event(events, context) } noexcept
           -> std::same_as<Result<UserfaultContext>>;
       { s.send_events(events) } noexcept;
       { s.unreserve_events(events) } noexcept;
     });

/// Limits and the commit charge (overcommit). charge is called by reserve, uncharge by commit.
/// geometry and profile stay the same as long as a space lives; limits may change at any time, and
/// what was decided by them travels in the plan.
template <class Host>
concept LimitServices = requires(Host s, const Host planning, PageCount pages) {
  { planning.geometry() } noexcept -> ValueOf<Geometry>;
  { planning.profile() } noexcept -> ValueOf<KernelProfile>;
  { planning.limits() } noexcept -> ValueOf<Limits>;
  { s.charge(pages) } noexcept -> std::same_as<Result<void>>;
  { s.uncharge(pages) } noexcept;
};

template <class Host>
concept TakesNotices = requires(Host s, const Notice<Host>& notice) {
  { s.notify(notice) } noexcept;
};
/// Told after the fact, holding the space lock. A host that has notify() says so, for without it
/// nothing is noted down.
template <class Host>
concept NotificationServices = Host::has_notices == TakesNotices<Host>;

/// Promises of the programmer, checked where `Host::checks` says so; assertion_failed does not
/// return.
template <class Host>
concept AssertionServices = requires(const char* promise) {
  { Host::checks } -> std::convertible_to<bool>;
  { Host::assertion_failed(promise) } noexcept;
};

// clang-format on

/// A host of the library.
template <class Host>
concept KernelServices =
    std::copyable<Host> && MemoryServices<Host> && DataServices<Host> && TreeServices<Host> &&
    LockServices<Host> && LookupServices<Host> && AreaReadServices<Host> && LockAllServices<Host> &&
    DeclaredTypes<Host> && ReverseMapServices<Host> && PageServices<Host> && FileServices<Host> &&
    AttributeServices<Host> && UserfaultServices<Host> && LimitServices<Host> &&
    NotificationServices<Host> && AssertionServices<Host>;

/// Requires: `kept`. Otherwise the programmer broke a promise, and the host is told which.
template <class Host>
constexpr void require(bool kept, const char* promise) noexcept {
  if (Host::checks && !kept) Host::assertion_failed(promise);
}

}  // namespace vmarea
