// SPDX-License-Identifier: MIT
#include <cstdio>
#include <cstring>
#include <initializer_list>

#include "unit.hpp"

int main() {
  int failures = 0;
  const auto expect = [&](bool good, const Unit& unit, const char* what) {
    if (good) return;
    std::printf("FAILED: %s %s\n", unit.level, what);
    ++failures;
  };
  constexpr unsigned calls = 20000;
  const std::string seen = baseline.make_calls(calls);
  expect(seen.ends_with("sound\n"), baseline, "breaks the tree");
  expect(std::strstr(baseline.host, "8baseline8Userland") != nullptr, baseline, "is not named so");
  for (const Unit* unit : {&v3, &v4}) {
    if (unit->make_calls == nullptr) continue;
    const char* const named = unit == &v3 ? "4avx28Userland" : "6avx5128Userland";
    expect(std::strstr(unit->host, named) != nullptr, *unit, "is not named so");
    expect(unit->functions != baseline.functions, *unit, "shares functions with the baseline");
    expect(unit->make_calls(calls) == seen, *unit, "sees something else");
  }
  expect(v3.functions != v4.functions, v4, "shares functions with x86-64-v3");
  std::printf("%zu bytes seen, %d failures\n", seen.size(), failures);
  return failures == 0 ? 0 : 1;
}
