// SPDX-License-Identifier: MIT
//
// Runs code that threads share under a scheduler, in orders that are drawn or listed. What is found
// comes with a text that replays it.
//
//   const auto the_case = [](Threads& threads) {
//     Thing<Scheduled> thing;                              // Anew for each schedule.
//     threads.add([&] { thing.write(); });
//     threads.add([&] { expect(thing.is_whole(), "a reader sees all of it"); });
//     threads.add_handler([&] { thing.look(); });          // Interrupts the reader, or never runs.
//     threads.run();
//     expect(thing.count() == 1, "nothing is lost");       // All are done.
//   };
//   const Report report = explore_drawn({.seed = 1, .depth = 3, .schedules = 1000}, the_case);
//   if (report.found) std::puts(report.text().c_str());    // found: ...   replay: drawn:17,3,120
//   replay("drawn:17,3,120", the_case);                    // The same, with who went on when.
//
// All code that is a template over its atomics runs so, with `Scheduled`: a thread stops in front
// of each access to a Word, at Scheduled::schedule_point(), and at a Mutex of this scheduler. What
// lies between two stops happens as one. Memory is sequentially consistent; weaker orders are for
// relacy.
//
// A case must do the same each time: no time, no addresses that decide, no threads of the system.
#pragma once

#include <atomic>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <type_traits>
#include <utility>

#include "engine.hpp"
#include "order.hpp"

namespace vmarea::test::scheduler {

/// Ends the schedule, which is reported with this text. Does not return.
[[noreturn]] inline void fail(std::string what) {
  Engine::the().fail(std::move(what));
}
inline void expect(bool is_so, const char* what) {
  if (!is_so) fail(what);
}

// ----- what threads share

/// The atomics of a template that is to be scheduled.
struct Scheduled {
  /// Everything that std::atomic has for a number or pointer. Outside of threads it is a variable.
  template <class T>
  class Word {
   public:
    using Difference = std::conditional_t<std::is_pointer_v<T>, std::ptrdiff_t, T>;

    constexpr Word() noexcept = default;
    constexpr Word(T value) noexcept : value_(value) {}
    Word(const Word&) = delete;
    Word& operator=(const Word&) = delete;

    T load(std::memory_order = std::memory_order_seq_cst) const noexcept {
      schedule_point_only();
      return value_;
    }
    void store(T value, std::memory_order = std::memory_order_seq_cst) noexcept {
      (void)exchange(value);
    }
    T exchange(T value, std::memory_order = std::memory_order_seq_cst) noexcept {
      schedule_point_only();
      return put(value);
    }
    bool compare_exchange_strong(T& expected, T wanted,
                                 std::memory_order = std::memory_order_seq_cst,
                                 std::memory_order = std::memory_order_seq_cst) noexcept {
      schedule_point_only();
      if (value_ != expected) return expected = value_, false;
      put(wanted);
      return true;
    }
    bool compare_exchange_weak(T& expected, T wanted, std::memory_order = std::memory_order_seq_cst,
                               std::memory_order = std::memory_order_seq_cst) noexcept {
      return compare_exchange_strong(expected, wanted);
    }
    T fetch_add(Difference by, std::memory_order = std::memory_order_seq_cst) noexcept {
      schedule_point_only();
      return put(static_cast<T>(value_ + by));
    }
    T fetch_sub(Difference by, std::memory_order = std::memory_order_seq_cst) noexcept {
      schedule_point_only();
      return put(static_cast<T>(value_ - by));
    }
    T fetch_or(T bits, std::memory_order = std::memory_order_seq_cst) noexcept {
      schedule_point_only();
      return put(static_cast<T>(value_ | bits));
    }
    T fetch_and(T bits, std::memory_order = std::memory_order_seq_cst) noexcept {
      schedule_point_only();
      return put(static_cast<T>(value_ & bits));
    }

   private:
    static void schedule_point_only() noexcept { Engine::the().access(); }
    T put(T value) noexcept {
      const T before = value_;
      value_ = value;
      if (before != value) Engine::the().changed();
      return before;
    }

    T value_{};
  };

  /// The thread waits for what another one has to do first.
  static void pause() noexcept { Engine::the().pause(); }
  /// In front of an access to shared memory that is no Word; it may change what others wait for.
  static void schedule_point() noexcept {
    Engine::the().access();
    Engine::the().changed();
  }
};

/// Blocks a thread of the scheduler. Outside of threads there is none to wait for.
class Mutex {
 public:
  Mutex() = default;
  Mutex(const Mutex&) = delete;
  Mutex& operator=(const Mutex&) = delete;

