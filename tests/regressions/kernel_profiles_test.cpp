// SPDX-License-Identifier: MIT
//
// The switches of KernelProfile that were found by comparing with kernels of other series, each
// both ways (rules 31). That each kernel has its rule the workflow kernels shows.
#include <string>

#include "unit/userfault_stage.hpp"

namespace vmarea::test {
namespace {

/// The outcome under a profile.
template <class Outcome>
auto under(const KernelProfile& profile, Outcome&& outcome) {
  Watched stage;
  stage.host().profile = profile;
  return outcome(stage);
}

TEST(KernelProfiles, untouched_memory_that_becomes_unwritable_and_its_charge) {
  const auto charge_of = [](const char* picture) {
    return [=](Watched& stage) {
      stage.build(picture);
      EXPECT_TRUE(stage.mprotect(columns(0, 2), prot::read));
      return static_cast<int>(stage.state().charged);
    };
  };
  EXPECT_EQ(under(linux_6_18, charge_of("AA")), 0);
  EXPECT_EQ(under({.uncharges_untouched_memory = false}, charge_of("AA")), 2);
  EXPECT_EQ(under(linux_6_12, charge_of("AA")), 0);
  EXPECT_EQ(under(linux_6_1, charge_of("AA")), 2);
  EXPECT_EQ(under(linux_6_18, charge_of("aa")), 2) << "touched memory stays charged";
}

TEST(KernelProfiles, memory_that_another_context_watches_and_unregistering) {
  const auto outcome = [](Watched& stage) {
    stage.build("ATTU");
    const Error error = stage.unwatch(columns(0, 4), ours);
    return stage.picture() + (error == Error::none ? "" : " refused");
  };
  EXPECT_EQ(under(linux_6_18, outcome), "ATTU refused");
  EXPECT_EQ(under({.unregister_checks_context = false}, outcome), "AAAA");
  EXPECT_EQ(under(linux_6_12, outcome), "AAAA");
  EXPECT_EQ(under(linux_7_2, outcome), "ATTU refused");
  const auto closed = [](Watched& stage) {
    stage.build("ATTU");
    EXPECT_TRUE(stage.release_userfault(ours));
    return stage.picture();
  };
  EXPECT_EQ(under(linux_6_12, closed), "ATTA") << "closing frees only what is its own";
}

TEST(KernelProfiles, droppable_memory_is_watched_or_not) {
  const auto outcome = [](Watched& stage) {
    EXPECT_TRUE(stage.mmap({.address = TestSpace::base,
                            .length = 0x1000,
                            .protection = rw,
                            .flags = map::droppable | map::anonymous | map::fixed}));
    EXPECT_EQ(stage.watch(columns(0, 1)), stage.unwatch(columns(0, 1)));
    return stage.watch(columns(0, 1));
  };
  EXPECT_EQ(under(linux_6_18, outcome), Error::invalid);
  EXPECT_EQ(under({.watches_droppable_memory = true}, outcome), Error::none);
  EXPECT_EQ(under(linux_6_12, outcome), Error::none);
}

TEST(KernelProfiles, soft_dirty_of_what_a_watched_area_joins) {
  const auto outcome = [](std::uint64_t dirty) {
    return [=](Watched& stage) {
      stage.build("UUAA");
      stage.area(dirty)->flags |= flag::soft_dirty;
      EXPECT_EQ(stage.unwatch(columns(0, 2)), Error::none);
      EXPECT_EQ(stage.picture(), "AAAA");
      return stage.area(0)->flags.has_any(flag::soft_dirty);
    };
  };
  for (const std::uint64_t dirty : {0u, 2u}) {
    const bool is_changed = dirty == 0;
    EXPECT_TRUE(under(linux_6_18, outcome(dirty)));
    EXPECT_EQ(under({.kept_by_joins = {}}, outcome(dirty)), !is_changed);
    EXPECT_EQ(under({.kept_by_joins = {}, .watching_decides_soft_dirty = true}, outcome(dirty)),
              is_changed);
    EXPECT_EQ(under(linux_6_12, outcome(dirty)), !is_changed);
    EXPECT_EQ(under(linux_6_1, outcome(dirty)), is_changed);
  }
}

TEST(KernelProfiles, rear_of_an_area_that_is_watched_and_what_follows) {
  struct Case {
    const char* before;
    const char* joined;
    const char* apart;
    Range watched;
    Range freed;
  };
  const Case cases[] = {
      {"AAAAUU", "AAUUUU", "AAUU|UU", columns(2, 4), {}},
      {"UUUUAA", "UUAAAA", "UUAA|AA", {}, columns(2, 4)},
      {"UUAAUU", "UUUUUU", "UUUUUU", columns(2, 4), {}},
      {"AAAUUU", "UUUUUU", "UUUUUU", columns(0, 3), {}},
      {"UUAAAA", "UUUUAA", "UUUUAA", columns(2, 4), {}},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.before);
    const auto outcome = [&](Watched& stage) {
      stage.build(c.before);
      EXPECT_EQ(c.freed.empty() ? stage.watch(c.watched) : stage.unwatch(c.freed), Error::none);
      return stage.picture();
    };
    EXPECT_EQ(under(linux_6_18, outcome), c.joined);
    EXPECT_EQ(under({.watched_rear_joins_next = false}, outcome), c.apart);
    EXPECT_EQ(under(linux_6_12, outcome), c.joined);
    EXPECT_EQ(under(linux_6_1, outcome), c.apart);
  }
}

TEST(KernelProfiles, calls_that_older_kernels_do_not_have) {
  const auto seal = [](Watched& stage) {
    stage.build("AA");
    return stage.mseal(columns(0, 1)).code();
  };
  const auto merge = [](Watched& stage) {
    return stage.set_memory_merge(SamePageMerging::on).code();
  };
  const auto deny = [](Watched& stage) {
    return stage.deny_write_exec(write_exec::refuse_exec_gain).code();
  };
  for (const KernelProfile& profile : {linux_6_12, linux_6_18, linux_7_2}) {
    EXPECT_EQ(under(profile, seal), Error::none);
    EXPECT_EQ(under(profile, merge), Error::none);
    EXPECT_EQ(under(profile, deny), Error::none);
  }
  EXPECT_EQ(under({.knows_seals = false}, seal), Error::not_implemented);
  EXPECT_EQ(under({.knows_memory_merge = false}, merge), Error::invalid);
  EXPECT_EQ(under({.knows_deny_write_exec = false}, deny), Error::invalid);
  EXPECT_EQ(under(linux_6_1, seal), Error::not_implemented);
  EXPECT_EQ(under(linux_6_1, merge), Error::invalid);
  EXPECT_EQ(under(linux_6_1, deny), Error::invalid);
}

TEST(KernelProfiles, droppable_mappings_of_kernels_that_do_not_know_the_type) {
  const auto outcome = [](Watched& stage) {
    return stage
        .mmap({.address = TestSpace::base,
               .length = 0x1000,
               .protection = rw,
               .flags = map::droppable | map::anonymous | map::fixed})
        .code();
  };
  EXPECT_EQ(under({.droppable_memory = DroppableMemory::unknown}, outcome), Error::invalid);
  EXPECT_EQ(under(linux_6_1, outcome), Error::invalid);
}

/// Two neighbours that a new range could join, each alone.
TEST(KernelProfiles, new_range_asks_prev_or_next_first) {
  struct Case {
    const char* before;
    const char* prev_first;
    const char* next_first;
  };
  const Case cases[] = {
      {"aa..aa", "aaaa|aa", "aa|aaaa"}, {"AA..aa", "aaaaaa", "AA|aaaa"},
      {"aa..AA", "aaaaaa", "aaaaaa"},   {"AA..AA", "AAAAAA", "AAAAAA"},
      {"AA....", "AAAA..", "AAAA.."},   {"....aa", "..aaaa", "..aaaa"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.before);
    const auto outcome = [&](Watched& stage) {
      stage.build(c.before);
      EXPECT_TRUE(stage.map_fixed(2, 4));
      return stage.picture();
    };
    EXPECT_EQ(under(linux_6_12, outcome), c.prev_first);
    EXPECT_EQ(under({.mmap_asks_next_first = true}, outcome), c.next_first);
    EXPECT_EQ(under(linux_6_1, outcome), c.next_first);
  }
  const auto moved = [](Watched& stage) {
    stage.build("aa..aa..AA");
    EXPECT_TRUE(stage.move(8, 2, 2));
    return stage.picture();
  };
  EXPECT_EQ(under(linux_6_1, moved), "aaaa|aa....") << "mmap alone does so";
}

TEST(KernelProfiles, areas_with_a_close_hook_join_or_stay_apart) {
  static constexpr AreaHooks<TestServices> closing{.close = [](TestArea&) noexcept {}};
  const auto protect = [](Watched& stage) {
    TestFile* segment = stage.host().make_file({.segment_bytes = 0x4000}, &closing);
    EXPECT_TRUE(stage.attach_shared({.address = TestSpace::column(0), .segment = segment}));
    EXPECT_TRUE(stage.mprotect(columns(0, 2), prot::read));
    EXPECT_TRUE(stage.mprotect(columns(1, 3), prot::read));
    return stage.state().area_count;
  };
  EXPECT_EQ(under(linux_6_18, protect), 2u) << "[0,3) and [3,4)";
  EXPECT_EQ(under({.closing_areas_join = false}, protect), 3u);
  EXPECT_EQ(under(linux_6_12, protect), 2u);
  EXPECT_EQ(under(linux_6_1, protect), 3u);

  const auto grow = [](Watched& stage) {
    TestFile* segment = stage.host().make_file({.segment_bytes = 0x4000}, &closing);
    EXPECT_TRUE(stage.attach_shared({.address = TestSpace::column(0), .segment = segment}));
    EXPECT_TRUE(stage.mremap(
        {.address = TestSpace::column(0), .old_length = 0x4000, .new_length = 0x6000}));
    return stage.state().area_count;
  };
  EXPECT_EQ(under(linux_6_18, grow), 1u);
  EXPECT_EQ(under(linux_6_1, grow), 1u) << "what grows is itself";
}

TEST(KernelProfiles, copy_beside_its_untouched_source_and_the_other_neighbour) {
  const auto move = [](const char* before, std::uint64_t from) {
    return [=](Watched& stage) {
      stage.build(before);
      EXPECT_TRUE(stage.move(from, 2, 4, remap::may_move | remap::fixed | remap::dont_unmap));
      return stage.picture();
    };
  };
  EXPECT_EQ(under(linux_6_12, move("..AA..AA", 2)), "..AA|AAAA");
  EXPECT_EQ(under(linux_6_1, move("..AA..AA", 2)), "..AA|AA|AA");
  EXPECT_EQ(under(linux_6_12, move("..AA..AA", 6)), "..AAAA|AA");
  EXPECT_EQ(under(linux_6_1, move("..AA..AA", 6)), "..AA|AA|AA");
  EXPECT_EQ(under(linux_6_1, move("AA..AAAA", 0)), "AA..AAAA") << "not beside it";
}

TEST(KernelProfiles, advice_of_a_process_to_itself) {
  const auto outcome = [](Watched& stage) {
    stage.build("AA");
    return stage.space().process_madvise({columns(0, 1)}, Advice::dont_fork).code();
  };
  EXPECT_EQ(under(linux_6_18, outcome), Error::none);
  EXPECT_EQ(under(linux_6_12, outcome), Error::invalid);
  EXPECT_EQ(under(linux_6_1, outcome), Error::invalid);
  EXPECT_EQ(under({.own_advice = OwnAdvice::lossless}, outcome), Error::invalid);
  const auto unknown_of_nothing = [](Watched& stage) {
    return stage.space().process_madvise({}, static_cast<Advice>(99)).code();
  };
  EXPECT_EQ(under(linux_6_18, unknown_of_nothing), Error::none);
  EXPECT_EQ(under(linux_7_2, unknown_of_nothing), Error::invalid);
}

TEST(KernelProfiles, populating_ends_at_a_hole_or_goes_on_behind_it) {
  struct Case {
    const char* before;
    const char* ends;
    const char* goes_on;
    Error late_error;
  };
  const Case cases[] = {
      {"A..AA", "a..AA", "a..aa", Error::no_memory},
      {"..AAA", "..AAA", "..aaa", Error::no_memory},
      {"A..BA", "a..BA", "a..BA", Error::invalid},
      {"AA..B", "aa..B", "aa..B", Error::no_memory},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.before);
    const auto outcome = [&](Error expected) {
      return [&, expected](Watched& stage) {
        stage.build(c.before);
        EXPECT_EQ(stage.madvise(columns(0, 4), Advice::populate_write).code(), expected);
        return stage.picture();
      };
    };
    EXPECT_EQ(under(linux_6_18, outcome(Error::no_memory)), c.ends);
    EXPECT_EQ(under({.populating_goes_on_behind_holes = true}, outcome(c.late_error)), c.goes_on);
    EXPECT_EQ(under(linux_6_1, outcome(c.late_error)), c.goes_on);
  }
}

