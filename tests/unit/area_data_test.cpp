// SPDX-License-Identifier: MIT
//
// Own data of areas: how calls bring it, and how owners keep areas apart that Linux would merge.
#include <type_traits>

#include "unit/owned_land.hpp"

namespace vmarea::test {
namespace {

TEST(OwnerTag, new_areas_of_two_owners_stay_apart_and_explain_says_why) {
  const OwnedLand land("AAABBB");
  EXPECT_EQ(land.picture(), "AAABBB");
  EXPECT_EQ(land.area_count(), 2u);
  EXPECT_EQ(land.why(3), JoinVerdict::data);
  EXPECT_STREQ(describe(land.why(3)), "the host keeps their own data apart");
}

TEST(OwnerTag, what_keeps_a_range_apart_already_is_what_is_told) {
  const Owner ours = 'A', theirs = 'B';
  Description<OwningHost> prev, middle, next;
  prev.end = middle.start = 0x1000;
  middle.end = next.start = 0x2000;
  next.end = 0x3000;
  middle.page_offset = 1;
  next.page_offset = 2;
  const OwningHost host;
  JoinRequest<OwningHost> request{.prev = &prev, .next = &next, .data = {host, {&ours}}};
  request.data.set_prev(theirs);
  request.data.set_next(theirs);
  Joins joins = decide_joins(middle, request, Geometry{}, KernelProfile{});
  EXPECT_EQ(joins.prev.verdict, JoinVerdict::data);
  EXPECT_EQ(joins.next.verdict, JoinVerdict::data);
  middle.flags |= flag::account;
  joins = decide_joins(middle, request, Geometry{}, KernelProfile{});
  EXPECT_EQ(joins.prev.verdict, JoinVerdict::flags);
  EXPECT_EQ(joins.next.verdict, JoinVerdict::flags);
}

TEST(OwnerTag, new_area_joins_the_neighbours_of_its_owner_alone) {
  OwnedLand land("AA..BB.BB");
  land.map(2, 3, 'A');
  EXPECT_EQ(land.picture(), "AAA.BB.BB");
  land.map(3, 4, 'B');
  EXPECT_EQ(land.picture(), "AAABBB.BB");
  land.map(6, 7, 'B');
  EXPECT_EQ(land.picture(), "AAABBBBBB");
  EXPECT_EQ(land.area_count(), 2u);
}

TEST(OwnerTag, area_between_two_of_its_owner_that_is_another_s_stays_alone) {
  OwnedLand land("AA.AA");
  land.map(2, 3, 'B');
  EXPECT_EQ(land.picture(), "AABAA");
  land.map(2, 3, 'A');
  EXPECT_EQ(land.picture(), "AAAAA");
  EXPECT_EQ(land.area_count(), 1u);
}

TEST(OwnerTag, mapping_over_two_owners_gives_the_range_to_the_new_one) {
  OwnedLand land("AAAABBBB");
  land.map(3, 6, 'B');
  EXPECT_EQ(land.picture(), "AAABBBBB");
  EXPECT_EQ(land.area_count(), 2u);
  land.map(1, 2, 'B');
  EXPECT_EQ(land.picture(), "ABABBBBB");
}

TEST(OwnerTag, mprotect_and_back_merges_up_to_the_next_owner) {
  OwnedLand land("AAABBB");
  land.protect(1, 5, prot::read);
  EXPECT_EQ(land.picture(), "AaabbB");
  land.protect(1, 5, rw);
  EXPECT_EQ(land.picture(), "AAABBB");
  EXPECT_EQ(land.area_count(), 2u);
}

TEST(OwnerTag, mprotect_over_many_joins_only_what_has_one_owner) {
  OwnedLand land("AaAaBbB.Ba");
  EXPECT_EQ(land.area_count(), 9u);
  land.protect(0, 7, rw);
  EXPECT_EQ(land.picture(), "AAAABBB.Ba");
  EXPECT_EQ(land.area_count(), 4u);
}

TEST(OwnerTag, mremap_joins_beside_its_owner_and_stays_apart_beside_another) {
  OwnedLand land("AA..BB..AA");
  EXPECT_TRUE(land.move(8, 2, 2));
  EXPECT_EQ(land.picture(), "AAAABB....");
  EXPECT_EQ(land.area_count(), 2u);
  EXPECT_TRUE(land.move(0, 2, 6));
  EXPECT_EQ(land.picture(), "..AABBAA..");
  EXPECT_EQ(land.area_count(), 3u);
}

TEST(OwnerTag, mremap_over_another_s_area_takes_its_place) {
  OwnedLand land("BBBBB..AAA");
  EXPECT_TRUE(land.move(8, 1, 2));
  EXPECT_EQ(land.picture(), "BBABB..A.A");
}

TEST(OwnerTag, mremap_grows_up_to_another_s_area) {
  OwnedLand land("AA..BB");
  EXPECT_TRUE(
      land.mremap({.address = TestSpace::column(0), .old_length = 0x2000, .new_length = 0x4000}));
  EXPECT_EQ(land.picture(), "AAAABB");
  EXPECT_EQ(land.area_count(), 2u);
}

TEST(OwnerTag, source_that_stays_keeps_its_owner_and_the_copy_has_it) {
  OwnedLand land("AA...B");
  EXPECT_TRUE(land.move(0, 2, 3, remap::dont_unmap));
  EXPECT_EQ(land.picture(), "AA.AAB");
}

TEST(OwnerTag, heap_comes_without_owner_and_does_not_join_one_that_has_got_one) {
  OwnedLand land("A.....B");
  const auto set_break = [&](std::uint64_t column) {
    EXPECT_EQ(land.brk(TestSpace::column(column)), TestSpace::column(column));
  };
  set_break(3);
  set_break(4);
  EXPECT_EQ(land.picture(), "A.??..B");
  ASSERT_NE(land.find_mutable(TestSpace::column(2)), nullptr);
  *land.find_mutable(TestSpace::column(2)) = 'A';
  set_break(5);
  EXPECT_EQ(land.picture(), "A.AA?.B");
  set_break(3);
  EXPECT_EQ(land.picture(), "A.A...B");
}

TEST(OwnerTag, verbs_swallow_what_has_the_same_owner_only) {
  OwnedLand land("A.A.B");
  EXPECT_EQ(land.expand(TestSpace::column(2), columns(2, 5)).error(), Error::invalid);
  EXPECT_EQ(land.picture(), "A.A.B");
  EXPECT_TRUE(land.expand(TestSpace::column(0), columns(0, 3)));
  EXPECT_EQ(land.picture(), "AAA.B");
  EXPECT_TRUE(land.expand(TestSpace::column(0), columns(0, 4))) << "there is nothing to ask about";
  EXPECT_TRUE(land.shrink(TestSpace::column(0), columns(0, 3)));
  EXPECT_EQ(land.picture(), "AAA.B");
  EXPECT_TRUE(land.shrink(TestSpace::column(0), columns(1, 3)));
  EXPECT_EQ(land.picture(), ".AA.B");
  EXPECT_TRUE(land.relocate_down(TestSpace::column(1), 0x1000));
  EXPECT_EQ(land.picture(), "AA..B");
}

TEST(OwnerTag, part_that_is_split_off_can_be_given_to_another) {
  OwnedLand land("AAAA");
  EXPECT_TRUE(land.split(TestSpace::column(2)));
  EXPECT_EQ(land.why(2), JoinVerdict::joined);
  *land.find_mutable(TestSpace::column(2)) = 'B';
  EXPECT_EQ(land.picture(), "AABB");
  EXPECT_EQ(land.why(2), JoinVerdict::data);
  land.protect(2, 4, prot::read);
  land.protect(2, 4, rw);
  EXPECT_EQ(land.picture(), "AABB");
  *land.find_mutable(TestSpace::column(2)) = 'A';
  land.protect(2, 4, prot::read);
  land.protect(2, 4, rw);
  EXPECT_EQ(land.picture(), "AAAA");
}

TEST(OwnerTag, what_keeps_areas_apart_in_linux_is_said_first) {
  const OwnedLand land("AAbbA.B");
  EXPECT_EQ(land.why(2), JoinVerdict::flags);
  EXPECT_EQ(land.why(4), JoinVerdict::flags);
  EXPECT_EQ(land.why(5), JoinVerdict::no_neighbour);
}

TEST(OwnerTag, child_of_a_fork_has_the_owners) {
  OwnedLand land("AABb");
  OwnedLand child("....");
  EXPECT_TRUE(land.fork_into(child));
  EXPECT_EQ(child.picture(), "AABb");
}

TEST(OwnData, is_brought_by_insert_attach_and_special_areas) {
  OwnedLand land(".......");
  Description<OwningHost> area{.start = TestSpace::column(0), .end = TestSpace::column(1)};
  area.flags = rw_flags;
  EXPECT_TRUE(land.insert(area, 'A'));
  EXPECT_TRUE(land.insert_special({.start = TestSpace::column(2),
                                   .length = 0x1000,
                                   .flags = flag::read | flag::may_read,
                                   .data = 'B'}));
  shims::File<OwningHost> segment{.rules = {.segment_bytes = 0x1000}};
  EXPECT_TRUE(
      land.attach_shared({.address = TestSpace::column(4), .segment = &segment, .data = 'C'}));
  EXPECT_EQ(land.picture(), "A.b.C..");
  area.start = TestSpace::column(6);
  area.end = TestSpace::column(7);
  EXPECT_TRUE(land.insert(area));
  EXPECT_EQ(land.picture(), "A.b.C.?");
}

TEST(OwnData, find_mutable_gives_the_data_and_nothing_else) {
  OwnedLand land("A.");
  static_assert(std::is_same_v<decltype(land.find_mutable(0)), Owner*>);
  EXPECT_EQ(land.find_mutable(TestSpace::column(0)), &land.find(TestSpace::column(0))->data);
  EXPECT_EQ(land.find_mutable(TestSpace::column(1)), nullptr);
}

TEST(OwnData, change_that_was_planned_on_other_data_is_busy) {
  OwnedLand land("AA");
  land.protect(0, 1, prot::read);
  {
    auto change = land.plan_mprotect(TestSpace::column(0), 0x1000, rw);
    *land.find_mutable(TestSpace::column(1)) = 'B';
    EXPECT_EQ(change.reserve().error(), Error::busy);
  }
  land.protect(0, 1, rw);
  EXPECT_EQ(land.picture(), "AB");
}

TEST(OwnData, that_is_not_there_was_not_changed_for_a_change_that_was_planned) {
  OwnedLand land("AA.");
  auto change = land.plan_munmap(TestSpace::column(0), 0x1000);
  EXPECT_EQ(land.find_mutable(TestSpace::column(2)), nullptr);
  EXPECT_TRUE(change.complete());
  EXPECT_EQ(land.picture(), ".A.");
}

TEST(OwnDataDeathTest, stays_as_it_is_while_a_change_is_reserved) {
  OwnedLand land("AA");
  auto change = land.plan_munmap(TestSpace::column(0), 0x1000);
  ASSERT_TRUE(change.reserve());
  EXPECT_DEATH((void)land.find_mutable(TestSpace::column(1)), "own data stays as it is while");
  EXPECT_TRUE(change.commit());
  EXPECT_TRUE(change.finish());
}

struct UncheckedOwners : OwnerTag<shims::UserlandOf<UncheckedOwners>, Owner> {};

TEST(OwnData, is_not_to_be_had_while_a_change_is_reserved) {
  AddressSpace<UncheckedOwners> space;
  ASSERT_TRUE(space.mmap({.address = TestSpace::column(0),
                          .length = 0x2000,
                          .protection = rw,
                          .flags = fixed_private}));
  auto change = space.plan_munmap(TestSpace::column(0), 0x1000);
  ASSERT_TRUE(change.reserve());
  EXPECT_EQ(space.find_mutable(TestSpace::column(1)), nullptr);
  EXPECT_TRUE(change.commit());
  EXPECT_TRUE(change.finish());
  EXPECT_NE(space.find_mutable(TestSpace::column(1)), nullptr);
}

TEST(OwnData, of_a_host_without_rules_is_there_where_an_area_is) {
  AddressSpace<shims::Userland> space;
  ASSERT_TRUE(space.mmap({.address = TestSpace::column(0),
                          .length = 0x1000,
                          .protection = rw,
                          .flags = fixed_private}));
  EXPECT_EQ(space.find_mutable(TestSpace::column(0)), &space.find(TestSpace::column(0))->data);
  EXPECT_EQ(space.find_mutable(TestSpace::column(1)), nullptr);
}

/// Its parts do not join again.
struct CarelessCutter : OwnerTag<shims::Checked<shims::UserlandOf<CarelessCutter>>, int> {
  static int split_data(int& from, const DataCut&) noexcept { return from + 1; }
};
/// What joins two need not join each other: no equivalence.
struct NearbyOnly : OwnerTag<shims::Checked<shims::UserlandOf<NearbyOnly>>, int> {
  static bool may_join(const int& low, const int& high) noexcept { return high - low <= 1; }
};

TEST(OwnDataDeathTest, joins_after_a_cut_and_with_all_that_its_neighbours_join) {
  constexpr Range all = columns(0, 3), middle = columns(1, 2);
  AddressSpace<CarelessCutter> cut;
  EXPECT_TRUE(cut.mmap({.address = all.start, .length = all.length(), .flags = fixed_private}));
  EXPECT_DEATH((void)cut.mprotect(middle.start, middle.length(), prot::read),
               "data that was cut may join again");
  AddressSpace<NearbyOnly> joined;
  for (const std::uint64_t column : {0u, 2u}) {
    EXPECT_TRUE(joined.mmap({.address = TestSpace::column(column),
                             .length = 0x1000,
                             .flags = fixed_private,
                             .data = static_cast<int>(column)}));
  }
  EXPECT_DEATH((void)joined.mmap(
                   {.address = middle.start, .length = 0x1000, .flags = fixed_private, .data = 1}),
               "what joins was allowed to join");
}

/// Own data without a say about it.
struct Colouring : shims::UserlandOf<Colouring> {
  using AreaData = int;
};

TEST(OwnData, of_a_host_without_a_say_is_copied_and_keeps_nothing_apart) {
  AddressSpace<Colouring> space;
  const auto map = [&](std::uint64_t first, std::uint64_t upto, int colour) {
    return space.mmap({.address = TestSpace::column(first),
                       .length = (upto - first) << 12,
                       .protection = rw,
                       .flags = fixed_private,
                       .data = colour});
  };
  const auto colour = [&](std::uint64_t column) {
    return space.find(TestSpace::column(column))->data;
  };
  EXPECT_TRUE(map(0, 4, 1));
  EXPECT_EQ(colour(0), 1);
  EXPECT_TRUE(map(4, 6, 2));
  EXPECT_EQ(space.area_count(), 1u);
  EXPECT_EQ(colour(4), 1) << "what joins is dropped";
  EXPECT_TRUE(space.mprotect(TestSpace::column(1), 0x1000, prot::read));
  EXPECT_EQ(colour(0), 1);
  EXPECT_EQ(colour(1), 1);
  EXPECT_EQ(colour(2), 1);
  auto change = space.plan_munmap(TestSpace::column(0), 0x1000);
  *space.find_mutable(TestSpace::column(2)) = 3;
  EXPECT_TRUE(change.complete()) << "nothing was decided by it";
  EXPECT_EQ(colour(5), 3);
}

}  // namespace
}  // namespace vmarea::test