  void lock() {
    Engine::the().access();
    while (is_held_) {
      if (!Engine::the().is_in_thread()) fail("a lock is held for ever");
      if (owner_ == Engine::the().current()) fail("a thread waits for a lock that it holds");
      waiting_ |= std::uint32_t{1} << Engine::the().current();
      Engine::the().block();
    }
    hold();
  }
  bool try_lock() {
    Engine::the().access();
    if (is_held_) return false;
    hold();
    return true;
  }
  void unlock() {
    Engine::the().access();
    if (!is_held_ || owner_ != Engine::the().current()) fail("a lock is let go that is not held");
    is_held_ = false;
    for (; waiting_ != 0; waiting_ &= waiting_ - 1) {
      Engine::the().unblock(static_cast<unsigned>(std::countr_zero(waiting_)));
    }
    Engine::the().changed();
  }
  bool is_held() const { return is_held_; }

 private:
  void hold() {
    is_held_ = true;
    owner_ = Engine::the().current();
  }

  bool is_held_ = false;
  unsigned owner_ = Engine::nothing;
  std::uint32_t waiting_ = 0;
};

// ----- exploring

/// The threads of one schedule, eight at most with the handlers.
class Threads {
 public:
  void add(std::function<void()> body) {
    last_ = Engine::the().add(std::move(body), Engine::nothing);
  }
  /// Runs once, as a signal would, while the thread that was added last is stopped anywhere and
  /// stays so; or not at all.
  void add_handler(std::function<void()> body) { Engine::the().add(std::move(body), last_); }
  /// Runs all until they are done. More can be added then, and run.
  void run() { Engine::the().go(); }

 private:
  unsigned last_ = 0;
};
using Case = std::function<void(Threads&)>;

struct Report {
  std::uint64_t schedules = 0;
  std::uint64_t steps_max = 0;  // Of a schedule.
  bool found = false;
  bool is_complete = false;  // All orders that were asked for.
  std::string what;
  std::string replay;
  std::string switches;

  std::string text() const {
    if (!found) return "nothing found in " + std::to_string(schedules) + " schedules\n";
    return "found: " + what + ", in schedule " + std::to_string(schedules) + "\nreplay: " + replay +
           "\n" + switches;
  }
};

inline constexpr std::uint64_t steps_per_schedule_max = 100000;

/// One schedule; adds it to the report.
inline bool run_one(const Case& the_case, Order& order, Report& report) {
  Engine& engine = Engine::the();
  const std::function<void()> conduct = [&the_case] {
    Threads threads;
    the_case(threads);
  };
  const bool is_right = engine.run(conduct, order, steps_per_schedule_max);
  ++report.schedules;
  report.steps_max = std::max(report.steps_max, engine.steps());
  if (is_right) return true;
  report.found = true;
  report.what = engine.what();
  report.replay = order.text();
  report.switches = engine.switches();
  return false;
}

/// The schedule of a report once more, and which thread went on when.
inline Report replay(const std::string& text, const Case& the_case) {
  const std::unique_ptr<Order> order = make_order(text);
  Report report;
  if (order == nullptr) {
    report.found = true;
    report.what = "no order has the text " + text;
    return report;
  }
  Engine::the().note_switches(true);
  run_one(the_case, *order, report);
  Engine::the().note_switches(false);
  return report;
}

struct Drawn {
  std::uint64_t seed = 1;  // Of the first schedule; each has the next one.
  unsigned depth = 3;
  std::uint64_t schedules = 1000;
};
/// PCT. How long a schedule is, it learns from those before.
inline Report explore_drawn(const Drawn& drawn, const Case& the_case) {
  Report report;
  for (std::uint64_t i = 0; i < drawn.schedules; ++i) {
    DrawnOrder order({drawn.seed + i, drawn.depth, std::max<std::uint64_t>(report.steps_max, 16)});
    if (!run_one(the_case, order, report)) return report;
  }
  return report;
}

struct Listed {
  unsigned preemptions = 2;
  std::uint64_t schedules_max = ~std::uint64_t{0};
};
/// Every order with so many preemptions at most.
inline Report explore_all(const Listed& listed, const Case& the_case) {
  Report report;
  AllOrders order(listed.preemptions);
  do {
    if (!run_one(the_case, order, report)) return report;
    if (!order.advance()) {
      report.is_complete = true;
      return report;
    }
  } while (report.schedules < listed.schedules_max);
  return report;
}

/// For programs: a crash within a schedule is something found, too, and says how to replay it.
inline void report_crashes() {
  const auto report = [](int signal) {
    if (Engine::the().is_running()) {
      std::printf("found: signal %d\nreplay: %s\n", signal, Engine::the().order_text().c_str());
      std::fflush(stdout);
      std::_Exit(1);
    }
    std::signal(signal, SIG_DFL);
    std::raise(signal);
  };
  for (const int signal : {SIGSEGV, SIGBUS, SIGILL, SIGTRAP, SIGABRT, SIGFPE}) {
    std::signal(signal, report);
  }
}

}  // namespace vmarea::test::scheduler
