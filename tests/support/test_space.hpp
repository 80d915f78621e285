// SPDX-License-Identifier: MIT
//
// An address space for scenarios. Every call goes plan -> preview -> reserve -> commit -> finish
// and is checked on the way: the preview equals the outcome, nothing is allocated after reserve, a
// call that fails for lack of something changes nothing, and all invariants hold afterwards.
//
//   TestSpace space("AAAAAA");
//   EXPECT_TRUE(space.mprotect(space.range_of("  **  "), prot::read));
//   EXPECT_EQ(space.picture(), "AABBAA");
//
// The notation of pictures is that of picture.hpp. Calls that the class does not wrap can be made
// on space(); check() then has to be called by hand.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>

#include <vmarea/gtest.hpp>

#include "support/host_check.hpp"
#include "support/picture.hpp"
#include "support/snapshot.hpp"
#include "support/test_services.hpp"

namespace vmarea::test {

class TestSpace {
 public:
  static constexpr Address base = 0x100'000;  // Column 0 of pictures.

  TestSpace();
  explicit TestSpace(std::string_view picture) : TestSpace() { build(picture); }
  TestSpace(const TestSpace&) = delete;
  TestSpace& operator=(const TestSpace&) = delete;
  ~TestSpace();

  TestState& host() noexcept { return family_->host; }
  AddressSpace<TestServices>& space() noexcept { return space_; }
  SpaceState<TestServices>& state() noexcept { return space_.state(); }

  // Pictures.
  Legend legend;
  /// Adds the areas of a picture. Fails the test if one cannot stand there.
  void build(std::string_view picture);
  std::string picture() const { return draw(space_.state(), legend, base, width_); }
  /// The range of the `*` in a picture.
  static Range range_of(std::string_view picture);
  /// The range of the `*` in the picture that was built last.
  Range request() const noexcept { return request_; }
  static Address column(std::uint64_t number) noexcept { return base + (number << 12); }
  /// The area at a column, null in a hole.
  TestArea* area(std::uint64_t column_number) const;
  /// The token of the page at a column, 0 if there is none.
  std::uint64_t token(std::uint64_t column_number) const;

  // The calls, most with the range of a picture.
  Result<Address> mmap(const MmapRequest<TestServices>& request) {
    return run(space_.plan_mmap(request));
  }
  Result<Address> remap_file_pages(const RemapFileRequest& request) {
    return run(space_.plan_remap_file_pages(request));
  }
  Result<void> munmap(Range range) { return munmap(range.start, range.length()); }
  Result<void> munmap(Address start, std::uint64_t length) {
    return run(space_.plan_munmap(start, length));
  }
  Result<void> mprotect(Range range, Protection protection) {
    return mprotect(range.start, range.length(), protection);
  }
  Result<void> mprotect(Address start, std::uint64_t length, Protection protection) {
    return run(space_.plan_mprotect(start, length, protection));
  }
  Result<void> pkey_mprotect(Range range, Protection protection, ProtectionKey key) {
    return run(space_.plan_pkey_mprotect(range.start, range.length(), protection, key));
  }
  Result<Address> mremap(const MremapRequest& request) { return run(space_.plan_mremap(request)); }
  Address brk(Address wanted) {
    const Result<Address> now = run(space_.plan_brk(wanted));
    return now ? *now : space_.layout().brk;
  }
  Result<void> madvise(Range range, Advice advice) {
    return run(space_.plan_madvise(range.start, range.length(), advice));
  }
  Result<void> mlock(Range range, MlockMode mode) {
    return run(space_.plan_mlock(range.start, range.length(), mode));
  }
  Result<void> mlock2(Range range, MlockFlags flags) {
    return run(space_.plan_mlock2(range.start, range.length(), flags));
  }
  Result<void> mlockall(MlockallFlags flags) { return run(space_.plan_mlockall(flags)); }
  Result<void> munlockall() { return run(space_.plan_munlockall()); }
  Result<void> mseal(Range range, SealFlags flags = {}) {
    return run(space_.plan_mseal(range.start, range.length(), flags));
  }
  Result<void> msync(Range range, MsyncFlags flags) {
    return run(space_.plan_msync(range.start, range.length(), flags));
  }
  Result<void> mincore(Range range) {
    return run(space_.plan_mincore(range.start, range.length()));
  }
  Result<void> set_memory_merge(SamePageMerging wanted) {
    return run(space_.plan_memory_merge(wanted));
  }
  Result<void> deny_write_exec(WriteExecFlags wanted) {
    return run(space_.plan_deny_write_exec(wanted));
  }
  Result<void> register_userfault(Range range, UserfaultContext context, UserfaultModes modes) {
    return run(space_.plan_register_userfault({range.start, range.length(), context, modes}));
  }
  Result<void> unregister_userfault(Range range, UserfaultContext context) {
    return run(space_.plan_unregister_userfault(range.start, range.length(), context));
  }
  Result<void> release_userfault(UserfaultContext context) {
    return run(space_.plan_release_userfault(context));
  }
  Result<void> mbind(Range range, MemoryPolicy policy) {
    return run(space_.plan_mbind(range.start, range.length(), policy));
  }
  Result<void> set_home_node(Range range, const HomeNode& home) {
    return run(space_.plan_set_home_node(range.start, range.length(), home));
  }
  Result<void> set_name(Range range, MemoryName name) {
    return run(space_.plan_set_name(range.start, range.length(), name));
  }
  Result<Address> attach_shared(const AttachRequest<TestServices>& request) {
    return run(space_.plan_attach(request));
  }
  Result<void> detach_shared(Address start) { return run(space_.plan_detach(start)); }
  Result<void> touch(Address at, Touch how = Touch::write) {
    return run(space_.plan_touch(at, how));
  }
  Result<void> grow_stack(Address at) { return run(space_.plan_grow_stack(at)); }
  Result<void> insert(const TestDescription& area) { return run(space_.plan_insert(area)); }
  Result<void> insert_special(const SpecialRequest<TestServices>& request) {
    return run(space_.plan_insert_special(request));
  }
  Result<void> insert_initial_stack(Address top) { return run(space_.plan_initial_stack(top)); }
  Result<void> loader_brk(Range range, LoaderMemory kind = LoaderMemory::data) {
    return run(space_.plan_loader_brk(range.start, range.length(), kind));
  }
  /// A child that shares this host; null if fork failed for `error`.
  std::unique_ptr<TestSpace> fork(Error* error = nullptr);

