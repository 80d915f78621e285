// SPDX-License-Identifier: MIT
//
// The calls of an address space in one go: each plans, reserves, commits and finishes.
//
//   space.mprotect(range, prot::read)      space.plan_mprotect(range, prot::read).complete()
#pragma once

#include <initializer_list>

#include "vmarea/calls/process_madvise.hpp"
#include "vmarea/planned_calls.hpp"

namespace vmarea {

/// Errors are those that the plan_ of each in calls/ says, and interrupted where a host refuses the
/// lock. All end every pointer and cursor into the space.
template <class Host>
class MemoryCalls : public PlannedCalls<Host, MakesChanges<Host>> {
 public:
  [[nodiscard]] Result<Address> mmap(const MmapRequest<Host>& request) {
    return this->plan_mmap(request).complete();
  }
  [[nodiscard]] Result<void> munmap(Address start, std::uint64_t length) {
    return this->plan_munmap(start, length).complete();
  }
  [[nodiscard]] Result<void> munmap(Range range) { return this->plan_munmap(range).complete(); }
  [[nodiscard]] Result<void> mprotect(Address start, std::uint64_t length, Protection protection) {
    return this->plan_mprotect(start, length, protection).complete();
  }
  [[nodiscard]] Result<void> mprotect(Range range, Protection protection) {
    return this->plan_mprotect(range, protection).complete();
  }
  /// Of keys, the library knows the default one alone, and that only where the profile says that
  /// the processor has keys.
  [[nodiscard]] Result<void> pkey_mprotect(Address start, std::uint64_t length,
                                           Protection protection, ProtectionKey key) {
    return this->plan_pkey_mprotect(start, length, protection, key).complete();
  }
  [[nodiscard]] Result<void> pkey_mprotect(Range range, Protection protection, ProtectionKey key) {
    return this->plan_pkey_mprotect(range, protection, key).complete();
  }
  /// A fixed move over several areas is one change for each; an error leaves the earlier ones
  /// moved.
  [[nodiscard]] Result<Address> mremap(const MremapRequest& request) {
    return this->plan_mremap(request).complete();
  }
  /// Maps the same file at another offset, shared, as Linux does since 4.0.
  [[nodiscard]] Result<void> remap_file_pages(const RemapFileRequest& request) {
    return this->plan_remap_file_pages(request).complete().transform([](Address) {});
  }
  /// The new break, or the old one if the new cannot be had.
  Address brk(Address wanted) {
    const Result<Address> now = this->plan_brk(wanted).complete();
    return now ? *now : this->state_.layout.brk;
  }
  [[nodiscard]] Result<void> madvise(Address start, std::uint64_t length, Advice advice) {
    return this->plan_madvise(start, length, advice).complete();
  }
  [[nodiscard]] Result<void> madvise(Range range, Advice advice) {
    return this->plan_madvise(range, advice).complete();
  }
  /// process_madvise on oneself: how many bytes were advised. Each range is a change of its own;
  /// the first that fails ends the call, and its error is the answer where nothing came before it.
  /// Errors: those of advise_ranges() and plan_madvise().
  [[nodiscard]] Result<std::uint64_t> process_madvise(const RangeSequence auto& ranges,
                                                      Advice advice,
                                                      ProcessAdviceFlags flags = {}) {
    return advise_ranges(
        this->state_, ranges, advice, flags,
        [&](Address start, std::uint64_t length) { return this->madvise(start, length, advice); });
  }
  [[nodiscard]] Result<std::uint64_t> process_madvise(std::initializer_list<Range> ranges,
                                                      Advice advice,
                                                      ProcessAdviceFlags flags = {}) {
    return advise_ranges(
        this->state_, ranges, advice, flags,
        [&](Address start, std::uint64_t length) { return this->madvise(start, length, advice); });
  }
  /// process_madvise in step with a host: make(change) is given the planned madvise of each range,
  /// in their order, makes it in its beats and answers as it does. The next is planned after that.
  template <RangeSequence Ranges, class Make>
  [[nodiscard]] Result<std::uint64_t> plan_process_madvise(const Ranges& ranges, Advice advice,
                                                           ProcessAdviceFlags flags, Make&& make) {
    return advise_ranges(this->state_, ranges, advice, flags,
                         [&](Address start, std::uint64_t length) -> Result<void> {
                           return make(this->plan_madvise(start, length, advice));
                         });
  }
  [[nodiscard]] Result<void> mlock(Address start, std::uint64_t length, MlockMode mode) {
    return this->plan_mlock(start, length, mode).complete();
  }
  [[nodiscard]] Result<void> mlock(Range range, MlockMode mode) {
    return this->plan_mlock(range, mode).complete();
  }
  /// mlock with the flags of the system call.
  [[nodiscard]] Result<void> mlock2(Address start, std::uint64_t length, MlockFlags flags) {
    return this->plan_mlock2(start, length, flags).complete();
  }
  [[nodiscard]] Result<void> mlock2(Range range, MlockFlags flags) {
    return this->plan_mlock2(range, flags).complete();
  }
  [[nodiscard]] Result<void> munlock(Address start, std::uint64_t length) {
    return this->plan_munlock(start, length).complete();
  }
  [[nodiscard]] Result<void> munlock(Range range) { return this->plan_munlock(range).complete(); }
  /// That some memory cannot be touched is no error here.
  [[nodiscard]] Result<void> mlockall(MlockallFlags flags) {
    return this->plan_mlockall(flags).complete();
  }
  [[nodiscard]] Result<void> munlockall() { return this->plan_munlockall().complete(); }
  [[nodiscard]] Result<void> mseal(Address start, std::uint64_t length, SealFlags flags = {}) {
    return this->plan_mseal(start, length, flags).complete();
  }
  [[nodiscard]] Result<void> mseal(Range range, SealFlags flags = {}) {
    return this->plan_mseal(range, flags).complete();
  }
  /// Whether msync finds something in its way; what is written back is the host's to do.
  [[nodiscard]] Result<void> msync(Address start, std::uint64_t length, MsyncFlags flags) {
    return this->plan_msync(start, length, flags).complete();
  }
  [[nodiscard]] Result<void> msync(Range range, MsyncFlags flags) {
    return this->plan_msync(range, flags).complete();
  }
  /// Whether mincore finds all of the memory; which pages are there is the host's to say.
  [[nodiscard]] Result<void> mincore(Address start, std::uint64_t length) {
    return this->plan_mincore(start, length).complete();
  }
  [[nodiscard]] Result<void> mincore(Range range) { return this->plan_mincore(range).complete(); }
  /// PR_SET_MEMORY_MERGE: marks all memory, now and from now on, for same-page merging, or unmarks.
  [[nodiscard]] Result<void> set_memory_merge(SamePageMerging wanted) {
    return this->plan_set_memory_merge(wanted).complete();
  }
  /// PR_SET_MDWE: from now on no memory becomes executable that was written.
  [[nodiscard]] Result<void> deny_write_exec(WriteExecFlags wanted) {
    return this->plan_deny_write_exec(wanted).complete();
  }
  /// Lets a userfaultfd watch memory. Its context is a handle of the host, as are policy and name
  /// below.
  [[nodiscard]] Result<void> register_userfault(const UserfaultRequest& request) {
    return this->plan_register_userfault(request).complete();
  }
  [[nodiscard]] Result<void> unregister_userfault(Address start, std::uint64_t length,
                                                  UserfaultContext context) {
    return this->plan_unregister_userfault(start, length, context).complete();
  }
  [[nodiscard]] Result<void> unregister_userfault(Range range, UserfaultContext context) {
    return this->plan_unregister_userfault(range, context).complete();
  }
  /// Closes a userfaultfd; for lack of memory, equal areas may stay apart. Errors: interrupted.
  [[nodiscard]] Result<void> release_userfault(UserfaultContext context) {
    return this->plan_release_userfault(context).complete();
  }
  [[nodiscard]] Result<void> mbind(Address start, std::uint64_t length, MemoryPolicy policy) {
    return this->plan_mbind(start, length, policy).complete();
  }
  [[nodiscard]] Result<void> mbind(Range range, MemoryPolicy policy) {
    return this->plan_mbind(range, policy).complete();
  }
  [[nodiscard]] Result<void> set_home_node(Address start, std::uint64_t length,
                                           const HomeNode& home) {
    return this->plan_set_home_node(start, length, home).complete();
  }
  [[nodiscard]] Result<void> set_home_node(Range range, const HomeNode& home) {
    return this->plan_set_home_node(range, home).complete();
  }
  [[nodiscard]] Result<void> set_name(Address start, std::uint64_t length, MemoryName name) {
    return this->plan_set_name(start, length, name).complete();
  }
  [[nodiscard]] Result<void> set_name(Range range, MemoryName name) {
    return this->plan_set_name(range, name).complete();
  }
  [[nodiscard]] Result<Address> attach_shared(const AttachRequest<Host>& request) {
    return this->plan_attach_shared(request).complete();
  }
  [[nodiscard]] Result<void> detach_shared(Address start) {
    return this->plan_detach_shared(start).complete();
  }
  /// Touches the page at `at`: a first write to private memory gives the area an identity.
  [[nodiscard]] Result<void> touch(Address at, Touch how) {
    return this->plan_touch(at, how).complete();
  }
  /// Grows the stack above `at` down to it.
  [[nodiscard]] Result<void> grow_stack(Address at) { return this->plan_grow_stack(at).complete(); }
  /// Puts an area in place as described, joining and replacing nothing, as a loader does.
  [[nodiscard]] Result<void> insert(const Description<Host>& area,
                                    const typename Host::AreaData& data = {}) {
    return this->plan_insert(area, data).complete();
  }
  /// Puts an area in place that is never cut or merged, such as a vdso.
  [[nodiscard]] Result<void> insert_special(const SpecialRequest<Host>& request) {
    return this->plan_insert_special(request).complete();
  }
  /// The first area of a program: a page of stack that ends at `top` and is still to move.
  [[nodiscard]] Result<void> insert_initial_stack(Address top) {
    return this->plan_insert_initial_stack(top).complete();
  }
  /// Zeroed memory where a loader wants it, in place of what is there.
  [[nodiscard]] Result<void> loader_brk(Address start, std::uint64_t length, LoaderMemory kind) {
    return this->plan_loader_brk(start, length, kind).complete();
  }
  [[nodiscard]] Result<void> loader_brk(Range range, LoaderMemory kind) {
    return this->plan_loader_brk(range, kind).complete();
  }

