// SPDX-License-Identifier: MIT
//
// Calls that change no area: what they answer, in the cases that a hand-written check forgets.
//
//   [rw )[r-)....[rw)       covers: each area is asked, and every hole is one
#include <gtest/gtest.h>
#include <vmarea/vmarea.hpp>
#include <vmarea_shims/userland.hpp>

namespace vmarea::test {
namespace {

constexpr std::uint64_t page = 4096;
constexpr Address base = 0x100000;

class CallsThatAsk : public testing::Test {
 protected:
  static Address at(std::uint64_t column) { return base + column * page; }
  static Range columns(std::uint64_t first, std::uint64_t upto) { return {at(first), at(upto)}; }
  void map(Range range, Protection protection) {
    ASSERT_TRUE(space.mmap({.address = range.start,
                            .length = range.length(),
                            .protection = protection,
                            .flags = map::private_ | map::anonymous | map::fixed}));
  }

  AddressSpace<shims::Userland> space;
};

TEST_F(CallsThatAsk, covers_asks_each_area_for_all_of_the_access) {
  map(columns(0, 2), prot::read | prot::write);
  map(columns(2, 4), prot::read);
  EXPECT_TRUE(space.covers(columns(0, 4), prot::read));
  EXPECT_EQ(space.covers(columns(0, 4), prot::read | prot::write),
            (Coverage{at(2), AccessFault::access_denied}));
}

TEST_F(CallsThatAsk, covers_ends_at_a_hole) {
  map(columns(0, 2), prot::read);
  map(columns(4, 6), prot::read);
  EXPECT_EQ(space.covers(columns(0, 6), prot::read), (Coverage{at(2), AccessFault::not_mapped}));
}

TEST_F(CallsThatAsk, covers_refuses_what_wraps) {
  map(columns(0, 2), prot::read);
  EXPECT_FALSE(space.covers(at(0), ~std::uint64_t{0}, prot::read));
}

}  // namespace
}  // namespace vmarea::test
