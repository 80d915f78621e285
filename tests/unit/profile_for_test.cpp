// SPDX-License-Identifier: MIT
//
// Which profile a release gets: that of its series, or of the newest series before it.
#include <algorithm>
#include <string_view>

#include <gtest/gtest.h>
#include <vmarea_shims/profile_for.hpp>

namespace vmarea::test {
namespace {

using shims::find_profile;
using shims::named_profiles;
using shims::profile_for;

TEST(ProfileFor, release_of_a_series_gets_its_profile) {
  EXPECT_EQ(profile_for("6.12.117+deb12-cloud-amd64").name, "linux_6_12");
  EXPECT_EQ(profile_for("6.18.44").name, "linux_6_18");
  EXPECT_EQ(profile_for("6.18.44").profile, linux_6_18);
  EXPECT_EQ(profile_for("6.12").profile, linux_6_12);
  EXPECT_EQ(profile_for("6.1.0-57-cloud-amd64").name, "linux_6_1");
  EXPECT_EQ(profile_for("7.2.13+deb14-cloud-amd64").name, "linux_7_2");
}

TEST(ProfileFor, series_between_two_gets_the_older) {
  EXPECT_EQ(profile_for("6.17.3").name, "linux_6_12");
  EXPECT_EQ(profile_for("6.19-rc1").name, "linux_6_18");
}

TEST(ProfileFor, series_outside_of_all_gets_the_nearest) {
  EXPECT_EQ(profile_for("4.19.0").name, named_profiles.front().name);
  EXPECT_EQ(profile_for("12.0.1").name, named_profiles.back().name);
  EXPECT_EQ(profile_for("12").name, named_profiles.back().name);
  EXPECT_EQ(profile_for("").name, named_profiles.front().name) << "no release at all";
  EXPECT_EQ(profile_for("next").name, named_profiles.front().name);
  EXPECT_EQ(profile_for("4294967297.1").name, named_profiles.back().name) << "does not wrap";
}

TEST(ProfileFor, numbers_are_compared_as_numbers) {
  EXPECT_EQ(profile_for("6.2.0").name, named_profiles.front().name) << "2 is less than 12";
  EXPECT_EQ(profile_for("6.120.0").name, "linux_6_18");
  EXPECT_EQ(profile_for(std::string_view("6.129").substr(0, 4)).name, "linux_6_12")
      << "what stands behind the text is no part of it";
}

TEST(ProfileFor, names_are_those_of_the_constants) {
  ASSERT_NE(find_profile("linux_6_18"), nullptr);
  EXPECT_EQ(find_profile("linux_6_18")->profile, linux_6_18);
  EXPECT_EQ(find_profile("linux_6_12")->profile, linux_6_12);
  EXPECT_EQ(find_profile("linux_6_1")->profile, linux_6_1);
  EXPECT_EQ(find_profile("linux_7_2")->profile, linux_7_2);
  EXPECT_EQ(find_profile("linux_6"), nullptr);
  EXPECT_EQ(find_profile(""), nullptr);
}

TEST(ProfileFor, profiles_stand_from_the_oldest_to_the_newest) {
  EXPECT_TRUE(std::is_sorted(named_profiles.begin(), named_profiles.end(),
                             [](const auto& a, const auto& b) {
                               return a.major != b.major ? a.major < b.major : a.minor < b.minor;
                             }));
}

}  // namespace
}  // namespace vmarea::test
