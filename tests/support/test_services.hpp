// SPDX-License-Identifier: MIT
//
// The one host of our tests: everything is on (reverse map, page tables, lock checks), everything
// is counted, and faults, limits, profile and recording are chosen at run time.
//
//   TestState host;                       outlives the spaces that share it (fork)
//   host.limits.area_count_max = 3;  host.faults.fail(2);  host.recorder.on = true;
//   AddressSpace<TestServices> space{TestServices(host)};
//   TestFile* file = host.make_file({.writable = false});
//   host.expect_balanced();               after the last space: nothing is left, nothing is missing
//
// TestSpace wraps all of this for scenarios.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <vmarea/host/absent.hpp>
#include <vmarea/instantiate.hpp>
#include <vmarea/vmarea.hpp>
#include <vmarea_shims/attributes.hpp>
#include <vmarea_shims/decorators/fault_injecting.hpp>
#include <vmarea_shims/decorators/lock_checked.hpp>
#include <vmarea_shims/decorators/recording.hpp>
#include <vmarea_shims/maple_tree.hpp>
#include <vmarea_shims/memory.hpp>
#include <vmarea_shims/page_table.hpp>
#include <vmarea_shims/reverse_map.hpp>
#include <vmarea_shims/reverse_map/mapped_files.hpp>

namespace vmarea::test {

struct TestState;
struct TestServices;

/// What the test is doing; told when a promise is broken, which ends the program.
inline thread_local std::string current_call;

/// An open file that belongs to a TestState.
struct TestFile : shims::MappedFile<TestServices> {
  TestState* state = nullptr;
};

/// Tells the recorder of the file's TestState about open and close; else allows everything.
extern const AreaHooks<TestServices> recording_hooks;
/// The same without open and close, for areas that a merge may remove.
extern const AreaHooks<TestServices> harmless_hooks;

/// What a reader of a userfaultfd is told.
struct TestEvent {
  enum class Kind : unsigned char { unmap, remap, fork };
  Kind kind = Kind::unmap;
  UserfaultContext context = 0;
  Range range{};
  std::uint64_t to = 0;  // The new address, or the child's context.
  friend bool operator==(const TestEvent&, const TestEvent&) = default;
};

/// Messages that a change has taken; none may be forgotten.
struct TestEventReservation {
  std::vector<TestEvent> events;

  TestEventReservation() = default;
  TestEventReservation(TestEventReservation&&) = default;
  TestEventReservation& operator=(TestEventReservation&&) = default;
  ~TestEventReservation() { EXPECT_TRUE(events.empty()) << "events neither sent nor given back"; }
};

/// How many of something are there.
struct Balance {
  std::int64_t live = 0;
  std::uint64_t ever = 0;
};

/// What all spaces of one test share.
struct TestState {
  Geometry geometry{};
  KernelProfile profile = linux_6_18;
  Limits limits{};
  PageCount charge_max = ~PageCount{0};  // Overcommit refuses more.
  shims::FaultPlan faults;
  shims::Recorder recorder;

  Balance areas;
  Balance nodes;
  Balance links;  // And identities.
  Balance tables;
  Balance contents;  // Of attributes.
  PageCount charged = 0;
  std::uint64_t last_token = 0;
  std::uint64_t signal_checks = 0;
  std::uint64_t signal_at = 0;        // Pending from that check on, if not 0.
  bool allocation_forbidden = false;  // From reserve to the end of commit.
  std::function<void(const Notice<TestServices>&)> on_notice;  // Of every space; may be empty.

  TestState() = default;
  TestState(const TestState&) = delete;
  TestState& operator=(const TestState&) = delete;
  ~TestState();

  TestFile* make_file(const FileRules& rules = {},
                      const AreaHooks<TestServices>* hooks = &no_hooks<TestServices>);
  /// The one object with this content; it lives as long as the test.
  const Attributes* attributes(const Attributes& content);
  /// The messages since the last time: "unmap 1 103-105", "remap 1 103-105 200", "fork 1 2".
  std::string take_events();
  /// Requires: no space is left. Fails the test for each thing that is left or was given back
  /// twice.
  void expect_balanced() const;

  void* allocate(Balance& balance, std::size_t bytes, std::size_t alignment);
  void release(Balance& balance, void* object, std::size_t alignment);

