// SPDX-License-Identifier: MIT
//
// The decision who joins whom beside the rule as it is written (rules 3): every middle with every
// neighbour over flags, file, offset, identity, hooks and attributes, and every three of them over
// what keeps a side apart. The rule is stated here once more, as the set of conditions that do not
// hold; a side joins where that is empty, and the reason that is told must be one of them.
//
//       prev      middle      next
//     [12 .. 16)[16 .. 20)[20 .. 24)        pages; page offsets equal to pages
#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include <fmt/core.h>
#include <gtest/gtest.h>
#include <vmarea/rules/explain.hpp>
#include <vmarea/rules/merge.hpp>

#include "support/test_services.hpp"

namespace vmarea::test {
namespace {

using D = TestDescription;
using Reasons = std::uint32_t;

constexpr Reasons reason(JoinVerdict verdict) {
  return Reasons{1} << static_cast<unsigned>(verdict);
}

constexpr Attributes policy_one{.policy = 1};
constexpr Attributes context_one{.userfault_context = 1};
constexpr Attributes name_one{.name = 1};
void close_it(TestArea&) noexcept {}
constexpr AreaHooks<TestServices> closing{.close = close_it};
constexpr Flags usual = flag::read | flag::write | flag::may_access;

constexpr std::array flags_choices = {usual, usual | flag::soft_dirty, usual | flag::maybe_guard,
                                      usual | flag::account, usual | flag::io};
constexpr std::array<const Attributes*, 4> attributes_choices = {nullptr, &policy_one, &context_one,
                                                                 &name_one};
constexpr std::array<const AreaHooks<TestServices>*, 2> hooks_choices = {nullptr, &closing};
constexpr std::array identity_choices = {AnonIdentity{}, AnonIdentity::of(2), AnonIdentity::of(4),
                                         AnonIdentity::of(6).as_fork_child(),
                                         AnonIdentity::of(8).as_fork_child()};
constexpr std::array kinds = {Middle::new_range, Middle::extension, Middle::whole_area,
                              Middle::part_of_area};

/// What is asked, and by which kernel.
struct Question {
  const D* prev = nullptr;
  const D* next = nullptr;
  Middle kind = Middle::new_range;
  bool wants_next = true;
  bool next_first = false;
  FaultedMerge faulted = FaultedMerge::unless_fork_child;
  Flags ignored = flag::sticky;

