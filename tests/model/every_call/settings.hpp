// SPDX-License-Identifier: MIT
//
// What a sequence of random calls finds: a kernel, limits that are sometimes near, and what runs
// out. By a seed, so that each setting meets each other.
#pragma once

#include "model/every_call/arguments.hpp"

namespace vmarea::test::every_call {

struct Settings {
  KernelProfile profile = linux_6_18;
  Limits limits{.stack_guard_gap_pages = 2};
  PageCount charge_max = ~PageCount{0};
  unsigned huge_page_shift = 21;
  unsigned faulty_kinds = shims::FaultPlan::all_memory;
  bool top_down = true;
  bool seals = false;  // Also the other calls that cannot be taken back.

  static Settings of(std::uint64_t seed, unsigned page_shift = 12);
};

/// Where the parts of a program lie around a world's window.
template <class World>
SpaceLayout layout_in(const World& world, bool top_down, Address limit) {
  SpaceLayout layout;
  layout.mmap_base = world.column(columns + 40);
  if (layout.mmap_base > limit) layout.mmap_base = limit;
  layout.legacy_base = world.column(0);
  layout.top_down = top_down;
  layout.start_brk = layout.brk = world.column(brk_column);
  return layout;
}

}  // namespace vmarea::test::every_call
