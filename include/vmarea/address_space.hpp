// SPDX-License-Identifier: MIT
//
// The face of the library: one address space and the memory calls on it.
//
//   space.mmap(...)                 all four beats in one go
//   space.plan_mmap(...) -> Change  the same one by one, to keep a host in step:
//       change.status()             what the call will answer
//       change.for_each_step(...)   what it will change
//       change.reserve()            everything that may run out; failure changes nothing
//       ... the host's own system call ...
//       change.commit()             cannot fail
//       change.finish()             what comes after the lock: touched memory, the rest of a move
//   space.plan_mmap(...).run(call)  the beats around one call of the host
//
// Calls answer as Linux does, with errno numbers as errors; a failed call changes nothing unless
// Linux promises a partial effect (KernelProfile::partial_effects). What each call does stands in
// calls/; here are only their names.
#pragma once

#include <cstdint>
#include <utility>

#include "vmarea/calls/brk.hpp"
#include "vmarea/calls/loader.hpp"
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
#include "vmarea/calls/stack.hpp"
#include "vmarea/calls/userfault.hpp"
#include "vmarea/calls/verbs.hpp"
#include "vmarea/change/change.hpp"
#include "vmarea/change/exit.hpp"
#include "vmarea/change/fork.hpp"
#include "vmarea/plan/host_call.hpp"
#include "vmarea/space/area_list.hpp"

namespace vmarea {

/// One address space. Addresses and lengths are bytes, as the system calls take them.
template <KernelServices Host>
class AddressSpace {
 public:
  using AreaType = Area<Host>;
  using Data = typename Host::AreaData;
  using State = SpaceState<Host>;
  /// A call whose steps are known beforehand, and one that walks a range by a rule.
  template <class T>
  using StepChange = Change<Host, StepPlan<Host, T>>;
  template <template <class> class Rule>
  using WalkChange = Change<Host, WalkPlan<Host, Rule<Host>>>;

  explicit AddressSpace(Host services = {}, const SpaceLayout& layout = {})
      : state_(static_cast<Host&&>(services), layout) {}
  AddressSpace(const AddressSpace&) = delete;
  AddressSpace& operator=(const AddressSpace&) = delete;
  /// Unmaps everything, as exit does. Requires: no change is left.
  ~AddressSpace() { clear(); }

