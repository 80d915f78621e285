// SPDX-License-Identifier: MIT
//
// The arguments of the system calls: our numbers are those of this system's headers, every name is
// in the tables, and what no name stands for is refused.
#include <cstdint>
#include <limits>
#include <string_view>

#include <gtest/gtest.h>
#include <linux/mman.h>
#include <sys/mman.h>
#include <vmarea/types/system_numbers.hpp>

// The kernel's, which the C library's headers do not have.
#ifndef PROT_SEM
#define PROT_SEM 0x8
#endif
#ifndef MAP_ABOVE4G
#define MAP_ABOVE4G 0x80
#endif
#ifndef MAP_DROPPABLE
#define MAP_DROPPABLE 0x08
#endif
#ifndef MAP_UNINITIALIZED
#define MAP_UNINITIALIZED 0x4000000
#endif
#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102
#define MADV_GUARD_REMOVE 103
#endif
#ifndef MADV_DONTNEED_LOCKED
#define MADV_DONTNEED_LOCKED 24
#endif
#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif

namespace vmarea::test {
namespace {

/// What the table has for a name; one that is not there is a failure.
template <class T, std::size_t count>
T find(const SystemName<T> (&names)[count], std::string_view name) {
  for (const SystemName<T>& each : names) {
    if (each.name == name) return each.value;
  }
  ADD_FAILURE() << "no " << name;
  return {};
}

#define EXPECT_SYSTEM_NUMBER(table, convert, name)                             \
  EXPECT_EQ(system_number(find(table, #name)), decltype(name)(name)) << #name; \
  EXPECT_EQ(convert(name), find(table, #name)) << #name

TEST(Conversions, protection_has_the_numbers_of_the_system) {
  EXPECT_SYSTEM_NUMBER(protection_names, protection_from, PROT_NONE);
  EXPECT_SYSTEM_NUMBER(protection_names, protection_from, PROT_READ);
  EXPECT_SYSTEM_NUMBER(protection_names, protection_from, PROT_WRITE);
  EXPECT_SYSTEM_NUMBER(protection_names, protection_from, PROT_EXEC);
  EXPECT_SYSTEM_NUMBER(protection_names, protection_from, PROT_SEM);
  EXPECT_SYSTEM_NUMBER(protection_names, protection_from, PROT_GROWSDOWN);
  EXPECT_SYSTEM_NUMBER(protection_names, protection_from, PROT_GROWSUP);
}

TEST(Conversions, map_flags_have_the_numbers_of_the_system) {
  EXPECT_SYSTEM_NUMBER(map_flag_names, map_flags_from, MAP_SHARED);
  EXPECT_SYSTEM_NUMBER(map_flag_names, map_flags_from, MAP_PRIVATE);
  EXPECT_SYSTEM_NUMBER(map_flag_names, map_flags_from, MAP_SHARED_VALIDATE);
  EXPECT_SYSTEM_NUMBER(map_flag_names, map_flags_from, MAP_DROPPABLE);
  EXPECT_SYSTEM_NUMBER(map_flag_names, map_flags_from, MAP_FIXED);
  EXPECT_SYSTEM_NUMBER(map_flag_names, map_flags_from, MAP_ANONYMOUS);
  EXPECT_SYSTEM_NUMBER(map_flag_names, map_flags_from, MAP_32BIT);
  EXPECT_SYSTEM_NUMBER(map_flag_names, map_flags_from, MAP_ABOVE4G);
  EXPECT_SYSTEM_NUMBER(map_flag_names, map_flags_from, MAP_GROWSDOWN);
  EXPECT_SYSTEM_NUMBER(map_flag_names, map_flags_from, MAP_DENYWRITE);
  EXPECT_SYSTEM_NUMBER(map_flag_names, map_flags_from, MAP_EXECUTABLE);
  EXPECT_SYSTEM_NUMBER(map_flag_names, map_flags_from, MAP_LOCKED);
  EXPECT_SYSTEM_NUMBER(map_flag_names, map_flags_from, MAP_NORESERVE);
  EXPECT_SYSTEM_NUMBER(map_flag_names, map_flags_from, MAP_POPULATE);
  EXPECT_SYSTEM_NUMBER(map_flag_names, map_flags_from, MAP_NONBLOCK);
  EXPECT_SYSTEM_NUMBER(map_flag_names, map_flags_from, MAP_STACK);
  EXPECT_SYSTEM_NUMBER(map_flag_names, map_flags_from, MAP_HUGETLB);
  EXPECT_SYSTEM_NUMBER(map_flag_names, map_flags_from, MAP_SYNC);
  EXPECT_SYSTEM_NUMBER(map_flag_names, map_flags_from, MAP_FIXED_NOREPLACE);
  EXPECT_SYSTEM_NUMBER(map_flag_names, map_flags_from, MAP_UNINITIALIZED);
  EXPECT_EQ(find(map_flag_names, "MAP_HUGE_MASK << MAP_HUGE_SHIFT").bits(),
            std::uint32_t{MAP_HUGE_MASK} << MAP_HUGE_SHIFT);
}

TEST(Conversions, remap_and_lock_flags_have_the_numbers_of_the_system) {
  EXPECT_SYSTEM_NUMBER(remap_flag_names, remap_flags_from, MREMAP_MAYMOVE);
  EXPECT_SYSTEM_NUMBER(remap_flag_names, remap_flags_from, MREMAP_FIXED);
  EXPECT_SYSTEM_NUMBER(remap_flag_names, remap_flags_from, MREMAP_DONTUNMAP);
  EXPECT_EQ(system_number(find(mlock_flag_names, "MLOCK_ONFAULT")), unsigned{MLOCK_ONFAULT});
  EXPECT_EQ(mlock_flags_from(MLOCK_ONFAULT), mlock::on_fault);
  EXPECT_SYSTEM_NUMBER(mlockall_flag_names, mlockall_flags_from, MCL_CURRENT);
  EXPECT_SYSTEM_NUMBER(mlockall_flag_names, mlockall_flags_from, MCL_FUTURE);
  EXPECT_SYSTEM_NUMBER(mlockall_flag_names, mlockall_flags_from, MCL_ONFAULT);
}

TEST(Conversions, msync_flags_have_the_numbers_of_the_system) {
  EXPECT_SYSTEM_NUMBER(msync_flag_names, msync_flags_from, MS_ASYNC);
  EXPECT_SYSTEM_NUMBER(msync_flag_names, msync_flags_from, MS_INVALIDATE);
  EXPECT_SYSTEM_NUMBER(msync_flag_names, msync_flags_from, MS_SYNC);
}

TEST(Conversions, advice_has_the_numbers_of_the_system) {
  EXPECT_SYSTEM_NUMBER(advice_names, advice_from, MADV_NORMAL);
  EXPECT_SYSTEM_NUMBER(advice_names, advice_from, MADV_RANDOM);
  EXPECT_SYSTEM_NUMBER(advice_names, advice_from, MADV_SEQUENTIAL);
  EXPECT_SYSTEM_NUMBER(advice_names, advice_from, MADV_WILLNEED);
  EXPECT_SYSTEM_NUMBER(advice_names, advice_from, MADV_DONTNEED);
  EXPECT_SYSTEM_NUMBER(advice_names, advice_from, MADV_FREE);
  EXPECT_SYSTEM_NUMBER(advice_names, advice_from, MADV_REMOVE);
  EXPECT_SYSTEM_NUMBER(advice_names, advice_from, MADV_DONTFORK);
  EXPECT_SYSTEM_NUMBER(advice_names, advice_from, MADV_DOFORK);
  EXPECT_SYSTEM_NUMBER(advice_names, advice_from, MADV_MERGEABLE);
  EXPECT_SYSTEM_NUMBER(advice_names, advice_from, MADV_UNMERGEABLE);
  EXPECT_SYSTEM_NUMBER(advice_names, advice_from, MADV_HUGEPAGE);
  EXPECT_SYSTEM_NUMBER(advice_names, advice_from, MADV_NOHUGEPAGE);
  EXPECT_SYSTEM_NUMBER(advice_names, advice_from, MADV_DONTDUMP);
  EXPECT_SYSTEM_NUMBER(advice_names, advice_from, MADV_DODUMP);
  EXPECT_SYSTEM_NUMBER(advice_names, advice_from, MADV_WIPEONFORK);
  EXPECT_SYSTEM_NUMBER(advice_names, advice_from, MADV_KEEPONFORK);
  EXPECT_SYSTEM_NUMBER(advice_names, advice_from, MADV_COLD);
  EXPECT_SYSTEM_NUMBER(advice_names, advice_from, MADV_PAGEOUT);
  EXPECT_SYSTEM_NUMBER(advice_names, advice_from, MADV_POPULATE_READ);
  EXPECT_SYSTEM_NUMBER(advice_names, advice_from, MADV_POPULATE_WRITE);
  EXPECT_SYSTEM_NUMBER(advice_names, advice_from, MADV_DONTNEED_LOCKED);
  EXPECT_SYSTEM_NUMBER(advice_names, advice_from, MADV_COLLAPSE);
  EXPECT_SYSTEM_NUMBER(advice_names, advice_from, MADV_GUARD_INSTALL);
  EXPECT_SYSTEM_NUMBER(advice_names, advice_from, MADV_GUARD_REMOVE);
}

/// Each bit alone is what the table names, or refused.
template <class Bits, std::size_t count, class Convert>
void expect_only_named_bits(const SystemName<Bits> (&names)[count], Convert convert) {
  Bits known{};
  for (const SystemName<Bits>& each : names) known |= each.value;
  EXPECT_EQ(convert(known.bits()), known);
  for (unsigned number = 0; number < 64; ++number) {
    SCOPED_TRACE(number);
    const std::uint64_t bit = std::uint64_t{1} << number;
    if ((known.bits() & bit) != 0) {
      EXPECT_EQ(convert(bit), Bits(static_cast<decltype(known.bits())>(bit)));
    } else {
      EXPECT_EQ(convert(bit), Error::invalid);
      EXPECT_EQ(convert(known.bits() | bit), Error::invalid);
    }
  }
}

TEST(Conversions, unknown_bits_are_refused_in_every_place) {
  const auto by = [](auto from) { return from; };
  expect_only_named_bits(protection_names, by([](std::uint64_t n) { return protection_from(n); }));
  expect_only_named_bits(map_flag_names, by([](std::uint64_t n) { return map_flags_from(n); }));
  expect_only_named_bits(remap_flag_names, by([](std::uint64_t n) { return remap_flags_from(n); }));
  expect_only_named_bits(mlock_flag_names, by([](std::uint64_t n) { return mlock_flags_from(n); }));
  expect_only_named_bits(mlockall_flag_names,
                         by([](std::uint64_t n) { return mlockall_flags_from(n); }));
  expect_only_named_bits(msync_flag_names, by([](std::uint64_t n) { return msync_flags_from(n); }));
}

TEST(Conversions, numbers_of_any_width_and_sign_are_taken_at_their_value) {
  EXPECT_EQ(protection_from(std::int8_t{3}), prot::read | prot::write);
  EXPECT_EQ(protection_from(std::uint64_t{3}), prot::read | prot::write);
  EXPECT_EQ(protection_from(-1), Error::invalid);
  EXPECT_EQ(protection_from(std::numeric_limits<std::int64_t>::min()), Error::invalid);
  EXPECT_EQ(remap_flags_from(std::uint64_t{1} << 32 | 1), Error::invalid) << "nothing is cut off";
  EXPECT_EQ(advice_from(-1), Error::invalid);
  EXPECT_EQ(advice_from(std::uint64_t{1} << 32), Error::invalid);
  EXPECT_EQ(advice_from(std::int64_t{4}), Advice::dont_need);
  EXPECT_EQ(advice_from(100), Error::invalid) << "MADV_HWPOISON is no advice of ours";
  EXPECT_EQ(advice_from(5), Error::invalid);
}

TEST(Conversions, sizes_of_huge_pages_come_through_a_negative_int_and_back) {
  const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | static_cast<int>(MAP_HUGE_16GB);
  ASSERT_LT(flags, 0);
  const Result<MapFlags> ours = map_flags_from(flags);
  ASSERT_TRUE(ours);
  EXPECT_TRUE(ours->has_all(map::private_ | map::anonymous | map::huge_tlb));
  EXPECT_EQ(system_number(*ours), flags);
}

TEST(Conversions, protection_of_an_area_is_its_access_alone) {
  constexpr Protection all = prot::read | prot::write | prot::exec;
  for (std::uint32_t bits = 0; bits <= all.bits(); ++bits) {
    EXPECT_EQ(protection_of(access_flags(Protection(bits))), Protection(bits));
  }
  EXPECT_EQ(protection_of(flag::may_access | flag::shared | flag::locked | flag::read), prot::read);
}

#undef EXPECT_SYSTEM_NUMBER

}  // namespace
}  // namespace vmarea::test
