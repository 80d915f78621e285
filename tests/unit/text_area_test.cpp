// SPDX-License-Identifier: MIT
//
// Areas, notices and whole spaces in lines.
#include <string>

#include <gtest/gtest.h>
#include <vmarea/string.hpp>
#include <vmarea_shims/userland.hpp>

#include "support/test_space.hpp"

namespace vmarea::test {
namespace {

TestDescription described() {
  return {.start = 0x1000,
          .end = 0x3000,
          .page_offset = 0x1f,
          .flags = flag::read | flag::write | flag::may_access | flag::account};
}

TEST(TextOfArea, anonymous_memory_says_where_it_is_and_what_else_is_set) {
  TestDescription area = described();
  EXPECT_EQ(to_string(area), "1000-3000 rw-p 1f anonymous ac");
  area.identity = AnonIdentity::of(6);
  EXPECT_EQ(to_string(area), "1000-3000 rw-p 1f anonymous identity 6 ac");
  area.identity = area.identity.as_fork_child();
  EXPECT_EQ(to_string(area), "1000-3000 rw-p 1f anonymous identity 6 of a fork child ac");
  EXPECT_EQ(to_string(area.identity), "6 of a fork child");
  EXPECT_EQ(to_string(AnonIdentity{}), "none");
}

TEST(TextOfArea, attributes_are_shown_where_there_are_any) {
  TestDescription area = described();
  const Attributes attributes{.policy = 1, .userfault_context = 2, .name = 0x30};
  area.attributes = &attributes;
  EXPECT_EQ(to_string(area), "1000-3000 rw-p 1f anonymous policy 1 userfaultfd 2 name 30 ac");
  EXPECT_EQ(to_string(attributes), "policy 1 userfaultfd 2 name 30");
  EXPECT_EQ(to_string(Attributes{}), "none");
}

TEST(TextOfArea, what_a_merge_compares_is_seen) {
  TestDescription area = described();
  area.flags = area.flags.without(flag::may_write);
  EXPECT_EQ(to_string(area), "1000-3000 rw-p 1f anonymous ac no mw");
  area.flags = flag::may_share;
  EXPECT_EQ(to_string(area), "1000-3000 ---s 1f anonymous ms no mr mw me") << "read-only file";
  area.flags = flag::shared | flag::may_share | flag::may_access;
  EXPECT_EQ(to_string(area), "1000-3000 ---s 1f anonymous");
  area.hooks = &no_hooks<TestServices>;
  EXPECT_EQ(to_string(area), "1000-3000 ---s 1f special");
}

TEST(TextOfArea, a_file_is_its_handle) {
  TestSpace space("FF");
  const auto handle = reinterpret_cast<std::uintptr_t>(space.area(0)->file);
  const std::string number = written([&](TextWriter& to) { to.add_hex(handle); });
  EXPECT_EQ(to_string(*space.area(0)), "100000-102000 rw-p 0 file 0x" + number + " ac");
}

/// A handle of a host that knows the names of its files.
struct NamedFile {
  const char* path = nullptr;
  friend constexpr bool operator==(NamedFile, NamedFile) = default;
  friend void write_text(TextWriter& to, NamedFile file) noexcept { to.add(file.path); }
};
struct NamingHost {
  using FileHandle = NamedFile;
};

TEST(TextOfArea, a_handle_that_has_a_text_is_shown_by_it) {
  Description<NamingHost> area;
  area.end = 0x1000;
  area.flags = flag::may_access;
  area.file = {"/lib/libc.so"};
  EXPECT_EQ(to_string(area), "0-1000 ---p 0 file /lib/libc.so");
}

/// A host with data of its own in each area.
struct Owner {
  unsigned number = 0;
  friend void write_text(TextWriter& to, Owner owner) noexcept { to.add_decimal(owner.number); }
};
struct OwningHost : shims::UserlandOf<OwningHost> {
  using AreaData = Owner;
};

TEST(TextOfArea, own_data_of_a_host_is_shown_if_it_has_a_text) {
  Area<OwningHost> area{};
  area.end = 0x1000;
  area.flags = flag::may_access;
  area.data.number = 7;
  EXPECT_EQ(to_string(area), "0-1000 ---p 0 anonymous data 7");
  const Description<OwningHost>& without = area;
  EXPECT_EQ(to_string(without), "0-1000 ---p 0 anonymous");
}

TEST(TextOfNotice, says_what_happened_to_which_area) {
  TestSpace space("AA.A");
  const TestArea& area = *space.area(0);
  EXPECT_EQ(to_string(Notice<TestServices>{Event::mapped, area}),
            "mapped 100000-102000 rw-p 100 anonymous ac");
  EXPECT_EQ(to_string(Notice<TestServices>{Event::resized, area, nullptr, {0x1000, 0x2000}}),
            "resized 100000-102000 rw-p 100 anonymous ac; before 1000-2000");
  EXPECT_EQ(to_string(Notice<TestServices>{Event::split, area, space.area(3)}),
            "split 100000-102000 rw-p 100 anonymous ac; partner 103000-104000");
}

TEST(TextOfSpace, is_a_line_an_area_and_the_totals) {
  TestSpace space("AAB..L");
  EXPECT_EQ(to_string(space.space()),
            "100000-102000 rw-p 100 anonymous ac\n"
            "102000-103000 r--p 102 anonymous\n"
            "105000-106000 rw-p 105 anonymous lo ac\n"
            "3 areas, pages: total 4 data 3 exec 0 stack 0 locked 1, charged 3");
  EXPECT_EQ(to_string(space.state()), to_string(space.space()));
}

TEST(TextOfSpace, one_area_is_no_areas) {
  TestSpace space("B");
  EXPECT_EQ(to_string(space.space()),
            "100000-101000 r--p 100 anonymous\n"
            "1 area, pages: total 1 data 0 exec 0 stack 0 locked 0, charged 0");
}

TEST(TextOfSpace, an_empty_one_has_only_totals) {
  const AddressSpace<shims::Userland> space;
  EXPECT_EQ(to_string(space), "0 areas, pages: total 0 data 0 exec 0 stack 0 locked 0, charged 0");
}

TEST(TextOfSpace, of_too_much_text_the_beginning_is_kept_and_the_length_is_told) {
  TestSpace space("AAB..L");
  char memory[40];
  TextWriter to(memory, sizeof memory);
  write_text(to, space.space());
  EXPECT_TRUE(to.truncated());
  EXPECT_EQ(to.needed(), to_string(space.space()).size());
  EXPECT_STREQ(memory, "100000-102000 rw-p 100 anonymous ac\n102");
}

TEST(Picture, a_page_is_a_letter_by_what_it_allows) {
  TestSpace space("AABB.CD|DEES");
  const Range all{TestSpace::column(0), TestSpace::column(11)};
  EXPECT_EQ(picture(space.space(), all), "wwrr.-x|xaaW");
  EXPECT_EQ(picture(space.state(), {TestSpace::column(1), TestSpace::column(3)}), "wr");
}

TEST(Picture, letters_of_shared_memory_are_capital) {
  TestSpace space;
  TestFile* const file = space.host().make_file();
  const Protection allowed[] = {prot::none, prot::read, prot::read | prot::write,
                                prot::read | prot::exec, prot::read | prot::write | prot::exec};
  std::uint64_t column = 0;
  for (const Protection protection : allowed) {
    ASSERT_TRUE(space.mmap({.address = TestSpace::column(column++),
                            .length = 0x1000,
                            .protection = protection,
                            .flags = map::shared | map::fixed,
                            .file = file}));
  }
  EXPECT_EQ(picture(space.space(), {TestSpace::column(0), TestSpace::column(5)}), "=RWXA");
}

TEST(Picture, areas_that_touch_and_look_alike_are_parted) {
  TestSpace space("AALLAA.A");
  EXPECT_EQ(picture(space.space(), {TestSpace::column(0), TestSpace::column(10)}), "ww|ww|ww.w..");
  EXPECT_EQ(picture(space.space(), {TestSpace::column(1), TestSpace::column(3)}), "w|w");
}

TEST(Picture, of_holes_alone_is_dots) {
  TestSpace space("A");
  EXPECT_EQ(picture(space.space(), {TestSpace::column(2), TestSpace::column(5)}), "...");
  EXPECT_EQ(picture(space.space(), {TestSpace::column(2), TestSpace::column(2)}), "");
}

TEST(TextOfCoverage, says_how_far_and_what_stands_there) {
  EXPECT_EQ(to_string(Coverage{0x3000}), "all, up to 3000");
  EXPECT_EQ(to_string(Coverage{0x3000, AccessFault::not_mapped}), "up to 3000: not_mapped");
}

TEST(TextOfBroken, names_the_invariant) {
  TestSpace space("A");
  EXPECT_EQ(to_string(check(space.state())), "all invariants hold");
  EXPECT_EQ(to_string(Broken{4, "the charge is wrong"}),
            "invariant 4 is broken: the charge is wrong");
}

}  // namespace
}  // namespace vmarea::test
