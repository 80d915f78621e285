// SPDX-License-Identifier: MIT
//
// The kernel's flags by their bits: what they mean is learned from areas of which both are seen.
#include <optional>

#include <gtest/gtest.h>

#include "live/area_program/flag_bits.hpp"

namespace vmarea::live {
namespace {

constexpr std::uint64_t readable = 0b0001;
constexpr std::uint64_t writable = 0b0010;
constexpr std::uint64_t nameless = 0b0100;  // smaps has no word for it.

class FlagBitsTest : public testing::Test {
 protected:
  /// The flags, or none if there is a doubt.
  std::optional<Flags> decoded(std::uint64_t bits) {
    Flags flags;
    return bits_.decode(bits, flags) ? std::optional(flags) : std::nullopt;
  }

  FlagBits bits_;
};

TEST_F(FlagBitsTest, what_nobody_saw_is_in_doubt) {
  EXPECT_FALSE(decoded(readable));
  bits_.learn(readable, flag::read);
  EXPECT_EQ(decoded(readable), flag::read);
  EXPECT_FALSE(decoded(readable | writable));
}

TEST_F(FlagBitsTest, each_flag_has_its_bit) {
  bits_.learn(readable, flag::read);
  bits_.learn(readable | writable, flag::read | flag::write);
  EXPECT_EQ(decoded(readable | writable), flag::read | flag::write);
  EXPECT_EQ(decoded(writable), flag::write);
  EXPECT_EQ(decoded(0), Flags{});
}

TEST_F(FlagBitsTest, of_two_bits_that_came_together_one_alone_is_in_doubt) {
  bits_.learn(readable | nameless, flag::read);
  EXPECT_EQ(decoded(readable | nameless), flag::read);
  EXPECT_FALSE(decoded(nameless));
  bits_.learn(nameless, {});
  EXPECT_EQ(decoded(nameless), Flags{});
  EXPECT_EQ(decoded(readable), flag::read);
}

TEST_F(FlagBitsTest, a_flag_that_follows_from_no_bit_is_in_doubt_from_then_on) {
  bits_.learn(readable, flag::read);
  ASSERT_EQ(decoded(readable), flag::read);
  bits_.learn(readable, flag::read | flag::soft_dirty);
  EXPECT_FALSE(decoded(readable));
}

}  // namespace
}  // namespace vmarea::live
