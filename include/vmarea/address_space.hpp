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
// Linux promises a partial effect (KernelProfile::partial_effects). The names of the calls stand in
// memory_calls.hpp and planned_calls.hpp, what each does in calls/; here is all that is left: fork,
// the verbs, and lookups.
#pragma once

#include <concepts>
#include <cstdint>
#include <new>
#include <utility>

#include "vmarea/change/exit.hpp"
#include "vmarea/change/fork.hpp"
#include "vmarea/host/complete.hpp"
#include "vmarea/memory_calls.hpp"
#include "vmarea/plan/host_call.hpp"
#include "vmarea/space/area_list.hpp"
#include "vmarea/space/area_lock.hpp"
#include "vmarea/space/boundary.hpp"
#include "vmarea/space/check.hpp"
#include "vmarea/space/coverage.hpp"
#include "vmarea/space/lookups.hpp"
#include "vmarea/space/read_lock.hpp"

namespace vmarea {

/// One address space. Addresses and lengths are bytes, as the system calls take them.
template <class Host>
class AddressSpace : public MemoryCalls<typename CompleteHost<Host>::Checked> {
  using MemoryCalls<Host>::state_;

 public:
  using AreaType = Area<Host>;
  using Data = typename Host::AreaData;
  using State = SpaceState<Host>;
  /// A call whose steps are known beforehand, and one that walks a range by a rule.
  template <class T>
  using StepChange = Change<Host, StepPlan<Host, T>>;
  template <template <class> class Rule>
  using WalkChange = Change<Host, WalkPlan<Host, Rule<Host>>>;

  /// With the layout of the host's geometry.
  explicit AddressSpace(Host services = {}) : MemoryCalls<Host>(services, for_host(services)) {}
  /// Requires: `layout` fits the host's geometry (check_layout). Where promises are not checked, a
  /// call that finds no room in one that does not answers Error::invalid.
  AddressSpace(Host services, const SpaceLayout& layout)
      : MemoryCalls<Host>(static_cast<Host&&>(services), layout) {}
  AddressSpace(const AddressSpace&) = delete;
  AddressSpace& operator=(const AddressSpace&) = delete;
  /// Takes all areas along, so that pointers to them stay valid; the other is then as empty as a
  /// new one. Requires: no change of the other is left.
  AddressSpace(AddressSpace&& other) noexcept requires std::move_constructible<State>
      : MemoryCalls<Host>(other.state_.services, other.state_.layout) {
    take_state(other);
  }
  /// Unmaps what this space has, first.
  AddressSpace& operator=(AddressSpace&& other) noexcept requires std::move_constructible<State> {
    if (this == &other) return *this;
    clear();
    take_state(other);
    return *this;
  }
  /// Unmaps everything, as exit does. Requires: no change is left.
  ~AddressSpace() { clear(); }

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
  /// Errors: also invalid for flags that such an area cannot have, as insert() answers.
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

  /// Keeps changes out of the lookups below, where other threads make some, for as long as the
  /// answer lives; other readers may come in. Without it, one thread at a time uses a space.
  /// Requires: this thread neither holds a change of the space nor reads it already, and makes no
  /// call on it that changes something until the answer ends. Errors: interrupted.
  ///   const auto reading = space.lock_shared();
  ///   if (reading) show(space.find(at));
  [[nodiscard]] Result<SpaceReadLock<Host>> lock_shared() const noexcept {
    return SpaceReadLock<Host>::take(state_);
  }

  // Beside calls on other threads; templates, so that a host without them pays nothing.
  /// Lookups without a lock, from a signal handler, too:
  ///   const auto lookups = space.lookups();
  ///   const auto seen = lookups.find(at);
  template <class Reading = Host>
  Lookups<Reading> lookups() const noexcept {
    static_assert(Reading::has_lock_free_lookup, "lookups in this host need lock_shared()");
    return Lookups<Reading>(state_);
  }
  /// Keeps the area that contains `at` as it is, for as long as the answer lives, while calls on
  /// other areas go on. Not for signal handlers. Requires and errors: those of AreaReadLock.
  template <class Reading = Host>
  [[nodiscard]] Result<AreaReadLock<Reading>> lock_area(Address at) const noexcept {
    static_assert(Reading::has_area_reads, "areas of this host have no read locks");
    return AreaReadLock<Reading>::take(state_, at);
  }

