// SPDX-License-Identifier: MIT
//
// The scenarios of user-land VMA suites that change an existing range so that it becomes like its
// neighbours. What would not merge is cut off instead: our verb is the whole of modify.
#include <fmt/core.h>

#include "support/stage.hpp"

namespace vmarea::test {
namespace {

TEST(ModifyExisting, part_in_the_middle_stays_on_its_object_between_two_new_ones) {
  Stage stage("AAA");
  const TestArea* whole = stage.area(0);
  ASSERT_TRUE(stage.modify(columns(1, 2), flag::read | flag::may_access));
  EXPECT_EQ(stage.picture(), "ABA");
  EXPECT_EQ(stage.area(1), whole);
  EXPECT_EQ(stage.shape(0), "[0,1)p0");
  EXPECT_EQ(stage.shape(1), "[1,2)p1");
  EXPECT_EQ(stage.shape(2), "[2,3)p2");
  for (std::uint64_t column : {0u, 1u, 2u}) {
    ASSERT_TRUE(stage.munmap(columns(column, column + 1)));
    EXPECT_EQ(stage.area(column), nullptr);
  }
}

TEST(ModifyExisting, part_that_joins_nobody_is_cut_off_even_with_equal_flags) {
  Stage stage("AAA");
  ASSERT_TRUE(stage.modify(columns(1, 2), rw_flags));
  EXPECT_EQ(stage.picture(), "A|A|A");
}

/// P prev, V the modified area, N next; a star: with a close hook.
struct CloseCase {
  const char* name;
  const char* before;
  std::uint64_t with_close;  // The column of the area that has a close hook.
  Range modified;
  const char* after;
};

TEST(ModifyExisting, area_with_a_close_hook_is_never_removed) {
  const CloseCase cases[] = {
      {"P V*", "AAA|AA", 3, columns(3, 5), "AAA|AA"},
      {"V* N", "...AA|AAAA", 3, columns(3, 5), "...AA|AAAA"},
      {"P V* N", "AAA|AA|AAAA", 3, columns(3, 5), "AAA|AA|AAAA"},
      {"P V N*: left only", "AAA|AA|AAAA", 5, columns(3, 5), "AAAAA|AAAA"},
  };
  for (const CloseCase& c : cases) {
    SCOPED_TRACE(c.name);
    Stage stage(c.before);
    TestArea* kept = stage.area(c.with_close);
    kept->hooks = &close_hooks;
    EXPECT_TRUE(stage.modify(c.modified, rw_flags)) << "not to merge is no lack of memory";
    EXPECT_EQ(stage.picture(), c.after);
    EXPECT_EQ(stage.area(c.with_close), kept);
  }
}

constexpr std::uint64_t none = 99;

/// P prev, V the touched area that is modified, N next.
struct ExistingCase {
  const char* name;
  const char* before;
  const char* closers;  // Those of P, V, N that have a close hook: it must not matter.
  Range modified;
  std::uint64_t p, v, n;  // Columns; none: not there.
  char survivor;
  const char* shape;
  std::uint64_t rest;  // Column of what is left of V.
};

/// `sticky`: those of P, V, N that have sticky flags.
void run(const ExistingCase& c, std::string_view sticky) {
  Stage stage(c.before);
  const auto column_of = [&](char who) { return who == 'P' ? c.p : who == 'V' ? c.v : c.n; };
  const std::string_view all = "PVN", closers = c.closers;
  bool is_sticky = false;
  for (const char who : all) {
    if (column_of(who) == none) continue;
    TestArea& area = *stage.area(column_of(who));
    if (closers.find(who) != closers.npos) area.hooks = &close_hooks;
    if (sticky.find(who) == sticky.npos) continue;
    area.flags |= flag::sticky;
    is_sticky = true;
  }
  const TestArea* survivor = stage.area(column_of(c.survivor));
  const AnonIdentity identity = stage.identity(c.v);
  ASSERT_TRUE(stage.modify(c.modified, stage.area(c.v)->flags));

  const std::uint64_t at = (c.modified.start - TestSpace::base) >> 12;
  EXPECT_EQ(stage.area(at), survivor);
  EXPECT_EQ(stage.shape(at), c.shape);
  EXPECT_EQ(stage.identity(at), identity);
  EXPECT_EQ(stage.chain(at), 1u);
  EXPECT_TRUE(stage.begun(at));
  EXPECT_EQ(stage.sticky(at), is_sticky);
  EXPECT_EQ(stage.count_areas(), c.rest == none ? 1u : 2u);
  if (c.rest == none) return;
  EXPECT_TRUE(stage.begun(c.rest));
  EXPECT_EQ(stage.identity(c.rest), identity) << "what is left keeps its own";
}

TEST(ModifyExisting, five_merges_whoever_has_sticky_flags) {
  const ExistingCase cases[] = {
      {"right, partial", "..aaaa|AAA", "VN", columns(3, 6), none, 2, 6, 'N', "[3,9)p3", 2},
      {"right, full", "..aaaa|AAA", "N", columns(2, 6), none, 2, 6, 'N', "[2,9)p2", none},
      {"left, partial", "AAA|aaaa", "PV", columns(3, 6), 0, 3, none, 'P', "[0,6)p0", 6},
      {"left, full", "AAA|aaaa", "P", columns(3, 7), 0, 3, none, 'P', "[0,7)p0", none},
      {"both", "AAA|aaaa|AA", "P", columns(3, 7), 0, 3, 7, 'P', "[0,9)p0", none},
  };
  for (const ExistingCase& c : cases) {
    for (const char* sticky : {"", "P", "V", "N", "PV", "PN", "VN", "PVN"}) {
      SCOPED_TRACE(fmt::format("{}, sticky {}", c.name, sticky));
      run(c, sticky);
    }
  }
}

TEST(ModifyExisting, part_that_touches_no_edge_joins_nobody) {
  struct Case {
    Range part;
    const char* after;
  };
  const Case cases[] = {{columns(4, 5), "AAA|a|a|aaa|AA"},
                        {columns(5, 6), "AAA|aa|a|aa|AA"},
                        {columns(6, 7), "AAA|aaa|a|a|AA"},
                        {columns(4, 7), "AAA|a|aaa|a|AA"},
                        {columns(4, 6), "AAA|a|aa|aa|AA"}};
  for (const Case& c : cases) {
    Stage stage("AAA|aaaaa|AA");
    ASSERT_TRUE(stage.modify(c.part, rw_flags));
    EXPECT_EQ(stage.picture(), c.after);
    EXPECT_FALSE(stage.begun(0));
    EXPECT_FALSE(stage.begun(8));
  }
}

TEST(ModifyExisting, area_between_different_identities_joins_the_left_one) {
  Stage stage("aaa|AAAA|aa");
  ASSERT_TRUE(stage.modify(columns(3, 7), rw_flags));
  EXPECT_EQ(stage.picture(), "aaaaaaa|aa");
  EXPECT_TRUE(stage.begun(0));
  EXPECT_FALSE(stage.begun(7));
}

/// Who hands its identity to the survivor.
struct IdentityCase {
  const char* name;
  const char* before;
  Range modified;
  std::uint64_t giver;     // A column of the area that has an identity.
  std::uint64_t survivor;  // A column.
  const char* shape;
};

TEST(ModifyExisting, survivor_without_an_identity_takes_the_one_there_is) {
  const IdentityCase cases[] = {
      {"from next", "AAA|AA|aaa", columns(3, 5), 5, 0, "[0,8)p0"},
      {"from the middle", "AAA|aa|AAA", columns(3, 5), 3, 0, "[0,8)p0"},
      {"from a middle that stays", "AAA|aaaaa", columns(3, 5), 7, 0, "[0,5)p0"},
      {"to next", "aaaaa|AAA", columns(3, 5), 0, 5, "[3,8)p3"},
  };
  for (const IdentityCase& c : cases) {
    SCOPED_TRACE(c.name);
    Stage stage(c.before);
    const AnonIdentity identity = stage.identity(c.giver);
    const TestArea* survivor = stage.area(c.survivor);
    ASSERT_TRUE(stage.modify(c.modified, rw_flags));
    EXPECT_EQ(stage.area(c.survivor), survivor);
    EXPECT_EQ(stage.shape(c.survivor), c.shape);
    EXPECT_EQ(stage.identity(c.survivor), identity);
    EXPECT_EQ(stage.chain(c.survivor), 1u) << "linked once";
  }
}

TEST(ModifyExisting, expansion_takes_the_identity_of_the_area_it_swallows) {
  Stage stage("AAA|aa");
  const AnonIdentity identity = stage.identity(3);
  ASSERT_TRUE(stage.expand(0, columns(0, 5), stage.area(3)));
  EXPECT_EQ(stage.picture(), "aaaaa");
  EXPECT_EQ(stage.identity(0), identity);
  EXPECT_EQ(stage.chain(0), 1u);
}

// A merge never makes our tree grow, so no tree node can be lacking: it is a link that is.
TEST(ModifyExisting, merge_without_memory_for_the_identity_changes_nothing) {
  Stage stage("AAA|aa");
  const std::int64_t links = stage.host().links.live;
  stage.host().faults.kinds = kind_bit(shims::Resource::link);
  stage.host().faults.fail(1);
  EXPECT_EQ(stage.modify(columns(3, 5), rw_flags).code(), Error::no_memory);
  EXPECT_EQ(stage.host().faults.failures, 1u);
  EXPECT_EQ(stage.picture(), "AAA|aa");
  EXPECT_EQ(stage.host().links.live, links);
  EXPECT_TRUE(stage.modify(columns(3, 5), rw_flags));
  EXPECT_EQ(stage.picture(), "aaaaa");
}

TEST(ModifyExisting, expansion_without_memory_for_the_identity_changes_nothing) {
  Stage stage("AAA|aa");
  stage.host().faults.kinds = kind_bit(shims::Resource::link);
  stage.host().faults.fail(1, shims::FaultCount::for_ever);
  EXPECT_EQ(stage.expand(0, columns(0, 5), stage.area(3)).code(), Error::no_memory);
  EXPECT_EQ(stage.picture(), "AAA|aa");
}

}  // namespace
}  // namespace vmarea::test