  /// Any verb: make_plan(const SpaceState&) gives the plan.
  template <class MakePlan>
  auto plan_and_commit(MakePlan&& make_plan) {
    using Plan = std::remove_cvref_t<decltype(make_plan(state()))>;
    return run(Change<TestServices, Plan>(state(), make_plan));
  }

  /// Any call: all its beats, each of them watched, and the invariants afterwards.
  template <class Plan>
  Result<typename Plan::Value> run(Change<TestServices, Plan> change) {
    const Result<typename Plan::Value> result = perform(std::move(change));
    check();
    return result;
  }

  /// All invariants of this space and of everything it shares.
  void check() const;

 private:
  /// A space and what came of it by fork.
  struct Family {
    TestState host;
    TestSpaces spaces;
  };
  explicit TestSpace(std::shared_ptr<Family> family);

  template <class Plan>
  Result<typename Plan::Value> perform(Change<TestServices, Plan> change);

  std::shared_ptr<Family> family_;
  AddressSpace<TestServices> space_;
  std::uint64_t width_ = 0;
  Range request_{};
};

template <class Plan>
Result<typename Plan::Value> TestSpace::perform(Change<TestServices, Plan> change) {
  const Snapshot before = Snapshot::of(state());
  Snapshot future = before;
  change.for_each_step([&](const Step<TestServices>& step) { future.apply(step); });

  const Result<void> taken = change.reserve();
  EXPECT_EQ(differences(before, Snapshot::of(state())), "") << "reserve changed something";
  if (!taken) return taken.error();
  host().allocation_forbidden = true;
  const Result<typename Plan::Value> result = change.commit();
  host().allocation_forbidden = false;
  EXPECT_EQ(result, change.status()) << "commit does not answer what the plan said";
  if (!change.gave_up_joins()) {
    EXPECT_EQ(differences(future, Snapshot::of(state())), "") << "preview and outcome differ";
  }
  if constexpr (requires { change.rest(); }) {
    if (change.has_rest()) {
      const Result<typename Plan::Value> moved = perform(change.rest());
      return moved ? result : moved;
    }
  }
  return change.finish();
}

}  // namespace vmarea::test
