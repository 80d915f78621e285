// SPDX-License-Identifier: MIT
//
// What a process chooses for all of its memory: same-page merging (rules 12.1,
// step 7b; prctl(2), PR_SET_MEMORY_MERGE) and no execution of what was written (PR_SET_MDWE). Every
// answer was seen on a running 6.18.
#include "support/stage.hpp"

namespace vmarea::test {
namespace {

/// M: rw that may be merged page by page.
class MergingStage : public Stage {
 public:
  explicit MergingStage(std::string_view picture = "") {
    legend['M'] = {.adds = flag::mergeable};
    build(picture);
  }
};

TEST(SamePageMerging, marks_all_that_may_have_it_and_joins_nothing) {
  struct Case {
    const char* name;
    Flags adds;
    bool marked;
  };
  const Case cases[] = {
      {"private", {}, true},
      {"locked", flag::locked, true},
      {"stack", flag::grows_down, true},
      {"sealed", flag::sealed, true},
      {"sync", flag::sync, true},
      {"no huge page", flag::no_huge_page, true},
      {"droppable", flag::droppable, false},
      {"huge TLB", flag::huge_tlb, false},
      {"io", flag::io, false},
      {"page frames", flag::page_frames, false},
      {"mixed map", flag::mixed_map, false},
      {"cannot grow", flag::dont_expand, false},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    MergingStage stage;
    ASSERT_TRUE(stage.insert(stage.fresh(0, 1, c.adds)));
    ASSERT_TRUE(stage.set_memory_merge(SamePageMerging::on));
    EXPECT_EQ(stage.area(0)->flags.has_any(flag::mergeable), c.marked);
    ASSERT_TRUE(stage.set_memory_merge(SamePageMerging::off));
    EXPECT_EQ(stage.area(0)->flags, rw_flags | c.adds);
  }
  MergingStage stage("AMABFS");
  ASSERT_TRUE(stage.set_memory_merge(SamePageMerging::on));
  EXPECT_EQ(stage.picture().substr(0, 5), "M|M|M");
  EXPECT_EQ(stage.count_areas(), 6u);
  EXPECT_TRUE(stage.area(3)->flags.has_any(flag::mergeable)) << "read only";
  EXPECT_TRUE(stage.area(4)->flags.has_any(flag::mergeable)) << "private file";
  EXPECT_FALSE(stage.area(5)->flags.has_any(flag::mergeable)) << "shared file";
}

TEST(SamePageMerging, said_twice_changes_nothing) {
  MergingStage stage("AA.M");
  ASSERT_TRUE(stage.set_memory_merge(SamePageMerging::off));
  EXPECT_EQ(stage.picture(), "AA.M") << "what madvise marked stays";
  ASSERT_TRUE(stage.set_memory_merge(SamePageMerging::on));
  ASSERT_TRUE(stage.madvise(columns(1, 2), Advice::unmergeable));
  EXPECT_EQ(stage.picture(), "MA.M");
  ASSERT_TRUE(stage.set_memory_merge(SamePageMerging::on));
  EXPECT_EQ(stage.picture(), "MA.M");
  EXPECT_TRUE(stage.space().modes().merges_same_pages);
  ASSERT_TRUE(stage.set_memory_merge(SamePageMerging::off));
  EXPECT_EQ(stage.picture(), "A|A.A") << "also what madvise marked, and nothing joins";
  EXPECT_FALSE(stage.space().modes().merges_same_pages);
}

TEST(SamePageMerging, shows_what_it_sets) {
  Stage stage("A");
  const auto shown = [&](SamePageMerging wanted) {
    std::string text;
    stage.space().plan_set_memory_merge(wanted).for_each_step([&](const auto& step) {
      if (step.kind == StepKind::set_same_page_merging) text += std::to_string(step.value);
    });
    return text;
  };
  EXPECT_EQ(shown(SamePageMerging::on), "1");
  EXPECT_EQ(shown(SamePageMerging::off), "") << "as it is";
  ASSERT_TRUE(stage.set_memory_merge(SamePageMerging::on));
  EXPECT_EQ(shown(SamePageMerging::off), "0");
}

TEST(SamePageMerging, new_memory_is_marked_before_it_joins) {
  MergingStage stage("A");
  stage.state().layout.start_brk = stage.state().layout.brk = TestSpace::column(20);
  stage.brk(TestSpace::column(21));
  ASSERT_TRUE(stage.set_memory_merge(SamePageMerging::on));
  ASSERT_TRUE(stage.map_fixed(1, 2));
  EXPECT_EQ(stage.picture().substr(0, 3), "MM.");
  stage.brk(TestSpace::column(22));
  EXPECT_EQ(stage.shape(20), "[14,16)p14");
  ASSERT_TRUE(stage.madvise(columns(1, 2), Advice::unmergeable));
  ASSERT_TRUE(stage.map_fixed(2, 3));
  EXPECT_EQ(stage.picture().substr(0, 4), "MAM.");
  ASSERT_TRUE(stage.mmap({.address = TestSpace::column(5),
                          .length = 0x1000,
                          .protection = rw,
                          .flags = map::shared | map::anonymous | map::fixed}));
  EXPECT_FALSE(stage.area(5)->flags.has_any(flag::mergeable));
  ASSERT_TRUE(stage.move(1, 1, 7));
  EXPECT_EQ(stage.picture()[7], 'A') << "a moved area keeps its flags";
  ASSERT_TRUE(stage.set_memory_merge(SamePageMerging::off));
  ASSERT_TRUE(stage.map_fixed(8, 9));
  EXPECT_EQ(stage.picture().substr(7, 2), "AA");
}

/// A driver that is given the area (as that of /dev/zero is) is in the way: the mark comes late.
TEST(SamePageMerging, drivers_that_take_the_area_stop_it_from_joining) {
  MergingStage stage;
  TestFile* described = stage.host().make_file();
  TestFile* given = stage.host().make_file({.driver_turn = DriverTurn::after_joining});
  ASSERT_TRUE(stage.set_memory_merge(SamePageMerging::on));
  const auto map_page = [&](TestFile* file, std::uint64_t column) {
    return stage.mmap({.address = TestSpace::column(column),
                       .length = 0x1000,
                       .protection = rw,
                       .flags = map::private_ | map::fixed,
                       .file = file,
                       .offset = column << 12});
  };
  for (const std::uint64_t column : {0u, 1u}) ASSERT_TRUE(map_page(described, column));
  for (const std::uint64_t column : {4u, 5u}) ASSERT_TRUE(map_page(given, column));
  EXPECT_EQ(stage.shape(0), "[0,2)p0");
  EXPECT_EQ(stage.shape(4), "[4,5)p4");
  EXPECT_EQ(stage.shape(5), "[5,6)p5");
  for (const std::uint64_t column : {0u, 4u, 5u}) {
    EXPECT_TRUE(stage.area(column)->flags.has_any(flag::mergeable)) << column;
  }
  ASSERT_TRUE(stage.madvise(columns(5, 6), Advice::unmergeable));
  ASSERT_TRUE(map_page(given, 6));
  EXPECT_EQ(stage.shape(5), "[5,7)p5");
  EXPECT_FALSE(stage.area(5)->flags.has_any(flag::mergeable)) << "only what stands alone is marked";
}

TEST(SamePageMerging, lasts_through_fork) {
  MergingStage parent("A");
  ASSERT_TRUE(parent.set_memory_merge(SamePageMerging::on));
  const auto child = parent.fork();
  EXPECT_TRUE(child->space().modes().merges_same_pages);
  EXPECT_EQ(child->picture(), "M");
  ASSERT_TRUE(child->set_memory_merge(SamePageMerging::off));
  EXPECT_EQ(child->picture(), "A");
  EXPECT_EQ(parent.picture(), "M");
}

TEST(SamePageMerging, needs_no_memory) {
  Stage stage("AA.BB.FF");
  stage.host().faults.kinds = shims::FaultPlan::all_memory;
  stage.host().faults.fail(1, shims::FaultCount::for_ever);
  EXPECT_TRUE(stage.set_memory_merge(SamePageMerging::on));
  EXPECT_TRUE(stage.set_memory_merge(SamePageMerging::off));
  EXPECT_EQ(stage.host().faults.failures, 0u);
}

constexpr WriteExecFlags refuse = write_exec::refuse_exec_gain;
constexpr WriteExecFlags refuse_here = write_exec::refuse_exec_gain | write_exec::no_inherit;

TEST(DenyWriteExec, can_be_chosen_once) {
  Stage stage;
  EXPECT_EQ(stage.deny_write_exec(WriteExecFlags(4)).code(), Error::invalid);
  EXPECT_EQ(stage.deny_write_exec(write_exec::no_inherit).code(), Error::invalid);
  EXPECT_TRUE(stage.deny_write_exec({}));
  EXPECT_TRUE(stage.deny_write_exec(refuse));
  EXPECT_TRUE(stage.deny_write_exec(refuse));
  EXPECT_EQ(stage.space().modes().write_exec, refuse);
  EXPECT_EQ(stage.deny_write_exec(refuse_here).code(), Error::not_permitted);
  EXPECT_EQ(stage.deny_write_exec({}).code(), Error::not_permitted);
  EXPECT_EQ(stage.deny_write_exec(write_exec::no_inherit).code(), Error::invalid);
  EXPECT_EQ(stage.deny_write_exec(WriteExecFlags(8)).code(), Error::invalid);
  EXPECT_EQ(stage.space().modes().write_exec, refuse);
}

TEST(DenyWriteExec, chosen_again_shows_no_step) {
  Stage stage;
  const auto steps = [&] {
    int count = 0;
    stage.space().plan_deny_write_exec(refuse).for_each_step([&](const auto&) { ++count; });
    return count;
  };
  EXPECT_EQ(steps(), 1);
  ASSERT_TRUE(stage.deny_write_exec(refuse));
  EXPECT_EQ(steps(), 0);
}

TEST(DenyWriteExec, lasts_through_fork_unless_it_is_not_to_be_inherited) {
  Stage parent;
  ASSERT_TRUE(parent.deny_write_exec(refuse));
  EXPECT_EQ(parent.fork()->space().modes().write_exec, refuse);
  Stage other;
  ASSERT_TRUE(other.deny_write_exec(refuse_here));
  const auto child = other.fork();
  EXPECT_EQ(child->space().modes().write_exec, WriteExecFlags{});
  EXPECT_TRUE(child->deny_write_exec(refuse)) << "and it can choose anew";
}

Protection protection(unsigned bits) {
  return Protection(bits);
}

TEST(DenyWriteExec, mprotect_refuses_every_way_to_executable_memory_that_was_written) {
  for (unsigned from = 0; from < 8; ++from) {
    for (unsigned to = 0; to < 8; ++to) {
      Stage stage;
      ASSERT_TRUE(stage.map_fixed(0, 1, protection(from)));
      ASSERT_TRUE(stage.deny_write_exec(refuse));
      const bool executes = (to & 4) != 0, executed = (from & 4) != 0, writes = (to & 2) != 0;
      const bool refused = executes && (writes || !executed);
      EXPECT_EQ(stage.mprotect(columns(0, 1), protection(to)).code(),
                refused ? Error::access_denied : Error::none)
          << from << " to " << to;
    }
  }
}

TEST(DenyWriteExec, new_mappings_are_not_both) {
  TestFile* segment = nullptr;
  for (unsigned bits = 0; bits < 8; ++bits) {
    Stage stage;
    ASSERT_TRUE(stage.deny_write_exec(refuse));
    const Error wanted = (bits & 6) == 6 ? Error::access_denied : Error::none;
    EXPECT_EQ(stage.map_fixed(0, 1, protection(bits)).code(), wanted) << bits;
    EXPECT_EQ(stage
                  .mmap({.address = TestSpace::column(4),
                         .length = 0x1000,
                         .protection = protection(bits),
                         .flags = map::shared | map::anonymous | map::fixed})
                  .code(),
              wanted)
        << bits;
  }
  Stage stage("E");
  ASSERT_TRUE(stage.deny_write_exec(refuse));
  using Access = AttachRequest<TestServices>::Access;
  segment = stage.host().make_file({.segment_bytes = 0x1000});
  const auto attach = [&](Access access) {
    return stage
        .attach_shared({.address = TestSpace::column(4), .segment = segment, .access = access})
        .code();
  };
  EXPECT_EQ(attach(Access::read_write_exec), Error::access_denied);
  EXPECT_EQ(attach(Access::read_exec), Error::none);
  EXPECT_TRUE(stage.move(0, 1, 8)) << "what was there before may move";
  EXPECT_EQ(stage.picture()[8], 'E');
}

TEST(DenyWriteExec, mmap_refuses_after_the_file_and_before_seals_and_limits) {
  constexpr Protection all = prot::read | prot::write | prot::exec;
  Stage stage("XX.A");
  ASSERT_TRUE(stage.deny_write_exec(refuse));
  EXPECT_EQ(stage.map_fixed(1, 2, all).code(), Error::access_denied) << "before the seal";
  EXPECT_EQ(stage.picture(), "XX.A") << "and before a split";
  stage.host().limits.address_space_bytes = 0x3000;
  EXPECT_EQ(stage.map_fixed(5, 6, all).code(), Error::access_denied) << "before the limits";
  EXPECT_EQ(stage.map_fixed(5, 6).code(), Error::no_memory);
  stage.host().limits.address_space_bytes = Limits::no_limit;
  const auto map_file = [&](const FileRules& rules) {
    return stage
        .mmap({.address = TestSpace::column(5),
               .length = 0x1000,
               .protection = all,
               .flags = map::shared | map::fixed,
               .file = stage.host().make_file(rules)})
        .code();
  };
  EXPECT_EQ(map_file({.write_sealed = true}), Error::not_permitted) << "after the file's seal";
  EXPECT_EQ(map_file({.mappable = false}), Error::no_device);
  EXPECT_EQ(map_file({}), Error::access_denied);
}

TEST(DenyWriteExec, mprotect_refuses_after_the_files_rights_and_before_seals_and_holes) {
  Stage stage("DAXD.A");
  ASSERT_TRUE(stage.deny_write_exec(refuse));
  EXPECT_EQ(stage.mprotect(columns(2, 3), prot::exec).code(), Error::access_denied)
      << "before the seal";
  EXPECT_EQ(stage.mprotect(columns(1, 5), prot::exec).code(), Error::access_denied)
      << "before a hole behind it";
  EXPECT_EQ(stage.mprotect(columns(3, 6), prot::exec).code(), Error::no_memory)
      << "after a hole before it";
  EXPECT_EQ(stage.mprotect(columns(0, 2), prot::exec).code(), Error::access_denied);
  EXPECT_EQ(stage.area(0)->flags & flag::access, flag::exec) << "earlier areas keep the change";
  EXPECT_EQ(stage.picture().substr(1, 2), "AX");
}

}  // namespace
}  // namespace vmarea::test
