// SPDX-License-Identifier: MIT
//
// The calls of an address space, planned: their names and arguments, and which plan each makes.
// What becomes of a plan is the maker's to say:
//
//   AddressSpace      a Change, to be made one beat at a time
//   Preview           a call that is only looked at, on a space that may be const
//
// A plan has the name of its call behind plan_. fork and the verbs have none, and that of
// process_madvise, which is several changes, stands beside the call.
//
// Memory is named by start and length, as the system calls do, or by a range. One that ends before
// it starts is refused as invalid; its length never wraps.
#pragma once

#include <cstdint>

#include "vmarea/calls/brk.hpp"
#include "vmarea/calls/loader.hpp"
#include "vmarea/calls/madvise.hpp"
#include "vmarea/calls/mincore.hpp"
#include "vmarea/calls/mlock.hpp"
#include "vmarea/calls/mlockall.hpp"
#include "vmarea/calls/mmap_huge.hpp"
#include "vmarea/calls/modes.hpp"
#include "vmarea/calls/mprotect.hpp"
#include "vmarea/calls/mremap.hpp"
#include "vmarea/calls/mseal.hpp"
#include "vmarea/calls/msync.hpp"
#include "vmarea/calls/munmap.hpp"
#include "vmarea/calls/name.hpp"
#include "vmarea/calls/policy.hpp"
#include "vmarea/calls/remap_file_pages.hpp"
#include "vmarea/calls/shm.hpp"
#include "vmarea/calls/stack.hpp"
#include "vmarea/calls/userfault.hpp"
#include "vmarea/calls/verbs.hpp"
#include "vmarea/change/change.hpp"
#include "vmarea/change/preview.hpp"
#include "vmarea/types/wrong_flags.hpp"

namespace vmarea {

/// Plans become changes of a space that the maker owns.
template <class Host>
struct MakesChanges {
  using State = SpaceState<Host>;
  template <class Plan>
  using Made = Change<Host, Plan>;
};

/// Plans are only looked at.
template <class Host>
struct MakesPreviews {
  using State = const SpaceState<Host>&;
  template <class Plan>
  using Made = PreviewedCall<Host, Plan>;
};

/// Addresses and lengths are bytes, as the system calls take them.
template <class Host, class Maker>
class PlannedCalls {
 public:
  /// A call whose steps are known beforehand, and one that walks a range by a rule.
  template <class T>
  using StepChange = typename Maker::template Made<StepPlan<Host, T>>;
  template <template <class> class Rule>
  using WalkChange = typename Maker::template Made<WalkPlan<Host, Rule<Host>>>;

