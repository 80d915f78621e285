// SPDX-License-Identifier: MIT
//
// Interned attributes: one pointer for one content, nothing left of changes that were dropped, and
// what is left without a context always at hand.
#include <type_traits>

#include <vmarea_shims/userland.hpp>

#include "unit/userfault_stage.hpp"

namespace vmarea::test {
namespace {

using shims::FaultCount;
using shims::Resource;

/// A host of this test alone: the table of Userland is shared by all of its kind.
struct Guest : shims::Checked<shims::UserlandOf<Guest>> {};

constexpr std::uint64_t page = 0x1000;

Address map_pages(AddressSpace<Guest>& space, std::uint64_t count) {
  return *space.mmap({.length = count * page, .protection = rw});
}

TEST(Attributes, of_equal_content_are_one_object) {
  AddressSpace<Guest> space;
  AddressSpace<Guest> other;
  const Address at = map_pages(space, 4);
  ASSERT_TRUE(space.mbind(at, page, 1));
  ASSERT_TRUE(space.mbind(at + 2 * page, page, 1));
  const Address there = map_pages(other, 1);
  ASSERT_TRUE(other.mbind(there, page, 1));
  EXPECT_EQ(space.find(at)->attributes, space.find(at + 2 * page)->attributes);
  EXPECT_EQ(space.find(at)->attributes, other.find(there)->attributes);
  EXPECT_EQ(space.find(at + page)->attributes, nullptr);
  EXPECT_EQ(Guest::attribute_count_for_test(), 1u);
}

TEST(Attributes, that_nobody_has_any_more_end) {
  {
    AddressSpace<Guest> space;
    const Address at = map_pages(space, 4);
    ASSERT_TRUE(space.mbind(at, page, 1));
    ASSERT_TRUE(space.mbind(at, 2 * page, 2));
    EXPECT_EQ(Guest::attribute_count_for_test(), 1u);
    ASSERT_TRUE(space.set_name(at + page, page, 3));
    EXPECT_EQ(Guest::attribute_count_for_test(), 2u);
    ASSERT_TRUE(space.mbind(at, 2 * page, 0));
    EXPECT_EQ(Guest::attribute_count_for_test(), 1u);
  }
  EXPECT_EQ(Guest::attribute_count_for_test(), 0u);
}

TEST(Attributes, of_a_dropped_change_end_with_the_last_change_that_is_under_way) {
  AddressSpace<Guest> space;
  AddressSpace<Guest> other;
  const Address at = map_pages(space, 4);
  const Address there = map_pages(other, 4);
  {
    auto first = space.plan_mbind(at, page, 1);
    EXPECT_TRUE(first.status());
    {
      auto second = other.plan_mbind(there, page, 2);
      ASSERT_TRUE(second.reserve());
      EXPECT_EQ(Guest::attribute_count_for_test(), 2u);
    }
    EXPECT_EQ(Guest::attribute_count_for_test(), 2u) << "the first change may still need its own";
    ASSERT_TRUE(first.reserve());
    ASSERT_TRUE(first.commit());
  }
  EXPECT_EQ(Guest::attribute_count_for_test(), 1u);
  EXPECT_EQ(space.find(at)->attributes->policy, 1u);
}

TEST(Attributes, without_their_context_are_there_as_long_as_with_it) {
  AddressSpace<Guest> space;
  const Address at = map_pages(space, 1);
  ASSERT_TRUE(space.mbind(at, page, 1));
  ASSERT_TRUE(space.register_userfault({at, page, 7, uffd::missing}));
  EXPECT_EQ(Guest::attribute_count_for_test(), 2u);
  ASSERT_TRUE(space.release_userfault(7));
  EXPECT_EQ(Guest::attribute_count_for_test(), 1u);
  ASSERT_TRUE(space.register_userfault({at, page, 7, uffd::missing}));
  ASSERT_TRUE(space.munmap(at, page));
  EXPECT_EQ(Guest::attribute_count_for_test(), 0u);
}

TEST(Attributes, fork_shares_them_with_the_child) {
  AddressSpace<Guest> space;
  AddressSpace<Guest> child;
  const Address at = map_pages(space, 1);
  ASSERT_TRUE(space.mbind(at, page, 1));
  ASSERT_TRUE(space.fork_into(child));
  ASSERT_TRUE(space.munmap(at, page));
  EXPECT_EQ(child.find(at)->attributes->policy, 1u);
}

TEST(Attributes, of_more_contents_than_the_table_has_places) {
  AddressSpace<Guest> space;
  const Address at = map_pages(space, 500);
  for (std::uint64_t i = 0; i < 500; ++i) ASSERT_TRUE(space.mbind(at + i * page, page, i + 1));
  EXPECT_EQ(Guest::attribute_count_for_test(), 500u);
  ASSERT_TRUE(space.register_userfault({at, 500 * page, 7, uffd::missing}));
  EXPECT_EQ(space.area_count(), 500u);
  EXPECT_EQ(Guest::attribute_count_for_test(), 1000u);
  EXPECT_EQ(*space.find(at + 42 * page)->attributes, (Attributes{43, 7, 0}));
  ASSERT_TRUE(space.mbind(at, 500 * page, 0));
  EXPECT_EQ(space.area_count(), 1u);
  EXPECT_EQ(Guest::attribute_count_for_test(), 1u);
}

TEST(Attributes, are_never_lacking_where_a_context_is_dropped) {
  Watched stage("UUUU......");
  ASSERT_TRUE(stage.mbind(columns(0, 4), 1));
  stage.host().faults.kinds = kind_bit(Resource::attributes);
  stage.host().faults.fail(1, FaultCount::for_ever);
  EXPECT_EQ(stage.fork()->picture(), "PPPP......");
  EXPECT_TRUE(stage.move(2, 2, 8));
  EXPECT_EQ(stage.picture().substr(2), "......PP");
  EXPECT_EQ(stage.unwatch(columns(0, 1)), Error::none);
  EXPECT_TRUE(stage.release_userfault(ours));
  EXPECT_EQ(stage.picture(), "PP......PP");
  EXPECT_EQ(stage.host().faults.attempts, 0u);
}

TEST(Attributes, that_were_previewed_are_those_that_are_committed) {
  Stage stage("aaBBPPXX");
  auto change = stage.space().plan_mbind(TestSpace::column(1), 6 * page, 9);
  std::vector<const Attributes*> previewed;
  change.for_each_step([&](const Step<TestServices>& step) {
    for (const Piece<TestServices>& piece : step.edit->pieces) {
      const Attributes* attributes = piece.after.attributes;
      if (attributes != nullptr && attributes->policy == 9) previewed.push_back(attributes);
    }
  });
  ASSERT_EQ(previewed.size(), 4u);
  ASSERT_TRUE(change.reserve());
  ASSERT_TRUE(change.commit());
  for (const Attributes* each : previewed) EXPECT_EQ(each, stage.area(1)->attributes);
}

/// A host that keeps no attributes.
struct Without : shims::Checked<shims::UserlandOf<Without>> {
  static const Attributes* intern_attributes(const Attributes&) noexcept { return nullptr; }
};

TEST(Attributes, that_a_host_does_not_keep_are_no_memory) {
  AddressSpace<Without> space;
  const Address at = *space.mmap({.length = page, .protection = rw});
  EXPECT_EQ(space.mbind(at, page, 1).code(), Error::no_memory);
  EXPECT_EQ(space.set_name(at, page, 1).code(), Error::try_again);
  EXPECT_EQ(space.register_userfault({at, page, 1, uffd::missing}).code(), Error::no_memory);
  EXPECT_TRUE(space.mbind(at, page, 0));
  EXPECT_TRUE(space.release_userfault(1));
}

TEST(Attributes, take_no_byte_of_a_ready_host) {
  static_assert(sizeof(shims::Userland) == sizeof(shims::PoolMemory));
  static_assert(std::is_empty_v<InterningScope<shims::Userland, false>>);
}

}  // namespace
}  // namespace vmarea::test
