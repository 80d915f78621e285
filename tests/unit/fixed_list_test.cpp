// SPDX-License-Identifier: MIT
//
// The list of a few values in place: what was added, and a promise that no more is.
#include <vector>

#include "unit/land.hpp"

namespace vmarea::test {
namespace {

template <class Host>
using Two = FixedList<Host, int, 2>;

TEST(FixedList, holds_what_was_added_and_gives_back_the_last) {
  Two<PromisesOnly> list;
  EXPECT_TRUE(list.empty());
  list.add(3);
  list.add_made_by([] { return 4; });
  EXPECT_TRUE(list.full());
  const Two<PromisesOnly> copy = list;
  EXPECT_EQ(list.take_last(), 4);
  EXPECT_EQ(list.size(), 1u);
  EXPECT_EQ(std::vector<int>(copy.begin(), copy.end()), (std::vector<int>{3, 4}));
}

TEST(FixedListDeathTest, no_more_is_added_than_fits_nor_taken_than_was_added) {
  Two<PromisesOnly> list;
  EXPECT_DEATH((void)list.take_last(), "no more is used than was reserved");
  list.add(1);
  list.add(2);
  EXPECT_DEATH((void)list.add(3), "a list of a plan is not full");
  EXPECT_DEATH((void)list.add_made_by([] { return 3; }), "a list of a plan is not full");
}

}  // namespace
}  // namespace vmarea::test
