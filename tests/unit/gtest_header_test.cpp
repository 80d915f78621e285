// SPDX-License-Identifier: MIT
//
// What a failed test says of results and spaces, for any host.
#include <cstdint>
#include <cstring>
#include <string>
#include <tuple>

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
                          "expected EINVAL (invalid argument), not EEXIST (exists already");
  EXPECT_NONFATAL_FAILURE(EXPECT_TRUE(fails_with(success, Error::invalid)), "not success");
}

TEST(Printing, googletest_prints_every_value) {
  EXPECT_EQ(
      testing::PrintToString(Result<Address>(Error::busy)),
      "EBUSY (another change is reserved, this one is stale or out of turn, or memory is locked)");
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
  EXPECT_FALSE(has_areas(space, "10000-12000 rw-p 1\n12000-13000\n15000-16000"));
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

TEST(HasAreas, a_failed_comparison_marks_what_differs_and_prints_what_was_expected) {
  Space space;
  map_three(space);
  constexpr const char* wrong = "10000-12000 rw-p\n12000-13000 rw-p\n15000-16000";
  const std::string marked =
      "- expected, + found:\n"
      "  10000-12000 rw-p 10 anonymous ac\n"
      "- 12000-13000 rw-p\n"
      "+ 12000-13000 r--p 12 anonymous\n"
      "  15000-16000 rw-p 15 anonymous ac";
  EXPECT_NONFATAL_FAILURE(EXPECT_EQ(space, Areas(wrong)), "  space\n    Which is: " + marked);
  EXPECT_NONFATAL_FAILURE(EXPECT_EQ(space, Areas(wrong)), "\n  12000-13000 rw-p\n");
  EXPECT_NONFATAL_FAILURE(EXPECT_EQ(Areas(wrong), space), "  space\n    Which is: " + marked);
  EXPECT_NONFATAL_FAILURE(EXPECT_EQ(space, wrong), marked);
  EXPECT_NONFATAL_FAILURE(EXPECT_NE(space, Areas::of(space)), to_string(space));
  EXPECT_NONFATAL_FAILURE(EXPECT_EQ(space, Areas("10000-12000 r--p")), "\n  10000-12000 r--p");
  EXPECT_NONFATAL_FAILURE(EXPECT_EQ(space, Areas("")), "no areas");
}

/// What a test is told of a text, at its line.
void expect_refused(const char* text, const char* told) {
  testing::TestPartResultArray told_of;
  {
    const testing::ScopedFakeTestPartResultReporter reporter(
        testing::ScopedFakeTestPartResultReporter::INTERCEPT_ONLY_CURRENT_THREAD, &told_of);
    (void)Areas(text, "here.cpp", 7);
  }
  ASSERT_EQ(told_of.size(), 1) << text;
  const testing::TestPartResult& failure = told_of.GetTestPartResult(0);
  EXPECT_STREQ(failure.message(), (std::string("Failed\n") + told).c_str());
  EXPECT_STREQ(failure.file_name(), "here.cpp");
  EXPECT_EQ(failure.line_number(), 7);
}

TEST(AreasOfText, that_no_area_can_have_are_refused_with_line_and_column) {
  expect_refused("garbage",
                 R"(line 1, column 1: expected a range such as 1000-3000, found "garbage")");
  expect_refused("\n# 1\n  1000 rw-p",
                 R"(line 3, column 3: expected a range such as 1000-3000, found "1000 rw-p")");
  expect_refused("1000-2000\n3000-3000 rw-p",
                 R"(line 2, column 6: expected an end above the start, found "3000 rw-p")");
  expect_refused("1000-2000 rwp",
                 R"(line 1, column 11: expected four letters such as rw-p, found "rwp")");
  expect_refused("1000-2000 rw-pp",
                 R"(line 1, column 11: expected four letters such as rw-p, found "rw-pp")");
  expect_refused("1000-2000  rw-p",
                 R"(line 1, column 11: expected a word after one blank, found " rw-p")");
  constexpr const char* hex = "expected a hexadecimal number without 0x and leading zeros";
  expect_refused("1000-2000 rw-p 0x1",
                 (std::string("line 1, column 16: ") + hex + ", found \"0x1\"").c_str());
  expect_refused("1000-2000 rw-p 01",
                 (std::string("line 1, column 16: ") + hex + ", found \"01\"").c_str());
  expect_refused("1000-2000 rw-p 1 anonymus ac",
                 R"(line 1, column 18: expected anonymous, special or file, found "anonymus ac")");
  expect_refused("1000-2000 rw-p 1 anonymous identity x",
                 (std::string("line 1, column 37: ") + hex + ", found \"x\"").c_str());
  expect_refused("1000-2000 rw-p 1 anonymous ac zz",
                 "line 1, column 31: expected two letters of a flag, or identity, policy, "
                 "userfaultfd, name, data, found \"zz\"");
  constexpr const char* flags =
      "expected two letters of a flag, or identity, policy, userfaultfd, name, data";
  expect_refused("1000-2000 rw-p 1 anonymous #",
                 (std::string("line 1, column 28: ") + flags + ", found \"#\"").c_str());
  expect_refused("1000-2000 rw-p 1 anonymous #33x",
                 (std::string("line 1, column 28: ") + flags + ", found \"#33x\"").c_str());
  expect_refused("1000-2000 rw-p 1 anonymous acx",
                 (std::string("line 1, column 28: ") + flags + ", found \"acx\"").c_str());
  expect_refused("1000", R"(line 1, column 1: expected a range such as 1000-3000, found "1000")");
  expect_refused("1000-x",
                 R"(line 1, column 1: expected a range such as 1000-3000, found "1000-x")");
  expect_refused("1000-2000x",
                 R"(line 1, column 1: expected a range such as 1000-3000, found "1000-2000x")");
  expect_refused("1000-2000 rw-",
                 R"(line 1, column 11: expected four letters such as rw-p, found "rw-")");
  expect_refused(
      "1000-2000 rw-p 12345678123456781",
      (std::string("line 1, column 16: ") + hex + ", found \"12345678123456781\"").c_str());
  expect_refused("1000-2000 rw-p 1 anon",
                 R"(line 1, column 18: expected anonymous, special or file, found "anon")");
  expect_refused("1000-2000 rw-p 1 anonymous z",
                 (std::string("line 1, column 28: ") + flags + ", found \"z\"").c_str());
  expect_refused("-1000", R"(line 1, column 1: expected a range such as 1000-3000, found "-1000")");
  expect_refused("01000-2000",
                 R"(line 1, column 1: expected a range such as 1000-3000, found "01000-2000")");
  expect_refused("ABC000-ABD000",
                 R"(line 1, column 1: expected a range such as 1000-3000, found "ABC000-ABD000")");
}

TEST(AreasOfText, whatever_the_library_writes_is_accepted) {
  for (const char* line : {
           "0-1000",
           "a000-b000",
           "1000-3000 rw-p 1f anonymous identity 6 of a fork child ac",
           "1000-3000 rwxs 1f anonymous policy 1 userfaultfd 2 name 30 ac #33",
           "1000-3000 ---s 1f special ms no mr mw me",
           "1000-3000 rw-p 1f anonymous #33 ac",
           "1000-3000 rw-p 1f anonymous identity",
           "1000-3000 ---p 0 file /lib/my lib.so and so on",
           "fffffffffffff000-ffffffffffffffff r--p 0 anonymous data of (any) kind",
       }) {
    EXPECT_EQ(Areas(line).wrong(), "") << line;
  }
}

TEST(AreaLine, ends_after_its_length_whatever_stands_there) {
  const std::string text = "1000-2000 rw-p 1 anonymous #337";
  EXPECT_FALSE(AreaLine(text.data(), text.size() - 1).check());
}

TEST(AreasOfText, that_was_refused_agrees_with_no_space) {
  const Areas wrong("all areas", nullptr);
  EXPECT_NE(Space{}, wrong);
  Space of_one_area;
  ASSERT_TRUE(of_one_area.mmap({.address = 0x10000,
                                .length = 0x1000,
                                .flags = map::private_ | map::anonymous | map::fixed}));
  EXPECT_NE(of_one_area, wrong) << "of as many lines";
  EXPECT_EQ(Areas("first\nsecond", nullptr).wrong(), Areas("first", nullptr).wrong());
  EXPECT_EQ(std::string(has_areas(Space{}, wrong).message()), wrong.wrong());
  EXPECT_NONFATAL_FAILURE(EXPECT_EQ(Space{}, wrong),
                          "Which is: line 1, column 1: expected a range");
}

/// Hosts with data of their own, of all forms.
template <class Data>
struct Keeping : shims::UserlandOf<Keeping<Data>> {
  using AreaData = Data;
};
struct Bytes {
  std::uint16_t number = 0;
  std::uint8_t letters[2] = {};
};
struct Padded {
  std::uint8_t letter = 0;
  std::uint32_t number = 0;
};
struct Named {
  int number = 0;
  friend void write_text(TextWriter& to, Named named) noexcept {
    to.add("number ").add_signed(named.number);
  }
};
struct Managed {  // Not trivially copyable: googletest prints it.
  int number = 0;
  Managed() = default;
  explicit Managed(int n) : number(n) {}
  Managed(const Managed& other) noexcept : number(other.number) {}
  Managed& operator=(const Managed& other) noexcept {
    number = other.number;
    return *this;
  }
  friend void PrintTo(const Managed& managed, std::ostream* to) {
    *to << '<' << managed.number << '>';
  }
};
enum class Owner : unsigned char { nobody, guest };

/// What is said of a space that differs from another in the data of its second area alone.
template <class Data>
std::string said_of(const Data& data) {
  AddressSpace<Keeping<Data>> spaces[2];
  for (auto& space : spaces) {
    for (const Address at : {0x10000u, 0x20000u, 0x30000u}) {
      EXPECT_TRUE(ok(space.mmap({.address = at,
                                 .length = 0x1000,
                                 .flags = map::private_ | map::anonymous | map::fixed})));
    }
  }
  EXPECT_EQ(spaces[0], Areas::of(spaces[1]));
  *spaces[0].find_mutable(0x20000) = data;
  EXPECT_FALSE(has_areas(spaces[1], Areas::of(spaces[0])));
  EXPECT_EQ(spaces[0], "10000-11000\n20000-21000 ---p 20 anonymous\n30000-31000");
  return std::string(has_areas(spaces[0], Areas::of(spaces[1])).message());
}

/// The same, with these ends of both lines.
std::string differing(const char* expected, const char* found, const char* around = "") {
  const auto line = [](char mark, const char* at, const char* end) {
    return std::string("\n") + mark + ' ' + at + " anonymous" + end;
  };
  return "- expected, + found:" + line(' ', "10000-11000 ---p 10", around) +
         line('-', "20000-21000 ---p 20", expected) + line('+', "20000-21000 ---p 20", found) +
         line(' ', "30000-31000 ---p 30", around);
}

TEST(OwnData, that_alone_differs_is_shown_with_its_area) {
  EXPECT_EQ(said_of(7), differing("", " data 0x7"));
  EXPECT_EQ(said_of(Owner::guest), differing("", " data 0x1"));
  EXPECT_EQ(said_of(Bytes{0x0102, {3, 0xff}}), differing("", " data 02 01 03 ff"));
  EXPECT_EQ(said_of(Named{7}), differing(" data number 0", " data number 7", " data number 0"));
  EXPECT_EQ(said_of(Managed{7}), differing(" data <0>", " data <7>", " data <0>"));
}

TEST(OwnData, has_a_form_by_its_type) {
  EXPECT_EQ(data_form<int>(), DataForm::number);
  EXPECT_EQ(data_form<Owner>(), DataForm::number);
  EXPECT_EQ(data_form<void*>(), DataForm::number);
  EXPECT_EQ(data_form<Bytes>(), DataForm::bytes);
  EXPECT_EQ(data_form<Named>(), DataForm::text);
  EXPECT_EQ(data_form<Managed>(), DataForm::unknown);
}

TEST(OwnData, is_shown_without_its_padding_or_not_at_all) {
  AddressSpace<Keeping<Padded>> space;
  ASSERT_TRUE(ok(space.mmap({.length = 0x1000})));
  const Area<Keeping<Padded>>& area = space.areas().front();
  const bool can_clear = data_form<Padded>() == DataForm::bytes;
  EXPECT_EQ(to_string(area).ends_with(" data ?"), !can_clear);
  Padded& data = *space.find_mutable(area.start);
  std::memset(static_cast<void*>(&data), 0xee, sizeof data);
  data.letter = 1;
  data.number = 0x02030405;
  EXPECT_EQ(to_string(area).ends_with(" data 01 00 00 00 05 04 03 02"), can_clear);
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
