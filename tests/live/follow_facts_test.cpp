// SPDX-License-Identifier: MIT
//
// Single facts out of the text of /proc.
#include <gtest/gtest.h>

#include "live/follow/proc_text.hpp"

namespace {

constexpr std::string_view limits =
    "Limit                     Soft Limit           Hard Limit           Units     \n"
    "Max data size             4096                 unlimited            bytes     \n"
    "Max locked memory         8192                 16384                bytes     \n"
    "Max realtime timeout      unlimited            7                    us        ";
constexpr std::uint64_t none = ~std::uint64_t{0};

using Limit = std::pair<std::uint64_t, std::uint64_t>;

TEST(Limits, soft_and_hard_are_numbers_or_none) {
  EXPECT_EQ(follow::find_limit(limits, "Max data size"), Limit(4096, none));
  EXPECT_EQ(follow::find_limit(limits, "Max locked memory"), Limit(8192, 16384));
  EXPECT_EQ(follow::find_limit(limits, "Max realtime timeout"), Limit(none, 7));
}

TEST(Limits, without_their_line_there_is_none) {
  EXPECT_EQ(follow::find_limit(limits, "Max data"), Limit(none, none));
  EXPECT_EQ(follow::find_limit("", "Max data size"), Limit(none, none));
  EXPECT_EQ(follow::find_limit("Max data size", "Max data size"), Limit(none, none));
}

TEST(Limits, text_that_ends_early_gives_none) {
  EXPECT_EQ(follow::find_limit("Max data size  ", "Max data size"), Limit(none, none));
  EXPECT_EQ(follow::find_limit("Max data size  12", "Max data size"), Limit(12, none));
}

}  // namespace
