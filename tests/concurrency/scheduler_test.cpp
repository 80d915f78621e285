// SPDX-License-Identifier: MIT
//
// The scheduler of these tests: it finds what it should, lists every order once, and replays.
#include "scheduler/scheduler.hpp"

#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace vmarea::test::scheduler {
namespace {

using Number = Scheduled::Word<int>;

/// Two threads that each load and store; a number is lost if both load first.
void add_carelessly(Threads& threads) {
  Number number;
  const auto add = [&] { number.store(number.load() + 1); };
  threads.add(add);
  threads.add(add);
  threads.run();
  expect(number.load() == 2, "a number is lost");
}

TEST(Scheduler, finds_a_lost_update) {
  const Report drawn = explore_drawn({.depth = 2, .schedules = 100}, add_carelessly);
  EXPECT_TRUE(drawn.found);
  EXPECT_EQ(drawn.what, "a number is lost");
  const Report listed = explore_all({.preemptions = 1}, add_carelessly);
  EXPECT_TRUE(listed.found);
  EXPECT_LE(listed.schedules, 6u);
}

TEST(Scheduler, finds_no_lost_update_where_no_thread_is_preempted) {
  const Report drawn = explore_drawn({.depth = 1, .schedules = 1000}, add_carelessly);
  EXPECT_FALSE(drawn.found);
  EXPECT_EQ(drawn.schedules, 1000u);
  EXPECT_FALSE(drawn.is_complete);
  const Report listed = explore_all({.preemptions = 0}, add_carelessly);
  EXPECT_FALSE(listed.found);
  EXPECT_TRUE(listed.is_complete);
  EXPECT_EQ(listed.schedules, 2u);
}

TEST(Scheduler, replays_what_it_found_and_says_which_thread_went_on) {
  for (const Report& found : {explore_drawn({.depth = 2, .schedules = 100}, add_carelessly),
                              explore_all({.preemptions = 1}, add_carelessly)}) {
    SCOPED_TRACE(found.text());
    const Report again = replay(found.replay, add_carelessly);
    EXPECT_TRUE(again.found);
    EXPECT_EQ(again.what, found.what);
    EXPECT_EQ(again.replay, found.replay);
    EXPECT_EQ(again.schedules, 1u);
    EXPECT_NE(again.switches.find("step 2: thread"), std::string::npos);
    EXPECT_NE(again.text().find("found: a number is lost"), std::string::npos);
  }
  EXPECT_TRUE(replay("by no means an order", add_carelessly).found);
  EXPECT_FALSE(replay("listed:", add_carelessly).found);
}

/// How many orders threads with so many steps have, in which at most so many are preempted.
std::uint64_t count_orders(std::vector<unsigned> left, std::size_t current, unsigned preemptions) {
  std::uint64_t orders = 0;
  bool any = false;
  for (std::size_t i = 0; i < left.size(); ++i) {
    if (left[i] == 0) continue;
    any = true;
    const bool preempts = i != current && current < left.size() && left[current] != 0;
    if (preempts && preemptions == 0) continue;
    std::vector<unsigned> rest = left;
    --rest[i];
    orders += count_orders(rest, i, preemptions - (preempts ? 1 : 0));
  }
  return any ? orders : 1;
}

// A thread of two accesses has three steps: up to the first, from there to the second, and the
// rest.
TEST(Scheduler, lists_every_order_with_so_many_preemptions_once) {
  for (const std::vector<unsigned>& steps :
       {std::vector<unsigned>{2, 2}, {3, 3}, {4, 2}, {2, 2, 2}, {3, 2, 2}, {2, 2, 1, 2}}) {
    for (unsigned preemptions = 0; preemptions < 5; ++preemptions) {
      std::set<std::string> orders;
      const auto note_order = [&](Threads& threads) {
        Number shared;
        std::string order;
        for (std::size_t thread = 0; thread < steps.size(); ++thread) {
          threads.add([&, thread] {
            for (unsigned i = 0; i < steps[thread]; ++i) {
              if (i != 0) (void)shared.load();
              order += static_cast<char>('a' + thread);
            }
          });
        }
        threads.run();
        orders.insert(order);
      };
      const Report report = explore_all({preemptions}, note_order);
      EXPECT_TRUE(report.is_complete);
      EXPECT_EQ(report.schedules, orders.size());
      EXPECT_EQ(report.schedules, count_orders(steps, steps.size(), preemptions));
    }
  }
}

TEST(Scheduler, lists_no_more_orders_than_asked_for) {
  const Report report = explore_all({.preemptions = 0, .schedules_max = 1}, add_carelessly);
  EXPECT_EQ(report.schedules, 1u);
  EXPECT_FALSE(report.is_complete);
}

/// Wrong only if both threads are stopped, each between two of its accesses.
void look_between_stores(Threads& threads) {
  Number first;
  Number second;
  int seen_first = 0;
  int seen_second = 0;
  threads.add([&] {
    seen_first = first.load();
    seen_second = second.load();
    expect(!(seen_first == 0 && seen_second == 2), "both sides of the other thread are seen");
  });
  threads.add([&] {
    first.store(1);
    second.store(1);
    second.store(2);
    second.store(0);
    first.store(0);
  });
  threads.run();
}

TEST(Scheduler, fault_of_two_preemptions_needs_as_many) {
  EXPECT_FALSE(explore_all({.preemptions = 1}, look_between_stores).found);
  EXPECT_TRUE(explore_all({.preemptions = 2}, look_between_stores).found);
  EXPECT_FALSE(explore_drawn({.depth = 1, .schedules = 1000}, look_between_stores).found);
  EXPECT_TRUE(explore_drawn({.depth = 3, .schedules = 10000}, look_between_stores).found);
}

TEST(Scheduler, waiting_thread_goes_on_when_another_one_changed_something) {
  const auto wait = [](Threads& threads) {
    Number flag;
    Number other;
    int seen = 0;
    const auto waits = [&] {
      while (flag.load() == 0) Scheduled::pause();
      ++seen;
    };
    threads.add(waits);
    threads.add(waits);
    threads.add([&] {
      other.store(1);
      flag.store(1);
    });
    threads.run();
    expect(seen == 2, "both have waited");
  };
  const Report listed = explore_all({.preemptions = 2}, wait);
  EXPECT_FALSE(listed.found) << listed.text();
  EXPECT_TRUE(listed.is_complete);
  EXPECT_FALSE(explore_drawn({.schedules = 1000}, wait).found);
}

// What is changed is no Word, so the scheduler does not see it.
TEST(Scheduler, waiting_threads_go_on_if_there_is_no_other) {
  const auto wait = [](Threads& threads) {
    bool flag = false;
    const auto waits = [&] {
      for (int i = 0; i < 3 && !flag; ++i) Scheduled::pause();
    };
    threads.add(waits);
    threads.add(waits);
    threads.run();
  };
  EXPECT_TRUE(explore_all({.preemptions = 2}, wait).is_complete);
}

TEST(Scheduler, wait_without_an_end_is_found) {
  const auto wait = [](Threads& threads) {
    Number flag;
    threads.add([&] {
      while (flag.load() == 0) Scheduled::pause();
    });
    threads.run();
  };
  const Report report = explore_all({}, wait);
  EXPECT_TRUE(report.found);
  EXPECT_EQ(report.what.substr(0, 10), "no end aft");
}

TEST(Scheduler, wait_outside_of_threads_is_found) {
  const Report report = explore_drawn({.schedules = 1}, [](Threads& threads) {
    Number number;
    threads.add([&] { number.store(1); });
    threads.run();
    while (number.load() != 2) Scheduled::pause();
  });
  EXPECT_TRUE(report.found);
  EXPECT_EQ(report.what, "a wait outside of threads has no end");
}

TEST(ScheduledMutex, keeps_others_out) {
  const auto add = [](Threads& threads) {
    Number number;
    Mutex mutex;
    const auto add_locked = [&] {
      mutex.lock();
      number.store(number.load() + 1);
      mutex.unlock();
    };
    for (int i = 0; i < 3; ++i) threads.add(add_locked);
    threads.run();
    expect(number.load() == 3, "a number is lost");
    expect(!mutex.is_held(), "all have let go");
  };
  const Report listed = explore_all({.preemptions = 3}, add);
  EXPECT_FALSE(listed.found) << listed.text();
  EXPECT_TRUE(listed.is_complete);
  EXPECT_FALSE(explore_drawn({.schedules = 2000}, add).found);
}

TEST(ScheduledMutex, two_that_are_taken_in_either_order_are_a_deadlock) {
  const auto lock_both = [](Threads& threads) {
    Mutex a;
    Mutex b;
    const auto lock = [](Mutex& first, Mutex& second) {
      first.lock();
      second.lock();
      second.unlock();
      first.unlock();
    };
    threads.add([&] { lock(a, b); });
    threads.add([&] { lock(b, a); });
    threads.run();
  };
  EXPECT_FALSE(explore_all({.preemptions = 0}, lock_both).found);
  EXPECT_EQ(explore_all({.preemptions = 1}, lock_both).what, "deadlock");
  EXPECT_EQ(explore_drawn({.schedules = 1000}, lock_both).what, "deadlock");
}

TEST(ScheduledMutex, misuse_is_found) {
  const auto run_alone = [](void (*body)(Mutex&)) {
    return explore_all({},
                       [body](Threads& threads) {
                         Mutex mutex;
                         threads.add([&] { body(mutex); });
                         threads.run();
                       })
        .what;
  };
  EXPECT_EQ(run_alone([](Mutex& mutex) {
              mutex.lock();
              mutex.lock();
            }),
            "a thread waits for a lock that it holds");
  EXPECT_EQ(run_alone([](Mutex& mutex) { mutex.unlock(); }), "a lock is let go that is not held");
  EXPECT_EQ(run_alone([](Mutex& mutex) {
              expect(mutex.try_lock(), "it is free");
              expect(!mutex.try_lock(), "it is held");
              mutex.unlock();
            }),
            "");
}

// The thread has accesses after a and b; so a handler sees "", a, ab, or never runs.
TEST(Scheduler, handler_runs_at_any_stop_of_its_thread_which_does_not_go_on) {
  std::set<std::string> seen;
  const auto interrupt = [&seen](Threads& threads) {
    Number shared;
    std::string done;
    std::string at = "never";
    threads.add([&] {
      done += 'a';
      (void)shared.load();
      done += 'b';
      (void)shared.load();
      done += 'c';
    });
    threads.add_handler([&] {
      at = done;
      (void)shared.load();
      (void)shared.load();
      expect(at == done, "the thread goes on while a handler runs");
    });
    threads.add([&] { (void)shared.load(); });
    threads.run();
    expect(done == "abc", "the thread goes on when the handler is done");
    seen.insert(at);
  };
  const std::set<std::string> all{"", "a", "ab", "never"};
  const Report listed = explore_all({.preemptions = 3}, interrupt);
  EXPECT_FALSE(listed.found) << listed.text();
  EXPECT_EQ(seen, all);
  seen.clear();
  EXPECT_FALSE(explore_drawn({.schedules = 2000}, interrupt).found);
  EXPECT_EQ(seen, all);
}

TEST(Scheduler, case_may_run_threads_again_and_ends_what_it_began) {
  int made = 0;
  struct Counted {
    explicit Counted(int& count) : count_(count) { ++count_; }
    Counted(const Counted&) = delete;
    Counted& operator=(const Counted&) = delete;
    ~Counted() { --count_; }
    int& count_;
  };
  const auto twice = [&made](Threads& threads) {
    const Counted counted(made);
    expect(made == 1, "the state of a schedule is gone before the next one");
    Number number;
    for (int i = 1; i <= 2; ++i) {
      threads.add([&] { number.fetch_add(1); });
      threads.add([&] { number.fetch_add(1); });
      threads.run();
      expect(number.load() == 2 * i, "all have run");
    }
    threads.run();  // There is none.
  };
  EXPECT_FALSE(explore_all({}, twice).found);
  EXPECT_EQ(made, 0);
}

TEST(Scheduler, goes_on_after_something_was_found) {
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(explore_all({}, add_carelessly).found);
  EXPECT_FALSE(explore_all({.preemptions = 0}, add_carelessly).found);
}

TEST(ScheduledWord, is_as_a_standard_one) {
  Scheduled::Word<unsigned> word{5};
  EXPECT_EQ(word.exchange(6), 5u);
  unsigned expected = 5;
  EXPECT_FALSE(word.compare_exchange_strong(expected, 7));
  EXPECT_EQ(expected, 6u);
  EXPECT_TRUE(word.compare_exchange_weak(expected, 12, std::memory_order_acq_rel));
  EXPECT_EQ(word.fetch_add(~0u), 12u);
  EXPECT_EQ(word.fetch_sub(1), 11u);
  EXPECT_EQ(word.fetch_or(5), 10u);
  EXPECT_EQ(word.fetch_and(3), 15u);
  EXPECT_EQ(word.load(), 3u);
  int two[2] = {};
  Scheduled::Word<int*> pointer{two};
  EXPECT_EQ(pointer.fetch_add(1), two);
  EXPECT_EQ(pointer.load(std::memory_order_acquire), two + 1);
  constexpr bool is_small = sizeof(Scheduled::Word<bool>) == sizeof(bool);
  EXPECT_TRUE(is_small);
}

TEST(SchedulerDeathTest, crash_within_a_schedule_is_found_and_replays) {
  const auto crash = [] {
    report_crashes();
    explore_all({}, [](Threads& threads) {
      threads.add([] { __builtin_trap(); });
      threads.run();
    });
  };
  EXPECT_EXIT(crash(), testing::ExitedWithCode(1), "");
  EXPECT_DEATH(fail("no schedule"), "outside of any schedule: no schedule");
}

}  // namespace
}  // namespace vmarea::test::scheduler
