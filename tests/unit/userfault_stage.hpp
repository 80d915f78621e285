// SPDX-License-Identifier: MIT
//
// A Stage with kinds of memory that somebody watches:
//
//   U context 1, missing     V context 1, write protection     W context 1, both
//   T context 2, missing     R readable, context 1, missing
#pragma once

#include "support/stage.hpp"

namespace vmarea::test {

inline constexpr UserfaultContext ours = 1;
inline constexpr UserfaultContext theirs = 2;
inline constexpr UserfaultRules all_events{
    .unmap_events = true, .remap_events = true, .fork_events = true};

struct Watched : Stage {
  Watched() {
    const Attributes* us = host().attributes({.userfault_context = ours});
    const Attributes* them = host().attributes({.userfault_context = theirs});
    constexpr Flags missing = flag::userfault_missing;
    constexpr Flags protect = flag::userfault_protect;
    legend['U'] = {.adds = missing, .attributes = us};
    legend['V'] = {.adds = protect, .attributes = us};
    legend['W'] = {.adds = missing | protect, .attributes = us};
    legend['T'] = {.adds = missing, .attributes = them};
    legend['R'] = {.protection = prot::read, .adds = missing, .attributes = us};
  }
  explicit Watched(std::string_view picture) : Watched() { build(picture); }

  Error watch(Range range, UserfaultModes modes = uffd::missing, UserfaultContext context = ours) {
    return register_userfault(range, context, modes).code();
  }
  Error unwatch(Range range, UserfaultContext context = ours) {
    return unregister_userfault(range, context).code();
  }
  /// What is told during `act`.
  template <class Act>
  std::string told(Act&& act) {
    (void)host().take_events();
    act();
    return host().take_events();
  }
};

}  // namespace vmarea::test