  // Lookups. Pointers are valid until the next change. Where other threads make calls, these and
  // all that is read below are for the time of a lock_shared().
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
  AreaWithPrev<const AreaType> find_with_prev(Address at) const noexcept {
    return vmarea::find_with_prev(state_, at);
  }
  /// The area that contains `at`, if need be after the stack above grew down to it; a locked stack
  /// is touched there. Null: neither was to be had. Beside other threads, plan_grow_stack() and
  /// lookups() do better: the area may have changed again when it is returned.
  const AreaType* find_or_grow(Address at) {
    if (!this->plan_grow_stack(at, GrowthBy::lookup).complete()) return nullptr;
    return find_area(state_, at);
  }
  /// Whether all of a range may be read, written or executed, as `access` says (prot::none: whether
  /// all of it is mapped), and the first address where not: a kernel's question about a user's
  /// pointer. Nothing grows; a caller that lets stacks grow calls grow_stack() at that address and
  /// asks again. An empty range is covered anywhere; one that wraps, or that ends before it starts,
  /// nowhere.
  ///   const auto may = space.covers(from_user, length, prot::read);
  ///   if (!may) return raise_fault(may.upto, may.fault);
  Coverage covers(Range range, Protection access) const noexcept {
    return coverage_of(state_, range, access);
  }
  Coverage covers(Address start, std::uint64_t length, Protection access) const noexcept {
    return coverage_of(state_, {start, start + length}, access);
  }
  /// All areas, in address order; or all that have a byte in `range`, whole. To copy them:
  ///   std::vector copies(list.begin(), list.end());
  AreaList<Host> areas() const noexcept { return AreaList<Host>(state_); }
  AreaList<Host> areas(Range range) const noexcept { return AreaList<Host>(state_, range); }
  /// The descriptions of the areas that have a byte in `range`, clipped to it.
  PartList<Host> parts_in(Range range) const noexcept { return PartList<Host>(state_, range); }
  /// Calls visit(description) for each area that has a byte in `range`, in address order. The
  /// visitor may make any call on the space:
  ///   space.for_each_area(range, [&](const auto& area) { (void)space.munmap(area.range()); });
  /// It is given a copy, and the walk goes on at the end that the area had.
  template <class Visit>
  void for_each_area(Range range, Visit&& visit) const {
    vmarea::for_each_area(state_, range, visit);
  }
  /// What calls would do; without the lock, and on a space that may be const:
  ///   space.preview().plan_munmap(range).for_each_step(visit);
  Preview<Host> preview() const noexcept { return Preview<Host>(state_); }

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
  /// Nothing where a state cannot move: clang 14 compiles the callers for such hosts, too.
  void take_state(AddressSpace& other) noexcept {
    require<Host>(other.state_.generation % 2 == 0, "a space is moved while no change is reserved");
    if constexpr (std::move_constructible<State>) {
      state_.~State();
      ::new (static_cast<void*>(&state_)) State(static_cast<State&&>(other.state_));
    }
  }
  static SpaceLayout for_host(const Host& services) noexcept {
    return SpaceLayout::for_geometry(services.geometry());
  }
  template <class MakePlan>
  Result<void> on_area_at(Address at, MakePlan&& make_plan) {
    return StepChange<void>(state_,
                            [&](const State& s) -> StepPlan<Host, void> {
                              AreaType* const area = find_object(s, at);
                              if (area == nullptr) return Error::bad_address;
                              return make_plan(s, *area);
                            })
        .complete();
  }
};

/// The first broken invariant of the space. Requires: it does not change meanwhile.
template <class Host>
Broken check(const AddressSpace<Host>& space) noexcept {
  return check(space.state());
}

/// What keeps the area that ends at `at` and the one that starts there apart.
template <class Host>
JoinAnswer explain_boundary(const AddressSpace<Host>& space, Address at) noexcept {
  return explain_boundary(space.state(), at);
}

}  // namespace vmarea
