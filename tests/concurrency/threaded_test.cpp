// SPDX-License-Identifier: MIT
//
// The threaded host: what lookups see, what they keep in memory, and who waits for whom.
#include <csignal>
#include <future>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vmarea/gtest.hpp>
#include <vmarea/vmarea.hpp>
#include <vmarea_shims/threaded.hpp>

#include "reader_in_section.hpp"

namespace vmarea::test {
namespace {

using namespace std::chrono_literals;
using Space = AddressSpace<shims::CheckedThreaded>;
using Seen = vmarea::SeenArea<shims::CheckedThreaded>;

constexpr std::uint64_t page = 4096;
constexpr Address base = 0x100000;
constexpr auto anonymous = map::private_ | map::anonymous | map::fixed;
constexpr auto read_write = prot::read | prot::write;

/// A space with areas of two pages at base, base + 4 pages, ...: [rw)..[rw)..[rw)..
struct ThreadedTest : ::testing::Test {
  static constexpr std::uint64_t areas = 100;
  Space space;

  void SetUp() override {
    for (std::uint64_t i = 0; i < areas; ++i) map(at(i));
  }
  static Address at(std::uint64_t i) { return base + i * 4 * page; }
  void map(Address where) {
    ASSERT_TRUE(space.mmap(
        {.address = where, .length = 2 * page, .protection = read_write, .flags = anonymous}));
  }
};

/// Whether a task is still under way after a while; `long_while` for one that should not be.
constexpr auto long_while = 5s;
template <class T>
bool waits(const std::future<T>& task, std::chrono::milliseconds time = 50ms) {
  return task.wait_for(time) == std::future_status::timeout;
}

TEST_F(ThreadedTest, lookup_gives_range_flags_and_area) {
  const auto lookups = space.lookups();
  const Seen seen = lookups.find(at(7) + page);
  EXPECT_EQ(seen.range, (Range{at(7), at(7) + 2 * page}));
  EXPECT_TRUE(seen.flags.has_all(flag::read | flag::write));
  EXPECT_EQ(seen.area, space.find(at(7)));
  EXPECT_FALSE(lookups.find(at(7) + 2 * page));
  EXPECT_EQ(lookups.find_at_or_above(at(7) + 2 * page).area, space.find(at(8)));
  EXPECT_FALSE(lookups.find_at_or_above(at(areas)));
}

TEST_F(ThreadedTest, lookups_go_through_all_areas_of_a_range) {
  std::vector<Address> starts;
  space.lookups().for_each({at(3) + page, at(6)},
                           [&](const Seen& seen) { starts.push_back(seen.range.start); });
  EXPECT_EQ(starts, (std::vector<Address>{at(3), at(4), at(5)}));
}

TEST_F(ThreadedTest, lookups_say_how_far_a_range_may_be_accessed) {
  ASSERT_TRUE(space.mprotect(at(7) + page, page, prot::read));
  const auto lookups = space.lookups();
  const Range both{at(7), at(7) + 2 * page};
  EXPECT_EQ(lookups.covers(both, prot::read), Coverage{both.end});
  EXPECT_EQ(lookups.covers(at(7), 2 * page, prot::read), Coverage{both.end});
  EXPECT_EQ(lookups.covers(both, prot::write),
            (Coverage{at(7) + page, AccessFault::access_denied}));
  EXPECT_EQ(lookups.covers({at(7), at(8)}, prot::read),
            (Coverage{both.end, AccessFault::not_mapped}));
  EXPECT_EQ(lookups.covers({at(99), at(7)}, prot::read),
            (Coverage{at(99) + 2 * page, AccessFault::not_mapped}));
  EXPECT_TRUE(lookups.covers({at(7) + 2 * page, at(7) + 2 * page}, prot::read));
}

TEST_F(ThreadedTest, lookup_sees_flags_that_changed_in_place) {
  ASSERT_TRUE(space.mprotect(at(7), 2 * page, prot::read));
  const Seen seen = space.lookups().find(at(7));
  EXPECT_TRUE(seen.flags.has_any(flag::read));
  EXPECT_FALSE(seen.flags.has_any(flag::write));
}

TEST_F(ThreadedTest, lookup_sees_flags_that_a_walk_changed) {
  ASSERT_TRUE(space.madvise(at(0), 2 * page, Advice::dont_fork));
  ASSERT_TRUE(space.mlockall(mlockall::current));
  space.lookups().for_each({0, ~Address{0}}, [&](const Seen& seen) {
    EXPECT_EQ(seen.flags, space.find(seen.range.start)->flags) << std::hex << seen.range.start;
  });
}

TEST_F(ThreadedTest, lookup_sees_flags_of_a_source_that_stays) {
  ASSERT_TRUE(space.mlock2(at(7), 2 * page, {}));
  ASSERT_TRUE(space.mremap({.address = at(7),
                            .old_length = 2 * page,
                            .new_length = 2 * page,
                            .flags = remap::may_move | remap::dont_unmap}));
  EXPECT_FALSE(space.find(at(7))->flags.has_any(flag::locked));
  EXPECT_EQ(space.lookups().find(at(7)).flags, space.find(at(7))->flags);
}

TEST_F(ThreadedTest, lookup_in_the_child_of_a_fork_sees_its_own_flags) {
  ASSERT_TRUE(space.mlock2(at(7), 2 * page, {}));
  Space child;
  ASSERT_TRUE(space.fork_into(child));
  EXPECT_TRUE(space.lookups().find(at(7)).flags.has_any(flag::locked));
  EXPECT_FALSE(child.lookups().find(at(7)).flags.has_any(flag::locked));
}

TEST_F(ThreadedTest, lookups_see_what_a_call_committed_before_its_change_ends) {
  auto change = space.plan_munmap(at(7), 2 * page);
  ASSERT_TRUE(change.reserve());
  EXPECT_TRUE(space.lookups().find(at(7)));
  ASSERT_TRUE(change.commit());
  EXPECT_FALSE(space.lookups().find(at(7)));
}

TEST_F(ThreadedTest, what_a_section_may_hold_stays_in_memory) {
  ReaderInSection reader(space);
  const auto& nodes = space.services().node_pool;
  const auto cycle = [&] {
    ASSERT_TRUE(space.munmap(at(7), 2 * page));
    map(at(7));
  };
  for (int i = 0; i < 1000; ++i) cycle();
  EXPECT_GE(nodes.waiting(), 2000u) << "nodes were given back in front of a reader";
  reader.leave();
  for (int i = 0; i < 1000; ++i) cycle();
  EXPECT_LT(nodes.waiting(), 2000u) << "nodes are kept although no reader is left";
}

TEST_F(ThreadedTest, area_that_is_read_stays_and_others_change) {
  auto area = *space.lock_area(at(7) + page);
  EXPECT_EQ(area->start, at(7));
  ASSERT_TRUE(std::async([&] { return space.munmap(at(9), 2 * page); }).get());
  auto unmapping = std::async([&] { return space.munmap(at(7), 2 * page); });
  EXPECT_TRUE(waits(unmapping));
  EXPECT_EQ(area->end, at(7) + 2 * page);
  area.release();
  EXPECT_TRUE(unmapping.get());
  EXPECT_EQ(space.lock_area(at(7)).error(), Error::bad_address);
}

TEST_F(ThreadedTest, area_that_is_read_is_not_copied_either) {
  ASSERT_TRUE(space.mmap({.address = at(20),
                          .length = 2 * page,
                          .protection = prot::read,
                          .flags = map::shared | map::anonymous | map::fixed}));
  auto area = *space.lock_area(at(20));
  auto copying = std::async([&] {  // Of a length of 0: mapped once more, and it stays.
    return space.mremap({.address = at(20),
                         .old_length = 0,
                         .new_length = 2 * page,
                         .flags = remap::may_move | remap::fixed,
                         .new_address = at(30)});
  });
  EXPECT_TRUE(waits(copying));
  area.release();
  EXPECT_EQ(copying.get(), at(30));
  EXPECT_EQ(space.lock_area(at(20)).value()->start, at(20));
}

TEST_F(ThreadedTest, area_is_not_read_while_a_call_changes_it) {
  auto change = space.plan_mprotect(at(7), page, prot::read);
  ASSERT_TRUE(change.reserve());
  // Reading is possible until the call writes the area, and again when it lets the space go.
  const auto read = [&] {
    const auto area = space.lock_area(at(7));
    return area ? (*area)->flags : Flags{};
  };
  auto before = std::async(read);
  EXPECT_FALSE(waits(before, long_while));
  ASSERT_TRUE(change.commit());
  auto after = std::async(read);
  EXPECT_TRUE(waits(after));
  change.end();
  EXPECT_TRUE(before.get().has_any(flag::write));
  EXPECT_FALSE(after.get().has_any(flag::write));
}

TEST_F(ThreadedTest, many_readers_of_one_area_do_not_wait_for_each_other) {
  const auto first = *space.lock_area(at(7));
  auto second = std::async([&] { return *space.lock_area(at(7)); }).get();
  const auto moved = std::move(second);
  EXPECT_FALSE(second.held());
  EXPECT_EQ(&*moved, &*first);
}

TEST_F(ThreadedTest, child_of_a_fork_is_looked_up_too) {
  Space child;
  ASSERT_TRUE(space.madvise(at(3), 2 * page, Advice::dont_fork));
  ASSERT_TRUE(space.fork_into(child));
  const auto lookups = child.lookups();
  EXPECT_EQ(lookups.find(at(7)).area, child.find(at(7)));
  EXPECT_FALSE(lookups.find(at(3)));
  EXPECT_FALSE(check(child));
}

/// Whether the child of a fork can change the space and look at it.
bool works_in_child(Space& space) {
  const pid_t child = fork();
  if (child == 0) {
    alarm(3);  // The child of a fork beside a call would wait for ever.
    const bool works = space.mmap({.address = base + 0x1000000,
                                   .length = page,
                                   .protection = prot::read,
                                   .flags = anonymous}) &&
                       space.lookups().find(base + 0x1000000) && !check(space);
    _exit(works ? 0 : 1);
  }
  int status = 0;
  return child > 0 && waitpid(child, &status, 0) == child && status == 0;
}

TEST_F(ThreadedTest, process_forks_beside_calls_and_lookups) {
  std::atomic<bool> done = false;
  std::thread writer([&] {
    for (std::uint64_t i = 0; !done; ++i) {
      (void)space.munmap(at(i % areas), 2 * page);
      map(at(i % areas));
    }
  });
  std::thread reader([&] {
    const shims::ReaderThread here;
    while (!done) (void)space.lookups().find(at(7));
  });
  for (int i = 0; i < 100 && !HasFailure(); ++i) {
    EXPECT_TRUE(works_in_child(space)) << "child " << i;
  }
  done = true;
  writer.join();
  reader.join();
}

TEST_F(ThreadedTest, fork_waits_for_who_reads_or_changes_a_space) {
  Space newer;
  for (const bool reads : {true, false}) {
    SCOPED_TRACE(reads ? "reads" : "changes");
    std::atomic<bool> holds = false;
    std::atomic<bool> lets_go = false;
    const auto hold_on = [&] {
      holds = true;
      std::this_thread::sleep_for(50ms);
      lets_go = true;
    };
    std::thread other([&] {
      if (reads) {
        const auto reading = space.lock_shared();
        hold_on();
      } else {
        const auto change = space.plan_munmap(at(7), 2 * page);
        hold_on();
      }
    });
    while (!holds) std::this_thread::yield();
    EXPECT_TRUE(works_in_child(space));
    EXPECT_TRUE(lets_go) << "the process forked beside it";
    other.join();
    EXPECT_TRUE(works_in_child(newer)) << "the lock of another space was not let go";
    EXPECT_TRUE(newer.mmap(
        {.address = base, .length = page, .protection = prot::read, .flags = anonymous}));
  }
}

TEST_F(ThreadedTest, reader_that_forks_reads_on_in_the_child) {
  const shims::ReaderThread here;
  EXPECT_TRUE(works_in_child(space));
  EXPECT_TRUE(space.lookups().find(at(7)));
}

/// May refuse its lock to readers.
struct Refusing : shims::ThreadedOf<Refusing> {
  static inline bool refuses = false;
  static Result<void> lock_space_shared(SpaceLock& lock) noexcept {
    return refuses ? Error::interrupted : ThreadedOf::lock_space_shared(lock);
  }
};

class RefusedReader : public ::testing::Test {
 protected:
  static constexpr Range range{base, base + 2 * page};
  RefusedReader() {
    EXPECT_TRUE(space.mmap({.address = range.start,
                            .length = range.length(),
                            .protection = read_write,
                            .flags = anonymous}));
  }
  AddressSpace<Refusing> space;
};

TEST_F(RefusedReader, is_told_where_it_would_wait_for_a_call) {
  auto change = space.plan_mprotect(range, prot::read);
  ASSERT_TRUE(change.reserve());
  ASSERT_TRUE(change.commit());
  Refusing::refuses = true;
  EXPECT_EQ(space.lock_area(base).error(), Error::interrupted);
  Refusing::refuses = false;
  change.end();
  EXPECT_TRUE(space.lock_area(base));
}

TEST_F(RefusedReader, is_told_where_there_are_more_than_can_be_counted) {
  Refusing::SpaceLock& lock = space.state().lock;
  Refusing::AreaLock& area = find_object(space.state(), base)->lock;
  for (std::uint64_t i = 0; i < Refusing::AreaLock::readers_max; ++i) {
    ASSERT_TRUE(Refusing::begin_area_read(lock, area));
  }
  EXPECT_EQ(space.lock_area(base).error(), Error::try_again);
  Refusing::end_area_read(area);
  EXPECT_TRUE(space.lock_area(base));
  for (std::uint64_t i = 1; i < Refusing::AreaLock::readers_max; ++i) {
    Refusing::end_area_read(area);
  }
}

TEST_F(ThreadedTest, readers_of_the_parent_hold_nothing_in_the_child) {
  ReaderInSection reader(space);
  const pid_t child = fork();
  if (child == 0) {
    for (int i = 0; i < 1000; ++i) {
      (void)space.munmap(at(7), 2 * page);
      map(at(7));
    }
    _exit(space.services().node_pool.waiting() < 2000 ? 0 : 1);
  }
  reader.leave();
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0) << "what was retired waits for threads that are not there";
}

TEST_F(ThreadedTest, thread_forks_between_the_beats_of_its_own_call) {
  auto change = space.plan_munmap(at(7), 2 * page);
  ASSERT_TRUE(change.reserve());
  const pid_t child = fork();
  if (child == 0) {
    alarm(10);
    const bool done = change.commit().has_value();
    change.end();
    _exit(done && space.mprotect(at(8), page, prot::read) && !space.find(at(7)) ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_TRUE(change.commit());
}

// A handler that looks up, whatever it interrupts: a lookup of the same thread, or a call.
const Space* space_of_handler = nullptr;
std::atomic<std::uint64_t> lookups_of_handler = 0;
std::atomic<std::uint64_t> lies_to_handler = 0;
void look_up_in_handler(int) {
  const Address where = ThreadedTest::at(lookups_of_handler++ % ThreadedTest::areas);
  const Seen seen = space_of_handler->lookups().find(where);
  if (seen && !seen.range.contains(where)) ++lies_to_handler;
}

TEST_F(ThreadedTest, signal_handlers_look_up_whatever_they_interrupt) {
  space_of_handler = &space;
  struct sigaction action {};
  action.sa_handler = look_up_in_handler;
  ASSERT_EQ(sigaction(SIGUSR1, &action, nullptr), 0);
  std::atomic<bool> done = false;
  std::thread reader([&] {
    const shims::ReaderThread here;
    while (!done) {
      const auto lookups = space.lookups();
      (void)lookups.find_at_or_above(at(lookups_of_handler % areas));
    }
  });
  std::thread writer([&] {
    for (std::uint64_t i = 0; !done; ++i) {
      (void)space.munmap(at(i % areas), 2 * page);
      map(at(i % areas));
    }
  });
  while (lookups_of_handler < 10000) {
    pthread_kill(reader.native_handle(), SIGUSR1);
    pthread_kill(writer.native_handle(), SIGUSR1);
  }
  done = true;
  reader.join();
  writer.join();
  EXPECT_EQ(lies_to_handler, 0u);
  EXPECT_FALSE(check(space));
}

}  // namespace
}  // namespace vmarea::test
