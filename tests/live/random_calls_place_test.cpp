// SPDX-License-Identifier: MIT
//
// Where a call may put memory: what is put elsewhere is taken away again on both sides, or neither
// could be emptied.
#include <cerrno>

#include <gtest/gtest.h>
#include <sys/mman.h>

#include "live/random_calls/call.hpp"

namespace vmarea::live {
namespace {

Call mapping(std::uint64_t length, std::uint32_t flags = MAP_PRIVATE | MAP_ANONYMOUS) {
  Call call;
  call.operation = Operation::mmap;
  call.length = length;
  call.flags = flags;
  return call;
}

std::int64_t at(std::uint64_t address) {
  return static_cast<std::int64_t>(address);
}

TEST(Place, arena_and_low_window_are_where_memory_stays) {
  const Call call = mapping(page);
  for (const std::uint64_t address : {arena_start, deep_shape.end() - page, low_start}) {
    EXPECT_FALSE(is_elsewhere(deep_shape, call, at(address))) << address;
  }
  for (const std::uint64_t address : {arena_start - page, deep_shape.end(), low_end}) {
    EXPECT_TRUE(is_elsewhere(deep_shape, call, at(address))) << address;
  }
  EXPECT_FALSE(is_elsewhere(deep_shape, call, -ENOMEM)) << "nothing was put";
  EXPECT_FALSE(is_elsewhere(deep_shape, call, skipped));
}

/// 6.1 rounds the hint of a page of 1 GiB down to 0.
TEST(Place, address_0_is_elsewhere) {
  const Call call = mapping(page, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | 30u << 26);
  EXPECT_TRUE(is_elsewhere(deep_shape, call, 0));
  EXPECT_EQ(length_placed(call), 1u << 30);
}

}  // namespace
}  // namespace vmarea::live
