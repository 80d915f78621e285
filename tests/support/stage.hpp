// SPDX-License-Identifier: MIT
//
// A TestSpace for tests of single verbs: those that no call offers alone, with the counters that
// their callers would add, and questions that pictures do not answer.
//
//   Stage stage("AA.B");
//   stage.link(stage.fresh(2, 3));             a new range as mmap would put it, flags of A
//   EXPECT_EQ(stage.shape(0), "[0,3)p0");      columns in hexadecimal; p: page offset, as if the
//                                              file or the memory began at column 0
//   EXPECT_TRUE(stage.begun(0));               the last change wrote to the area at column 0
#pragma once

#include <string>
#include <string_view>

#include <gtest/gtest.h>
#include <vmarea/calls/verbs.hpp>
#include <vmarea/plan/place.hpp>

#include "support/test_space.hpp"

namespace vmarea::test {

using TestSpaceState = SpaceState<TestServices>;
using TestNewRange = NewRange<TestServices>;
using VerbPlan = StepPlan<TestServices, void>;
using TestMmap = MmapRequest<TestServices>;

inline constexpr Protection rw = prot::read | prot::write;
inline constexpr Flags rw_flags =
    flag::read | flag::write | flag::may_access | flag::account;  // Of the kind A.
inline constexpr MapFlags fixed_private = map::private_ | map::anonymous | map::fixed;
inline constexpr RemapFlags fixed_move = remap::may_move | remap::fixed;

inline void ignore_close(TestArea&) noexcept {}
inline Result<void> refuse_split(const TestDescription&, Address) noexcept {
  return Error::invalid;
}
/// Drivers without a file.
inline constexpr AreaHooks<TestServices> close_hooks{.close = ignore_close};
inline constexpr AreaHooks<TestServices> unsplittable_hooks{.may_split = refuse_split};

inline constexpr Range columns(std::uint64_t first, std::uint64_t upto) {
  return {TestSpace::base + (first << 12), TestSpace::base + (upto << 12)};
}

class Stage : public TestSpace {
 public:
  using TestSpace::TestSpace;

  /// A new range of the kind of `letter`.
  TestDescription fresh(std::uint64_t first, std::uint64_t upto, char letter = 'A') {
    return describe_kind(legend.at(letter), base, first, upto, host().geometry);
  }
  TestDescription fresh(std::uint64_t first, std::uint64_t upto, Flags adds) {
    TestDescription made = fresh(first, upto);
    made.flags |= adds;
    return made;
  }

  // Verbs.
  /// Puts a new range in place as mmap does (rules 4).
  Result<void> link(const TestNewRange& wanted);
  Result<void> link(const TestDescription& wanted) { return link(TestNewRange{wanted}); }
  /// Gives a part of one area other flags (8).
  Result<void> modify(Range part, Flags flags, WithoutMemory without_memory = WithoutMemory::fails);
  Result<void> split(std::uint64_t at, NewPart part, CountLimit limit = CountLimit::respected);
  /// Grows the area at `number`; `next`: the column of what may be swallowed (9.1).
  Result<void> expand(std::uint64_t number, Range to, const TestArea* next = nullptr);
  Result<void> shrink(std::uint64_t number, Range to);
  Result<void> relocate_down(std::uint64_t number, std::uint64_t columns_down);
  /// The area at `number` gets the identity of the one at `from`, as a merge copies it.
  void share_identity(std::uint64_t number, std::uint64_t from);
  Result<Address> map_fixed(std::uint64_t first, std::uint64_t upto, Protection protection = rw,
                            MapFlags adds = {});
  Result<Address> move(std::uint64_t from, std::uint64_t pages_moved, std::uint64_t to,
                       RemapFlags flags = fixed_move);

  // Questions.
  /// "[first,upto)poffset" in columns, "-" for a hole.
  std::string shape(std::uint64_t number) const;
  /// Whether the last change locked the area for writing.
  bool begun(std::uint64_t number) {
    return area(number)->lock.written_at + 1 == state().lock.sequence;
  }
  AnonIdentity identity(std::uint64_t number) const { return area(number)->identity; }
  /// How many generations of identities the area is linked to.
  std::uint32_t chain(std::uint64_t number) const { return area(number)->reverse_map.chain_length; }
  bool sticky(std::uint64_t number) const { return area(number)->flags.has_any(flag::sticky); }
  std::uint64_t count_areas() { return space().area_count(); }
};

/// Compiled once, in the unit of the verbs.
extern template Result<void> TestSpace::perform(Change<TestServices, VerbPlan> change);

}  // namespace vmarea::test
