// SPDX-License-Identifier: MIT
//
// A space from the text of smaps or of maps alone: what is taken over, what is guessed and said to
// be, and every kind of error with its line and column.
#include <string>
#include <vector>

#include <fmt/format.h>

#include "support/host_check.hpp"
#include "unit/imported.hpp"

namespace vmarea::test {
namespace {

using shims::Guess;
using shims::ImportReport;
using shims::SpecialMapping;

constexpr const char* rw = "rd wr mr mw me ac";
constexpr const char* ro = "rd mr mw me";

std::string anonymous(Address start, Address end, const char* flags, const char* own = "0",
                      const char* path = "") {
  const std::string_view codes = flags;
  const auto letter = [&](std::string_view code, char shown) {
    return codes.find(code) != std::string_view::npos ? shown : '-';
  };
  return smaps_area(fmt::format("{:08x}-{:08x} {}{}{}p 00000000 00:00 0 {}", start, end,
                                letter("rd", 'r'), letter("wr", 'w'), letter("ex", 'x'), path),
                    flags, own);
}

TEST(SmapsImport, own_smaps_come_back_byte_for_byte) {
  const std::string stat = read_proc("/proc/self/stat");
  const std::string text = read_proc("/proc/self/smaps");
  const Imported<> imported(text, {.stat = stat});
  ASSERT_TRUE(imported.report) << imported.report.text();
  EXPECT_TRUE(imported.report.had_flags);
  EXPECT_FALSE(imported.report.guessed(Guess::flags));
  EXPECT_FALSE(imported.report.guessed(Guess::stack));

  std::string lines;
  std::vector<std::string> flags;
  for (std::string_view rest = text; !rest.empty();) {
    const std::string line = std::string(shims::take_line(rest)) + "\n";
    if (!shims::is_smaps_field(line)) lines += line;
    if (line.starts_with("VmFlags:")) flags.push_back(line);
  }
  std::string ours = imported.maps();
  if (imported.report.had_vsyscall) ours += shims::vsyscall_line;
  EXPECT_EQ(ours, lines);
  std::size_t i = 0;
  for (const auto& area : imported.space.areas()) {
    EXPECT_EQ(shims::smaps_flags(area.flags), flags[i++]) << std::hex << area.start;
  }
  EXPECT_EQ(imported.report.area_count, i);
}

TEST(SmapsImport, own_maps_alone_come_back_byte_for_byte) {
  const std::string text = read_proc("/proc/self/maps");
  const Imported<> imported(text);
  ASSERT_TRUE(imported.report) << imported.report.text();
  EXPECT_FALSE(imported.report.had_flags);
  std::string ours = imported.maps();
  if (imported.report.had_vsyscall) ours += shims::vsyscall_line;
  EXPECT_EQ(ours, text);
}

TEST(SmapsImport, text_without_its_last_newline_is_the_same) {
  std::string text = anonymous(0x1000, 0x2000, rw);
  text.pop_back();
  EXPECT_EQ(Imported<>(text).report.area_count, 1U);
  EXPECT_EQ(Imported<>("00001000-00002000 rw-p 00000000 00:00 0").report.area_count, 1U);
}

TEST(SmapsImport, vsyscall_is_no_area_and_is_said_to_be_there) {
  const std::string area = smaps_area("00001000-00002000 r--p 00000000 00:00 0 ", ro);
  const std::string gate = smaps_area(
      "ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]", "ex");
  const Imported<> with(area + gate);
  ASSERT_TRUE(with.report) << with.report.text();
  EXPECT_EQ(with.space.area_count(), 1U);
  EXPECT_TRUE(with.report.had_vsyscall);
  EXPECT_FALSE(Imported<>(area).report.had_vsyscall);
}

struct BadText {
  const char* name;
  std::string text;
  std::string message;
};

std::string good_line(std::string_view rest) {
  return "00001000-00002000 " + std::string(rest) + "\n";
}

std::vector<BadText> bad_lines() {
  constexpr const char* p = "line 1, column ";
  const auto at = [&](int column, const char* expected, const char* found) {
    return fmt::format("{}{}: expected {}, found {}", p, column, expected, found);
  };
  return {
      {"no text", "", at(1, "the line of an area", "the end of the text")},
      {"empty line", "\n",
       at(1, "the start of a range in hexadecimal digits", "the end of the line")},
      {"no number", "zzz\n", at(1, "the start of a range in hexadecimal digits", "\"zzz\"")},
      {"too large a number", "10000000000000000-2 rw-p\n",
       at(1, "the start of a range in hexadecimal digits", "\"10000000000000000-2\"")},
      {"no dash", "00001000 00002000 rw-p\n",
       at(9, "'-' between the start and the end of a range", "\" 00002000\"")},
      {"no end", "00001000- rw-p\n",
       at(10, "the end of a range in hexadecimal digits", "\" rw-p\"")},
      {"no space", "00001000-00002000\n",
       at(18, "a space behind the range", "the end of the line")},
      {"read", good_line("qw-p 0 0:0 0"), at(19, "'r' or '-'", "\"qw-p\"")},
      {"write", good_line("rr-p 0 0:0 0"), at(20, "'w' or '-'", "\"r-p\"")},
      {"exec", good_line("rwrp 0 0:0 0"), at(21, "'x' or '-'", "\"rp\"")},
      {"shared", good_line("rw-- 0 0:0 0"), at(22, "'s' or 'p'", "\"-\"")},
      {"behind letters", good_line("rw-pp 0 0:0 0"),
       at(23, "a space behind the permissions", "\"p\"")},
      {"offset", good_line("rw-p x 0:0 0"), at(24, "an offset in hexadecimal digits", "\"x\"")},
      {"behind offset", good_line("rw-p 0"),
       at(25, "a space behind the offset", "the end of the line")},
      {"major", good_line("rw-p 0 :0 0"), at(26, "a device as two numbers", "\":0\"")},
      {"colon", good_line("rw-p 0 00 0"), at(28, "':' between the numbers of a device", "\" 0\"")},
      {"minor", good_line("rw-p 0 00:- 0"), at(29, "the second number of a device", "\"-\"")},
      {"behind device", good_line("rw-p 0 00:00"),
       at(31, "a space behind the device", "the end of the line")},
      {"inode", good_line("rw-p 0 00:00 f"), at(32, "an inode in decimal digits", "\"f\"")},
      {"behind inode", good_line("rw-p 0 00:00 0x"), at(33, "a space behind the inode", "\"x\"")},
      {"unaligned start", "00001001-00002000 rw-p 0 0:0 0\n",
       at(1, "the start of a page", "\"00001001-00002000\"")},
      {"unaligned end", "00001000-00002001 rw-p 0 0:0 0\n",
       at(10, "the end of a page", "\"00002001\"")},
      {"empty", "00001000-00001000 rw-p 0 0:0 0\n",
       at(10, "an end above the start", "\"00001000\"")},
      {"beyond the limit", "00001000-800000000000 rw-p 0 0:0 0\n",
       at(10, "an address below the limit of the space", "\"800000000000\"")},
      {"unaligned offset", good_line("rw-p 00000800 0:0 0"),
       at(24, "an offset in whole pages", "\"00000800\"")},
  };
}

std::vector<BadText> bad_texts() {
  const std::string area = anonymous(0x1000, 0x2000, rw);
  const std::string line = "00002000-00003000 rw-p 00000000 00:00 0 \n";
  return {
      {"overlap", line + "00002000-00004000 rw-p 00000000 00:00 0 \n",
       "line 2, column 1: expected an address at or above the area before, found "
       "\"00002000-00004000\""},
      {"field without an area", "Rss:   4 kB\n",
       "line 1, column 1: expected the line of an area above its fields, found \"Rss:\""},
      {"no number in a field", line + "Anonymous:  x kB\n",
       "line 2, column 13: expected a number in decimal digits, found \"x\""},
      {"no unit in a field", line + "Anonymous:  4 MB\n",
       "line 2, column 14: expected \" kB\" behind the number, found \" MB\""},
      {"no key", line + "ProtectionKey:  \n",
       "line 2, column 17: expected a number in decimal digits, found the end of the line"},
      {"one letter", line + "VmFlags: rd w mr\n",
       "line 2, column 13: expected flags of two letters each, found \"w\""},
      {"one letter before blanks", line + "VmFlags: rd w  mr\n",
       "line 2, column 13: expected flags of two letters each, found \"w\""},
      {"three letters", line + "VmFlags: rdw wr mr\n",
       "line 2, column 10: expected flags of two letters each, found \"rdw\""},
      {"flags against permissions", line + "VmFlags: rd mr mw me \n",
       "line 2, column 1: expected flags that agree with the area's permissions, found "
       "\"VmFlags:\""},
      {"no flags before the next area", line + "Anonymous:  4 kB\n" + area,
       "line 3, column 1: expected the VmFlags of the area above, found \"00001000-00002000\""},
      {"torn off", area + line,
       "line 7, column 1: expected the VmFlags of the area above, found the end of the text"},
      {"fields from the second area on", line + "00003000-00004000 rw-p 0 0:0 0\nRss: 4 kB\n",
       "line 3, column 1: expected the line of an area, found \"Rss:\""},
      {"what cannot be",
       smaps_area("00001000-00002000 rw-p 00000000 00:00 0 ", "rd wr mr mw me lo io"),
       "line 1, column 1: expected an area that is possible, and not a special area is locked, "
       "found \"00001000-00002000 rw-p 00000000 00:00 0\""},
  };
}

void expect_refused(const std::vector<BadText>& texts) {
  for (const BadText& bad : texts) {
    SCOPED_TRACE(bad.name);
    const Imported<> imported(bad.text);
    ASSERT_FALSE(imported.report);
    EXPECT_EQ(imported.report.error->message(), bad.message);
    EXPECT_EQ(imported.report.text(), bad.message + "\n");
    EXPECT_EQ(imported.space.area_count(), 0U);
    EXPECT_TRUE(imported.report.guesses.empty());
  }
}

TEST(SmapsImport, bad_line_is_refused_with_its_column) {
  expect_refused(bad_lines());
}

TEST(SmapsImport, bad_text_is_refused_with_its_line) {
  expect_refused(bad_texts());
}

TEST(SmapsImport, full_space_is_refused_and_stays) {
  Imported<> imported(anonymous(0x1000, 0x2000, rw));
  const ImportReport again = shims::import_smaps("", imported.space, imported.files);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error->message(), "expected an empty space, found areas");
  EXPECT_EQ(imported.space.area_count(), 1U);
}

/// Refuses charges from a number of pages on.
struct Poor : shims::UserlandOf<Poor> {
  static Result<void> charge(PageCount pages) noexcept {
    return pages < 16 ? success : Result<void>(Error::no_memory);
  }
};

TEST(SmapsImport, refusal_of_the_host_names_the_area_and_leaves_an_empty_space) {
  const Imported<Poor> imported(anonymous(0x1000, 0x2000, rw) + anonymous(0x10000, 0x20000, rw));
  ASSERT_FALSE(imported.report);
  EXPECT_EQ(imported.report.error->message(),
            "line 6, column 1: expected memory and charge for an area, found "
            "\"00010000-00020000 rw-p 00000000 00:00 0\"");
  EXPECT_EQ(imported.space.area_count(), 0U);
}

/// Calls a charge that it refuses an invalid argument.
struct Confusing : shims::UserlandOf<Confusing> {
  static Result<void> charge(PageCount) noexcept { return Error::invalid; }
};

TEST(SmapsImport, area_that_is_possible_is_not_blamed_for_what_its_host_says) {
  const Imported<Confusing> imported(anonymous(0x1000, 0x2000, rw));
  ASSERT_FALSE(imported.report);
  EXPECT_EQ(imported.report.error->message(),
            "line 1, column 1: expected memory and charge for an area, found "
            "\"00001000-00002000 rw-p 00000000 00:00 0\"");
}

/// Keeps no attributes.
struct Forgetful : shims::UserlandOf<Forgetful> {
  static const Attributes* intern_attributes(const Attributes&) noexcept { return nullptr; }
};

TEST(SmapsImport, names_and_watches_are_kept_or_said_to_be_lost) {
  const std::string text = anonymous(0x1000, 0x2000, "rd wr mr mw me um ac", "0", "[anon:pool]");
  const Imported<> kept(text);
  ASSERT_TRUE(kept.report) << kept.report.text();
  EXPECT_TRUE(kept.report.guessed(Guess::userfault));
  EXPECT_EQ(kept.files.memory_name(kept.at(0x1000).attributes->name), "pool");
  EXPECT_EQ(kept.at(0x1000).attributes->userfault_context, 1U);
  EXPECT_EQ(kept.maps(),
            "00001000-00002000 rw-p 00000000 00:00 0                                  "
            "[anon:pool]\n");

  const Imported<Forgetful> lost(text);
  ASSERT_TRUE(lost.report) << lost.report.text();
  EXPECT_TRUE(lost.report.guessed(Guess::attributes));
  EXPECT_EQ(lost.at(0x1000).attributes, nullptr);
  EXPECT_FALSE(lost.at(0x1000).flags.has_any(flag::userfault));
}

TEST(SmapsImport, what_was_touched_has_an_identity_and_pieces_of_one_area_share_it) {
  const Imported<> i(join({anonymous(0x1000, 0x2000, rw, "4"), anonymous(0x2000, 0x3000, ro, "4"),
                           anonymous(0x3000, 0x4000, rw, "4"), anonymous(0x5000, 0x6000, rw, "4"),
                           anonymous(0x7000, 0x8000, rw, "0")}));
  EXPECT_TRUE(i.identity(0x1000));
  EXPECT_NE(i.identity(0x1000), i.identity(0x2000)) << "they differ in ac, too";
  EXPECT_NE(i.identity(0x1000), i.identity(0x5000));
  EXPECT_FALSE(i.identity(0x7000));
  EXPECT_TRUE(i.report.guessed(Guess::identities));
  EXPECT_TRUE(i.report.guessed(Guess::fork_children));

  const Imported<> shared(
      join({anonymous(0x1000, 0x2000, rw, "4"), anonymous(0x2000, 0x3000, "rd mr mw me ac", "4"),
            anonymous(0x3000, 0x4000, rw, "4")}));
  EXPECT_EQ(shared.identity(0x1000), shared.identity(0x2000));
  EXPECT_EQ(shared.identity(0x1000), shared.identity(0x3000));
}

TEST(SmapsImport, memory_of_a_parent_has_an_identity_of_a_child_for_each_area) {
  const Imported<> i(
      join({anonymous(0x1000, 0x2000, rw, "4"), anonymous(0x2000, 0x3000, "rd mr mw me ac", "4"),
            anonymous(0x3000, 0x4000, rw, "0")}),
      {.origin = shims::MemoryOrigin::parent});
  EXPECT_TRUE(i.identity(0x1000).fork_child());
  EXPECT_TRUE(i.identity(0x2000).fork_child());
  EXPECT_NE(i.identity(0x1000), i.identity(0x2000));
  EXPECT_FALSE(i.identity(0x3000));
  EXPECT_FALSE(i.report.guessed(Guess::identities));
  EXPECT_FALSE(i.report.guessed(Guess::fork_children));
}

TEST(SmapsImport, equal_touched_neighbours_are_kept_apart_by_their_identities) {
  Imported<> i(anonymous(0x1000, 0x2000, rw, "4") + anonymous(0x2000, 0x3000, rw, "4"));
  EXPECT_NE(i.identity(0x1000), i.identity(0x2000));
  EXPECT_FALSE(i.report.guessed(Guess::boundary));
  EXPECT_EQ(explain_boundary(i.space.state(), 0x2000).verdict, JoinVerdict::identity);
}

TEST(SmapsImport, swapped_out_memory_was_touched_and_shared_memory_has_no_identity) {
  const std::string swapped =
      "00001000-00002000 rw-p 00000000 00:00 0 \nAnonymous: 0 kB\nSwap: 4 kB\n"
      "VmFlags: rd wr mr mw me ac \n";
  const std::string shared =
      smaps_area("00003000-00004000 rw-s 00000000 00:01 9    /dev/zero (deleted)",
                 "rd wr sh mr mw me ms", "4");
  const Imported<> i(swapped + shared);
  ASSERT_TRUE(i.report) << i.report.text();
  EXPECT_TRUE(i.identity(0x1000));
  EXPECT_FALSE(i.identity(0x3000));
}

TEST(SmapsImport, neighbours_that_nothing_keeps_apart_are_named) {
  const Imported<> i(anonymous(0x1000, 0x2000, rw, "4") + anonymous(0x2000, 0x3000, rw, "0"));
  ASSERT_TRUE(i.report);
  EXPECT_TRUE(i.report.guessed(Guess::boundary));
  EXPECT_NE(i.report.text().find("00002000-00003000: guessed: that the next change here may join "
                                 "this area to the one below\n"),
            std::string::npos);
  const Imported<> upper(anonymous(0x1000, 0x2000, rw, "0") + anonymous(0x2000, 0x3000, rw, "4"));
  EXPECT_TRUE(upper.report.guessed(Guess::boundary)) << "the upper one is touched";
}

TEST(SmapsImport, mappings_of_a_file_share_it_unless_that_would_make_them_one) {
  const auto mapping = [](const char* range, const char* offset) {
    return smaps_area(fmt::format("{} r--p {} 08:01 7  /lib/x", range, offset), ro);
  };
  const Imported<> i(
      join({mapping("00001000-00002000", "00000000"), mapping("00003000-00004000", "00005000"),
            mapping("00004000-00005000", "00006000")}));
  ASSERT_TRUE(i.report) << i.report.text();
  EXPECT_EQ(i.at(0x1000).file, i.at(0x3000).file);
  EXPECT_NE(i.at(0x3000).file, i.at(0x4000).file);
  EXPECT_TRUE(i.report.guessed(Guess::open_files));
  EXPECT_EQ(i.at(0x3000).page_offset, 5U);
  EXPECT_FALSE(i.at(0x3000).anonymous());
  EXPECT_FALSE(i.report.guessed(Guess::drivers));
}

TEST(SmapsImport, what_a_driver_made_is_said_to_be_without_its_driver) {
  const Imported<> i(smaps_area("00001000-00002000 rw-s 00000000 00:0e 12  anon_inode:[io_uring]",
                                "rd wr sh mr mw me ms de mm"));
  ASSERT_TRUE(i.report) << i.report.text();
  EXPECT_TRUE(i.report.guessed(Guess::drivers));
  EXPECT_NE(i.at(0x1000).file, nullptr);
}

TEST(SmapsImport, private_zero_device_is_anonymous_memory_with_a_file) {
  const Imported<> i(smaps_area("00001000-00002000 rw-p 00000000 00:06 4  /dev/zero", rw, "4"));
  EXPECT_TRUE(i.at(0x1000).anonymous());
  EXPECT_NE(i.at(0x1000).file, nullptr);
}

TEST(SmapsImport, key_keeps_executable_memory_from_being_read) {
  const auto keyed = [](const char* line, const char* flags, const char* key) {
    return fmt::format("{} 00000000 00:00 0 \nProtectionKey:         {}\nVmFlags: {}\n", line, key,
                       flags);
  };
  const Imported<> i(join({keyed("00001000-00002000 --xp", "ex mr mw me", "1"),
                           keyed("00003000-00004000 --xp", "ex mr mw me", "0"),
                           keyed("00005000-00006000 r-xp", "rd ex mr mw me", "1")}));
  ASSERT_TRUE(i.report) << i.report.text();
  EXPECT_TRUE(i.at(0x1000).flags.has_any(flag::execute_only));
  EXPECT_FALSE(i.at(0x3000).flags.has_any(flag::execute_only));
  EXPECT_FALSE(i.at(0x5000).flags.has_any(flag::execute_only));
}

TEST(SmapsImport, flags_of_a_later_kernel_are_left_out_and_named) {
  const Imported<> i(anonymous(0x1000, 0x2000, "rd mr mw me zz ??"));
  ASSERT_TRUE(i.report) << i.report.text();
  EXPECT_TRUE(i.report.guessed(Guess::unknown_flags));
  EXPECT_EQ(shims::smaps_flags(i.at(0x1000).flags), "VmFlags: rd mr mw me \n");
}

TEST(SmapsImport, maps_alone_gets_the_likeliest_flags_and_says_so) {
  const Imported<> i(
      "00001000-00002000 rw-p 00000000 00:00 0 \n"
      "00003000-00004000 r--p 00000000 00:00 0 \n"
      "00005000-00006000 r--s 00000000 08:01 7                                  /etc/x\n"
      "00007000-00008000 rw-s 00000000 08:01 8                                  /etc/y\n"
      "00009000-0000a000 r--s 00000000 00:01 9                                  /memfd:z "
      "(deleted)\n"
      "0000b000-0000c000 r-xp 00000000 00:00 0                                  [vdso]\n"
      "0000d000-0000e000 rw-p 00000000 00:00 0                                  [stack]\n");
  ASSERT_TRUE(i.report) << i.report.text();
  const auto flags = [&](Address at) { return shims::flag_letters(i.at(at).flags); };
  EXPECT_EQ(flags(0x1000), "rd wr mr mw me ac");
  EXPECT_EQ(flags(0x3000), "rd mr mw me");
  EXPECT_EQ(flags(0x5000), "rd mr me ms");
  EXPECT_EQ(flags(0x7000), "rd wr sh mr mw me ms");
  EXPECT_EQ(flags(0x9000), "rd sh mr mw me ms");
  EXPECT_EQ(flags(0xb000), "rd ex mr mw me de");
  EXPECT_EQ(flags(0xd000), "rd wr mr mw me gd ac");
  EXPECT_TRUE(i.identity(0x1000));
  EXPECT_FALSE(i.identity(0x3000));
  for (const Guess guess : {Guess::flags, Guess::account, Guess::touched}) {
    EXPECT_TRUE(i.report.guessed(guess)) << describe(guess);
  }
}

TEST(SmapsImport, layout_is_told_by_stat_and_by_names) {
  const std::string text = join(
      {smaps_area("00400000-00401000 r-xp 00000000 08:01 7  /bin/x", "rd ex mr mw me"),
       anonymous(0x500000, 0x520000, rw, "4", "[heap]"),
       smaps_area("7f0000000000-7f0000002000 r-xp 00000000 00:00 0  [vdso]", "rd ex mr mw me de"),
       smaps_area("7f0000002000-7f0000003000 r--p 00000000 08:01 9  /lib/ld.so", ro),
       smaps_area("7f0000005000-7f0000006000 r--p 00000000 08:01 10  /lib/above", ro),
       anonymous(0x7ffd'0000'0000, 0x7ffd'0002'0000, "rd wr mr mw me gd ac", "4", "[stack]")});
  std::string stat = "12 (a) b) c) R 1";
  for (int field = 5; field <= 50; ++field) stat += fmt::format(" {}", field * 0x1000);
  const Imported<> told(text, {.stat = stat});
  EXPECT_EQ(told.space.layout().start_stack, 28U * 0x1000);
  EXPECT_EQ(told.space.layout().start_data, 45U * 0x1000);
  EXPECT_EQ(told.space.layout().end_data, 46U * 0x1000);
  EXPECT_EQ(told.space.layout().start_brk, 47U * 0x1000);
  EXPECT_EQ(told.space.layout().brk, 0x520000U);
  EXPECT_EQ(told.space.layout().mmap_base, 0x7f00'0000'3000U);
  EXPECT_FALSE(told.report.guessed(Guess::start_of_break));
  EXPECT_TRUE(told.report.guessed(Guess::program_break));
  EXPECT_TRUE(told.report.guessed(Guess::mmap_base));
  EXPECT_TRUE(told.report.guessed(Guess::policies));
  EXPECT_TRUE(told.report.guessed(Guess::modes));

  const Imported<> guessed(text);
  EXPECT_EQ(guessed.space.layout().start_brk, 0x500000U);
  EXPECT_EQ(guessed.space.layout().start_stack, 0x7ffd'0001'ffffU);
  for (const Guess guess : {Guess::start_of_break, Guess::data_segment, Guess::stack}) {
    EXPECT_TRUE(guessed.report.guessed(guess)) << describe(guess);
  }
  EXPECT_EQ(guessed.at(0x7ffd'0000'0000).page_offset, (0x7fff'ffff'f000U - 0x20000U) >> 12);

  const SpaceLayout given{.mmap_base = 0x1000'0000, .start_brk = 0x10000, .brk = 0x11000};
  const Imported<> by_caller(text, {.layout = given});
  EXPECT_EQ(by_caller.space.layout().mmap_base, 0x1000'0000U);
  EXPECT_FALSE(by_caller.report.guessed(Guess::mmap_base));
}

TEST(SmapsImport, layout_that_does_not_fit_is_refused) {
  const Imported<> i(anonymous(0x1000, 0x2000, rw), {.layout = SpaceLayout{.mmap_base = 1}});
  ASSERT_FALSE(i.report);
  EXPECT_EQ(i.report.error->message(),
            "expected a layout that fits, found mmap_base is not a multiple of a page");
  EXPECT_EQ(i.report.error->line, 0U) << "no place in the text";
  EXPECT_EQ(i.report.error->column, 0U);
  EXPECT_EQ(i.space.area_count(), 0U);
  EXPECT_TRUE(i.report.guesses.empty());
}

TEST(SmapsImport, heap_that_is_not_there_yet_begins_behind_the_program) {
  const Imported<> i(
      "00400000-00401000 r-xp 00000000 08:01 7                                  /bin/x\n"
      "00401000-00403000 rw-p 00000000 00:00 0 \n");
  EXPECT_EQ(i.space.layout().start_brk, 0x403000U);
  EXPECT_EQ(i.space.layout().brk, 0x403000U);
}

TEST(SmapsImport, heap_that_was_cut_reaches_to_the_end_of_its_last_piece) {
  const Imported<> i(
      "00500000-00501000 rw-p 00000000 00:00 0                                  [heap]\n"
      "00501000-00502000 r--p 00000000 00:00 0                                  [heap]\n"
      "00502000-00510000 rw-p 00000000 00:00 0                                  [heap]\n");
  EXPECT_EQ(i.space.layout().start_brk, 0x500000U);
  EXPECT_EQ(i.space.layout().brk, 0x510000U);
}

TEST(SmapsImport, break_of_a_program_without_a_heap_is_where_stat_says_that_it_starts) {
  std::string stat = "12 (a) R 1";
  for (int field = 5; field <= 50; ++field) stat += fmt::format(" {}", field * 0x1000);
  const Imported<> i(anonymous(0x1000, 0x2000, rw), {.stat = stat});
  ASSERT_TRUE(i.report) << i.report.text();
  EXPECT_EQ(i.space.layout().brk, 47U * 0x1000);
  EXPECT_FALSE(i.report.guessed(Guess::program_break));
}

TEST(SmapsImport, vdso_above_the_stack_or_below_all_mappings_tells_no_base) {
  const auto base = [](const std::string& text) {
    const Imported<> i(text);
    EXPECT_TRUE(i.report) << i.report.text();
    return i.space.layout().mmap_base;
  };
  const std::string vdso_flags = "rd ex mr mw me de";
  const std::string stack =
      anonymous(0x7000'0000, 0x7000'2000, "rd wr mr mw me gd ac", "4", "[stack]");
  const std::string high =
      smaps_area("70005000-70006000 r-xp 00000000 00:00 0  [vdso]", vdso_flags);
  const std::string low = smaps_area("00001000-00002000 r-xp 00000000 00:00 0  [vdso]", vdso_flags);
  EXPECT_EQ(base(high), 0x7000'6000U);
  EXPECT_EQ(base(stack + high), SpaceLayout{}.mmap_base);
  EXPECT_EQ(base(low), SpaceLayout{}.mmap_base);
}

TEST(SmapsImport, private_area_with_a_path_has_a_file_whatever_its_device) {
  const Imported<> i(
      "00001000-00002000 r--p 00000000 00:00 0                                  /x\n"
      "00003000-00004000 r--p 00000000 00:00 0                                  x\n");
  ASSERT_TRUE(i.report) << i.report.text();
  EXPECT_NE(i.at(0x1000).file, nullptr);
  EXPECT_EQ(i.at(0x3000).file, nullptr);
}

TEST(GiveIdentity, is_for_the_start_of_an_area) {
  AddressSpace<shims::CheckedUserland> space;
  const auto map_at = [&](Address at) {
    return space.mmap({.address = at,
                       .length = 0x2000,
                       .protection = prot::read,
                       .flags = map::private_ | map::anonymous | map::fixed});
  };
  ASSERT_TRUE(map_at(0));
  ASSERT_TRUE(map_at(0x5000));
  using shims::give_identity;
  using shims::IdentityFrom;
  for (const Address wrong : {Address{0x1000}, Address{0x3000}, Address{0x6000}, Address{0x9000}}) {
    EXPECT_EQ(give_identity(space, wrong, IdentityFrom::none), Error::bad_address) << wrong;
  }
  EXPECT_FALSE(space.find(0)->identity);
  EXPECT_TRUE(give_identity(space, 0, IdentityFrom::area_below)) << "there is none below";
  EXPECT_TRUE(space.find(0)->identity);
  EXPECT_TRUE(give_identity(space, 0x5000, IdentityFrom::area_below));
  EXPECT_NE(space.find(0x5000)->identity, space.find(0)->identity) << "which ends elsewhere";
  EXPECT_FALSE(check(space));
}

TEST(SmapsImport, stat_that_is_none_tells_nothing) {
  std::string numbers = "1";
  for (int field = 2; field <= 60; ++field) numbers += fmt::format(" {}", field);
  for (const std::string& text : {std::string(), std::string("no parenthesis"), numbers,
                                  std::string("1 (x)"), std::string("1 (x) R")}) {
    EXPECT_EQ(shims::read_proc_stat(text).start_brk, 0U) << text;
  }
}

TEST(SmapsImport, run_reaches_to_the_holes_on_both_sides) {
  std::vector<shims::ProcArea> areas(6);
  const Range ranges[] = {{0x1000, 0x2000}, {0x3000, 0x4000}, {0x4000, 0x6000},
                          {0x6000, 0x7000}, {0x7000, 0x8000}, {0x9000, 0xa000}};
  for (std::size_t i = 0; i < 6; ++i) areas[i].line.range = ranges[i];
  for (std::size_t i = 1; i < 5; ++i) {
    EXPECT_EQ(shims::find_run(areas, i), (Range{0x3000, 0x8000})) << i;
  }
  EXPECT_EQ(shims::find_run(areas, 0), ranges[0]);
  EXPECT_EQ(shims::find_run(areas, 5), ranges[5]);
}

TEST(SmapsImport, field_begins_with_a_capital_letter_and_has_a_colon) {
  for (const char* field : {"Anonymous:  4 kB", "Zeroed: 4 kB", "VmFlags: rd", "Rss:"}) {
    EXPECT_TRUE(shims::is_smaps_field(field)) << field;
  }
  for (const char* other : {"", "Rss 4 kB", "Rss 4: kB", "rss: 4 kB", "[Rss: 4 kB", "@Rss: 4",
                            "00001000-00002000 rw-p 00000000 00:00 0"}) {
    EXPECT_FALSE(shims::is_smaps_field(other)) << other;
  }
}

TEST(SmapsImport, report_is_one_line_a_guess_and_neighbours_are_one) {
  ImportReport report;
  report.add(Guess::touched, {0x1000, 0x2000});
  report.add(Guess::account, {0x1000, 0x2000});
  report.add(Guess::touched, {0x2000, 0x3000});
  report.add(Guess::modes);
  report.add(Guess::modes);
  EXPECT_EQ(report.text(),
            "00001000-00003000: guessed: what has been written to\n"
            "00001000-00002000: guessed: what is charged\n"
            "guessed: that prctl, personality and mlockall changed nothing for later calls\n");
}

TEST(SmapsImport, report_names_each_boundary) {
  ImportReport report;
  report.add(Guess::boundary, {0x1000, 0x2000});
  report.add(Guess::boundary, {0x2000, 0x3000});
  ASSERT_EQ(report.guesses.size(), 2U);
  EXPECT_EQ(report.guesses[1].where, (Range{0x2000, 0x3000}));
}

TEST(SmapsImport, every_guess_has_words) {
  for (int i = 0; i <= static_cast<int>(Guess::modes); ++i) {
    EXPECT_STRNE(describe(static_cast<Guess>(i)), "unknown") << i;
  }
  EXPECT_STREQ(describe(static_cast<Guess>(static_cast<int>(Guess::modes) + 1)), "unknown");
}

TEST(SmapsImport, later_calls_merge_what_the_text_says_was_one) {
  Imported<> i(join({anonymous(0x10000, 0x14000, rw, "16"),
                     anonymous(0x14000, 0x18000, "rd mr mw me ac", "16"),
                     anonymous(0x18000, 0x1c000, rw, "16")}));
  ASSERT_TRUE(i.space.mprotect(0x14000, 0x4000, prot::read | prot::write));
  EXPECT_EQ(i.maps(), "00010000-0001c000 rw-p 00000000 00:00 0 \n");
  ASSERT_TRUE(i.space.munmap(0x12000, 0x1000));
  EXPECT_EQ(i.maps(),
            "00010000-00012000 rw-p 00000000 00:00 0 \n"
            "00013000-0001c000 rw-p 00000000 00:00 0 \n");
}

/// Files and names of a host with handles of its own.
struct TestSource {
  TestState& host;
  TestFile* open(const shims::MapsLine&) const { return host.make_file(); }
  static MemoryName name(std::string_view) { return 1; }
  static UserfaultContext userfault_context() { return 1; }
};

TEST(SmapsImport, host_with_a_reverse_map_gets_its_links) {
  const std::string text = join({anonymous(0x10000, 0x14000, rw, "16", "[anon:pool]"),
                                 anonymous(0x14000, 0x18000, "rd mr mw me ac", "16", "[anon:pool]"),
                                 anonymous(0x18000, 0x1c000, "rd mr mw me ac", "16"),
                                 smaps_area("00020000-00021000 rw-p 00000000 08:01 7  /x", rw, "4"),
                                 smaps_area("00030000-00031000 r--p 00000000 08:01 7  /x", ro)});
  for (const auto origin : {shims::MemoryOrigin::own_program, shims::MemoryOrigin::parent}) {
    TestState host;
    {
      TestSource source{host};
      AddressSpace<TestServices> space{TestServices(host)};
      const ImportReport report = shims::import_smaps(text, space, source, {.origin = origin});
      ASSERT_TRUE(report) << report.text();
      EXPECT_TRUE(report.guessed(Guess::fork_children));
      const bool shared = find_area(space.state(), 0x10000)->identity ==
                          find_area(space.state(), 0x14000)->identity;
      EXPECT_EQ(shared, origin == shims::MemoryOrigin::own_program);
      EXPECT_EQ(what_is_wrong_in_reverse_map({&space.state()}), "");
      EXPECT_FALSE(check(space.state()));
      EXPECT_EQ(host.charged, space.state().charged);
      ASSERT_TRUE(space.mprotect(0x10000, 0xc000, prot::read | prot::write));
      EXPECT_EQ(what_is_wrong_in_reverse_map({&space.state()}), "");
    }
    host.expect_balanced();
  }
}

TEST(SmapsImport, memory_that_runs_out_at_any_point_leaves_an_empty_space) {
  const std::string text = join(
      {anonymous(0x10000, 0x14000, rw, "16"), anonymous(0x14000, 0x18000, "rd mr mw me ac", "16")});
  std::uint64_t refused = 0;
  for (std::uint64_t n = 1;; ++n) {
    TestState host;
    {
      TestSource source{host};
      AddressSpace<TestServices> space{TestServices(host)};
      host.faults.fail(n);
      const ImportReport report = shims::import_smaps(text, space, source);
      if (host.faults.failures == 0) break;
      ++refused;
      ASSERT_FALSE(report) << n;
      EXPECT_NE(report.error->message().find("memory and charge for an area"), std::string::npos);
      EXPECT_EQ(space.area_count(), 0U);
    }
    host.expect_balanced();
  }
  EXPECT_GT(refused, 2U);
}

TEST(SmapsImport, later_calls_cannot_cut_the_vdso_but_may_unmap_it) {
  Imported<> i(smaps_area("00001000-00003000 r-xp 00000000 00:00 0  [vdso]", "rd ex mr mw me de"));
  EXPECT_EQ(i.space.munmap(0x1000, 0x1000).error(), Error::invalid);
  EXPECT_TRUE(i.space.munmap(0x1000, 0x2000));
}

}  // namespace
}  // namespace vmarea::test
