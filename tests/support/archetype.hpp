// SPDX-License-Identifier: MIT
//
// The smallest host: what the concept asks for and nothing more, so that a use in the library that
// was never declared fails to build. Its functions do nothing; it is compiled, never run.
//
//   Archetype<Groups::absent>      Archetype<Groups::declared>
//
// Types are as poor as the door allows: locks cannot be copied, handles can only be compared.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include <vmarea/vmarea.hpp>

namespace vmarea::test {

enum class Groups : unsigned char { absent, declared };

/// A tree with no function that AreaTree does not name.
template <class Value>
class ArchetypeTree {
 public:
  class Cursor {
   public:
    TreeEntry<Value> entry() const noexcept { return {}; }
    void next() noexcept {}
    TreeEntry<Value> before() const noexcept { return {}; }
  };

  ArchetypeTree() = default;
  ArchetypeTree(const ArchetypeTree&) = delete;
  ArchetypeTree& operator=(const ArchetypeTree&) = delete;

  TreeEntry<Value> find(TreeKey) const noexcept { return {}; }
  Cursor seek(TreeKey) const noexcept { return {}; }
  template <class Visit>
  void for_each_in(TreeKey, TreeKey, Cursor*, Visit&&) const noexcept {}
  Cursor seek_back(TreeKey) const noexcept { return {}; }
  std::size_t nodes_needed(TreeKey, TreeKey, std::size_t, std::size_t, Cursor*) const noexcept {
    return 0;
  }
  bool reserve(std::size_t) noexcept { return true; }
  void unreserve() noexcept {}
  void replace(TreeKey, TreeKey, const TreeEntry<Value>*, std::size_t, Cursor*) noexcept {}
  TreeGap lowest_gap(std::uint64_t, TreeKey, TreeKey, Cursor*) const noexcept { return {}; }
  TreeGap highest_gap(std::uint64_t, TreeKey, TreeKey, Cursor*) const noexcept { return {}; }
  template <class Map>
  bool duplicate(const ArchetypeTree&, Map&&) noexcept {
    return true;
  }
  std::size_t size() const noexcept { return 0; }
  void clear() noexcept {}
};

/// The same for lookups without a lock.
template <class Value>
class ArchetypeLookupTree : public ArchetypeTree<Value> {
 public:
  using Told = ToldEntry<Value, AreaFacts::words>;
  Told look_up(TreeKey) const noexcept { return {}; }
  Told look_up_at_or_above(TreeKey) const noexcept { return {}; }
  void refresh(TreeKey, typename ArchetypeTree<Value>::Cursor*) noexcept {}
};

template <Groups Which>
struct Archetype {
  using Self = Archetype;

  // Memory and tree.
  struct AreaData {};
  static constexpr bool has_data_rules = Which == Groups::declared;
  void* allocate_area(std::size_t, std::size_t) noexcept { return nullptr; }
  void release_area(void*, std::size_t, std::size_t) noexcept {}
  void retire_area(void*, std::size_t, std::size_t) noexcept {}
  template <class AreaType>
  using Tree = std::conditional_t<Which == Groups::declared, ArchetypeLookupTree<AreaType>,
                                  ArchetypeTree<AreaType>>;
  template <class AreaType>
  Tree<AreaType> make_tree() {
    return {};
  }

  // Locks.
  template <int>  // Distinct types, so that empty members can share an address.
  struct Immovable {
    Immovable() = default;
    Immovable(const Immovable&) = delete;
    Immovable& operator=(const Immovable&) = delete;
  };
  struct SpaceLock : Immovable<0> {};
  static constexpr bool has_area_locks = Which == Groups::declared;
  struct AreaLock : Immovable<1> {};
  class FileHandle {
   public:
    friend bool operator==(FileHandle, FileHandle) = default;
  };
  Result<void> lock_space(SpaceLock&) noexcept { return {}; }
  void unlock_space(SpaceLock&) noexcept {}
  Result<void> lock_space_shared(SpaceLock&) const noexcept { return {}; }
  void unlock_space_shared(SpaceLock&) const noexcept {}
  void assert_space_locked(SpaceLock&) noexcept {}
  void begin_area_write(SpaceLock&, AreaLock&) noexcept {}
  void attach_area(SpaceLock&, AreaLock&) noexcept {}
  void detach_area(AreaLock&) noexcept {}
  void lock_file_mapping(FileHandle) noexcept {}
  void unlock_file_mapping(FileHandle) noexcept {}
  void lock_identity(AnonIdentity) noexcept {}
  void unlock_identity(AnonIdentity) noexcept {}

  // Declared groups. Where they are absent, nothing may ask for their functions.
  static constexpr bool has_reverse_map = Which == Groups::declared;
  static constexpr bool has_page_tables = Which == Groups::declared;
  static constexpr bool has_lock_all = Which == Groups::declared;
  static constexpr bool has_lock_free_lookup = Which == Groups::declared;
  struct ReadSection {};
  static constexpr bool has_area_reads = Which == Groups::declared;
  struct ReverseMapEntry : Immovable<2> {};
  struct LinkReservation {};
  struct PageTable : Immovable<3> {};
  static constexpr bool has_userfault_events = Which == Groups::declared;
  struct EventReservation {};

