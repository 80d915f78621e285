// SPDX-License-Identifier: MIT
//
// What a planned call says of its joins: at each edge the answer, and both descriptions.
#include <string>
#include <vector>

#include <vmarea/string.hpp>

#include "support/stage.hpp"

namespace vmarea::test {
namespace {

using Report = JoinReport<TestServices>;
using V = JoinVerdict;

template <class Change>
std::vector<Report> reports(const Change& change) {
  std::vector<Report> all;
  change.for_each_join([&all](const Report& report) { all.push_back(report); });
  return all;
}

/// "2< joined 4> flags": columns, sides and verdicts.
std::string verdicts(const std::vector<Report>& all) {
  std::string text;
  for (const Report& report : all) {
    if (!text.empty()) text += ' ';
    text += std::to_string((report.at - TestSpace::base) >> 12);
    text += report.side == Side::prev ? "< " : "> ";
    switch (report.answer.verdict) {
      case V::joined:
        text += "joined";
        break;
      case V::no_neighbour:
        text += "nothing";
        break;
      case V::flags:
        text += "flags";
        break;
      case V::identity:
        text += "identity";
        break;
      case V::file:
        text += "file";
        break;
      case V::page_offset:
        text += "offset";
        break;
      case V::not_wanted:
        text += "unwanted";
        break;
      case V::between_neighbours:
        text += "between";
        break;
      default:
        text += describe(report.answer.verdict);
    }
  }
  return text;
}

struct WalkCase {
  const char* name;
  const char* before;
  const char* request;
  Protection protection;
  const char* joins;
  const char* after;
};

TEST(JoinReport, of_mprotect_are_one_for_each_edge) {
  const WalkCase cases[] = {
      {"alone", "BB", "**", rw, "0< nothing 2> nothing", "AA"},
      {"joins left, not right for the flags", "AABBL", "  **", rw, "2< joined 4> flags", "AAAAL"},
      {"joins right", "LBBAA", " **", rw, "1< flags 3> joined", "LAAAA"},
      {"joins both", "ABA", " *", rw, "1< joined 2> joined", "AAA"},
      {"cut out of an area", "AAAA", " ** ", prot::read, "1< flags 3> flags", "ABBA"},
      {"the start of an area joins", "AABB", "  * ", rw, "2< joined 3> flags", "AAAB"},
      {"the end of an area joins", "BBAA", " *", rw, "1< flags 2> joined", "BAAA"},
      {"between two identities", "aaBBaa", "  **", rw, "2< joined 4> between", "aaaa|aa"},
      {"two areas, told once between them", "BCA", "** ", rw, "0< nothing 1< joined 2> joined",
       "AAA"},
      {"a changed area and one that has it already", "BBCC", "****", prot::read,
       "2< joined 4> nothing", "BBBB"},
      {"a hole between", "B.BA", "* * ", rw, "0< nothing 1> nothing", "A.BA"},
  };
  for (const WalkCase& c : cases) {
    SCOPED_TRACE(c.name);
    Stage stage(c.before);
    const Range range = TestSpace::range_of(c.request);
    auto change = stage.space().plan_mprotect(range.start, range.length(), c.protection);
    EXPECT_EQ(verdicts(reports(change)), c.joins);
    EXPECT_EQ(verdicts(reports(change)), c.joins) << "asked again";
    change.end();
    (void)stage.mprotect(range, c.protection);
    EXPECT_EQ(stage.picture().substr(0, std::string_view(c.after).size()), c.after);
  }
}

TEST(JoinReport, has_the_flags_that_differ_and_both_descriptions) {
  Stage stage("AABBL");
  const Range range = TestSpace::range_of("  **");
  auto change = stage.space().plan_mprotect(range.start, range.length(), rw);
  const std::vector<Report> all = reports(change);
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].middle.range(), range);
  EXPECT_EQ(all[0].middle.flags, rw_flags) << "as the call makes it";
  EXPECT_EQ(all[0].neighbour, *stage.area(0)) << "as it is";
  EXPECT_EQ(all[1].answer.flags, flag::locked);
  EXPECT_EQ(all[1].neighbour, *stage.area(4));
  EXPECT_EQ(joins_text(change),
            "102000 prev: joins\n"
            "  middle 102000-104000 rw-p 102 anonymous ac\n"
            "  prev   100000-102000 rw-p 100 anonymous ac\n"
            "104000 next: flags differ: lo\n"
            "  middle 102000-104000 rw-p 102 anonymous ac\n"
            "  next   104000-105000 rw-p 104 anonymous lo ac");
}