  // The calls; errors as their plan_ in calls/ says, and interrupted where a host refuses the lock.
  // All end every pointer and cursor into the space.
  [[nodiscard]] Result<Address> mmap(const MmapRequest<Host>& request) {
    return plan_mmap(request).complete();
  }
  [[nodiscard]] Result<void> munmap(Address start, std::uint64_t length) {
    return plan_munmap(start, length).complete();
  }
  [[nodiscard]] Result<void> mprotect(Address start, std::uint64_t length, Protection protection) {
    return plan_mprotect(start, length, protection).complete();
  }
  /// A fixed move over several areas is one change for each; an error leaves the earlier ones
  /// moved.
  [[nodiscard]] Result<Address> mremap(const MremapRequest& request) {
    return plan_mremap(request).complete();
  }
  /// The new break, or the old one if the new cannot be had.
  Address brk(Address wanted) {
    const Result<Address> now = plan_brk(wanted).complete();
    return now ? *now : state_.layout.brk;
  }
  [[nodiscard]] Result<void> madvise(Address start, std::uint64_t length, Advice advice) {
    return plan_madvise(start, length, advice).complete();
  }
  [[nodiscard]] Result<void> mlock(Address start, std::uint64_t length, MlockMode mode) {
    return plan_mlock(start, length, mode).complete();
  }
  /// mlock with the flags of the system call.
  [[nodiscard]] Result<void> mlock2(Address start, std::uint64_t length, MlockFlags flags) {
    return plan_mlock2(start, length, flags).complete();
  }
  /// That some memory cannot be touched is no error here.
  [[nodiscard]] Result<void> mlockall(MlockallFlags flags) {
    return plan_mlockall(flags).complete();
  }
  [[nodiscard]] Result<void> munlockall() { return plan_munlockall().complete(); }
  [[nodiscard]] Result<void> mseal(Address start, std::uint64_t length, SealFlags flags = {}) {
    return plan_mseal(start, length, flags).complete();
  }
  /// PR_SET_MEMORY_MERGE: marks all memory, now and from now on, for same-page merging, or unmarks.
  [[nodiscard]] Result<void> set_memory_merge(SamePageMerging wanted) {
    return plan_memory_merge(wanted).complete();
  }
  /// PR_SET_MDWE: from now on no memory becomes executable that was written.
  [[nodiscard]] Result<void> deny_write_exec(WriteExecFlags wanted) {
    return plan_deny_write_exec(wanted).complete();
  }
  /// Lets a userfaultfd watch memory. Its context is a handle of the host, as are policy and name
  /// below.
  [[nodiscard]] Result<void> register_userfault(const UserfaultRequest& request) {
    return plan_register_userfault(request).complete();
  }
  [[nodiscard]] Result<void> unregister_userfault(Address start, std::uint64_t length,
                                                  UserfaultContext context) {
    return plan_unregister_userfault(start, length, context).complete();
  }
  /// Closes a userfaultfd; for lack of memory, equal areas may stay apart. Errors: interrupted.
  [[nodiscard]] Result<void> release_userfault(UserfaultContext context) {
    return plan_release_userfault(context).complete();
  }
  [[nodiscard]] Result<void> mbind(Address start, std::uint64_t length, MemoryPolicy policy) {
    return plan_mbind(start, length, policy).complete();
  }
  [[nodiscard]] Result<void> set_home_node(Address start, std::uint64_t length,
                                           const HomeNode& home) {
    return plan_set_home_node(start, length, home).complete();
  }
  [[nodiscard]] Result<void> set_name(Address start, std::uint64_t length, MemoryName name) {
    return plan_set_name(start, length, name).complete();
  }
  [[nodiscard]] Result<Address> attach_shared(const AttachRequest<Host>& request) {
    return plan_attach(request).complete();
  }
  [[nodiscard]] Result<void> detach_shared(Address start) { return plan_detach(start).complete(); }
  /// Touches the page at `at`: a first write to private memory gives the area an identity.
  [[nodiscard]] Result<void> touch(Address at, Touch how) { return plan_touch(at, how).complete(); }
  /// Grows the stack above `at` down to it.
  [[nodiscard]] Result<void> grow_stack(Address at) { return plan_grow_stack(at).complete(); }
  /// Puts an area in place as described, joining and replacing nothing, as a loader does.
  [[nodiscard]] Result<void> insert(const Description<Host>& area, const Data& data = {}) {
    return plan_insert(area, data).complete();
  }
  /// Puts an area in place that is never cut or merged, such as a vdso.
  [[nodiscard]] Result<void> insert_special(const SpecialRequest<Host>& request) {
    return plan_insert_special(request).complete();
  }
  /// The first area of a program: a page of stack that ends at `top` and is still to move.
  [[nodiscard]] Result<void> insert_initial_stack(Address top) {
    return plan_initial_stack(top).complete();
  }
  /// Zeroed memory where a loader wants it, in place of what is there.
  [[nodiscard]] Result<void> loader_brk(Address start, std::uint64_t length, LoaderMemory kind) {
    return plan_loader_brk(start, length, kind).complete();
  }
  /// Makes `child`, which is empty, a copy of this space. Errors: interrupted, no_memory, busy (a
  /// change is reserved), invalid (into itself, or into a space that is not empty).
  [[nodiscard]] Result<void> fork_into(AddressSpace& child) {
    return Fork<Host>(state_, child.state_).run();
  }

  // Verbs for hosts with calls of their own, on the area that contains an address
  // (calls/verbs.hpp). Errors of all: bad_address (no area there), invalid (misaligned, or not as
  // is said), those of the plan. For instance: space.split(at) before a part gets own data of the
  // host.
  /// Cuts the area at `at`; the upper part keeps the object. Nothing to do where an area starts.
  [[nodiscard]] Result<void> split(Address at) {
    return on_area_at(at, [at](const State& s, AreaType& area) -> StepPlan<Host, void> {
      if (!s.services.geometry().aligned(at)) return Error::invalid;
      if (area.start == at) return success;
      return vmarea::plan_split(s, area, at, NewPart::below);
    });
  }
  /// Gives `part`, which lies in one area, other flags; joins what is like it then, else cuts.
  [[nodiscard]] Result<void> modify(Range part, Flags flags) {
    return WalkChange<ModifyRule>(state_,
                                  [&](auto& s) { return vmarea::plan_modify_at(s, part, flags); })
        .complete();
  }
  /// Grows the area at `at` to `to`, over holes and over all of the area that ends with `to`.
  [[nodiscard]] Result<void> expand(Address at, Range to) {
    return on_area_at(
        at, [to](const State& s, AreaType& area) { return vmarea::plan_expand_to(s, area, to); });
  }
  /// Shrinks the area at `at` to `to`, at one end; the pages outside go.
  [[nodiscard]] Result<void> shrink(Address at, Range to) {
    return on_area_at(
        at, [to](const State& s, AreaType& area) { return vmarea::plan_shrink_to(s, area, to); });
  }
  /// Moves the area at `at` down by `shift` bytes, with its pages, as exec moves its first stack.
  [[nodiscard]] Result<void> relocate_down(Address at, std::uint64_t shift) {
    return on_area_at(at, [shift](const State& s, AreaType& area) -> StepPlan<Host, void> {
      const bool good = s.services.geometry().aligned(shift) && shift <= area.start;
      if (!good) return Error::invalid;
      if (shift == 0) return success;
      return vmarea::plan_relocate_down(s, area, shift);
    });
  }

