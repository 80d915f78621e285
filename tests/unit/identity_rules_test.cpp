// SPDX-License-Identifier: MIT
//
// More of identities (rules 19, 25): what neighbours may differ in and still
// share one on first touch, what a fork keeps of wiped memory and when it is refused, and that
// attributes go with every piece (1.1).
#include "support/stage.hpp"

namespace vmarea::test {
namespace {

/// Two areas of a stage, the upper one touched first; `differ` sets the lower one apart.
template <class Differ>
bool share_when(Differ&& differ) {
  Stage stage("A|A");
  differ(stage, *stage.area(0));
  EXPECT_TRUE(stage.touch(TestSpace::column(1), Touch::forced_write));
  EXPECT_TRUE(stage.touch(TestSpace::column(0), Touch::forced_write));
  const bool share = stage.identity(0) == stage.identity(1);
  stage.area(0)->hooks = nullptr;
  return share;
}

/// Gives the area attributes as its space would: counted.
void give(Stage& stage, TestArea& area, const Attributes& content) {
  area.attributes = stage.host().attributes(content);
  TestServices(stage.host()).retain_attributes(area.attributes);
}

TEST(FirstTouch, name_and_hooks_may_differ_where_an_identity_is_shared) {
  EXPECT_TRUE(share_when([](Stage&, TestArea&) {}));
  EXPECT_TRUE(share_when([](Stage& s, TestArea& a) { give(s, a, {.name = 1}); }));
  EXPECT_TRUE(share_when([](Stage&, TestArea& a) { a.hooks = &close_hooks; }));
  EXPECT_TRUE(share_when([](Stage&, TestArea& a) { a.flags |= flag::sticky; }));
  EXPECT_FALSE(share_when([](Stage& s, TestArea& a) { give(s, a, {.policy = 1}); }));
}

TEST(FirstTouch, no_flag_but_access_and_the_sticky_ones_may_differ) {
  // Those that make memory shared, and that an area without its context must not have.
  constexpr Flags left_out = flag::shared | flag::may_share | flag::userfault | flag::locked |
                             flag::lock_on_fault | flag::account;
  for (unsigned number = 0; number < 64; ++number) {
    const Flags one = flag::bit(number);
    if (one.has_any(left_out | flag::access | flag::sticky)) continue;
    Stage stage;
    TestDescription lower = stage.fresh(0, 1, 'B');
    lower.flags = lower.flags.difference(one);
    ASSERT_TRUE(stage.insert(lower));
    ASSERT_TRUE(stage.insert(stage.fresh(1, 2, 'C')));
    ASSERT_TRUE(stage.touch(TestSpace::column(1), Touch::forced_write));
    ASSERT_TRUE(stage.touch(TestSpace::column(0), Touch::forced_write));
    EXPECT_NE(stage.identity(0), stage.identity(1)) << "bit " << number;
  }
}

/// How many areas have these; the host keeps one reference for itself.
std::int64_t areas_with(const Attributes* content) {
  return static_cast<std::int64_t>(
             static_cast<const shims::InternedContent*>(content)->references) -
         1;
}

TEST(Attributes, go_with_every_piece_and_are_counted) {
  Stage stage("PPPP....");
  const Attributes* policy = stage.host().attributes({.policy = 1});
  EXPECT_EQ(areas_with(policy), 1);
  ASSERT_TRUE(stage.mprotect(columns(1, 2), prot::read));
  EXPECT_EQ(areas_with(policy), 3) << "a split copies";
  for (const std::uint64_t column : {0u, 1u, 2u}) {
    EXPECT_EQ(stage.area(column)->attributes, policy);
  }
  ASSERT_TRUE(stage.mprotect(columns(1, 2), rw));
  EXPECT_EQ(areas_with(policy), 1) << "a merge drops";
  ASSERT_TRUE(stage.move(2, 2, 6));
  EXPECT_EQ(stage.area(6)->attributes, policy);
  EXPECT_EQ(areas_with(policy), 2);
  {
    const auto child = stage.fork();
    EXPECT_EQ(child->area(0)->attributes, policy);
    EXPECT_EQ(areas_with(policy), 4);
  }
  ASSERT_TRUE(stage.munmap(columns(0, 8)));
  EXPECT_EQ(areas_with(policy), 0);
}

TEST(Attributes, of_a_part_that_changes_cut_it_off_and_join_it_again) {
  Stage stage("AAAA");
  const Attributes* name = stage.host().attributes({.name = 7});
  const auto rename = [&](std::uint64_t first, std::uint64_t upto, const Attributes* to) {
    return stage.plan_and_commit([&](const TestSpaceState& s) {
      const TestArea& area = *find_area(s, TestSpace::column(first));
      return plan_modify(s, area, columns(first, upto), {area.flags, to});
    });
  };
  ASSERT_TRUE(rename(1, 3, name));
  EXPECT_EQ(stage.shape(1), "[1,3)p1");
  EXPECT_EQ(stage.area(1)->attributes, name);
  EXPECT_EQ(stage.count_areas(), 3u);
  ASSERT_TRUE(rename(3, 4, name));
  EXPECT_EQ(stage.shape(1), "[1,4)p1") << "equal names join";
  ASSERT_TRUE(rename(1, 4, nullptr));
  EXPECT_EQ(stage.picture(), "AAAA");
  EXPECT_EQ(areas_with(name), 0);
}

TEST(Fork, wiped_memory_keeps_charge_flags_and_attributes) {
  Stage parent("pp");
  ASSERT_TRUE(parent.madvise(columns(0, 2), Advice::wipe_on_fork));
  const PageCount charged = parent.host().charged;
  const auto child = parent.fork();
  EXPECT_EQ(child->area(0)->flags, parent.area(0)->flags);
  EXPECT_EQ(child->area(0)->attributes, parent.area(0)->attributes);
  EXPECT_EQ(parent.host().charged, 2 * charged);
  EXPECT_FALSE(child->area(0)->identity);
}

TEST(Fork, whose_child_cannot_be_locked_is_interrupted) {
  for (const std::uint64_t which : {1u, 2u}) {
    Stage parent("aaBB");
    parent.host().faults.kinds = kind_bit(shims::Resource::space_lock);
    parent.host().faults.fail(which);
    Error error = Error::none;
    EXPECT_EQ(parent.fork(&error), nullptr);
    EXPECT_EQ(error, Error::interrupted);
    parent.host().faults.fail(0);
    EXPECT_NE(parent.fork(), nullptr);
  }
}

TEST(Fork, counters_are_those_of_what_was_copied) {
  Stage parent("AABBDDKKSS");
  ASSERT_TRUE(parent.madvise(columns(0, 1), Advice::dont_fork));
  ASSERT_TRUE(parent.madvise(columns(4, 5), Advice::dont_fork));
  ASSERT_TRUE(parent.madvise(columns(6, 7), Advice::dont_fork));
  const auto child = parent.fork();
  EXPECT_EQ(child->space().totals(), (PageTotals{.total = 7, .data = 1, .exec = 1, .stack = 1}));
}

TEST(Fork, file_mappings_of_the_child_count_as_its_own) {
  Stage parent("HH.SS");
  const TestFile* file = parent.legend.at('S').file;
  {
    const auto child = parent.fork();
    EXPECT_EQ(parent.legend.at('H').file->references, 2u);
    EXPECT_EQ(file->mapping->writable_count, 2u);
  }
  EXPECT_EQ(parent.legend.at('H').file->references, 1u);
  EXPECT_EQ(file->mapping->writable_count, 1u);
}

}  // namespace
}  // namespace vmarea::test
