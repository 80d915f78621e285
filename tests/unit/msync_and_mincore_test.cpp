// SPDX-License-Identifier: MIT
//
// msync and mincore, as far as areas decide them (rules 29-msync, 29-mincore).
#include "support/stage.hpp"

namespace vmarea::test {
namespace {

constexpr MsyncFlags any_flags[] = {MsyncFlags{},
                                    ms::async,
                                    ms::sync,
                                    ms::invalidate,
                                    ms::invalidate | ms::async,
                                    ms::invalidate | ms::sync};

TEST(Msync, arguments) {
  Stage stage("AAAA");
  const Range one = columns(1, 2);
  const Range misaligned{one.start + 1, one.end + 1};
  EXPECT_EQ(stage.msync(one, MsyncFlags{8}), Error::invalid);
  EXPECT_EQ(stage.msync(one, ms::async | ms::sync), Error::invalid);
  EXPECT_EQ(stage.msync(one, ms::all), Error::invalid);
  EXPECT_EQ(stage.msync(misaligned, ms::sync), Error::invalid);
  EXPECT_EQ(stage.msync({one.start + 1, one.start + 1}, ms::sync), Error::invalid) << "of nothing";
  EXPECT_EQ(stage.msync(columns(5, 5), ms::async | ms::sync), Error::invalid) << "of nothing";
  EXPECT_TRUE(stage.msync(columns(5, 5), ms::sync));
  EXPECT_TRUE(stage.space().msync(~Address{0} << 12, 0, ms::sync));
}

TEST(Msync, lengths_are_rounded_up_and_may_wrap_to_nothing) {
  Stage stage("AA..");
  AddressSpace<TestServices>& space = stage.space();
  EXPECT_TRUE(space.msync(TestSpace::column(1), 1, ms::sync));
  EXPECT_EQ(space.msync(TestSpace::column(1), 0x1001, ms::sync), Error::no_memory);
  EXPECT_TRUE(space.msync(TestSpace::column(1), ~std::uint64_t{0}, ms::sync)) << "rounds to 0";
  EXPECT_EQ(space.msync(TestSpace::column(1), ~std::uint64_t{0} << 12, ms::sync), Error::no_memory);
  EXPECT_EQ(space.msync(~Address{0} << 12, 1, ms::sync), Error::no_memory) << "the end wraps";
}

TEST(Msync, a_hole_is_no_memory) {
  for (const MsyncFlags flags : any_flags) {
    Stage stage("AA.BB.");
    EXPECT_TRUE(stage.msync(columns(0, 2), flags));
    EXPECT_TRUE(stage.msync(columns(3, 5), flags));
    EXPECT_EQ(stage.msync(columns(1, 4), flags), Error::no_memory);
    EXPECT_EQ(stage.msync(columns(2, 5), flags), Error::no_memory);
    EXPECT_EQ(stage.msync(columns(3, 6), flags), Error::no_memory);
    EXPECT_EQ(stage.msync(columns(5, 6), flags), Error::no_memory);
  }
}

TEST(Msync, what_is_locked_cannot_be_invalidated_even_behind_a_hole) {
  for (const MsyncFlags flags : any_flags) {
    Stage stage("AA.BBLL");
    ASSERT_TRUE(stage.mlock(columns(4, 5), MlockMode::lock_on_fault));
    const bool invalidates = flags.has_any(ms::invalidate);
    const Result<void> busy = invalidates ? Result<void>(Error::busy) : success;
    EXPECT_EQ(stage.msync(columns(5, 7), flags), busy);
    EXPECT_EQ(stage.msync(columns(4, 5), flags), busy) << "locked on fault";
    EXPECT_EQ(stage.msync(columns(0, 7), flags), invalidates ? Error::busy : Error::no_memory);
    EXPECT_TRUE(stage.msync(columns(3, 4), flags)) << "the locked ones lie beside it";
    EXPECT_TRUE(stage.msync(columns(6, 6), flags)) << "nothing is asked for";
  }
}

TEST(Msync, protection_is_not_asked) {
  Stage stage("CX");
  EXPECT_TRUE(stage.msync(columns(0, 2), ms::sync | ms::invalidate));
}

TEST(Msync, changes_nothing) {
  Stage stage("AALL");
  EXPECT_TRUE(stage.space().plan_msync(columns(0, 2), ms::sync).complete());
  std::size_t steps = 0;
  auto change = stage.space().plan_msync(columns(0, 4), ms::sync);
  change.for_each_step([&](const Step<TestServices>&) { ++steps; });
  EXPECT_EQ(steps, 0u);
  EXPECT_TRUE(change.complete());
  EXPECT_EQ(stage.picture(), "AALL");
  EXPECT_EQ(stage.token(0), 0u);
  EXPECT_TRUE(stage.space().preview().plan_msync(columns(0, 4), ms::sync).status());
}

TEST(Mincore, arguments) {
  Stage stage("AAAA");
  AddressSpace<TestServices>& space = stage.space();
  const Address at = TestSpace::column(1);
  const Address limit = stage.host().geometry.limit;
  EXPECT_EQ(space.mincore(at + 1, 0x1000), Error::invalid);
  EXPECT_EQ(space.mincore(at + 1, 0), Error::invalid) << "of nothing";
  EXPECT_EQ(space.mincore(limit + 1, 0), Error::invalid) << "before it is too far";
  EXPECT_TRUE(space.mincore(at, 0));
  EXPECT_TRUE(space.mincore(TestSpace::column(9), 0)) << "of nothing where nothing is";
  EXPECT_TRUE(space.mincore(limit, 0));
  EXPECT_EQ(space.mincore(limit + 0x1000, 0), Error::no_memory);
  EXPECT_EQ(space.mincore(limit - 0x1000, 0x1001), Error::no_memory);
  EXPECT_EQ(space.mincore(at, ~std::uint64_t{0}), Error::no_memory);
  EXPECT_EQ(space.mincore(at, std::uint64_t{1} << 63), Error::no_memory);
  EXPECT_EQ(space.mincore(columns(2, 1)), Error::invalid);
}

TEST(Mincore, a_hole_is_no_memory) {
  Stage stage("AC.L.");
  EXPECT_TRUE(stage.mincore(columns(0, 2))) << "protection is not asked";
  EXPECT_TRUE(stage.space().mincore(TestSpace::column(0), 0x1001));
  EXPECT_TRUE(stage.space().plan_mincore(columns(0, 2)).complete()) << "as a range";
  EXPECT_EQ(stage.space().plan_mincore(columns(2, 4)).status(), Error::no_memory);
  EXPECT_EQ(stage.space().mincore(TestSpace::column(0), 0x2001), Error::no_memory);
  EXPECT_EQ(stage.mincore(columns(2, 4)), Error::no_memory);
  EXPECT_EQ(stage.mincore(columns(3, 5)), Error::no_memory);
  EXPECT_EQ(stage.picture(), "AC.L.");
}

TEST(Mincore, a_stack_is_not_grown) {
  Stage stage("...KK");
  EXPECT_EQ(stage.mincore(columns(2, 5)), Error::no_memory);
  EXPECT_EQ(stage.picture(), "...KK");
}

}  // namespace
}  // namespace vmarea::test
