// SPDX-License-Identifier: MIT
//
// Spaces that end with the last page but one of all addresses: what is compared with the end of
// something must not be a sum that wraps. Found by tests/fuzz.
//
//   ... heap_start ... [ area ) ... limit        limit + page = 2^64
#include <gtest/gtest.h>
#include <vmarea/vmarea.hpp>
#include <vmarea_shims/userland.hpp>

namespace vmarea::test {
namespace {

constexpr std::uint64_t page = 4096;
constexpr Address limit = ~Address{0} - page + 1;

struct WholeHost : shims::UserlandOf<WholeHost> {
  static constexpr Geometry geometry() noexcept { return {.limit = limit}; }
};

class WholeSpace : public testing::Test {
 protected:
  static SpaceLayout layout() {
    SpaceLayout layout = SpaceLayout::for_geometry(WholeHost::geometry());
    layout.start_brk = layout.brk = limit - 10 * page;
    return layout;
  }
  void map(std::uint64_t pages_below_limit, std::uint64_t pages) {
    ASSERT_TRUE(space.mmap({.address = limit - pages_below_limit * page,
                            .length = pages * page,
                            .protection = prot::read,
                            .flags = map::private_ | map::anonymous | map::fixed}));
  }

  AddressSpace<WholeHost> space{WholeHost{}, layout()};
};

TEST_F(WholeSpace, heap_up_to_the_limit_does_not_go_over_what_is_there) {
  map(4, 2);
  EXPECT_EQ(space.brk(limit), limit - 10 * page);
  EXPECT_EQ(space.area_count(), 1u);
  EXPECT_FALSE(check(space)) << check(space).what;
}

TEST_F(WholeSpace, heap_up_to_the_limit_keeps_a_page_free_below_what_is_above) {
  map(4, 2);
  EXPECT_EQ(space.brk(limit - 4 * page), limit - 10 * page);
  EXPECT_EQ(space.brk(limit - 5 * page), limit - 5 * page);
}

TEST_F(WholeSpace, heap_may_have_all_that_is_free) {
  EXPECT_EQ(space.brk(limit), limit);
  EXPECT_EQ(space.totals().data, 10);
  EXPECT_FALSE(check(space)) << check(space).what;
}

}  // namespace
}  // namespace vmarea::test
