// SPDX-License-Identifier: MIT
//
// The calls of a TestSpace. They stand in a unit of their own so that each is compiled once, not
// once in every test.
#include "support/test_space.hpp"

namespace vmarea::test {

Result<Address> TestSpace::mmap(const MmapRequest<TestServices>& request) {
  return run(space_.plan_mmap(request));
}

Result<Address> TestSpace::remap_file_pages(const RemapFileRequest& request) {
  return run(space_.plan_remap_file_pages(request));
}

Result<void> TestSpace::munmap(Range range) {
  return munmap(range.start, range.length());
}

Result<void> TestSpace::munmap(Address start, std::uint64_t length) {
  return run(space_.plan_munmap(start, length));
}

Result<void> TestSpace::mprotect(Range range, Protection protection) {
  return mprotect(range.start, range.length(), protection);
}

Result<void> TestSpace::mprotect(Address start, std::uint64_t length, Protection protection) {
  return run(space_.plan_mprotect(start, length, protection));
}

Result<void> TestSpace::pkey_mprotect(Range range, Protection protection, ProtectionKey key) {
  return run(space_.plan_pkey_mprotect(range.start, range.length(), protection, key));
}

Result<Address> TestSpace::mremap(const MremapRequest& request) {
  return run(space_.plan_mremap(request));
}

Address TestSpace::brk(Address wanted) {
  const Result<Address> now = run(space_.plan_brk(wanted));
  return now ? *now : space_.layout().brk;
}

Result<void> TestSpace::madvise(Range range, Advice advice) {
  return run(space_.plan_madvise(range.start, range.length(), advice));
}

Result<void> TestSpace::mlock(Range range, MlockMode mode) {
  return run(space_.plan_mlock(range.start, range.length(), mode));
}

Result<void> TestSpace::mlock2(Range range, MlockFlags flags) {
  return run(space_.plan_mlock2(range.start, range.length(), flags));
}

Result<void> TestSpace::mlockall(MlockallFlags flags) {
  return run(space_.plan_mlockall(flags));
}

Result<void> TestSpace::munlockall() {
  return run(space_.plan_munlockall());
}

Result<void> TestSpace::mseal(Range range, SealFlags flags) {
  return run(space_.plan_mseal(range.start, range.length(), flags));
}

Result<void> TestSpace::msync(Range range, MsyncFlags flags) {
  return run(space_.plan_msync(range.start, range.length(), flags));
}

Result<void> TestSpace::mincore(Range range) {
  return run(space_.plan_mincore(range.start, range.length()));
}

Result<void> TestSpace::set_memory_merge(SamePageMerging wanted) {
  return run(space_.plan_set_memory_merge(wanted));
}

Result<void> TestSpace::deny_write_exec(WriteExecFlags wanted) {
  return run(space_.plan_deny_write_exec(wanted));
}

Result<void> TestSpace::register_userfault(Range range, UserfaultContext context,
                                           UserfaultModes modes) {
  return run(space_.plan_register_userfault({range.start, range.length(), context, modes}));
}

Result<void> TestSpace::unregister_userfault(Range range, UserfaultContext context) {
  return run(space_.plan_unregister_userfault(range.start, range.length(), context));
}

Result<void> TestSpace::release_userfault(UserfaultContext context) {
  return run(space_.plan_release_userfault(context));
}

Result<void> TestSpace::mbind(Range range, MemoryPolicy policy) {
  return run(space_.plan_mbind(range.start, range.length(), policy));
}

Result<void> TestSpace::set_home_node(Range range, const HomeNode& home) {
  return run(space_.plan_set_home_node(range.start, range.length(), home));
}

Result<void> TestSpace::set_name(Range range, MemoryName name) {
  return run(space_.plan_set_name(range.start, range.length(), name));
}

Result<Address> TestSpace::attach_shared(const AttachRequest<TestServices>& request) {
  return run(space_.plan_attach_shared(request));
}

Result<void> TestSpace::detach_shared(Address start) {
  return run(space_.plan_detach_shared(start));
}

Result<void> TestSpace::touch(Address at, Touch how) {
  return run(space_.plan_touch(at, how));
}

Result<void> TestSpace::grow_stack(Address at) {
  return run(space_.plan_grow_stack(at));
}

Result<void> TestSpace::insert(const TestDescription& area) {
  return run(space_.plan_insert(area));
}

Result<void> TestSpace::insert_special(const SpecialRequest<TestServices>& request) {
  return run(space_.plan_insert_special(request));
}

Result<void> TestSpace::insert_initial_stack(Address top) {
  return run(space_.plan_insert_initial_stack(top));
}

Result<void> TestSpace::loader_brk(Range range, LoaderMemory kind) {
  return run(space_.plan_loader_brk(range.start, range.length(), kind));
}

}  // namespace vmarea::test
