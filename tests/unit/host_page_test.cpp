// SPDX-License-Identifier: MIT
//
// What a page of the host must allow where it holds four pages of the guest: columns 0 to 3, 4 to 7
// and so on.
#include <string>

#include "support/stage.hpp"

namespace vmarea::test {
namespace {

Address at(std::uint64_t column) {
  return TestSpace::column(column);
}

std::string text_of(const HostProtection& page) {
  return page.is_mapped ? to_string(protection_of(page.access)) : "none";
}

/// "rw- none r--": of each page of the host, `columns` pages of the guest in all.
template <class SomeChange>
std::string host_pages(const SomeChange& change, std::uint64_t upto = 12) {
  std::string text;
  for (std::uint64_t first = 0; first < upto; first += 4) {
    text += (text.empty() ? "" : " ") + text_of(change.host_protection(columns(first, first + 4)));
  }
  return text;
}

TEST(HostPage, allows_what_any_of_its_guest_pages_will_allow) {
  Stage stage("AAAAAAAA....");
  EXPECT_EQ(host_pages(stage.space().plan_mprotect(at(2), 0x4000, prot::read)), "rw- rw- none");
  EXPECT_EQ(host_pages(stage.space().plan_mprotect(at(0), 0x6000, prot::read)), "r-- rw- none");
  EXPECT_EQ(host_pages(stage.space().plan_mprotect(at(3), 0x1000, prot::exec)), "rwx rw- none");
  EXPECT_EQ(host_pages(stage.space().plan_mprotect(at(0), 0x4000, prot::none)), "--- rw- none");
}

TEST(HostPage, is_mapped_as_long_as_one_guest_page_is) {
  Stage stage("AAAAAAAA....");
  EXPECT_EQ(host_pages(stage.space().plan_munmap(at(1), 0x4000)), "rw- rw- none");
  EXPECT_EQ(host_pages(stage.space().plan_munmap(at(0), 0x4000)), "none rw- none");
  const TestMmap one{
      .address = at(11), .length = 0x1000, .protection = prot::read, .flags = fixed_private};
  EXPECT_EQ(host_pages(stage.space().plan_mmap(one)), "rw- rw- r--");
}

TEST(HostPage, of_a_move_knows_both_edits) {
  Stage stage("..AA....BBBB");
  const auto move = [&](RemapFlags flags) {
    return host_pages(stage.space().plan_mremap({at(2), 0x2000, 0x2000, flags, at(5)}));
  };
  EXPECT_EQ(move(fixed_move), "none rw- r--");
  EXPECT_EQ(move(fixed_move | remap::dont_unmap), "rw- rw- r--");
}

TEST(HostPage, of_a_refused_change_is_what_is_there) {
  Stage stage("AAAA");
  EXPECT_EQ(host_pages(stage.space().plan_munmap(at(0) + 1, 0x4000), 8), "rw- none");
}

TEST(HostPage, range_is_widened_and_may_be_long) {
  Stage stage("AA");
  const auto change = stage.space().plan_mprotect(at(1), 0x1000, prot::exec);
  EXPECT_EQ(text_of(change.host_protection({at(0) + 1, at(0) + 2})), "rw-");
  EXPECT_EQ(text_of(change.host_protection({at(0) + 0xfff, at(1) + 1})), "rwx");
  EXPECT_EQ(text_of(change.host_protection({at(0) - (200 << 12), at(1)})), "rw-");
  EXPECT_EQ(text_of(change.host_protection({at(1), at(300)})), "--x");
  EXPECT_EQ(text_of(change.host_protection({at(1), at(1)})), "none");
}

TEST(HostPage, range_may_end_anywhere) {
  Stage stage("AA");
  const auto change = stage.space().plan_mprotect(at(1), 0x1000, prot::exec);
  const Address last = ~Address{0};
  const Address limit = stage.space().services().geometry().limit;
  for (const Address end : {limit - 1, limit, limit + 1, last - 0xfff, last}) {
    EXPECT_EQ(text_of(change.host_protection({at(1), end})), "--x") << std::hex << end;
    EXPECT_EQ(text_of(change.host_protection({0, end})), "rwx") << std::hex << end;
  }
  EXPECT_EQ(text_of(change.host_protection({last, last})), "none");
  EXPECT_EQ(text_of(change.host_protection({at(1), at(0)})), "none");
}

TEST(HostPage, behind_a_long_hole_is_what_a_call_will_map) {
  Stage stage("A");
  const Address far = stage.space().services().geometry().limit - 0x1000;
  const TestMmap one{
      .address = far, .length = 0x1000, .protection = prot::read, .flags = fixed_private};
  const auto change = stage.space().plan_mmap(one);
  EXPECT_EQ(text_of(change.host_protection({at(1), far})), "none");
  EXPECT_EQ(text_of(change.host_protection({at(1), far + 1})), "r--");
}

TEST(HostPage, area_right_behind_a_word_full_of_holes) {
  Stage stage;
  ASSERT_TRUE(stage.insert(stage.fresh(64, 65, 'B')));
  const auto change = stage.space().plan_munmap(at(0), 0x1000);
  EXPECT_EQ(text_of(change.host_protection(columns(0, 64))), "none");
  EXPECT_EQ(text_of(change.host_protection(columns(0, 128))), "r--");
}

TEST(HostPage, of_a_move_behind_a_long_hole_asks_its_edits_alone) {
  Stage stage("AA");
  const auto change = stage.space().plan_mremap({at(0), 0x2000, 0x2000, fixed_move, at(200)});
  EXPECT_EQ(text_of(change.host_protection({at(2), at(201)})), "rw-");
  EXPECT_EQ(text_of(change.host_protection({at(2), at(200)})), "none");
}

TEST(HostPage, range_of_more_pages_than_a_word_has_bits) {
  Stage stage;
  ASSERT_TRUE(stage.insert(stage.fresh(0, 64)));
  ASSERT_TRUE(stage.insert(stage.fresh(64, 128, 'B')));
  const auto change = stage.space().plan_munmap(at(64), 64 << 12);
  EXPECT_EQ(text_of(change.host_protection(columns(0, 128))), "rw-");
  EXPECT_EQ(text_of(change.host_protection(columns(64, 128))), "none");
}

}  // namespace
}  // namespace vmarea::test