  std::list<TestFile> files;
  shims::AttributeTable attribute_table;
  std::set<const Attributes*> kept;  // Each with a reference.
  std::map<UserfaultContext, UserfaultRules> userfaults;
  UserfaultContext last_child_context = 1000;
  std::vector<TestEvent> sent;
  std::int64_t shared_memories = 0;
};

/// Tree nodes come from the host, too.
template <class Host>
struct NodesOf {
  Host host;
  void* allocate_node(std::size_t bytes, std::size_t alignment) noexcept {
    return host.allocate_node(bytes, alignment);
  }
  void release_node(void* node, std::size_t bytes, std::size_t alignment) noexcept {
    host.release_node(node, bytes, alignment);
  }
  void retire_node(void* node, std::size_t bytes, std::size_t alignment) noexcept {
    host.release_node(node, bytes, alignment);
  }
};

/// What the decorators decorate.
class TestHost : public shims::MappedFiles<TestServices>,
                 public shims::ReverseMap<TestServices>,
                 public shims::PageTables<TestServices>,
                 public shims::InternedAttributes<TestServices> {
 public:
  struct AreaData {
    int tag = 0;  // A name that a test gives to an object; copies inherit it.
  };
  static constexpr bool has_data_rules = false;
  using SpaceLock = NoLocks::SpaceLock;
  using AreaLock = NoLocks::AreaLock;
  static constexpr bool has_area_locks = false;
  static constexpr bool has_lock_free_lookup = false;
  using ReadSection = NoLocks::ReadSection;
  static constexpr bool has_area_reads = false;
  template <class AreaType>
  using Tree = shims::MapleTree<AreaType, NodesOf<TestServices>>;
  static constexpr bool checks = true;

  explicit TestHost(TestState& state) noexcept : state_(&state) {}
  TestState& state() const noexcept { return *state_; }

  template <class AreaType>
  Tree<AreaType> make_tree() noexcept;

  // Locks: one thread. Identities are locked by ReverseMap.
  static Result<void> lock_space(SpaceLock&) noexcept { return {}; }
  static void unlock_space(SpaceLock&) noexcept {}
  static Result<void> lock_space_shared(SpaceLock&) noexcept { return {}; }
  static void unlock_space_shared(SpaceLock&) noexcept {}
  static void assert_space_locked(SpaceLock&) noexcept {}
  static void begin_area_write(SpaceLock&, AreaLock&) noexcept {}
  static void attach_area(SpaceLock&, AreaLock&) noexcept {}
  static void detach_area(AreaLock&) noexcept {}
  static void lock_file_mapping(FileHandle) noexcept {}
  static void unlock_file_mapping(FileHandle) noexcept {}
  static constexpr bool has_lock_all = true;
  static void begin_lock_all() noexcept {}
  static void end_lock_all() noexcept {}
  bool signal_pending() noexcept {
    return ++state_->signal_checks >= state_->signal_at && state_->signal_at != 0;
  }

  // Memory.
  void* allocate_area(std::size_t bytes, std::size_t alignment) noexcept {
    return state_->allocate(state_->areas, bytes, alignment);
  }
  void release_area(void* area, std::size_t, std::size_t alignment) noexcept {
    state_->release(state_->areas, area, alignment);
  }
  void retire_area(void* area, std::size_t, std::size_t alignment) noexcept {
    state_->release(state_->areas, area, alignment);
  }
  void* allocate_node(std::size_t bytes, std::size_t alignment) noexcept {
    return state_->allocate(state_->nodes, bytes, alignment);
  }
  void release_node(void* node, std::size_t, std::size_t alignment) noexcept {
    state_->release(state_->nodes, node, alignment);
  }
  void* allocate_link(std::size_t bytes, std::size_t alignment) noexcept {
    return state_->allocate(state_->links, bytes, alignment);
  }
  void release_link(void* object, std::size_t, std::size_t alignment) noexcept {
    state_->release(state_->links, object, alignment);
  }
  void* allocate_table(std::size_t bytes, std::size_t alignment) noexcept {
    return state_->allocate(state_->tables, bytes, alignment);
  }
  void release_table(void* table, std::size_t, std::size_t alignment) noexcept {
    state_->release(state_->tables, table, alignment);
  }
  std::uint64_t new_token() noexcept { return ++state_->last_token; }

  // Files.
  Result<FileHandle> make_shared_memory(std::uint64_t bytes) noexcept;
  Result<FileHandle> make_huge_memory(std::uint64_t bytes, unsigned page_shift) noexcept;
  void release_file(FileHandle file) noexcept;

  // Attributes.
  shims::AttributeTable& attribute_table() const noexcept { return state_->attribute_table; }
  void* allocate_attributes(std::size_t bytes, std::size_t alignment) noexcept {
    return state_->allocate(state_->contents, bytes, alignment);
  }
  void free_attributes(void* object, std::size_t, std::size_t alignment) noexcept {
    state_->release(state_->contents, object, alignment);
  }

  // Userfaultfd.
  static constexpr bool has_userfault_events = true;
  using EventReservation = TestEventReservation;
  UserfaultRules userfault_rules(UserfaultContext context) const noexcept;
  Result<void> reserve_unmap_event(EventReservation& events, UserfaultContext context,
                                   Range range) noexcept;
  Result<void> reserve_remap_event(EventReservation& events, UserfaultContext context, Range range,
                                   Address to) noexcept;
  Result<UserfaultContext> reserve_fork_event(EventReservation& events,
                                              UserfaultContext context) noexcept;
  void send_events(EventReservation& events) noexcept;
  static void unreserve_events(EventReservation& events) noexcept { events.events.clear(); }

  // Limits.
  const Geometry& geometry() const noexcept { return state_->geometry; }
  const KernelProfile& profile() const noexcept { return state_->profile; }
  const Limits& limits() const noexcept { return state_->limits; }
  Result<void> charge(PageCount pages) noexcept;
  void uncharge(PageCount pages) noexcept;

  static constexpr bool has_notices = true;
  template <class NoticeType>
  void notify(const NoticeType& notice) const noexcept {
    if (state_->on_notice) state_->on_notice(notice);
  }

  // Plans of the decorators.
  shims::FaultPlan* fault_plan() const noexcept { return &state_->faults; }
  shims::Recorder* recorder() const noexcept { return &state_->recorder; }

  /// Fails the test and aborts: nothing that follows would mean anything.
  [[noreturn]] static void assertion_failed(const char* promise) noexcept;

 private:
  TestState* state_;
};

struct TestServices final : shims::Recording<shims::LockChecked<shims::FaultInjecting<TestHost>>> {
  using Recording::Recording;
};

template <class AreaType>
TestHost::Tree<AreaType> TestHost::make_tree() noexcept {
  return Tree<AreaType>(NodesOf<TestServices>{TestServices(*state_)});
}

using TestArea = Area<TestServices>;
using TestDescription = Description<TestServices>;
using TestLockBook = shims::LockChecked<shims::FaultInjecting<TestHost>>::Book;

}  // namespace vmarea::test

VMAREA_EXTERN_SPACE(vmarea::test::TestServices)
