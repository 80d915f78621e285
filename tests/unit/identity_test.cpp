// SPDX-License-Identifier: MIT
//
// Who gets which anonymous identity: on first touch (rules 19), and by fork (25).
#include "support/stage.hpp"

namespace vmarea::test {
namespace {

/// Touches columns in order and says who shares: equal letters, equal identities.
std::string identities(const Stage& stage, std::uint64_t width) {
  std::string text;
  std::vector<AnonIdentity> seen;
  for (std::uint64_t column = 0; column < width; ++column) {
    const TestArea* area = stage.area(column);
    if (area == nullptr || !area->identity) {
      text += '.';
      continue;
    }
    std::size_t number = 0;
    while (number < seen.size() && !(seen[number] == area->identity)) ++number;
    if (number == seen.size()) seen.push_back(area->identity);
    text += static_cast<char>('1' + number);
  }
  return text;
}

struct ReuseCase {
  const char* name;
  const char* before;
  std::vector<std::uint64_t> touches;
  const char* shared;
};

TEST(FirstTouch, takes_the_identity_of_next_then_of_prev_if_they_may_one_day_join) {
  const ReuseCase cases[] = {
      {"nobody has one", "BC", {0}, "1."},
      {"next, differing in access only", "BC", {1, 0}, "11"},
      {"prev, differing in access only", "CB", {0, 1}, "11"},
      {"next before prev", "BCB", {0, 2, 1}, "122"},
      {"not with the charge alone", "AB", {1, 0}, "12"},
      {"not across a hole", "A.B", {2, 0}, "1.2"},
      {"not with another flag", "AL", {1, 0}, "12"},
      {"not with a seal", "AX", {1, 0}, "12"},
      {"not with another policy", "AP", {1, 0}, "12"},
      {"not with a file", "AF", {1, 0}, "12"},
      {"not with a touched neighbour's neighbour", "BCD", {2, 0}, "1.2"},
      {"handed on from one to the next", "BCD", {2, 1, 0}, "111"},
      {"equal areas that were never joined", "A|A", {1, 0}, "11"},
      {"file mappings of one file", "F|F", {0, 1}, "11"},
      {"shared memory has none", "S", {0}, "."},
  };
  for (const ReuseCase& c : cases) {
    SCOPED_TRACE(c.name);
    Stage stage(c.before);
    for (const std::uint64_t column : c.touches) {
      ASSERT_TRUE(stage.touch(TestSpace::column(column), Touch::forced_write));
      EXPECT_NE(stage.token(column), 0u);
    }
    EXPECT_EQ(identities(stage, std::string_view(c.shared).size()), c.shared);
  }
}

TEST(FirstTouch, page_offsets_must_go_on) {
  Stage stage("aa.....");
  ASSERT_TRUE(stage.move(0, 2, 4));
  ASSERT_TRUE(stage.map_fixed(3, 4, prot::read | prot::write | prot::exec));
  ASSERT_TRUE(stage.touch(TestSpace::column(3)));
  EXPECT_EQ(identities(stage, 6), "...122");
}

TEST(FirstTouch, areas_that_share_an_identity_join_when_their_flags_are_equal) {
  Stage stage("AE");
  ASSERT_TRUE(stage.touch(TestSpace::column(0)));
  ASSERT_TRUE(stage.touch(TestSpace::column(1)));
  EXPECT_EQ(stage.picture(), "ae");
  ASSERT_TRUE(stage.mprotect(columns(1, 2), rw));
  EXPECT_EQ(stage.picture(), "aa");
}

TEST(FirstTouch, second_touch_changes_nothing) {
  Stage stage("a");
  const AnonIdentity identity = stage.identity(0);
  const std::uint64_t token = stage.token(0);
  ASSERT_TRUE(stage.touch(TestSpace::column(0)));
  EXPECT_EQ(stage.identity(0), identity);
  EXPECT_EQ(stage.token(0), token);
  EXPECT_EQ(stage.chain(0), 1u);
}

TEST(FirstTouch, read_gives_an_identity_only_without_a_shared_zero_page) {
  Stage stage("A.F");
  ASSERT_TRUE(stage.touch(TestSpace::column(0), Touch::read));
  EXPECT_EQ(identities(stage, 3), "...");
  stage.host().profile.reads_share_zero_page = false;
  ASSERT_TRUE(stage.touch(TestSpace::column(0), Touch::read));
  ASSERT_TRUE(stage.touch(TestSpace::column(2), Touch::read));
  EXPECT_EQ(identities(stage, 3), "1..") << "a file's page is read, not copied";
}

TEST(FirstTouch, needs_the_right_that_the_touch_asks_for) {
  Stage stage("BCD");
  EXPECT_TRUE(stage.touch(TestSpace::column(0), Touch::read));
  EXPECT_EQ(stage.touch(TestSpace::column(0), Touch::write).code(), Error::bad_address);
  EXPECT_EQ(stage.touch(TestSpace::column(1), Touch::read).code(), Error::bad_address);
  EXPECT_TRUE(stage.touch(TestSpace::column(1), Touch::forced_write));
}

TEST(FirstTouch, neighbour_that_is_a_fork_child_gives_nothing) {
  Stage parent("aE");
  const auto child = parent.fork();
  ASSERT_TRUE(child->touch(TestSpace::column(1)));
  EXPECT_NE(child->area(0)->identity, child->area(1)->identity);
  EXPECT_FALSE(child->area(1)->identity.fork_child());
  ASSERT_TRUE(parent.touch(TestSpace::column(1)));
  EXPECT_EQ(identities(parent, 2), "11");
}

TEST(Fork, child_looks_like_the_parent_and_shares_its_pages) {
  Stage parent("aaBB.FF.SS");
  const std::uint64_t token = parent.token(0);
  const auto child = parent.fork();
  EXPECT_EQ(child->picture(), "aaBB.FF.SS");
  EXPECT_EQ(child->token(0), token);
  EXPECT_EQ(child->space().totals(), parent.space().totals());
  EXPECT_EQ(parent.legend.at('F').file->references, 4u);
  EXPECT_EQ(parent.legend.at('F').file->own_mapping.writable_count, 2u);
}

TEST(Fork, child_has_identities_of_its_own_that_are_linked_to_the_parents) {
  Stage parent("aa.bb");
  const auto child = parent.fork();
  for (const std::uint64_t column : {0u, 3u}) {
    EXPECT_NE(child->area(column)->identity, parent.identity(column));
    EXPECT_TRUE(child->area(column)->identity.fork_child());
    EXPECT_EQ(child->area(column)->reverse_map.chain_length, 2u);
    EXPECT_EQ(parent.chain(column), 1u);
  }
  EXPECT_NE(child->area(0)->identity, child->area(3)->identity);
}

TEST(Fork, pieces_of_one_area_get_different_identities) {
  Stage parent("aaaa");
  ASSERT_TRUE(parent.mprotect(columns(2, 4), prot::read));
  ASSERT_EQ(parent.identity(0), parent.identity(2));
  const auto child = parent.fork();
  EXPECT_NE(child->area(0)->identity, child->area(2)->identity);
  ASSERT_TRUE(child->mprotect(columns(2, 4), rw));
  EXPECT_EQ(child->picture(), "aa|aa");
  ASSERT_TRUE(parent.mprotect(columns(2, 4), rw));
  EXPECT_EQ(parent.picture(), "aaaa");
}

TEST(Fork, each_generation_adds_a_link) {
  Stage parent("aa");
  const auto child = parent.fork();
  const auto grandchild = child->fork();
  EXPECT_EQ(grandchild->area(0)->reverse_map.chain_length, 3u);
}

TEST(Fork, what_is_not_to_be_copied_is_missing_and_what_is_to_be_wiped_is_untouched) {
  Stage parent("aaaaaa");
  ASSERT_TRUE(parent.madvise(columns(0, 2), Advice::dont_fork));
  ASSERT_TRUE(parent.madvise(columns(4, 6), Advice::wipe_on_fork));
  const auto child = parent.fork();
  EXPECT_EQ(child->area(0), nullptr);
  EXPECT_TRUE(child->area(2)->identity.fork_child());
  EXPECT_FALSE(child->area(4)->identity);
  EXPECT_EQ(child->token(4), 0u);
  EXPECT_NE(parent.token(4), 0u);
  EXPECT_EQ(child->space().totals().total, 4);
  ASSERT_TRUE(child->touch(TestSpace::column(4)));
  EXPECT_FALSE(child->area(4)->identity.fork_child()) << "singular again";
}

TEST(Fork, locks_and_the_locks_of_the_future_are_not_inherited) {
  Stage parent("LL");
  parent.state().default_flags = flag::locked | flag::lock_on_fault;
  const auto child = parent.fork();
  EXPECT_EQ(child->picture(), "AA");
  EXPECT_EQ(child->space().totals().locked, 0);
  EXPECT_EQ(child->state().default_flags, Flags{});
  EXPECT_EQ(parent.space().totals().locked, 2);
}

TEST(Fork, accounted_memory_is_charged_again) {
  Stage parent("AABB");
  const PageCount charged = parent.host().charged;
  {
    const auto child = parent.fork();
    EXPECT_EQ(parent.host().charged, 2 * charged);
  }
  EXPECT_EQ(parent.host().charged, charged);
  parent.host().charge_max = charged + 1;
  Error error = Error::none;
  EXPECT_EQ(parent.fork(&error), nullptr);
  EXPECT_EQ(error, Error::no_memory);
}

TEST(Fork, drivers_open_each_copy_and_the_map_count_limit_is_not_asked) {
  Stage parent("HH.HH");
  parent.host().limits.area_count_max = 1;
  parent.host().recorder.on = true;
  const auto child = parent.fork();
  std::vector<std::string> opened;
  for (const std::string& line : parent.host().recorder.take()) {
    if (line.starts_with("open")) opened.push_back(line);
  }
  EXPECT_EQ(opened, (std::vector<std::string>{"open 100-102", "open 103-105"}));
  parent.host().recorder.on = false;
}

TEST(Identity, is_gone_from_areas_that_go_when_that_is_told) {
  Stage stage("aaBBcc");
  std::vector<AnonIdentity> told;
  stage.host().on_notice = [&told](const Notice<TestServices>& notice) {
    if (notice.event == Event::unmapped) told.push_back(notice.area.identity);
  };
  EXPECT_TRUE(stage.munmap(columns(0, 6)));
  EXPECT_EQ(told, std::vector<AnonIdentity>(3));
}

TEST(Identity, of_locked_memory_that_joins_comes_from_below_all_of_it) {
  Stage stage;
  stage.legend['Q'] = {.protection = prot::read, .adds = flag::locked | flag::account};
  stage.build("qqLLQQ");
  ASSERT_TRUE(stage.mprotect(columns(4, 6), rw));
  EXPECT_EQ(stage.picture(), "qqllll");
  EXPECT_EQ(stage.identity(2), stage.identity(0));
}

}  // namespace
}  // namespace vmarea::test
