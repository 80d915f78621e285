// SPDX-License-Identifier: MIT
//
// The calls that walk over a range: mprotect, madvise, mlock (rules 29) and mseal
// (24). Each row is a picture before, a request, an answer and a picture after.
#include "support/stage.hpp"

namespace vmarea::test {
namespace {

struct Walk {
  const char* name;
  const char* before;
  const char* request;
  Error error;
  const char* after;
};

template <class Call>
void expect_walks(const std::vector<Walk>& walks, Call call) {
  for (const Walk& w : walks) {
    SCOPED_TRACE(w.name);
    Stage stage(w.before);
    EXPECT_EQ(static_cast<int>(call(stage, Stage::range_of(w.request)).code()),
              static_cast<int>(w.error));
    EXPECT_EQ(stage.picture(), w.after);
  }
}

TEST(Mprotect, cuts_changes_and_joins) {
  expect_walks(
      {
          {"whole", "AAA", "***", Error::none, "BBB"},
          {"start", "AAA", "*  ", Error::none, "BAA"},
          {"middle", "AAA", " * ", Error::none, "ABA"},
          {"end", "AAA", "  *", Error::none, "AAB"},
          {"joins prev", "BAA", " * ", Error::none, "BBA"},
          {"joins next", "AAB", " * ", Error::none, "ABB"},
          {"joins both", "BAB", " * ", Error::none, "BBB"},
          {"several become one", "ACADE", "*****", Error::none, "BBBBB"},
          {"several, cut at both ends", "AACCAA", " **** ", Error::none, "ABBBBA"},
          {"joins what it walked over already", "ABA", "***", Error::none, "BBB"},
          {"not across a hole", "A.A", "*  ", Error::none, "B.A"},
          {"hole in the range", "AA.AA", "*****", Error::no_memory, "BB.AA"},
          {"hole at the start", ".AA", "***", Error::no_memory, ".AA"},
          {"hole at the end", "AA.", "***", Error::no_memory, "BB."},
          {"seal half-way", "AAXX", "****", Error::not_permitted, "BBXX"},
          {"touched memory keeps its charge", "aaB", "** ", Error::none, "bb|B"},
          {"touched, between others", "baab", " ** ", Error::none, "b|bb|b"},
      },
      [](Stage& stage, Range range) { return stage.mprotect(range, prot::read); });
}

TEST(Mprotect, nothing_of_a_failed_walk_stays_where_all_or_nothing_is_asked) {
  for (const char* before : {"AA.AA", "AAXAA"}) {
    Stage stage(before);
    stage.host().profile.partial_effects = PartialEffects::all_or_nothing;
    EXPECT_FALSE(stage.mprotect(columns(0, 5), prot::read));
    EXPECT_EQ(stage.picture(), before);
  }
}

TEST(Mprotect, right_that_the_file_does_not_give_is_refused) {
  Stage stage("A.");
  TestFile* file = stage.host().make_file({.writable = false});
  ASSERT_TRUE(stage.mmap({.address = TestSpace::column(1),
                          .length = 0x1000,
                          .protection = prot::read,
                          .flags = map::shared | map::fixed,
                          .file = file}));
  EXPECT_EQ(stage.mprotect(columns(0, 2), rw).code(), Error::access_denied);
  EXPECT_EQ(stage.mprotect(columns(0, 2), prot::read | prot::exec), success);
}

TEST(Mprotect, private_memory_that_becomes_writable_is_charged) {
  Stage stage("BBBB");
  ASSERT_TRUE(stage.mprotect(columns(1, 3), rw));
  EXPECT_EQ(stage.host().charged, 2u);
  EXPECT_TRUE(stage.area(1)->flags.has_any(flag::account));
  stage.host().charge_max = 2;
  EXPECT_EQ(stage.mprotect(columns(0, 1), rw).code(), Error::no_memory);
  ASSERT_TRUE(stage.mprotect(columns(1, 3), prot::read));
  EXPECT_EQ(stage.host().charged, 0u) << "untouched anonymous memory gives it back";
  EXPECT_EQ(stage.picture(), "BBBB");
}

TEST(Mprotect, charge_stays_with_touched_memory_and_with_files) {
  Stage stage("aaaa.FF");
  ASSERT_TRUE(stage.mprotect(columns(2, 4), prot::read)) << "the whole old area was touched";
  ASSERT_TRUE(stage.mprotect(columns(5, 7), prot::read));
  EXPECT_EQ(stage.host().charged, 6u);
  ASSERT_TRUE(stage.map_fixed(4, 5, prot::read));
  EXPECT_NE(stage.area(4), stage.area(2)) << "not joined: the charge differs";
}

TEST(Mprotect, no_reserve_and_shared_memory_are_not_charged) {
  Stage stage("..SS");
  ASSERT_TRUE(stage.map_fixed(0, 2, prot::read, map::no_reserve));
  ASSERT_TRUE(stage.mprotect(columns(2, 4), prot::read));
  ASSERT_TRUE(stage.mprotect(columns(0, 4), rw));
  EXPECT_EQ(stage.host().charged, 0u);
}

TEST(Mprotect, data_limit_refuses_only_who_would_newly_exceed_it) {
  Stage stage("AABB");
  stage.host().limits.data_bytes = 0x2000;
  EXPECT_EQ(stage.mprotect(columns(2, 3), rw).code(), Error::no_memory);
  stage.host().limits.data_bytes = 0x1000;
  EXPECT_TRUE(stage.mprotect(columns(0, 2), rw | prot::exec)) << "exceeded before";
}

TEST(Mprotect, locked_memory_that_becomes_writable_is_touched) {
  Stage stage("BBBB");
  ASSERT_TRUE(stage.mlock(columns(0, 2), MlockMode::lock));
  ASSERT_TRUE(stage.mlock(columns(2, 4), MlockMode::lock_on_fault));
  ASSERT_TRUE(stage.mprotect(columns(0, 4), rw));
  EXPECT_TRUE(stage.identity(0));
  EXPECT_FALSE(stage.identity(2));
}

TEST(Mprotect, grows_down_reaches_to_the_start_of_the_stack) {
  Stage stage("..KKKK");
  ASSERT_TRUE(stage.mprotect(columns(4, 5), prot::read | prot::grows_down));
  EXPECT_FALSE(stage.area(2)->flags.has_any(flag::write));
  EXPECT_TRUE(stage.area(5)->flags.has_any(flag::write));
  EXPECT_EQ(stage.count_areas(), 2u);
}

TEST(Madvise, marks_all_parts_and_then_tells_of_the_hole) {
  expect_walks(
      {
          {"middle", "AAA", " * ", Error::none, "AZA"},
          {"over a hole", "A.A", "***", Error::no_memory, "Z.Z"},
          {"only a hole", "A.A", " * ", Error::no_memory, "A.A"},
          {"different ones stay different", "AB", "**", Error::none, "ZY"},
          {"a sealed one that may be written", "AX", "**", Error::none, "ZY"},
      },
      [](Stage& stage, Range range) { return stage.madvise(range, Advice::dont_fork); });
}

TEST(Madvise, seal_stops_discarding_of_what_may_not_be_written_even_past_a_hole) {
  for (const Advice advice : {Advice::free, Advice::dont_need, Advice::dont_need_locked,
                              Advice::dont_fork, Advice::wipe_on_fork, Advice::guard_install}) {
    Stage stage("B.B");
    ASSERT_TRUE(stage.mseal(columns(2, 3)));
    EXPECT_EQ(stage.madvise(columns(0, 3), advice).code(), Error::not_permitted);
    EXPECT_TRUE(stage.madvise(columns(2, 3), Advice::guard_remove));
    EXPECT_TRUE(stage.madvise(columns(2, 3), Advice::random));
  }
}

TEST(Madvise, map_count_limit_is_told_as_try_again) {
  Stage stage("AAA");
  stage.host().limits.area_count_max = 1;
  EXPECT_EQ(stage.madvise(columns(1, 2), Advice::dont_fork).code(), Error::try_again);
  EXPECT_EQ(stage.picture(), "AAA");
}

/// What an advice does to the flags of one area.
struct AdviceCase {
  Advice advice;
  Flags before, after;
};

TEST(Madvise, advice_sets_and_clears_flags) {
  constexpr Flags hg = flag::huge_page, nh = flag::no_huge_page;
  constexpr Flags rr = flag::random_read, sr = flag::sequential_read;
  const AdviceCase cases[] = {
      {Advice::normal, rr | hg, hg},
      {Advice::normal, sr | nh, nh},
      {Advice::random, sr, rr},
      {Advice::sequential, rr, sr},
      {Advice::dont_fork, {}, flag::dont_copy},
      {Advice::do_fork, flag::dont_copy, {}},
      {Advice::wipe_on_fork, {}, flag::wipe_on_fork},
      {Advice::keep_on_fork, flag::wipe_on_fork, {}},
      {Advice::dont_dump, {}, flag::dont_dump},
      {Advice::do_dump, flag::dont_dump, {}},
      {Advice::mergeable, {}, flag::mergeable},
      {Advice::unmergeable, flag::mergeable, {}},
      {Advice::mergeable, flag::droppable, flag::droppable},
      {Advice::mergeable, flag::io, flag::io},
      {Advice::huge_page, nh, hg},
      {Advice::no_huge_page, hg, nh},
      {Advice::dont_dump, flag::io, flag::io | flag::dont_dump},
  };
  for (const AdviceCase& c : cases) {
    Stage stage;
    ASSERT_TRUE(stage.insert(stage.fresh(0, 1, c.before)));
    EXPECT_TRUE(stage.madvise(columns(0, 1), c.advice));
    EXPECT_EQ(stage.area(0)->flags.bits(), (rw_flags | c.after).bits())
        << static_cast<int>(c.advice);
  }
}

TEST(Madvise, area_that_refuses_the_advice_stops_the_walk) {
  struct Refusal {
    Advice advice;
    Flags adds;
    Error error = Error::invalid;
  };
  const Refusal cases[] = {
      {Advice::do_fork, flag::io},
      {Advice::keep_on_fork, flag::droppable},
      {Advice::do_dump, flag::droppable},
      {Advice::do_dump, flag::page_frames},
      {Advice::dont_need, flag::locked},
      {Advice::free, flag::locked},
      {Advice::cold, flag::locked},
      {Advice::page_out, flag::locked},
      {Advice::guard_install, flag::locked},
      {Advice::guard_install, flag::mixed_map},
      {Advice::remove, {}},
  };
  for (const Refusal& c : cases) {
    Stage stage;
    ASSERT_TRUE(stage.insert(stage.fresh(0, 1, c.adds)));
    EXPECT_EQ(stage.madvise(columns(0, 2), c.advice).code(), c.error) << static_cast<int>(c.advice);
    EXPECT_EQ(stage.area(0)->flags, rw_flags | c.adds);
  }
}

TEST(Madvise, files_refuse_what_concerns_anonymous_memory) {
  Stage stage("FF.SS");
  for (const std::uint64_t column : {0u, 3u}) {
    const Range one = columns(column, column + 1);
    EXPECT_EQ(stage.madvise(one, Advice::wipe_on_fork).code(), Error::invalid);
    EXPECT_EQ(stage.madvise(one, Advice::free).code(), Error::invalid);
  }
  EXPECT_EQ(stage.madvise(columns(0, 1), Advice::remove).code(), Error::access_denied);
  EXPECT_TRUE(stage.madvise(columns(3, 4), Advice::remove));
  ASSERT_TRUE(stage.mprotect(columns(3, 5), prot::read));
  EXPECT_TRUE(stage.madvise(columns(3, 4), Advice::remove)) << "mapped writable or not";
  EXPECT_TRUE(stage.madvise(columns(3, 4), Advice::mergeable));
  EXPECT_FALSE(stage.area(3)->flags.has_any(flag::mergeable)) << "silently nothing";
}

TEST(Madvise, guards_mark_whole_areas_and_give_identities) {
  Stage stage("AAAA.BB.FF");
  ASSERT_EQ(stage.madvise(columns(1, 9), Advice::guard_install).code(), Error::no_memory);
  EXPECT_EQ(stage.count_areas(), 3u) << "no cut";
  for (const std::uint64_t column : {0u, 5u, 8u}) {
    EXPECT_TRUE(stage.area(column)->flags.has_any(flag::maybe_guard)) << column;
    EXPECT_EQ(static_cast<bool>(stage.identity(column)), column != 8) << "files: none";
  }
  ASSERT_TRUE(stage.madvise(columns(0, 4), Advice::guard_remove));
  EXPECT_TRUE(stage.area(0)->flags.has_any(flag::maybe_guard)) << "never cleared";
  ASSERT_TRUE(stage.map_fixed(4, 5));
  EXPECT_TRUE(stage.area(4)->flags.has_any(flag::maybe_guard)) << "survives the merge";
}

TEST(Madvise, discarding_drops_the_pages_and_keeps_the_identity) {
  Stage stage("aaaa");
  const std::uint64_t kept = stage.token(3);
  ASSERT_TRUE(stage.madvise(columns(0, 2), Advice::dont_need));
  EXPECT_EQ(stage.token(0) | stage.token(1), 0u);
  EXPECT_EQ(stage.token(3), kept);
  EXPECT_EQ(stage.picture(), "aaaa");
}

TEST(Madvise, populate_touches_as_far_as_it_may) {
  Stage stage("AAB.A");
  EXPECT_EQ(stage.madvise(columns(0, 5), Advice::populate_write).code(), Error::invalid);
  EXPECT_EQ(stage.picture(), "aaB.A");
  EXPECT_EQ(stage.madvise(columns(2, 5), Advice::populate_read).code(), Error::no_memory);
  Stage unreadable("C");
  EXPECT_EQ(unreadable.madvise(columns(0, 1), Advice::populate_read).code(), Error::invalid);
}

}  // namespace
}  // namespace vmarea::test
