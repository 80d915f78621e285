// SPDX-License-Identifier: MIT
//
// A host whose own data says of each page of an area which one it is, so that data which is lost,
// doubled or in the wrong place is seen. Its data is aligned to more than an area, is no plain
// value, and is counted while it lives.
//
//   area   [AAAA)[BB)        data   1 2 3 4, owner A   5 6, owner B
#pragma once

#include <array>
#include <cstdint>

#include <vmarea_shims/decorators/fault_injecting.hpp>
#include <vmarea_shims/userland.hpp>

#include "support/stage.hpp"

namespace vmarea::test {

/// Pages that it was not told of, because the area grew, have the number 0.
struct alignas(128) PageLog {
  static constexpr std::uint64_t pages_max = 64;
  static inline std::int64_t live = 0;

  unsigned owner = 0;
  std::uint64_t count = 0;
  std::array<std::uint32_t, pages_max> numbers{};
  bool moved_from = false;

  PageLog() noexcept { ++live; }
  PageLog(const PageLog& other) noexcept : PageLog() { *this = other; }
  PageLog& operator=(const PageLog& other) noexcept {
    EXPECT_FALSE(other.moved_from) << "what was moved is used again";
    owner = other.owner;
    count = other.count;
    numbers = other.numbers;
    moved_from = false;
    return *this;
  }
  PageLog& operator=(PageLog&& other) noexcept {
    *this = static_cast<const PageLog&>(other);
    other.moved_from = true;
    return *this;
  }
  ~PageLog() { --live; }

  std::uint32_t number(std::uint64_t page) const noexcept {
    return page < count ? numbers[page] : 0;
  }
  void add(std::uint32_t number) noexcept { numbers[count++] = number; }
  /// Stands for so many pages from now on, of which the last are new to it, or not its own.
  void resize(std::uint64_t pages) noexcept {
    while (count < pages) add(0);
    count = pages;
  }
};

struct PageLogState {
  shims::FaultPlan faults;
  unsigned splits = 0;
  unsigned joins = 0;
};

struct PageLogHost;

struct PageLogRules : shims::UserlandGroups<PageLogHost> {
  PageLogState* state = nullptr;

  PageLogRules() = default;
  explicit PageLogRules(PageLogState& shared) noexcept : state(&shared) {}

  using AreaData = PageLog;
  static constexpr bool has_data_rules = true;
  static bool may_join(const PageLog& low, const PageLog& high) noexcept {
    EXPECT_FALSE(low.moved_from || high.moved_from);
    return low.owner == high.owner;
  }
  PageLog split_data(PageLog& from, const DataCut& cut) noexcept {
    ++state->splits;
    EXPECT_TRUE(cut.range.start < cut.at && cut.at < cut.range.end);
    const std::uint64_t kept = (cut.at - cut.range.start) >> 12;
    from.resize(cut.range.length() >> 12);
    PageLog above;
    above.owner = from.owner;
    for (std::uint64_t page = kept; page < from.count; ++page) above.add(from.number(page));
    from.resize(kept);
    return above;
  }
  void join_data(PageLog& into, PageLog& from, const DataSeam& seam) noexcept {
    ++state->joins;
    EXPECT_EQ(seam.low.end, seam.high.start);
    into.resize(seam.low.length() >> 12);
    from.resize(seam.high.length() >> 12);
    for (std::uint64_t page = 0; page < from.count; ++page) into.add(from.number(page));
    from.moved_from = true;
  }

  template <class AreaType>
  using Tree = shims::MapleTree<AreaType, NodesOf<PageLogHost>, shims::MapleTreeOptions{4}>;
  template <class AreaType>
  Tree<AreaType> make_tree() noexcept;
  static KernelProfile profile() noexcept {
    KernelProfile like = linux_6_18;
    like.partial_effects = PartialEffects::all_or_nothing;
    return like;
  }
  shims::FaultPlan* fault_plan() const noexcept {
    return state == nullptr ? nullptr : &state->faults;
  }
};

/// Requires: the state outlives every space.
struct PageLogHost : shims::Checked<shims::FaultInjecting<PageLogRules>> {
  using Checked::Checked;
};

template <class AreaType>
PageLogRules::Tree<AreaType> PageLogRules::make_tree() noexcept {
  return Tree<AreaType>(NodesOf<PageLogHost>{PageLogHost(*state)});
}

}  // namespace vmarea::test