TEST(KernelProfiles, mapping_that_a_limit_refuses_leaves_a_cut_or_none) {
  const auto outcome = [](Watched& stage) {
    stage.build("AAAA");
    stage.host().limits.address_space_bytes = 0x4000;
    EXPECT_EQ(stage.map_fixed(3, 6).code(), Error::no_memory);
    return stage.picture();
  };
  EXPECT_EQ(under(linux_6_18, outcome), "AAA|A");
  EXPECT_EQ(under({.limits_come_before_clearing = true}, outcome), "AAAA");
  EXPECT_EQ(under(linux_6_12, outcome), "AAA|A");
  EXPECT_EQ(under(linux_6_1, outcome), "AAAA");
}

TEST(KernelProfiles, mapping_over_what_cannot_be_cut) {
  const auto outcome = [](Watched& stage) {
    stage.legend.at('F').file->hooks = &unsplittable_hooks;
    stage.build("FFFF");
    const Error error = stage.map_fixed(2, 6).code();
    EXPECT_EQ(stage.picture(), "FFFF");
    return error;
  };
  EXPECT_EQ(under(linux_6_18, outcome), Error::invalid);
  EXPECT_EQ(under({.refused_cut_is_no_memory = true}, outcome), Error::no_memory);
  EXPECT_EQ(under(linux_6_12, outcome), Error::invalid);
  EXPECT_EQ(under(linux_6_1, outcome), Error::no_memory);
}

