// SPDX-License-Identifier: MIT
//
// What drivers are told and asked (rules 30, and the hook steps of 7, 12, 13, 25
// and 29): open once for each copy, close once for each area that an unmapping destroys, neither
// for a merge or for a call that fails. H: a file whose hooks are recorded.
#include "unit/land.hpp"

namespace vmarea::test {
namespace {

using Lines = std::vector<std::string>;

/// What `call` tells the drivers.
template <class Call>
Lines told(Stage& stage, Call&& call) {
  stage.host().recorder.on = true;
  call();
  stage.host().recorder.on = false;
  Lines lines = stage.host().recorder.take();
  std::erase_if(lines, [](const std::string& line) {
    return !line.starts_with("open") && !line.starts_with("close");
  });
  return lines;
}

TEST(Hooks, whole_area_that_moves_is_opened_at_its_new_place_and_closed_at_its_old) {
  Stage stage("HH......");
  EXPECT_EQ(told(stage, [&] { EXPECT_TRUE(stage.move(0, 2, 4)); }),
            (Lines{"open 104-106", "close 100-102"}));
  EXPECT_EQ(stage.legend.at('H').file->references, 1u);
}

TEST(Hooks, kept_source_of_a_move_is_not_closed) {
  Stage stage("HH......");
  EXPECT_EQ(told(stage, [&] { EXPECT_TRUE(stage.move(0, 2, 4, fixed_move | remap::dont_unmap)); }),
            Lines{"open 104-106"});
}

TEST(Hooks, move_of_a_middle_opens_the_copy_and_both_rests) {
  Stage stage("HHHH......");
  EXPECT_EQ(told(stage, [&] { EXPECT_TRUE(stage.move(1, 2, 6)); }),
            (Lines{"open 106-108", "open 100-101", "open 103-104", "close 101-103"}));
}

TEST(Hooks, cut_that_is_refused_or_runs_out_tells_nobody) {
  Stage stage("HHHH");
  stage.host().limits.area_count_max = 1;
  EXPECT_EQ(told(stage, [&] { EXPECT_FALSE(stage.split(2, NewPart::below)); }), Lines{});
  stage.host().limits = {};
  for (std::uint64_t n = 1; n < 20; ++n) {
    stage.host().faults.fail(n);
    const Lines lines = told(stage, [&] {
      const Result<void> done = stage.split(2, NewPart::below);
      EXPECT_EQ(!done, stage.host().faults.failures > 0);
    });
    const bool failed = stage.host().faults.failures > 0;
    stage.host().faults.fail(0);
    if (!failed) {
      EXPECT_EQ(lines, Lines{"open 100-102"});
      return;
    }
    EXPECT_EQ(lines, Lines{});
  }
  ADD_FAILURE() << "it never succeeds";
}

void ignore_open(TestArea&) noexcept {
  ADD_FAILURE() << "a merge opens nothing";
}
constexpr AreaHooks<TestServices> open_hooks{.open = ignore_open};

TEST(Hooks, merge_opens_and_closes_nothing) {
  Stage stage("FFFF.FF");
  ASSERT_TRUE(stage.split(2, NewPart::above));
  for (const std::uint64_t column : {0u, 2u, 5u}) stage.area(column)->hooks = &open_hooks;
  EXPECT_TRUE(stage.modify(columns(0, 2), stage.area(0)->flags));
  EXPECT_TRUE(stage.link(stage.fresh(4, 5, 'F')));
  EXPECT_EQ(stage.shape(0), "[0,7)p0");
  stage.area(0)->hooks = &no_hooks<TestServices>;
}

TEST(Hooks, exit_closes_every_area_in_address_order_and_asks_no_seal) {
  Stage stage("HH.H.AHH");
  ASSERT_TRUE(stage.mseal(columns(3, 4)));
  EXPECT_EQ(told(stage, [&] { stage.space().clear(); }),
            (Lines{"close 100-102", "close 103-104", "close 106-108"}));
  EXPECT_EQ(stage.count_areas(), 0u);
}

TEST(Hooks, mapping_over_areas_closes_them) {
  Stage stage("AHHHA");
  EXPECT_EQ(told(stage, [&] { EXPECT_TRUE(stage.map_fixed(0, 5)); }), Lines{"close 101-104"});
}

Result<void> refuse_protection(const TestDescription&, Range, Flags access) noexcept {
  return access.has_any(flag::exec) ? Result<void>(Error::busy) : success;
}
constexpr AreaHooks<TestServices> protection_hooks{.may_protect = refuse_protection};

TEST(Hooks, driver_that_refuses_a_protection_stops_the_walk) {
  Stage stage("AAFFAA");
  stage.area(2)->hooks = &protection_hooks;
  EXPECT_EQ(stage.mprotect(columns(0, 6), prot::read | prot::exec).code(), Error::busy);
  EXPECT_EQ(stage.picture(), "DDFFAA") << "earlier areas keep the change";
  EXPECT_TRUE(stage.mprotect(columns(2, 4), prot::read)) << "another protection is allowed";
}

/// What a driver's mapping is to be like, as running kernels show of these drivers.
struct DriverCase {
  const char* name;
  MapFlags type;
  Protection protection;
  Flags adds, removes;
  Flags wanted;
  std::int64_t locked;
};

TEST(Hooks, driver_of_a_file_makes_the_flags_of_its_mappings) {
  constexpr Flags r = flag::read | flag::may_access;
  constexpr Flags sharing = flag::write | flag::shared | flag::may_share;
  const DriverCase cases[] = {
      {"tcp socket", map::private_, prot::read, flag::mixed_map, flag::may_write | flag::may_exec,
       flag::read | flag::may_read | flag::mixed_map, 0},
      {"memfd_secret",
       map::shared,
       rw,
       flag::locked | flag::dont_dump,
       {},
       r | sharing | flag::locked | flag::dont_dump,
       2},
      {"io_uring",
       map::shared,
       rw,
       flag::dont_expand | flag::mixed_map,
       {},
       r | sharing | flag::dont_expand | flag::mixed_map,
       0},
      {"perf",
       map::shared,
       rw,
       flag::page_frames | flag::io | flag::dont_copy | flag::dont_expand | flag::dont_dump,
       {},
       r | sharing | flag::page_frames | flag::io | flag::dont_copy | flag::dont_expand |
           flag::dont_dump,
       0},
  };
  for (const DriverCase& c : cases) {
    SCOPED_TRACE(c.name);
    Stage stage;
    TestFile* file = stage.host().make_file();
    file->adds = c.adds;
    file->removes = c.removes;
    ASSERT_TRUE(stage.mmap({.address = TestSpace::column(0),
                            .length = 0x2000,
                            .protection = c.protection,
                            .flags = c.type | map::fixed,
                            .file = file}));
    EXPECT_EQ(stage.area(0)->flags.bits(), c.wanted.bits());
    EXPECT_EQ(stage.space().totals().locked, c.locked);
  }
}

TEST(Hooks, driver_is_asked_before_the_merge_is_decided) {
  Stage stage;
  TestFile* file = stage.host().make_file();
  file->adds = flag::dont_dump;
  for (const std::uint64_t column : {0u, 2u, 1u}) {
    ASSERT_TRUE(stage.mmap({.address = TestSpace::column(column),
                            .length = 0x1000,
                            .protection = prot::read,
                            .flags = map::private_ | map::fixed,
                            .file = file,
                            .offset = column << 12}));
  }
  EXPECT_EQ(stage.shape(0), "[0,3)p0");
}

unsigned opened = 0;
void count_open(Area<shims::Userland>&) noexcept {
  ++opened;
}
constexpr AreaHooks<shims::Userland> counted_hooks{.open = count_open};

TEST(Hooks, copy_is_opened_by_a_host_that_hears_no_notices) {
  opened = 0;
  Land<shims::Userland> land("..BB");
  Description<shims::Userland> area{.start = columns(0, 2).start, .end = columns(0, 2).end};
  area.flags = rw_flags;
  area.hooks = &counted_hooks;
  ASSERT_TRUE(land.insert(area));
  EXPECT_EQ(opened, 0u) << "what is new is no copy";
  ASSERT_TRUE(land.split(TestSpace::column(1)));
  EXPECT_EQ(opened, 1u);
  ASSERT_TRUE(land.split(TestSpace::column(3)));
  EXPECT_EQ(opened, 1u) << "no driver is there to be told";
}

}  // namespace
}  // namespace vmarea::test
