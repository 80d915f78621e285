// SPDX-License-Identifier: MIT
//
// The table of conditions under which a range joins its neighbours (rules 3),
// row by row. The decision is constexpr, so the compiler checks it; what fails then also fails at
// run time, where it is printed in words.
//
//     prev        middle       next
//   [10 ... 14)[14 ... 16)[16 ... 20)        pages; page offsets equal to pages
#include <set>
#include <string_view>

#include <gtest/gtest.h>
#include <vmarea/rules/merge.hpp>

#include "support/test_services.hpp"

namespace vmarea::test {
namespace {

using D = TestDescription;
using V = JoinVerdict;

constexpr Geometry geometry{};
constexpr Attributes named_one{.name = 1};
constexpr Attributes policy_one{.policy = 1};
constexpr Attributes context_one{.userfault_context = 1};
constexpr AnonIdentity x = AnonIdentity::of(2), y = AnonIdentity::of(4);
constexpr AnonIdentity x_child = x.as_fork_child(), y_child = y.as_fork_child();
void close_it(TestArea&) noexcept {}
constexpr AreaHooks<TestServices> closing{.close = close_it};

constexpr D area(std::uint64_t first, std::uint64_t upto) {
  D made;
  made.start = first << 12;
  made.end = upto << 12;
  made.page_offset = first;
  made.flags = flag::read | flag::write | flag::may_access;
  return made;
}

/// A middle with two equal neighbours, to be spoilt.
struct Three {
  D prev = area(10, 14), middle = area(14, 16), next = area(16, 20);
  Middle kind = Middle::new_range;
  bool has_prev = true, has_next = true, wants_next = true;
  FaultedMerge rule = FaultedMerge::unless_fork_child;

