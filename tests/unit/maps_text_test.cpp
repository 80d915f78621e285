// SPDX-License-Identifier: MIT
//
// What is written as /proc/PID/maps and smaps would: the columns, the names and where they come
// from, the flags (rules 33).
#include <fmt/format.h>
#include <vmarea_shims/segments.hpp>

#include "unit/imported.hpp"

namespace vmarea::test {
namespace {

using shims::MapsLine;

std::string line_of(const MapsLine& line) {
  std::string text;
  shims::append_maps_line(text, line);
  return text;
}

TEST(MapsText, numbers_have_their_least_widths_and_a_line_without_path_ends_with_a_space) {
  EXPECT_EQ(line_of({.range = {0x1000, 0x2000}}), "00001000-00002000 ---p 00000000 00:00 0 \n");
  EXPECT_EQ(line_of({.range = {0x7f29'94b1'f000, 0x7f29'94b4'1000},
                     .letters = flag::read | flag::write | flag::exec | flag::shared,
                     .offset_bytes = 0x1'2345'6000,
                     .device = {0xfe, 0x123},
                     .inode = 4294967296}),
            "7f2994b1f000-7f2994b41000 rwxs 123456000 fe:123 4294967296 \n");
}

TEST(MapsText, path_begins_at_a_column_or_behind_two_spaces) {
  const std::string usual = line_of({.range = {0x1000, 0x2000}, .path = "[heap]"});
  EXPECT_EQ(usual.find("[heap]"), 73U);
  const MapsLine wide{.range = {0xffff'8000'0000'0000, 0xffff'8000'0000'1000},
                      .offset_bytes = 0xffff'ffff'ffff'f000,
                      .device = {0xfff, 0xfffff},
                      .inode = 18446744073709551615U,
                      .path = "/x"};
  EXPECT_EQ(line_of(wide),
            "ffff800000000000-ffff800000001000 ---p fffffffffffff000 fff:fffff "
            "18446744073709551615  /x\n");
  // As Linux 6.18 showed a file of an overlay with inode numbers of 64 bits.
  MapsLine long_line{.range = {0x7f82'f213'e000, 0x7f82'f213'f000},
                     .letters = flag::read,
                     .offset_bytes = 0x10'0000'0000'0000,
                     .device = {0, 0x29},
                     .inode = 9223372036854775810U,
                     .path = "/m/file"};
  EXPECT_EQ(line_of(long_line),
            "7f82f213e000-7f82f213f000 r--p 10000000000000 00:29 9223372036854775810  /m/file\n");
  long_line.offset_bytes = 0x100'0000'0000'0000;
  EXPECT_EQ(line_of(long_line),
            "7f82f213e000-7f82f213f000 r--p 100000000000000 00:29 9223372036854775810  "
            "/m/file\n");
  long_line.offset_bytes = 0x1'0000'0000'0000;
  EXPECT_EQ(line_of(long_line),
            "7f82f213e000-7f82f213f000 r--p 1000000000000 00:29 9223372036854775810   "
            "/m/file\n");
}

TEST(MapsText, newline_in_a_path_is_the_only_character_that_is_written_otherwise) {
  const std::string text = line_of({.range = {0x1000, 0x2000}, .path = "/a\nb\\c\td e (deleted)"});
  EXPECT_EQ(text.substr(73), "/a\\012b\\c\td e (deleted)\n");
  EXPECT_EQ(shims::unescape_path("/a\\012b\\c\\01"), "/a\nb\\c\\01");
}

TEST(MapsText, flags_have_the_letters_of_smaps_in_the_order_of_their_bits) {
  EXPECT_EQ(shims::smaps_flags({}), "VmFlags: \n");
  EXPECT_EQ(shims::smaps_flags(flag::account | flag::may_access | flag::write | flag::read),
            "VmFlags: rd wr mr mw me ac \n");
  EXPECT_EQ(shims::smaps_flags(flag::sealed | flag::exec | flag::execute_only),
            "VmFlags: ex sl \n");
}

/// A space with a break, a stack and room for areas with all kinds of names.
struct Named {
  using Host = shims::CheckedUserland;

  explicit Named(const SpaceLayout& layout = {.start_brk = 0x10000,
                                              .brk = 0x11800,
                                              .start_stack = 0x21ff0})
      : space({}, layout) {}

  Description<Host> area(Address start, Address end) {
    return {.start = start,
            .end = end,
            .page_offset = start >> 12,
            .flags = flag::read | flag::may_access};
  }
  void put(const Description<Host>& area) { ASSERT_TRUE(space.insert(area)); }
  std::string path_at(Address at) {
    const Area<Host>* found = space.find(at);
    if (found == nullptr) return "nothing";
    std::string path = end_of_line(*found);
    path.pop_back();
    return path;
  }
  /// From the column of paths on.
  std::string end_of_line(const Description<Host>& area) {
    std::string text;
    shims::append_area<Host>(text, space, area, files);
    return text.size() > 73 ? text.substr(73) : "\n";
  }

