// SPDX-License-Identifier: MIT
//
// All locks of a space at once (rules 21, 27): each mapping and each identity
// root once, in the order of locks; a pending signal before any area of any pass drops everything.
#include <algorithm>
#include <string>
#include <vector>

#include "support/stage.hpp"

namespace vmarea::test {
namespace {

using Lines = std::vector<std::string>;

std::int64_t count(const Lines& lines, const char* what) {
  return std::count(lines.begin(), lines.end(), what);
}

class AllLocksStage : public Stage {
 public:
  using Stage::Stage;
  AllLocks<TestServices> lock_everything() { return AllLocks<TestServices>(state()); }
  /// What was asked of the host.
  template <class Act>
  Lines lines_of(Act&& act) {
    host().recorder.on = true;
    act();
    host().recorder.on = false;
    return host().recorder.take();
  }
};

TEST(AllLocks, areas_then_files_then_identities_each_once) {
  AllLocksStage stage("aa.bF|f.Ha");
  ASSERT_TRUE(stage.map_fixed(20, 21));
  const Lines lines = stage.lines_of([&] { EXPECT_TRUE(stage.lock_everything().taken()); });
  const Lines wanted{"lock space",      "lock all",      "begin write",     "begin write",
                     "begin write",     "begin write",   "begin write",     "begin write",
                     "begin write",     "lock file",     "lock file",       "lock identity",
                     "lock identity",   "lock identity", "lock identity",   "unlock identity",
                     "unlock identity", "unlock file",   "unlock identity", "unlock file",
                     "unlock identity", "unlock all",    "unlock space"};
  EXPECT_EQ(count(lines, "lock file"), 2) << "F twice, H once";
  EXPECT_EQ(count(lines, "lock identity"), 4);
  EXPECT_EQ(count(lines, "unlock file"), 2);
  EXPECT_EQ(count(lines, "unlock identity"), 4);
  EXPECT_EQ(lines, wanted);
}

TEST(AllLocks, marks_are_gone_afterwards) {
  AllLocksStage stage("aF|FS");
  const auto is_marked = [&] {
    const bool file = stage.legend.at('F').file->own_mapping.marked;
    const auto root = TestServices::root_of(stage.identity(0));
    EXPECT_EQ(shims::identity_object<shims::NoIdentityLock>(root)->marked, file);
    return file;
  };
  {
    const auto locks = stage.lock_everything();
    EXPECT_TRUE(is_marked());
  }
  EXPECT_FALSE(is_marked());
  EXPECT_TRUE(stage.lock_everything().taken()) << "once more";
  stage.check();
}

TEST(AllLocks, huge_tlb_files_come_before_others) {
  AllLocksStage stage("F.H");
  ASSERT_TRUE(stage.insert({.start = TestSpace::column(4),
                            .end = TestSpace::column(5),
                            .flags = flag::read | flag::huge_tlb,
                            .file = stage.host().make_file(),
                            .hooks = &no_hooks<TestServices>}));
  const SpaceWriteLock<TestServices> lock(stage.state());
  stage.host().signal_at = 7;  // Three areas, and three in the first pass of files.
  const Lines lines = stage.lines_of([&] { EXPECT_FALSE(take_all_locks(stage.state())); });
  EXPECT_EQ(count(lines, "lock file"), 1) << "two of the others would have been taken";
  EXPECT_EQ(count(lines, "unlock file"), 1);
}

TEST(AllLocks, two_open_files_of_one_mapping_are_one_lock) {
  AllLocksStage stage;
  TestFile* first = stage.host().make_file();
  TestFile* second = stage.host().make_file();
  second->mapping = &first->own_mapping;
  for (const auto& [file, column] : {std::pair{first, 0}, std::pair{second, 4}}) {
    ASSERT_TRUE(stage.mmap({.address = TestSpace::column(static_cast<std::uint64_t>(column)),
                            .length = 0x1000,
                            .protection = prot::read,
                            .flags = map::shared | map::fixed,
                            .file = file}));
  }
  const Lines lines = stage.lines_of([&] { EXPECT_TRUE(stage.lock_everything().taken()); });
  EXPECT_EQ(count(lines, "lock file"), 1);
  EXPECT_EQ(count(lines, "unlock file"), 1);
}

/// The pieces of one area of the parent have identities of their own in the child, and one root.
TEST(AllLocks, family_of_identities_is_one_lock) {
  AllLocksStage parent("aa");
  ASSERT_TRUE(parent.mprotect(columns(1, 2), prot::read));
  const auto child = parent.fork();
  EXPECT_NE(child->area(0)->identity, child->area(1)->identity);
  child->host().recorder.on = true;
  { EXPECT_TRUE(AllLocks<TestServices>(child->state()).taken()); }
  child->host().recorder.on = false;
  const Lines lines = child->host().recorder.take();
  EXPECT_EQ(count(lines, "lock identity"), 1);
  EXPECT_EQ(count(lines, "unlock identity"), 1);
}

TEST(AllLocks, signal_before_any_area_of_any_pass_drops_everything) {
  constexpr std::uint64_t areas = 4, passes = 4;
  for (std::uint64_t at = 1; at <= areas * passes + 1; ++at) {
    SCOPED_TRACE(at);
    AllLocksStage stage("aaF.Sb");
    ASSERT_EQ(stage.count_areas(), areas);
    stage.host().signal_at = at;
    const Lines lines = stage.lines_of([&] {
      const auto locks = stage.lock_everything();
      const bool completes = at > areas * passes;
      EXPECT_EQ(locks.taken().code(), completes ? Error::none : Error::interrupted);
      EXPECT_EQ(stage.host().signal_checks, completes ? areas * passes : at);
      if (!completes) {
        EXPECT_FALSE(TestServices::book().holds_below_areas());
      }
    });
    EXPECT_EQ(count(lines, "lock file"), count(lines, "unlock file"));
    EXPECT_EQ(count(lines, "lock identity"), count(lines, "unlock identity"));
    EXPECT_EQ(count(lines, "unlock all"), 1);
    stage.host().signal_at = 0;
    EXPECT_TRUE(stage.lock_everything().taken());
    stage.check();
  }
}

TEST(AllLocks, scope_that_moved_lets_go_once) {
  AllLocksStage stage("aF");
  const Lines lines = stage.lines_of([&] {
    auto first = stage.lock_everything();
    {
      const auto second = std::move(first);
      EXPECT_TRUE(second.taken());
    }
    EXPECT_FALSE(TestServices::book().holds_below_areas());
    EXPECT_FALSE(TestServices::book().locks_all);
  });
  EXPECT_EQ(count(lines, "unlock file"), 1);
  EXPECT_EQ(count(lines, "unlock identity"), 1);
  EXPECT_EQ(count(lines, "unlock all"), 1);
  EXPECT_EQ(count(lines, "unlock space"), 1);
}

TEST(AllLocks, empty_space_is_locked_in_spite_of_a_signal) {
  AllLocksStage stage;
  stage.host().signal_at = 1;
  EXPECT_TRUE(stage.lock_everything().taken());
}

TEST(AllLocks, refused_space_lock_is_told_and_locks_nothing) {
  AllLocksStage stage("a");
  stage.host().faults.kinds = kind_bit(shims::Resource::space_lock);
  stage.host().faults.fail(1);
  const Lines lines = stage.lines_of(
      [&] { EXPECT_EQ(stage.lock_everything().taken().code(), Error::interrupted); });
  stage.host().faults.fail(0);
  EXPECT_EQ(lines, Lines{"lock space"});
}

Lines breaches;

TEST(AllLocks, identity_that_is_unlocked_in_place_of_another_is_missed_at_the_end) {
  AllLocksStage stage("a.a");
  breaches.clear();
  TestServices::book().on_breach = [](const char* promise) noexcept {
    breaches.emplace_back(promise);
  };
  {
    const SpaceWriteLock<TestServices> lock(stage.state());
    stage.state().services.begin_lock_all();
    stage.state().services.lock_identity(stage.identity(0));
    stage.state().services.unlock_identity(stage.identity(2));
    stage.state().services.end_lock_all();
    EXPECT_EQ(count(breaches, "with all locks, the same are unlocked that were locked"), 1);
    TestServices::book().locks_all = true;
    stage.state().services.lock_identity(stage.identity(2));
    stage.state().services.unlock_identity(stage.identity(0));
    stage.state().services.end_lock_all();
  }
  TestServices::book().on_breach = nullptr;
}

TEST(AllLocks, cannot_be_nested_and_needs_the_space_lock) {
  AllLocksStage stage("a");
  breaches.clear();
  TestServices::book().on_breach = [](const char* promise) noexcept {
    breaches.emplace_back(promise);
  };
  stage.state().services.begin_lock_all();
  EXPECT_EQ(breaches, Lines{"some space lock is held"});
  stage.state().services.end_lock_all();
  breaches.clear();
  stage.state().services.begin_lock_all();
  breaches.clear();
  drop_all_locks(stage.state());
  EXPECT_EQ(count(breaches, "the space lock is held"), 1);
  breaches.clear();
  {
    const auto locks = stage.lock_everything();
    stage.state().services.begin_lock_all();
    EXPECT_EQ(count(breaches, "everything is locked once"), 1);
  }
  breaches.clear();
  {
    const SpaceWriteLock<TestServices> lock(stage.state());
    stage.state().services.begin_lock_all();
    stage.state().services.lock_identity(stage.identity(0));
    stage.state().services.end_lock_all();
    EXPECT_EQ(count(breaches, "with all locks, the same are unlocked that were locked"), 1);
    TestServices::book().locks_all = true;
    stage.state().services.unlock_identity(stage.identity(0));
    stage.state().services.end_lock_all();
  }
  TestServices::book().on_breach = nullptr;
}

}  // namespace
}  // namespace vmarea::test
