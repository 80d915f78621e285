// SPDX-License-Identifier: MIT
//
// The switches of KernelProfile that concern joining, mmap, brk and madvise, each both ways
// (rules 31). Those of mremap have a file of their own.
#include <optional>
#include <string>

#include "support/stage.hpp"

namespace vmarea::test {
namespace {

/// The outcome under a profile.
template <class Outcome>
auto under(const KernelProfile& profile, Outcome&& outcome) {
  Stage stage;
  stage.legend['M'] = {.adds = flag::mergeable};
  stage.legend['G'] = {.adds = flag::maybe_guard};
  stage.host().profile = profile;
  return outcome(stage);
}

TEST(Profile, defaults_are_those_of_6_18) {
  static_assert(KernelProfile{} == linux_6_18);
  static_assert(!(linux_6_12 == linux_6_18));
  EXPECT_EQ(TestState{}.profile, linux_6_18);
}

TEST(Profile, touched_range_and_untouched_neighbour) {
  const auto outcome = [](Stage& stage) {
    stage.build("eeAA");
    EXPECT_TRUE(stage.mprotect(columns(0, 2), rw));
    return stage.picture();
  };
  EXPECT_EQ(under(linux_6_18, outcome), "aaaa");
  EXPECT_EQ(under({.faulted_into_untouched = FaultedMerge::never}, outcome), "aa|AA");
  EXPECT_EQ(under(linux_6_12, outcome), "aa|AA");
}

/// A touched source that is moved beside an untouched area: the neighbour's own rule only.
TEST(Profile, touched_source_of_a_move_and_untouched_neighbour) {
  const auto outcome = [](Stage& stage) {
    stage.build("aa....AA");
    EXPECT_TRUE(stage.insert(stage.fresh(10, 12)));
    stage.area(10)->page_offset = stage.area(0)->page_offset + 2;
    EXPECT_TRUE(stage.move(0, 2, 8));
    return stage.count_areas();
  };
  EXPECT_EQ(under(linux_6_18, outcome), 2u);
  EXPECT_EQ(under(linux_6_12, outcome), 3u);
}

/// mprotect(2), pkeys(7); seen on a running 6.18.
TEST(Profile, memory_for_execution_alone_is_hidden_by_a_protection_key) {
  const auto outcome = [](Stage& stage) {
    stage.build("AAAA");
    EXPECT_TRUE(stage.mprotect(columns(0, 1), prot::exec));
    EXPECT_TRUE(stage.mprotect(columns(1, 2), prot::exec | prot::semaphore)) << "not alone";
    EXPECT_TRUE(stage.mprotect(columns(2, 3), prot::read));
    const bool reads = static_cast<bool>(stage.touch(TestSpace::column(0), Touch::read));
    EXPECT_TRUE(stage.touch(TestSpace::column(1), Touch::read));
    EXPECT_EQ(stage.touch(TestSpace::column(0)).code(), Error::bad_address);
    EXPECT_TRUE(stage.touch(TestSpace::column(0), Touch::forced_write)) << "as a debugger";
    EXPECT_EQ(stage.mlock(columns(0, 1), MlockMode::lock).code(),
              reads ? Error::none : Error::no_memory);
    EXPECT_TRUE(stage.mlock(columns(0, 1), MlockMode::unlock));
    EXPECT_TRUE(stage.mprotect(columns(0, 2), prot::read)) << "the key is taken away again";
    EXPECT_TRUE(stage.touch(TestSpace::column(0), Touch::read));
    return reads;
  };
  EXPECT_TRUE(under(linux_6_18, outcome));
  EXPECT_FALSE(under({.has_protection_keys = true}, outcome));
}

TEST(Profile, key_of_memory_for_execution_alone_keeps_areas_apart) {
  const auto outcome = [](Stage& stage) {
    const auto map = [&](std::uint64_t column, Protection protection) {
      const MapFlags flags = map::private_ | map::anonymous | map::fixed;
      return stage.space().mmap({.address = TestSpace::column(column),
                                 .length = 0x1000,
                                 .protection = protection,
                                 .flags = flags});
    };
    EXPECT_TRUE(map(0, prot::exec));
    EXPECT_TRUE(map(1, prot::exec));
    EXPECT_TRUE(map(2, prot::exec | prot::semaphore));
    EXPECT_TRUE(map(3, prot::exec | prot::grows_down));
    return stage.count_areas();
  };
  EXPECT_EQ(under(linux_6_18, outcome), 1u);
  EXPECT_EQ(under({.has_protection_keys = true}, outcome), 2u);
}

TEST(Profile, sticky_flags_of_what_a_neighbour_swallows) {
  const auto outcome = [](Stage& stage) {
    stage.build("AABB");
    EXPECT_TRUE(stage.area(2) != nullptr);
    stage.area(2)->flags |= flag::soft_dirty;
    EXPECT_TRUE(stage.mprotect(columns(2, 4), rw));
    EXPECT_EQ(stage.picture(), "AAAA") << "it stops no merge";
    return stage.sticky(0);
  };
  EXPECT_TRUE(under(linux_6_18, outcome));
  const auto new_range = [](Stage& stage) {
    stage.build("AA.AA");
    stage.area(3)->flags |= flag::soft_dirty;
    EXPECT_TRUE(stage.map_fixed(2, 3));
    EXPECT_EQ(stage.count_areas(), 1u);
    return stage.sticky(0);
  };
  EXPECT_TRUE(under(linux_6_18, new_range));
  EXPECT_FALSE(under(linux_6_12, new_range));
  const auto expansion = [](Stage& stage) {
    stage.build("AA.AA");
    stage.area(3)->flags |= flag::soft_dirty;
    EXPECT_TRUE(stage.expand(0, columns(0, 5), stage.area(3)));
    return stage.sticky(0);
  };
  EXPECT_TRUE(under(linux_6_18, expansion));
  EXPECT_FALSE(under(linux_6_12, expansion));
}

/// Where joins keep nothing, the flag of what was changed last stays.
TEST(Profile, soft_dirty_of_what_is_changed_and_of_what_it_joins) {
  const auto outcome = [](const char* dirty) {
    return [=](Stage& stage) {
      stage.build("AABBAA");
      const std::string_view which = dirty;
      for (std::size_t i = 0; i < which.size(); ++i) {
        if (which[i] == 'd') stage.area(2 * i)->flags |= flag::soft_dirty;
      }
      EXPECT_TRUE(stage.mprotect(columns(2, 4), rw));
      EXPECT_EQ(stage.count_areas(), 1u);
      return stage.area(0)->flags.has_any(flag::soft_dirty);
    };
  };
  for (const char* dirty : {"d..", ".d.", "..d"}) {
    const bool changed = dirty[1] == 'd';
    EXPECT_TRUE(under(linux_6_18, outcome(dirty))) << dirty;
    EXPECT_EQ(under({.kept_by_joins = {}}, outcome(dirty)), changed) << dirty;
    EXPECT_EQ(under(linux_6_12, outcome(dirty)), changed) << dirty;
    EXPECT_EQ(under(linux_6_1, outcome(dirty)), changed) << dirty;
  }
  const auto joins_next_alone = [](Stage& stage) {
    stage.build("BBAA");
    stage.area(2)->flags |= flag::soft_dirty;
    EXPECT_TRUE(stage.mprotect(columns(1, 2), rw));
    EXPECT_EQ(stage.picture(), "BAAA");
    return stage.area(1)->flags.has_any(flag::soft_dirty);
  };
  EXPECT_TRUE(under(linux_6_18, joins_next_alone));
  EXPECT_FALSE(under(linux_6_12, joins_next_alone));
}

/// Two halves that `split` made of an area, one of them soft-dirty, become one by `join`: whether
/// that is.
template <class Split, class Join>
auto soft_dirty_of_halves(std::uint64_t dirty, Split split, Join join) {
  return [=](Stage& stage) {
    stage.build("AAAA");
    EXPECT_TRUE(split(stage));
    EXPECT_EQ(stage.count_areas(), 2u);
    stage.area(dirty)->flags |= flag::soft_dirty;
    EXPECT_TRUE(join(stage));
    EXPECT_EQ(stage.count_areas(), 1u);
    return stage.area(0)->flags.has_any(flag::soft_dirty);
  };
}

/// mbind leaves what it joins its own.
TEST(Profile, soft_dirty_of_what_gets_another_policy) {
  const auto outcome = [](std::uint64_t dirty) {
    return soft_dirty_of_halves(
        dirty, [](Stage& stage) { return stage.space().mbind(columns(2, 4), 1); },
        [](Stage& stage) { return stage.space().mbind(columns(2, 4), 0); });
  };
  EXPECT_TRUE(under(linux_6_1, outcome(0)));
  EXPECT_FALSE(under(linux_6_1, outcome(2)));
  EXPECT_TRUE(under(linux_6_18, outcome(2)));
}

/// So does mseal.
TEST(Profile, soft_dirty_of_what_is_sealed) {
  const auto outcome = [](std::uint64_t dirty) {
    return soft_dirty_of_halves(
        dirty, [](Stage& stage) { return stage.space().mseal(columns(2, 4)); },
        [](Stage& stage) { return stage.space().mseal(columns(0, 4)); });
  };
  EXPECT_FALSE(under(linux_6_12, outcome(0)));
  EXPECT_TRUE(under(linux_6_12, outcome(2)));
  EXPECT_TRUE(under(linux_6_18, outcome(0)));
}

TEST(Profile, soft_dirty_of_new_memory_and_of_a_copy_that_join_clean_memory) {
  const auto mapped = [](const char* picture) {
    return [=](Stage& stage) {
      stage.build(picture);
      stage.space().state().default_flags = flag::soft_dirty;
      EXPECT_TRUE(stage.map_fixed(2, 4));
      EXPECT_EQ(stage.count_areas(), 1u);
      return stage.area(2)->flags.has_any(flag::soft_dirty);
    };
  };
  for (const KernelProfile& profile : {linux_6_1, linux_6_12, linux_6_18, linux_7_2}) {
    for (const char* picture : {"AA....", "....AA", "AA..AA"}) {
      EXPECT_TRUE(under(profile, mapped(picture))) << picture;
    }
  }
  const auto copied = [](Stage& stage) {
    stage.build("AA....AA");
    stage.area(6)->flags |= flag::soft_dirty;
    EXPECT_TRUE(stage.move(6, 2, 2));
    EXPECT_EQ(stage.picture(), "AAAA....");
    return stage.area(0)->flags.has_any(flag::soft_dirty);
  };
  EXPECT_TRUE(under(linux_6_18, copied));
  EXPECT_FALSE(under(linux_6_12, copied));
}

TEST(Profile, mark_of_same_page_merging_and_the_joins_of_new_memory) {
  const auto map_two = [](Stage& stage) {
    EXPECT_TRUE(stage.set_memory_merge(SamePageMerging::on));
    EXPECT_TRUE(stage.map_fixed(0, 1));
    EXPECT_TRUE(stage.map_fixed(1, 2));
    EXPECT_TRUE(stage.area(0)->flags.has_any(flag::mergeable));
    EXPECT_TRUE(stage.area(1)->flags.has_any(flag::mergeable));
    return stage.count_areas();
  };
  EXPECT_EQ(under(linux_6_18, map_two), 1u);
  EXPECT_EQ(under({.same_page_mark = SamePageMark::after_mapping}, map_two), 2u);
  EXPECT_EQ(under(linux_6_12, map_two), 2u);

  const auto grow_heap = [](Stage& stage) {
    stage.state().layout.start_brk = stage.state().layout.brk = TestSpace::base;
    EXPECT_TRUE(stage.set_memory_merge(SamePageMerging::on));
    stage.brk(TestSpace::column(1));
    stage.brk(TestSpace::column(2));
    EXPECT_TRUE(stage.area(1)->flags.has_any(flag::mergeable));
    return stage.count_areas();
  };
  EXPECT_EQ(under(linux_6_18, grow_heap), 1u);
  EXPECT_EQ(under(linux_6_12, grow_heap), 2u);

  const auto beside_unmarked = [](Stage& stage) {
    stage.build("AA");
    EXPECT_TRUE(stage.set_memory_merge(SamePageMerging::on));
    EXPECT_TRUE(stage.madvise(columns(0, 2), Advice::unmergeable));
    EXPECT_TRUE(stage.map_fixed(2, 3));
    return stage.picture();
  };
  EXPECT_EQ(under(linux_6_18, beside_unmarked), "AAM");
  EXPECT_EQ(under(linux_6_12, beside_unmarked), "AAA") << "joined before it could be marked";
}

struct DriverOutcome {
  std::string picture;
  Error error;
  friend bool operator==(const DriverOutcome&, const DriverOutcome&) = default;
};

/// A page of a file whose driver adds dont_copy, beside one that has it (D) or has not (F).
DriverOutcome map_beside(Stage& stage, Flags neighbour, Error refusal = Error::none) {
  TestFile* file = stage.host().make_file();
  stage.legend['F'] = {.file = file};
  stage.legend['D'] = {.adds = flag::dont_copy, .file = file};
  stage.build(neighbour.empty() ? "F." : "D.");
  file->adds = flag::dont_copy;
  file->refuses = refusal;
  const Result<Address> at = stage.mmap({.address = TestSpace::column(1),
                                         .length = 0x1000,
                                         .protection = rw,
                                         .flags = map::private_ | map::fixed,
                                         .file = file,
                                         .offset = 0x1000});
  return {stage.picture(), at.code()};
}

TEST(Profile, turn_of_the_driver_and_the_joins_of_a_file_mapping) {
  const auto alike = [](Stage& stage) { return map_beside(stage, flag::dont_copy); };
  const auto differs = [](Stage& stage) { return map_beside(stage, {}); };
  const auto refused = [](Stage& stage) { return map_beside(stage, {}, Error::access_denied); };
  constexpr KernelProfile late{.earliest_driver_turn = DriverTurn::after_joining};

  EXPECT_EQ(under(linux_6_18, alike), (DriverOutcome{"DD", Error::none}));
  EXPECT_EQ(under(late, alike), (DriverOutcome{"D|D", Error::none})) << "it was not alike in time";
  EXPECT_EQ(under(linux_6_12, alike), (DriverOutcome{"DD", Error::none})) << "the second try";

  EXPECT_EQ(under(linux_6_18, differs), (DriverOutcome{"FD", Error::none}));
  EXPECT_EQ(under(late, differs), (DriverOutcome{"FF", Error::none})) << "nobody was asked";
  EXPECT_EQ(under(linux_6_12, differs), (DriverOutcome{"FF", Error::none}));

  EXPECT_EQ(under(linux_6_18, refused), (DriverOutcome{"F.", Error::access_denied}));
  EXPECT_EQ(under(linux_6_12, refused), (DriverOutcome{"FF", Error::none}));
}

/// The second try needs an area below; then it may also join the one above.
TEST(Profile, second_try_to_join_with_the_flags_of_the_driver) {
  const auto outcome = [](Stage& stage, const char* picture) {
    TestFile* file = stage.host().make_file();
    stage.legend['D'] = {.adds = flag::dont_copy, .file = file};
    stage.build(picture);
    file->adds = flag::dont_copy;
    EXPECT_TRUE(stage.mmap({.address = TestSpace::column(2),
                            .length = 0x1000,
                            .protection = rw,
                            .flags = map::private_ | map::fixed,
                            .file = file,
                            .offset = 0x2000}));
    return stage.picture();
  };
  const auto above = [&](Stage& stage) { return outcome(stage, "...D"); };
  const auto above_and_below = [&](Stage& stage) { return outcome(stage, "A..D"); };
  KernelProfile once = linux_6_12;
  once.driver_flags_join_again = false;
  EXPECT_EQ(under(linux_6_12, above), "..D|D");
  EXPECT_EQ(under(linux_6_12, above_and_below), "A.DD");
  EXPECT_EQ(under(once, above_and_below), "A.D|D");
}

TEST(Profile, one_driver_may_be_late_where_others_are_not) {
  const auto outcome = [](Stage& stage) {
    const DriverOutcome early = map_beside(stage, {});
    EXPECT_EQ(early, (DriverOutcome{"FD", Error::none}));
    TestFile* late = stage.host().make_file({.driver_turn = DriverTurn::after_joining});
    for (const std::uint64_t column : {4u, 5u}) {
      EXPECT_TRUE(stage.mmap({.address = TestSpace::column(column),
                              .length = 0x1000,
                              .protection = rw,
                              .flags = map::private_ | map::fixed,
                              .file = late,
                              .offset = column << 12}));
      late->adds = flag::dont_copy;
    }
    return stage.shape(4);
  };
  EXPECT_EQ(under(linux_6_18, outcome), "[4,6)p4");
}

TEST(Profile, guard_advice) {
  const auto outcome = [](Stage& stage) {
    stage.build("AAB");
    EXPECT_EQ(stage.madvise(columns(0, 2), Advice::guard_remove).code(),
              stage.madvise(columns(0, 2), Advice::guard_install).code());
    return stage.identity(0) ? (stage.sticky(0) ? "marked" : "installed") : "unknown";
  };
  EXPECT_STREQ(under(linux_6_18, outcome), "marked");
  EXPECT_STREQ(under({.marks_guarded_areas = false}, outcome), "installed");
  EXPECT_STREQ(under(linux_6_12, outcome), "unknown");
  const auto refused = [](Stage& stage) {
    stage.build("X");
    EXPECT_TRUE(stage.mprotect(columns(0, 0), prot::read));
    stage.area(0)->flags = (rw_flags | flag::sealed).without(flag::write);
    stage.state().totals.data = 0;
    return stage.madvise(columns(0, 1), Advice::guard_install).code();
  };
  EXPECT_EQ(under(linux_6_18, refused), Error::not_permitted) << "on the list of what a seal stops";
  EXPECT_EQ(under(linux_6_12, refused), Error::invalid);
}

TEST(Profile, seals_in_32_bits) {
  const auto outcome = [](std::uint64_t limit, SealFlags flags = {}) {
    return [=](Stage& stage) {
      stage.build("AA");
      stage.host().geometry.limit = limit;
      return stage.mseal(columns(0, 1), flags).code();
    };
  };
  constexpr std::uint64_t narrow = 0xc000'0000;
  const std::uint64_t wide = Geometry{}.limit;
  EXPECT_EQ(under(linux_6_18, outcome(narrow)), Error::none);
  EXPECT_EQ(under(linux_6_12, outcome(narrow)), Error::not_permitted);
  EXPECT_EQ(under(linux_6_12, outcome(narrow, SealFlags(1))), Error::not_permitted);
  EXPECT_EQ(under(linux_6_12, outcome(wide)), Error::none);
  EXPECT_EQ(under(linux_6_12, outcome(wide, SealFlags(1))), Error::invalid);
}

TEST(Profile, droppable_memory) {
  const auto outcome = [](Stage& stage) {
    return stage
        .mmap({.address = TestSpace::base,
               .length = 0x1000,
               .protection = rw,
               .flags = map::droppable | map::anonymous | map::fixed})
        .code();
  };
  EXPECT_EQ(under(linux_6_18, outcome), Error::none);
  EXPECT_EQ(under({.droppable_memory = DroppableMemory::refused}, outcome), Error::not_supported);
  EXPECT_EQ(under(linux_6_12, outcome), Error::none);
}

TEST(Profile, stack_mappings_and_huge_pages) {
  const auto outcome = [](Stage& stage) {
    EXPECT_TRUE(stage.map_fixed(0, 1, rw, map::stack));
    return stage.area(0)->flags.has_any(flag::no_huge_page);
  };
  EXPECT_TRUE(under(linux_6_18, outcome));
  EXPECT_TRUE(under(linux_6_12, outcome));
  EXPECT_FALSE(under({.stack_mappings_refuse_huge_pages = false}, outcome));
}

TEST(Profile, partial_effects) {
  const auto outcome = [](Stage& stage) {
    stage.build("AA.A");
    EXPECT_EQ(stage.mprotect(columns(0, 4), prot::read).code(), Error::no_memory);
    return stage.picture();
  };
  EXPECT_EQ(under(linux_6_18, outcome), "BB.A");
  EXPECT_EQ(under({.partial_effects = PartialEffects::all_or_nothing}, outcome), "AA.A");
}

/// Holes are nothing that these calls fail for, so nothing is taken back.
TEST(Profile, calls_over_everything_do_not_mind_holes) {
  const auto outcome = [](Stage& stage) {
    stage.build("AA.A");
    EXPECT_TRUE(stage.mlockall(mlockall::current | mlockall::on_fault));
    EXPECT_EQ(stage.space().totals().locked, 3);
    EXPECT_TRUE(stage.munlockall());
    EXPECT_TRUE(stage.set_memory_merge(SamePageMerging::on));
    return stage.picture();
  };
  EXPECT_EQ(under({.partial_effects = PartialEffects::all_or_nothing}, outcome), "MM.M");
}

}  // namespace
}  // namespace vmarea::test