  constexpr Joins decide() const {
    return decide_joins(middle,
                        JoinRequest<TestServices>{.prev = has_prev ? &prev : nullptr,
                                                  .next = has_next ? &next : nullptr,
                                                  .middle = kind,
                                                  .wants_next = wants_next},
                        geometry, {.faulted_into_untouched = rule});
  }
  constexpr bool gives(V left, V right) const {
    const Joins joins = decide();
    return joins.prev.verdict == left && joins.next.verdict == right;
  }
};

/// Whether a spoilt trio gets these two verdicts.
template <class Spoil>
constexpr bool gives(V left, V right, Spoil spoil) {
  Three made;
  spoil(made);
  return made.gives(left, right);
}

template <class Spoil>
constexpr Flags differing_on_next(Spoil spoil) {
  Three made;
  spoil(made);
  return made.decide().next.flags;
}

/// Both neighbours get the same fault.
template <class Spoil>
constexpr bool refused_on_both(V verdict, Spoil spoil) {
  Three made;
  spoil(made.prev);
  spoil(made.next);
  return made.gives(verdict, verdict);
}

// 3.1, each row on both sides.
static_assert(gives(V::joined, V::joined, [](Three&) {}));
static_assert(gives(V::no_neighbour, V::no_neighbour,
                    [](Three& t) { t.has_prev = t.has_next = false; }));
static_assert(gives(V::no_neighbour, V::no_neighbour, [](Three& t) {
  t.prev.end -= 0x1000;
  t.next.start += 0x1000;
}));
static_assert(gives(V::joined, V::not_wanted, [](Three& t) { t.wants_next = false; }));

constexpr bool special_refuses(Flags special) {
  return gives(V::special, V::special, [=](Three& t) {
    t.prev.flags |= special;
    t.middle.flags |= special;
    t.next.flags |= special;
  });
}
static_assert(special_refuses(flag::io) && special_refuses(flag::dont_expand) &&
              special_refuses(flag::page_frames) && special_refuses(flag::mixed_map));

static_assert(refused_on_both(V::attributes, [](D& d) { d.attributes = &policy_one; }));
static_assert(refused_on_both(V::attributes, [](D& d) { d.attributes = &named_one; }));
static_assert(refused_on_both(V::attributes, [](D& d) { d.attributes = &context_one; }));
static_assert(gives(V::joined, V::joined, [](Three& t) {
  t.prev.attributes = t.middle.attributes = t.next.attributes = &named_one;
}));

constexpr bool each_flag_but_the_sticky_and_special_refuses() {
  for (unsigned number = 0; number < 64; ++number) {
    const Flags one = flag::bit(number);
    if (one.has_any(flag::special)) continue;
    const V wanted = one.has_any(flag::sticky) ? V::joined : V::flags;
    const auto toggle = [one](D& d) { d.flags = d.flags.difference(one); };
    if (!refused_on_both(wanted, toggle)) return false;
  }
  return true;
}
static_assert(each_flag_but_the_sticky_and_special_refuses());
static_assert(differing_on_next([](Three& t) { t.next.flags |= flag::account; }) == flag::account,
              "the flags that differ are named");
static_assert(differing_on_next([](Three& t) {
                t.next.flags |= flag::account | flag::soft_dirty;
              }) == flag::account);

static_assert(refused_on_both(V::page_offset, [](D& d) { ++d.page_offset; }));
static_assert(refused_on_both(V::page_offset, [](D& d) { --d.page_offset; }));
static_assert(refused_on_both(V::joined, [](D& d) { d.hooks = &closing; }) == false,
              "next has a close hook");
static_assert(gives(V::joined, V::joined, [](Three& t) { t.prev.hooks = &no_hooks<TestServices>; }),
              "hooks are not compared");

// 3.2: A the middle's identity, the neighbour's X or Y; child: more than one link.
constexpr V judged(AnonIdentity ours, AnonIdentity theirs, Middle kind,
                   FaultedMerge rule = FaultedMerge::unless_fork_child) {
  return judge_identities(ours, theirs, kind, rule);
}
constexpr Middle all_kinds[] = {Middle::new_range, Middle::extension, Middle::whole_area,
                                Middle::part_of_area};
constexpr bool for_all_kinds(AnonIdentity ours, AnonIdentity theirs, V wanted,
                             FaultedMerge rule = FaultedMerge::unless_fork_child) {
  for (const Middle kind : all_kinds) {
    if (judged(ours, theirs, kind, rule) != wanted) return false;
  }
  return true;
}
static_assert(for_all_kinds({}, {}, V::joined));
static_assert(for_all_kinds({}, x, V::joined));
static_assert(for_all_kinds({}, x_child, V::fork_child));
static_assert(for_all_kinds(x, {}, V::joined));
static_assert(judged(x_child, {}, Middle::whole_area) == V::fork_child);
static_assert(judged(x_child, {}, Middle::part_of_area) == V::fork_child);
static_assert(judged(x_child, {}, Middle::new_range) == V::fork_child, "copied from a child");
static_assert(judged(x_child, {}, Middle::extension) == V::joined,
              "an inconsistency of the kernel: growth in place does not ask");
static_assert(for_all_kinds(x, x, V::joined));
static_assert(for_all_kinds(x_child, x_child, V::joined), "any length of chain");
static_assert(for_all_kinds(x, y, V::identity));
static_assert(for_all_kinds(x_child, y_child, V::identity));
// Before 6.16 no touched range joined an untouched neighbour; the other rows are the same.
static_assert(for_all_kinds(x, {}, V::faulted, FaultedMerge::never));
static_assert(for_all_kinds(x_child, {}, V::faulted, FaultedMerge::never));
static_assert(for_all_kinds({}, x, V::joined, FaultedMerge::never));
static_assert(for_all_kinds({}, x_child, V::fork_child, FaultedMerge::never));
static_assert(for_all_kinds(x, x, V::joined, FaultedMerge::never));
static_assert(for_all_kinds(x, y, V::identity, FaultedMerge::never));

// 3.1-10: both could join, but the neighbours differ: the left one wins.
constexpr bool between(AnonIdentity left, AnonIdentity right, V next) {
  return gives(V::joined, next, [=](Three& t) {
    t.prev.identity = left;
    t.next.identity = right;
  });
}
static_assert(between(x, y, V::between_neighbours));
static_assert(between(x, x, V::joined) && between(x, {}, V::joined) && between({}, x, V::joined));
static_assert(gives(V::no_neighbour, V::joined, [](Three& t) {
  t.prev.identity = x;
  t.next.identity = y;
  t.has_prev = false;
}));

// 3.3: an area with a close hook is never removed.
constexpr bool closing_gives(Middle kind, bool prev, bool middle, bool next, V left, V right) {
  return gives(left, right, [=](Three& t) {
    t.kind = kind;
    if (prev) t.prev.hooks = &closing;
    if (middle) t.middle.hooks = &closing;
    if (next) t.next.hooks = &closing;
  });
}
static_assert(closing_gives(Middle::new_range, true, true, true, V::joined, V::close_hook));
static_assert(closing_gives(Middle::new_range, true, true, false, V::joined, V::joined));
static_assert(closing_gives(Middle::whole_area, false, true, false, V::close_hook, V::close_hook));
static_assert(closing_gives(Middle::whole_area, true, false, true, V::joined, V::close_hook));
static_assert(closing_gives(Middle::part_of_area, true, true, false, V::joined, V::joined));
static_assert(gives(V::no_neighbour, V::joined,
                    [](Three& t) {
                      t.next.hooks = &closing;
                      t.has_prev = false;
                    }),
              "next alone grows");

TEST(MergeDecision, file_must_be_the_same_open_file) {
  TestFile one, other;
  Three t;
  t.prev.file = t.middle.file = t.next.file = &one;
  EXPECT_TRUE(t.gives(V::joined, V::joined));
  t.prev.file = &other;
  t.next.file = nullptr;
  EXPECT_TRUE(t.gives(V::file, V::file));
}

TEST(MergeDecision, first_condition_that_fails_is_the_one_that_is_told) {
  Three t;
  for (D* side : {&t.prev, &t.next}) {
    side->page_offset += 7;
    side->identity = x;
  }
  t.middle.identity = y;
  EXPECT_TRUE(t.gives(V::identity, V::identity));
  t.prev.flags |= flag::exec;
  t.next.flags |= flag::exec;
  EXPECT_TRUE(t.gives(V::flags, V::flags));
  t.prev.attributes = t.next.attributes = &named_one;
  EXPECT_TRUE(t.gives(V::attributes, V::attributes));
  t.middle.flags |= flag::io;
  EXPECT_TRUE(t.gives(V::special, V::special));
}

TEST(MergeDecision, every_verdict_has_words_of_its_own) {
  std::set<std::string_view> words;
  for (unsigned number = 0; number <= static_cast<unsigned>(V::close_hook); ++number) {
    const std::string_view text = describe(static_cast<V>(number));
    EXPECT_NE(text, "unknown") << number;
    EXPECT_TRUE(words.insert(text).second) << text;
  }
  EXPECT_STREQ(describe(V::fork_child), "a fork child's pages next to untouched memory");
  EXPECT_STREQ(describe(V::page_offset), "page offsets are not contiguous");
}

}  // namespace
}  // namespace vmarea::test
