// SPDX-License-Identifier: MIT
//
// The scenarios of user-land VMA suites that put a new range beside what is there: the profile of
// 6.18 where kernels differ. Positions and states of requests are no part of our design, so their
// assertions are left out; "cloned" is the length of the chain of identities.
#include <fmt/core.h>

#include "support/stage.hpp"

namespace vmarea::test {
namespace {

TEST(MergeNew, range_that_fills_the_hole_between_equal_neighbours_joins_both) {
  Stage stage("A.A");
  ASSERT_TRUE(stage.link(stage.fresh(1, 2)));
  EXPECT_EQ(stage.picture(), "AAA");
  EXPECT_EQ(stage.shape(0), "[0,3)p0");
  EXPECT_EQ(stage.area(0)->flags, rw_flags);
}

/// Which participants have sticky flags.
struct Sticky {
  bool request, a, b, c;
};

/// The seven steps, with the flags of `sticky`. Close hooks on what is not removed do not matter.
class SevenSteps {
 public:
  explicit SevenSteps(const Sticky& sticky) : sticky_(sticky), stage_("AA.A.......A") {
    stick(0, sticky.a);
    stick(3, sticky.b);
    stick(11, sticky.c);
    stage_.area(0)->hooks = &close_hooks;
  }

  void run() {
    const bool request = sticky_.request;
    const bool low = request || sticky_.a || sticky_.b;  // What A has gathered from step two on.
    add(7, 9);
    expect_map("AA.A...AA..A");

    ASSERT_TRUE(stage_.touch(TestSpace::column(3)));
    const AnonIdentity identity = stage_.identity(3);
    add(2, 3);
    expect_survivor(0, "[0,4)p0", "aaaa...AA..A", low);
    EXPECT_EQ(stage_.identity(0), identity) << "taken from what was swallowed";

    add(4, 5);
    expect_survivor(0, "[0,5)p0", "aaaaa..AA..A", low);

    stage_.share_identity(7, 0);
    stage_.area(7)->hooks = &close_hooks;
    add(6, 7);
    expect_survivor(7, "[6,9)p6", "aaaaa.aaa..A", request);

    stage_.area(7)->hooks = nullptr;
    add(5, 6);
    expect_survivor(0, "[0,9)p0", "aaaaaaaaa..A", low);

    stage_.share_identity(11, 0);
    add(10, 11);
    expect_survivor(11, "[a,c)pa", "aaaaaaaaa.aa", request || sticky_.c);

    add(9, 10);
    expect_survivor(0, "[0,c)p0", "aaaaaaaaaaaa", low || sticky_.c);
    EXPECT_EQ(stage_.identity(0), identity);
    EXPECT_EQ(stage_.count_areas(), 1u);
  }

 private:
  void stick(std::uint64_t column, bool wanted) {
    if (wanted) stage_.area(column)->flags |= flag::sticky;
  }
  void add(std::uint64_t first, std::uint64_t upto) {
    const Flags adds = sticky_.request ? flag::sticky : Flags{};
    ASSERT_TRUE(stage_.link(stage_.fresh(first, upto, adds)));
  }
  /// Areas, without the letters' idea of which flags are equal.
  void expect_map(std::string_view wanted) {
    std::string seen;
    for (std::uint64_t column = 0; column < wanted.size(); ++column) {
      const TestArea* area = stage_.area(column);
      seen += area == nullptr ? '.' : area->identity ? 'a' : 'A';
    }
    EXPECT_EQ(seen, wanted);
  }
  void expect_survivor(std::uint64_t column, const char* shape, std::string_view map,
                       bool is_sticky) {
    expect_map(map);
    EXPECT_EQ(stage_.shape(column), shape);
    EXPECT_TRUE(stage_.begun(column)) << shape;
    EXPECT_EQ(stage_.chain(column), 1u) << shape;
    EXPECT_EQ(stage_.sticky(column), is_sticky) << shape;
  }

