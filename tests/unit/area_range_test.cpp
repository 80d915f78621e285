// SPDX-License-Identifier: MIT
//
// The areas of a space as ranges, for the language and for the standard library, and the walk that
// goes on while the space is changed.
#include <algorithm>
#include <iterator>
#include <type_traits>
#include <utility>
#include <vector>

#include <fmt/core.h>
#include <vmarea/ranges.hpp>
#include <vmarea_shims/userland.hpp>

#include "support/archetype.hpp"
#include "support/stage.hpp"

namespace vmarea::test {
namespace {

using Areas = AreaList<TestServices>;
using Parts = PartList<TestServices>;
using Space = AddressSpace<TestServices>;

// What the list is to the standard library; the second host is the poorest that there is.
template <class Host>
constexpr bool is_good_list = std::forward_iterator<typename AreaList<Host>::Iterator>&&
    std::ranges::forward_range<const AreaList<Host>>&& std::ranges::borrowed_range<AreaList<Host>>&&
        std::ranges::common_range<AreaList<Host>>&& std::ranges::view<AreaList<Host>>&& std::
            same_as<std::ranges::range_reference_t<AreaList<Host>>,
                    const Area<Host>&>&& std::forward_iterator<typename PartList<Host>::Iterator>&&
                std::ranges::borrowed_range<PartList<Host>>&& std::ranges::view<PartList<Host>>&&
                    std::same_as<std::ranges::range_reference_t<PartList<Host>>, Description<Host>>;
static_assert(is_good_list<TestServices> && is_good_list<Archetype<Groups::absent>>);
static_assert(std::default_initializable<Areas::Iterator>);
static_assert(std::same_as<std::iterator_traits<Areas::Iterator>::iterator_category,
                           std::forward_iterator_tag>);
// To algorithms of before, a value that is made on the way is input alone.
static_assert(std::same_as<std::iterator_traits<Parts::Iterator>::iterator_category,
                           std::input_iterator_tag>);

// A state that may not be changed gives areas that may not.
using State = SpaceState<TestServices>;
template <class StateType>
using Found = decltype(find_area(std::declval<StateType&>(), Address{}));
static_assert(std::same_as<Found<State>, TestArea*>);
static_assert(std::same_as<Found<const State>, const TestArea*>);
template <class StateType, class AreaType>
constexpr bool gives = std::same_as<
    decltype(find_at_or_above(std::declval<StateType&>(), Address{})), AreaType*>&&
    std::same_as<decltype(find_starting_below(std::declval<StateType&>(), Address{})), AreaType*>&&
        std::same_as<decltype(find_intersection(std::declval<StateType&>(), Range{})), AreaType*>&&
            std::same_as<decltype(find_with_prev(std::declval<StateType&>(), Address{}).prev),
                         AreaType*>;
static_assert(gives<State, TestArea> && gives<const State, const TestArea>);
static_assert(
    std::same_as<decltype(std::declval<Space&>().find_with_prev(0).area), const TestArea*>);

/// "[0,3)[4,5)", in columns.
template <class List>
std::string text_of(const List& list) {
  std::string text;
  for (const auto& area : list) {
    text += fmt::format("[{},{})", (area.start - TestSpace::base) >> 12,
                        (area.end - TestSpace::base) >> 12);
  }
  return text;
}

TEST(AreaRange, lists_all_areas_or_those_that_have_a_byte_in_a_range) {
  Stage stage("AAB.CC.D");
  const Space& space = stage.space();
  EXPECT_EQ(text_of(space.areas()), "[0,2)[2,3)[4,6)[7,8)");
  struct Case {
    Range range;
    const char* listed;
    const char* parts;
  };
  const Case cases[] = {
      {columns(0, 8), "[0,2)[2,3)[4,6)[7,8)", "[0,2)[2,3)[4,6)[7,8)"},
      {columns(1, 5), "[0,2)[2,3)[4,6)", "[1,2)[2,3)[4,5)"},
      {columns(2, 4), "[2,3)", "[2,3)"},
      {columns(5, 6), "[4,6)", "[5,6)"},
      {columns(3, 4), "", ""},
      {columns(6, 7), "", ""},
      {columns(8, 9), "", ""},
      {columns(5, 5), "", ""},
      {columns(5, 1), "", ""},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.listed);
    EXPECT_EQ(text_of(space.areas(c.range)), c.listed);
    EXPECT_EQ(text_of(space.parts_in(c.range)), c.parts);
    EXPECT_EQ(space.areas(c.range).empty(), *c.listed == '\0');
    EXPECT_EQ(space.parts_in(c.range).empty(), *c.listed == '\0');
  }
  const Range two_bytes{TestSpace::column(2) - 1, TestSpace::column(2) + 1};
  EXPECT_EQ(text_of(space.areas(two_bytes)), "[0,2)[2,3)");
}

TEST(AreaRange, empty_space_has_an_empty_list) {
  Stage stage;
  EXPECT_TRUE(stage.space().areas().empty());
  EXPECT_TRUE(stage.space().areas().begin() == stage.space().areas().end());
  EXPECT_TRUE(stage.space().parts_in(everything).empty());
}

TEST(AreaRange, first_area_and_members_are_at_hand) {
  Stage stage(".AA.B");
  const Space& space = stage.space();
  EXPECT_EQ(&space.areas().front(), space.find(TestSpace::column(1)));
  auto at = space.areas().begin();
  EXPECT_EQ(at->start, TestSpace::column(1));
  EXPECT_EQ((*at++).end, TestSpace::column(3));
  EXPECT_EQ(at->start, TestSpace::column(4));
  EXPECT_EQ(++at, space.areas().end());
  EXPECT_EQ(space.parts_in(columns(2, 5)).front().start, TestSpace::column(2));
  EXPECT_EQ(space.parts_in(columns(2, 5)).begin()->page_offset, TestSpace::column(2) >> 12);
}

TEST(AreaRange, iterators_go_several_times_and_outlive_their_list) {
  Stage stage("AB.C");
  const auto first = stage.space().areas().begin();
  auto other = first;
  EXPECT_EQ(other, first);
  EXPECT_NE(++other, first);
  EXPECT_EQ(std::next(first), other);
  EXPECT_EQ(std::distance(first, stage.space().areas().end()), 3);
  EXPECT_EQ(Areas::Iterator{}, Areas::Iterator{});
  EXPECT_EQ(Areas::Iterator{}, stage.space().areas().end());
}

TEST(AreaRange, parts_of_files_keep_their_place_in_the_file) {
  Stage stage("..FFFF");
  const TestArea& whole = *stage.area(2);
  const auto part = stage.space().parts_in(columns(3, 5)).front();
  EXPECT_EQ(part.range(), columns(3, 5));
  EXPECT_EQ(part.page_offset, whole.page_offset + 1);
  EXPECT_EQ(part.flags, whole.flags);
  EXPECT_EQ(part.file, whole.file);
}

TEST(AreaRange, works_with_algorithms_and_fills_vectors) {
  Stage stage("AB.AC");
  const auto areas = stage.space().areas();
  const auto is_writable = [](const TestArea& area) { return area.flags.has_any(flag::write); };
  EXPECT_EQ(std::ranges::count_if(areas, is_writable), 2);
  EXPECT_EQ(std::count_if(areas.begin(), areas.end(), is_writable), 2);
  // Borrowed: what was found is no dangling iterator.
  const auto found = std::ranges::find_if(stage.space().areas(), std::not_fn(is_writable));
  EXPECT_EQ(found->start, TestSpace::column(1));
  const std::vector<TestDescription> kept(areas.begin(), areas.end());
  ASSERT_EQ(kept.size(), 4u);
  EXPECT_EQ(kept[3], *stage.area(4));
  const auto parts = stage.space().parts_in(columns(1, 4));
  const std::vector<TestDescription> clipped(parts.begin(), parts.end());
  EXPECT_EQ(clipped.size(), 2u);
#if !defined(__clang__) || __clang_major__ > 15  // Those before cannot compile views of libstdc++.
  std::string text;
  for (const TestArea& area : stage.space().areas() | std::views::filter(is_writable)) {
    text += fmt::format("{} ", (area.start - TestSpace::base) >> 12);
  }
  EXPECT_EQ(text, "0 3 ");
#endif
}

TEST(AreaRange, first_of_an_empty_list_is_a_broken_promise) {
  const AddressSpace<shims::CheckedUserland> space;
  EXPECT_DEATH((void)space.areas().front(), "only a list that is not empty has a first area");
  EXPECT_DEATH((void)space.parts_in({0, 1}).front(),
               "only a list that is not empty has a first area");
}

TEST(AreaWalk, area_in_hand_may_be_unmapped) {
  Stage stage("AAB.CC.D");
  std::string text;
  stage.space().for_each_area(columns(1, 5), [&](const TestDescription& area) {
    EXPECT_TRUE(stage.munmap(area.range()));
    text += text_of(std::vector<TestDescription>{area});
  });
  EXPECT_EQ(text, "[0,2)[2,3)[4,6)");
  EXPECT_EQ(stage.picture(), ".......D");
}

TEST(AreaWalk, area_in_hand_may_be_cut_and_each_is_visited_once) {
  Stage stage("aaa.aaaaBB");
  std::string text;
  stage.space().for_each_area(everything, [&](const TestDescription& area) {
    EXPECT_TRUE(stage.mprotect({area.start, area.start + 0x1000}, prot::none));
    text += text_of(std::vector<TestDescription>{area});
  });
  EXPECT_EQ(text, "[0,3)[4,8)[8,10)");
  EXPECT_EQ(stage.count_areas(), 6u);
}

TEST(AreaWalk, what_the_visitor_joins_or_maps_above_is_visited_as_it_stands_then) {
  Stage stage("BAA..C");
  std::string text;
  stage.space().for_each_area(columns(0, 6), [&](const TestDescription& area) {
    text += text_of(std::vector<TestDescription>{area});
    if (area.start == TestSpace::column(0)) {
      EXPECT_TRUE(stage.mprotect(area.range(), rw));
      EXPECT_TRUE(stage.map_fixed(4, 5, prot::exec));
    }
  });
  EXPECT_EQ(text, "[0,1)[0,3)[4,5)[5,6)");
}

TEST(AreaWalk, empty_and_swapped_ranges_visit_nothing) {
  Stage stage("AAA");
  const auto fail = [](const TestDescription&) { FAIL(); };
  stage.space().for_each_area(columns(1, 1), fail);
  stage.space().for_each_area(columns(2, 1), fail);
  stage.space().for_each_area(columns(3, 9), fail);
}

}  // namespace
}  // namespace vmarea::test