  StepChange<Address> plan_mmap(const MmapRequest<Host>& request) {
    return {state_, [&](auto& s) { return vmarea::plan_mmap(s, request); }};
  }
  StepChange<void> plan_munmap(Address start, std::uint64_t length) {
    return {state_, [&](auto& s) { return vmarea::plan_munmap(s, start, length); }};
  }
  StepChange<void> plan_munmap(Range range) {
    return {state_, ordered(range, [&](auto& s) {
              return vmarea::plan_munmap(s, range.start, range.length());
            })};
  }
  StepChange<Address> plan_remap_file_pages(const RemapFileRequest& request) {
    return {state_, [&](auto& s) { return vmarea::plan_remap_file_pages(s, request); }};
  }
  WalkChange<ProtectRule> plan_mprotect(Address start, std::uint64_t length,
                                        Protection protection) {
    return {state_, [&](auto& s) { return vmarea::plan_mprotect(s, start, length, protection); }};
  }
  WalkChange<ProtectRule> plan_mprotect(Range range, Protection protection) {
    return {state_, ordered(range, [&](auto& s) {
              return vmarea::plan_mprotect(s, range.start, range.length(), protection);
            })};
  }
  WalkChange<ProtectRule> plan_pkey_mprotect(Address start, std::uint64_t length,
                                             Protection protection, ProtectionKey key) {
    return {state_,
            [&](auto& s) { return vmarea::plan_mprotect(s, start, length, protection, key); }};
  }
  WalkChange<ProtectRule> plan_pkey_mprotect(Range range, Protection protection,
                                             ProtectionKey key) {
    return {state_, ordered(range, [&](auto& s) {
              return vmarea::plan_mprotect(s, range.start, range.length(), protection, key);
            })};
  }
  typename Maker::template Made<MremapPlan<Host>> plan_mremap(const MremapRequest& request) {
    return {state_, [&](auto& s) { return vmarea::plan_mremap(s, request); }};
  }
  StepChange<Address> plan_brk(Address wanted) {
    return {state_, [&](auto& s) { return vmarea::plan_brk(s, wanted); }};
  }
  WalkChange<AdviseRule> plan_madvise(Address start, std::uint64_t length, Advice advice) {
    return {state_, [&](auto& s) { return vmarea::plan_madvise(s, start, length, advice); }};
  }
  WalkChange<AdviseRule> plan_madvise(Range range, Advice advice) {
    return {state_, ordered(range, [&](auto& s) {
              return vmarea::plan_madvise(s, range.start, range.length(), advice);
            })};
  }
  WalkChange<MlockRule> plan_mlock(Address start, std::uint64_t length, MlockMode mode) {
    return {state_, [&](auto& s) { return vmarea::plan_mlock(s, start, length, mode); }};
  }
  WalkChange<MlockRule> plan_mlock(Range range, MlockMode mode) {
    return {state_, ordered(range, [&](auto& s) {
              return vmarea::plan_mlock(s, range.start, range.length(), mode);
            })};
  }
  WalkChange<MlockRule> plan_mlock2(Address start, std::uint64_t length, MlockFlags flags) {
    return {state_, [&](auto& s) { return vmarea::plan_mlock2(s, start, length, flags); }};
  }
  WalkChange<MlockRule> plan_mlock2(Range range, MlockFlags flags) {
    return {state_, ordered(range, [&](auto& s) {
              return vmarea::plan_mlock2(s, range.start, range.length(), flags);
            })};
  }
  WalkChange<MlockRule> plan_munlock(Address start, std::uint64_t length) {
    return plan_mlock(start, length, MlockMode::unlock);
  }
  WalkChange<MlockRule> plan_munlock(Range range) { return plan_mlock(range, MlockMode::unlock); }
  WalkChange<MlockallRule> plan_mlockall(MlockallFlags flags) {
    return {state_, [&](auto& s) { return vmarea::plan_mlockall(s, flags); }};
  }
  WalkChange<MlockallRule> plan_munlockall() {
    return {state_, [&](auto& s) { return vmarea::plan_munlockall(s); }};
  }
  WalkChange<SealRule> plan_mseal(Address start, std::uint64_t length, SealFlags flags = {}) {
    return {state_, [&](auto& s) { return vmarea::plan_mseal(s, start, length, flags); }};
  }
  WalkChange<SealRule> plan_mseal(Range range, SealFlags flags = {}) {
    return {state_, ordered(range, [&](auto& s) {
              return vmarea::plan_mseal(s, range.start, range.length(), flags);
            })};
  }
  StepChange<void> plan_msync(Address start, std::uint64_t length, MsyncFlags flags) {
    return {state_, [&](auto& s) { return vmarea::plan_msync(s, start, length, flags); }};
  }
  StepChange<void> plan_msync(Range range, MsyncFlags flags) {
    return {state_, ordered(range, [&](auto& s) {
              return vmarea::plan_msync(s, range.start, range.length(), flags);
            })};
  }
  StepChange<void> plan_mincore(Address start, std::uint64_t length) {
    return {state_, [&](auto& s) { return vmarea::plan_mincore(s, start, length); }};
  }
  StepChange<void> plan_mincore(Range range) {
    return {state_, ordered(range, [&](auto& s) {
              return vmarea::plan_mincore(s, range.start, range.length());
            })};
  }
  WalkChange<SamePageRule> plan_set_memory_merge(SamePageMerging wanted) {
    return {state_, [&](auto& s) { return vmarea::plan_set_memory_merge(s, wanted); }};
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
  WalkChange<UnwatchRule> plan_unregister_userfault(Range range, UserfaultContext context) {
    return {state_, ordered(range, [&](auto& s) {
              return vmarea::plan_unregister_userfault(s, range.start, range.length(), context);
            })};
  }
  WalkChange<UnwatchRule> plan_release_userfault(UserfaultContext context) {
    return {state_, [&](auto& s) { return vmarea::plan_release_userfault(s, context); }};
  }
  WalkChange<PolicyRule> plan_mbind(Address start, std::uint64_t length, MemoryPolicy policy) {
    return {state_, [&](auto& s) { return vmarea::plan_mbind(s, start, length, policy); }};
  }
  WalkChange<PolicyRule> plan_mbind(Range range, MemoryPolicy policy) {
    return {state_, ordered(range, [&](auto& s) {
              return vmarea::plan_mbind(s, range.start, range.length(), policy);
            })};
  }
  WalkChange<HomeNodeRule> plan_set_home_node(Address start, std::uint64_t length,
                                              const HomeNode& home) {
    return {state_, [&](auto& s) { return vmarea::plan_set_home_node(s, start, length, home); }};
  }
  WalkChange<HomeNodeRule> plan_set_home_node(Range range, const HomeNode& home) {
    return {state_, ordered(range, [&](auto& s) {
              return vmarea::plan_set_home_node(s, range.start, range.length(), home);
            })};
  }
  WalkChange<NameRule> plan_set_name(Address start, std::uint64_t length, MemoryName name) {
    return {state_, [&](auto& s) { return vmarea::plan_set_name(s, start, length, name); }};
  }
  WalkChange<NameRule> plan_set_name(Range range, MemoryName name) {
    return {state_, ordered(range, [&](auto& s) {
              return vmarea::plan_set_name(s, range.start, range.length(), name);
            })};
  }
  StepChange<Address> plan_attach_shared(const AttachRequest<Host>& request) {
    return {state_, [&](auto& s) { return vmarea::plan_attach_shared(s, request); }};
  }
  WalkChange<DetachRule> plan_detach_shared(Address start) {
    return {state_, [&](auto& s) { return vmarea::plan_detach_shared(s, start); }};
  }
  StepChange<void> plan_touch(Address at, Touch how) {
    return {state_, [&](auto& s) { return vmarea::plan_touch(s, at, how); }};
  }
  StepChange<void> plan_grow_stack(Address at, GrowthBy cause = GrowthBy::fault) {
    return {state_, [&](auto& s) { return vmarea::plan_grow_stack(s, at, cause); }};
  }
  StepChange<void> plan_insert(const Description<Host>& area,
                               const typename Host::AreaData& data = {}) {
    return {state_, [&](auto& s) { return vmarea::plan_insert(s, area, data); }};
  }
  StepChange<void> plan_insert_special(const SpecialRequest<Host>& request) {
    return {state_, [&](auto& s) { return vmarea::plan_insert_special(s, request); }};
  }
  StepChange<void> plan_insert_initial_stack(Address top) {
    return {state_, [&](auto& s) { return vmarea::plan_insert_initial_stack(s, top); }};
  }
  StepChange<void> plan_loader_brk(Address start, std::uint64_t length, LoaderMemory kind) {
    return {state_, [&](auto& s) { return vmarea::plan_loader_brk(s, start, length, kind); }};
  }
  StepChange<void> plan_loader_brk(Range range, LoaderMemory kind) {
    return {state_, ordered(range, [&](auto& s) {
              return vmarea::plan_loader_brk(s, range.start, range.length(), kind);
            })};
  }

  // No calls, but sentences for what is none.
  WalkChange<ProtectRule> plan_mprotect(Address, std::uint64_t, NotA<Protection> auto given) {
    return {state_, refused(given)};
  }
  WalkChange<ProtectRule> plan_mprotect(Range, NotA<Protection> auto given) {
    return {state_, refused(given)};
  }
  WalkChange<ProtectRule> plan_pkey_mprotect(Address, std::uint64_t, NotA<Protection> auto given,
                                             ProtectionKey) {
    return {state_, refused(given)};
  }
  WalkChange<ProtectRule> plan_pkey_mprotect(Range, NotA<Protection> auto given, ProtectionKey) {
    return {state_, refused(given)};
  }
  WalkChange<AdviseRule> plan_madvise(Address, std::uint64_t, NotA<Advice> auto given) {
    return {state_, refused(given)};
  }
  WalkChange<AdviseRule> plan_madvise(Range, NotA<Advice> auto given) {
    return {state_, refused(given)};
  }
  WalkChange<MlockRule> plan_mlock(Address, std::uint64_t, NotA<MlockMode> auto given) {
    return {state_, refused(given)};
  }
  WalkChange<MlockRule> plan_mlock(Range, NotA<MlockMode> auto given) {
    return {state_, refused(given)};
  }
  WalkChange<MlockRule> plan_mlock2(Address, std::uint64_t, NotA<MlockFlags> auto given) {
    return {state_, refused(given)};
  }
  WalkChange<MlockRule> plan_mlock2(Range, NotA<MlockFlags> auto given) {
    return {state_, refused(given)};
  }
  WalkChange<SealRule> plan_mseal(Address, std::uint64_t, NotA<SealFlags> auto given) {
    return {state_, refused(given)};
  }
  WalkChange<SealRule> plan_mseal(Range, NotA<SealFlags> auto given) {
    return {state_, refused(given)};
  }
  StepChange<void> plan_msync(Address, std::uint64_t, NotA<MsyncFlags> auto given) {
    return {state_, refused(given)};
  }
  StepChange<void> plan_msync(Range, NotA<MsyncFlags> auto given) {
    return {state_, refused(given)};
  }
  StepChange<void> plan_loader_brk(Address, std::uint64_t, NotA<LoaderMemory> auto given) {
    return {state_, refused(given)};
  }
  StepChange<void> plan_loader_brk(Range, NotA<LoaderMemory> auto given) {
    return {state_, refused(given)};
  }

 protected:
  template <class... Arguments>
  explicit PlannedCalls(Arguments&&... arguments)
      : state_(static_cast<Arguments&&>(arguments)...) {}
  ~PlannedCalls() = default;

  typename Maker::State state_;

 private:
  template <class Given>
  static auto refused(const Given& given) noexcept {
    return [why = refuse_flags(given)](const SpaceState<Host>&) { return why; };
  }
  /// make_plan, but for a range that ends before it starts. Errors: invalid.
  template <class MakePlan>
  static auto ordered(Range range, MakePlan make_plan) noexcept {
    return [range, make_plan](const SpaceState<Host>& space) noexcept {
      using Plan = decltype(make_plan(space));
      return range.end < range.start ? Plan(Error::invalid) : make_plan(space);
    };
  }
};

/// What calls would do to a space that may be const: space.preview().plan_munmap(range). Takes no
/// lock. Requires: the space does not change meanwhile.
template <class Host>
class Preview : public PlannedCalls<Host, MakesPreviews<Host>> {
 public:
  explicit Preview(const SpaceState<Host>& space) noexcept
      : PlannedCalls<Host, MakesPreviews<Host>>(space) {}
};

}  // namespace vmarea
