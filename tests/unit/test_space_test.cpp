// SPDX-License-Identifier: MIT
//
// The tools of our tests: pictures draw what they built, and TestSpace sees what calls do.
#include "support/test_space.hpp"

#include <string>
#include <vector>

#include <gtest/gtest-spi.h>

namespace vmarea::test {
namespace {

TEST(Picture, of_what_was_built_is_the_same_but_for_holes) {
  const TestSpace space("AAAaab..**|FFFffSSHHLKOXP|Pcd.e");
  EXPECT_EQ(space.picture(), "aaaaab....fffffSSHHLKOXP|Pcd.e");
}

TEST(Picture, of_touched_pages_holds_a_token_for_each) {
  const TestSpace space("AAaa.");
  EXPECT_EQ(space.token(0), 0u);
  EXPECT_EQ(space.token(1), 0u);
  EXPECT_NE(space.token(2), 0u);
  EXPECT_NE(space.token(3), 0u);
}

TEST(Picture, gives_unknown_kinds_letters_from_the_end_of_the_alphabet) {
  TestSpace space("AAAA");
  EXPECT_TRUE(space.madvise(TestSpace::range_of("*"), Advice::dont_dump));
  EXPECT_TRUE(space.madvise(TestSpace::range_of(" *"), Advice::random));
  EXPECT_TRUE(space.madvise(TestSpace::range_of("  *"), Advice::dont_dump));
  EXPECT_EQ(space.picture(), "ZYZA");
}

TEST(Picture, request_is_where_the_stars_are) {
  TestSpace space("AA**BB");
  const MmapRequest<TestServices> request{.address = space.request().start,
                                          .length = space.request().length(),
                                          .protection = prot::read,
                                          .flags = map::private_ | map::anonymous | map::fixed};
  EXPECT_EQ(space.mmap(request), Result<Address>(space.request().start));
  EXPECT_EQ(space.picture(), "AABBBB");
}

TEST(TestSpace, follows_split_and_merge_of_protections) {
  TestSpace space("AAAAAA");
  EXPECT_TRUE(space.mprotect(TestSpace::range_of("  **  "), prot::read));
  EXPECT_EQ(space.picture(), "AABBAA");
  EXPECT_TRUE(space.mprotect(TestSpace::range_of("  **  "), prot::read | prot::write));
  EXPECT_EQ(space.picture(), "AAAAAA");
}

TEST(TestSpace, follows_pages_of_a_move) {
  TestSpace space("aaaaaa......");
  const std::uint64_t token = space.token(3);
  const MremapRequest request{.address = TestSpace::column(2),
                              .old_length = 0x2000,
                              .new_length = 0x3000,
                              .flags = remap::may_move | remap::fixed,
                              .new_address = TestSpace::column(8)};
  EXPECT_TRUE(space.mremap(request));
  EXPECT_EQ(space.picture(), "aa..aa..aaa.");
  EXPECT_EQ(space.token(9), token);
  EXPECT_EQ(space.token(3), 0u);
}

TEST(TestSpace, follows_a_fork) {
  TestSpace space("aaBBffLL");
  const auto child = space.fork();
  ASSERT_NE(child, nullptr);
  EXPECT_EQ(child->picture(), "aaBBffAA");
  EXPECT_EQ(child->token(0), space.token(0));
  EXPECT_TRUE(space.area(0)->identity);
  EXPECT_FALSE(space.area(0)->identity.fork_child());
  EXPECT_TRUE(child->area(0)->identity.fork_child());
}

TEST(Recorder, shows_the_order_of_a_split) {
  TestSpace space("ffff");
  shims::Recorder& recorder = space.host().recorder;
  recorder.on = true;
  ASSERT_TRUE(space.munmap(TestSpace::range_of("  **")));
  const std::vector<std::string> expected{"lock space",
                                          "begin write",
                                          "unmap pages 102-104",
                                          "lock file",
                                          "lock identity",
                                          "leave 100-104",
                                          "enter 100-102",
                                          "unlock identity",
                                          "unlock file",
                                          "free tables between 102-7ffffffff",
                                          "notify resized 100-102",
                                          "unlock space"};
  EXPECT_EQ(recorder.take(), expected);
}

TEST(Recorder, shows_hooks_in_their_place) {
  TestSpace space("HHHH");
  shims::Recorder& recorder = space.host().recorder;
  recorder.on = true;
  ASSERT_TRUE(space.munmap(TestSpace::range_of(" **")));
  std::string hooks;
  for (const std::string& line : recorder.take()) {
    if (line.starts_with("open") || line.starts_with("close")) hooks += line + ", ";
  }
  EXPECT_TRUE(hooks.starts_with("open 100-101, open 103-104, close ")) << hooks;
}

// What TestSpace is there to catch, done on purpose.

/// A plan that shows no steps and does `Deed` when it is committed.
template <class Deed>
struct Misdeed {
  using Value = void;
  static constexpr bool interns = false;
  Result<void> status{};
  Error error_without_memory = Error::no_memory;
  Sequel sequel{};
  mutable unsigned asked = 0;
  Misdeed() = default;
  Misdeed(Error error) noexcept : status(error) {}
  /// Asked to preview, to reserve, and to commit.
  template <class Visit>
  void for_each_step(const SpaceState<TestServices>& space, Visit&&) const noexcept {
    if (++asked == 3) Deed::act(const_cast<SpaceState<TestServices>&>(space));
  }
};

template <class Deed>
void commit_misdeed(TestSpace& space) {
  (void)space.plan_and_commit([](const SpaceState<TestServices>&) { return Misdeed<Deed>{}; });
}

struct ChangeOfFlags {
  static void act(SpaceState<TestServices>& space) noexcept {
    find_area(space, TestSpace::base)->flags |= flag::dont_dump;
  }
};
struct Allocation {
  static void act(SpaceState<TestServices>& space) noexcept {
    space.services.release_link(space.services.allocate_link(8, 8), 8, 8);
  }
};
struct LossOfPages {
  static void act(SpaceState<TestServices>& space) noexcept {
    space.services.unmap_pages(space.pages, {TestSpace::base, TestSpace::base + 0x1000});
  }
};

TEST(TestSpace, catches_what_the_preview_did_not_show) {
  TestSpace space("aa");
  EXPECT_NONFATAL_FAILURE(commit_misdeed<ChangeOfFlags>(space), "preview and outcome differ");
  EXPECT_NONFATAL_FAILURE(commit_misdeed<LossOfPages>(space), "page 100 is lost");
}

TEST(TestSpace, catches_allocation_after_reserve) {
  TestSpace space("aa");
  EXPECT_NONFATAL_FAILURE(commit_misdeed<Allocation>(space), "allocated after reserve");
}

TEST(TestSpace, catches_broken_counters) {
  TestSpace space("aa");
  ++space.state().totals.total;
  EXPECT_NONFATAL_FAILURE(space.check(), "invariant 3");
  --space.state().totals.total;
  ++space.host().charged;
  EXPECT_NONFATAL_FAILURE(space.check(), "the charge is not the sum");
  --space.host().charged;
}

TEST(TestState, catches_leaks) {
  TestState host;
  TestServices services(host);
  void* area = services.allocate_area(64, 64);
  EXPECT_NONFATAL_FAILURE(host.expect_balanced(), "areas");
  services.release_area(area, 64, 64);
  TestFile* file = host.make_file();
  services.retain_file(file);
  EXPECT_NONFATAL_FAILURE(host.expect_balanced(), "references to a file");
  services.release_file(file);
  services.retain_attributes(host.attributes({.policy = 7}));
  EXPECT_NONFATAL_FAILURE(host.expect_balanced(), "references to attributes");
  services.release_attributes(host.attributes({.policy = 7}));
}

}  // namespace
}  // namespace vmarea::test
