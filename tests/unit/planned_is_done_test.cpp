// SPDX-License-Identifier: MIT
//
// What was planned is what happens. Hooks and limits are asked while a call is planned, and what
// they would answer later makes no difference to its steps or to its answer.
//
//   plan             reserve            commit
//     | limit 4         | limit 65530      |         limits of the host change in between
//     | hook refuses    | hook accepts     |         so do the answers of drivers
//     [===== preview ======================]         == what the space looks like afterwards
#include <functional>
#include <map>
#include <random>

#include <fmt/core.h>
#include <vmarea_shims/userland.hpp>

#include "unit/userfault_stage.hpp"

namespace vmarea::test {
namespace {

/// What happens between the beats of a call.
struct Between {
  std::function<void()> plan_and_reserve = [] {};
  std::function<void()> reserve_and_commit = [] {};
};

template <class Plan>
Snapshot previewed(Stage& stage, const Change<TestServices, Plan>& change) {
  Snapshot future = Snapshot::of(stage.state());
  change.for_each_step([&](const Step<TestServices>& step) { future.apply(step); });
  return future;
}

/// Commits what is reserved. Fails the test unless the space is then as in `future`.
template <class Plan>
Result<typename Plan::Value> commit_as_previewed(Stage& stage, Change<TestServices, Plan>& change,
                                                 const Snapshot& future) {
  stage.host().allocation_forbidden = true;
  const Result<typename Plan::Value> result = change.commit();
  stage.host().allocation_forbidden = false;
  EXPECT_EQ(differences(future, Snapshot::of(stage.state())), "") << "preview and outcome differ";
  return result;
}

/// All beats of a call. Fails the test unless commit does what the plan showed.
template <class Plan>
Result<typename Plan::Value> make(Stage& stage, Change<TestServices, Plan> change,
                                  const Between& between) {
  const Result<typename Plan::Value> planned = change.status();
  const Snapshot future = previewed(stage, change);
  between.plan_and_reserve();
  EXPECT_TRUE(change.reserve());
  between.reserve_and_commit();
  EXPECT_EQ(differences(future, previewed(stage, change)), "") << "the preview has changed";
  EXPECT_EQ(commit_as_previewed(stage, change, future), planned);
  const Result<typename Plan::Value> result = change.finish();
  EXPECT_EQ(result, planned);
  stage.check();
  return result;
}

/// N, M, G: the kinds A, D and F, not to be copied by fork. R: F, to be read only.
struct Walked : Stage {
  explicit Walked(std::string_view picture) {
    TestFile* file = legend.at('F').file;
    legend['N'] = {.adds = flag::dont_copy};
    legend['M'] = {.protection = prot::read | prot::exec, .adds = flag::dont_copy};
    legend['G'] = {.adds = flag::dont_copy, .file = file};
    legend['R'] = {.protection = prot::read, .file = file};
    build(picture);
  }
  auto plan_dont_fork(Range range) {
    return space().plan_madvise(range.start, range.length(), Advice::dont_fork);
  }
  void limit_areas(std::uint64_t count) { host().limits.area_count_max = count; }
};

TEST(PlannedIsDone, walk_that_met_the_count_limit_ends_there_although_it_is_raised) {
  for (const bool early : {true, false}) {
    Walked stage("AAAADAAAA");
    stage.limit_areas(4);
    const auto raise = [&] { stage.limit_areas(65530); };
    Between between;
    (early ? between.plan_and_reserve : between.reserve_and_commit) = raise;
    EXPECT_EQ(make(stage, stage.plan_dont_fork(columns(1, 8)), between).code(), Error::try_again);
    EXPECT_EQ(stage.picture(), "ANNNMAAAA") << "the second cut was one too many";
  }
}

TEST(PlannedIsDone, walk_over_three_edits_goes_on_below_a_lowered_limit) {
  for (const bool early : {true, false}) {
    Walked stage("AADDFF");
    const auto lower = [&] { stage.limit_areas(1); };
    Between between;
    (early ? between.plan_and_reserve : between.reserve_and_commit) = lower;
    EXPECT_TRUE(make(stage, stage.plan_dont_fork(columns(1, 5)), between));
    EXPECT_EQ(stage.picture(), "ANMMGF");
  }
}

TEST(PlannedIsDone, move_of_a_middle_goes_on_below_lowered_limits) {
  for (const bool early : {true, false}) {
    Walked stage("aaaa......");
    const std::uint64_t token = stage.token(2);
    const auto lower = [&] {
      stage.limit_areas(1);
      stage.host().limits.address_space_bytes = 0;
    };
    Between between;
    (early ? between.plan_and_reserve : between.reserve_and_commit) = lower;
    const MremapRequest request{.address = TestSpace::column(1),
                                .old_length = 0x2000,
                                .new_length = 0x2000,
                                .flags = fixed_move,
                                .new_address = TestSpace::column(6)};
    const Result<Address> moved = make(stage, stage.space().plan_mremap(request), between);
    EXPECT_EQ(moved, Result<Address>(TestSpace::column(6)));
    EXPECT_EQ(stage.picture(), "a..a..aa..");
    EXPECT_EQ(stage.token(7), token);
  }
}

/// A driver that answers as it likes, and how often it was asked. Refusals are EBUSY.
struct Moody {
  static inline unsigned asked = 0;
  static inline std::function<bool(unsigned)> refuses;  // Whether, by the number of the question.