  Sticky sticky_;
  Stage stage_;
};

TEST(MergeNew, seven_steps_fill_all_holes_whoever_has_sticky_flags) {
  for (unsigned bits = 0; bits < 16; ++bits) {
    SCOPED_TRACE(bits);
    SevenSteps({(bits & 1) != 0, (bits & 2) != 0, (bits & 4) != 0, (bits & 8) != 0}).run();
  }
}

TEST(MergeNew, special_flags_are_these_four) {
  EXPECT_EQ(flag::special, flag::io | flag::dont_expand | flag::page_frames | flag::mixed_map);
}

TEST(MergeNew, range_with_a_special_flag_joins_nobody) {
  for (const Flags special : {flag::io, flag::dont_expand, flag::page_frames, flag::mixed_map}) {
    Stage stage;
    ASSERT_TRUE(stage.insert(stage.fresh(0, 3, special)));
    ASSERT_TRUE(stage.link(stage.fresh(3, 4, special)));
    EXPECT_EQ(stage.shape(0), "[0,3)p0") << special.bits();
    EXPECT_EQ(stage.shape(3), "[3,4)p3") << special.bits();
    EXPECT_FALSE(stage.begun(0));

    ASSERT_TRUE(stage.modify(columns(3, 4), rw_flags | special));
    EXPECT_EQ(stage.count_areas(), 2u) << "an existing range does not join either";
  }
}

TEST(MergeNew, next_with_a_close_hook_is_not_removed_so_only_prev_grows) {
  Stage stage("AAA..AAAA");
  stage.area(5)->hooks = &close_hooks;
  ASSERT_TRUE(stage.link(stage.fresh(3, 5)));
  EXPECT_EQ(stage.picture(), "AAAAA|AAAA");
  EXPECT_FALSE(stage.begun(5));
}

TEST(MergeNew, next_with_a_close_hook_may_grow_alone) {
  Stage stage("...AAAA");
  stage.area(3)->hooks = &close_hooks;
  ASSERT_TRUE(stage.link(stage.fresh(1, 3)));
  EXPECT_EQ(stage.shape(1), "[1,7)p1");
}

TEST(MergeNew, prev_that_grows_keeps_its_close_hook) {
  Stage stage("AA...AA");
  stage.area(0)->hooks = stage.area(5)->hooks = &close_hooks;
  const TestArea* prev = stage.area(0);
  ASSERT_TRUE(stage.link(stage.fresh(2, 5)));
  EXPECT_EQ(stage.picture(), "AAAAA|AA");
  EXPECT_EQ(stage.area(0), prev);
  EXPECT_EQ(stage.area(0)->hooks, &close_hooks);
  EXPECT_TRUE(stage.begun(0));
}

TEST(MergeNew, range_between_different_identities_joins_the_left_one) {
  Stage stage("aaa....aa");
  ASSERT_NE(stage.identity(0), stage.identity(7));
  ASSERT_TRUE(stage.link(stage.fresh(3, 7)));
  EXPECT_EQ(stage.picture(), "aaaaaaa|aa");
  EXPECT_TRUE(stage.begun(0));
  EXPECT_FALSE(stage.begun(7));
}

TEST(MergeNew, range_that_extends_its_area_swallows_an_equal_next) {
  Stage stage("A..A");
  ASSERT_TRUE(stage.link(extension_of(stage.state(), *stage.area(0), 2 << 12)));
  EXPECT_EQ(stage.shape(0), "[0,4)p0");
  EXPECT_TRUE(stage.begun(0));
  EXPECT_EQ(stage.count_areas(), 1u);
}

TEST(MergeNew, extension_that_may_not_join_next_grows_its_area_alone) {
  Stage stage("A..B");
  ASSERT_TRUE(stage.link(extension_of(stage.state(), *stage.area(0), 2 << 12)));
  EXPECT_EQ(stage.picture(), "AAAB");
}

TEST(MergeNew, copy_far_from_everything_is_an_object_of_its_own) {
  Stage stage("...AA");
  const TestArea& source = *stage.area(3);
  ASSERT_TRUE(stage.link(
      copy_of(stage.state(), source, source.start, TestSpace::column(0), source.length())));
  EXPECT_NE(stage.area(0), &source);
  EXPECT_EQ(stage.shape(0), "[0,2)p0");
  EXPECT_TRUE(stage.area(0)->lock.attached);
}

TEST(MergeNew, copy_beside_an_equal_area_joins_it) {
  Stage stage("AA....AA");
  const TestArea* next = stage.area(6);
  const TestArea& source = *stage.area(0);
  ASSERT_TRUE(stage.link(
      copy_of(stage.state(), source, source.start, TestSpace::column(4), source.length())));
  EXPECT_EQ(stage.area(4), next);
  EXPECT_EQ(stage.shape(4), "[4,8)p4");
}

TEST(MergeNew, range_that_joins_prev_only_leaves_next_alone) {
  Stage stage("AA.AA....AA");
  const TestArea* below = stage.area(0);
  ASSERT_TRUE(stage.link({.description = stage.fresh(5, 9), .sides = JoinableSides::prev_only}));
  EXPECT_EQ(stage.picture(), "AA.AAAAAA|AA");
  EXPECT_EQ(stage.shape(3), "[3,9)p3");
  EXPECT_TRUE(stage.begun(3));
  EXPECT_EQ(stage.area(0), below);
  EXPECT_FALSE(stage.begun(0));
  EXPECT_TRUE(stage.area(3)->lock.attached);
}

TEST(MergeNew, four_mappings_of_an_empty_space_answer_where_they_were_asked_for) {
  struct Step {
    std::uint64_t page;
    const char* shapes;  // Of the whole space.
  };
  const Step steps[] = {{0x300, "300-303 "},
                        {0x250, "250-253 300-303 "},
                        {0x303, "250-253 300-306 "},
                        {0x24d, "24d-253 300-306 "}};
  Stage stage;
  for (const Step& step : steps) {
    const Address at = step.page << 12;
    EXPECT_EQ(
        stage.mmap({.address = at, .length = 0x3000, .protection = rw, .flags = fixed_private}),
        Result<Address>(at));
    std::string seen;
    for (const auto& area : stage.space().areas()) {
      seen += fmt::format("{:x}-{:x} ", area.start >> 12, area.end >> 12);
      EXPECT_EQ(area.page_offset, area.start >> 12);
    }
    EXPECT_EQ(seen, step.shapes);
  }
}

}  // namespace
}  // namespace vmarea::test