TEST(JoinReport, the_rest_of_a_cut_area_is_a_neighbour) {
  Stage stage("AAAA");
  const Range range = TestSpace::range_of(" ** ");
  auto change = stage.space().plan_mprotect(range.start, range.length(), prot::read);
  const std::vector<Report> all = reports(change);
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].neighbour.range(), TestSpace::range_of("*"));
  EXPECT_EQ(all[1].neighbour.range(), TestSpace::range_of("   *"));
  EXPECT_EQ(all[1].neighbour.page_offset, 0x103u);
  EXPECT_EQ(all[1].answer.flags, flag::write | flag::account);
}

TEST(JoinReport, of_a_refused_walk_are_those_of_what_it_leaves) {
  Stage stage("BBXX");
  const auto protect = [&stage] {
    const auto change = stage.space().plan_mprotect(TestSpace::column(0), 0x4000, rw);
    EXPECT_EQ(change.status().error(), Error::not_permitted);
    return verdicts(reports(change));
  };
  EXPECT_EQ(protect(), "0< nothing 2> flags");
  stage.host().profile.partial_effects = PartialEffects::all_or_nothing;
  EXPECT_EQ(protect(), "");
}

TEST(JoinReport, a_call_that_joins_nothing_says_so) {
  Stage stage("A|A");
  auto change = stage.space().plan_set_memory_merge(SamePageMerging::on);
  EXPECT_EQ(verdicts(reports(change)), "0< nothing 1< unwanted 2> nothing");
}

MmapRequest<TestServices> fixed_map(std::uint64_t column, std::uint64_t pages,
                                    TestServices::FileHandle file = nullptr,
                                    std::uint64_t offset_pages = 0) {
  MmapRequest<TestServices> request{
      .address = TestSpace::column(column), .length = pages << 12, .protection = rw};
  request.flags = map::private_ | map::fixed;
  if (file == nullptr) request.flags |= map::anonymous;
  request.file = file;
  request.offset = offset_pages << 12;
  return request;
}

TEST(JoinReport, of_mmap_are_its_two_edges) {
  Stage stage("AA..LL");
  EXPECT_EQ(verdicts(reports(stage.space().plan_mmap(fixed_map(2, 1)))), "2< joined 3> nothing");
  EXPECT_EQ(verdicts(reports(stage.space().plan_mmap(fixed_map(2, 2)))), "2< joined 4> flags");
  EXPECT_EQ(verdicts(reports(stage.space().plan_mmap(fixed_map(8, 1)))), "8< nothing 9> nothing");
}

TEST(JoinReport, what_a_new_range_cuts_is_a_neighbour) {
  Stage stage("BBBB");
  const auto change = stage.space().plan_mmap(fixed_map(1, 2));
  const std::vector<Report> all = reports(change);
  EXPECT_EQ(verdicts(all), "1< flags 3> flags");
  EXPECT_EQ(all[0].neighbour.range(), TestSpace::range_of("*"));
  EXPECT_EQ(all[1].neighbour.range(), TestSpace::range_of("   *"));
  EXPECT_EQ(all[0].answer.flags, flag::write | flag::account);
}

TEST(JoinReport, a_file_beside_another_and_a_wrong_offset_are_named) {
  Stage stage("FF..");
  const TestServices::FileHandle same = stage.area(0)->file;
  const TestServices::FileHandle other = stage.host().make_file();
  EXPECT_EQ(verdicts(reports(stage.space().plan_mmap(fixed_map(2, 1, other, 2)))),
            "2< file 3> nothing");
  EXPECT_EQ(verdicts(reports(stage.space().plan_mmap(fixed_map(2, 1, same, 7)))),
            "2< offset 3> nothing");
  EXPECT_EQ(verdicts(reports(stage.space().plan_mmap(fixed_map(2, 1, same, 2)))),
            "2< joined 3> nothing");
}

TEST(JoinReport, shared_memory_and_loaders_join_nothing) {
  Stage stage("AA.");
  MmapRequest<TestServices> shared = fixed_map(2, 1);
  shared.flags = map::shared | map::anonymous | map::fixed;
  EXPECT_EQ(verdicts(reports(stage.space().plan_mmap(shared))), "2< unwanted 3> nothing");
  EXPECT_EQ(verdicts(reports(stage.space().plan_insert(stage.fresh(2, 3)))),
            "2< unwanted 3> nothing");
}

TEST(JoinReport, a_mark_that_comes_after_the_decision_is_no_difference) {
  Stage stage;
  stage.host().profile = linux_6_12;
  ASSERT_TRUE(stage.set_memory_merge(SamePageMerging::on));
  ASSERT_TRUE(stage.insert(stage.fresh(0, 2, flag::mergeable)));
  const auto change = stage.space().plan_mmap(fixed_map(2, 1));
  const std::vector<Report> all = reports(change);
  ASSERT_EQ(verdicts(all), "2< flags 3> nothing");
  EXPECT_EQ(all[0].answer.flags, flag::mergeable);
  EXPECT_FALSE(all[0].middle.flags.has_any(flag::mergeable));
}

