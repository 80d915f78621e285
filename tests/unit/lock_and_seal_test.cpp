// SPDX-License-Identifier: MIT
//
// mlock and munlock (rules 29, linux_6_18), mseal and what it blocks (24), attach
// and detach of shared segments (linux_6_18, part 2, item 9).
#include "support/stage.hpp"

namespace vmarea::test {
namespace {

TEST(Mlock, locks_counts_and_touches) {
  Stage stage("AAAA");
  ASSERT_TRUE(stage.mlock(columns(1, 3), MlockMode::lock));
  EXPECT_EQ(stage.picture(), "AllA");
  EXPECT_EQ(stage.space().totals().locked, 2);
  ASSERT_TRUE(stage.mlock(columns(0, 4), MlockMode::lock));
  EXPECT_EQ(stage.picture(), "llll");
  EXPECT_EQ(stage.space().totals().locked, 4) << "nothing twice";
  ASSERT_TRUE(stage.mlock(columns(0, 4), MlockMode::unlock));
  EXPECT_EQ(stage.picture(), "aaaa");
  EXPECT_EQ(stage.space().totals().locked, 0);
}

TEST(Mlock, start_is_rounded_down_and_the_end_up) {
  Stage stage("AAAA");
  ASSERT_TRUE(stage.mlock({TestSpace::column(1) + 1, TestSpace::column(2) + 1}, MlockMode::lock));
  EXPECT_EQ(stage.picture(), "AllA");
}

TEST(Mlock, on_fault_does_not_touch_and_is_another_flag_but_the_same_count) {
  Stage stage("AA");
  ASSERT_TRUE(stage.mlock(columns(0, 2), MlockMode::lock_on_fault));
  EXPECT_TRUE(stage.area(0)->flags.has_all(flag::locked | flag::lock_on_fault));
  EXPECT_FALSE(stage.identity(0));
  ASSERT_TRUE(stage.mlock(columns(0, 1), MlockMode::lock));
  EXPECT_EQ(stage.count_areas(), 2u);
  EXPECT_FALSE(stage.area(0)->flags.has_any(flag::lock_on_fault));
  EXPECT_EQ(stage.space().totals().locked, 2);
}

TEST(Mlock, hole_leaves_the_flags_before_it_and_touches_nothing) {
  Stage stage("AA.A");
  EXPECT_EQ(stage.mlock(columns(0, 4), MlockMode::lock).code(), Error::no_memory);
  EXPECT_EQ(stage.picture(), "LL.A");
  EXPECT_EQ(stage.token(0), 0u);
}

TEST(Mlock, memory_without_access_is_locked_though_it_cannot_be_touched) {
  Stage stage("C");
  EXPECT_EQ(stage.mlock(columns(0, 1), MlockMode::lock).code(), Error::no_memory);
  EXPECT_TRUE(stage.area(0)->flags.has_any(flag::locked));
  EXPECT_EQ(stage.space().totals().locked, 1);
}

TEST(Mlock, read_only_memory_gets_no_identity) {
  Stage stage("BD");
  EXPECT_TRUE(stage.mlock(columns(0, 2), MlockMode::lock));
  EXPECT_FALSE(stage.identity(0));
  EXPECT_FALSE(stage.identity(1));
}

TEST(Mlock, what_cannot_be_locked_is_passed_over) {
  for (const Flags adds : {flag::io, flag::dont_expand, flag::page_frames, flag::mixed_map,
                           flag::droppable, flag::huge_tlb}) {
    Stage stage;
    ASSERT_TRUE(stage.insert(stage.fresh(0, 1, adds)));
    EXPECT_TRUE(stage.mlock(columns(0, 1), MlockMode::lock_on_fault));
    EXPECT_EQ(stage.area(0)->flags, rw_flags | adds);
    EXPECT_EQ(stage.space().totals().locked, 0);
  }
}

TEST(Mlock, limit_counts_what_is_not_yet_locked) {
  Stage stage("AAAA");
  stage.host().limits.may_lock_any = false;
  stage.host().limits.locked_bytes = 0x3000;
  ASSERT_TRUE(stage.mlock(columns(0, 2), MlockMode::lock));
  EXPECT_TRUE(stage.mlock(columns(0, 3), MlockMode::lock));
  EXPECT_EQ(stage.mlock(columns(2, 4), MlockMode::lock).code(), Error::no_memory);
  EXPECT_TRUE(stage.mlock(columns(0, 4), MlockMode::unlock)) << "unlocking needs no right";
}

TEST(Mlock, no_right_is_told_even_for_nothing) {
  Stage stage("A");
  stage.host().limits.may_lock_any = false;
  stage.host().limits.locked_bytes = 0;
  EXPECT_EQ(stage.mlock({TestSpace::base, TestSpace::base}, MlockMode::lock).code(),
            Error::not_permitted);
  EXPECT_TRUE(stage.mlock(columns(0, 1), MlockMode::unlock));
}

TEST(Mlock, cut_at_the_map_count_limit_is_refused) {
  Stage stage("AAA");
  stage.host().limits.area_count_max = 1;
  EXPECT_EQ(stage.mlock(columns(0, 1), MlockMode::lock).code(), Error::no_memory);
  EXPECT_EQ(stage.picture(), "AAA");
}

TEST(Mseal, seals_a_range_without_holes) {
  Stage stage("AAAB.A");
  ASSERT_TRUE(stage.mseal(columns(1, 4)));
  EXPECT_TRUE(stage.area(1)->flags.has_any(flag::sealed));
  EXPECT_TRUE(stage.area(3)->flags.has_any(flag::sealed));
  EXPECT_EQ(stage.count_areas(), 4u);
  ASSERT_TRUE(stage.mseal(columns(1, 4))) << "twice is fine";
  EXPECT_EQ(stage.mseal(columns(3, 6)).code(), Error::no_memory);
  EXPECT_FALSE(stage.area(5)->flags.has_any(flag::sealed)) << "a hole: nothing is sealed";
}

TEST(Mseal, equally_sealed_neighbours_merge) {
  Stage stage("AAX");
  ASSERT_TRUE(stage.mseal(columns(1, 2)));
  EXPECT_EQ(stage.picture(), "AXX");
}

TEST(Mseal, cut_that_is_refused_leaves_earlier_areas_sealed) {
  Stage stage("ABBB");
  stage.host().limits.area_count_max = 2;
  EXPECT_EQ(stage.mseal(columns(0, 2)).code(), Error::no_memory);
  EXPECT_EQ(stage.picture(), "XBBB");
}

TEST(Mseal, space_that_ends_at_4_gib_is_one_of_32_bits) {
  constexpr Address end = Address{1} << 32;
  struct Case {
    Address limit;
    Error error;
  };
  for (const Case& c : {Case{end - 0x2000, Error::not_permitted}, Case{end, Error::not_permitted},
                        Case{end + 0x1000, Error::none}}) {
    Stage stage("A");
    stage.host().profile.seals_only_64_bit_spaces = true;
    stage.host().geometry.limit = c.limit;
    EXPECT_EQ(stage.mseal(columns(0, 1)).code(), c.error) << c.limit;
  }
}

TEST(Mseal, blocks_what_would_change_or_remove_the_area) {
  struct Blocked {
    const char* name;
    Error (*call)(Stage&);
  };
  const Blocked calls[] = {
      {"munmap", [](Stage& s) { return s.munmap(columns(1, 2)).code(); }},
      {"mmap over it", [](Stage& s) { return s.map_fixed(0, 3).code(); }},
      {"mprotect", [](Stage& s) { return s.mprotect(columns(0, 3), prot::read).code(); }},
      {"mprotect without a change", [](Stage& s) { return s.mprotect(columns(0, 3), rw).code(); }},
      {"move", [](Stage& s) { return s.move(0, 3, 8).code(); }},
      {"move over it", [](Stage& s) { return s.move(5, 1, 1).code(); }},
      {"resize to what it is", [](Stage& s) { return s.move(0, 3, 0, {}).code(); }},
  };
  for (const Blocked& blocked : calls) {
    SCOPED_TRACE(blocked.name);
    Stage stage("XXX..A...");
    EXPECT_EQ(blocked.call(stage), Error::not_permitted);
    EXPECT_EQ(stage.picture(), "XXX..A...");
  }
}

TEST(Mseal, allows_locks_advice_touch_and_fork) {
  Stage stage("XXX");
  EXPECT_TRUE(stage.mlock(columns(0, 1), MlockMode::lock));
  EXPECT_TRUE(stage.madvise(columns(1, 2), Advice::random));
  EXPECT_TRUE(stage.madvise(columns(1, 2), Advice::dont_need)) << "it may be written";
  EXPECT_TRUE(stage.touch(TestSpace::column(2)));
  const auto child = stage.fork();
  EXPECT_TRUE(child->area(2)->flags.has_any(flag::sealed));
}

class SegmentStage : public Stage {
 public:
  using Request = AttachRequest<TestServices>;
  explicit SegmentStage(std::string_view picture = "") : Stage(picture) {
    segment = host().make_file({.segment_bytes = 0x2001}, &recording_hooks);
  }
  Request at(Address address, Request::Access access = Request::Access::read_write) const {
    return {.address = address, .segment = segment, .access = access};
  }
  TestFile* segment;
};

TEST(Attach, maps_the_whole_segment_from_its_start) {
  SegmentStage stage;
  EXPECT_EQ(stage.attach_shared(stage.at(TestSpace::column(2))),
            Result<Address>(TestSpace::column(2)));
  EXPECT_EQ(stage.shape(2), "[2,5)p0") << "rounded up to pages";
  EXPECT_EQ(*stage.attach_shared(stage.at(0)), SpaceLayout{}.mmap_base - 0x3000);
}

TEST(Attach, access_makes_the_flags) {
  using Access = AttachRequest<TestServices>::Access;
  constexpr Flags read_only = flag::read | flag::may_read | flag::may_exec | flag::may_share;
  constexpr Flags writable = read_only | flag::write | flag::may_write | flag::shared;
  struct Case {
    Access access;
    Flags flags;
  };
  for (const Case& c : {Case{Access::read_only, read_only}, Case{Access::read_write, writable},
                        Case{Access::read_exec, read_only | flag::exec},
                        Case{Access::read_write_exec, writable | flag::exec}}) {
    SegmentStage stage;
    ASSERT_TRUE(stage.attach_shared(stage.at(TestSpace::column(0), c.access)));
    EXPECT_EQ(stage.area(0)->flags.bits(), c.flags.bits());
  }
}

TEST(Attach, address_is_rounded_or_refused_and_what_stands_there_is_kept_or_replaced) {
  SegmentStage stage("..A.");
  auto request = stage.at(TestSpace::column(0) + 5);
  EXPECT_EQ(stage.attach_shared(request).code(), Error::invalid);
  request.rounds_address = true;
  EXPECT_EQ(stage.attach_shared(request).code(), Error::invalid) << "occupied";
  request.replaces_existing = true;
  EXPECT_TRUE(stage.attach_shared(request));
  EXPECT_EQ(stage.shape(0), "[0,3)p0");
  EXPECT_EQ(stage.count_areas(), 1u);
}

TEST(Attach, address_that_rounds_to_0_is_page_0_unless_it_replaces) {
  SegmentStage stage;
  auto request = stage.at(5);
  request.rounds_address = true;
  EXPECT_EQ(stage.attach_shared(request), Result<Address>(0));
  request.replaces_existing = true;
  EXPECT_EQ(stage.attach_shared(request).code(), Error::invalid);
  SegmentStage unprivileged;
  unprivileged.host().limits.may_map_lowest = false;
  request = unprivileged.at(5);
  request.rounds_address = true;
  EXPECT_EQ(unprivileged.attach_shared(request).code(), Error::not_permitted);
}

TEST(Attach, guard_gaps_are_ignored_at_a_given_address) {
  SegmentStage stage("...KK");
  EXPECT_TRUE(stage.attach_shared(stage.at(TestSpace::column(0))));
  EXPECT_EQ(stage.shape(0), "[0,3)p0");
}

TEST(Attach, pieces_of_a_segment_never_merge_back) {
  SegmentStage stage;
  ASSERT_TRUE(stage.attach_shared(stage.at(TestSpace::column(0))));
  ASSERT_TRUE(stage.mprotect(columns(1, 2), prot::read));
  ASSERT_TRUE(stage.mprotect(columns(1, 2), rw));
  EXPECT_EQ(stage.count_areas(), 3u) << "each has a close hook";
}

TEST(Detach, removes_every_piece_that_stands_where_the_attach_put_it) {
  SegmentStage stage("........A");
  ASSERT_TRUE(stage.attach_shared(stage.at(TestSpace::column(1))));
  ASSERT_TRUE(stage.mprotect(columns(2, 3), prot::read));
  EXPECT_TRUE(stage.detach_shared(TestSpace::column(1)));
  EXPECT_EQ(stage.picture(), "........A");
  EXPECT_EQ(stage.detach_shared(TestSpace::column(1)).code(), Error::invalid);
}

TEST(Detach, leaves_foreign_maps_moved_pieces_and_sealed_ones) {
  SegmentStage stage("........");
  ASSERT_TRUE(stage.attach_shared(stage.at(TestSpace::column(0))));
  ASSERT_TRUE(stage.map_fixed(1, 2)) << "mapped over the middle";
  ASSERT_TRUE(stage.move(2, 1, 6));
  EXPECT_TRUE(stage.detach_shared(TestSpace::column(0)));
  EXPECT_EQ(stage.shape(0), "-");
  EXPECT_EQ(stage.shape(1), "[1,2)p1");
  EXPECT_EQ(stage.shape(6), "[6,7)p2");
  EXPECT_EQ(stage.detach_shared(TestSpace::column(6)).code(), Error::invalid);
  EXPECT_TRUE(stage.detach_shared(TestSpace::column(4))) << "start minus offset";
  EXPECT_EQ(stage.shape(6), "-");

  ASSERT_TRUE(stage.attach_shared(stage.at(TestSpace::column(2))));
  ASSERT_TRUE(stage.mseal(columns(2, 5)));
  EXPECT_TRUE(stage.detach_shared(TestSpace::column(2)));
  EXPECT_EQ(stage.shape(2), "[2,5)p0") << "sealed: stays, and the answer is good";
}

TEST(Detach, leaves_another_file_with_the_offsets_of_the_segment) {
  SegmentStage stage;
  ASSERT_TRUE(stage.attach_shared(stage.at(TestSpace::column(0))));
  ASSERT_TRUE(stage.mmap({.address = TestSpace::column(1),
                          .length = 0x1000,
                          .protection = rw,
                          .flags = map::shared | map::fixed,
                          .file = stage.host().make_file(),
                          .offset = 0x1000}));
  EXPECT_TRUE(stage.detach_shared(TestSpace::column(0)));
  EXPECT_EQ(stage.shape(0) + stage.shape(1) + stage.shape(2), "-[1,2)p1-");
}

TEST(Detach, works_when_the_head_is_gone) {
  SegmentStage stage;
  ASSERT_TRUE(stage.attach_shared(stage.at(TestSpace::column(0))));
  ASSERT_TRUE(stage.munmap(columns(0, 1)));
  EXPECT_TRUE(stage.detach_shared(TestSpace::column(0)));
  EXPECT_EQ(stage.count_areas(), 0u);
}

/// A segment of three pages, made longer and cut. Seen on a running 6.18.44 with four.
TEST(Detach, segment_that_was_made_longer_goes_as_far_as_linux_takes_it) {
  const auto left = [](std::uint64_t pages, auto&& cut) {
    SegmentStage stage;
    EXPECT_TRUE(stage.attach_shared(stage.at(TestSpace::column(0))));
    EXPECT_TRUE(stage.mremap({.address = TestSpace::column(0),
                              .old_length = 0x3000,
                              .new_length = pages << 12,
                              .flags = {},
                              .new_address = 0}));
    cut(stage);
    EXPECT_TRUE(stage.detach_shared(TestSpace::column(0)));
    return stage.count_areas() == 0 ? std::string("nothing") : stage.shape(2) + stage.shape(4);
  };
  EXPECT_EQ(left(5, [](Stage&) {}), "nothing") << "the first piece goes wherever it ends";
  EXPECT_EQ(left(5, [](Stage& s) { EXPECT_TRUE(s.mprotect(columns(2, 5), prot::read)); }),
            "[2,5)p2[2,5)p2")
      << "a later one ends too far away";
  EXPECT_EQ(left(5, [](Stage& s) { EXPECT_TRUE(s.mprotect(columns(2, 3), prot::read)); }),
            "-[3,5)p3");
  EXPECT_EQ(left(6, [](Stage& s) { EXPECT_TRUE(s.munmap(columns(0, 3))); }), "nothing")
      << "the first that is left";
}

TEST(Mlock, range_that_wraps_is_more_than_any_limit) {
  constexpr std::uint64_t wrapping = 0xffff'ffff'ffff'e000;
  Stage stage("LLL");
  EXPECT_EQ(stage.space().mlock(TestSpace::column(2), wrapping, MlockMode::lock).code(),
            Error::invalid);
  stage.host().limits.may_lock_any = false;
  stage.host().limits.locked_bytes = 0x100000;
  EXPECT_EQ(stage.space().mlock(TestSpace::column(2), wrapping, MlockMode::lock).code(),
            Error::no_memory);
  Stage around("LLLLL");  // The range ends in the area that it begins in.
  around.host().limits.may_lock_any = false;
  around.host().limits.locked_bytes = 0x100000;
  EXPECT_EQ(around.space().mlock(TestSpace::column(4), wrapping, MlockMode::lock).code(),
            Error::no_memory)
      << "no page of it is locked already";
}

TEST(Mlock, last_and_first_page_count_as_two_before_they_are_no_range) {
  Stage stage("A");
  stage.host().limits.may_lock_any = false;
  const auto lock = [&](std::uint64_t limit) {
    stage.host().limits.locked_bytes = limit;
    return stage.space().mlock(~std::uint64_t{0xfff}, 0x2000, MlockMode::lock).code();
  };
  EXPECT_EQ(lock(0x1000), Error::no_memory);
  EXPECT_EQ(lock(0x2000), Error::invalid);
}

TEST(Mlock, nothing_is_to_be_touched_of_no_pages) {
  Stage stage("A");
  const auto planned = stage.space().plan_mlock(TestSpace::base, 0, MlockMode::lock);
  EXPECT_TRUE(planned.status());
  EXPECT_EQ(planned.sequel().kind, Sequel::Kind::nothing);
}

TEST(Mlock, touches_shared_memory_by_reading_although_it_may_be_written) {
  const auto how = [](Flags flags) { return *touch_for(flags, TouchReason::locked); };
  EXPECT_EQ(how(flag::read | flag::write), Touch::write);
  EXPECT_EQ(how(flag::read | flag::write | flag::shared), Touch::read);
  EXPECT_EQ(how(flag::read), Touch::read);
}

}  // namespace
}  // namespace vmarea::test