  // No calls, but sentences for what is none.
  Result<void> mprotect(Address, std::uint64_t, NotA<Protection> auto given) {
    return refuse_flags(given);
  }
  Result<void> mprotect(Range, NotA<Protection> auto given) { return refuse_flags(given); }
  Result<void> pkey_mprotect(Address, std::uint64_t, NotA<Protection> auto given, ProtectionKey) {
    return refuse_flags(given);
  }
  Result<void> pkey_mprotect(Range, NotA<Protection> auto given, ProtectionKey) {
    return refuse_flags(given);
  }
  Result<void> madvise(Address, std::uint64_t, NotA<Advice> auto given) {
    return refuse_flags(given);
  }
  Result<void> madvise(Range, NotA<Advice> auto given) { return refuse_flags(given); }
  Result<void> mlock(Address, std::uint64_t, NotA<MlockMode> auto given) {
    return refuse_flags(given);
  }
  Result<void> mlock(Range, NotA<MlockMode> auto given) { return refuse_flags(given); }
  Result<void> mlock2(Address, std::uint64_t, NotA<MlockFlags> auto given) {
    return refuse_flags(given);
  }
  Result<void> mlock2(Range, NotA<MlockFlags> auto given) { return refuse_flags(given); }
  Result<void> mseal(Address, std::uint64_t, NotA<SealFlags> auto given) {
    return refuse_flags(given);
  }
  Result<void> mseal(Range, NotA<SealFlags> auto given) { return refuse_flags(given); }
  Result<void> msync(Address, std::uint64_t, NotA<MsyncFlags> auto given) {
    return refuse_flags(given);
  }
  Result<void> msync(Range, NotA<MsyncFlags> auto given) { return refuse_flags(given); }
  Result<void> loader_brk(Address, std::uint64_t, NotA<LoaderMemory> auto given) {
    return refuse_flags(given);
  }
  Result<void> loader_brk(Range, NotA<LoaderMemory> auto given) { return refuse_flags(given); }

 protected:
  using PlannedCalls<Host, MakesChanges<Host>>::PlannedCalls;
  ~MemoryCalls() = default;
};

}  // namespace vmarea
