// SPDX-License-Identifier: MIT
//
// Spaces that are moved: into a vector, out of it, over one another.
#include <concepts>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <vmarea/gtest.hpp>
#include <vmarea/vmarea.hpp>
#include <vmarea_shims/userland.hpp>

namespace vmarea::test {
namespace {

using Space = AddressSpace<shims::CheckedUserland>;
static_assert(std::movable<Space> && !std::copyable<Space>);

constexpr std::uint64_t page = 4096;

Address map_pages(Space& space, std::uint64_t pages) {
  const Result<Address> at = space.mmap({.length = pages * page, .protection = prot::read});
  EXPECT_TRUE(ok(at));
  return at.value_or(0);
}

TEST(MovedSpace, takes_its_areas_along_and_leaves_none) {
  Space first;
  const Address at = map_pages(first, 4);
  ASSERT_TRUE(ok(first.mprotect(at, page, prot::none)));
  const Area<shims::CheckedUserland>* const area = first.find(at);
  Space second = std::move(first);
  EXPECT_EQ(second.find(at), area);
  EXPECT_EQ(second.area_count(), 2u);
  EXPECT_EQ(second.totals().total, 4u);
  EXPECT_TRUE(is_sound(second));
  EXPECT_EQ(first.area_count(), 0u);
  EXPECT_EQ(first.totals(), PageTotals{});
  EXPECT_TRUE(is_sound(first));
}

TEST(MovedSpace, both_go_on_afterwards) {
  Space first;
  const Address at = map_pages(first, 1000);
  for (Address each = at; each < at + 1000 * page; each += 2 * page) {
    ASSERT_TRUE(ok(first.munmap(each, page)));
  }
  Space second = std::move(first);
  EXPECT_EQ(map_pages(first, 3), at + 997 * page);
  ASSERT_TRUE(ok(second.munmap(at, 1000 * page)));
  EXPECT_EQ(second.area_count(), 0u);
  EXPECT_TRUE(is_sound(first));
  EXPECT_TRUE(is_sound(second));
}

TEST(MovedSpace, unmaps_what_it_is_moved_over) {
  Space first;
  Space second;
  const Address at = map_pages(first, 2);
  map_pages(second, 5);
  second = std::move(first);
  EXPECT_EQ(second.totals().total, 2u);
  EXPECT_NE(second.find(at), nullptr);
  EXPECT_EQ(first.area_count(), 0u);
}

TEST(MovedSpace, moved_onto_itself_stays_as_it_is) {
  Space space;
  map_pages(space, 2);
  Space& same = space;
  space = std::move(same);
  EXPECT_EQ(space.totals().total, 2u);
  EXPECT_TRUE(is_sound(space));
}

TEST(MovedSpace, many_live_in_a_vector) {
  std::vector<Space> spaces;
  for (std::uint64_t pages = 1; pages <= 50; ++pages) map_pages(spaces.emplace_back(), pages);
  spaces.erase(spaces.begin(), spaces.begin() + 10);
  for (std::uint64_t i = 0; i < spaces.size(); ++i) {
    EXPECT_EQ(spaces[i].totals().total, i + 11);
    EXPECT_TRUE(is_sound(spaces[i]));
  }
}

TEST(MovedSpaceDeathTest, is_not_moved_while_a_change_is_reserved) {
  Space space;
  const Address at = map_pages(space, 2);
  auto change = space.plan_munmap(at, page);
  ASSERT_TRUE(ok(change.reserve()));
  EXPECT_DEATH(Space(std::move(space)), "a space is moved while no change is reserved");
}

}  // namespace
}  // namespace vmarea::test
