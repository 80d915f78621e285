// SPDX-License-Identifier: MIT
//
// The lock checks catch each misuse, and stay silent for the order that is right.
#include <string>
#include <thread>
#include <vector>

#include <vmarea_shims/userland.hpp>

#include "support/test_space.hpp"

namespace vmarea::test {
namespace {

/// Keeps breaches instead of ending the program.
class LockChecks : public ::testing::Test {
 protected:
  LockChecks() : services_(host_) {
    breaches_.clear();
    TestServices::book().on_breach = [](const char* promise) noexcept {
      breaches_.emplace_back(promise);
    };
  }
  ~LockChecks() override {
    TestServices::book() = {};
    area_.attached = false;
    space_.sequence &= ~std::uint64_t{1};
    other_.sequence &= ~std::uint64_t{1};
  }

  std::vector<std::string> take() { return std::exchange(breaches_, {}); }
  void expect_one(const char* promise) { EXPECT_EQ(take(), std::vector<std::string>{promise}); }
  void read() { ASSERT_TRUE(services_.lock_space_shared(space_)); }
  void lock() { ASSERT_TRUE(services_.lock_space(space_)); }

  static inline std::vector<std::string> breaches_;
  TestState host_;
  TestServices services_;
  TestServices::SpaceLock space_;
  TestServices::SpaceLock other_;
  TestServices::AreaLock area_;
};

TEST_F(LockChecks, are_silent_for_the_right_order) {
  TestFile* file = host_.make_file();
  EXPECT_FALSE(area_.write_locked()) << "nobody has written it yet";
  lock();
  services_.attach_area(space_, area_);
  services_.begin_area_write(space_, area_);
  services_.lock_file_mapping(file);
  services_.unlock_file_mapping(file);
  EXPECT_TRUE(area_.write_locked());
  services_.detach_area(area_);
  services_.unlock_space(space_);
  EXPECT_FALSE(area_.write_locked()) << "unlocking the space ends the write";
  EXPECT_TRUE(TestServices::book().holds_nothing());
  EXPECT_TRUE(take().empty());
}

TEST_F(LockChecks, catch_an_identity_that_is_unlocked_in_place_of_another) {
  TestSpace space("a.a");
  SpaceState<TestServices>& state = space.state();
  ASSERT_TRUE(state.services.lock_space(state.lock));
  state.services.lock_identity(space.area(0)->identity);
  state.services.unlock_identity(space.area(2)->identity);
  expect_one("only a locked identity is unlocked");
  state.services.unlock_space(state.lock);
}

TEST_F(LockChecks, know_what_a_thread_holds) {
  const auto& book = TestServices::book();
  TestFile* file = host_.make_file();
  EXPECT_TRUE(book.holds_nothing());
  read();
  EXPECT_FALSE(book.holds_nothing()) << "a space to read";
  services_.unlock_space_shared(space_);
  EXPECT_TRUE(book.holds_nothing());
  lock();
  EXPECT_FALSE(book.holds_nothing()) << "a space";
  services_.begin_lock_all();
  TestServices::Book alone{};
  alone.locks_all = book.locks_all;
  EXPECT_FALSE(alone.holds_nothing()) << "everything";
  alone = {};
  alone.file_count = 1;
  EXPECT_FALSE(alone.holds_nothing()) << "a file of many";
  services_.end_lock_all();
  services_.lock_file_mapping(file);
  alone = {};
  alone.file = book.file;
  EXPECT_FALSE(alone.holds_nothing()) << "a file";
  services_.unlock_file_mapping(file);
  services_.unlock_space(space_);
  EXPECT_TRUE(book.holds_nothing());
  EXPECT_TRUE(take().empty());
}

TEST_F(LockChecks, catch_a_space_that_is_not_locked) {
  services_.assert_space_locked(space_);
  expect_one("the space lock is held");
}

TEST_F(LockChecks, catch_a_space_that_another_thread_has_locked) {
  lock();
  std::thread([this, on_breach = TestServices::book().on_breach] {
    TestServices::book().on_breach = on_breach;
    services_.assert_space_locked(space_);
  }).join();
  expect_one("the space lock is held");
  services_.unlock_space(space_);
}

TEST_F(LockChecks, catch_a_write_without_the_space_lock) {
  services_.begin_area_write(space_, area_);
  expect_one("the space lock is held");
}

TEST_F(LockChecks, catch_a_space_that_is_locked_twice) {
  lock();
  lock();
  expect_one("a space is locked once");
}

TEST_F(LockChecks, catch_a_space_that_is_locked_below_a_file) {
  lock();
  services_.lock_file_mapping(host_.make_file());
  ASSERT_TRUE(services_.lock_space(other_));
  expect_one("a space is locked before anything below it");
}

TEST_F(LockChecks, catch_a_second_space_after_an_area_of_the_first) {
  lock();
  services_.begin_area_write(space_, area_);
  ASSERT_TRUE(services_.lock_space(other_));
  expect_one("both spaces are locked before any area");
}

TEST_F(LockChecks, catch_an_area_that_is_locked_below_a_file) {
  TestFile* file = host_.make_file();
  lock();
  services_.begin_area_write(space_, area_);
  services_.lock_file_mapping(file);
  services_.begin_area_write(space_, area_);
  expect_one("areas are locked before files and identities");
}

TEST_F(LockChecks, catch_two_file_mappings_at_a_time) {
  lock();
  services_.lock_file_mapping(host_.make_file());
  services_.lock_file_mapping(host_.make_file());
  expect_one("one file mapping is locked at a time");
}

TEST_F(LockChecks, catch_a_file_mapping_that_is_not_locked) {
  lock();
  services_.unlock_file_mapping(host_.make_file());
  expect_one("only a locked file mapping is unlocked");
}

TEST_F(LockChecks, catch_a_space_that_is_unlocked_too_early) {
  lock();
  services_.lock_file_mapping(host_.make_file());
  services_.unlock_space(space_);
  expect_one("a space is unlocked after everything below it");
}

TEST_F(LockChecks, catch_areas_that_are_attached_or_detached_twice) {
  lock();
  services_.attach_area(space_, area_);
  services_.attach_area(space_, area_);
  expect_one("an area is attached once");
  services_.detach_area(area_);
  services_.detach_area(area_);
  expect_one("only an attached area is detached");
}

TEST_F(LockChecks, catch_an_area_that_is_attached_in_a_space_that_is_not_locked) {
  services_.attach_area(space_, area_);
  expect_one("the space lock is held");
}

TEST_F(LockChecks, catch_a_write_lock_of_an_earlier_hold) {
  lock();
  services_.attach_area(space_, area_);
  services_.unlock_space(space_);
  lock();
  services_.detach_area(area_);
  expect_one("an area is detached under its write lock");
}

TEST_F(LockChecks, catch_an_area_that_ends_attached) {
  lock();
  {
    TestServices::AreaLock short_lived;
    services_.attach_area(space_, short_lived);
  }
  expect_one("an area ends detached");
}

TEST_F(LockChecks, catch_a_space_that_ends_locked) {
  {
    TestServices::SpaceLock short_lived;
    ASSERT_TRUE(services_.lock_space(short_lived));
  }
  expect_one("a space ends unlocked");
}

TEST_F(LockChecks, are_silent_for_readers_of_two_spaces) {
  read();
  ASSERT_TRUE(services_.lock_space_shared(other_));
  services_.unlock_space_shared(space_);
  lock();
  services_.unlock_space(space_);
  services_.unlock_space_shared(other_);
  EXPECT_TRUE(TestServices::book().holds_nothing());
  EXPECT_TRUE(take().empty());
}

TEST_F(LockChecks, catch_a_reader_that_changes_the_space) {
  read();
  lock();
  expect_one("who reads a space does not change it");
}

TEST_F(LockChecks, catch_a_write_under_the_lock_of_readers) {
  read();
  services_.begin_area_write(space_, area_);
  expect_one("the space lock is held");
}

TEST_F(LockChecks, catch_a_writer_that_reads_under_a_lock_of_its_own) {
  lock();
  read();
  expect_one("who changes a space does not read-lock it");
}

TEST_F(LockChecks, catch_a_space_that_is_read_locked_twice) {
  read();
  read();
  expect_one("a space is read-locked once");
}

TEST_F(LockChecks, catch_a_read_lock_that_was_not_taken_or_ends_twice) {
  services_.unlock_space_shared(space_);
  expect_one("only a read-locked space is read-unlocked");
  read();
  services_.unlock_space_shared(space_);
  services_.unlock_space_shared(space_);
  expect_one("only a read-locked space is read-unlocked");
}

TEST_F(LockChecks, catch_a_read_lock_below_a_file_or_an_area) {
  lock();
  services_.begin_area_write(space_, area_);
  ASSERT_TRUE(services_.lock_space_shared(other_));
  expect_one("both spaces are locked before any area");
  services_.unlock_space_shared(other_);
  services_.lock_file_mapping(host_.make_file());
  ASSERT_TRUE(services_.lock_space_shared(other_));
  EXPECT_EQ(take().front(), "a space is locked before anything below it");
}

TEST_F(LockChecks, catch_a_space_that_ends_while_it_is_read) {
  {
    TestServices::SpaceLock short_lived;
    ASSERT_TRUE(services_.lock_space_shared(short_lived));
  }
  expect_one("a space ends after its readers");
}

TEST_F(LockChecks, catch_a_change_of_the_reverse_map_without_its_locks) {
  TestSpace space("ffAA");
  SpaceState<TestServices>& state = space.state();
  TestArea& area = *space.area(0);
  ASSERT_TRUE(state.services.lock_space(state.lock));
  state.services.leave_trees(area);
  EXPECT_EQ(take(), (std::vector<std::string>{"the identity's root is locked",
                                              "the file's mapping is locked"}));
  state.services.lock_file_mapping(area.file);
  state.services.enter_trees(area);
  expect_one("the identity's root is locked");
  state.services.unlock_file_mapping(area.file);
  state.services.unlock_space(state.lock);
}

TEST_F(LockChecks, catch_links_that_are_made_without_the_lock_of_their_identity) {
  TestSpace space("a.A.B");
  SpaceState<TestServices>& state = space.state();
  const TestArea& source = *space.area(0);
  TestArea& copy = *space.area(2);
  copy.identity = source.identity;
  TestServices::LinkReservation links;
  ASSERT_TRUE(state.services.reserve_links(links, source));
  state.services.clone_links(links, copy, source);
  expect_one("the identity's root is locked");
  ASSERT_TRUE(state.services.lock_space(state.lock));
  state.services.lock_identity(copy.identity);
  state.services.unlink(copy);
  state.services.unlock_identity(copy.identity);
  copy.identity = {};

  TestArea& child = *space.area(4);
  ASSERT_TRUE(state.services.reserve_fork(links, source));
  child.identity = state.services.fork_links(links, child, source);
  expect_one("the identity's root is locked");
  state.services.lock_identity(child.identity);
  state.services.unlink(child);
  state.services.unlock_identity(child.identity);
  child.identity = {};
  state.services.unreserve_links(links);
  state.services.unlock_space(state.lock);
  space.check();
}

TEST_F(LockChecks, catch_a_change_of_the_reverse_map_in_a_space_that_is_not_locked) {
  TestSpace space("A");
  space.state().services.leave_trees(*space.area(0));
  expect_one("some space lock is held");
}

TEST_F(LockChecks, catch_all_locks_of_which_one_is_left_or_is_another) {
  constexpr const char* same = "with all locks, the same are unlocked that were locked";
  TestFile* const one = host_.make_file();
  TestFile* const other = host_.make_file();
  lock();
  services_.begin_lock_all();
  services_.lock_file_mapping(one);
  services_.end_lock_all();
  expect_one(same);
  TestServices::book().file_count = TestServices::book().file_sum = 0;
  services_.begin_lock_all();
  services_.lock_file_mapping(one);
  services_.unlock_file_mapping(other);
  services_.end_lock_all();
  expect_one(same);
  TestServices::book().file_sum = 0;
  services_.unlock_space(space_);
}

/// A host whose locks of files are counted.
struct CountingGuest : shims::UserlandOf<CountingGuest> {
  static inline int locked = 0;
  template <class FileHandle>
  static void lock_file_mapping(FileHandle) noexcept {
    ++locked;
  }
  template <class FileHandle>
  static void unlock_file_mapping(FileHandle) noexcept {
    --locked;
  }
};

TEST(CheckedHost, takes_and_drops_the_lock_below_it) {
  using Host = shims::LockChecked<CountingGuest>;
  Host host;
  Host::SpaceLock space;
  shims::File<CountingGuest> file;
  ASSERT_TRUE(host.lock_space(space));
  host.lock_file_mapping(&file);
  EXPECT_EQ(CountingGuest::locked, 1);
  host.unlock_file_mapping(&file);
  EXPECT_EQ(CountingGuest::locked, 0);
  host.unlock_space(space);
}

TEST_F(LockChecks, catch_a_file_mapping_that_is_locked_after_an_identity) {
  TestSpace space("ff");
  SpaceState<TestServices>& state = space.state();
  TestArea& area = *space.area(0);
  ASSERT_TRUE(state.services.lock_space(state.lock));
  state.services.lock_identity(area.identity);
  state.services.lock_file_mapping(area.file);
  expect_one("a file mapping is locked before an identity");
  state.services.unlock_file_mapping(area.file);
  state.services.lock_identity(area.identity);
  expect_one("one identity root is locked at a time");
  state.services.unlock_identity(area.identity);
  state.services.unlock_identity(area.identity);
  expect_one("only a locked identity is unlocked");
  state.services.unlock_space(state.lock);
}

TEST_F(LockChecks, catch_a_change_that_is_told_without_a_write_lock) {
  TestSpace space("AA");
  SpaceState<TestServices>& state = space.state();
  ASSERT_TRUE(state.services.lock_space(state.lock));
  state.services.notify(Notice<TestServices>{.event = Event::resized, .area = *space.area(0)});
  expect_one("a changed area is write-locked");
  state.services.notify(Notice<TestServices>{.event = Event::unmapped, .area = *space.area(0)});
  EXPECT_EQ(take().front(), "what is told to be gone is detached");
  state.services.unlock_space(state.lock);
}

TEST(CheckedHostDeathTest, ends_the_program_where_a_lock_is_missing) {
  using shims::CheckedUserland;
  CheckedUserland host;
  CheckedUserland::SpaceLock space;
  EXPECT_DEATH(host.assert_space_locked(space), "the space lock is held");
}

}  // namespace
}  // namespace vmarea::test
