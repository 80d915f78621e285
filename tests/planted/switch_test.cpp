// SPDX-License-Identifier: MIT
//
// Planted faults are seen by what runs while they are on, and by nothing else.
#include <gtest/gtest.h>
#include <vmarea/rules/merge.hpp>

namespace vmarea {
namespace {

constexpr const char* fault = "touched_never_joins_untouched";

constexpr JoinVerdict verdict_of_touched_beside_untouched() {
  return judge_identities(AnonIdentity::of(2), {}, Middle::whole_area,
                          FaultedMerge::unless_fork_child);
}

TEST(PlantedFault, is_seen_at_run_time_while_it_is_on) {
  EXPECT_EQ(verdict_of_touched_beside_untouched(), JoinVerdict::joined);
  ASSERT_TRUE(vmarea_planted::turn_on(fault));
  EXPECT_EQ(verdict_of_touched_beside_untouched(), JoinVerdict::faulted);
  EXPECT_EQ(vmarea_planted::times_reached(), 1u);
  vmarea_planted::turn_off();
  EXPECT_EQ(verdict_of_touched_beside_untouched(), JoinVerdict::joined);
}

TEST(PlantedFault, is_never_seen_by_constant_evaluation) {
  ASSERT_TRUE(vmarea_planted::turn_on(fault));
  constexpr JoinVerdict verdict = verdict_of_touched_beside_untouched();
  EXPECT_EQ(verdict, JoinVerdict::joined);
  EXPECT_EQ(vmarea_planted::times_reached(), 0u);
  vmarea_planted::turn_off();
}

TEST(PlantedFault, that_has_another_or_no_name_leaves_all_off) {
  ASSERT_TRUE(vmarea_planted::turn_on("forked_source_joins_untouched"));
  EXPECT_EQ(verdict_of_touched_beside_untouched(), JoinVerdict::joined);
  EXPECT_FALSE(vmarea_planted::turn_on("no_such_fault"));
  EXPECT_EQ(verdict_of_touched_beside_untouched(), JoinVerdict::joined);
}

}  // namespace
}  // namespace vmarea
