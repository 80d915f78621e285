// SPDX-License-Identifier: MIT
//
// Spaces of several threads that share files and identities.
#include "concurrency/families.hpp"

#include <cstdlib>

#include <gtest/gtest.h>

namespace vmarea::test {
namespace {

TEST(Families, calls_of_threads_on_spaces_that_share_keep_the_reverse_map) {
  const char* const wanted = std::getenv("VMAREA_SEEDS");
  const std::uint64_t seeds = wanted == nullptr ? 20 : std::strtoull(wanted, nullptr, 10);
  std::uint64_t forks = 0, areas_of_others = 0;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    const FamilyRun run = run_families(seed, 2000);
    ASSERT_EQ(run.wrong, "") << "seed " << seed;
    forks += run.forks;
    areas_of_others += run.areas_of_others;
  }
  EXPECT_GT(forks, 10 * seeds);
  EXPECT_GT(areas_of_others, 10 * seeds) << "walks met no area of another space";
}

TEST(Families, all_locks_of_two_spaces_with_the_same_files_are_taken_one_after_the_other) {
  FamilyFiles files;
  FamilyWorld worlds[2]{{every_call::Settings::of(1), files}, {every_call::Settings::of(1), files}};
  for (FamilyWorld& world : worlds) {
    ASSERT_TRUE(world.space().mmap({.length = 0x1000, .file = world.file(0)}));
    ASSERT_TRUE(world.space().mmap({.length = 0x1000, .file = world.file(3)}));
  }
  std::atomic<unsigned> inside = 0, most = 0;
  const auto lock_often = [&](FamilyWorld& world) {
    for (int i = 0; i < 2000; ++i) {
      const AllLocks<FamilyHost> locks(world.space().state());
      most = std::max<unsigned>(most, ++inside);
      --inside;
    }
  };
  std::thread other([&] { lock_often(worlds[1]); });
  lock_often(worlds[0]);
  other.join();
  EXPECT_EQ(most, 1u);
}

}  // namespace
}  // namespace vmarea::test
