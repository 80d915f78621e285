// SPDX-License-Identifier: MIT
//
// Memory of the caller: never written past its end, always ended, and counted to the end.
#include <array>
#include <cstring>
#include <limits>
#include <string>

#include <gtest/gtest.h>
#include <vmarea/string.hpp>

namespace vmarea {
namespace {

TEST(TextWriter, every_capacity_holds_the_beginning_of_the_text_and_counts_all_of_it) {
  const Flags flags = flag::read | flag::write | flag::may_read;
  const std::string whole = "rd wr mr";
  for (std::size_t capacity = 0; capacity < 16; ++capacity) {
    std::array<char, 18> memory;
    memory.fill('#');
    TextWriter to(memory.data() + 1, capacity);
    write_text(to, flags);
    EXPECT_EQ(to.needed(), whole.size()) << capacity;
    const std::size_t fits = capacity == 0 ? 0 : std::min(capacity - 1, whole.size());
    EXPECT_EQ(to.size(), fits) << capacity;
    EXPECT_EQ(to.truncated(), fits < whole.size()) << capacity;
    if (capacity > 0) {
      EXPECT_STREQ(memory.data() + 1, whole.substr(0, fits).c_str()) << capacity;
    }
    EXPECT_EQ(memory[0], '#');
    for (std::size_t i = capacity + 1; i < memory.size(); ++i) {
      EXPECT_EQ(memory[i], '#') << "written past the end of " << capacity;
    }
  }
}

TEST(TextWriter, without_memory_it_only_counts) {
  TextWriter to(nullptr, 0);
  write_text(to, Range{0x1000, 0x3000});
  EXPECT_EQ(to.needed(), 9u);
  EXPECT_EQ(to.size(), 0u);
  EXPECT_TRUE(to.truncated());
}

TEST(TextWriter, an_empty_text_ends_what_was_in_the_memory) {
  char memory[] = "before";
  const TextWriter to(memory, sizeof memory);
  EXPECT_STREQ(memory, "");
  EXPECT_FALSE(to.truncated());
}

TEST(TextWriter, numbers_are_written_up_to_their_limits) {
  const auto said = [](auto write) { return written(write); };
  constexpr std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
  constexpr std::int64_t least = std::numeric_limits<std::int64_t>::min();
  EXPECT_EQ(said([](TextWriter& to) { to.add_hex(0); }), "0");
  EXPECT_EQ(said([](TextWriter& to) { to.add_hex(0x10); }), "10");
  EXPECT_EQ(said([](TextWriter& to) { to.add_hex(most); }), "ffffffffffffffff");
  EXPECT_EQ(said([](TextWriter& to) { to.add_decimal(0); }), "0");
  EXPECT_EQ(said([](TextWriter& to) { to.add_decimal(10); }), "10");
  EXPECT_EQ(said([](TextWriter& to) { to.add_decimal(most); }), "18446744073709551615");
  EXPECT_EQ(said([](TextWriter& to) { to.add_signed(-1); }), "-1");
  EXPECT_EQ(said([](TextWriter& to) { to.add_signed(9); }), "9");
  EXPECT_EQ(said([](TextWriter& to) { to.add_signed(least); }), "-9223372036854775808");
}

TEST(TextWriter, of_what_has_no_text_there_is_a_question_mark) {
  struct Silent {};
  EXPECT_EQ(written([](TextWriter& to) { write_any(to, Silent{}); }), "?");
  EXPECT_EQ(written([](TextWriter& to) { write_any(to, true); }), "true");
  EXPECT_EQ(written([](TextWriter& to) { write_any(to, false); }), "false");
}

TEST(Text, holds_its_own_memory_and_is_cut_where_it_is_too_small) {
  const auto whole = text(prot::read);
  EXPECT_STREQ(whole.c_str(), "r--");
  EXPECT_EQ(whole.size(), 3u);
  EXPECT_FALSE(whole.truncated());
  const auto cut = text<3>(prot::read);
  EXPECT_STREQ(cut.c_str(), "r-");
  EXPECT_EQ(cut.size(), 2u);
  EXPECT_EQ(cut.needed(), 3u);
  EXPECT_TRUE(cut.truncated());
}

TEST(Text, is_made_while_compiling) {
  constexpr Text<16> range = text<16>(Range{0x1000, 0x3000});
  static_assert(range.size() == 9 && !range.truncated());
  EXPECT_STREQ(range.c_str(), "1000-3000");
}

TEST(Text, numbers_and_other_things_have_none) {
  static_assert(HasText<Range> && HasText<Error> && HasText<Advice> && HasText<Result<void>>);
  static_assert(!HasText<std::uint64_t> && !HasText<int> && !HasText<bool> && !HasText<char>);
  static_assert(!HasText<const char*> && !HasText<std::string>);
}

}  // namespace
}  // namespace vmarea
