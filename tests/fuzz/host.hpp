// SPDX-License-Identifier: MIT
//
// Hosts that must not differ in anything that can be seen: how large nodes are, how they are
// written, where memory comes from, which groups there are, and whether areas have own data.
//
//   constexpr Variant tiny{.capacity = 4, .memory = Memory::pools};
//   HostState<tiny> state;
//   AddressSpace<FuzzHost<tiny>> space{FuzzHost<tiny>(state), layout};
//
// What can be chosen at run time, and what is counted, is the state's, as in TestState.
#pragma once

#include <cstdlib>
#include <functional>
#include <list>
#include <map>
#include <string>

#include <fmt/core.h>
#include <vmarea_shims/pool_memory.hpp>

#include "support/chosen_limits.hpp"
#include "support/test_services.hpp"

namespace vmarea::test::fuzz {

enum class Memory : unsigned char { heap, pools };
enum class Groups : unsigned char { none, all };  // Reverse map, page tables, checked locks.
enum class OwnData : unsigned char { none, over_aligned };

struct Variant {
  std::size_t capacity = 15;
  shims::WriteMode mode = shims::WriteMode::in_place;
  shims::Shortcuts shortcuts = shims::Shortcuts::all;
  Memory memory = Memory::heap;
  Groups groups = Groups::all;
  OwnData own_data = OwnData::none;
};

template <Variant variant>
struct FuzzHost;

struct NoData {};
/// Neither trivial nor of the usual alignment; every object is counted.
template <Variant variant>
struct alignas(128) CountedData {
  inline static std::int64_t live = 0;

  CountedData() noexcept { ++live; }
  CountedData(const CountedData& other) noexcept : self(other.checked()), tag(other.tag) {
    self = this;
    ++live;
  }
  CountedData& operator=(const CountedData& other) noexcept {
    tag = other.checked()->tag;
    return *this;
  }
  ~CountedData() {
    (void)checked();
    self = nullptr;
    --live;
  }
  /// Memory that no constructor saw, or that is not where it was made, ends the program.
  const CountedData* checked() const noexcept {
    if (self != this) std::abort();
    return this;
  }

  const CountedData* self = this;
  std::uint64_t tag = 0;
};

template <Variant variant>
struct HostState : Choices {
  using Host = FuzzHost<variant>;
  using File =
      std::conditional_t<variant.groups == Groups::all, shims::MappedFile<Host>, shims::File<Host>>;

  std::map<UserfaultContext, UserfaultRules> userfaults;
  UserfaultContext last_child_context = 1000;
  std::string sent;  // Messages to userfault contexts.
  std::uint64_t last_token = 0;
  std::int64_t areas = 0;
  std::int64_t contents = 0;
  std::int64_t shared_memories = 0;
  std::function<void(const Notice<Host>&)> on_notice;
  shims::AttributeTable attribute_table;
  std::list<File> files;