  // The same, one beat at a time.
  StepChange<Address> plan_mmap(const MmapRequest<Host>& request) {
    return {state_, [&](auto& s) { return vmarea::plan_mmap(s, request); }};
  }
  StepChange<void> plan_munmap(Address start, std::uint64_t length) {
    return {state_, [&](auto& s) { return vmarea::plan_munmap(s, start, length); }};
  }
  WalkChange<ProtectRule> plan_mprotect(Address start, std::uint64_t length,
                                        Protection protection) {
    return {state_, [&](auto& s) { return vmarea::plan_mprotect(s, start, length, protection); }};
  }
  Change<Host, MremapPlan<Host>> plan_mremap(const MremapRequest& request) {
    return {state_, [&](auto& s) { return vmarea::plan_mremap(s, request); }};
  }
  StepChange<Address> plan_brk(Address wanted) {
    return {state_, [&](auto& s) { return vmarea::plan_brk(s, wanted); }};
  }
  WalkChange<AdviseRule> plan_madvise(Address start, std::uint64_t length, Advice advice) {
    return {state_, [&](auto& s) { return vmarea::plan_madvise(s, start, length, advice); }};
  }
  WalkChange<MlockRule> plan_mlock(Address start, std::uint64_t length, MlockMode mode) {
    return {state_, [&](auto& s) { return vmarea::plan_mlock(s, start, length, mode); }};
  }
  WalkChange<MlockRule> plan_mlock2(Address start, std::uint64_t length, MlockFlags flags) {
    return {state_, [&](auto& s) { return vmarea::plan_mlock2(s, start, length, flags); }};
  }
  WalkChange<MlockallRule> plan_mlockall(MlockallFlags flags) {
    return {state_, [&](auto& s) { return vmarea::plan_mlockall(s, flags); }};
  }
  WalkChange<MlockallRule> plan_munlockall() {
    return {state_, [&](auto& s) { return vmarea::plan_munlockall(s); }};
  }
  WalkChange<SealRule> plan_mseal(Address start, std::uint64_t length, SealFlags flags = {}) {
    return {state_, [&](auto& s) { return vmarea::plan_mseal(s, start, length, flags); }};
  }
  WalkChange<SamePageRule> plan_memory_merge(SamePageMerging wanted) {
    return {state_, [&](auto& s) { return vmarea::plan_memory_merge(s, wanted); }};
  }
  StepChange<void> plan_deny_write_exec(WriteExecFlags wanted) {
    return {state_, [&](auto& s) { return vmarea::plan_deny_write_exec(s, wanted); }};
  }
  WalkChange<WatchRule> plan_register_userfault(const UserfaultRequest& request) {
    return {state_, [&](auto& s) { return vmarea::plan_register_userfault(s, request); }};
  }
  WalkChange<UnwatchRule> plan_unregister_userfault(Address start, std::uint64_t length,
                                                    UserfaultContext context) {
    return {state_,
            [&](auto& s) { return vmarea::plan_unregister_userfault(s, start, length, context); }};
  }
  WalkChange<UnwatchRule> plan_release_userfault(UserfaultContext context) {
    return {state_, [&](auto& s) { return vmarea::plan_release_userfault(s, context); }};
  }
  WalkChange<PolicyRule> plan_mbind(Address start, std::uint64_t length, MemoryPolicy policy) {
    return {state_, [&](auto& s) { return vmarea::plan_mbind(s, start, length, policy); }};
  }
  WalkChange<HomeNodeRule> plan_set_home_node(Address start, std::uint64_t length,
                                              const HomeNode& home) {
    return {state_, [&](auto& s) { return vmarea::plan_set_home_node(s, start, length, home); }};
  }
  WalkChange<NameRule> plan_set_name(Address start, std::uint64_t length, MemoryName name) {
    return {state_, [&](auto& s) { return vmarea::plan_set_name(s, start, length, name); }};
  }
  StepChange<Address> plan_attach(const AttachRequest<Host>& request) {
    return {state_, [&](auto& s) { return vmarea::plan_attach(s, request); }};
  }
  WalkChange<DetachRule> plan_detach(Address start) {
    return {state_, [&](auto& s) { return vmarea::plan_detach(s, start); }};
  }
  StepChange<void> plan_touch(Address at, Touch how) {
    return {state_, [&](auto& s) { return vmarea::plan_touch(s, at, how); }};
  }
  StepChange<void> plan_grow_stack(Address at, GrowthBy cause = GrowthBy::fault) {
    return {state_, [&](auto& s) { return vmarea::plan_grow_stack(s, at, cause); }};
  }
  StepChange<void> plan_insert(const Description<Host>& area, const Data& data = {}) {
    return {state_, [&](auto& s) { return vmarea::plan_insert(s, area, data); }};
  }
  StepChange<void> plan_insert_special(const SpecialRequest<Host>& request) {
    return {state_, [&](auto& s) { return vmarea::plan_insert_special(s, request); }};
  }
  StepChange<void> plan_initial_stack(Address top) {
    return {state_, [&](auto& s) { return vmarea::plan_initial_stack(s, top); }};
  }
  StepChange<void> plan_loader_brk(Address start, std::uint64_t length, LoaderMemory kind) {
    return {state_, [&](auto& s) { return vmarea::plan_loader_brk(s, start, length, kind); }};
  }

