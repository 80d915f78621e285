// SPDX-License-Identifier: MIT
//
// The end of a space (rules 25.2): pages first, then everything leaves the
// reverse map, then each area ends in address order. Nobody is asked and nothing can refuse.
#include <string>
#include <vector>

#include <fmt/core.h>

#include "support/stage.hpp"

namespace vmarea::test {
namespace {

using Lines = std::vector<std::string>;

TEST(Exit, pages_then_reverse_map_then_tables_then_each_area_in_order) {
  Stage stage("a.HB");
  stage.host().recorder.on = true;
  stage.space().clear();
  stage.host().recorder.on = false;
  const std::string all = fmt::format("0-{:x}", stage.host().geometry.limit >> 12);
  const Lines wanted{"lock space",
                     "begin write",
                     "begin write",
                     "begin write",
                     "unmap pages " + all,
                     "lock identity",
                     "unlink 100-101",
                     "unlock identity",
                     "lock file",
                     "unlink 102-103",
                     "unlock file",
                     "unlink 103-104",
                     "free tables between " + all,
                     "notify unmapped 100-101",
                     "notify unmapped 102-103",
                     "close 102-103",
                     "notify unmapped 103-104",
                     "unlock space"};
  EXPECT_EQ(stage.host().recorder.take(), wanted);
}

TEST(Exit, counters_charge_and_tree_are_empty_and_no_seal_or_driver_is_asked) {
  Stage stage("aaBBXX.LL.ff.SS.HH.KK");
  ASSERT_TRUE(stage.insert_special(
      {.start = TestSpace::column(30), .length = 0x2000, .flags = flag::read | flag::may_access}));
  stage.host().limits.area_count_max = 1;
  stage.host().faults.kinds = shims::FaultPlan::all_memory;
  stage.host().faults.fail(1, shims::FaultCount::for_ever);
  stage.space().clear();
  stage.host().faults.fail(0);
  EXPECT_EQ(stage.count_areas(), 0u);
  EXPECT_EQ(stage.space().totals(), PageTotals{});
  EXPECT_EQ(stage.state().charged, 0u);
  EXPECT_EQ(stage.host().charged, 0u);
  EXPECT_EQ(stage.host().areas.live, 0);
  EXPECT_EQ(stage.host().links.live, 0);
  EXPECT_EQ(stage.host().tables.live, 0);
  for (const TestFile& file : stage.host().files) EXPECT_EQ(file.references, 0u);
  stage.check();
  stage.space().clear();
}

TEST(Exit, of_a_parent_leaves_the_child_whole_and_the_other_way_round) {
  auto parent = std::make_unique<Stage>("aa.SS.ff");
  auto child = parent->fork();
  parent->space().clear();
  EXPECT_EQ(child->picture(), "aa.SS.ff");
  EXPECT_NE(child->token(0), 0u);
  child->check();
  auto grandchild = child->fork();
  grandchild->space().clear();
  EXPECT_EQ(child->picture(), "aa.SS.ff");
  child->check();
}

}  // namespace
}  // namespace vmarea::test