  File* make_file(const FileRules& rules = {}, const AreaHooks<Host>* hooks = &no_hooks<Host>) {
    File& file = files.emplace_back();
    file.rules = rules;
    file.hooks = hooks;
    return &file;
  }
};

/// Groups that a variant may do without.
template <class Host, Groups groups>
struct GroupsOf : NoLocks,
                  shims::MappedFiles<Host>,
                  shims::ReverseMap<Host>,
                  shims::PageTables<Host> {
  using shims::ReverseMap<Host>::lock_identity;
  using shims::ReverseMap<Host>::unlock_identity;
  static void* allocate_link(std::size_t bytes, std::size_t alignment) noexcept {
    return shims::HeapMemory::allocate(bytes, alignment);
  }
  static void release_link(void* link, std::size_t bytes, std::size_t alignment) noexcept {
    shims::HeapMemory::release(link, bytes, alignment);
  }
  static void* allocate_table(std::size_t bytes, std::size_t alignment) noexcept {
    return shims::HeapMemory::allocate(bytes, alignment);
  }
  static void release_table(void* table, std::size_t bytes, std::size_t alignment) noexcept {
    shims::HeapMemory::release(table, bytes, alignment);
  }
};
template <class Host>
struct GroupsOf<Host, Groups::none>
    : NoLocks, shims::PlainFiles<Host>, NoReverseMap, NoPageTables {};

template <Variant variant>
using MemoryOf =
    std::conditional_t<variant.memory == Memory::heap, shims::HeapMemory, shims::PoolMemory>;

template <Variant variant>
class HostParts : public ChosenLimits<HostState<variant>>,
                  public MemoryOf<variant>,
                  public GroupsOf<FuzzHost<variant>, variant.groups>,
                  public shims::InternedAttributes<FuzzHost<variant>> {
  using Base = MemoryOf<variant>;
  using Host = FuzzHost<variant>;
  using Chosen = ChosenLimits<HostState<variant>>;
  using Chosen::state_;

 public:
  using AreaData =
      std::conditional_t<variant.own_data == OwnData::none, NoData, CountedData<variant>>;
  static constexpr bool has_data_rules = false;
  template <class AreaType>
  using Tree = shims::MapleTree<AreaType, typename Base::Nodes,
                                shims::MapleTreeOptions{.capacity = variant.capacity,
                                                        .mode = variant.mode,
                                                        .shortcuts = variant.shortcuts}>;
  static constexpr bool checks = true;

  using Chosen::Chosen;

  template <class AreaType>
  Tree<AreaType> make_tree() const {
    return Tree<AreaType>{Base::nodes()};
  }
  std::uint64_t new_token() noexcept { return ++state_->last_token; }

  void* allocate_area(std::size_t bytes, std::size_t alignment) noexcept {
    ++state_->areas;
    return Base::allocate_area(bytes, alignment);
  }
  void release_area(void* area, std::size_t bytes, std::size_t alignment) noexcept {
    --state_->areas;
    Base::release_area(area, bytes, alignment);
  }
  void retire_area(void* area, std::size_t bytes, std::size_t alignment) noexcept {
    --state_->areas;
    Base::retire_area(area, bytes, alignment);
  }

  using File = typename HostState<variant>::File;
  Result<File*> make_shared_memory(std::uint64_t bytes) noexcept {
    ++state_->shared_memories;
    return GroupsOf<Host, variant.groups>::make_shared_memory(bytes);
  }
  Result<File*> make_huge_memory(std::uint64_t bytes, unsigned page_shift) noexcept {
    ++state_->shared_memories;
    return GroupsOf<Host, variant.groups>::make_huge_memory(bytes, page_shift);
  }
  void release_file(File* file) noexcept {
    if (file->owned_by_areas && file->references == 1) --state_->shared_memories;
    GroupsOf<Host, variant.groups>::release_file(file);
  }

  shims::AttributeTable& attribute_table() const noexcept { return state_->attribute_table; }
  void* allocate_attributes(std::size_t bytes, std::size_t alignment) noexcept {
    ++state_->contents;
    return shims::HeapMemory::allocate(bytes, alignment);
  }
  void free_attributes(void* object, std::size_t bytes, std::size_t alignment) noexcept {
    --state_->contents;
    shims::HeapMemory::release(object, bytes, alignment);
  }

  // Userfaultfd: messages are noted in the order in which they would be read.
  static constexpr bool has_userfault_events = true;
  struct EventReservation {
    std::map<UserfaultContext, UserfaultContext> children;
    std::string text;
  };
  UserfaultRules userfault_rules(UserfaultContext context) const noexcept {
    const auto found = state_->userfaults.find(context);
    return found == state_->userfaults.end() ? UserfaultRules{} : found->second;
  }
  Result<void> reserve_unmap_event(EventReservation& events, UserfaultContext context,
                                   Range range) noexcept {
    const std::string line = fmt::format("unmap {} {:x}-{:x}\n", context, range.start, range.end);
    if (events.text.find(line) == std::string::npos) events.text += line;
    return {};
  }
  Result<void> reserve_remap_event(EventReservation& events, UserfaultContext context, Range range,
                                   Address to) noexcept {
    events.text += fmt::format("remap {} {:x}-{:x} {:x}\n", context, range.start, range.end, to);
    return {};
  }
  Result<UserfaultContext> reserve_fork_event(EventReservation& events,
                                              UserfaultContext context) noexcept {
    UserfaultContext& child = events.children[context];
    if (child != 0) return child;
    child = ++state_->last_child_context;
    state_->userfaults[child] = userfault_rules(context);
    events.text += fmt::format("fork {} {}\n", context, child);
    return child;
  }
  void send_events(EventReservation& events) noexcept {
    state_->sent += events.text;
    unreserve_events(events);
  }
  static void unreserve_events(EventReservation& events) noexcept { events = {}; }

  void uncharge(PageCount pages) noexcept {
    if (pages > state_->charged) assertion_failed("more uncharged than charged");
    Chosen::uncharge(pages);
  }

  static constexpr bool has_notices = true;
  void notify(const Notice<Host>& notice) const noexcept {
    if (state_->on_notice) state_->on_notice(notice);
  }

  [[noreturn]] static void assertion_failed(const char* promise) noexcept {
    fmt::print(stderr, "broken promise: {}\n{}", promise, current_call);
    std::abort();
  }
};

/// Locks are checked where there are things to lock.
template <Variant variant>
using Decorated = std::conditional_t<variant.groups == Groups::all,
                                     shims::LockChecked<shims::FaultInjecting<HostParts<variant>>>,
                                     shims::FaultInjecting<HostParts<variant>>>;

template <Variant variant>
struct FuzzHost final : Decorated<variant> {
  using Decorated<variant>::Decorated;
};

}  // namespace vmarea::test::fuzz