/// MAP_ABOVE4G, which is no flag to older kernels.
TEST(KernelProfiles, validated_flags_that_older_kernels_do_not_know) {
  const auto outcome = [](MapFlags type) {
    return [=](Watched& stage) {
      return stage
          .mmap({.address = TestSpace::base,
                 .length = 0x1000,
                 .protection = prot::read,
                 .flags = type | map::fixed | map::above_4g,
                 .file = stage.legend.at('F').file})
          .code();
    };
  };
  EXPECT_EQ(under(linux_6_18, outcome(map::shared_validate)), Error::none);
  EXPECT_EQ(under(linux_6_12, outcome(map::shared_validate)), Error::none);
  EXPECT_EQ(under({.knows_above_4g = false}, outcome(map::shared_validate)), Error::not_supported);
  EXPECT_EQ(under(linux_6_1, outcome(map::shared_validate)), Error::not_supported);
  EXPECT_EQ(under(linux_6_1, outcome(map::shared)), Error::none) << "ignored";
}

TEST(KernelProfiles, special_memory_and_forks) {
  const auto outcome = [](Flags kind) {
    return [=](Watched& stage) {
      EXPECT_TRUE(stage.insert(stage.fresh(0, 1, kind)));
      return stage.madvise(columns(0, 1), Advice::do_fork).code();
    };
  };
  for (const Flags kind : {flag::dont_expand, flag::page_frames, flag::mixed_map}) {
    EXPECT_EQ(under(linux_6_18, outcome(kind)), Error::none);
    EXPECT_EQ(under({.do_fork_refuses_special = true}, outcome(kind)), Error::invalid);
    EXPECT_EQ(under(linux_7_2, outcome(kind)), Error::invalid);
  }
  EXPECT_EQ(under(linux_6_18, outcome(flag::io)), Error::invalid);
}

/// A fixed move onto its own address, whose old length wraps.
TEST(KernelProfiles, old_length_that_wraps_behind_a_cleared_source) {
  const auto outcome = [](Watched& stage) {
    stage.build("AA");
    const Error error = stage
                            .mremap({.address = TestSpace::base,
                                     .old_length = ~std::uint64_t{0xfff},
                                     .new_length = 0x1000,
                                     .flags = fixed_move,
                                     .new_address = TestSpace::base})
                            .code();
    EXPECT_EQ(stage.picture(), ".A") << "gone on both";
    return error;
  };
  EXPECT_EQ(under(linux_6_18, outcome), Error::bad_address);
  EXPECT_EQ(under({.remap_checks = RemapChecks::after_clearing}, outcome), Error::invalid);
  EXPECT_EQ(under(linux_6_12, outcome), Error::invalid);
}

}  // namespace
}  // namespace vmarea::test
