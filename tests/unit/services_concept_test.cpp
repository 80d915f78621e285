// SPDX-License-Identifier: MIT
//
// The door refuses what it must: for each group, hosts that lack a function (deleted: as good as
// misspelt), that may fail where they must not, or that answer with another type.
#include <gtest/gtest.h>
#include <vmarea_shims/userland.hpp>

namespace vmarea::test {
namespace {

/// A good host to break: nothing declared.
template <class Host>
using Good = shims::UserlandGroups<Host>;

struct Facts : AreaFacts {
  using Atomics = shims::StandardAtomics;
};

/// A good host that declares all groups.
template <class Host>
struct Full : Good<Host> {
  static constexpr bool has_reverse_map = true;
  static constexpr bool has_page_tables = true;
  struct ReverseMapEntry {};
  struct LinkReservation {};
  struct PageTable {};
  static constexpr bool has_userfault_events = true;
  struct EventReservation {};
  static constexpr bool has_lock_all = true;
  static constexpr bool has_data_rules = true;
  struct AreaData {};
  using A = Area<Host>;
  using FileHandle = typename Good<Host>::FileHandle;
  static constexpr bool has_lock_free_lookup = true;
  struct ReadSection {};
  template <class AreaType>
  using Tree =
      shims::MapleTree<AreaType, shims::HeapMemory,
                       shims::MapleTreeOptions{.mode = shims::WriteMode::published}, Facts>;

  template <class AreaType>
  Tree<AreaType> make_tree();
  ReadSection begin_read_section() const noexcept;
  void end_read_section(ReadSection) const noexcept;
  static constexpr bool has_area_locks = true;
  static constexpr bool has_area_reads = true;
  using typename Good<Host>::SpaceLock;
  using typename Good<Host>::AreaLock;
  bool begin_area_read(SpaceLock&, AreaLock&) const noexcept;
  void end_area_read(AreaLock&) const noexcept;

  void begin_lock_all() noexcept {}
  void end_lock_all() noexcept {}
  bool signal_pending() noexcept { return false; }
  bool mark_file_mapping(FileHandle) noexcept { return false; }
  bool unmark_file_mapping(FileHandle) noexcept { return false; }
  bool mark_identity(AnonIdentity) noexcept { return false; }
  bool unmark_identity(AnonIdentity) noexcept { return false; }

  bool may_join(const AreaData&, const AreaData&) const noexcept { return true; }
  AreaData split_data(AreaData&, const DataCut&) noexcept { return {}; }
  void join_data(AreaData&, AreaData&, const DataSeam&) noexcept {}

  Result<void> reserve_links(LinkReservation&, const A&) noexcept { return {}; }
  Result<void> reserve_identity(LinkReservation&) noexcept { return {}; }
  Result<void> reserve_fork(LinkReservation&, const A&) noexcept { return {}; }
  void unreserve_links(LinkReservation&) noexcept {}
  AnonIdentity new_identity(LinkReservation&, A&) noexcept { return {}; }
  void clone_links(LinkReservation&, A&, const A&) noexcept {}
  AnonIdentity fork_links(LinkReservation&, A&, const A&) noexcept { return {}; }
  void leave_trees(A&) noexcept {}
  void enter_trees(A&) noexcept {}
  void unlink(A&) noexcept {}

  void unmap_pages(PageTable&, Range) noexcept {}
  void free_tables(PageTable&, Range, Range) noexcept {}
  Result<void> reserve_page_move(PageTable&, Range, Address) noexcept { return {}; }
  void move_pages(PageTable&, Range, Address) noexcept {}
  void protect_pages(PageTable&, Range, Flags) noexcept {}
  Result<void> reserve_page(PageTable&, Address) noexcept { return {}; }
  void install_page(PageTable&, Address) noexcept {}
  void unreserve_pages(PageTable&) noexcept {}
  Result<void> copy_pages(PageTable&, const PageTable&, Range) noexcept { return {}; }