  static Result<void> answer() noexcept {
    return refuses(++asked) ? Result<void>(Error::busy) : success;
  }
  static Result<void> may_split(const TestDescription&, Address) noexcept { return answer(); }
  static Result<void> may_protect(const TestDescription&, Range, Flags) noexcept {
    return answer();
  }
  static void start(std::function<bool(unsigned)> how) {
    asked = 0;
    refuses = std::move(how);
  }
  /// From now on it answers the other way, and is not to be asked at all.
  static Between changes_its_mind() {
    return {.plan_and_reserve = [before = std::exchange(refuses, nullptr)] {
      refuses = [before](unsigned question) { return !before(question); };
    }};
  }
};
constexpr AreaHooks<TestServices> moody_about_cuts{.may_split = Moody::may_split};
constexpr AreaHooks<TestServices> moody_about_protection{.may_protect = Moody::may_protect};

struct MoodyCase {
  const char* before;
  Range range;
  bool refuses;
  Error answer;
  const char* after;
};

TEST(PlannedIsDone, driver_is_asked_about_a_protection_while_planning_only) {
  const MoodyCase cases[] = {
      {"AAFFAA", columns(0, 6), true, Error::busy, "BBFFAA"},
      {"AAFFAA", columns(0, 6), false, Error::none, "BBRRBB"},
  };
  for (const MoodyCase& c : cases) {
    Walked stage(c.before);
    stage.area(2)->hooks = &moody_about_protection;
    Moody::start([&c](unsigned) { return c.refuses; });
    auto change = stage.space().plan_mprotect(c.range.start, c.range.length(), prot::read);
    EXPECT_EQ(make(stage, std::move(change), Moody::changes_its_mind()).code(), c.answer);
    EXPECT_EQ(stage.picture(), c.after);
    EXPECT_EQ(Moody::asked, 1u);
  }
}

TEST(PlannedIsDone, driver_is_asked_about_a_cut_while_planning_only) {
  const MoodyCase cases[] = {
      {"AADDFF", columns(0, 5), true, Error::busy, "NNMMFF"},
      {"AADDFF", columns(0, 5), false, Error::none, "NNMMGF"},
  };
  for (const MoodyCase& c : cases) {
    Walked stage(c.before);
    stage.area(5)->hooks = &moody_about_cuts;
    Moody::start([&c](unsigned) { return c.refuses; });
    auto change = stage.plan_dont_fork(c.range);
    EXPECT_EQ(make(stage, std::move(change), Moody::changes_its_mind()).code(), c.answer);
    EXPECT_EQ(stage.picture(), c.after);
    EXPECT_EQ(Moody::asked, 1u);
  }
}

TEST(PlannedIsDone, second_cut_that_was_refused_leaves_the_first_and_is_not_asked_again) {
  for (const unsigned refused : {1u, 2u, 3u}) {
    Walked stage("FFFFFF");
    stage.area(0)->hooks = &moody_about_cuts;
    Moody::start([refused](unsigned question) { return question == refused; });
    auto change = stage.plan_dont_fork(columns(2, 4));
    const Result<void> done = make(stage, std::move(change), Moody::changes_its_mind());
    EXPECT_EQ(done.code(), refused == 3 ? Error::none : Error::busy);
    const char* const after[] = {"FFFFFF", "FF|FFFF", "FFGGFF"};
    EXPECT_EQ(stage.picture(), after[refused - 1]);
    EXPECT_EQ(Moody::asked, refused == 1 ? 1u : 2u);
  }
}

TEST(PlannedIsDone, unmapping_and_moving_ask_about_cuts_while_planning_only) {
  {
    Walked stage("FFFFFF");
    stage.area(0)->hooks = &moody_about_cuts;
    Moody::start([](unsigned) { return false; });
    auto change = stage.space().plan_munmap(TestSpace::column(2), 0x2000);
    EXPECT_TRUE(make(stage, std::move(change), Moody::changes_its_mind()));
    EXPECT_EQ(stage.picture(), "FF..FF");
    EXPECT_EQ(Moody::asked, 2u);
  }
  Walked stage("FFFFFF......");
  stage.area(0)->hooks = &moody_about_cuts;
  Moody::start([](unsigned) { return false; });
  auto change = stage.space().plan_mremap({.address = TestSpace::column(2),
                                           .old_length = 0x2000,
                                           .new_length = 0x2000,
                                           .flags = fixed_move,
                                           .new_address = TestSpace::column(8)});
  const unsigned asked = Moody::asked;
  EXPECT_TRUE(make(stage, std::move(change), Moody::changes_its_mind()));
  EXPECT_EQ(stage.picture(), "FF..FF..FF..");
  EXPECT_EQ(Moody::asked, asked);
}

/// Wants two pages at least on each side of a cut.
Result<void> cut_far_from_edges(const TestDescription& area, Address at) noexcept {
  const bool far = at - area.start >= 0x2000 && area.end - at >= 0x2000;
  return far ? success : Result<void>(Error::busy);
}
constexpr AreaHooks<TestServices> roomy_hooks{.may_split = cut_far_from_edges};

/// The destination cuts the source's area at 8, so that the source may not be cut off at 7.
TEST(PlannedIsDone, source_that_its_destination_made_uncuttable_stays_without_pages) {
  for (const bool shared : {true, false}) {
    Stage stage(shared ? "ssssssssssssssssssss" : "ffffffffffffffffffff");
    stage.area(0)->hooks = &roomy_hooks;
    const std::uint64_t tokens[] = {stage.token(5), stage.token(6)};
    EXPECT_EQ(stage.move(5, 2, 8), Result<Address>(TestSpace::column(8)));
    for (const std::uint64_t page : {0u, 1u}) {
      EXPECT_EQ(stage.token(8 + page), tokens[page]);
      EXPECT_EQ(stage.token(5 + page), 0u);
    }
    EXPECT_EQ(stage.picture(), shared ? "SSSSS|SSS|SS|SSSSSSSSSS" : "fffff|fff|ff|ffffffffff");
    EXPECT_EQ(stage.shape(6), "[5,8)p5") << "the first cut is left";
    EXPECT_EQ(stage.shape(8), "[8,a)p5");
    EXPECT_EQ(stage.shape(10), "[a,14)pa");
    EXPECT_EQ(stage.space().totals().total, 20);
    EXPECT_EQ(stage.host().charged, shared ? 0u : 20u);
  }
}

/// The same where the source begins its area: not even one cut is left.
TEST(PlannedIsDone, source_that_stays_uncut_is_charged_beside_its_copy) {
  Stage stage("ffffffffffffffffffff");
  stage.area(0)->hooks = &roomy_hooks;
  const std::uint64_t token = stage.token(1);
  EXPECT_EQ(stage.move(0, 2, 3), Result<Address>(TestSpace::column(3)));
  EXPECT_EQ(stage.picture(), "fff|ff|fffffffffffffff");
  EXPECT_EQ(stage.shape(0), "[0,3)p0");
  EXPECT_EQ(stage.shape(3), "[3,5)p0");
  EXPECT_EQ(stage.token(4), token);
  EXPECT_EQ(stage.token(1), 0u);
  EXPECT_EQ(stage.host().charged, 20u);
}

struct KeptSource {
  const char* name;
  KernelProfile profile;
  const char* before;
  std::uint64_t from, pages;  // In columns.
  const char* source;
};

/// The area was moved here while it was touched: its page offset is that of another place.
TEST(PlannedIsDone, kept_source_restarts_at_its_address_where_the_kernel_says_so) {
  const KeptSource cases[] = {
      {"6.12, all of it", linux_6_12, "AAA", 0, 3, "[0,3)p0"},
      {"6.12, a part", linux_6_12, "AAA", 1, 1, "[0,3)p20"},
      {"6.18, all of it", linux_6_18, "AAA", 0, 3, "[0,3)p20"},
      {"6.18, a part", linux_6_18, "AAA", 1, 1, "[0,3)p20"},
  };
  for (const KeptSource& c : cases) {
    SCOPED_TRACE(c.name);
    Stage stage;
    stage.host().profile = c.profile;
    TestDescription elsewhere = stage.fresh(0, 3);
    elsewhere.page_offset += 0x20;
    ASSERT_TRUE(stage.insert(elsewhere));
    EXPECT_TRUE(stage.move(c.from, c.pages, 8, fixed_move | remap::dont_unmap));
    EXPECT_EQ(stage.shape(0), c.source);
    EXPECT_EQ(stage.space().totals().total, static_cast<std::int64_t>(3 + c.pages));
  }
}

/// Nodes so small that nearly every write makes new ones, and frees the old ones at once.
struct SmallNodes : shims::UserlandGroups<SmallNodes> {
  static constexpr bool checks = true;
  template <class AreaType>
  using Tree = shims::MapleTree<AreaType, shims::HeapMemory, shims::MapleTreeOptions{4}>;
  template <class AreaType>
  static Tree<AreaType> make_tree() {
    return Tree<AreaType>{};
  }
};

using SmallMap = std::map<Address, Description<SmallNodes>>;

SmallMap areas_of(const AddressSpace<SmallNodes>& space) {
  SmallMap areas;
  for (const Area<SmallNodes>& area : space.areas()) areas[area.start] = area;
  return areas;
}

void apply(SmallMap& areas, const Edit<SmallNodes>& edit) {
  areas.erase(areas.lower_bound(edit.extent.start), areas.lower_bound(edit.extent.end));
  for (const Piece<SmallNodes>& piece : edit.pieces) areas[piece.after.start] = piece.after;
}

/// Areas of three pages that differ in protection, so that none joins another.
void build_stripes(AddressSpace<SmallNodes>& space, unsigned count, unsigned touch_every) {
  for (unsigned i = 0; i < count; ++i) {
    const Address at = TestSpace::column(3 * i);
    const Protection protection{i % 2 == 0 ? 3u : 1u};
    ASSERT_TRUE(space.mmap(
        {.address = at, .length = 0x3000, .protection = protection, .flags = fixed_private}));
    const bool touched = touch_every != 0 && i % touch_every == 0;
    ASSERT_TRUE(!touched || space.touch(at, Touch::forced_write));
  }
}

TEST(PlannedIsDone, guards_over_many_areas_are_installed_as_previewed) {
  for (const unsigned count : {1u, 2u, 3u, 7u, 40u}) {
    for (const unsigned touch_every : {0u, 1u, 2u, 3u, 5u}) {
      SCOPED_TRACE(fmt::format("{} areas, every {} touched", count, touch_every));
      AddressSpace<SmallNodes> space;
      build_stripes(space, count, touch_every);
      auto change =
          space.plan_madvise(TestSpace::column(1), (3ull * count - 2) << 12, Advice::guard_install);
      SmallMap future = areas_of(space);
      std::uint64_t dropped = 0;
      change.for_each_step([&](const Step<SmallNodes>& step) {
        if (step.kind == StepKind::edit) apply(future, *step.edit);
        if (step.kind == StepKind::drop_pages) dropped += step.range.length() >> 12;
      });
      EXPECT_EQ(dropped, 3ull * count - 2);
      ASSERT_TRUE(change.reserve());
      ASSERT_TRUE(change.commit());
      ASSERT_TRUE(change.finish());
      EXPECT_EQ(areas_of(space), future);
      for (const Area<SmallNodes>& area : space.areas()) {
        EXPECT_TRUE(area.identity) << "guards are kept in its tables";
        EXPECT_TRUE(area.flags.has_any(flag::maybe_guard));
      }
      EXPECT_FALSE(check(space.state())) << check(space.state()).what;
      EXPECT_EQ(space.state().tree.check(), nullptr);
    }
  }
}

template <class Plan>
void expect_as_previewed(AddressSpace<SmallNodes>& space, Change<SmallNodes, Plan> change) {
  SmallMap future = areas_of(space);
  change.for_each_step([&](const Step<SmallNodes>& step) {
    if (step.kind == StepKind::edit) apply(future, *step.edit);
  });
  ASSERT_TRUE(change.reserve());
  EXPECT_EQ(change.commit(), change.status());
  EXPECT_EQ(areas_of(space), future);
  EXPECT_EQ(space.state().tree.check(), nullptr);
}

/// A call that walks, on a range of any length and place.
void make_any_walk(AddressSpace<SmallNodes>& space, std::mt19937& random, std::uint64_t pages) {
  const std::uint64_t first = random() % pages;
  const Range range = columns(first, first + 1 + random() % (pages - first));
  const Advice advices[] = {Advice::dont_fork, Advice::do_fork, Advice::guard_install};
  switch (random() % 4) {
    case 0:
      return expect_as_previewed(
          space, space.plan_mprotect(range.start, range.length(),
                                     Protection{static_cast<std::uint32_t>(random() % 4)}));
    case 1:
      return expect_as_previewed(
          space, space.plan_mlock(range.start, range.length(),
                                  random() % 2 == 0 ? MlockMode::lock : MlockMode::unlock));
    case 2:
      return expect_as_previewed(
          space, space.plan_munmap(range.start, range.length() > 0x2000 ? 0x2000 : 0x1000));
    default:
      return expect_as_previewed(
          space, space.plan_madvise(range.start, range.length(), advices[random() % 3]));
  }
}

TEST(PlannedIsDone, walks_that_rewrite_their_tree_go_on_as_previewed) {
  for (unsigned seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    std::mt19937 random(seed);
    AddressSpace<SmallNodes> space;
    build_stripes(space, 40, seed % 4);
    for (unsigned i = 0; i < 25 && !HasFailure(); ++i) make_any_walk(space, random, 120);
    ASSERT_FALSE(check(space.state())) << check(space.state()).what;
  }
}

/// The same with page tables, a reverse map and lock checks.
TEST(PlannedIsDone, guards_drop_pages_and_give_untouched_memory_an_identity) {
  Stage stage("AAAbbbAAABBBaaa");
  EXPECT_TRUE(stage.madvise(columns(1, 14), Advice::guard_install));
  for (const std::uint64_t column : {0u, 3u, 6u, 9u, 12u}) {
    EXPECT_TRUE(stage.identity(column)) << column;
    EXPECT_TRUE(stage.sticky(column)) << column;
  }
  for (std::uint64_t column = 0; column < 15; ++column) {
    EXPECT_EQ(stage.token(column) != 0, column == 14) << column;
  }
  EXPECT_EQ(stage.count_areas(), 5u);
}

/// 12 pages from 4 below the end of all numbers, shrunk to 8: the tail would begin at page 3.
TEST(PlannedIsDone, shrinking_mremap_does_not_wrap_to_the_bottom_of_the_space) {
  constexpr Address high = ~std::uint64_t{0xfff} - 0x4000;
  const MremapRequest requests[] = {
      {.address = high, .old_length = 0xc000, .new_length = 0x8000, .flags = {}},
      {.address = high, .old_length = 0xc000, .new_length = 0x8000, .flags = remap::may_move},
      {.address = high, .old_length = 0xc000, .new_length = 0x2000, .flags = remap::may_move},
      {.address = high,
       .old_length = 0xc000,
       .new_length = 0x2000,
       .flags = fixed_move,
       .new_address = TestSpace::column(20)},
  };
  for (const KernelProfile& profile : {linux_6_18, linux_6_12}) {
    for (const MremapRequest& request : requests) {
      Stage stage;
      stage.host().geometry.limit = ~std::uint64_t{0xfff};
      stage.host().profile = profile;
      for (const Address at : {Address{0x1000}, Address{high}}) {
        ASSERT_TRUE(stage.mmap(
            {.address = at, .length = 0x4000, .protection = rw, .flags = fixed_private}));
      }
      const Snapshot before = Snapshot::of(stage.state());
      EXPECT_EQ(stage.mremap(request).code(), Error::invalid);
      EXPECT_EQ(differences(before, Snapshot::of(stage.state())), "");
    }
  }
}

/// Reserves while no memory is left. Fails the test unless joins are given up, and what is shown
/// afterwards is what happens.
template <class Plan>
void commit_without_memory(Stage& stage, Change<TestServices, Plan>& change) {
  stage.host().faults.fail(1, shims::FaultCount::for_ever);
  const Result<void> taken = change.reserve();
  EXPECT_GT(stage.host().faults.failures, 0u);
  stage.host().faults.fail(0);
  ASSERT_TRUE(taken);
  EXPECT_TRUE(change.gave_up_joins());
  EXPECT_TRUE(commit_as_previewed(stage, change, previewed(stage, change)));
}

TEST(PlannedIsDone, locking_everything_without_memory_shows_that_nothing_joins) {
  Stage stage("AAL..aaLLAA");
  auto change = stage.space().plan_mlockall(mlockall::current | mlockall::future);
  const Snapshot joined = previewed(stage, change);
  EXPECT_EQ(joined.areas.size(), 2u);
  commit_without_memory(stage, change);
  EXPECT_EQ(stage.picture(), "LL|L..ll|LL|LL");
  EXPECT_EQ(stage.state().default_flags, flag::locked);
  EXPECT_EQ(stage.space().totals().locked, 9);
  EXPECT_TRUE(change.finish());
  EXPECT_EQ(stage.picture(), "ll|l..ll|ll|ll");
  stage.check();
}

TEST(PlannedIsDone, closing_a_userfaultfd_without_memory_shows_that_nothing_joins) {
  Watched stage("UUAATTAUUu..VV");
  auto change = stage.space().plan_release_userfault(ours);
  EXPECT_EQ(previewed(stage, change).areas.size(), 4u);
  commit_without_memory(stage, change);
  EXPECT_EQ(stage.picture(), "AA|AATTA|aaa..AA");
  EXPECT_TRUE(change.finish());
  stage.check();
}

TEST(PlannedIsDone, change_that_gave_up_its_joins_in_vain_may_be_tried_again) {
  Stage stage("B|B");
  const TestArea& first = *stage.area(0);
  stage.host().charge_max = 0;
  Change<TestServices, WalkPlan<TestServices, ModifyRule<TestServices>>> change(
      stage.state(), [&](const TestSpaceState& s) {
        return plan_modify(s, first, columns(0, 1), {rw_flags, nullptr},
                           WithoutMemory::joins_nothing);
      });
  EXPECT_EQ(change.reserve().code(), Error::no_memory);
  EXPECT_EQ(change.reserve().code(), Error::no_memory);
  stage.host().charge_max = 1;
  EXPECT_TRUE(change.complete());
  EXPECT_EQ(stage.picture(), "AB");
  stage.check();
}

TEST(PlannedIsDone, nothing_is_given_up_where_there_is_memory) {
  Stage stage("AAL..AL");
  auto change = stage.space().plan_mlockall(mlockall::current);
  ASSERT_TRUE(change.reserve());
  EXPECT_FALSE(change.gave_up_joins());
  EXPECT_TRUE(change.commit());
  EXPECT_EQ(stage.picture(), "LLL..LL");
  EXPECT_TRUE(change.finish());
}

}  // namespace
}  // namespace vmarea::test
