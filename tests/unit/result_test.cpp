// SPDX-License-Identifier: MIT
//
// Result speaks as std::expected does; the value of a failed one and the error of a good one are
// broken promises that end the program in every build.
#include <cstdint>
#include <type_traits>

#include <gtest/gtest.h>
#include <vmarea/types/range.hpp>
#include <vmarea/types/result.hpp>

namespace vmarea::test {
namespace {

constexpr Result<int> good = 7;
constexpr Result<int> failed = Error::no_memory;
constexpr Result<void> bad = Error::busy;

// All of it is at hand while compiling.
static_assert(good.has_value() && good && *good == 7 && good.value() == 7);
static_assert(!failed.has_value() && !failed && failed.error() == Error::no_memory);
static_assert(good.value_or(1) == 7 && failed.value_or(1) == 1);
static_assert(good.error_or(Error::busy) == Error::busy);
static_assert(failed.error_or(Error::busy) == Error::no_memory);
static_assert(good.code() == Error::none && failed.code() == Error::no_memory);
static_assert(Result<Range>(Range{1, 2})->end == 2);
static_assert(success.has_value() && success && success.code() == Error::none);
static_assert(!bad.has_value() && bad.error() == Error::busy);
static_assert(success.error_or(Error::busy) == Error::busy && bad.code() == Error::busy);
static_assert(std::is_same_v<Result<int>::value_type, int>);
static_assert(std::is_same_v<Result<void>::error_type, Error>);

// Equal: with a result, a value, an error.
static_assert(good == Result<int>(7) && good != Result<int>(8) && good != failed && good == 7 &&
              failed != 7);
static_assert(failed == Error::no_memory && failed != Error::busy && good != Error::no_memory);
static_assert(bad == Error::busy && success != Error::busy && success == Result<void>());

// Of the size of what they hold, and as plain.
static_assert(sizeof(Result<void>) == sizeof(Error) && sizeof(Result<bool>) == 8);
static_assert(sizeof(Result<std::uint64_t>) == 16 && sizeof(Result<Range>) == 24);
static_assert(std::is_trivially_copyable_v<Result<Range>> &&
              std::is_trivially_copyable_v<Result<void>>);

constexpr Result<int> halve(int number) {
  return number % 2 == 0 ? Result<int>(number / 2) : Error::invalid;
}

TEST(Result, and_then_goes_on_with_a_value_and_keeps_an_error) {
  static_assert(Result<int>(8).and_then(halve).and_then(halve) == 2);
  static_assert(Result<int>(6).and_then(halve).and_then(halve) == Error::invalid);
  int asked = 0;
  const auto count = [&asked](int) -> Result<void> {
    ++asked;
    return Error::busy;
  };
  EXPECT_EQ(failed.and_then(count), Error::no_memory);
  EXPECT_EQ(asked, 0);
  EXPECT_EQ(good.and_then(count), Error::busy);
  EXPECT_EQ(asked, 1);
  EXPECT_EQ(success.and_then([] { return halve(4); }), 2);
  EXPECT_EQ(bad.and_then([] { return halve(4); }), Error::busy);
}

TEST(Result, transform_changes_a_value_and_keeps_an_error) {
  static_assert(good.transform([](int number) { return number + 0.5; }) == 7.5);
  static_assert(failed.transform([](int number) { return number + 0.5; }) == Error::no_memory);
  static_assert(success.transform([] { return 3; }) == 3);
  static_assert(bad.transform([] { return 3; }) == Error::busy);
  int seen = 0;
  const auto look = [&seen](int number) { seen += number; };
  EXPECT_EQ(good.transform(look), success);
  EXPECT_EQ(failed.transform(look), Error::no_memory);
  EXPECT_EQ(seen, 7);
  const auto count = [&seen] { ++seen; };
  EXPECT_EQ(success.transform(count), success);
  EXPECT_EQ(bad.transform(count), Error::busy);
  EXPECT_EQ(seen, 8);
}

TEST(Result, or_else_and_transform_error_look_at_the_error_alone) {
  const auto if_no_memory = [](Error why) -> Result<int> {
    return why == Error::no_memory ? Result<int>(0) : why;
  };
  EXPECT_EQ(good.or_else(if_no_memory), 7);
  EXPECT_EQ(failed.or_else(if_no_memory), 0);
  EXPECT_EQ(Result<int>(Error::busy).or_else(if_no_memory), Error::busy);
  EXPECT_EQ(bad.or_else([](Error) { return success; }), success);
  EXPECT_EQ(success.or_else([](Error why) { return Result<void>(why); }), success);
  const auto hide = [](Error) { return Error::invalid; };
  EXPECT_EQ(good.transform_error(hide), 7);
  EXPECT_EQ(failed.transform_error(hide), Error::invalid);
  EXPECT_EQ(bad.transform_error(hide), Error::invalid);
  EXPECT_EQ(success.transform_error(hide), success);
}

/// Not known to the compiler.
template <class T>
Result<T> hidden(Result<T> result) {
  const volatile Error code = result.code();
  return code == Error::none ? result : Result<T>(Error{code});
}

TEST(Result, tells_its_error_or_another_one) {
  EXPECT_EQ(hidden(failed).error_or(Error::busy), Error::no_memory);
  EXPECT_EQ(hidden(good).error_or(Error::busy), Error::busy);
  hidden(success).value();
  *hidden(success);
}

TEST(Result, two_that_failed_are_equal_if_their_errors_are) {
  EXPECT_EQ(hidden(failed), hidden(failed));
  EXPECT_FALSE(hidden(failed) == hidden(Result<int>(Error::busy)));
  EXPECT_FALSE(hidden(failed) == hidden(good));
}

TEST(ResultDeath, value_of_a_failed_result_ends_the_program) {
  int value = 0;
  EXPECT_DEATH(value = *hidden(failed), "");
  EXPECT_DEATH(value = hidden(failed).value(), "");
  EXPECT_DEATH(value = static_cast<int>(hidden(Result<Range>(Error::busy))->end), "");
  EXPECT_DEATH(*hidden(bad), "");
  EXPECT_DEATH(hidden(bad).value(), "");
  EXPECT_EQ(value, 0);
}

TEST(ResultDeath, error_of_a_good_result_ends_the_program) {
  Error error = Error::none;
  EXPECT_DEATH(error = hidden(good).error(), "");
  EXPECT_DEATH(error = hidden(success).error(), "");
  EXPECT_EQ(error, Error::none);
}

}  // namespace
}  // namespace vmarea::test
