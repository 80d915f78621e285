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
  Result<Address> mmap(const MmapRequest<TestServices>& request);
  Result<Address> remap_file_pages(const RemapFileRequest& request);
  Result<void> munmap(Range range);
  Result<void> munmap(Address start, std::uint64_t length);
  Result<void> mprotect(Range range, Protection protection);
  Result<void> mprotect(Address start, std::uint64_t length, Protection protection);
  Result<void> pkey_mprotect(Range range, Protection protection, ProtectionKey key);
  Result<Address> mremap(const MremapRequest& request);
  Address brk(Address wanted);
  Result<void> madvise(Range range, Advice advice);
  Result<void> mlock(Range range, MlockMode mode);
  Result<void> mlock2(Range range, MlockFlags flags);
  Result<void> mlockall(MlockallFlags flags);
  Result<void> munlockall();
  Result<void> mseal(Range range, SealFlags flags = {});
  Result<void> msync(Range range, MsyncFlags flags);
  Result<void> mincore(Range range);
  Result<void> set_memory_merge(SamePageMerging wanted);
  Result<void> deny_write_exec(WriteExecFlags wanted);
  Result<void> register_userfault(Range range, UserfaultContext context, UserfaultModes modes);
  Result<void> unregister_userfault(Range range, UserfaultContext context);
  Result<void> release_userfault(UserfaultContext context);
  Result<void> mbind(Range range, MemoryPolicy policy);
  Result<void> set_home_node(Range range, const HomeNode& home);
  Result<void> set_name(Range range, MemoryName name);
  Result<Address> attach_shared(const AttachRequest<TestServices>& request);
  Result<void> detach_shared(Address start);
  Result<void> touch(Address at, Touch how = Touch::write);
  Result<void> grow_stack(Address at);
  Result<void> insert(const TestDescription& area);
  Result<void> insert_special(const SpecialRequest<TestServices>& request);
  Result<void> insert_initial_stack(Address top);
  Result<void> loader_brk(Range range, LoaderMemory kind = LoaderMemory::data);
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
