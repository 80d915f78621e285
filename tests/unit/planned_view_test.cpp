// SPDX-License-Identifier: MIT
//
// What a PlannedView shows before an edit is written is what a TreeView shows once it is: from
// every place, forwards and one area back.
#include <string>
#include <vector>

#include <fmt/core.h>

#include "support/stage.hpp"

namespace vmarea::test {
namespace {

using EditView = PlannedView<TestServices>;
using WrittenView = TreeView<TestServices>;

constexpr std::uint64_t columns_max = 13;

/// "before|here, next, next": ranges in columns, "-" for none.
template <class View>
std::string text_of(View view) {
  const auto range = [](const Neighbour<TestServices>& seen) {
    if (!seen.present()) return std::string("-");
    const TestDescription& area = seen.description();
    return fmt::format("[{:x},{:x})", (area.start - TestSpace::base) >> 12,
                       (area.end - TestSpace::base) >> 12);
  };
  std::string text = range(view.previous()) + "|";
  for (; view.area().present(); view.next()) text += range(view.area());
  // From the end it comes back to the last one.
  return text + "|" + range(view.previous());
}

template <class MakeView>
std::vector<std::string> seen_from_everywhere(MakeView&& make_view) {
  std::vector<std::string> seen;
  for (std::uint64_t at = 0; at <= columns_max; ++at) {
    seen.push_back(text_of(make_view(TestSpace::column(at))));
  }
  return seen;
}

/// Makes the plan's only edit, with the views before and after; whether there was one.
template <class MakePlan>
bool expect_views_agree(std::string_view picture, MakePlan&& make_plan) {
  Stage stage(picture);
  std::vector<std::string> planned;
  const auto done = stage.plan_and_commit([&](const TestSpaceState& s) {
    auto plan = make_plan(s);
    if (plan.empty()) return plan;
    const Edit<TestServices>& edit = plan.edits()[0];
    planned = seen_from_everywhere([&](Address from) { return EditView(s, edit, from); });
    return plan;
  });
  EXPECT_TRUE(static_cast<bool>(done));
  if (planned.empty()) return false;
  WrittenView::Cursor cursor;
  EXPECT_EQ(planned, seen_from_everywhere([&](Address from) {
              cursor = stage.state().tree.seek(from);
              return WrittenView(cursor);
            }));
  return true;
}

/// How many plans had an edit, of those for all ranges in a few pictures.
template <class MakePlan>
int try_all_ranges(MakePlan&& make_plan) {
  int tried = 0;
  for (const std::string_view picture : {"", "AAAAAAAAAAAA", "..AA.BBAA..D", "ABDABDABDABD"}) {
    for (std::uint64_t first = 0; first < columns_max; ++first) {
      for (std::uint64_t upto = first + 1; upto <= columns_max; ++upto) {
        SCOPED_TRACE(fmt::format("{} [{:x},{:x})", picture, first, upto));
        const Range range = columns(first, upto);
        tried += expect_views_agree(picture,
                                    [&](const TestSpaceState& s) { return make_plan(s, range); });
      }
    }
  }
  return tried;
}

TEST(PlannedView, of_a_clearing_is_what_is_left) {
  EXPECT_GT(try_all_ranges([](const TestSpaceState& s, Range range) {
              return plan_unmap<VerbPlan>(s, range, success);
            }),
            200);
}

TEST(PlannedEditDeathTest, has_a_piece_only_where_an_area_stands_afterwards) {
  Stage stage("AAAA");
  const auto change = stage.space().plan_munmap(columns(1, 2));
  change.for_each_step([](const Step<TestServices>& step) {
    if (step.kind != StepKind::edit) return;
    const Edit<TestServices>& edit = *step.edit;
    ASSERT_EQ(edit.pieces.size(), 2u);
    EXPECT_EQ(&edit.piece_over(TestSpace::column(0)), &edit.pieces[0]);
    EXPECT_EQ(&edit.piece_over(TestSpace::column(3)), &edit.pieces[1]);
    for (const std::uint64_t hole : {1u, 4u}) {
      EXPECT_DEATH((void)edit.piece_over(TestSpace::column(hole)),
                   "the place belongs to a piece of the edit");
    }
  });
}

TEST(PlannedView, of_a_new_range_has_it_alone_and_joined) {
  EXPECT_GT(try_all_ranges([](const TestSpaceState& s, Range range) {
              return plan_mmap(s, TestMmap{.address = range.start,
                                           .length = range.length(),
                                           .protection = rw,
                                           .flags = fixed_private});
            }),
            300);
}

TEST(PlannedView, names_what_has_no_object_yet_by_its_piece) {
  Stage stage("AAAA");
  EXPECT_TRUE(stage.plan_and_commit([](const TestSpaceState& s) {
    VerbPlan plan = plan_unmap<VerbPlan>(s, columns(1, 2), success);
    EditView view(s, plan.edits()[0], TestSpace::base);
    EXPECT_EQ(view.area().piece().object_made_by, MadeBy::none);
    view.next();
    EXPECT_EQ(view.area().piece().object_made_by, MadeBy::piece_1);
    EXPECT_EQ(view.area().piece().object, nullptr);
    return plan;
  }));
}

}  // namespace
}  // namespace vmarea::test
