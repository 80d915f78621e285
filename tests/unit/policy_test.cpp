// SPDX-License-Identifier: MIT
//
// mbind and set_mempolicy_home_node: what changes, what joins, what is refused. Letters are
// policies here: A the default, P policy 1, Q policy 2, R policy 2 with home node 3.
#include "support/stage.hpp"

namespace vmarea::test {
namespace {

constexpr MemoryPolicy bound = 1;          // Has no home node.
constexpr MemoryPolicy preferred = 2;      // May have one.
constexpr MemoryPolicy preferred_at = 10;  // + node.

Result<MemoryPolicy> policy_at(MemoryPolicy policy, std::uint64_t node) noexcept {
  if (policy == bound) return Error::not_supported;
  return preferred_at + node;
}
constexpr HomeNode node_3{policy_at, 3};

struct Policies : Stage {
  Policies() {
    legend['Q'] = {.attributes = host().attributes({.policy = preferred})};
    legend['R'] = {.attributes = host().attributes({.policy = preferred_at + 3})};
    legend['G'] = {.protection = prot::read, .attributes = host().attributes({.policy = bound})};
  }
  explicit Policies(std::string_view picture) : Policies() { build(picture); }
};

TEST(Mbind, part_of_an_area_is_cut_out_and_joins_again) {
  Policies stage("AAAAAAAA");
  EXPECT_TRUE(stage.mbind(columns(2, 6), bound));
  EXPECT_EQ(stage.picture(), "AAPPPPAA");
  EXPECT_TRUE(stage.mbind(columns(0, 8), bound));
  EXPECT_EQ(stage.picture(), "PPPPPPPP");
  EXPECT_TRUE(stage.mbind(columns(2, 4), 0));
  EXPECT_EQ(stage.picture(), "PPAAPPPP");
  EXPECT_TRUE(stage.mbind(columns(0, 8), 0));
  EXPECT_EQ(stage.picture(), "AAAAAAAA");
}

TEST(Mbind, equal_policy_cuts_nothing) {
  Policies stage("PPPP....AAAA");
  EXPECT_TRUE(stage.mbind(columns(1, 3), bound));
  EXPECT_TRUE(stage.mbind(columns(9, 11), 0));
  EXPECT_EQ(stage.picture(), "PPPP....AAAA");
}

TEST(Mbind, areas_of_other_flags_take_the_policy_and_stay_apart) {
  Policies stage("AAABBBXX");
  EXPECT_TRUE(stage.mbind(columns(1, 8), bound));
  EXPECT_EQ(stage.picture(), "APPGGGZZ");
  EXPECT_EQ(stage.area(7)->attributes->policy, bound);
}

TEST(Mbind, new_memory_between_bound_areas_joins_when_it_is_bound) {
  Policies stage("PP..PP");
  EXPECT_TRUE(stage.map_fixed(2, 4));
  EXPECT_EQ(stage.picture(), "PPAAPP");
  EXPECT_TRUE(stage.mbind(columns(2, 4), bound));
  EXPECT_EQ(stage.picture(), "PPPPPP");
}

TEST(Mbind, joining_the_left_goes_on_with_the_next_area) {
  Policies stage("PPAAQQAA");
  EXPECT_TRUE(stage.mbind(columns(2, 8), bound));
  EXPECT_EQ(stage.picture(), "PPPPPPPP");
}

TEST(Mbind, a_hole_refuses_and_changes_nothing) {
  for (const Range range : {columns(0, 8), columns(4, 6), columns(3, 9), columns(6, 12)}) {
    Policies stage("AAAA..AAAA");
    EXPECT_EQ(stage.mbind(range, bound).code(), Error::bad_address);
    EXPECT_EQ(stage.picture(), "AAAA..AAAA");
  }
}

TEST(Mbind, default_policy_leaves_holes_alone) {
  Policies stage("..PPPP..QQQQ..");
  EXPECT_TRUE(stage.mbind(columns(0, 14), 0));
  EXPECT_EQ(stage.picture(), "..AAAA..AAAA..");
  EXPECT_EQ(stage.mbind(columns(6, 8), 0).code(), Error::bad_address);
  EXPECT_EQ(stage.mbind(columns(13, 20), 0).code(), Error::bad_address);
}

TEST(Mbind, arguments) {
  Policies stage("AAAA");
  const Address at = TestSpace::column(0);
  AddressSpace<TestServices>& space = stage.space();
  EXPECT_EQ(space.mbind(at + 1, 0x1000, bound).code(), Error::invalid);
  EXPECT_EQ(space.mbind(at + 1, 0, bound).code(), Error::invalid);
  EXPECT_EQ(space.mbind(at, ~std::uint64_t{0x1fff}, bound).code(), Error::invalid);
  EXPECT_EQ(space.mbind(at, std::uint64_t{0} - 0x1000 - at, bound).code(), Error::bad_address);
  EXPECT_TRUE(space.mbind(at, 0, bound));
  EXPECT_TRUE(space.mbind(at, ~std::uint64_t{0}, bound));  // Rounds to 0.
  EXPECT_EQ(stage.picture(), "AAAA");
  EXPECT_TRUE(space.mbind(at, 1, bound));
  EXPECT_EQ(stage.picture(), "PAAA");
}

TEST(Mbind, a_driver_may_refuse_the_cut) {
  Policies stage;
  TestDescription special = stage.fresh(0, 4);
  special.hooks = &unsplittable_hooks;
  ASSERT_TRUE(stage.insert(special));
  EXPECT_EQ(stage.mbind(columns(0, 2), bound).code(), Error::invalid);
  EXPECT_EQ(stage.count_areas(), 1u);
  EXPECT_TRUE(stage.mbind(columns(0, 4), bound));
}

TEST(Mbind, second_cut_past_the_map_count_leaves_the_first) {
  Policies stage("AAAAAAAA.B");
  stage.host().limits.area_count_max = 3;
  EXPECT_EQ(stage.mbind(columns(2, 6), bound).code(), Error::no_memory);
  EXPECT_EQ(stage.picture(), "AA|AAAAAA.B");
}

TEST(Mbind, fork_and_mremap_keep_the_policy) {
  Policies stage("PPPP..PP");
  const auto child = stage.fork();
  EXPECT_EQ(child->picture(), "PPPP..PP");
  EXPECT_TRUE(stage.move(6, 2, 4));
  EXPECT_EQ(stage.picture(), "PPPPPP..");
}

TEST(HomeNode, changes_what_has_a_policy_and_skips_the_rest) {
  Policies stage("AAQQQQ..AAQQ");
  EXPECT_TRUE(stage.set_home_node(columns(3, 11), node_3));
  EXPECT_EQ(stage.picture(), "AAQRRR..AARQ");
  EXPECT_TRUE(stage.set_home_node(columns(0, 12), node_3));
  EXPECT_EQ(stage.picture(), "AARRRR..AARR");
  EXPECT_TRUE(stage.set_home_node(columns(3, 4), node_3));  // The same home cuts nothing.
  EXPECT_EQ(stage.picture(), "AARRRR..AARR");
}

Result<MemoryPolicy> preferred_only(MemoryPolicy policy, std::uint64_t node) noexcept {
  return policy == preferred ? Result<MemoryPolicy>(preferred_at + node) : Error::not_supported;
}

TEST(HomeNode, memory_of_the_default_policy_is_not_asked_about) {
  Policies stage("AAQQAA");
  EXPECT_TRUE(stage.set_home_node(columns(0, 6), {preferred_only, 3}));
  EXPECT_EQ(stage.picture(), "AARRAA");
}

TEST(HomeNode, nothing_with_a_policy_is_no_entry) {
  Policies stage("AA..QQ");
  EXPECT_EQ(stage.set_home_node(columns(0, 4), node_3).code(), Error::no_entry);
  EXPECT_EQ(stage.set_home_node(columns(2, 4), node_3).code(), Error::no_entry);
}

TEST(HomeNode, policy_without_one_stops_after_the_areas_before_it) {
  Policies stage("QQPPQQ");
  EXPECT_EQ(stage.set_home_node(columns(0, 6), node_3).code(), Error::not_supported);
  EXPECT_EQ(stage.picture(), "RRPPQQ");
  stage.host().profile.partial_effects = PartialEffects::all_or_nothing;
  EXPECT_EQ(stage.set_home_node(columns(2, 6), node_3).code(), Error::not_supported);
  EXPECT_EQ(stage.picture(), "RRPPQQ");
}

TEST(HomeNode, arguments) {
  Policies stage("QQ");
  const Address at = TestSpace::column(0);
  AddressSpace<TestServices>& space = stage.space();
  EXPECT_EQ(space.set_home_node(at + 1, 0x1000, node_3).code(), Error::invalid);
  EXPECT_EQ(space.set_home_node(at, ~std::uint64_t{0x1fff}, node_3).code(), Error::invalid);
  EXPECT_TRUE(space.set_home_node(at, 0, node_3));
  EXPECT_TRUE(space.set_home_node(at, ~std::uint64_t{0}, node_3));
  EXPECT_EQ(stage.picture(), "QQ");
  EXPECT_TRUE(space.set_home_node(at, 1, node_3));
  EXPECT_EQ(stage.picture(), "RQ");
}

}  // namespace
}  // namespace vmarea::test
