// SPDX-License-Identifier: MIT
//
// The face of the library: one address space and the memory calls on it.
//
//   space.mmap(...)                 plan, reserve and commit in one go
//   space.plan_mmap(...) -> Change  the same in three beats, to keep a host in step:
//       change.status()             what the call will answer
//       change.for_each_edit(...)   what it will change
//       change.reserve()            everything that may run out; failure changes nothing
//       ... the host's own system call ...
//       change.commit()             cannot fail
//
// Calls answer as Linux does, with errno numbers as errors; a failed call changes nothing unless
// Linux promises a partial effect (KernelProfile::partial_effects). What each call does stands in
// calls/; here are only their names.
#pragma once

#include <concepts>
#include <cstdint>
#include <utility>

#include "vmarea/calls/brk.hpp"
#include "vmarea/calls/fault.hpp"
#include "vmarea/calls/insert.hpp"
#include "vmarea/calls/madvise.hpp"
#include "vmarea/calls/mlock.hpp"
#include "vmarea/calls/mlockall.hpp"
#include "vmarea/calls/mmap.hpp"
#include "vmarea/calls/modes.hpp"
#include "vmarea/calls/mprotect.hpp"
#include "vmarea/calls/mremap.hpp"
#include "vmarea/calls/mseal.hpp"
#include "vmarea/calls/munmap.hpp"
#include "vmarea/calls/name.hpp"
#include "vmarea/calls/policy.hpp"
#include "vmarea/calls/shm.hpp"
#include "vmarea/calls/special.hpp"
#include "vmarea/calls/stack.hpp"
#include "vmarea/calls/userfault.hpp"
#include "vmarea/change/all_locks.hpp"
#include "vmarea/change/fork.hpp"
#include "vmarea/space/space_state.hpp"

namespace vmarea {

/// All areas of a space, in address order, for a range-for. Any change of the space ends it.
template <class Host>
class AreaList {
 public:
  struct End {};
  class Iterator {
   public:
    explicit Iterator(typename SpaceState<Host>::Tree::Cursor cursor) noexcept : cursor_(cursor) {}
    const Area<Host>& operator*() const noexcept { return *cursor_.entry().value; }
    Iterator& operator++() noexcept {
      cursor_.next();
      return *this;
    }
    bool operator!=(End) const noexcept { return static_cast<bool>(cursor_.entry()); }

   private:
    typename SpaceState<Host>::Tree::Cursor cursor_;
  };

  explicit AreaList(const SpaceState<Host>& space) noexcept : space_(space) {}
  Iterator begin() const noexcept { return Iterator(space_.tree.seek(0)); }
  End end() const noexcept { return {}; }

 private:
  const SpaceState<Host>& space_;
};

/// One address space. Addresses and lengths are bytes, as the system calls take them.
template <KernelServices Host>
class AddressSpace {
 public:
  using AreaType = Area<Host>;
  using State = SpaceState<Host>;
  template <class Plan>
  using ChangeOf = Change<Host, Plan>;

  explicit AddressSpace(Host services = {}, const SpaceLayout& layout = {})
      : state_(static_cast<Host&&>(services), layout) {}
  AddressSpace(const AddressSpace&) = delete;
  AddressSpace& operator=(const AddressSpace&) = delete;
  /// Unmaps everything, as exit does.
  ~AddressSpace() { clear(); }

