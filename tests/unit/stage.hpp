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

#include <fmt/core.h>
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
  Result<void> link(const TestNewRange& wanted) {
    return plan_and_commit([&](const TestSpaceState& s) {
      VerbPlan plan{success};
      Edit<TestServices>& edit =
          add_new_range(s, plan, plan_clear(s, wanted.description.range()), wanted);
      count(edit, wanted.description, pages(wanted.description.length()));
      return plan;
    });
  }
  Result<void> link(const TestDescription& wanted) { return link(TestNewRange{wanted}); }
  /// Gives a part of one area other flags (8).
  Result<void> modify(Range part, Flags flags,
                      WithoutMemory without_memory = WithoutMemory::fails) {
    const TestArea& area = *find_area(state(), part.start);
    return plan_and_commit([&](const TestSpaceState& s) {
      return plan_modify(s, area, part, {flags, area.attributes}, without_memory);
    });
  }
  Result<void> split(std::uint64_t at, NewPart part, CountLimit limit = CountLimit::respected) {
    TestArea& cut = *area(at);
    return plan_and_commit(
        [&](const TestSpaceState& s) { return plan_split(s, cut, column(at), part, limit); });
  }
  /// Grows the area at `number`; `next`: the column of what may be swallowed (9.1).
  Result<void> expand(std::uint64_t number, Range to, const TestArea* next = nullptr) {
    TestArea& grown = *area(number);
    const std::uint64_t offset = grown.page_offset - ((grown.start - to.start) >> 12);
    return plan_and_commit(
        [&](const TestSpaceState& s) { return plan_expand(s, grown, to, offset, next); });
  }
  Result<void> shrink(std::uint64_t number, Range to) {
    TestArea& cut = *area(number);
    const std::uint64_t offset = cut.page_offset + ((to.start - cut.start) >> 12);
    return plan_and_commit(
        [&](const TestSpaceState& s) { return plan_shrink(s, cut, to, offset); });
  }
  Result<void> relocate_down(std::uint64_t number, std::uint64_t columns_down) {
    TestArea& moved = *area(number);
    return plan_and_commit(
        [&](const TestSpaceState& s) { return plan_relocate_down(s, moved, columns_down << 12); });
  }
  /// The area at `number` gets the identity of the one at `from`, as a merge copies it.
  void share_identity(std::uint64_t number, std::uint64_t from) {
    TestArea& taker = *area(number);
    const TestArea* giver = area(from);
    EXPECT_TRUE(plan_and_commit([&](const TestSpaceState&) {
      VerbPlan plan{success};
      Edit<TestServices>& edit = plan.add_edit({.extent = taker.range(), .event = Event::touched});
      Piece<TestServices> piece = Piece<TestServices>::kept(taker, taker);
      piece.identity_from = giver;
      piece.after.identity = giver->identity;
      edit.add(piece);
      return plan;
    }));
  }
  Result<Address> map_fixed(std::uint64_t first, std::uint64_t upto, Protection protection = rw,
                            MapFlags adds = {}) {
    return mmap({.address = column(first),
                 .length = (upto - first) << 12,
                 .protection = protection,
                 .flags = fixed_private | adds});
  }
  Result<Address> move(std::uint64_t from, std::uint64_t pages_moved, std::uint64_t to,
                       RemapFlags flags = fixed_move) {
    return mremap({.address = column(from),
                   .old_length = pages_moved << 12,
                   .new_length = pages_moved << 12,
                   .flags = flags,
                   .new_address = column(to)});
  }

  // Questions.
  /// "[first,upto)poffset" in columns, "-" for a hole.
  std::string shape(std::uint64_t number) const {
    const TestArea* found = area(number);
    if (found == nullptr) return "-";
    const std::uint64_t zero = found->file != nullptr ? 0 : base >> 12;
    return fmt::format("[{:x},{:x})p{:x}", (found->start - base) >> 12, (found->end - base) >> 12,
                       found->page_offset - zero);
  }
  /// Whether the last change locked the area for writing.
  bool begun(std::uint64_t number) {
    return area(number)->lock.written_at + 1 == state().lock.sequence;
  }
  AnonIdentity identity(std::uint64_t number) const { return area(number)->identity; }
  /// How many generations of identities the area is linked to.
  std::uint32_t chain(std::uint64_t number) const { return area(number)->reverse_map.chain_length; }
  bool sticky(std::uint64_t number) const { return area(number)->flags.has_any(flag::sticky); }
  std::uint64_t count_areas() { return space().area_count(); }

 private:
  static std::int64_t pages(std::uint64_t bytes) { return static_cast<std::int64_t>(bytes >> 12); }
  static void count(Edit<TestServices>& edit, const TestDescription& area, std::int64_t more) {
    edit.totals += area_totals(area.flags, more);
    if (area.flags.has_any(flag::account)) edit.charge += more;
  }
};

}  // namespace vmarea::test
