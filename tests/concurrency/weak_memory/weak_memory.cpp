// SPDX-License-Identifier: MIT
//
// weak_memory SCENARIO [ITERATIONS]
//
// Runs a scenario in so many drawn executions of the memory model of C++. Ends with 0 if nothing
// was found, and with 1 and the execution if something was.
#include <cstdio>
#include <cstdlib>
#include <ostream>
#include <string_view>

#include "../scenarios.hpp"
#include "relacy_atomics.hpp"

namespace vmarea::test {
namespace {

template <class Scenario>
struct Suite : rl::test_suite<Suite<Scenario>, Scenario::threads> {
  Scenario scenario;

  void before() {
    scenario.begin();
    const auto handle = [](void* self) { static_cast<Scenario*>(self)->handle(); };
    for (Handler& handler : handlers) handler = {handle, &scenario, Scenario::interrupts, false};
  }
  void thread(unsigned index) { scenario.thread(index); }
};

template <class Scenario>
bool find_nothing(rl::iteration_t iterations) {
  std::ostream silence(nullptr);
  rl::test_params params;
  params.iteration_count = iterations;
  params.execution_depth_limit = 20000;
  params.progress_stream = &silence;
  if (rl::simulate<Suite<Scenario>>(params)) return true;
  std::printf("found: %s in iteration %llu\n", rl::test_result_str(params.test_result),
              static_cast<unsigned long long>(params.stop_iteration));
  return false;
}

}  // namespace
}  // namespace vmarea::test

int main(int argc, char** argv) {
  const std::string_view wanted = argc > 1 ? argv[1] : "";
  const unsigned long long iterations = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 50000;
  int status = 2;
  vmarea::test::for_each_scenario<vmarea::test::RelacyTools>([&]<class Scenario>(const char* name) {
    if (wanted.empty()) std::printf("  %s\n", name);
    if (wanted != name) return;
    status = vmarea::test::find_nothing<Scenario>(iterations) ? 0 : 1;
    if (status == 0) std::printf("nothing found in %llu iterations\n", iterations);
  });
  return status;
}
