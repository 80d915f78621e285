// SPDX-License-Identifier: MIT
//
// The table of conditions under which a range joins its neighbours (rules 3),
// row by row. The decision is constexpr, so the compiler checks each row; and each is asked once
// more at run time, where mutants of the rule are on.
//
//     prev        middle       next
//   [10 ... 14)[14 ... 16)[16 ... 20)        pages; page offsets equal to pages
#include <set>
#include <string_view>

#include <gtest/gtest.h>
#include <vmarea/rules/identity.hpp>
#include <vmarea/rules/merge.hpp>

#include "support/test_services.hpp"

namespace vmarea::test {
namespace {

using D = TestDescription;
using V = JoinVerdict;

// A row: the compiler checks it, and so does the test.
#define VMAREA_ROW(...)       \
  static_assert(__VA_ARGS__); \
  EXPECT_TRUE((__VA_ARGS__))

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
  bool next_first = false, closing_areas_join = true;
  FaultedMerge rule = FaultedMerge::unless_fork_child;

  constexpr Joins decide() const {
    return decide_joins(middle,
                        JoinRequest<TestServices>{.prev = has_prev ? &prev : nullptr,
                                                  .next = has_next ? &next : nullptr,
                                                  .middle = kind,
                                                  .wants_next = wants_next,
                                                  .next_first = next_first},
                        geometry,
                        {.faulted_into_untouched = rule, .closing_areas_join = closing_areas_join});
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

TEST(MergeDecision, sides_join_or_tell_the_first_condition) {
  // 3.1, each row on both sides.
  VMAREA_ROW(gives(V::joined, V::joined, [](Three&) {}));
  VMAREA_ROW(
      gives(V::no_neighbour, V::no_neighbour, [](Three& t) { t.has_prev = t.has_next = false; }));
  VMAREA_ROW(gives(V::no_neighbour, V::no_neighbour, [](Three& t) {
    t.prev.end -= 0x1000;
    t.next.start += 0x1000;
  }));
  VMAREA_ROW(gives(V::joined, V::not_wanted, [](Three& t) { t.wants_next = false; }));
}

constexpr bool special_refuses(Flags special) {
  return gives(V::special, V::special, [=](Three& t) {
    t.prev.flags |= special;
    t.middle.flags |= special;
    t.next.flags |= special;
  });
}
TEST(MergeDecision, special_flags_refuse_both_sides) {
  VMAREA_ROW(special_refuses(flag::io) && special_refuses(flag::dont_expand) &&
             special_refuses(flag::page_frames) && special_refuses(flag::mixed_map));
  Three t;
  t.middle.flags |= flag::io;
  EXPECT_EQ(t.decide().prev.flags, flag::io);
  EXPECT_EQ(t.decide().next.flags, flag::io);
}

TEST(MergeDecision, attributes_must_be_the_same) {
  VMAREA_ROW(refused_on_both(V::attributes, [](D& d) { d.attributes = &policy_one; }));
  VMAREA_ROW(refused_on_both(V::attributes, [](D& d) { d.attributes = &named_one; }));
  VMAREA_ROW(refused_on_both(V::attributes, [](D& d) { d.attributes = &context_one; }));
  VMAREA_ROW(gives(V::joined, V::joined, [](Three& t) {
    t.prev.attributes = t.middle.attributes = t.next.attributes = &named_one;
  }));
}

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
TEST(MergeDecision, flags_must_be_the_same_but_the_sticky_ones) {
  VMAREA_ROW(each_flag_but_the_sticky_and_special_refuses());
  VMAREA_ROW(differing_on_next([](Three& t) { t.next.flags |= flag::account; }) == flag::account);
  VMAREA_ROW(differing_on_next([](Three& t) {
               t.next.flags |= flag::account | flag::soft_dirty;
             }) == flag::account);
}

TEST(MergeDecision, page_offsets_go_on_and_hooks_are_not_compared) {
  VMAREA_ROW(refused_on_both(V::page_offset, [](D& d) { ++d.page_offset; }));
  VMAREA_ROW(refused_on_both(V::page_offset, [](D& d) { --d.page_offset; }));
  // Next has a close hook.
  VMAREA_ROW(!refused_on_both(V::joined, [](D& d) { d.hooks = &closing; }));
  // Hooks are not compared.
  VMAREA_ROW(gives(V::joined, V::joined, [](Three& t) { t.prev.hooks = &no_hooks<TestServices>; }));
}

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
TEST(MergeDecision, identities_of_middle_and_neighbour) {
  VMAREA_ROW(for_all_kinds({}, {}, V::joined));
  VMAREA_ROW(for_all_kinds({}, x, V::joined));
  VMAREA_ROW(for_all_kinds({}, x_child, V::fork_child));
  VMAREA_ROW(for_all_kinds(x, {}, V::joined));
  VMAREA_ROW(judged(x_child, {}, Middle::whole_area) == V::fork_child);
  VMAREA_ROW(judged(x_child, {}, Middle::part_of_area) == V::fork_child);
  VMAREA_ROW(judged(x_child, {}, Middle::new_range) == V::fork_child);
  // An inconsistency of the kernel: growth in place does not ask.
  VMAREA_ROW(judged(x_child, {}, Middle::extension) == V::joined);
  VMAREA_ROW(for_all_kinds(x, x, V::joined));
  VMAREA_ROW(for_all_kinds(x_child, x_child, V::joined));  // Any length of chain.
  VMAREA_ROW(for_all_kinds(x, y, V::identity));
  VMAREA_ROW(for_all_kinds(x_child, y_child, V::identity));
  // Before 6.16 no touched range joined an untouched neighbour; the other rows are the same.
  VMAREA_ROW(for_all_kinds(x, {}, V::faulted, FaultedMerge::never));
  VMAREA_ROW(for_all_kinds(x_child, {}, V::faulted, FaultedMerge::never));
  VMAREA_ROW(for_all_kinds({}, x, V::joined, FaultedMerge::never));
  VMAREA_ROW(for_all_kinds({}, x_child, V::fork_child, FaultedMerge::never));
  VMAREA_ROW(for_all_kinds(x, x, V::joined, FaultedMerge::never));
  VMAREA_ROW(for_all_kinds(x, y, V::identity, FaultedMerge::never));
}

// 3.1-10: both could join, but the neighbours differ: the left one wins.
constexpr bool between(AnonIdentity left, AnonIdentity right, V next) {
  return gives(V::joined, next, [=](Three& t) {
    t.prev.identity = left;
    t.next.identity = right;
  });
}
TEST(MergeDecision, neighbours_of_different_identities) {
  // Only where both would join.
  VMAREA_ROW(gives(V::joined, V::no_neighbour, [](Three& t) { t.has_next = false; }));
  VMAREA_ROW(gives(V::joined, V::flags, [](Three& t) {
    t.prev.identity = x;
    t.next.identity = y;
    t.next.flags |= flag::account;
  }));
  VMAREA_ROW(between(x, y, V::between_neighbours));
  VMAREA_ROW(between(x, x, V::joined) && between(x, {}, V::joined) && between({}, x, V::joined));
  VMAREA_ROW(gives(V::no_neighbour, V::joined, [](Three& t) {
    t.prev.identity = x;
    t.next.identity = y;
    t.has_prev = false;
  }));
}

// 3.3: an area with a close hook is never removed.
constexpr bool closing_gives(Middle kind, bool prev, bool middle, bool next, V left, V right) {
  return gives(left, right, [=](Three& t) {
    t.kind = kind;
    if (prev) t.prev.hooks = &closing;
    if (middle) t.middle.hooks = &closing;
    if (next) t.next.hooks = &closing;
  });
}
TEST(MergeDecision, close_hooks) {
  VMAREA_ROW(closing_gives(Middle::new_range, true, true, true, V::joined, V::close_hook));
  VMAREA_ROW(closing_gives(Middle::new_range, true, true, false, V::joined, V::joined));
  VMAREA_ROW(closing_gives(Middle::whole_area, false, true, false, V::close_hook, V::close_hook));
  VMAREA_ROW(closing_gives(Middle::whole_area, true, false, true, V::joined, V::close_hook));
  VMAREA_ROW(closing_gives(Middle::part_of_area, true, true, false, V::joined, V::joined));
  VMAREA_ROW(gives(V::no_neighbour, V::joined, [](Three& t) {
    t.next.hooks = &closing;
    t.has_prev = false;
  }));  // Next alone grows.
}

// 3.1-10 where next is judged first, as by mremap: the right one wins.
constexpr bool next_first_gives(AnonIdentity left, AnonIdentity right, V prev, V next) {
  return gives(prev, next, [=](Three& t) {
    t.next_first = true;
    t.prev.identity = left;
    t.next.identity = right;
  });
}

TEST(MergeDecision, neighbours_of_different_identities_where_next_is_first) {
  VMAREA_ROW(next_first_gives(x, y, V::between_neighbours, V::joined));
  VMAREA_ROW(next_first_gives(x, x, V::joined, V::joined));
  VMAREA_ROW(next_first_gives(x, {}, V::joined, V::joined));
  VMAREA_ROW(next_first_gives({}, {}, V::joined, V::joined));
  // A neighbour without an identity has nothing that keeps the others apart.
  VMAREA_ROW(next_first_gives({}, y, V::between_neighbours, V::joined));
}

/// 3.3 where areas with a close hook join nothing but what makes them longer.
constexpr bool older_closing_gives(Middle kind, bool prev, bool next, V left, V right) {
  return gives(left, right, [=](Three& t) {
    t.closing_areas_join = false;
    t.kind = kind;
    if (prev) t.prev.hooks = &closing;
    if (next) t.next.hooks = &closing;
  });
}

TEST(MergeDecision, close_hooks_where_they_join_nothing) {
  VMAREA_ROW(older_closing_gives(Middle::new_range, false, false, V::joined, V::joined));
  VMAREA_ROW(older_closing_gives(Middle::new_range, true, false, V::close_hook, V::joined));
  VMAREA_ROW(older_closing_gives(Middle::new_range, false, true, V::joined, V::close_hook));
  VMAREA_ROW(older_closing_gives(Middle::new_range, true, true, V::close_hook, V::close_hook));
  VMAREA_ROW(older_closing_gives(Middle::extension, true, true, V::joined, V::close_hook));
  VMAREA_ROW(gives(V::flags, V::flags, [](Three& t) {
    t.closing_areas_join = false;
    t.prev.hooks = t.next.hooks = &closing;
    t.middle.flags |= flag::account;
  }));
}

TEST(MergeDecision, close_hook_of_the_middle_is_told_only_of_what_would_join) {
  VMAREA_ROW(gives(V::flags, V::close_hook, [](Three& t) {
    t.kind = Middle::whole_area;
    t.middle.hooks = &closing;
    t.prev.flags |= flag::account;
  }));
  VMAREA_ROW(gives(V::close_hook, V::flags, [](Three& t) {
    t.kind = Middle::whole_area;
    t.middle.hooks = &closing;
    t.next.flags |= flag::account;
  }));
}

/// Two beside each other, to be spoilt: may touched memory of one take over the other's identity?
template <class Spoil>
constexpr bool share(Spoil spoil, KernelProfile profile = {}) {
  D low = area(10, 14), high = area(14, 16);
  spoil(low, high);
  return can_share_identity(low, high, geometry, profile);
}

TEST(MergeDecision, identities_are_shared_by_neighbours_that_may_join_one_day) {
  VMAREA_ROW(share([](D&, D&) {}));
  VMAREA_ROW(share([](D& low, D&) { low.flags = low.flags.without(flag::write); }));
  VMAREA_ROW(share([](D& low, D&) { low.flags |= flag::soft_dirty; }));
  VMAREA_ROW(!share([](D& low, D&) { low.flags |= flag::account; }));
  VMAREA_ROW(!share([](D& low, D&) { low.end -= 0x1000, low.start -= 0x1000; }));
  VMAREA_ROW(!share([](D& low, D&) { ++low.page_offset; }));
  VMAREA_ROW(!share([](D&, D& high) { high.attributes = &policy_one; }));
  VMAREA_ROW(!share([](D& low, D&) { low.attributes = &policy_one; }));
  VMAREA_ROW(share([](D& low, D& high) { low.attributes = high.attributes = &policy_one; }));
  VMAREA_ROW(share([](D& low, D&) { low.attributes = &named_one; }));
  TestFile one, other;
  EXPECT_TRUE(share([&](D& low, D& high) { low.file = high.file = &one; }));
  EXPECT_FALSE(share([&](D& low, D& high) {
    low.file = &one;
    high.file = &other;
  }));
}

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
