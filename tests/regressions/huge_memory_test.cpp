// SPDX-License-Identifier: MIT
//
// Memory of huge pages (MAP_HUGETLB): where it begins and ends, and what each call makes of a part
// of a huge page, in the cases that a tracker of pages of one size gets wrong.
//
//   [ huge page )[ huge page )     munmap of a page: EINVAL; mremap of one: as of all of it
#include <gtest/gtest.h>
#include <vmarea/vmarea.hpp>
#include <vmarea_shims/userland.hpp>

namespace vmarea::test {
namespace {

constexpr std::uint64_t page = 4096;
constexpr std::uint64_t huge = std::uint64_t{1} << 21;
constexpr Address base = 0x4000'0000;
constexpr MapFlags of_huge_pages = map::private_ | map::anonymous | map::huge_tlb | map::no_reserve;

class HugeMemory : public testing::Test {
 protected:
  static Address at(std::uint64_t number) { return base + number * huge; }

  Result<Address> map(Address address, std::uint64_t length,
                      MapFlags flags = of_huge_pages | map::fixed, std::uint64_t offset = 0) {
    return space.mmap({.address = address,
                       .length = length,
                       .protection = prot::read | prot::write,
                       .flags = flags,
                       .offset = offset});
  }
  Error remap(Address from, std::uint64_t old_length, std::uint64_t new_length, Address to) {
    return space
        .mremap({.address = from,
                 .old_length = old_length,
                 .new_length = new_length,
                 .flags = remap::may_move | remap::fixed,
                 .new_address = to})
        .code();
  }
  Range area_at(Address address) {
    const auto* const area = space.find(address);
    return area == nullptr ? Range{} : area->range();
  }

  AddressSpace<shims::Userland> space;
};

TEST_F(HugeMemory, ends_where_a_huge_page_does) {
  ASSERT_TRUE(map(at(0), 1));
  EXPECT_EQ(area_at(at(0)), (Range{at(0), at(1)}));
}

TEST_F(HugeMemory, begins_where_a_huge_page_does) {
  EXPECT_EQ(map(at(0) + page, huge).code(), Error::invalid);
  EXPECT_EQ(*map(at(0) + page, huge, of_huge_pages), at(1));
}

struct OfOwnChooser : shims::UserlandOf<OfOwnChooser> {
  static constexpr KernelProfile profile() noexcept { return linux_6_12; }
};

TEST(HugeMemoryOfOlderKernels, hint_is_rounded_down_by_older_kernels) {
  AddressSpace<OfOwnChooser> older;
  EXPECT_EQ(*older.mmap({.address = base + page, .length = huge, .flags = of_huge_pages}), base);
}

TEST_F(HugeMemory, is_placed_in_a_hole_that_an_address_can_be_off_in) {
  const Address top = space.layout().mmap_base;
  const Address low = (top & ~(huge - 1)) - 2 * huge;
  const MapFlags taken = map::private_ | map::anonymous | map::fixed;
  ASSERT_TRUE(map(low + 2 * huge, top - (low + 2 * huge), taken));
  ASSERT_TRUE(map(0x1'0000, low + page - 0x1'0000, taken | map::no_reserve));
  EXPECT_EQ(*map(0, huge, of_huge_pages), low + huge);
}

TEST_F(HugeMemory, is_cut_between_huge_pages_alone) {
  ASSERT_TRUE(map(at(0), 2 * huge));
  EXPECT_EQ(space.munmap(at(0), page), Error::invalid);
  EXPECT_EQ(space.mprotect(at(1), page, prot::read), Error::invalid);
  EXPECT_EQ(map(at(0) + page, page, map::private_ | map::anonymous | map::fixed).code(),
            Error::invalid);
  EXPECT_TRUE(space.mprotect(at(1), huge, prot::read));
  EXPECT_EQ(space.area_count(), 2u);
}

TEST_F(HugeMemory, pool_without_pages_is_noticed_when_the_old_areas_are_gone) {
  ASSERT_TRUE(map(at(0), 2 * huge, map::private_ | map::anonymous | map::fixed));
  EXPECT_EQ(map(at(0), huge, of_huge_pages.without(map::no_reserve) | map::fixed).code(),
            Error::no_memory);
  EXPECT_EQ(space.find(at(0)), nullptr);
  EXPECT_NE(space.find(at(1)), nullptr);
}

TEST_F(HugeMemory, offset_inside_a_huge_page_is_noticed_when_the_old_areas_are_gone) {
  ASSERT_TRUE(map(at(0), huge, map::private_ | map::anonymous | map::fixed));
  EXPECT_EQ(map(at(0), huge, of_huge_pages | map::fixed, page).code(), Error::invalid);
  EXPECT_EQ(space.area_count(), 0u);
}

TEST_F(HugeMemory, moves_in_whole_huge_pages) {
  ASSERT_TRUE(map(at(0), 2 * huge));
  EXPECT_EQ(remap(at(0), page, page, at(4)), Error::none);
  EXPECT_EQ(area_at(at(4)), (Range{at(4), at(5)}));
  EXPECT_EQ(remap(at(1), huge, huge, at(6) + page), Error::invalid);
  EXPECT_EQ(remap(at(1) + page, page, page, at(6)), Error::invalid);
}

TEST_F(HugeMemory, never_grows) {
  ASSERT_TRUE(map(at(0), huge));
  EXPECT_EQ(remap(at(0), huge, 2 * huge, at(4)), Error::invalid);
}

TEST_F(HugeMemory, is_dropped_from_a_huge_page_on) {
  ASSERT_TRUE(map(at(0), huge));
  EXPECT_TRUE(space.madvise(at(0), page, Advice::dont_need));
  EXPECT_EQ(space.madvise(at(0) + page, page, Advice::dont_need), Error::invalid);
}

TEST_F(HugeMemory, refuses_to_have_guards_removed) {
  ASSERT_TRUE(map(at(0), huge));
  EXPECT_EQ(space.madvise(at(0), huge, Advice::guard_remove), Error::invalid);
}

TEST_F(HugeMemory, that_is_read_gets_an_identity) {
  ASSERT_TRUE(map(at(0), huge));
  ASSERT_TRUE(space.touch(at(0), Touch::read));
  EXPECT_TRUE(space.find(at(0))->identity);
}

TEST_F(HugeMemory, is_mapped_again_in_whole_huge_pages) {
  ASSERT_TRUE(map(at(0), huge, of_huge_pages.without(map::private_) | map::shared | map::fixed));
  EXPECT_EQ(space.remap_file_pages({.address = at(0), .length = page, .page_offset = 512}).code(),
            Error::invalid);
  EXPECT_EQ(area_at(at(0)), (Range{at(0), at(1)}));
}

TEST_F(HugeMemory, is_watched_and_let_go_from_a_huge_page_on) {
  ASSERT_TRUE(map(at(0), huge));
  EXPECT_EQ(space.unregister_userfault(at(0) + page, huge, 1), Error::invalid);
  EXPECT_TRUE(space.unregister_userfault(at(0), page, 1)) << "nothing is watched there";
}

}  // namespace
}  // namespace vmarea::test
