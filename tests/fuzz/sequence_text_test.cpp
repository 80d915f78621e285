// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include "fuzz/step.hpp"

namespace vmarea::test::fuzz {
namespace {

constexpr std::string_view scene = "scene seed 17 page 12 bits 47 window middle\n";
constexpr std::string_view step = "unmap columns [3,7) to [9,10) choice 4f";

std::string wrong_with(std::string_view text) {
  Sequence sequence;
  return parse(text, sequence);
}
std::string wrong_with_step(std::string_view line) {
  return wrong_with(std::string(scene) + std::string(line));
}

TEST(SequenceText, of_every_sequence_that_is_drawn_is_read_back) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    const std::vector<std::uint8_t> bytes = bytes_of(seed, 200);
    const Sequence drawn = draw(bytes.data(), bytes.size(), 200);
    ASSERT_EQ(drawn.steps.size(), 200u);
    const std::string text = text_of(drawn);
    Sequence again;
    ASSERT_EQ(parse(text, again), "");
    ASSERT_EQ(text_of(again), text);
  }
}

TEST(SequenceText, few_bytes_or_none_are_a_sequence_too) {
  EXPECT_TRUE(draw(nullptr, 0, 100).steps.empty());
  const std::uint8_t bytes[] = {1, 2, 3, 4, 5};
  EXPECT_EQ(draw(bytes, sizeof(bytes), 100).steps.size(), 1u);
}

TEST(SequenceText, remarks_and_blank_lines_are_passed_over) {
  EXPECT_EQ(wrong_with("# a remark\n\n" + std::string(scene) + std::string(step)), "");
}

TEST(SequenceText, without_a_scene_is_refused) {
  EXPECT_EQ(wrong_with(""), "there is no scene\n");
  EXPECT_EQ(wrong_with(step), "line 1: a scene is wanted first\n");
  EXPECT_EQ(wrong_with("scene seed 1 page 40 bits 47 window middle"),
            "line 1: a scene is wanted first\n");
  EXPECT_EQ(wrong_with("scene seed 1 page 12 bits 47 window nowhere"),
            "line 1: a scene is wanted first\n");
}

TEST(SequenceText, that_is_no_step_is_refused_with_its_line) {
  constexpr const char* refused = "line 2: no step of a sequence\n";
  EXPECT_EQ(wrong_with_step(step), "");
  for (const char* bad :
       {"nonsense", "unmap", "unmap columns [3,3) to [9,10) choice 4f",
        "unmap columns [3,9999999) to [9,10) choice 4f", "unmap columns [3,7) to [9,10) choice",
        "unmap columns [3,7) to [9,10) choice xyz", "unmap columns 3-7 to [9,10) choice 4f"}) {
    EXPECT_EQ(wrong_with_step(bad), refused) << bad;
  }
  for (const char* bad :
       {" fault", " fault 256", " start 1", " start + 4096", " length + 0x1", " length - 0x",
        " space 3", " between nowhere", " limits 256", " and more"}) {
    EXPECT_EQ(wrong_with_step(std::string(step) + bad), refused) << bad;
  }
}

}  // namespace
}  // namespace vmarea::test::fuzz