TEST(JoinReport, of_mremap_are_the_edges_of_the_new_place) {
  Stage stage("aa....bb");
  const auto move = [&stage](std::uint64_t to) {
    return stage.space().plan_mremap({.address = TestSpace::column(0),
                                      .old_length = 0x2000,
                                      .new_length = 0x2000,
                                      .flags = remap::may_move | remap::fixed,
                                      .new_address = TestSpace::column(to)});
  };
  EXPECT_EQ(verdicts(reports(move(4))), "4< nothing 6> flags");
  EXPECT_EQ(verdicts(reports(move(10))), "10< nothing 12> nothing");
  Stage grown("aa.a");
  EXPECT_EQ(verdicts(reports(grown.space().plan_mremap(
                {.address = TestSpace::column(0), .old_length = 0x2000, .new_length = 0x3000}))),
            "2< joined 3> identity");
}

TEST(JoinReport, of_a_touched_source_names_both_identities) {
  Stage stage("aa..a");
  const auto change = stage.space().plan_mremap({.address = TestSpace::column(0),
                                                 .old_length = 0x2000,
                                                 .new_length = 0x2000,
                                                 .flags = remap::may_move | remap::fixed,
                                                 .new_address = TestSpace::column(5)});
  const std::vector<Report> all = reports(change);
  ASSERT_EQ(verdicts(all), "5< identity 7> nothing");
  EXPECT_EQ(all[0].middle.identity, stage.identity(0));
  EXPECT_EQ(all[0].neighbour.identity, stage.identity(4));
}

TEST(JoinReport, of_brk_joins_only_below) {
  Stage stage("A..");
  stage.space().state().layout.start_brk = TestSpace::column(0);
  stage.space().state().layout.brk = TestSpace::column(1);
  EXPECT_EQ(verdicts(reports(stage.space().plan_brk(TestSpace::column(2)))),
            "1< joined 2> nothing");
}

TEST(JoinReport, a_call_that_changes_no_flags_and_places_nothing_has_none) {
  Stage stage("AAAA");
  EXPECT_TRUE(reports(stage.space().plan_munmap(TestSpace::column(1), 0x1000)).empty());
  EXPECT_TRUE(reports(stage.space().plan_touch(TestSpace::column(1), Touch::write)).empty());
  EXPECT_TRUE(reports(stage.space().plan_mprotect(TestSpace::column(1), 0x1000, rw)).empty());
}

TEST(JoinReport, agrees_with_what_commit_does) {
  Stage stage("AbBCcAAFLLa.DDaaBB");
  for (std::uint64_t from = 0; from < 18; ++from) {
    for (std::uint64_t upto = from + 1; upto <= 18; ++upto) {
      for (const Protection protection : {prot::none, prot::read, rw}) {
        Stage each("AbBCcAAFLLa.DDaaBB");
        auto change =
            each.space().plan_mprotect(TestSpace::column(from), (upto - from) << 12, protection);
        const std::vector<Report> all = reports(change);
        change.end();
        (void)each.mprotect(columns(from, upto), protection);
        for (const Report& report : all) {
          const TestArea* low = find_area(each.state(), report.at - 1);
          const TestArea* high = find_area(each.state(), report.at);
          const bool is_one = low != nullptr && low == high;
          EXPECT_EQ(report.answer.joined(), is_one)
              << from << " " << upto << " " << to_string(protection) << "\n"
              << to_string(report) << "\n"
              << to_string(each.space());
        }
      }
    }
  }
}

/// Whether the edit that puts a range in place joins where the reports say so.
template <class Change>
void expect_first_edit_as_reported(const Change& change) {
  std::string edit;
  std::vector<TestDescription> pieces;
  change.for_each_step([&](const Step<TestServices>& step) {
    if (step.kind != StepKind::edit || !edit.empty()) return;
    edit = to_string(step);
    for (const Piece<TestServices>& piece : step.edit->pieces) pieces.push_back(piece.after);
  });
  for (const Report& report : reports(change)) {
    bool is_inside = false;
    for (const TestDescription& piece : pieces) {
      is_inside = is_inside || (piece.start < report.at && report.at < piece.end);
    }
    EXPECT_EQ(report.answer.joined(), is_inside) << to_string(report) << "\n" << edit;
  }
}

