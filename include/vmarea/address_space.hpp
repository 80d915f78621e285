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

#include <cstdint>

#include "vmarea/calls/fault.hpp"
#include "vmarea/calls/mmap.hpp"
#include "vmarea/calls/mprotect.hpp"
#include "vmarea/calls/munmap.hpp"
#include "vmarea/space_state.hpp"

namespace vmarea {

/// All areas of a space, in address order, for a range-for. Any change of the space ends it.
template <class S>
class AreaList {
 public:
  struct End {};
  class Iterator {
   public:
    explicit Iterator(typename SpaceState<S>::Tree::Cursor cursor) noexcept : cursor_(cursor) {}
    const Area<S>& operator*() const noexcept { return *cursor_.entry().value; }
    Iterator& operator++() noexcept {
      cursor_.next();
      return *this;
    }
    bool operator!=(End) const noexcept { return static_cast<bool>(cursor_.entry()); }

   private:
    typename SpaceState<S>::Tree::Cursor cursor_;
  };

  explicit AreaList(const SpaceState<S>& space) noexcept : space_(space) {}
  Iterator begin() const noexcept { return Iterator(space_.tree.seek(0)); }
  End end() const noexcept { return {}; }

 private:
  const SpaceState<S>& space_;
};

/// One address space. Addresses and lengths are bytes, as the system calls take them.
template <KernelServices Services>
class AddressSpace {
 public:
  using AreaType = Area<Services>;
  using State = SpaceState<Services>;
  template <class Plan>
  using ChangeOf = Change<Services, Plan>;

  explicit AddressSpace(Services services = {}, const SpaceLayout& layout = {})
      : state_(static_cast<Services&&>(services), layout) {}
  AddressSpace(const AddressSpace&) = delete;
  AddressSpace& operator=(const AddressSpace&) = delete;
  /// Unmaps everything, as exit does.
  ~AddressSpace() { clear(); }

  ChangeOf<MmapPlan<Services>> plan_mmap(const MmapRequest<Services>& request) {
    return {state_, [&](const State& s) { return vmarea::plan_mmap(s, request); }};
  }
  [[nodiscard]] Result<Address> mmap(const MmapRequest<Services>& request) {
    const Result<Address> at = plan_mmap(request).reserve_and_commit();
    const bool populates = request.flags.has_any(map::locked) ||
                           (request.flags & (map::populate | map::non_block)) == map::populate;
    if (at && populates)
      populate(state_, {*at, *at + state_.services.geometry().round_up(request.length)});
    return at;
  }

  ChangeOf<UnmapPlan<Services>> plan_munmap(Address start, std::uint64_t length) {
    return {state_, [&](const State& s) { return vmarea::plan_munmap(s, start, length); }};
  }
  [[nodiscard]] Result<void> munmap(Address start, std::uint64_t length) {
    return plan_munmap(start, length).reserve_and_commit();
  }

  ChangeOf<ProtectPlan<Services>> plan_mprotect(Address start, std::uint64_t length,
                                                Protection protection) {
    return {state_,
            [&](const State& s) { return vmarea::plan_mprotect(s, start, length, protection); }};
  }
  [[nodiscard]] Result<void> mprotect(Address start, std::uint64_t length, Protection protection) {
    return plan_mprotect(start, length, protection).reserve_and_commit();
  }

  ChangeOf<TouchPlan<Services>> plan_touch(Address at, Touch touch) {
    return {state_, [&](const State& s) { return vmarea::plan_touch(s, at, touch); }};
  }
  /// First touch of the page at `at`: a write to private memory gives the area an identity.
  [[nodiscard]] Result<void> touch(Address at, Touch touch) {
    return plan_touch(at, touch).reserve_and_commit();
  }

  // Lookups. Pointers are valid until the next change.
  /// The area that contains `at`, or null.
  const AreaType* find(Address at) const noexcept { return find_area(state_, at); }
  /// The area that contains `at`, else the first one above it, or null.
  const AreaType* find_at_or_above(Address at) const noexcept {
    return vmarea::find_at_or_above(state_, at);
  }
  /// All areas, in address order.
  AreaList<Services> areas() const noexcept { return AreaList<Services>(state_); }

  std::uint64_t area_count() const noexcept { return state_.area_count; }
  const PageTotals& totals() const noexcept { return state_.totals; }
  const SpaceLayout& layout() const noexcept { return state_.layout; }
  const Services& services() const noexcept { return state_.services; }
  /// The fields, for the verbs of core/, check() and hosts that drive them.
  State& state() noexcept { return state_; }
  const State& state() const noexcept { return state_; }

  /// Unmaps everything. Seals and drivers are not asked: this is exit, not munmap.
  void clear() noexcept { clear_space(state_); }

 private:
  State state_;
};

}  // namespace vmarea
