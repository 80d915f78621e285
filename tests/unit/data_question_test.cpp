// SPDX-License-Identifier: MIT
//
// What a host is asked about own data that would join: of which two, in the order of addresses, and
// what stands for data that is not there.
#include <gtest/gtest.h>
#include <vmarea/rules/data_question.hpp>

namespace vmarea::test {
namespace {

/// Counts how often data is made.
struct Number {
  static inline int made = 0;
  int value = 0;
  Number() noexcept { ++made; }
  explicit Number(int given) noexcept : value(given) {}
};

/// Numbers join upwards; what there is not is 0.
struct Upwards {
  using AreaData = Number;
  static constexpr bool has_data_rules = true;
  bool may_join(const Number& low, const Number& high) const noexcept {
    return low.value < high.value;
  }
};

using Question = DataQuestion<Upwards>;

constexpr Upwards upwards;
const Number minus_one(-1), one(1), two(2), three(3);

TEST(DataQuestion, is_not_asked_where_there_is_no_neighbour) {
  const Question question(upwards, {&two});
  EXPECT_TRUE(question.joins_prev());
  EXPECT_TRUE(question.joins_next());
  const Question of_nothing;
  EXPECT_TRUE(of_nothing.joins_prev());
  EXPECT_TRUE(of_nothing.joins_next());
}

TEST(DataQuestion, is_asked_of_the_lower_and_the_higher_data_as_they_are) {
  Number::made = 0;
  Question question(upwards, {&two});
  question.set_prev(one);
  question.set_next(three);
  EXPECT_TRUE(question.joins_prev());
  EXPECT_TRUE(question.joins_next());
  question.set_prev(three);
  question.set_next(one);
  EXPECT_FALSE(question.joins_prev());
  EXPECT_FALSE(question.joins_next());
  EXPECT_EQ(Number::made, 0);
}

TEST(DataQuestion, has_new_data_for_what_a_call_does_not_bring) {
  Question question(upwards, {nullptr});
  question.set_prev(one);
  question.set_next(one);
  EXPECT_FALSE(question.joins_prev()) << "1 below 0";
  EXPECT_TRUE(question.joins_next()) << "0 below 1";
  question.set_prev(minus_one);
  EXPECT_TRUE(question.joins_prev()) << "-1 below 0";
}

}  // namespace
}  // namespace vmarea::test
