// SPDX-License-Identifier: MIT
//
// Around which memory a call is compared.
#include <array>
#include <cerrno>
#include <vector>

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "live/follow/call_ranges.hpp"

namespace {

using follow::Call;
using vmarea::Range;
using Ranges = std::vector<Range>;

constexpr std::uint64_t page = 0x1000;
constexpr vmarea::Geometry geometry{};

Call call_of(int number, std::array<std::uint64_t, 6> arguments) {
  return {.kind = follow::find_call_kind(static_cast<std::uint64_t>(number)),
          .arguments = arguments};
}

class CallRanges : public ::testing::Test {
 protected:
  static vmarea::SpaceLayout layout() {
    vmarea::SpaceLayout layout;
    layout.start_brk = layout.brk = 0x5000'0000;
    return layout;
  }
  follow::CallRanges named(const Call& call) {
    return find_named_ranges(call, space_, /*segment_bytes=*/3 * page);
  }

  follow::HostState host_;
  follow::Space space_{follow::Services(host_), layout()};
};

/// Each reaches a page further, for a length may be no whole number of pages.
TEST_F(CallRanges, what_is_named_by_start_and_length) {
  const Ranges expected{{0x10000, 0x13000}};
  for (const int number : {SYS_munmap, SYS_mprotect, SYS_madvise, SYS_mlock, SYS_mbind}) {
    EXPECT_EQ(named(call_of(number, {0x10000, 2 * page})).parts, expected) << number;
    EXPECT_EQ(named(call_of(number, {0x10000, page + 1})).parts, expected) << number;
    EXPECT_FALSE(named(call_of(number, {0x10000, 2 * page})).everywhere);
  }
}

TEST_F(CallRanges, lengths_that_leave_the_space_end_with_it) {
  const Ranges rest{{geometry.limit - page, geometry.limit}};
  EXPECT_EQ(named(call_of(SYS_munmap, {geometry.limit - page, ~0ull})).parts, rest);
  EXPECT_TRUE(named(call_of(SYS_munmap, {~0ull, page})).parts.empty());
  EXPECT_TRUE(named(call_of(SYS_munmap, {page, 0})).parts.empty());
}

TEST_F(CallRanges, protection_that_follows_growth_may_change_anything) {
  EXPECT_TRUE(named(call_of(SYS_mprotect, {page, page, PROT_READ | PROT_GROWSDOWN})).everywhere);
  EXPECT_TRUE(named(call_of(SYS_mlockall, {1})).everywhere);
}

TEST_F(CallRanges, mapping_is_where_it_was_wanted_or_chosen) {
  constexpr std::uint64_t type = MAP_PRIVATE | MAP_ANONYMOUS;
  const Call anywhere = call_of(SYS_mmap, {0x20000, page, PROT_READ, type});
  const Call fixed = call_of(SYS_mmap, {0x20000, page, PROT_READ, type | MAP_FIXED});
  EXPECT_TRUE(named(anywhere).parts.empty());
  EXPECT_EQ(named(fixed).parts, (Ranges{{0x20000, 0x22000}}));
  EXPECT_EQ(find_chosen_ranges(anywhere, 0x70000, 0).parts, (Ranges{{0x70000, 0x72000}}));
  EXPECT_TRUE(find_chosen_ranges(anywhere, -ENOMEM, 0).parts.empty());
  EXPECT_TRUE(find_chosen_ranges(fixed, 0x20000, 0).parts.empty());
}

TEST_F(CallRanges, moved_memory_is_at_both_ends) {
  const Call move =
      call_of(SYS_mremap, {0x20000, page, 2 * page, MREMAP_MAYMOVE | MREMAP_FIXED, 0x90000});
  EXPECT_EQ(named(move).parts, (Ranges{{0x20000, 0x23000}, {0x90000, 0x93000}}));
  EXPECT_TRUE(find_chosen_ranges(move, 0x90000, 0).parts.empty());
  const Call grow = call_of(SYS_mremap, {0x20000, page, 2 * page, MREMAP_MAYMOVE});
  EXPECT_TRUE(find_chosen_ranges(grow, 0x20000, 0).parts.empty());
  EXPECT_EQ(find_chosen_ranges(grow, 0x90000, 0).parts, (Ranges{{0x90000, 0x93000}}));
}

TEST_F(CallRanges, break_is_from_where_it_was_to_where_it_goes) {
  EXPECT_EQ(named(call_of(SYS_brk, {0x5000'1800})).parts, (Ranges{{0x5000'0000, 0x5000'3000}}));
  EXPECT_EQ(named(call_of(SYS_brk, {0x4fff'f000})).parts, (Ranges{{0x4fff'f000, 0x5000'1000}}));
  EXPECT_TRUE(named(call_of(SYS_brk, {0x5000'0000})).parts.empty());
}

TEST_F(CallRanges, segment_is_as_long_as_it_is) {
  EXPECT_EQ(named(call_of(SYS_shmat, {1, 0x30000})).parts, (Ranges{{0x30000, 0x34000}}));
  EXPECT_TRUE(named(call_of(SYS_shmat, {1, 0})).parts.empty());
  EXPECT_EQ(find_chosen_ranges(call_of(SYS_shmat, {1}), 0x60000, 3 * page).parts,
            (Ranges{{0x60000, 0x64000}}));
  EXPECT_TRUE(named(call_of(SYS_shmdt, {0x30000})).everywhere);
}

}  // namespace
