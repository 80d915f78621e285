// SPDX-License-Identifier: MIT
//
// What a failed test says of results and spaces, for any host.
#include <string>

#include <gtest/gtest-spi.h>
#include <gtest/gtest.h>
#include <vmarea/gtest.hpp>
#include <vmarea_shims/userland.hpp>

namespace vmarea {
namespace {

using Space = AddressSpace<shims::Userland>;

constexpr Protection rw = prot::read | prot::write;

/// Three areas of two, one and one page, with a hole before the last.
void map_three(Space& space) {
  for (const auto& [at, length, protection] :
       {std::tuple{0x10000, 0x2000, rw}, {0x12000, 0x1000, prot::read}, {0x15000, 0x1000, rw}}) {
    ASSERT_TRUE(ok(space.mmap({.address = static_cast<Address>(at),
                               .length = static_cast<std::uint64_t>(length),
                               .protection = protection,
                               .flags = map::private_ | map::anonymous | map::fixed})));
  }
}

TEST(Ok, of_a_failed_result_says_why) {
  EXPECT_TRUE(ok(success));
  EXPECT_TRUE(ok(Result<Address>(Address{0x1000})));
  const Result<void> refused = Error::no_memory;
  EXPECT_NONFATAL_FAILURE(EXPECT_TRUE(ok(refused)), "Actual: false (ENOMEM (out of memory");
  EXPECT_NONFATAL_FAILURE(EXPECT_FALSE(ok(Result<Address>(Address{0x1000}))), "true (0x1000)");
}

TEST(FailsWith, says_what_was_expected_and_what_came) {
  const Result<Address> refused = Error::exists;
  EXPECT_TRUE(fails_with(refused, Error::exists));
  EXPECT_TRUE(fails_with(success, Error::none));
  EXPECT_NONFATAL_FAILURE(EXPECT_TRUE(fails_with(refused, Error::invalid)),
                          "expected EINVAL (invalid argument), not EEXIST (something is");
  EXPECT_NONFATAL_FAILURE(EXPECT_TRUE(fails_with(success, Error::invalid)), "not success");
}

TEST(Printing, googletest_prints_every_value) {
  EXPECT_EQ(testing::PrintToString(Result<Address>(Error::busy)),
            "EBUSY (another change is reserved, or this one is stale or out of turn)");
  EXPECT_EQ(testing::PrintToString(flag::read | flag::account), "rd ac");
  EXPECT_EQ(testing::PrintToString(Range{0x1000, 0x2000}), "1000-2000");
  Space space;
  map_three(space);
  EXPECT_EQ(testing::PrintToString(*space.find(0x12000)), "12000-13000 r--p 12 anonymous");
  EXPECT_EQ(testing::PrintToString(space), to_string(space));
  const Result<void> invalid = Error::invalid;
  EXPECT_NONFATAL_FAILURE(EXPECT_EQ(invalid, success), "Which is: EINVAL (invalid argument)");
}

TEST(HasAreas, some_words_from_the_left_are_enough) {
  Space space;
  map_three(space);
  EXPECT_TRUE(has_areas(space, R"(
    # Comments, empty lines and blanks do not count.

    10000-12000 rw-p
  12000-13000
    15000-16000 rw-p 15 anonymous ac)"));
  EXPECT_TRUE(has_areas(space.state(), "10000-12000\n12000-13000\r\n15000-16000\n"));
  EXPECT_EQ(space, "10000-12000\n12000-13000 r--p\n15000-16000");
  EXPECT_TRUE(has_areas(Space{}, ""));
}

TEST(HasAreas, a_word_is_compared_as_a_whole) {
  Space space;
  map_three(space);
  EXPECT_FALSE(has_areas(space, "10000-12000 rw\n12000-13000\n15000-16000"));
  EXPECT_FALSE(has_areas(space, "10000-12000 rw-p 10 anonymous ac nh\n12000-13000\n15000-16000"));
}

TEST(HasAreas, what_differs_is_shown_with_what_surrounds_it) {
  Space space;
  map_three(space);
  const auto said = [&space](const char* expected) {
    return std::string(has_areas(space, expected).message());
  };
  EXPECT_EQ(said("10000-12000 rw-p\n12000-14000 r--p\n15000-16000"),
            "- expected, + found:\n"
            "  10000-12000 rw-p 10 anonymous ac\n"
            "- 12000-14000 r--p\n"
            "+ 12000-13000 r--p 12 anonymous\n"
            "  15000-16000 rw-p 15 anonymous ac");
  EXPECT_EQ(said("10000-12000\n15000-16000"),
            "- expected, + found:\n"
            "  10000-12000 rw-p 10 anonymous ac\n"
            "+ 12000-13000 r--p 12 anonymous\n"
            "  15000-16000 rw-p 15 anonymous ac");
  EXPECT_EQ(said("10000-12000\n12000-13000\n15000-16000\n18000-19000 rw-p"),
            "- expected, + found:\n"
            "  ...\n"
            "  12000-13000 r--p 12 anonymous\n"
            "  15000-16000 rw-p 15 anonymous ac\n"
            "- 18000-19000 rw-p");
}

TEST(HasAreas, a_line_that_was_written_twice_is_one_too_many) {
  Space space;
  map_three(space);
  ASSERT_TRUE(ok(space.munmap(0x12000, 0x4000)));
  EXPECT_EQ(std::string(has_areas(space, "10000-12000\n10000-12000").message()),
            "- expected, + found:\n"
            "  10000-12000 rw-p 10 anonymous ac\n"
            "- 10000-12000");
}

TEST(HasAreas, of_many_areas_only_those_near_the_difference_are_shown) {
  Space space;
  std::string expected;
  for (Address at = 0x10000; at < 0x80000; at += 0x10000) {
    ASSERT_TRUE(ok(space.mmap(
        {.address = at, .length = 0x1000, .flags = map::private_ | map::anonymous | map::fixed})));
    expected += to_string(Range{at, at + (at == 0x40000 ? 0x2000 : 0x1000)}) + "\n";
  }
  EXPECT_EQ(std::string(has_areas(space, expected).message()),
            "- expected, + found:\n"
            "  ...\n"
            "  20000-21000 ---p 20 anonymous\n"
            "  30000-31000 ---p 30 anonymous\n"
            "- 40000-42000\n"
            "+ 40000-41000 ---p 40 anonymous\n"
            "  50000-51000 ---p 50 anonymous\n"
            "  60000-61000 ---p 60 anonymous\n"
            "  ...");
}

TEST(HasAreas, a_failed_comparison_prints_both) {
  Space space;
  map_three(space);
  EXPECT_NONFATAL_FAILURE(EXPECT_EQ(space, Areas("10000-12000 r--p")), "\n  10000-12000 r--p");
  EXPECT_NONFATAL_FAILURE(EXPECT_EQ(space, Areas("")), "no areas");
}

TEST(IsSound, names_the_broken_invariant) {
  Space space;
  map_three(space);
  EXPECT_TRUE(is_sound(space));
  EXPECT_TRUE(is_sound(space.state()));
  ++space.state().charged;
  EXPECT_NONFATAL_FAILURE(EXPECT_TRUE(is_sound(space)), "invariant 4 is broken");
  --space.state().charged;
}

}  // namespace
}  // namespace vmarea
