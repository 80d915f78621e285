// SPDX-License-Identifier: MIT
//
// A space of a 32-bit program on a 64-bit kernel (rules 17.4-32_bit), as a running 6.18 places the
// memory of one. A live test compares more of it.
//
//   0   64 KiB             mmap_base   stack   limit
//   |...|..................^...........[...]...|     4 GiB but for two pages
#include <gtest/gtest.h>
#include <vmarea/vmarea.hpp>
#include <vmarea_shims/userland.hpp>

namespace vmarea::test {
namespace {

struct GuestHost : shims::UserlandOf<GuestHost> {
  static constexpr Geometry geometry() noexcept { return Geometry::of_guest_32bit(); }
};

class Guest32BitPlacement : public testing::Test {
 protected:
  static constexpr Address base = 0xf7ff'e000;

  Address map(std::uint64_t length, MapFlags adds = {}, Address hint = 0) {
    const Result<Address> at = space.mmap({.address = hint,
                                           .length = length,
                                           .protection = prot::read,
                                           .flags = map::private_ | map::anonymous | adds});
    return at.value_or(0);
  }

  AddressSpace<GuestHost> space;
  shims::File<GuestHost> library{.rules = {.placement = Placement::huge_pages}};
};

TEST_F(Guest32BitPlacement, nothing_is_aligned_for_huge_pages) {
  EXPECT_EQ(map(0x1000, map::fixed, base), base) << "so that what is below cannot grow in place";
  EXPECT_EQ(map(0x20'0000), base - 0x20'0000);
  const Result<Address> of_file = space.mmap({.length = 0x40'0000,
                                              .protection = prot::read,
                                              .flags = map::private_,
                                              .file = &library,
                                              .offset = 0x1000});
  EXPECT_EQ(of_file, Result<Address>(base - 0x60'0000));
  EXPECT_EQ(space.mremap({.address = base - 0x20'0000,
                          .old_length = 0x20'0000,
                          .new_length = 0x40'0000,
                          .flags = remap::may_move,
                          .new_address = 0}),
            Result<Address>(base - 0xa0'0000));
}

TEST_F(Guest32BitPlacement, windows_mean_nothing) {
  EXPECT_EQ(map(0x1000, map::low_32bit), base - 0x1000);
  EXPECT_EQ(map(0x1000, map::above_4g), base - 0x2000);
  EXPECT_EQ(map(0x1000, map::low_32bit, 0x9000'0000), 0x9000'0000u) << "a hint like any other";
}

}  // namespace
}  // namespace vmarea::test
