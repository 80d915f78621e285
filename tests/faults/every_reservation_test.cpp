// SPDX-License-Identifier: MIT
//
// Every verb and call, with each of its reservations failing in turn, once and for ever: nothing
// has changed then, nothing is lost, and the same call succeeds as soon as there is enough again.
//
//   for n = 1, 2, ...   build, let the n-th reservation fail, call, compare, call again
//                       until a call comes to its end without reaching the n-th
//
// A crowd of other areas fills the tree's leaf, so that tree nodes are among what may lack.
#include <functional>
#include <set>
#include <string>
#include <vector>

#include <fmt/core.h>

#include "unit/userfault_stage.hpp"

namespace vmarea::test {
namespace {

using shims::FaultCount;
using shims::FaultPlan;
using shims::Resource;

struct Case {
  const char* name;
  std::string before;
  std::function<Error(Stage&)> call;
  Error shortage = Error::no_memory;      // What it says when a reservation fails,
  Error locked_out = Error::interrupted;  // and when the space lock is refused.
  void (*prepare)(Stage&) = nullptr;      // Before the picture is built.
};

void as_6_12(Stage& stage) {
  stage.host().profile = linux_6_12;
}

constexpr std::uint64_t far_away = 0x300;  // A column that needs page tables of its own.

std::vector<Case> verbs() {
  return {
      {"link alone", "B..B", [](Stage& s) { return s.link(s.fresh(1, 2)).code(); }},
      {"link with an identity to take", "A.aa",
       [](Stage& s) { return s.link(s.fresh(1, 2)).code(); }},
      {"split below", "aaaa", [](Stage& s) { return s.split(2, NewPart::below).code(); }},
      {"split above", "HHHH", [](Stage& s) { return s.split(2, NewPart::above).code(); }},
      {"modify: cut out", "aaaa",
       [](Stage& s) { return s.modify(columns(1, 2), rw_flags | flag::dont_copy).code(); }},
      {"modify: join both", "AAA|aaa|AA",
       [](Stage& s) { return s.modify(columns(3, 6), rw_flags).code(); }},
      {"expand", "AA..aa", [](Stage& s) { return s.expand(0, columns(0, 6), s.area(4)).code(); }},
      {"shrink", "aaaa", [](Stage& s) { return s.shrink(0, columns(0, 2)).code(); }},
      {"relocate", fmt::format("{:.>{}}aaAa", "", 0x200),
       [](Stage& s) { return s.relocate_down(0x200, 0x180).code(); }},
      {"insert", "A.A", [](Stage& s) { return s.insert(s.fresh(1, 2)).code(); }},
  };
}

void put_heap_at_column_1(Stage& stage) {
  SpaceLayout& layout = stage.state().layout;
  layout.start_brk = layout.brk = TestSpace::column(1);
}

Error brk_by_two_pages(Stage& stage) {
  const Address wanted = stage.state().layout.brk + 0x2000;
  return stage.brk(wanted) == wanted ? Error::none : Error::no_memory;
}

Error fork_and_end(Stage& stage) {
  Error error = Error::none;
  stage.fork(&error);
  return error;
}

Error map_shared(Stage& stage) {
  return stage
      .mmap({.address = TestSpace::column(1),
             .length = 0x2000,
             .protection = rw,
             .flags = map::shared | map::anonymous | map::fixed})
      .code();
}

Error map_file(Stage& stage) {
  return stage
      .mmap({.address = TestSpace::column(1),
             .length = 0x1000,
             .protection = rw,
             .flags = map::private_ | map::fixed,
             .file = stage.legend.at('F').file})
      .code();
}

Error attach(Stage& stage) {
  static constexpr std::uint64_t bytes = 0x2000;
  TestFile* segment = stage.host().make_file({.segment_bytes = bytes});
  return stage.attach_shared({.address = TestSpace::column(2), .segment = segment}).code();
}

Error grow(Stage& stage, std::uint64_t column, std::uint64_t old_pages, std::uint64_t new_pages) {
  return stage
      .mremap({.address = TestSpace::column(column),
               .old_length = old_pages << 12,
               .new_length = new_pages << 12,
               .flags = remap::may_move})
      .code();
}

std::vector<Case> mapping_calls() {
  return {
      {"mmap into a hole", "B..B", [](Stage& s) { return s.map_fixed(1, 2).code(); }},
      {"mmap over a middle", "aaaaa",
       [](Stage& s) { return s.map_fixed(1, 3, prot::read).code(); }},
      {"mmap over counted objects", "HHHHH", [](Stage& s) { return s.map_fixed(1, 3).code(); }},
      {"mmap shared memory", "BBBB", map_shared},
      {"mmap a file", "aaa", map_file},
      {"munmap a middle", "aaaaa", [](Stage& s) { return s.munmap(columns(1, 3)).code(); }},
      {"munmap several", "HHH|aaa.BBB", [](Stage& s) { return s.munmap(columns(1, 9)).code(); }},
      {"brk", "B", brk_by_two_pages, Error::no_memory, Error::interrupted, put_heap_at_column_1},
      {"attach", "A.....A", attach},
      {"detach", "FFFF",
       [](Stage& s) {
         s.legend.at('F').file->rules.segment_bytes = 0x4000;
         return s.detach_shared(TestSpace::column(0)).code();
       }},
      {"mremap in place", "aa..B", [](Stage& s) { return grow(s, 0, 2, 4); }},
      {"mremap to a larger place", "aaB", [](Stage& s) { return grow(s, 0, 2, 4); }},
      {"mremap the middle far away", "aaaaa",
       [](Stage& s) { return s.move(1, 2, far_away).code(); }},
      {"mremap over counted objects", "aaaaa..HHHHH",
       [](Stage& s) { return s.move(1, 2, 8).code(); }},
      {"mremap inside one area of counted objects", "HHHHHHHHH",
       [](Stage& s) { return s.move(1, 2, 5).code(); }},
      {"mremap and keep the source", "aaaaa",
       [](Stage& s) { return s.move(1, 2, far_away, remap::may_move | remap::dont_unmap).code(); }},
      {"mremap a second mapping", "SSS", [](Stage& s) { return grow(s, 0, 0, 2); }},
      {"mremap and cut the kept source out", "lllll",
       [](Stage& s) { return s.move(1, 2, far_away, remap::may_move | remap::dont_unmap).code(); },
       Error::no_memory, Error::interrupted, as_6_12},
      {"mremap and cut it out of an area that the destination cuts", "hhhhhhhhh",
       [](Stage& s) { return s.move(1, 2, 5, fixed_move | remap::dont_unmap).code(); },
       Error::no_memory, Error::interrupted,
       [](Stage& s) {
         as_6_12(s);
         s.legend['H'].adds |= flag::locked;
       }},
      {"fork", "aaa.AAA.HH.SS.bb", fork_and_end},
      {"a special mapping", "A..A",
       [](Stage& s) {
         return s
             .insert_special({.start = TestSpace::column(1),
                              .length = 0x1000,
                              .flags = flag::read | flag::may_access})
             .code();
       }},
      {"a loader's memory", "AABB.HHH",
       [](Stage& s) { return s.loader_brk(columns(3, 6)).code(); }},
      {"the first stack", "A..A",
       [](Stage& s) { return s.insert_initial_stack(TestSpace::column(2)).code(); }},
  };
}

std::vector<Case> changing_calls() {
  return {
      {"mprotect a middle", "aaaaa",
       [](Stage& s) { return s.mprotect(columns(1, 3), prot::read).code(); }},
      {"mprotect that is charged", "BBBBB",
       [](Stage& s) { return s.mprotect(columns(1, 3), rw).code(); }},
      {"mprotect over several", "aaBBaaBBcc",
       [](Stage& s) { return s.mprotect(columns(1, 9), prot::none).code(); }},
      {"mprotect that joins all", "bbAAbbAA",
       [](Stage& s) { return s.mprotect(columns(0, 8), prot::read).code(); }},
      {"mprotect of locked memory", "LLLLL",
       [](Stage& s) {
         return s.mprotect(columns(1, 3), prot::read | prot::write | prot::exec).code();
       }},
      {"madvise", "aaaaa",
       [](Stage& s) { return s.madvise(columns(1, 3), Advice::dont_fork).code(); },
       Error::try_again},
      // Guards modify no area, so nothing turns their ENOMEM into EAGAIN.
      {"madvise guards", "AA|BB",
       [](Stage& s) { return s.madvise(columns(1, 3), Advice::guard_install).code(); },
       Error::no_memory},
      {"mlock on fault", "aaaaa",
       [](Stage& s) { return s.mlock(columns(1, 3), MlockMode::lock_on_fault).code(); }},
      {"munlock", "LLLLL",
       [](Stage& s) { return s.mlock(columns(1, 3), MlockMode::unlock).code(); }},
      {"mseal", "aaaaa", [](Stage& s) { return s.mseal(columns(1, 3)).code(); }},
      {"first touch", "AAA", [](Stage& s) { return s.touch(TestSpace::column(1)).code(); }},
      {"first touch beside a touched area", "aaB",
       [](Stage& s) { return s.touch(TestSpace::column(2), Touch::forced_write).code(); }},
      {"stack growth", "...KK", [](Stage& s) { return s.grow_stack(TestSpace::column(1)).code(); }},
  };
}

Error watch(Stage& stage, Range range, UserfaultModes modes) {
  return stage.register_userfault(range, ours, modes).code();
}

std::vector<Case> attribute_calls() {
  static constexpr HomeNode home{
      [](MemoryPolicy policy, std::uint64_t node) noexcept -> Result<MemoryPolicy> {
        return policy + node;
      },
      10};
  return {
      {"mbind a middle", "aaaaa", [](Stage& s) { return s.mbind(columns(1, 3), 2).code(); }},
      {"mbind several", "aaBBPPBBUU", [](Stage& s) { return s.mbind(columns(1, 9), 2).code(); }},
      {"mbind that joins", "PPaaPP", [](Stage& s) { return s.mbind(columns(2, 4), 1).code(); }},
      {"set a home node", "aPPPP",
       [](Stage& s) { return s.set_home_node(columns(0, 3), home).code(); }},
      {"name a middle", "aaaaa", [](Stage& s) { return s.set_name(columns(1, 3), 1).code(); },
       Error::try_again},
      {"name several", "aaPPUU", [](Stage& s) { return s.set_name(columns(1, 5), 1).code(); },
       Error::try_again},
      {"register a middle", "aaaaa",
       [](Stage& s) { return watch(s, columns(1, 3), uffd::missing); }},
      {"register that joins", "UUaaUUPP",
       [](Stage& s) { return watch(s, columns(2, 8), uffd::missing); }},
      {"unregister a middle", "uuuuu",
       [](Stage& s) { return s.unregister_userfault(columns(1, 3), ours).code(); }},
      {"munmap what is watched", "UUUUTT", [](Stage& s) { return s.munmap(columns(1, 5)).code(); }},
      {"mremap what is watched", "uuuuu..TTT", [](Stage& s) { return s.move(1, 2, 8).code(); }},
      {"mremap what is watched, without events", "TTTTT....TT",
       [](Stage& s) { return s.move(1, 2, 7).code(); }},
      {"fork what is watched", "uu.PP.TT.UU", fork_and_end},
  };
}

struct Live {
  std::int64_t areas, nodes, links, tables, contents, shared_memories;
  PageCount charged;

