// SPDX-License-Identifier: MIT
//
// Grace periods: what a stamp waits for, and what it does not. A writer's stamp is taken where the
// picture has an s, and is over at the o.
#include <atomic>
#include <csignal>
#include <cstdint>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vmarea_shims/epochs.hpp>

namespace vmarea::test {
namespace {

using AllEpochs = shims::Epochs<>;
using TwoSlots = shims::Epochs<shims::StandardAtomics, 2>;
using Section = shims::ReadSection<AllEpochs>;

TEST(Epochs, stamp_without_readers_is_over_at_once) {
  static constinit AllEpochs epochs;
  const std::uint64_t stamp = epochs.stamp();
  EXPECT_TRUE(epochs.is_over(stamp));
  EXPECT_GT(epochs.stamp(), stamp);
  epochs.wait_for(epochs.stamp());
}

TEST(Epochs, idle_reader_holds_nothing_back) {
  AllEpochs epochs;
  AllEpochs::Reader reader = epochs.join();
  EXPECT_FALSE(reader.is_guest());
  EXPECT_TRUE(epochs.is_over(epochs.stamp()));
  epochs.leave(reader);
}

// reader   [......]
// writer      s    o
TEST(Epochs, section_that_began_before_a_stamp_holds_it_back_until_its_end) {
  AllEpochs epochs;
  AllEpochs::Reader reader = epochs.join();
  epochs.enter(reader);
  const std::uint64_t stamp = epochs.stamp();
  for (int i = 0; i < 10; ++i) EXPECT_FALSE(epochs.is_over(stamp));
  epochs.exit(reader);
  EXPECT_TRUE(epochs.is_over(stamp));
  epochs.leave(reader);
}

// early    [........]
// late         [...........]
// writer     s       o
TEST(Epochs, section_that_began_an_epoch_after_a_stamp_does_not_hold_it_back) {
  AllEpochs epochs;
  AllEpochs::Reader early = epochs.join();
  AllEpochs::Reader late = epochs.join();
  epochs.enter(early);
  const std::uint64_t stamp = epochs.stamp();
  EXPECT_FALSE(epochs.is_over(stamp));
  EXPECT_EQ(epochs.stamp(), stamp + 1);
  epochs.enter(late);
  EXPECT_FALSE(epochs.is_over(stamp));
  epochs.exit(early);
  EXPECT_TRUE(epochs.is_over(stamp));
  EXPECT_FALSE(epochs.is_over(epochs.stamp()));
  epochs.exit(late);
  epochs.leave(early);
  epochs.leave(late);
}

// Of a reader and of a guest.
TEST(Epochs, outer_section_lasts_when_an_inner_one_ends) {
  AllEpochs epochs;
  AllEpochs::Reader joined = epochs.join();
  AllEpochs::Reader guest;
  for (AllEpochs::Reader* const reader : {&joined, &guest}) {
    std::uint64_t stamp = 0;
    {
      const Section outer(epochs, *reader);
      stamp = epochs.stamp();
      {
        const Section inner(epochs, *reader);
        EXPECT_FALSE(epochs.is_over(stamp));
      }
      EXPECT_TRUE(reader->is_in_section());
      EXPECT_FALSE(epochs.is_over(stamp));
    }
    EXPECT_FALSE(reader->is_in_section());
    EXPECT_TRUE(epochs.is_over(stamp));
  }
  epochs.leave(joined);
}

TEST(Epochs, reader_without_a_slot_is_a_guest_and_takes_one_that_is_given_back) {
  TwoSlots epochs;
  TwoSlots::Reader first = epochs.join();
  TwoSlots::Reader second = epochs.join();
  TwoSlots::Reader third = epochs.join();
  EXPECT_FALSE(second.is_guest());
  EXPECT_TRUE(third.is_guest());
  epochs.enter(third);
  const std::uint64_t stamp = epochs.stamp();
  EXPECT_FALSE(epochs.is_over(stamp));
  epochs.exit(third);
  EXPECT_TRUE(epochs.is_over(stamp));

  epochs.leave(first);
  EXPECT_TRUE(first.is_guest());
  epochs.leave(third);  // A guest has nothing to give back.
  TwoSlots::Reader again = epochs.join();
  EXPECT_FALSE(again.is_guest());
  epochs.leave(again);
  epochs.leave(second);
}

TEST(Epochs, each_slot_is_scanned) {
  AllEpochs epochs;
  std::vector<AllEpochs::Reader> readers;
  for (std::size_t i = 0; i < AllEpochs::readers_max; ++i) readers.push_back(epochs.join());
  for (AllEpochs::Reader& reader : readers) {
    ASSERT_FALSE(reader.is_guest());
    epochs.enter(reader);
    const std::uint64_t stamp = epochs.stamp();
    EXPECT_FALSE(epochs.is_over(stamp));
    epochs.exit(reader);
    EXPECT_TRUE(epochs.is_over(stamp));
  }
  for (AllEpochs::Reader& reader : readers) epochs.leave(reader);
}

// guest    [.......]      and another one that enters every time, in epochs of both parities
// writer     s      o
TEST(Epochs, guests_of_both_parities_hold_back_what_they_may_look_at) {
  AllEpochs epochs;
  for (int i = 0; i < 4; ++i) {
    const AllEpochs::Guest early = epochs.enter_guest();
    const std::uint64_t stamp = epochs.stamp();
    EXPECT_FALSE(epochs.is_over(stamp));
    EXPECT_EQ(epochs.stamp(), stamp + 1);
    const AllEpochs::Guest late = epochs.enter_guest();
    EXPECT_FALSE(epochs.is_over(stamp));
    epochs.exit_guest(early);
    EXPECT_TRUE(epochs.is_over(stamp));
    EXPECT_FALSE(epochs.is_over(stamp + 1));
    epochs.exit_guest(late);
    EXPECT_TRUE(epochs.is_over(stamp + 1 + static_cast<unsigned>(i % 2)));
  }
}

TEST(Epochs, reader_that_moves_keeps_its_slot_and_section) {
  TwoSlots epochs;
  TwoSlots::Reader first = epochs.join();
  epochs.enter(first);
  TwoSlots::Reader moved = std::move(first);
  EXPECT_FALSE(moved.is_guest());
  EXPECT_TRUE(moved.is_in_section());
  EXPECT_FALSE(epochs.is_over(epochs.stamp()));
  epochs.exit(moved);
  EXPECT_TRUE(epochs.is_over(epochs.stamp()));
  epochs.leave(moved);
}

TEST(EpochsDeathTest, reader_that_leaves_within_a_section_stops_the_program) {
  AllEpochs epochs;
  AllEpochs::Reader reader = epochs.join();
  epochs.enter(reader);
  EXPECT_DEATH(epochs.leave(reader), "");
  epochs.exit(reader);
  epochs.leave(reader);
}

TEST(Epochs, wait_returns_when_the_section_of_another_thread_has_ended) {
  AllEpochs epochs;
  std::atomic<bool> entered = false;
  std::atomic<bool> leaving = false;
  std::thread other([&] {
    AllEpochs::Reader reader = epochs.join();
    epochs.enter(reader);
    entered = true;
    for (int i = 0; i < 50; ++i) std::this_thread::yield();
    leaving = true;
    epochs.exit(reader);
    epochs.leave(reader);
  });
  while (!entered) std::this_thread::yield();
  epochs.wait_for(epochs.stamp());
  EXPECT_TRUE(leaving);
  other.join();
}

// The other thread stays in its section, which in the child nothing ends.
TEST(Epochs, child_of_a_fork_that_is_alone_waits_only_for_itself) {
  AllEpochs epochs;
  AllEpochs::Reader mine = epochs.join();
  std::atomic<int> entered = 0;
  std::atomic<bool> done = false;
  std::thread other([&] {
    AllEpochs::Reader reader = epochs.join();
    const Section joined(epochs, reader);
    const Section guest(epochs);
    entered = 1;
    while (!done) std::this_thread::yield();
  });
  while (entered == 0) std::this_thread::yield();
  epochs.enter(mine);
  const std::uint64_t stamp = epochs.stamp();
  const pid_t child = fork();
  if (child == 0) {
    if (epochs.is_over(stamp)) _exit(1);  // Others are left.
    epochs.alone(mine);
    if (epochs.is_over(stamp)) _exit(2);  // The own section goes on.
    epochs.exit(mine);
    if (!epochs.is_over(stamp)) _exit(3);
    AllEpochs::Reader next = epochs.join();
    if (next.is_guest() || mine.is_guest()) _exit(4);
    epochs.alone();
    _exit(epochs.is_over(epochs.stamp()) ? 0 : 5);
  }
  int status = -1;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_FALSE(epochs.is_over(stamp));
  epochs.exit(mine);
  EXPECT_FALSE(epochs.is_over(stamp));
  done = true;
  other.join();
  EXPECT_TRUE(epochs.is_over(stamp));
  epochs.leave(mine);
}

TEST(Epochs, guest_that_brings_its_section_to_a_child_keeps_it) {
  AllEpochs epochs;
  AllEpochs::Reader guest;
  AllEpochs::Reader other;
  epochs.enter(guest);
  epochs.enter(other);
  const std::uint64_t stamp = epochs.stamp();
  epochs.alone(guest);  // As if other belonged to a thread that is gone.
  EXPECT_FALSE(epochs.is_over(stamp));
  epochs.exit(guest);
  EXPECT_TRUE(epochs.is_over(stamp));
}

TEST(Epochs, guest_that_comes_to_a_child_without_a_section_holds_nothing_back) {
  AllEpochs epochs;
  AllEpochs::Reader guest;
  AllEpochs::Reader other;
  epochs.enter(other);
  const std::uint64_t stamp = epochs.stamp();
  EXPECT_FALSE(epochs.is_over(stamp));
  epochs.alone(guest);
  EXPECT_TRUE(epochs.is_over(stamp));
}

// ----- signals: a handler reads as a guest, whatever it interrupted

AllEpochs interrupted;
std::atomic<std::uint64_t> handled = 0;
std::atomic<std::uint64_t> unprotected = 0;

void look_around(int) {
  const Section section(interrupted);
  const std::uint64_t stamp = interrupted.stamp();
  if (interrupted.is_over(stamp)) ++unprotected;
  ++handled;
}

TEST(Epochs, handler_may_read_whatever_it_interrupted) {
  struct sigaction action {};
  action.sa_handler = look_around;
  struct sigaction before {};
  ASSERT_EQ(sigaction(SIGALRM, &action, &before), 0);
  const itimerval often{{0, 50}, {0, 50}};  // Microseconds.
  ASSERT_EQ(setitimer(ITIMER_REAL, &often, nullptr), 0);
  AllEpochs::Reader reader = interrupted.join();
  std::uint64_t unsafe = 0;
  while (handled < 3000) {
    interrupted.enter(reader);
    unsafe += interrupted.is_over(interrupted.stamp()) ? 1u : 0u;
    interrupted.exit(reader);
    interrupted.wait_for(interrupted.stamp());
  }
  const itimerval never{};
  ASSERT_EQ(setitimer(ITIMER_REAL, &never, nullptr), 0);
  ASSERT_EQ(sigaction(SIGALRM, &before, nullptr), 0);
  EXPECT_EQ(unsafe, 0u);
  EXPECT_EQ(unprotected, 0u);
  EXPECT_TRUE(interrupted.is_over(interrupted.stamp()));
  interrupted.leave(reader);
}

}  // namespace
}  // namespace vmarea::test
