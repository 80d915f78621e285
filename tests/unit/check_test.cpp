// SPDX-License-Identifier: MIT
//
// The checker of a space sees each invariant of its list broken (rules 28): one
// thing is broken at a time, told by its number, and mended again.
#include "unit/land.hpp"

namespace vmarea::test {
namespace {

constexpr Attributes context{.userfault_context = 1};

/// The number of the invariant that is broken while `value` is `broken`.
template <class T>
int seen(Stage& stage, T& value, T broken) {
  const T was = std::exchange(value, broken);
  const Broken found = vmarea::check(stage.state());
  EXPECT_EQ(found.number == 0, found.what == nullptr);
  value = was;
  stage.check();
  return found.number;
}

TEST(Check, finds_nothing_in_a_space_of_all_kinds) {
  Stage stage("AaBBCCDDEEFfSSHHLlKkOOXXPP");
  EXPECT_EQ(vmarea::check(stage.state()).number, 0);
  EXPECT_EQ(vmarea::check(Stage().state()).number, 0);
}

TEST(Check, sees_each_broken_invariant_by_its_number) {
  Stage stage("AA.BB.ss.LL");
  SpaceState<TestServices>& state = stage.state();
  TestArea& area = *stage.area(0);
  TestArea& next = *stage.area(3);
  TestArea& shared = *stage.area(6);
  TestArea& locked = *stage.area(9);

  EXPECT_EQ(seen<Address>(stage, area.start, area.start + 1), 1) << "misaligned";
  EXPECT_EQ(seen<Address>(stage, area.end, area.start), 1) << "empty";
  EXPECT_EQ(seen<Address>(stage, next.start, TestSpace::column(1)), 1) << "overlap";
  EXPECT_EQ(seen<Address>(stage, locked.end, state.services.geometry().limit + 0x1000), 1);
  EXPECT_EQ(seen<Address>(stage, area.end, TestSpace::column(1)), 2) << "the tree's key";
  EXPECT_EQ(seen<Address>(stage, area.start, TestSpace::column(1)), 2);
  EXPECT_EQ(seen<std::uint64_t>(stage, state.area_count, 3), 2);
  EXPECT_EQ(seen<std::int64_t>(stage, state.totals.total, 0), 3);
  EXPECT_EQ(seen<std::int64_t>(stage, state.totals.data, 5), 3);
  EXPECT_EQ(seen<std::int64_t>(stage, state.totals.exec, 1), 3);
  EXPECT_EQ(seen<std::int64_t>(stage, state.totals.stack, 1), 3);
  EXPECT_EQ(seen<std::int64_t>(stage, state.totals.locked, 0), 3);
  EXPECT_EQ(seen<PageCount>(stage, state.charged, 5), 4);
  EXPECT_EQ(seen(stage, shared.identity, AnonIdentity::of(2)), 5);
  EXPECT_EQ(seen(stage, area.flags, area.flags | flag::userfault_missing), 6);
  EXPECT_EQ(seen<const Attributes*>(stage, area.attributes, &context), 6);
  EXPECT_EQ(seen(stage, locked.flags, locked.flags | flag::dont_expand), 7);
  EXPECT_EQ(seen(stage, locked.flags, locked.flags | flag::droppable), 7);
  EXPECT_EQ(seen(stage, area.flags, area.flags | flag::lock_on_fault), 7);
  EXPECT_EQ(seen<const AreaHooks<TestServices>*>(stage, shared.hooks, nullptr), 8);
}

TEST(Check, within_a_range_sees_what_is_there_and_nothing_above) {
  Stage stage("AABBCC");
  TestArea& area = *stage.area(2);
  area.flags |= flag::lock_on_fault;
  EXPECT_EQ(check_within(stage.state(), columns(0, 2)).number, 0) << "it begins where that ends";
  EXPECT_EQ(check_within(stage.state(), columns(0, 3)).number, 7);
  EXPECT_EQ(check_within(stage.state(), columns(3, 4)).number, 7);
  EXPECT_EQ(check_within(stage.state(), columns(4, 6)).number, 0);
  area.flags = area.flags.without(flag::lock_on_fault);
  EXPECT_EQ(check_within(stage.state(), columns(0, 6)).number, 0);
}

TEST(Check, within_a_range_compares_areas_with_their_keys) {
  Stage stage("AABB");
  TestArea& area = *stage.area(2);
  area.start = TestSpace::column(3);
  EXPECT_EQ(check_within(stage.state(), columns(0, 4)).number, 2);
  area.start = TestSpace::column(2);
  area.end = TestSpace::column(3);
  EXPECT_EQ(check_within(stage.state(), columns(0, 4)).number, 2);
  area.end = TestSpace::column(4);
  EXPECT_EQ(check_within(stage.state(), columns(0, 4)).number, 0);
}

TEST(Check, identity_that_was_never_given_is_seen_where_identities_are_numbers) {
  Land<shims::Userland> land("AAAA");
  ASSERT_TRUE(land.touch(TestSpace::column(0), Touch::write));
  Area<shims::Userland>& area = *find_object(land.state(), TestSpace::column(0));
  const AnonIdentity was = area.identity;
  area.identity = AnonIdentity::of(was.value() + 2);
  EXPECT_EQ(vmarea::check(land).number, 5);
  area.identity = was;
  EXPECT_EQ(vmarea::check(land).number, 0);
}

/// A tree that counts wrong while it is told to.
template <class Plain>
struct MiscountingTree : Plain {
  using Plain::Plain;
  static inline std::size_t more = 0;
  std::size_t size() const noexcept { return Plain::size() + more; }
};
struct Miscounting : shims::UserlandOf<Miscounting> {
  using Base = shims::UserlandOf<Miscounting>;
  template <class AreaType>
  using Tree = MiscountingTree<Base::Tree<AreaType>>;
  template <class AreaType>
  Tree<AreaType> make_tree() const {
    return Tree<AreaType>{this->nodes()};
  }
};

TEST(Check, counts_areas_as_the_tree_does) {
  Land<Miscounting> land("AAB");
  std::size_t& more = MiscountingTree<Miscounting::Base::Tree<Area<Miscounting>>>::more;
  EXPECT_EQ(vmarea::check(land).number, 0);
  more = 1;
  EXPECT_EQ(vmarea::check(land).number, 2);
  more = 0;
}

}  // namespace
}  // namespace vmarea::test