  // The calls; errors as their plan_ in calls/ says, and interrupted where a host refuses the lock.
  // All end every pointer and cursor into the space. A call that promises touched memory
  // (MAP_POPULATE, mlock, growth of locked memory) touches it after its change, as far as it can be
  // had.
  [[nodiscard]] Result<Address> mmap(const MmapRequest<Host>& request) {
    return complete(plan_mmap(request));
  }
  [[nodiscard]] Result<void> munmap(Address start, std::uint64_t length) {
    return plan_munmap(start, length).reserve_and_commit();
  }
  [[nodiscard]] Result<void> mprotect(Address start, std::uint64_t length, Protection protection) {
    return plan_mprotect(start, length, protection).reserve_and_commit();
  }
  /// A fixed move over several areas is one change for each; an error leaves the earlier ones
  /// moved.
  [[nodiscard]] Result<Address> mremap(const MremapRequest& request) {
    MremapRequest rest;
    const Result<Address> at = complete(plan_mremap(request), &rest);
    Result<Address> moved = at;
    while (moved && rest.old_length != 0) moved = complete(plan_mremap_rest(rest), &rest);
    return moved ? at : moved;
  }
  /// The new break, or the old one if the new cannot be had.
  Address brk(Address wanted) {
    const Result<Address> now = complete(plan_brk(wanted));
    return now ? *now : state_.layout.brk;
  }
  [[nodiscard]] Result<void> madvise(Address start, std::uint64_t length, Advice advice) {
    const Result<void> done = plan_madvise(start, length, advice).reserve_and_commit();
    return done ? populate_as_advised(state_, start, length, advice) : done;
  }
  [[nodiscard]] Result<void> mlock(Address start, std::uint64_t length, MlockMode mode) {
    return lock_and_populate(plan_mlock(start, length, mode));
  }
  /// mlock with the flags of the system call.
  [[nodiscard]] Result<void> mlock2(Address start, std::uint64_t length, MlockFlags flags) {
    return lock_and_populate(plan_mlock2(start, length, flags));
  }
  /// That some memory cannot be touched is no error here.
  [[nodiscard]] Result<void> mlockall(MlockallFlags flags) {
    const Result<void> done = plan_mlockall(flags).reserve_and_commit();
    if (done && flags.has_any(mlockall::current)) populate_everything(state_);
    return done;
  }
  [[nodiscard]] Result<void> munlockall() { return plan_munlockall().reserve_and_commit(); }
  [[nodiscard]] Result<void> mseal(Address start, std::uint64_t length, SealFlags flags = {}) {
    return plan_mseal(start, length, flags).reserve_and_commit();
  }
  /// PR_SET_MEMORY_MERGE: marks all memory, now and from now on, for same-page merging, or unmarks.
  [[nodiscard]] Result<void> set_memory_merge(SamePageMerging wanted) {
    return plan_memory_merge(wanted).reserve_and_commit();
  }
  /// PR_SET_MDWE: from now on no memory becomes executable that was written.
  [[nodiscard]] Result<void> deny_write_exec(WriteExecFlags wanted) {
    return plan_deny_write_exec(wanted).reserve_and_commit();
  }
  /// Lets a userfaultfd watch memory. Its context is a handle of the host, as are policy and name
  /// below.
  [[nodiscard]] Result<void> register_userfault(const UserfaultRequest& request) {
    return plan_register_userfault(request).reserve_and_commit();
  }
  [[nodiscard]] Result<void> unregister_userfault(Address start, std::uint64_t length,
                                                  UserfaultContext context) {
    return plan_unregister_userfault(start, length, context).reserve_and_commit();
  }
  /// Closes a userfaultfd; for lack of memory, equal areas may stay apart. Errors: interrupted.
  [[nodiscard]] Result<void> release_userfault(UserfaultContext context) {
    return plan_release_userfault(context).reserve_and_commit();
  }
  [[nodiscard]] Result<void> mbind(Address start, std::uint64_t length, MemoryPolicy policy) {
    return plan_mbind(start, length, policy).reserve_and_commit();
  }
  [[nodiscard]] Result<void> set_home_node(Address start, std::uint64_t length,
                                           const HomeNode& home) {
    return plan_set_home_node(start, length, home).reserve_and_commit();
  }
  [[nodiscard]] Result<void> set_name(Address start, std::uint64_t length, MemoryName name) {
    return plan_set_name(start, length, name).reserve_and_commit();
  }
  [[nodiscard]] Result<Address> attach_shared(const AttachRequest<Host>& request) {
    return complete(plan_attach(request));
  }
  [[nodiscard]] Result<void> detach_shared(Address start) {
    return plan_detach(start).reserve_and_commit();
  }
  /// Touches the page at `at`: a first write to private memory gives the area an identity.
  [[nodiscard]] Result<void> touch(Address at, Touch how) {
    return plan_touch(at, how).reserve_and_commit();
  }
  /// Grows the stack above `at` down to it.
  [[nodiscard]] Result<void> grow_stack(Address at) {
    return plan_grow_stack(at).reserve_and_commit();
  }
  /// Puts an area in place as described, joining and replacing nothing, as a loader does.
  [[nodiscard]] Result<void> insert(const Description<Host>& area) {
    return plan_insert(area).reserve_and_commit();
  }
  /// Puts an area in place that is never cut or merged, such as a vdso.
  [[nodiscard]] Result<void> insert_special(const SpecialRequest<Host>& request) {
    return plan_insert_special(request).reserve_and_commit();
  }
  /// The first area of a program: a page of stack that ends at `top` and is still to move.
  [[nodiscard]] Result<void> insert_initial_stack(Address top) {
    return plan_initial_stack(top).reserve_and_commit();
  }
  /// Zeroed memory where a loader wants it, in place of what is there.
  [[nodiscard]] Result<void> loader_brk(Address start, std::uint64_t length, LoaderMemory kind) {
    return complete(plan_loader_brk(start, length, kind));
  }
  /// Makes `child`, which is empty, a copy of this space. Errors: interrupted, no_memory.
  [[nodiscard]] Result<void> fork_into(AddressSpace& child) {
    return Fork<Host>(state_, child.state_).run();
  }