TEST(JoinReport, agrees_with_what_mmap_and_mremap_plan) {
  Stage stage("AaaB.AALL.aaFF..cCBB");
  unsigned planned = 0;
  for (std::uint64_t from = 0; from < 22; ++from) {
    for (std::uint64_t pages = 1; pages < 5; ++pages) {
      expect_first_edit_as_reported(stage.space().plan_mmap(fixed_map(from, pages)));
      for (std::uint64_t to = 0; to < 24; ++to) {
        const auto change = stage.space().plan_mremap({.address = TestSpace::column(from),
                                                       .old_length = pages << 12,
                                                       .new_length = pages << 12,
                                                       .flags = fixed_move,
                                                       .new_address = TestSpace::column(to)});
        if (!change.status()) continue;
        ++planned;
        expect_first_edit_as_reported(change);
      }
    }
  }
  EXPECT_GT(planned, 500u);
}

TEST(TextOfJoins, both_sides_in_a_line) {
  const Joins joins{{V::joined, {}}, {V::flags, flag::write | flag::account}};
  EXPECT_EQ(to_string(joins), "prev: joins; next: flags differ: wr ac");
  EXPECT_EQ(to_string(joins.next), "flags differ: wr ac");
  EXPECT_EQ(to_string(V::file), "not the same open file");
  EXPECT_EQ(to_string(JoinAnswer{V::special, flag::io}), "a special flag forbids every merge: io");
  EXPECT_EQ(to_string(Side::prev), "prev");
}

TEST(TextOfJoins, every_verdict_has_a_sentence_and_no_other_number) {
  for (int i = 0; i <= static_cast<int>(V::close_hook); ++i) {
    EXPECT_STRNE(describe(static_cast<V>(i)), "unknown") << i;
  }
  EXPECT_STREQ(describe(static_cast<V>(static_cast<int>(V::close_hook) + 1)), "unknown");
}

TEST(TextOfJoins, verdict_without_flags_is_a_sentence_alone) {
  EXPECT_EQ(to_string(JoinAnswer{V::file, {}}), "not the same open file");
  EXPECT_EQ(to_string(Joins{{V::file, {}}, {V::no_neighbour, {}}}),
            "prev: not the same open file; next: nothing touches this edge");
}

TEST(TextOfJoins, report_of_an_edge_that_nothing_touches_is_one_line) {
  Stage stage("..AA..");
  const auto change = stage.space().plan_mprotect(columns(2, 4), prot::read);
  std::vector<std::string> lines;
  change.for_each_join([&](const Report& report) { lines.push_back(to_string(report)); });
  EXPECT_EQ(lines, (std::vector<std::string>{"102000 prev: nothing touches this edge",
                                             "104000 next: nothing touches this edge"}));
}

TEST(JoinReport, of_a_mapping_at_address_0_has_nothing_below) {
  Stage stage;
  stage.host().geometry.fixed_min = 0;
  const auto change = stage.space().plan_mmap(
      {.address = 0, .length = 0x1000, .protection = rw, .flags = fixed_private});
  const std::vector<Report> all = reports(change);
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].at, 0u);
  EXPECT_FALSE(all[0].has_neighbour());
}

TEST(TextOfBoundary, says_why_two_areas_are_not_one) {
  Stage stage("AL");
  EXPECT_EQ(to_string(explain_boundary(stage.state(), TestSpace::column(1))), "flags differ: lo");
}

TEST(TextOfBoundary, is_between_two_areas_or_none) {
  Stage stage("A|A.A");
  const JoinAnswer none{};
  EXPECT_EQ(explain_boundary(stage.space(), TestSpace::column(1)).verdict, V::joined);
  for (const std::uint64_t column : {0u, 2u, 3u, 4u, 5u, 9u}) {
    EXPECT_EQ(explain_boundary(stage.space(), TestSpace::column(column)), none) << column;
  }
  EXPECT_EQ(explain_boundary(stage.space(), TestSpace::column(1) + 1), none) << "inside an area";
  EXPECT_EQ(explain_boundary(stage.space(), 0), none);
}

TEST(TextOfBoundary, special_flags_of_either_side_are_named) {
  Stage stage("A");
  ASSERT_TRUE(stage.insert(stage.fresh(1, 2, flag::io)));
  ASSERT_TRUE(stage.insert(stage.fresh(2, 3, flag::page_frames)));
  const auto why = [&](std::uint64_t column) {
    return to_string(explain_boundary(stage.space(), TestSpace::column(column)));
  };
  EXPECT_EQ(why(1), "a special flag forbids every merge: io");
  EXPECT_EQ(why(2), "a special flag forbids every merge: pf io");
}

}  // namespace
}  // namespace vmarea::test
