// SPDX-License-Identifier: MIT
//
// What a test sees that the kernel does not show: each area, and what happens when a call fails.
#include "stack_pool.hpp"

#include <gtest/gtest.h>
#include <vmarea/gtest.hpp>
#include <vmarea/vmarea.hpp>
#include <vmarea_shims/userland.hpp>

namespace {

using namespace vmarea;

/// A kernel that lets a process have only so many areas, and by mmap, as Linux does, one more.
struct SmallKernel : Replacing<shims::UserlandOf<SmallKernel>, Service::limits> {
  std::uint64_t areas_max = 65530;
  Limits limits() const noexcept { return {.area_count_max = areas_max}; }
};

class FakeMemory {
 public:
  explicit FakeMemory(std::uint64_t areas_max = 65530) : space({{}, areas_max}) {}

  std::optional<std::uint64_t> map(std::uint64_t length) {
    const Result<Address> at =
        space.mmap({.length = length, .protection = prot::read | prot::write});
    return at ? std::optional<std::uint64_t>(*at) : std::nullopt;
  }
  bool protect_none(std::uint64_t start, std::uint64_t length) {
    return space.mprotect(start, length, prot::none).operator bool();
  }
  bool unmap(std::uint64_t start, std::uint64_t length) {
    return space.munmap(start, length).operator bool();
  }

  AddressSpace<SmallKernel> space;
};

TEST(StackPool, lays_a_page_without_access_below_each_stack) {
  FakeMemory memory;
  fibres::StackPool pool(memory);
  ASSERT_TRUE(pool.take());
  ASSERT_TRUE(pool.take());
  EXPECT_EQ(memory.space, Areas(R"(
      7ffff7fdd000-7ffff7fde000 ---p
      7ffff7fde000-7ffff7fee000 rw-p
      7ffff7fee000-7ffff7fef000 ---p
      7ffff7fef000-7ffff7fff000 rw-p)"));
}

TEST(StackPool, takes_an_idle_stack_first) {
  FakeMemory memory;
  fibres::StackPool pool(memory);
  const auto stack = pool.take();
  pool.give_back(*stack);
  EXPECT_EQ(pool.take(), stack);
  EXPECT_EQ(memory.space.area_count(), 2u);
}

TEST(StackPool, gives_its_memory_back_at_its_end) {
  FakeMemory memory;
  {
    fibres::StackPool pool(memory);
    pool.give_back(*pool.take());
  }
  EXPECT_EQ(memory.space, Areas(""));
}

TEST(StackPool, loses_nothing_when_there_are_too_many_areas) {
  FakeMemory memory(1);
  fibres::StackPool pool(memory);
  EXPECT_FALSE(pool.take());
  EXPECT_EQ(memory.space, Areas(""));
}

}  // namespace
