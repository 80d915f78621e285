// SPDX-License-Identifier: MIT
//
// Steps, sequels and whole changes in lines. Pages are counted from 0x100 on, as pictures are.
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <vmarea/string.hpp>

#include "support/test_space.hpp"

namespace vmarea::test {
namespace {

using TestStep = Step<TestServices>;

constexpr Range one{0x1000, 0x3000};

TEST(TextOfStep, every_kind_has_one) {
  Edit<TestServices> nothing_stays{one, Event::unmapped};
  nothing_stays.unmapped = one;
  Edit<TestServices> of_shared_memory;
  of_shared_memory.new_shared_memory = true;
  TestStep told = TestStep::move_pages(one, 0x8000);
  told.told = 7;
  told.keeps_source = true;
  const std::vector<std::pair<TestStep, std::string>> cases = {
      {TestStep::of(nothing_stays, nullptr),
       "edit 1000-3000 unmapped: nothing stays; unmapped 1000-3000"},
      {TestStep::of(of_shared_memory, nullptr), "edit 0-0 " +
                                                    std::string(name(of_shared_memory.event)) +
                                                    ": nothing stays; new shared memory"},
      {TestStep{}, "edit "},
      {TestStep::move_pages(one, 0x8000), "move_pages 1000-3000 to 8000"},
      {told, "move_pages 1000-3000 to 8000, the area there stays, tells userfaultfd 7"},
      {TestStep::drop_pages(one), "drop_pages 1000-3000"},
      {TestStep::protect_pages(one, flag::read), "protect_pages 1000-3000 r--"},
      {TestStep::install_page({0x1000, 0x2000}), "install_page 1000-2000"},
      {TestStep::free_tables(one, {0, 0x9000}), "free_tables 1000-3000 between 0-9000"},
      {TestStep::tell_unmapped(one), "tell_unmapped 1000-3000"},
      {TestStep::set(StepKind::set_brk, 0x5000), "set_brk 5000"},
      {TestStep::set(StepKind::set_default_flags, flag::locked.bits()), "set_default_flags lo"},
      {TestStep::set(StepKind::set_same_page_merging, 1), "set_same_page_merging on"},
      {TestStep::set(StepKind::set_same_page_merging, 0), "set_same_page_merging off"},
      {TestStep::set(StepKind::set_write_exec, 1), "set_write_exec refuse_exec_gain"},
  };
  for (const auto& [step, said] : cases) EXPECT_EQ(to_string(step), said);
}

TEST(TextOfPiece, what_comes_from_a_piece_of_the_edit_before_is_a_copy) {
  Piece<TestServices> piece = Piece<TestServices>::fresh({.start = 0x1000, .end = 0x3000});
  EXPECT_EQ(to_string(piece), "1000-3000 ---p new");
  piece.copied_made_by = MadeBy::piece_0;
  EXPECT_EQ(to_string(piece), "1000-3000 ---p copied");
}

TEST(TextOfChange, a_split_names_what_is_kept_and_what_is_copied) {
  TestSpace space("AAAA");
  const Range range = TestSpace::range_of(" ** ");
  EXPECT_EQ(to_string(space.space().plan_mprotect(range.start, range.length(), prot::read)),
            "success\n"
            "edit 100000-104000 protected: 100000-101000 rw-p copied; 101000-103000 r--p kept; "
            "103000-104000 rw-p copied; access 101000-103000; charge -2");
}

TEST(TextOfChange, a_new_area_and_what_comes_after) {
  TestSpace space("....");
  const MmapRequest<TestServices> request{
      .address = TestSpace::column(1),
      .length = 0x1000,
      .protection = prot::read | prot::write,
      .flags = map::private_ | map::anonymous | map::fixed | map::populate};
  EXPECT_EQ(to_string(space.space().plan_mmap(request)),
            "0x101000\n"
            "edit 101000-102000 resized: 101000-102000 rw-p new; mapped 101000-102000; charge 1\n"
            "then touch 101000-102000");
}

TEST(TextOfChange, a_move_is_its_two_edits_and_the_pages_between) {
  TestSpace space("aa......");
  EXPECT_EQ(to_string(space.space().plan_mremap({.address = TestSpace::column(0),
                                                 .old_length = 0x2000,
                                                 .new_length = 0x2000,
                                                 .flags = remap::may_move | remap::fixed,
                                                 .new_address = TestSpace::column(4)})),
            "0x104000\n"
            "edit 104000-106000 moved: 104000-106000 rw-p copied\n"
            "move_pages 100000-102000 to 104000\n"
            "edit 100000-102000 resized: nothing stays; unmapped 100000-102000");
}

TEST(TextOfChange, a_rest_of_what_the_edit_before_made_is_a_copy) {
  TestSpace space("AAAA..");
  EXPECT_EQ(to_string(space.space().plan_mremap({.address = TestSpace::column(1),
                                                 .old_length = 0x1000,
                                                 .new_length = 0x1000,
                                                 .flags = remap::may_move | remap::fixed,
                                                 .new_address = TestSpace::column(4)})),
            "0x104000\n"
            "edit 100000-105000 moved: 100000-105000 rw-p kept\n"
            "move_pages 101000-102000 to 104000\n"
            "edit 100000-105000 resized: 100000-101000 rw-p kept; 102000-105000 rw-p copied; "
            "unmapped 101000-102000");
}

TEST(TextOfChange, a_refused_call_says_why) {
  TestSpace space("XX");
  EXPECT_EQ(to_string(space.space().plan_munmap(TestSpace::column(0), 0x1000)),
            "EPERM (sealed, or not permitted)");
}

TEST(TextOfChange, a_first_touch_gives_an_identity) {
  TestSpace space("A");
  EXPECT_EQ(to_string(space.space().plan_touch(TestSpace::column(0), Touch::write)),
            "success\n"
            "edit 100000-101000 touched: 100000-101000 rw-p kept touched\n"
            "install_page 100000-101000");
}

TEST(TextOfSequel, says_what_and_where) {
  EXPECT_EQ(to_string(Sequel{}), "nothing");
  EXPECT_EQ(to_string(Sequel{.kind = Sequel::Kind::touch_everything}), "touch_everything");
  EXPECT_EQ(to_string(Sequel{.kind = Sequel::Kind::move_rest, .range = one, .to = 0x8000}),
            "move_rest 1000-3000 to 8000");
}

TEST(TextOfHostCall, reads_as_it_could_be_made) {
  using Call = HostCall<TestServices>;
  EXPECT_EQ(to_string(Call{.kind = HostCallKind::unmap, .range = one}), "unmap 1000-3000");
  EXPECT_EQ(to_string(Call{.kind = HostCallKind::protect, .range = one, .flags = flag::read}),
            "protect 1000-3000 r--p");
  EXPECT_EQ(to_string(Call{.kind = HostCallKind::move, .range = one, .to = 0x8000}),
            "move 1000-3000 to 8000");
  EXPECT_EQ(
      to_string(Call{.kind = HostCallKind::move, .range = one, .to = 0x8000, .keeps_source = true}),
      "move 1000-3000 to 8000, the area there stays");
  TestSpace space("F");
  const std::string file = to_string(Call{.kind = HostCallKind::map,
                                          .range = one,
                                          .flags = flag::read | flag::may_share,
                                          .file = space.area(0)->file,
                                          .page_offset = 0x1f});
  EXPECT_TRUE(file.starts_with("map 1000-3000 r--s 1f file 0x")) << file;
}

}  // namespace
}  // namespace vmarea::test