  shims::ShownFiles<Host> files;
  AddressSpace<Host> space;
};

TEST(MapsText, heap_is_all_anonymous_memory_that_overlaps_the_break) {
  Named n;
  n.put(n.area(0xf000, 0x10000));
  n.put(n.area(0x10000, 0x11000));
  n.put(n.area(0x11000, 0x13000));
  n.put(n.area(0x13000, 0x14000));
  EXPECT_EQ(n.path_at(0xf000), "");
  EXPECT_EQ(n.path_at(0x10000), "[heap]");
  EXPECT_EQ(n.path_at(0x11000), "[heap]");
  EXPECT_EQ(n.path_at(0x13000), "");
}

TEST(MapsText, stack_is_the_piece_with_the_first_stack_pointer) {
  Named n;
  n.put(n.area(0x20000, 0x21000));
  n.put(n.area(0x21000, 0x22000));
  EXPECT_EQ(n.path_at(0x20000), "");
  EXPECT_EQ(n.path_at(0x21000), "[stack]");
}

TEST(MapsText, no_layout_names_memory_at_address_zero) {
  Named n(SpaceLayout{});
  n.put(n.area(0, 0x1000));
  EXPECT_EQ(n.path_at(0), "");
}

TEST(MapsText, file_wins_over_heap_and_stack_and_shows_its_offset) {
  Named n;
  MapsLine line{.device = {8, 1}, .inode = 7, .path = "/lib\\012x"};
  auto file = n.area(0x10000, 0x11000);
  file.file = n.files.open(line);
  file.hooks = &no_hooks<Named::Host>;
  file.page_offset = 3;
  n.put(file);
  EXPECT_EQ(
      shims::maps_text(n.space, n.files),
      "00010000-00011000 r--p 00003000 08:01 7                                  /lib\\012x\n");
  EXPECT_EQ(shims::maps_text(n.space), "00010000-00011000 r--p 00003000 00:00 0 \n")
      << "a file whose name is not known is no heap";
}

TEST(MapsText, name_of_memory_whose_text_is_not_known_is_empty) {
  Named n;
  const Attributes named{.name = 3};
  auto memory = n.area(0x30000, 0x31000);
  memory.attributes = n.space.services().intern_attributes(named);
  n.put(memory);
  const std::string wanted =
      fmt::format("{:<73}[anon:]\n", "00030000-00031000 r--p 00000000 00:00 0");
  EXPECT_EQ(shims::maps_text(n.space), wanted);
  EXPECT_EQ(shims::maps_text(n.space, shims::Segments<Named::Host>{}), wanted)
      << "segments know their files alone";
}

TEST(MapsText, file_of_an_area_with_a_policy_keeps_its_path) {
  Named n;
  const Attributes policy{.policy = 1};
  auto file = n.area(0x30000, 0x31000);
  file.file = n.files.open({.path = "/lib/x"});
  file.hooks = &no_hooks<Named::Host>;
  file.attributes = &policy;
  EXPECT_EQ(n.end_of_line(file), "/lib/x\n");
}

TEST(MapsText, given_name_wins_over_the_path_of_shared_memory) {
  Named n;
  const Attributes named{.name = n.files.name("pool")};
  auto area = n.area(0x30000, 0x31000);
  area.flags |= flag::shared | flag::may_share;
  area.file = n.files.open({.path = "/dev/zero (deleted)"});
  area.hooks = &no_hooks<Named::Host>;
  area.attributes = &named;
  EXPECT_EQ(n.end_of_line(area), "[anon_shmem:pool]\n");
}

TEST(MapsText, given_names_stand_in_brackets_for_private_and_for_shared_memory) {
  Named n;
  const MemoryName name = n.files.name("pool");
  EXPECT_EQ(n.files.name("other"), name + 1);
  EXPECT_EQ(n.files.name("pool"), name);
  EXPECT_EQ(n.files.memory_name(name), "pool");
  EXPECT_EQ(n.files.memory_name(0), "") << "no name";
  EXPECT_EQ(n.files.memory_name(name + 2), "");
  ASSERT_TRUE(n.space.mmap({.address = 0x30000,
                            .length = 0x1000,
                            .flags = map::private_ | map::anonymous | map::fixed}));
  ASSERT_TRUE(n.space.mmap(
      {.address = 0x40000, .length = 0x1000, .flags = map::shared | map::anonymous | map::fixed}));
  ASSERT_TRUE(n.space.set_name(0x30000, 0x1000, name));
  ASSERT_TRUE(n.space.set_name(0x40000, 0x1000, name));
  EXPECT_EQ(n.path_at(0x30000), "[anon:pool]");
  EXPECT_EQ(n.path_at(0x40000), "[anon_shmem:pool]");
}

TEST(MapsText, special_mappings_are_named_by_their_hooks) {
  Named n;
  Address at = 0x50000;
  for (const auto& special : shims::special_mappings<Named::Host>) {
    ASSERT_TRUE(n.space.insert_special(
        {.start = at, .length = 0x1000, .flags = special.flags, .hooks = &special.hooks}));
    EXPECT_EQ(n.path_at(at), special.name);
    EXPECT_EQ(n.space.munmap(at, 0x1000).code(), Error::none);
    at += 0x1000;
  }
  EXPECT_EQ(shims::find_special<Named::Host>("[heap]"), nullptr);
}

TEST(MapsText, shared_letter_is_that_of_what_may_be_shared) {
  Named n;
  auto area = n.area(0x60000, 0x61000);
  area.flags = flag::read | flag::may_read | flag::may_share;
  area.hooks = &no_hooks<Named::Host>;
  n.put(area);
  EXPECT_EQ(shims::maps_text(n.space), "00060000-00061000 r--s 00000000 00:00 0 \n");
}

}  // namespace
}  // namespace vmarea::test