  Joins ask(const D& middle) const {
    return decide_joins(middle,
                        JoinRequest<TestServices>{.prev = prev,
                                                  .next = next,
                                                  .middle = kind,
                                                  .wants_next = wants_next,
                                                  .next_first = next_first},
                        Geometry{},
                        {.faulted_into_untouched = faulted, .ignored_by_joins = ignored});
  }
};

/// 3.2, row by row.
Reasons identities_apart(AnonIdentity ours, AnonIdentity theirs, const Question& asked) {
  const bool touched = ours != AnonIdentity{};
  const bool beside_touched = theirs != AnonIdentity{};
  if (touched && beside_touched) return ours == theirs ? 0 : reason(JoinVerdict::identity);
  if (beside_touched) return theirs.fork_child() ? reason(JoinVerdict::fork_child) : 0;
  if (!touched) return 0;
  Reasons reasons = 0;
  if (asked.faulted == FaultedMerge::never) reasons |= reason(JoinVerdict::faulted);
  // A child that grows in place is not asked (13.1).
  const bool is_asked = asked.kind != Middle::extension;
  if (ours.fork_child() && is_asked) reasons |= reason(JoinVerdict::fork_child);
  return reasons;
}

/// 3.1-1 to 3.1-9, of which hooks, access and own data are no part.
Reasons apart(const D& low, const D& high, const D& middle, const D& neighbour,
              const Question& asked) {
  Reasons reasons = identities_apart(middle.identity, neighbour.identity, asked);
  constexpr Flags special = flag::io | flag::dont_expand | flag::page_frames | flag::mixed_map;
  if (low.end != high.start) reasons |= reason(JoinVerdict::no_neighbour);
  if (middle.flags.has_any(special)) reasons |= reason(JoinVerdict::special);
  if (middle.attributes != neighbour.attributes) reasons |= reason(JoinVerdict::attributes);
  if (middle.flags.without(asked.ignored) != neighbour.flags.without(asked.ignored)) {
    reasons |= reason(JoinVerdict::flags);
  }
  if (middle.file != neighbour.file) reasons |= reason(JoinVerdict::file);
  const std::uint64_t pages = (low.end - low.start) / 4096;
  if (low.page_offset + pages != high.page_offset) reasons |= reason(JoinVerdict::page_offset);
  return reasons;
}

struct Expected {
  Reasons prev = 0;
  Reasons next = 0;
};

/// 3.1-10 and 3.3, for what each side alone would allow.
void decide_between(Expected& sides, const D& middle, const Question& asked) {
  constexpr Reasons between = reason(JoinVerdict::between_neighbours);
  constexpr Reasons close = reason(JoinVerdict::close_hook);
  if (asked.kind == Middle::whole_area && middle.hooks == &closing) {
    sides.prev |= close;
    sides.next |= close;
  }
  if (sides.prev != 0 || sides.next != 0) return;
  const AnonIdentity below = asked.prev->identity;
  const AnonIdentity above = asked.next->identity;
  const bool same = below == above;
  if (asked.next_first) {  // 4-both_differ
    if (above != AnonIdentity{} && !same) sides.prev |= between;
  } else if (below != AnonIdentity{} && above != AnonIdentity{} && !same) {
    sides.next |= between;
  }
  if (sides.prev == 0 && asked.next->hooks == &closing) sides.next |= close;
}

Expected expected(const D& middle, const Question& asked) {
  constexpr Reasons nothing = reason(JoinVerdict::no_neighbour);
  Expected sides{nothing, nothing};
  if (middle.flags.has_any(flag::io))
    sides = {nothing | reason(JoinVerdict::special), nothing | reason(JoinVerdict::special)};
  if (asked.prev != nullptr) sides.prev = apart(*asked.prev, middle, middle, *asked.prev, asked);
  if (asked.next != nullptr) sides.next = apart(middle, *asked.next, middle, *asked.next, asked);
  if (!asked.wants_next) sides.next |= reason(JoinVerdict::not_wanted);
  decide_between(sides, middle, asked);
  return sides;
}

/// Whether it joins where nothing is wrong, and tells of something that is.
bool agrees(const JoinAnswer& answer, Reasons reasons, const D& middle, const D* neighbour,
            const Question& asked) {
  if (answer.joined()) return reasons == 0;
  if ((reasons & reason(answer.verdict)) == 0) return false;
  if (answer.verdict != JoinVerdict::flags) return true;
  const std::uint64_t differ = middle.flags.bits() ^ neighbour->flags.bits();
  return answer.flags.bits() == (differ & ~asked.ignored.bits());
}

/// Asks, compares and counts; tells of the first that differs.
class Comparison {
 public:
  void ask(const D& middle, const Question& asked) {
    if (differed_) return;
    const Joins joins = asked.ask(middle);
    const Expected sides = expected(middle, asked);
    ++asked_;
    joined_ +=
        static_cast<unsigned>(joins.prev.joined()) + static_cast<unsigned>(joins.next.joined());
    if (agrees(joins.prev, sides.prev, middle, asked.prev, asked) &&
        agrees(joins.next, sides.next, middle, asked.next, asked)) {
      return;
    }
    differed_ = true;
    ADD_FAILURE() << "prev: " << describe(joins.prev.verdict) << ", expected one of "
                  << words(sides.prev) << "\nnext: " << describe(joins.next.verdict)
                  << ", expected one of " << words(sides.next);
  }
  void print(const char* what) const {
    fmt::print("{} {}: {} sides join{}\n", asked_, what, joined_,
               differed_ ? "" : ", all as the rule says");
  }
  std::uint64_t asked() const { return asked_; }

 private:
  static std::string words(Reasons reasons) {
    std::string text;
    for (unsigned bit = 0; bit < 32; ++bit) {
      if (((reasons >> bit) & 1) == 0) continue;
      text += fmt::format("\n  {}", describe(static_cast<JoinVerdict>(bit)));
    }
    return text.empty() ? "\n  joined" : text;
  }

