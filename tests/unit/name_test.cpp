// SPDX-License-Identifier: MIT
//
// Names of anonymous memory: what may have one, what joins, what a call leaves when it stops.
// M is memory of name 1, N of name 2.
#include "support/stage.hpp"

namespace vmarea::test {
namespace {

struct Names : Stage {
  Names() {
    legend['M'] = {.attributes = host().attributes({.name = 1})};
    legend['N'] = {.attributes = host().attributes({.name = 2})};
  }
  explicit Names(std::string_view picture) : Names() { build(picture); }
};

TEST(Name, part_of_an_area_is_cut_out_and_joins_again) {
  Names stage("AAAAAA");
  EXPECT_TRUE(stage.set_name(columns(2, 4), 1));
  EXPECT_EQ(stage.picture(), "AAMMAA");
  EXPECT_TRUE(stage.set_name(columns(3, 6), 2));
  EXPECT_EQ(stage.picture(), "AAMNNN");
  EXPECT_TRUE(stage.set_name(columns(2, 6), 0));
  EXPECT_EQ(stage.picture(), "AAAAAA");
}

TEST(Name, same_name_cuts_nothing) {
  Names stage("MMMM");
  EXPECT_TRUE(stage.set_name(columns(1, 3), 1));
  EXPECT_EQ(stage.picture(), "MMMM");
}

TEST(Name, keeps_the_policy) {
  Names stage("PPPP");
  EXPECT_TRUE(stage.set_name(columns(0, 4), 1));
  EXPECT_EQ(*stage.area(0)->attributes, (Attributes{.policy = 1, .name = 1}));
  EXPECT_TRUE(stage.set_name(columns(0, 4), 0));
  EXPECT_EQ(stage.picture(), "PPPP");
}

TEST(Name, areas_beyond_a_hole_are_named_and_the_answer_is_no_memory) {
  Names stage("AAA..AAA");
  EXPECT_EQ(stage.set_name(columns(1, 7), 1).code(), Error::no_memory);
  EXPECT_EQ(stage.picture(), "AMM..MMA");
  EXPECT_EQ(stage.set_name(columns(3, 5), 1).code(), Error::no_memory);
}

TEST(Name, memory_of_a_file_is_refused_and_stops_the_call) {
  for (const char file : {'F', 'S'}) {
    Names stage("AA......AA");
    ASSERT_TRUE(stage.insert(stage.fresh(2, 6, file)));
    EXPECT_EQ(stage.set_name(columns(0, 10), 1).code(), Error::bad_file);
    EXPECT_EQ(stage.picture().substr(0, 2), "MM");
    EXPECT_EQ(stage.picture().substr(8, 2), "AA");
  }
}

TEST(Name, shared_memory_of_mmap_has_names_and_a_memfd_has_none) {
  Names stage;
  ASSERT_TRUE(stage.mmap({.address = TestSpace::column(0),
                          .length = 0x4000,
                          .protection = rw,
                          .flags = map::shared | map::anonymous | map::fixed}));
  EXPECT_TRUE(stage.set_name(columns(1, 2), 1));
  EXPECT_EQ(stage.count_areas(), 3u);
  EXPECT_EQ(stage.area(1)->attributes->name, 1u);
  TestFile* memfd = stage.host().make_file({.storage = Storage::memory});
  ASSERT_TRUE(stage.mmap({.address = TestSpace::column(4),
                          .length = 0x1000,
                          .protection = rw,
                          .flags = map::shared | map::fixed,
                          .file = memfd}));
  EXPECT_EQ(stage.set_name(columns(4, 5), 1).code(), Error::bad_file);
}

TEST(Name, map_count_is_answered_with_try_again) {
  Names stage("AAAA");
  stage.host().limits.area_count_max = 1;
  EXPECT_EQ(stage.set_name(columns(1, 2), 1).code(), Error::try_again);
  EXPECT_TRUE(stage.set_name(columns(0, 4), 1));
  EXPECT_EQ(stage.picture(), "MMMM");
}

TEST(Name, arguments) {
  Names stage("AAAA");
  const Address at = TestSpace::column(0);
  AddressSpace<TestServices>& space = stage.space();
  EXPECT_EQ(space.set_name(at + 1, 0x1000, 1).code(), Error::invalid);
  EXPECT_EQ(space.set_name(at, ~std::uint64_t{0}, 1).code(), Error::invalid);
  EXPECT_EQ(space.set_name(at, ~std::uint64_t{0x1fff}, 1).code(), Error::invalid);
  EXPECT_TRUE(space.set_name(at, 0, 1));
  EXPECT_EQ(stage.picture(), "AAAA");
  EXPECT_TRUE(space.set_name(at, 1, 1));
  EXPECT_EQ(stage.picture(), "MAAA");
}

TEST(Name, touched_memory_of_another_name_shares_its_identity) {
  Names stage("aaMM");
  EXPECT_TRUE(stage.touch(TestSpace::column(2)));
  EXPECT_EQ(stage.identity(2), stage.identity(0));
  EXPECT_TRUE(stage.set_name(columns(2, 4), 0));
  EXPECT_EQ(stage.picture(), "aaaa");
}

TEST(Name, that_lacks_memory_for_a_later_area_leaves_the_first_as_it_was) {
  Names stage("AP");
  stage.host().faults.kinds = kind_bit(shims::Resource::attributes);
  stage.host().faults.fail(2);
  EXPECT_FALSE(stage.set_name(columns(0, 2), 3));
  EXPECT_EQ(stage.host().faults.failures, 1u);
  EXPECT_EQ(stage.picture(), "AP");
  stage.host().faults.fail(0);
  EXPECT_TRUE(stage.set_name(columns(0, 2), 3));
}

}  // namespace
}  // namespace vmarea::test