  // Lookups. Pointers are valid until the next change.
  /// The area that contains `at`, or null.
  const AreaType* find(Address at) const noexcept { return find_area(state_, at); }
  /// The own data of the area that contains `at`, or null; the rest of an area is changed by calls
  /// alone. The pointer ends with the next change that is committed. Requires: no change is
  /// reserved, where the host declares has_data_rules; one that was planned before is busy then.
  Data* find_mutable(Address at) noexcept {
    AreaType* const area = find_area(state_, at);
    if constexpr (Host::has_data_rules) {
      const bool reserved = state_.generation % 2 != 0;
      require<Host>(!reserved, "own data stays as it is while a change is reserved");
      if (area == nullptr || reserved) return nullptr;
      state_.generation += 2;
    }
    return area == nullptr ? nullptr : &area->data;
  }
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
  /// The area that contains `at`, if need be after the stack above grew down to it; a locked stack
  /// is touched there. Null: neither was to be had.
  const AreaType* find_or_grow(Address at) {
    if (!plan_grow_stack(at, GrowthBy::lookup).complete()) return nullptr;
    return find_area(state_, at);
  }
  /// All areas, in address order.
  AreaList<Host> areas() const noexcept { return AreaList<Host>(state_); }

  std::uint64_t area_count() const noexcept { return state_.area_count; }
  const PageTotals& totals() const noexcept { return state_.totals; }
  const SpaceLayout& layout() const noexcept { return state_.layout; }
  const SpaceModes& modes() const noexcept { return state_.modes; }
  const Host& services() const noexcept { return state_.services; }
  /// The fields, for plans of a host's own, for AllLocks and check(), and for hosts that drive
  /// them.
  State& state() noexcept { return state_; }
  const State& state() const noexcept { return state_; }

  /// Unmaps everything. Neither seals nor drivers are asked: this is exit, not munmap.
  /// Requires: no change is reserved.
  void clear() noexcept {
    const SpaceWriteLock<Host> lock(state_);
    require<Host>(static_cast<bool>(lock.taken()), "a space that is cleared gets its lock");
    require<Host>(state_.generation % 2 == 0, "a space is cleared while no change is reserved");
    clear_locked(state_);
    state_.generation += 2;
  }

 private:
  template <class MakePlan>
  Result<void> on_area_at(Address at, MakePlan&& make_plan) {
    return StepChange<void>(state_,
                            [&](const State& s) -> StepPlan<Host, void> {
                              AreaType* const area = find_area(s, at);
                              if (area == nullptr) return Error::bad_address;
                              return make_plan(s, *area);
                            })
        .complete();
  }

  State state_;
};

}  // namespace vmarea