  std::uint64_t asked_ = 0;
  std::uint64_t joined_ = 0;
  bool differed_ = false;
};

D area(std::uint64_t first, std::uint64_t upto) {
  D made;
  made.start = first << 12;
  made.end = upto << 12;
  made.page_offset = first;
  made.flags = usual;
  return made;
}

template <class Visit>
void for_each_kernel(Question asked, Visit&& visit) {
  for (const FaultedMerge faulted : {FaultedMerge::never, FaultedMerge::unless_fork_child}) {
    for (const Flags ignored : {flag::sticky, flag::soft_dirty}) {
      asked.faulted = faulted;
      asked.ignored = ignored;
      visit(asked);
    }
  }
}

/// The area in every variant of what belongs to it alone.
std::vector<D> variants_of(const D& plain, const std::array<TestFile*, 3>& files) {
  std::vector<D> variants;
  for (const Flags flags : flags_choices) {
    for (TestFile* const file : files) {
      for (const AnonIdentity identity : identity_choices) {
        for (const auto* const hooks : hooks_choices) {
          for (const Attributes* const attributes : attributes_choices) {
            D made = plain;
            made.flags = flags;
            made.file = file;
            made.identity = identity;
            made.hooks = hooks;
            made.attributes = attributes;
            variants.push_back(made);
          }
        }
      }
    }
  }
  return variants;
}

/// Those with offsets that fit and that do not, touching and behind a hole.
std::vector<D> placed_in_every_way(const std::vector<D>& areas, std::int64_t away) {
  std::vector<D> placed;
  for (const D& each : areas) {
    for (const std::int64_t offset : {0, -1, 1}) {
      for (const std::int64_t hole : {std::int64_t{0}, away}) {
        D made = each;
        made.page_offset += static_cast<std::uint64_t>(offset);
        made.start += static_cast<std::uint64_t>(hole * 4096);
        made.end += static_cast<std::uint64_t>(hole * 4096);
        placed.push_back(made);
      }
    }
  }
  return placed;
}

TEST(MergeRule, of_every_pair_is_the_rule_as_written) {
  TestFile one;
  TestFile other;
  const std::array<TestFile*, 3> files = {nullptr, &one, &other};
  const std::vector<D> middles = variants_of(area(16, 20), files);
  const std::vector<D> below = placed_in_every_way(variants_of(area(12, 16), files), -1);
  const std::vector<D> above = placed_in_every_way(variants_of(area(20, 24), files), 1);
  Comparison comparison;
  for (const D& middle : middles) {
    for (std::size_t i = 0; i < below.size(); ++i) {
      for (const Middle kind : kinds) {
        const auto ask = [&](const Question& asked) { comparison.ask(middle, asked); };
        for_each_kernel({.prev = &below[i], .kind = kind}, ask);
        for_each_kernel({.next = &above[i], .kind = kind}, ask);
      }
    }
  }
  EXPECT_EQ(comparison.asked(), 69'120'000u);
  comparison.print("pairs");
}

/// A side that is kept apart by any set of things, or by none; null: there is nothing.
std::vector<const D*> sides_of(std::vector<D>& room, const D& plain, std::int64_t away,
                               TestFile* file) {
  constexpr unsigned sets = 1U << 5;
  room.reserve(sets * identity_choices.size() * hooks_choices.size());
  std::vector<const D*> sides = {nullptr};
  for (unsigned set = 0; set < sets; ++set) {
    for (const AnonIdentity identity : identity_choices) {
      for (const auto* const hooks : hooks_choices) {
        D made = plain;
        made.identity = identity;
        made.hooks = hooks;
        if ((set & 1) != 0) made.flags |= flag::account;
        if ((set & 2) != 0) made.attributes = &name_one;
        if ((set & 4) != 0) made.file = file;
        if ((set & 8) != 0) ++made.page_offset;
        if ((set & 16) != 0) made.start += static_cast<std::uint64_t>(away * 4096);
        if ((set & 16) != 0) made.end += static_cast<std::uint64_t>(away * 4096);
        room.push_back(made);
        sides.push_back(&room.back());
      }
    }
  }
  return sides;
}

/// Every way in which these three may be asked about.
template <class Visit>
void for_each_question(const D* prev, const D* next, Visit&& visit) {
  for (const Middle kind : kinds) {
    // A part reaches one end of its area at most.
    if (kind == Middle::part_of_area && prev != nullptr && next != nullptr) continue;
    for (const FaultedMerge faulted : {FaultedMerge::never, FaultedMerge::unless_fork_child}) {
      Question asked{.prev = prev, .next = next, .kind = kind, .faulted = faulted};
      visit(asked);
      asked.wants_next = false;
      visit(asked);
      asked.wants_next = asked.next_first = true;
      if (kind == Middle::new_range) visit(asked);
    }
  }
}

TEST(MergeRule, of_every_three_is_the_rule_as_written) {
  TestFile file;
  std::vector<D> low;
  std::vector<D> high;
  const std::vector<const D*> below = sides_of(low, area(12, 16), -1, &file);
  const std::vector<const D*> above = sides_of(high, area(20, 24), 1, &file);
  std::vector<D> middles;
  for (const AnonIdentity identity : identity_choices) {
    for (const auto* const hooks : hooks_choices) {
      D made = area(16, 20);
      made.identity = identity;
      made.hooks = hooks;
      middles.push_back(made);
    }
  }
  Comparison comparison;
  for (const D& middle : middles) {
    for (const D* const prev : below) {
      for (const D* const next : above) {
        for_each_question(prev, next,
                          [&](const Question& asked) { comparison.ask(middle, asked); });
      }
    }
  }
  EXPECT_EQ(comparison.asked(), 14'451'380u);
  comparison.print("threes");
}

}  // namespace
}  // namespace vmarea::test