  Result<void> reserve_unmap_event(EventReservation&, UserfaultContext, Range) noexcept;
  Result<void> reserve_remap_event(EventReservation&, UserfaultContext, Range, Address) noexcept;
  Result<UserfaultContext> reserve_fork_event(EventReservation&, UserfaultContext) noexcept;
  void send_events(EventReservation&) noexcept;
  void unreserve_events(EventReservation&) noexcept;
};

struct Whole : Good<Whole> {};
struct WholeAndFull : Full<WholeAndFull> {};
static_assert(KernelServices<Whole>);
static_assert(KernelServices<WholeAndFull>);

// Memory and tree.
struct NoArea : Good<NoArea> {
  void* allocate_area(std::size_t, std::size_t) = delete;
};
struct ThrowingArea : Good<ThrowingArea> {
  void* allocate_area(std::size_t, std::size_t);
};
struct OtherArea : Good<OtherArea> {
  char* allocate_area(std::size_t, std::size_t) noexcept;
};
struct NoRelease : Good<NoRelease> {
  void release_area(void*, std::size_t, std::size_t) = delete;
};
struct NoRetire : Good<NoRetire> {
  void retire_area(void*, std::size_t, std::size_t) = delete;
};
struct NoTree : Good<NoTree> {
  template <class AreaType>
  struct Tree {};
};
struct OtherTree : Good<OtherTree> {
  template <class AreaType>
  static int make_tree();
};
static_assert(!MemoryServices<NoArea> && !KernelServices<NoArea>);
static_assert(!MemoryServices<ThrowingArea>);
static_assert(!MemoryServices<OtherArea>);
static_assert(!MemoryServices<NoRelease>);
static_assert(!MemoryServices<NoRetire>);
static_assert(!TreeServices<NoTree> && !KernelServices<NoTree>);
static_assert(!TreeServices<OtherTree>);

// Own data: declared, so all of it is wanted; and only if it is declared.
struct DataRulesOnly : Good<DataRulesOnly> {
  static constexpr bool has_data_rules = true;
};
struct NoMayJoin : Full<NoMayJoin> {
  bool may_join(const AreaData&, const AreaData&) const = delete;
};
struct JoinsWithEffect : Full<JoinsWithEffect> {
  bool may_join(const AreaData&, const AreaData&) noexcept;
};
struct NumberMayJoin : Full<NumberMayJoin> {
  int may_join(const AreaData&, const AreaData&) const noexcept;
};
struct ThrowingSplit : Full<ThrowingSplit> {
  AreaData split_data(AreaData&, const DataCut&);
};
struct VoidSplit : Full<VoidSplit> {
  void split_data(AreaData&, const DataCut&) noexcept;
};
struct NoJoin : Full<NoJoin> {
  void join_data(AreaData&, AreaData&, const DataSeam&) = delete;
};
struct UndeclaredDataRules : Full<UndeclaredDataRules> {
  static constexpr bool has_data_rules = false;
};
struct ThrowingMoveOfData : Good<ThrowingMoveOfData> {
  struct AreaData {
    AreaData() = default;
    AreaData(const AreaData&) = default;
    AreaData& operator=(const AreaData&) = default;
    AreaData& operator=(AreaData&&) noexcept(false);
  };
};
struct ThrowingCopyOfData : Good<ThrowingCopyOfData> {
  struct AreaData {
    AreaData() = default;
    AreaData(const AreaData&) noexcept(false);
    AreaData& operator=(const AreaData&) = default;
  };
};
static_assert(!DataServices<DataRulesOnly> && !KernelServices<DataRulesOnly>);
static_assert(!DataServices<NoMayJoin> && !KernelServices<NoMayJoin>);
static_assert(!DataServices<JoinsWithEffect>, "planning sees a const host");
static_assert(!DataServices<NumberMayJoin>);
static_assert(!DataServices<ThrowingSplit>);
static_assert(!DataServices<VoidSplit>);
static_assert(!DataServices<NoJoin>);
static_assert(!DataServices<UndeclaredDataRules>, "they would never be called");
static_assert(!MemoryServices<ThrowingMoveOfData> && !KernelServices<ThrowingMoveOfData>);
static_assert(!MemoryServices<ThrowingCopyOfData> && !KernelServices<ThrowingCopyOfData>);

// Locks.
struct NoSpaceLock : Good<NoSpaceLock> {
  Result<void> lock_space(SpaceLock&) = delete;
};
struct VoidSpaceLock : Good<VoidSpaceLock> {
  void lock_space(SpaceLock&) noexcept;
};
struct NoSharedLock : Good<NoSharedLock> {
  Result<void> lock_space_shared(SpaceLock&) const = delete;
};
struct VoidSharedLock : Good<VoidSharedLock> {
  void lock_space_shared(SpaceLock&) const noexcept;
};
struct ThrowingSharedUnlock : Good<ThrowingSharedUnlock> {
  void unlock_space_shared(SpaceLock&) const;
};
struct ReaderOfOwnHost : Good<ReaderOfOwnHost> {
  Result<void> lock_space_shared(SpaceLock&) noexcept;
};
struct NoAreaWrite : Good<NoAreaWrite> {
  void begin_area_write(SpaceLock&, AreaLock&) = delete;
};
struct ThrowingAttach : Good<ThrowingAttach> {
  void attach_area(SpaceLock&, AreaLock&);
};
struct NoFileLock : Good<NoFileLock> {
  void lock_file_mapping(FileHandle) = delete;
};
struct NoIdentityUnlock : Good<NoIdentityUnlock> {
  void unlock_identity(AnonIdentity) = delete;
};
template <bool declared>
struct WithAreaLock : Good<WithAreaLock<declared>> {
  using typename Good<WithAreaLock<declared>>::SpaceLock;
  static constexpr bool has_area_locks = declared;
  struct AreaLock {
    std::uint64_t sequence = 0;
  };
  void begin_area_write(SpaceLock&, AreaLock&) noexcept;
  void attach_area(SpaceLock&, AreaLock&) noexcept;
  void detach_area(AreaLock&) noexcept;
};
static_assert(LockServices<WithAreaLock<true>>);
static_assert(!LockServices<WithAreaLock<false>>, "begin_area_write would never be called");
static_assert(!LockServices<NoSpaceLock> && !KernelServices<NoSpaceLock>);
static_assert(!LockServices<VoidSpaceLock>);
static_assert(!LockServices<NoSharedLock> && !KernelServices<NoSharedLock>);
static_assert(!LockServices<VoidSharedLock>);
static_assert(!LockServices<ThrowingSharedUnlock>);
static_assert(!LockServices<ReaderOfOwnHost>, "a space that is only read is const");
static_assert(!LockServices<NoAreaWrite>);
static_assert(!LockServices<ThrowingAttach>);
static_assert(!LockServices<NoFileLock>);
static_assert(!LockServices<NoIdentityUnlock>);

// Lookups without a lock: declared, so the sections and the tree for them are wanted.
struct LookupsOnly : Good<LookupsOnly> {
  static constexpr bool has_lock_free_lookup = true;
};
struct NoReadSection : Full<NoReadSection> {
  ReadSection begin_read_section() const = delete;
};
struct ReaderOfOwnSections : Full<ReaderOfOwnSections> {
  void end_read_section(ReadSection) noexcept;
};
struct TreeWithoutFacts : Full<TreeWithoutFacts> {
  template <class AreaType>
  using Tree = shims::MapleTree<AreaType, shims::HeapMemory>;
  template <class AreaType>
  Tree<AreaType> make_tree();
};
static_assert(!LookupServices<LookupsOnly> && !KernelServices<LookupsOnly>);
static_assert(!LookupServices<NoReadSection> && !KernelServices<NoReadSection>);
static_assert(!LookupServices<ReaderOfOwnSections>, "whoever looks something up changes nothing");
static_assert(!LookupServices<TreeWithoutFacts>);

// Read locks of areas: declared, so they and all that they build on are wanted.
struct AreaReadsOnly : Good<AreaReadsOnly> {
  static constexpr bool has_area_reads = true;
};
struct NoEndOfAreaRead : Full<NoEndOfAreaRead> {
  void end_area_read(AreaLock&) const = delete;
};
struct AreaReadsWithoutLookups : Full<AreaReadsWithoutLookups> {
  static constexpr bool has_lock_free_lookup = false;
};
struct VoidAreaRead : Full<VoidAreaRead> {
  void begin_area_read(SpaceLock&, AreaLock&) const noexcept;
};
static_assert(!AreaReadServices<AreaReadsOnly> && !KernelServices<AreaReadsOnly>);
static_assert(!AreaReadServices<NoEndOfAreaRead> && !KernelServices<NoEndOfAreaRead>);
static_assert(!AreaReadServices<AreaReadsWithoutLookups>);
static_assert(!AreaReadServices<VoidAreaRead>);

// All locks: declared, so all of it is wanted.
struct LockAllOnly : Good<LockAllOnly> {
  static constexpr bool has_lock_all = true;
};
struct NoUnmark : Full<NoUnmark> {
  bool unmark_identity(AnonIdentity) = delete;
};
struct VoidMark : Full<VoidMark> {
  void mark_file_mapping(FileHandle) noexcept;
};
struct ThrowingSignal : Full<ThrowingSignal> {
  bool signal_pending();
};
static_assert(!LockAllServices<LockAllOnly> && !KernelServices<LockAllOnly>);
static_assert(!LockAllServices<NoUnmark> && !KernelServices<NoUnmark>);
static_assert(!LockAllServices<VoidMark>);
static_assert(!LockAllServices<ThrowingSignal>);

// Reverse map: declared, so all of it is wanted.
struct DeclaredOnly : Good<DeclaredOnly> {
  static constexpr bool has_reverse_map = true;
};
struct NoUnlink : Full<NoUnlink> {
  void unlink(A&) = delete;
};
struct FailingClone : Full<FailingClone> {
  void clone_links(LinkReservation&, A&, const A&);
};
struct NumberedIdentity : Full<NumberedIdentity> {
  std::uint64_t new_identity(LinkReservation&, A&) noexcept;
};
struct VoidReserve : Full<VoidReserve> {
  void reserve_fork(LinkReservation&, const A&) noexcept;
};
static_assert(!ReverseMapServices<DeclaredOnly> && !KernelServices<DeclaredOnly>);
static_assert(!ReverseMapServices<NoUnlink> && !KernelServices<NoUnlink>);
static_assert(!ReverseMapServices<FailingClone>);
static_assert(!ReverseMapServices<NumberedIdentity>);
static_assert(!ReverseMapServices<VoidReserve>);

// Pages.
struct NoPageReserve : Full<NoPageReserve> {
  Result<void> reserve_page(PageTable&, Address) = delete;
};
struct ThrowingMove : Full<ThrowingMove> {
  void move_pages(PageTable&, Range, Address);
};
struct VoidCopy : Full<VoidCopy> {
  void copy_pages(PageTable&, const PageTable&, Range) noexcept;
};
static_assert(!PageServices<NoPageReserve> && !KernelServices<NoPageReserve>);
static_assert(!PageServices<ThrowingMove>);
static_assert(!PageServices<VoidCopy>);

// Files and attributes.
struct NoRules : Good<NoRules> {
  FileRules file_rules(FileHandle) const = delete;
};
struct NoSharedMemory : Good<NoSharedMemory> {
  Result<FileHandle> make_shared_memory(std::uint64_t) = delete;
};
struct NoHugeMemory : Good<NoHugeMemory> {
  Result<FileHandle> make_huge_memory(std::uint64_t, unsigned) = delete;
};
struct EffectWhilePlanning : Good<EffectWhilePlanning> {
  Result<void> prepare_mapping(FileHandle, Description<EffectWhilePlanning>&) noexcept;
};
struct NoRetainFile : Good<NoRetainFile> {
  void retain_file(FileHandle) = delete;
};
struct NoReleaseAttributes : Good<NoReleaseAttributes> {
  void release_attributes(const Attributes*) = delete;
};
static_assert(!FileServices<NoRules> && !KernelServices<NoRules>);
static_assert(!FileServices<NoSharedMemory>);
static_assert(!FileServices<NoHugeMemory>);
static_assert(!FileServices<EffectWhilePlanning>, "planning sees a const host");
static_assert(!FileServices<NoRetainFile>);
static_assert(!AttributeServices<NoReleaseAttributes> && !KernelServices<NoReleaseAttributes>);
struct NoIntern : Good<NoIntern> {
  const Attributes* intern_attributes(const Attributes&) = delete;
};
struct InternWithEffect : Good<InternWithEffect> {
  const Attributes* intern_attributes(const Attributes&) noexcept;
};
struct FailingIntern : Good<FailingIntern> {
  Result<const Attributes*> intern_attributes(const Attributes&) const noexcept;
};
struct NoInterningEnd : Good<NoInterningEnd> {
  void end_interning() = delete;
};
static_assert(!AttributeServices<NoIntern> && !KernelServices<NoIntern>);
static_assert(!AttributeServices<InternWithEffect>, "planning sees a const host");
static_assert(!AttributeServices<FailingIntern>);
static_assert(!AttributeServices<NoInterningEnd>);

// Userfaultfd: events are declared, so all of them are wanted.
struct NoUserfaultRules : Good<NoUserfaultRules> {
  UserfaultRules userfault_rules(UserfaultContext) const = delete;
};
struct EventsOnly : Good<EventsOnly> {
  static constexpr bool has_userfault_events = true;
};
struct NoSend : Full<NoSend> {
  void send_events(EventReservation&) = delete;
};
struct VoidEvent : Full<VoidEvent> {
  void reserve_unmap_event(EventReservation&, UserfaultContext, Range) noexcept;
};
struct NoChildContext : Full<NoChildContext> {
  Result<void> reserve_fork_event(EventReservation&, UserfaultContext) noexcept;
};
static_assert(!UserfaultServices<NoUserfaultRules> && !KernelServices<NoUserfaultRules>);
static_assert(!UserfaultServices<EventsOnly> && !KernelServices<EventsOnly>);
static_assert(!UserfaultServices<NoSend> && !KernelServices<NoSend>);
static_assert(!UserfaultServices<VoidEvent>);
static_assert(!UserfaultServices<NoChildContext>);

// Limits, notifications, promises.
struct NumberGeometry : Good<NumberGeometry> {
  static int geometry() noexcept;
};
struct ConvertibleLimits : Good<ConvertibleLimits> {
  struct AlmostLimits {
    operator Limits() const;
  };
  static AlmostLimits limits() noexcept;
};
struct BoolCharge : Good<BoolCharge> {
  bool charge(PageCount) noexcept;
};
struct ThrowingUncharge : Good<ThrowingUncharge> {
  void uncharge(PageCount);
};
struct NoNotify : Good<NoNotify> {
  static constexpr bool has_notices = true;
};
struct UndeclaredNotify : Good<UndeclaredNotify> {
  void notify(const Notice<UndeclaredNotify>&) noexcept;
};
struct NoAssertion : Good<NoAssertion> {
  static void assertion_failed(const char*) = delete;
};
static_assert(!LimitServices<NumberGeometry> && !KernelServices<NumberGeometry>);
static_assert(!LimitServices<ConvertibleLimits>, "its members are used");
static_assert(!LimitServices<BoolCharge>);
static_assert(!LimitServices<ThrowingUncharge>);
static_assert(!NotificationServices<NoNotify> && !KernelServices<NoNotify>);
static_assert(!NotificationServices<UndeclaredNotify>, "it would never be called");
static_assert(!AssertionServices<NoAssertion> && !KernelServices<NoAssertion>);

// A handle.
struct NotCopyable : Good<NotCopyable> {
  NotCopyable(const NotCopyable&) = delete;
};
static_assert(!KernelServices<NotCopyable>);

TEST(ServicesConcept, is_judged_by_the_compiler) {
  SUCCEED();
}

}  // namespace
}  // namespace vmarea::test