  // The same in three beats.
  ChangeOf<MmapPlan<Host>> plan_mmap(const MmapRequest<Host>& request) {
    return {state_, [&](const State& s) { return vmarea::plan_mmap(s, request); }};
  }
  ChangeOf<UnmapPlan<Host>> plan_munmap(Address start, std::uint64_t length) {
    return {state_, [&](const State& s) { return vmarea::plan_munmap(s, start, length); }};
  }
  ChangeOf<ProtectPlan<Host>> plan_mprotect(Address start, std::uint64_t length,
                                            Protection protection) {
    return {state_,
            [&](const State& s) { return vmarea::plan_mprotect(s, start, length, protection); }};
  }
  ChangeOf<MremapPlan<Host>> plan_mremap(const MremapRequest& request) {
    return {state_, [&](const State& s) { return vmarea::plan_mremap(s, request); }};
  }
  /// The next area's share of a fixed move: `rest` comes from the plan before.
  ChangeOf<MremapPlan<Host>> plan_mremap_rest(const MremapRequest& rest) {
    return {state_, [&](const State& s) { return plan_fixed_move(s, rest); }};
  }
  ChangeOf<BrkPlan<Host>> plan_brk(Address wanted) {
    return {state_, [&](const State& s) { return vmarea::plan_brk(s, wanted); }};
  }
  ChangeOf<AdvisePlan<Host>> plan_madvise(Address start, std::uint64_t length, Advice advice) {
    return {state_, [&](const State& s) { return vmarea::plan_madvise(s, start, length, advice); }};
  }
  ChangeOf<MlockPlan<Host>> plan_mlock(Address start, std::uint64_t length, MlockMode mode) {
    return {state_, [&](const State& s) { return plan_lock(s, start, length, mode); }};
  }
  ChangeOf<MlockPlan<Host>> plan_mlock2(Address start, std::uint64_t length, MlockFlags flags) {
    return {state_, [&](const State& s) { return plan_lock(s, start, length, flags); }};
  }
  ChangeOf<MlockallPlan<Host>> plan_mlockall(MlockallFlags flags) {
    return {state_, [&](const State& s) { return vmarea::plan_mlockall(s, flags); }};
  }
  ChangeOf<MlockallPlan<Host>> plan_munlockall() {
    return {state_, [&](const State& s) { return vmarea::plan_munlockall(s); }};
  }
  ChangeOf<SealPlan<Host>> plan_mseal(Address start, std::uint64_t length, SealFlags flags = {}) {
    return {state_, [&](const State& s) { return vmarea::plan_mseal(s, start, length, flags); }};
  }
  ChangeOf<SamePagePlan<Host>> plan_memory_merge(SamePageMerging wanted) {
    return {state_, [&](const State& s) { return vmarea::plan_memory_merge(s, wanted); }};
  }
  ChangeOf<WriteExecPlan<Host>> plan_deny_write_exec(WriteExecFlags wanted) {
    return {state_, [&](const State& s) { return vmarea::plan_deny_write_exec(s, wanted); }};
  }
  ChangeOf<WatchPlan<Host>> plan_register_userfault(const UserfaultRequest& request) {
    return {state_, [&](const State& s) { return vmarea::plan_register_userfault(s, request); }};
  }
  ChangeOf<UnwatchPlan<Host>> plan_unregister_userfault(Address start, std::uint64_t length,
                                                        UserfaultContext context) {
    return {state_, [&](const State& s) {
              return vmarea::plan_unregister_userfault(s, start, length, context);
            }};
  }
  ChangeOf<UnwatchPlan<Host>> plan_release_userfault(UserfaultContext context) {
    return {state_, [&](const State& s) { return vmarea::plan_release_userfault(s, context); }};
  }
  ChangeOf<PolicyPlan<Host>> plan_mbind(Address start, std::uint64_t length, MemoryPolicy policy) {
    return {state_, [&](const State& s) { return vmarea::plan_mbind(s, start, length, policy); }};
  }
  ChangeOf<HomeNodePlan<Host>> plan_set_home_node(Address start, std::uint64_t length,
                                                  const HomeNode& home) {
    return {state_,
            [&](const State& s) { return vmarea::plan_set_home_node(s, start, length, home); }};
  }
  ChangeOf<NamePlan<Host>> plan_set_name(Address start, std::uint64_t length, MemoryName name) {
    return {state_, [&](const State& s) { return vmarea::plan_set_name(s, start, length, name); }};
  }
  ChangeOf<MmapPlan<Host>> plan_attach(const AttachRequest<Host>& request) {
    return {state_, [&](const State& s) { return vmarea::plan_attach(s, request); }};
  }
  ChangeOf<DetachPlan<Host>> plan_detach(Address start) {
    return {state_, [&](const State& s) { return vmarea::plan_detach(s, start); }};
  }
  ChangeOf<TouchPlan<Host>> plan_touch(Address at, Touch how) {
    return {state_, [&](const State& s) { return vmarea::plan_touch(s, at, how); }};
  }
  ChangeOf<GrowStackPlan<Host>> plan_grow_stack(Address at) {
    return {state_, [&](const State& s) { return vmarea::plan_grow_stack(s, at); }};
  }
  ChangeOf<InsertPlan<Host>> plan_insert(const Description<Host>& area) {
    return {state_, [&](const State& s) { return vmarea::plan_insert(s, area); }};
  }
  ChangeOf<InsertPlan<Host>> plan_insert_special(const SpecialRequest<Host>& request) {
    return {state_, [&](const State& s) { return vmarea::plan_insert_special(s, request); }};
  }
  ChangeOf<InsertPlan<Host>> plan_initial_stack(Address top) {
    return {state_, [&](const State& s) { return vmarea::plan_initial_stack(s, top); }};
  }
  ChangeOf<StepPlan<Host, void>> plan_loader_brk(Address start, std::uint64_t length,
                                                 LoaderMemory kind) {
    return {state_,
            [&](const State& s) { return vmarea::plan_loader_brk(s, start, length, kind); }};
  }

