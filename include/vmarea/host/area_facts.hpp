// SPDX-License-Identifier: MIT
//
// What a tree tells of areas to lookups without a lock, as words: the flags.
#pragma once

#include <cstddef>

#include "vmarea/host/area_tree.hpp"
#include "vmarea/types/area.hpp"

namespace vmarea {

/// To derive from, for a host's tree: how areas become words, and back.
struct AreaFacts {
  static constexpr std::size_t words = 1;
  template <class Host>
  static TreeFacts<words> of(const Area<Host>& area) noexcept {
    return {{area.flags.bits()}};
  }
  static Flags flags(const TreeFacts<words>& facts) noexcept { return Flags(facts.word[0]); }
};

}  // namespace vmarea
