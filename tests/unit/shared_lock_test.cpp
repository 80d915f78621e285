// SPDX-License-Identifier: MIT
//
// lock_shared(): a guard of what is read. Writers wait for it, other readers do not.
#include <future>
#include <shared_mutex>
#include <string>
#include <utility>
#include <vector>

#include <vmarea/host/replacing.hpp>
#include <vmarea_shims/userland.hpp>

#include "support/test_space.hpp"

namespace vmarea::test {
namespace {

using Lines = std::vector<std::string>;
using Guard = SpaceReadLock<TestServices>;

static_assert(!std::is_copy_constructible_v<Guard> && !std::is_copy_assignable_v<Guard>);
static_assert(std::is_nothrow_move_constructible_v<Guard> && sizeof(Guard) == sizeof(void*));
static_assert(sizeof(SpaceReadLock<shims::Userland>) == sizeof(void*));

/// A space of two areas whose host writes down its locks.
struct SharedLock : ::testing::Test {
  TestSpace space{"AA.B"};
  SharedLock() { space.host().recorder.on = true; }
  ~SharedLock() override { space.host().recorder.on = false; }
  Lines lines() { return space.host().recorder.take(); }
  Result<Guard> lock() { return Guard::take(std::as_const(space.state())); }
};

TEST_F(SharedLock, is_held_until_the_guard_ends) {
  {
    const Result<Guard> reading = lock();
    ASSERT_TRUE(reading);
    EXPECT_TRUE(reading->held());
    EXPECT_EQ(lines(), Lines{"lock space shared"});
  }
  EXPECT_EQ(lines(), Lines{"unlock space shared"});
}

TEST_F(SharedLock, of_a_guard_that_was_moved_ends_with_the_last_one) {
  Guard outer;
  EXPECT_FALSE(outer.held());
  {
    Result<Guard> reading = lock();
    Result<Guard> moved = std::move(reading);
    outer = *std::move(moved);
  }
  EXPECT_TRUE(outer.held());
  EXPECT_EQ(lines(), Lines{"lock space shared"});
  outer.release();
  outer.release();
  EXPECT_FALSE(outer.held());
  EXPECT_EQ(lines(), Lines{"unlock space shared"});
}

TEST_F(SharedLock, that_is_overwritten_ends) {
  TestSpace another("C");
  Guard reading = *lock();
  reading = *Guard::take(another.state());
  EXPECT_EQ(lines(), (Lines{"lock space shared", "unlock space shared"}));
}

TEST_F(SharedLock, moved_onto_itself_is_still_held) {
  Guard reading = *lock();
  Guard& same = reading;
  reading = std::move(same);
  EXPECT_TRUE(reading.held());
  EXPECT_EQ(lines(), Lines{"lock space shared"});
}

TEST_F(SharedLock, is_refused_to_a_waiter_that_is_killed) {
  space.host().faults.kinds = shims::kind_bit(shims::Resource::space_lock);
  space.host().faults.fail(1);
  EXPECT_EQ(lock().code(), Error::interrupted);
  EXPECT_EQ(lines(), Lines{"lock space shared"}) << "asked once, and nothing to unlock";
}

TEST_F(SharedLock, is_taken_by_the_face_of_a_space_that_is_const) {
  const auto& seen = space.space();
  const auto reading = seen.lock_shared();
  ASSERT_TRUE(reading);
  EXPECT_EQ(seen.areas().front().start, TestSpace::base);
  EXPECT_EQ(lines(), Lines{"lock space shared"});
}

TEST(SharedLockDeathTest, ends_the_program_where_its_holder_makes_a_call) {
  AddressSpace<shims::CheckedUserland> space;
  const auto reading = space.lock_shared();
  EXPECT_DEATH((void)space.munmap(0x1000, 0x1000), "who reads a space does not change it");
  EXPECT_DEATH(space.clear(), "who reads a space does not change it");
  EXPECT_DEATH((void)space.lock_shared(), "a space is read-locked once");
}

TEST(ResultDeathTest, of_a_guard_that_was_refused_has_none_to_give_on) {
  Result<Guard> refused = Error::interrupted;
  EXPECT_DEATH((void)Guard(*std::move(refused)), "");
}

/// A host with a real lock.
struct Threaded : Replacing<shims::UserlandOf<Threaded>, Service::lock_space, Service::unlock_space,
                            Service::lock_space_shared, Service::unlock_space_shared> {
  using SpaceLock = std::shared_mutex;
  static Result<void> lock_space(SpaceLock& lock) noexcept {
    lock.lock();
    return success;
  }
  static void unlock_space(SpaceLock& lock) noexcept { lock.unlock(); }
  static Result<void> lock_space_shared(SpaceLock& lock) noexcept {
    lock.lock_shared();
    return success;
  }
  static void unlock_space_shared(SpaceLock& lock) noexcept { lock.unlock_shared(); }
};

/// What another thread may do to the lock of the space.
struct Access {
  bool read;
  bool write;
  friend bool operator==(const Access&, const Access&) = default;
};
Access access_of_another_thread(const AddressSpace<Threaded>& space) {
  return std::async(std::launch::async,
                    [&lock = space.state().lock] {
                      Access can{};
                      if ((can.read = lock.try_lock_shared())) lock.unlock_shared();
                      if ((can.write = lock.try_lock())) lock.unlock();
                      return can;
                    })
      .get();
}

TEST(SharedLockOfThreads, lets_readers_in_and_keeps_writers_out) {
  AddressSpace<Threaded> space;
  EXPECT_EQ(access_of_another_thread(space), (Access{.read = true, .write = true}));
  {
    const auto reading = space.lock_shared();
    EXPECT_EQ(access_of_another_thread(space), (Access{.read = true, .write = false}));
  }
  EXPECT_EQ(access_of_another_thread(space), (Access{.read = true, .write = true}));
  {
    const auto change = space.plan_munmap(0x10000, 0x1000);
    EXPECT_EQ(access_of_another_thread(space), (Access{.read = false, .write = false}));
  }
  EXPECT_EQ(access_of_another_thread(space), (Access{.read = true, .write = true}));
}

}  // namespace
}  // namespace vmarea::test