  // Files and attributes.
  FileRules file_rules(FileHandle) const noexcept { return {}; }
  Result<void> prepare_mapping(FileHandle, Description<Self>&) const noexcept { return {}; }
  Result<FileHandle> make_shared_memory(std::uint64_t) noexcept { return FileHandle{}; }
  Result<FileHandle> make_huge_memory(std::uint64_t, unsigned) noexcept { return FileHandle{}; }
  void retain_file(FileHandle) noexcept {}
  void release_file(FileHandle) noexcept {}
  const Attributes* intern_attributes(const Attributes&) const noexcept { return nullptr; }
  void begin_interning() noexcept {}
  void end_interning() noexcept {}
  void retain_attributes(const Attributes*) noexcept {}
  void release_attributes(const Attributes*) noexcept {}
  UserfaultRules userfault_rules(UserfaultContext) const noexcept { return {}; }

  // Limits.
  Geometry geometry() const noexcept { return {}; }
  KernelProfile profile() const noexcept { return {}; }
  Limits limits() const noexcept { return {}; }
  Result<void> charge(PageCount) noexcept { return {}; }
  void uncharge(PageCount) noexcept {}

  static constexpr bool has_notices = Which == Groups::declared;
  static constexpr bool checks = true;
  static void assertion_failed(const char*) noexcept {}
};

/// The declared groups on top. Area<> names the final host, so this one repeats the host's name.
struct DeclaredArchetype : Archetype<Groups::declared> {
  using AreaType = Area<DeclaredArchetype>;
  Result<void> prepare_mapping(FileHandle, Description<DeclaredArchetype>&) const noexcept {
    return {};
  }
  void notify(const Notice<DeclaredArchetype>&) noexcept {}

  bool may_join(const AreaData&, const AreaData&) const noexcept { return true; }
  AreaData split_data(AreaData&, const DataCut&) noexcept { return {}; }
  void join_data(AreaData&, AreaData&, const DataSeam&) noexcept {}

  Result<void> reserve_links(LinkReservation&, const AreaType&) noexcept { return {}; }
  Result<void> reserve_identity(LinkReservation&) noexcept { return {}; }
  Result<void> reserve_fork(LinkReservation&, const AreaType&) noexcept { return {}; }
  void unreserve_links(LinkReservation&) noexcept {}
  AnonIdentity new_identity(LinkReservation&, AreaType&) noexcept { return {}; }
  void clone_links(LinkReservation&, AreaType&, const AreaType&) noexcept {}
  AnonIdentity fork_links(LinkReservation&, AreaType&, const AreaType&) noexcept { return {}; }
  void leave_trees(AreaType&) noexcept {}
  void enter_trees(AreaType&) noexcept {}
  void unlink(AreaType&) noexcept {}

  ReadSection begin_read_section() const noexcept { return {}; }
  void end_read_section(ReadSection) const noexcept {}
  bool begin_area_read(SpaceLock&, AreaLock&) const noexcept { return true; }
  void end_area_read(AreaLock&) const noexcept {}

  void begin_lock_all() noexcept {}
  void end_lock_all() noexcept {}
  bool signal_pending() noexcept { return false; }
  bool mark_file_mapping(FileHandle) noexcept { return false; }
  bool unmark_file_mapping(FileHandle) noexcept { return false; }
  bool mark_identity(AnonIdentity) noexcept { return false; }
  bool unmark_identity(AnonIdentity) noexcept { return false; }

  void unmap_pages(PageTable&, Range) noexcept {}
  void free_tables(PageTable&, Range, Range) noexcept {}
  Result<void> reserve_page_move(PageTable&, Range, Address) noexcept { return {}; }
  void move_pages(PageTable&, Range, Address) noexcept {}
  void protect_pages(PageTable&, Range, Flags) noexcept {}
  Result<void> reserve_page(PageTable&, Address) noexcept { return {}; }
  void install_page(PageTable&, Address) noexcept {}
  void unreserve_pages(PageTable&) noexcept {}
  Result<void> copy_pages(PageTable&, const PageTable&, Range) noexcept { return {}; }

  Result<void> reserve_unmap_event(EventReservation&, UserfaultContext, Range) noexcept {
    return {};
  }
  Result<void> reserve_remap_event(EventReservation&, UserfaultContext, Range, Address) noexcept {
    return {};
  }
  Result<UserfaultContext> reserve_fork_event(EventReservation&, UserfaultContext) noexcept {
    return UserfaultContext{};
  }
  void send_events(EventReservation&) noexcept {}
  void unreserve_events(EventReservation&) noexcept {}
};

using AbsentArchetype = Archetype<Groups::absent>;

}  // namespace vmarea::test
