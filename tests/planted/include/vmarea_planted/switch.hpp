// SPDX-License-Identifier: MIT
//
// Which planted fault is on; at most one. Headers with faults built in ask is_on() where the
// faulty text stands beside the right one, so that one program shows all of them.
//
//   VMAREA_PLANTED=merge_ignores_flags regressions --gtest_filter=...
//   vmarea_planted::turn_on("merge_ignores_flags");
//
// Constant evaluation never sees a fault. A program that was told of a fault says at its end how
// often the faulty text was reached: a fault that nothing reaches shows nothing about the tests.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <type_traits>

#include <vmarea_planted/names.hpp>

namespace vmarea_planted {

/// The number of a fault; 0 if there is none of that name.
constexpr unsigned number_of(std::string_view name) noexcept {
  unsigned number = 0;
  for (unsigned i = 1; i < name_count; ++i) {
    if (name == names[i]) number = i;
  }
  return number;
}

class Switch {
 public:
  Switch() noexcept {
    const char* wanted = std::getenv("VMAREA_PLANTED");
    if (wanted == nullptr || *wanted == '\0') return;
    active = number_of(wanted);
    if (active != 0) return;
    std::fprintf(stderr, "there is no planted fault of the name %s\n", wanted);
    std::_Exit(2);
  }
  ~Switch() {
    if (active == 0) return;
    std::fprintf(stderr, "planted fault %s: reached %lu times\n", names[active], reached);
  }

  unsigned active = 0;
  unsigned long reached = 0;
};

inline Switch the_switch;

constexpr bool is_on(unsigned fault) noexcept {
  if (std::is_constant_evaluated() || the_switch.active != fault) return false;
  ++the_switch.reached;
  return true;
}

/// Turns this fault on and any other off; false if there is none of that name.
inline bool turn_on(std::string_view name) noexcept {
  the_switch.active = number_of(name);
  the_switch.reached = 0;
  return the_switch.active != 0;
}
inline void turn_off() noexcept {
  the_switch.active = 0;
}
/// How often the faulty text was executed since the fault was turned on.
inline unsigned long times_reached() noexcept {
  return the_switch.reached;
}

}  // namespace vmarea_planted
