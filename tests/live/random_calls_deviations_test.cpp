// SPDX-License-Identifier: MIT
//
// Of which kernels a known deviation is.
#include <gtest/gtest.h>

#include "live/random_calls/deviations.hpp"

namespace vmarea::live {
namespace {

bool is_of(const char* kernels, const char* release) {
  Deviation deviation;
  deviation.kernels = kernels;
  return is_shown_by(deviation, release);
}

TEST(Deviations, are_of_the_series_that_they_name) {
  EXPECT_TRUE(is_of("6.18", "6.18.44-fc-v857"));
  EXPECT_TRUE(is_of("6.18 (fixed in 6.19 and later)", "6.18.44"));
  EXPECT_FALSE(is_of("6.18 (fixed in 6.19 and later)", "6.19.1")) << "a remark names nothing";
  EXPECT_TRUE(is_of("6.12, 6.18", "6.12.117+deb12"));
  EXPECT_TRUE(is_of("6.12, 6.18", "6.18.1"));
  EXPECT_TRUE(is_of("7.2", "7.2"));
  EXPECT_TRUE(is_of("all", "5.15.3"));
}

TEST(Deviations, are_of_no_series_that_only_begins_alike) {
  EXPECT_FALSE(is_of("6.1", "6.12.117"));
  EXPECT_FALSE(is_of("6.12", "6.1.0-57"));
  EXPECT_FALSE(is_of("7", "77.1"));
  EXPECT_FALSE(is_of("", "6.18.44"));
}

}  // namespace
}  // namespace vmarea::live
