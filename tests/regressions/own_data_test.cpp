// SPDX-License-Identifier: MIT
//
// Own data of areas: what a host with a say about it must be asked, and which data an area has
// afterwards. Each is what a mistake in the core would break.
#include <fmt/core.h>

#include "unit/owned_land.hpp"
#include "unit/page_log.hpp"

namespace vmarea::test {
namespace {

TEST(OwnData, new_memory_is_asked_about_the_owner_below_it) {
  OwnedLand land("AA..");
  land.map(2, 4, 'B');
  EXPECT_EQ(land.picture(), "AABB");
}

TEST(OwnData, changed_memory_is_asked_about_the_owner_above_it) {
  OwnedLand land("aB");
  land.protect(0, 1, rw);
  EXPECT_EQ(land.picture(), "AB");
}

/// One area of four pages with the numbers 1 to 4.
class FourPages : public AddressSpace<PageLogHost> {
 public:
  explicit FourPages(PageLogState& state) : AddressSpace<PageLogHost>(PageLogHost(state)) {
    map(0, {1, 2, 3, 4});
  }
  void map(std::uint64_t first, std::initializer_list<std::uint32_t> numbers) {
    PageLog log;
    for (const std::uint32_t number : numbers) log.add(number);
    EXPECT_TRUE(mmap({.address = TestSpace::column(first),
                      .length = numbers.size() << 12,
                      .protection = rw,
                      .flags = fixed_private,
                      .data = log}));
  }
  std::string numbers() const {
    std::string text;
    for (const Area<PageLogHost>& area : areas()) {
      for (std::uint64_t page = 0; page < area.length() >> 12; ++page) {
        text += fmt::format("{} ", area.data.number(page));
      }
    }
    return text;
  }
};

TEST(OwnData, of_memory_that_is_mapped_over_goes_although_its_area_keeps_its_range) {
  PageLogState state;
  FourPages space(state);
  space.map(1, {70});
  EXPECT_EQ(space.area_count(), 1u);
  EXPECT_EQ(space.numbers(), "1 70 3 4 ");
}

TEST(OwnData, of_a_copy_is_that_of_the_part_that_moves) {
  PageLogState state;
  FourPages space(state);
  EXPECT_TRUE(space.mremap({.address = TestSpace::column(1),
                            .old_length = 0x2000,
                            .new_length = 0x2000,
                            .flags = fixed_move,
                            .new_address = TestSpace::column(8)}));
  EXPECT_EQ(space.numbers(), "1 4 2 3 ");
}

}  // namespace
}  // namespace vmarea::test
