// SPDX-License-Identifier: MIT
//
// schedules SCENARIO [COUNT | REPLAY]
//
// Runs a scenario in so many drawn orders of its threads, a third each of depth 2, 3 and 4, and
// then in all orders with few preemptions, as many again at most. Ends with 0 if nothing was found,
// and with 1 and a text that replays the order if something was.
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "../scenarios.hpp"
#include "scheduler.hpp"

namespace vmarea::test {
namespace {

/// What a scenario wants of a checker.
struct SchedulerTools {
  using Atomics = scheduler::Scheduled;
  using Mutex = scheduler::Mutex;

  class Cell {
   public:
    unsigned load() const {
      Atomics::schedule_point();
      return value_;
    }
    void store(unsigned value) {
      Atomics::schedule_point();
      value_ = value;
    }

   private:
    unsigned value_ = 0;
  };
  static void expect(bool is_so, const char* what) { scheduler::expect(is_so, what); }
};

template <class Scenario>
void run_threads(scheduler::Threads& threads) {
  Scenario scenario;
  scenario.begin();
  for (unsigned i = 0; i < Scenario::threads; ++i) {
    threads.add([&scenario, i] { scenario.thread(i); });
    for (unsigned j = 0; j < Scenario::interrupts; ++j) {
      threads.add_handler([&scenario] { scenario.handle(); });
    }
  }
  threads.run();
}

/// Says what was found, if something was.
bool is_right(const scheduler::Report& report) {
  std::printf("%s%s", report.is_complete ? "all orders: " : "", report.text().c_str());
  return !report.found;
}

template <class Scenario>
bool find_nothing(const std::string& argument) {
  const scheduler::Case the_case = run_threads<Scenario>;
  if (argument.find(':') != std::string::npos) return is_right(replay(argument, the_case));
  const std::uint64_t count = std::strtoull(argument.c_str(), nullptr, 10);
  for (unsigned depth = 2; depth <= 4; ++depth) {
    const scheduler::Drawn drawn{.seed = 1, .depth = depth, .schedules = count / 3};
    if (!is_right(explore_drawn(drawn, the_case))) return false;
  }
  return is_right(explore_all({Scenario::preemptions, 5 * count}, the_case));
}

}  // namespace
}  // namespace vmarea::test

int main(int argc, char** argv) {
  vmarea::test::scheduler::report_crashes();
  const std::string_view wanted = argc > 1 ? argv[1] : "";
  const std::string argument = argc > 2 ? argv[2] : "30000";
  int status = 2;
  const auto use = [&]<class Scenario>(const char* name) {
    if (wanted.empty()) std::printf("  %s\n", name);
    if (wanted == name) status = vmarea::test::find_nothing<Scenario>(argument) ? 0 : 1;
  };
  vmarea::test::for_each_scenario<vmarea::test::SchedulerTools>(use);
  return status;
}