  // Lookups. Pointers are valid until the next change.
  /// The area that contains `at`, or null.
  const AreaType* find(Address at) const noexcept { return find_area(state_, at); }
  /// The area that contains `at`, else the first one above it, or null.
  const AreaType* find_at_or_above(Address at) const noexcept {
    return vmarea::find_at_or_above(state_, at);
  }
  /// The first area that has a byte in `range`, or null. Requires: `range` is not empty.
  const AreaType* find_intersection(Range range) const noexcept {
    return vmarea::find_intersection(state_, range);
  }
  /// What find_at_or_above() finds, and the last area that lies below `at`.
  AreaWithPrev<Host> find_with_prev(Address at) const noexcept {
    return vmarea::find_with_prev(state_, at);
  }
  /// The area that contains `at`, if need be after the stack above grew down to it, or null.
  const AreaType* find_or_grow(Address at) { return vmarea::find_or_grow(state_, at); }
  /// All areas, in address order.
  AreaList<Host> areas() const noexcept { return AreaList<Host>(state_); }

  std::uint64_t area_count() const noexcept { return state_.area_count; }
  const PageTotals& totals() const noexcept { return state_.totals; }
  const SpaceLayout& layout() const noexcept { return state_.layout; }
  const SpaceModes& modes() const noexcept { return state_.modes; }
  const Host& services() const noexcept { return state_.services; }
  /// The fields, for the verbs of core/, for AllLocks and check(), and for hosts that drive them.
  State& state() noexcept { return state_; }
  const State& state() const noexcept { return state_; }

  /// Unmaps everything. Seals and drivers are not asked: this is exit, not munmap.
  void clear() noexcept {
    const SpaceWriteLock<Host> lock(state_);
    require<Host>(static_cast<bool>(lock.taken()), "whoever clears a space gets its lock");
    clear_space_locked(state_);
  }

 private:
  Result<void> lock_and_populate(ChangeOf<MlockPlan<Host>> planned) {
    Range populated;
    {
      ChangeOf<MlockPlan<Host>> change = std::move(planned);
      const Result<void> done = change.reserve_and_commit();
      if (!done) return done;
      populated = change.plan().populated;
    }
    return populate(state_, populated);
  }

  /// Reserve and commit, then touch what the plan says; `rest`: what the plan leaves to do.
  template <class Plan>
  Result<typename Plan::Value> complete(ChangeOf<Plan>&& change, MremapRequest* rest = nullptr) {
    const Range populated = change.plan().populated;
    if constexpr (std::same_as<Plan, MremapPlan<Host>>) *rest = change.plan().rest;
    const Result<typename Plan::Value> result = change.reserve_and_commit();
    change.end();
    if (result && !populated.empty()) (void)populate(state_, populated);
    return result;
  }

  State state_;
};

}  // namespace vmarea
