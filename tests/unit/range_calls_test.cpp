// SPDX-License-Identifier: MIT
//
// Calls that name their memory by a range: they do what start and length do, in one go and planned,
// and a range that ends before it starts is invalid, whatever its length would wrap to.
#include <fmt/core.h>

#include "unit/land.hpp"

namespace vmarea::test {
namespace {

using Host = shims::CheckedUserland;
using Space = AddressSpace<Host>;

constexpr HomeNode home{
    [](MemoryPolicy policy, std::uint64_t node) noexcept -> Result<MemoryPolicy> {
      return policy + node;
    },
    3};

/// One call in its forms.
struct Call {
  const char* name;
  Result<void> (*by_length)(Space&, Address, std::uint64_t);
  Result<void> (*by_range)(Space&, Range);
  Result<void> (*planned)(Space&, Range);
};

// What tells the calls apart: their name, and the arguments behind the range.
#define CALL(name, ...)                                                                        \
  Call {                                                                                       \
#name, [](Space& s, Address at, std::uint64_t n) { return s.name(at, n __VA_ARGS__); },      \
        [](Space& s, Range r) { return s.name(r __VA_ARGS__); },                                 \
        [](Space& s, Range r) { return s.plan_##name(r __VA_ARGS__).complete(); } \
  }
#define AND ,
const Call calls[] = {
    CALL(munmap, ),
    CALL(mprotect, AND prot::read),
    CALL(madvise, AND Advice::dont_fork),
    CALL(mlock, AND MlockMode::lock),
    CALL(mlock2, AND mlock::on_fault),
    CALL(munlock, ),
    CALL(mseal, ),
    CALL(mbind, AND 2),
    CALL(set_home_node, AND home),
    CALL(set_name, AND 7),
    CALL(unregister_userfault, AND 1),
    CALL(loader_brk, AND LoaderMemory::data),
};
#undef AND
#undef CALL

/// A locked, watched area with a policy, so that every call has something to change.
struct Ground : Land<Host> {
  Ground() : Land("AAAAAA") {
    EXPECT_TRUE(mlock(columns(0, 6), MlockMode::lock));
    EXPECT_TRUE(mbind(columns(0, 6), 1));
    EXPECT_TRUE(register_userfault({TestSpace::column(0), 0x6000, 1, uffd::missing}));
  }
  std::string everything() const {
    std::string all = text();
    for (const Area<Host>& area : areas()) {
      const Attributes content = content_of(area.attributes);
      all += fmt::format("{} {} {}; ", content.policy, content.userfault_context, content.name);
    }
    return all;
  }
};

TEST(RangeCalls, do_what_start_and_length_do) {
  for (const Call& call : calls) {
    SCOPED_TRACE(call.name);
    Ground by_length, by_range, planned;
    const std::string before = by_length.everything();
    // What is locked is unlocked first where the call is to lock it.
    if (call.name == std::string("mlock")) {
      for (Ground* each : {&by_length, &by_range, &planned}) {
        ASSERT_TRUE(each->munlock(columns(0, 6)));
      }
    }
    EXPECT_TRUE(call.by_length(by_length, columns(1, 3).start, 0x2000));
    EXPECT_TRUE(call.by_range(by_range, columns(1, 3)));
    EXPECT_TRUE(call.planned(planned, columns(1, 3)));
    EXPECT_NE(by_length.everything(), before);
    EXPECT_EQ(by_range.everything(), by_length.everything());
    EXPECT_EQ(planned.everything(), by_length.everything());
    EXPECT_FALSE(check(by_range));
  }
}

TEST(RangeCalls, answer_to_an_empty_range_as_to_no_length) {
  for (const Call& call : calls) {
    SCOPED_TRACE(call.name);
    Ground by_length, by_range;
    EXPECT_EQ(call.by_range(by_range, columns(1, 1)),
              call.by_length(by_length, TestSpace::column(1), 0));
    EXPECT_EQ(by_range.everything(), by_length.everything());
  }
}

TEST(RangeCalls, range_that_ends_before_it_starts_is_invalid_and_changes_nothing) {
  const Range swapped[] = {
      columns(3, 1), columns(6, 0), {TestSpace::column(1), 0}, {~Address{0}, 0}, {1, 0}};
  for (const Call& call : calls) {
    SCOPED_TRACE(call.name);
    Ground ground;
    const std::string before = ground.everything();
    for (const Range range : swapped) {
      EXPECT_EQ(call.by_range(ground, range), Error::invalid);
      EXPECT_EQ(call.planned(ground, range), Error::invalid);
    }
    EXPECT_EQ(ground.everything(), before);
  }
}

TEST(RangeCalls, verbs_refuse_swapped_ranges_too) {
  Land<Host> land("AAAA");
  const std::string before = land.text();
  const Flags flags = land.find(TestSpace::column(0))->flags;
  EXPECT_EQ(land.modify(columns(3, 1), flags), Error::invalid);
  EXPECT_EQ(land.expand(TestSpace::column(0), columns(6, 0)), Error::invalid);
  EXPECT_EQ(land.shrink(TestSpace::column(0), columns(2, 0)), Error::invalid);
  EXPECT_EQ(land.text(), before);
}

TEST(RangeCalls, munlock_takes_the_lock_away_and_stops_at_a_hole) {
  Land<Host> land("AAAA.B");
  ASSERT_TRUE(land.mlock(columns(0, 4), MlockMode::lock));
  EXPECT_EQ(land.totals().locked, 4);
  EXPECT_TRUE(land.munlock(TestSpace::column(1), 0x1000));
  EXPECT_EQ(land.totals().locked, 3);
  EXPECT_EQ(land.picture(), "A|A|AA.B");
  EXPECT_TRUE(land.munlock(columns(0, 4)));
  EXPECT_EQ(land.totals().locked, 0);
  EXPECT_EQ(land.picture(), "AAAA.B");
  EXPECT_EQ(land.munlock(columns(3, 6)), Error::no_memory) << "a hole";
}

TEST(SpaceItself, is_checked_and_explains_its_boundaries) {
  Land<Host> land("AABB.A");
  const Space& space = land;
  EXPECT_FALSE(check(space));
  EXPECT_EQ(explain_boundary(space, TestSpace::column(2)),
            explain_boundary(space.state(), TestSpace::column(2)));
  EXPECT_EQ(explain_boundary(space, TestSpace::column(2)).verdict, JoinVerdict::flags);
  EXPECT_EQ(explain_boundary(space, TestSpace::column(4)).verdict, JoinVerdict::no_neighbour);
  ++land.state().area_count;
  EXPECT_EQ(check(space).number, 2);
  --land.state().area_count;
}

}  // namespace
}  // namespace vmarea::test
