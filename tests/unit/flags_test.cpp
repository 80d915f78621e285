// SPDX-License-Identifier: MIT
//
// Sets of flags: one bit set for each meaning. Words beyond the first do not exist here, so of the
// scenarios of multi-word sets those about crossing words are left out. The compiler checks the
// algebra; what needs all 64 bits is checked at run time.
#include <bit>

#include <gtest/gtest.h>
#include <vmarea/rules/explain.hpp>
#include <vmarea/types/flags.hpp>

namespace vmarea::test {
namespace {

constexpr Flags two = flag::read | flag::sealed;
constexpr Flags three = two | flag::droppable;

static_assert(Flags{}.empty() && !flag::read.empty());
static_assert(three.has_any(flag::read) && three.has_any(flag::read | flag::exec));
static_assert(!three.has_any(flag::exec) && !three.has_any(Flags{}));
static_assert(three.has_all(two) && three.has_all(Flags{}) && !two.has_all(three));
static_assert(three.without(flag::droppable) == two && two.without(flag::exec) == two);
static_assert(three.without(three).empty() && three.without({}) == three);
static_assert(two.difference(three) == flag::droppable);
static_assert(three.difference(two) == flag::droppable, "order does not matter");
static_assert(two.difference(two).empty() && two.difference({}) == two);
static_assert((three & two) == two && (three & three) == three && (two & flag::exec).empty());
static_assert((flag::read | flag::write) == (flag::write | flag::read));
static_assert(two.with_if(true, flag::exec) == (two | flag::exec));
static_assert(two.with_if(false, flag::exec) == two);

// The numbers are those of the system calls and of x86-64.
static_assert(flag::grows_down.bits() == 0x100 && flag::locked.bits() == 0x2000);
static_assert(flag::soft_dirty.bits() == 0x800'0000 && flag::maybe_guard.bits() == 0x800);
static_assert(flag::sealed.bits() == std::uint64_t{1} << 42);
static_assert((flag::may_access.bits() >> 4) == flag::access.bits());
static_assert(access_flags(prot::read | prot::exec) == (flag::read | flag::exec));
static_assert(access_flags(prot::grows_down | prot::semaphore).empty());

TEST(Flags, each_of_64_bits_is_set_and_cleared_alone) {
  Flags all;
  std::uint64_t bits = 0;
  for (unsigned number = 0; number < 64; ++number) {
    EXPECT_FALSE(all.has_any(flag::bit(number)));
    all |= flag::bit(number);
    bits |= std::uint64_t{1} << number;
    EXPECT_EQ(all.bits(), bits);
    EXPECT_EQ(std::popcount(all.bits()), static_cast<int>(number) + 1);
  }
  for (unsigned number = 0; number < 64; ++number) {
    EXPECT_FALSE(all.empty());
    all = all.without(flag::bit(number));
    bits &= ~(std::uint64_t{1} << number);
    EXPECT_EQ(all.bits(), bits);
  }
  EXPECT_TRUE(all.empty());
}

TEST(Flags, clearing_pairs_in_either_order_leaves_the_rest) {
  for (const Flags gone : {flag::read | flag::sealed, flag::sealed | flag::read}) {
    EXPECT_EQ(three.without(gone), flag::droppable);
    EXPECT_EQ(three.without(gone) | gone, three);
  }
}

TEST(Flags, letters_name_one_flag_and_back) {
  for (unsigned bit = 0; bit < 64; ++bit) {
    const char* name = flag_name(bit);
    const bool is_named = name[0] != '?';
    EXPECT_EQ(flag_named(name[0], name[1]), is_named ? flag::bit(bit) : Flags{}) << bit;
  }
  EXPECT_STREQ(flag_name(31), "mg");
  EXPECT_STREQ(flag_name(32), "??");
  EXPECT_EQ(flag_named('s', 's'), flag::shadow_stack);
  EXPECT_EQ(flag_named('d', 'p'), flag::droppable);
  EXPECT_STREQ(flag_name(41), "ui");
  EXPECT_EQ(flag_named('g', 'u'), flag::maybe_guard);
  EXPECT_EQ(flag_named('s', 'l'), flag::sealed);
  EXPECT_EQ(flag_named('x', 'x'), Flags{});
}

TEST(Flags, no_two_named_flags_share_a_bit) {
  const Flags named[] = {flag::read,
                         flag::write,
                         flag::exec,
                         flag::shared,
                         flag::may_read,
                         flag::may_write,
                         flag::may_exec,
                         flag::may_share,
                         flag::grows_down,
                         flag::page_frames,
                         flag::maybe_guard,
                         flag::userfault_missing,
                         flag::locked,
                         flag::io,
                         flag::userfault_protect,
                         flag::random_read,
                         flag::dont_copy,
                         flag::sequential_read,
                         flag::dont_expand,
                         flag::account,
                         flag::lock_on_fault,
                         flag::no_reserve,
                         flag::huge_tlb,
                         flag::sync,
                         flag::wipe_on_fork,
                         flag::dont_dump,
                         flag::soft_dirty,
                         flag::mixed_map,
                         flag::huge_page,
                         flag::no_huge_page,
                         flag::mergeable,
                         flag::shadow_stack,
                         flag::droppable,
                         flag::sealed,
                         flag::userfault_minor};
  Flags all;
  for (const Flags one : named) {
    EXPECT_EQ(std::popcount(one.bits()), 1);
    EXPECT_FALSE(all.has_any(one)) << one.bits();
    all |= one;
  }
}

}  // namespace
}  // namespace vmarea::test