  static Live of(const TestState& host) {
    return {host.areas.live,    host.nodes.live,      host.links.live, host.tables.live,
            host.contents.live, host.shared_memories, host.charged};
  }
  friend bool operator==(const Live&, const Live&) = default;
};

std::string crowded(const std::string& before, unsigned crowd) {
  std::string picture = before + "....";
  for (unsigned i = 0; i < crowd; ++i) picture += i % 2 == 0 ? "A." : "B.";
  return picture;
}

/// Returns whether the n-th attempt was reached, so that something failed.
bool fails_cleanly(const Case& c, unsigned crowd, std::uint64_t n, FaultCount how_often,
                   unsigned kinds, Error wanted) {
  Watched stage;
  stage.host().userfaults[ours] = all_events;
  if (c.prepare != nullptr) c.prepare(stage);
  stage.build(crowded(c.before, crowd));
  const Snapshot before = Snapshot::of(stage.state());
  const Live live = Live::of(stage.host());
  FaultPlan& faults = stage.host().faults;
  faults.kinds = kinds;
  faults.fail(n, how_often);
  const Error error = c.call(stage);
  const bool failed = faults.failures > 0;
  faults.fail(0);
  if (!failed) {
    EXPECT_EQ(static_cast<int>(error), 0);
    return false;
  }
  EXPECT_EQ(static_cast<int>(error), static_cast<int>(wanted));
  const std::string changes = differences(before, Snapshot::of(stage.state()));
  EXPECT_TRUE(changes.empty()) << changes;
  EXPECT_EQ(Live::of(stage.host()), live) << "something is lost";
  EXPECT_EQ(static_cast<int>(c.call(stage)), 0) << "the same call, with enough of all";
  return true;
}

/// How many reservations failed in turn.
std::uint64_t fail_each(const Case& c, unsigned kinds, Error wanted) {
  std::uint64_t failures = 0;
  for (const unsigned crowd : {0u, 11u, 12u, 13u, 14u}) {
    for (const FaultCount how_often : {FaultCount::once, FaultCount::for_ever}) {
      std::uint64_t n = 1;
      for (; fails_cleanly(c, crowd, n, how_often, kinds, wanted); ++n) {
        SCOPED_TRACE(fmt::format("{}: {} others, reservation {}", c.name, crowd, n));
        ++failures;
        if (testing::Test::HasFailure() || n == 1000) return failures;
      }
    }
  }
  return failures;
}

void fail_all(const std::vector<Case>& cases) {
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    fail_each(c, FaultPlan::all_memory, c.shortage);
  }
}

TEST(EveryReservation, that_a_verb_lacks_leaves_everything_as_it_was) {
  fail_all(verbs());
}
TEST(EveryReservation, that_a_mapping_call_lacks_leaves_everything_as_it_was) {
  fail_all(mapping_calls());
}
TEST(EveryReservation, that_a_changing_call_lacks_leaves_everything_as_it_was) {
  fail_all(changing_calls());
}

TEST(EveryReservation, that_an_attribute_call_lacks_leaves_everything_as_it_was) {
  fail_all(attribute_calls());
}

TEST(EveryReservation, of_each_kind_was_seen_to_fail) {
  for (const Resource kind :
       {Resource::area, Resource::node, Resource::link, Resource::table, Resource::charge,
        Resource::shared_memory, Resource::attributes, Resource::event}) {
    std::uint64_t failures = 0;
    for (const auto& cases : {mapping_calls(), attribute_calls()}) {
      for (const Case& c : cases) {
        SCOPED_TRACE(c.name);
        failures += fail_each(c, kind_bit(kind), c.shortage);
      }
    }
    EXPECT_GT(failures, 0u) << static_cast<int>(kind);
  }
}

TEST(EveryReservation, refused_lock_leaves_everything_as_it_was) {
  for (const auto& cases : {verbs(), mapping_calls(), changing_calls(), attribute_calls()}) {
    for (const Case& c : cases) {
      SCOPED_TRACE(c.name);
      const bool answers_with_an_address = std::string_view(c.name) == "brk";
      const Error wanted = answers_with_an_address ? Error::no_memory : c.locked_out;
      EXPECT_TRUE(fails_cleanly(c, 0, 1, FaultCount::once, kind_bit(Resource::space_lock), wanted));
    }
  }
}

/// Populating comes after the call: what the call did stays, only the touching may be short.
TEST(EveryReservation, that_mlock_lacks_leaves_all_of_its_change_or_nothing) {
  std::set<std::string> seen;
  for (std::uint64_t n = 1;; ++n) {
    Stage stage("AAAAA..B");
    stage.host().faults.fail(n);
    const Result<void> done = stage.mlock(columns(1, 3), MlockMode::lock);
    const bool failed = stage.host().faults.failures > 0;
    stage.host().faults.fail(0);
    EXPECT_EQ(done.code(), failed ? Error::no_memory : Error::none);
    seen.insert(stage.picture());
    EXPECT_EQ(stage.space().totals().locked, stage.picture()[1] == 'A' ? 0 : 2);
    EXPECT_TRUE(stage.mlock(columns(1, 3), MlockMode::lock));
    EXPECT_EQ(stage.picture(), "AllAA..B");
    if (!failed) break;
  }
  EXPECT_EQ(seen, (std::set<std::string>{"AAAAA..B", "ALLAA..B", "AllAA..B"}));
}

/// A move over several areas is one change for each: the areas that were moved stay moved.
TEST(EveryReservation, that_a_move_of_several_areas_lacks_stops_between_two_of_them) {
  std::set<std::string> seen;
  for (std::uint64_t n = 1;; ++n) {
    Stage stage("aa.bb......");
    stage.host().faults.fail(n);
    const Result<Address> at = stage.move(0, 5, 6);
    const bool failed = stage.host().faults.failures > 0;
    stage.host().faults.fail(0);
    EXPECT_EQ(at.code(), failed ? Error::no_memory : Error::none);
    seen.insert(stage.picture());
    const std::uint64_t first = stage.area(0) != nullptr ? 0 : 3;
    if (failed) {
      EXPECT_TRUE(stage.move(first, 5 - first, 6 + first));
    }
    EXPECT_EQ(stage.picture(), "......aa.bb");
    if (!failed) break;
  }
  EXPECT_EQ(seen, (std::set<std::string>{"aa.bb......", "...bb.aa...", "......aa.bb"}));
}

/// Closing a descriptor, or freeing whole areas, must not fail: they stay apart then.
TEST(EveryReservation, that_freeing_watched_areas_lacks_keeps_them_apart_at_worst) {
  using Free = Result<void> (*)(AddressSpace<TestServices>&);
  constexpr Free close = [](AddressSpace<TestServices>& s) { return s.release_userfault(ours); };
  constexpr Free unregister = [](AddressSpace<TestServices>& s) {
    return s.unregister_userfault(TestSpace::column(0), 0xb000, ours);
  };
  for (const Free free : {close, unregister}) {
    for (const FaultCount how_often : {FaultCount::once, FaultCount::for_ever}) {
      std::uint64_t n = 1;
      for (bool failed = true; failed; ++n) {
        Watched stage("AAuuVV|PPAAA");
        ASSERT_TRUE(stage.set_name(columns(6, 7), 1));
        ASSERT_EQ(stage.watch(columns(6, 8)), Error::none);
        stage.host().faults.fail(n, how_often);
        EXPECT_TRUE(free(stage.space()));
        failed = stage.host().faults.failures > 0;
        stage.host().faults.fail(0);
        stage.check();
        EXPECT_EQ(*stage.area(6)->attributes, (Attributes{.policy = 1, .name = 1}));
        EXPECT_EQ(stage.picture(), failed ? "AA|aa|AAZPAAA" : "aaaaaaZPAAA");
      }
      EXPECT_GT(n, 2u) << "something was lacking";
    }
  }
}

}  // namespace
}  // namespace vmarea::test
