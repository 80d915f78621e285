// SPDX-License-Identifier: MIT
//
// race_families [CALLS]
//
// Threads that change spaces of one family at once, for the thread sanitizer: so many calls in each
// of three. Says `found:` and ends with 1 where something is wrong, or the sanitizer reports.
#include "concurrency/families.hpp"
#include "concurrency/race_report.hpp"

int main(int argc, char** argv) {
  const auto calls = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 10000;
  const vmarea::test::FamilyRun run = vmarea::test::run_families(1, calls);
  if (!run.wrong.empty()) std::printf("found: %s\n", run.wrong.c_str());
  std::printf("%llu forks, %llu areas of other spaces\n",
              static_cast<unsigned long long>(run.forks),
              static_cast<unsigned long long>(run.areas_of_others));
  return run.wrong.empty() ? 0 : 1;
}
