// SPDX-License-Identifier: MIT
//
// Own data goes where its memory goes, whatever is called: each page has a number, which a map of
// pages says for comparison. Calls fail for lack of memory now and then, and previews are compared
// with what happens.
#include <map>
#include <random>
#include <string>
#include <vector>

#include <fmt/core.h>

#include "unit/page_log.hpp"

namespace vmarea::test {
namespace {

constexpr std::uint64_t width = 48;  // Columns in use; no area is longer than its data allows.
constexpr SpaceLayout heap_in_the_middle{.start_brk = TestSpace::base + 0x1a000,
                                         .brk = TestSpace::base + 0x1a000};

using LogSpace = AddressSpace<PageLogHost>;
using LogArea = Area<PageLogHost>;

PageLog log_of(unsigned owner, std::uint32_t first, std::uint64_t pages) {
  PageLog log;
  log.owner = owner;
  for (std::uint64_t page = 0; page < pages; ++page) {
    log.add(first + static_cast<std::uint32_t>(page));
  }
  return log;
}

/// "1 2 3|4 5": the numbers of all pages, and where areas end.
std::string numbers_of(const LogSpace& space) {
  std::string text;
  for (const LogArea& area : space.areas()) {
    if (!text.empty()) text += '|';
    for (std::uint64_t page = 0; page < area.length() >> 12; ++page) {
      text += fmt::format("{}{}", page == 0 ? "" : " ", area.data.number(page));
    }
  }
  return text;
}

class LogStage {
 public:
  LogStage() : space_(PageLogHost(state_), heap_in_the_middle) {}
  LogStage(const LogStage&) = delete;
  LogStage& operator=(const LogStage&) = delete;

  LogSpace& space() { return space_; }
  const LogSpace& space() const { return space_; }
  PageLogState& state() { return state_; }
  /// Numbers 1, 2 ... from column 0 on, all of one owner and rw.
  void map(std::uint64_t first, std::uint64_t upto, unsigned owner = 1) {
    const Range range = columns(first, upto);
    EXPECT_TRUE(
        space_.mmap({.address = range.start,
                     .length = range.length(),
                     .protection = rw,
                     .flags = fixed_private,
                     .data = log_of(owner, static_cast<std::uint32_t>(first) + 1, upto - first)}));
  }

 private:
  PageLogState state_;
  LogSpace space_;
};

struct Count {
  const char* name;
  void (*call)(LogSpace&);
  unsigned splits;
  unsigned joins;
  const char* numbers;
};

/// [1 2 3 4 5 6) r at 2 4, then a hole of two pages and [9 10).
const Count counts[] = {
    {"mprotect_back",
     [](LogSpace& space) { EXPECT_TRUE(space.mprotect(columns(1, 3).start, 0x2000, rw)); }, 0, 2,
     "1 2 3 4 5 6|9 10"},
    {"mprotect_a_part_of_it_back",
     [](LogSpace& space) { EXPECT_TRUE(space.mprotect(columns(1, 2).start, 0x1000, rw)); }, 1, 1,
     "1 2|3|4 5 6|9 10"},
    {"cut_twice",
     [](LogSpace& space) { EXPECT_TRUE(space.mprotect(columns(4, 5).start, 0x1000, prot::read)); },
     2, 0, "1|2 3|4|5|6|9 10"},
    {"touch", [](LogSpace& space) { EXPECT_TRUE(space.touch(columns(4, 5).start, Touch::write)); },
     0, 0, "1|2 3|4 5 6|9 10"},
    {"unmap_a_hole",
     [](LogSpace& space) { EXPECT_TRUE(space.munmap(columns(4, 5).start, 0x1000)); }, 2, 0,
     "1|2 3|4|6|9 10"},
    {"unmap_over_an_edge",
     [](LogSpace& space) { EXPECT_TRUE(space.munmap(columns(2, 4).start, 0x2000)); }, 2, 0,
     "1|2|5 6|9 10"},
    {"map_over_the_middle_of_its_owner",
     [](LogSpace& space) {
       EXPECT_TRUE(space.mmap({.address = columns(4, 5).start,
                               .length = 0x1000,
                               .protection = rw,
                               .flags = fixed_private,
                               .data = log_of(1, 70, 1)}));
     },
     2, 2, "1|2 3|4 70 6|9 10"},
    {"move_beside_its_owner",
     [](LogSpace& space) {
       EXPECT_TRUE(space.mremap({.address = columns(8, 9).start,
                                 .old_length = 0x1000,
                                 .new_length = 0x1000,
                                 .flags = fixed_move,
                                 .new_address = columns(6, 7).start}));
     },
     2, 1, "1|2 3|4 5 6 9|10"},  // The copy is cut to the part, and so is the source.
    {"grow_in_place",
     [](LogSpace& space) {
       EXPECT_TRUE(space.mremap(
           {.address = columns(3, 6).start, .old_length = 0x3000, .new_length = 0x4000}));
     },
     0, 0, "1|2 3|4 5 6 0|9 10"},
    {"grow_in_place_up_to_its_owner",
     [](LogSpace& space) {
       EXPECT_TRUE(space.mremap(
           {.address = columns(3, 6).start, .old_length = 0x3000, .new_length = 0x5000}));
     },
     0, 1, "1|2 3|4 5 6 0 0 9 10"},
    {"relocate",
     [](LogSpace& space) { EXPECT_TRUE(space.relocate_down(columns(8, 9).start, 0x1000)); }, 0, 0,
     "1|2 3|4 5 6|9 10"},
    {"shrink_at_the_start",
     [](LogSpace& space) { EXPECT_TRUE(space.shrink(columns(8, 9).start, columns(9, 10))); }, 1, 0,
     "1|2 3|4 5 6|10"},
    {"exit", [](LogSpace& space) { space.clear(); }, 0, 0, ""},
};

TEST(OwnDataLedger, cuts_and_joins_are_as_many_as_the_areas_say) {
  for (const Count& expected : counts) {
    SCOPED_TRACE(expected.name);
    LogStage stage;
    stage.map(0, 6);
    stage.map(8, 10);
    EXPECT_TRUE(stage.space().mprotect(columns(1, 3).start, 0x2000, prot::read));
    ASSERT_EQ(numbers_of(stage.space()), "1|2 3|4 5 6|9 10");
    stage.state() = {};
    expected.call(stage.space());
    EXPECT_EQ(numbers_of(stage.space()), expected.numbers);
    EXPECT_EQ(stage.state().splits, expected.splits);
    EXPECT_EQ(stage.state().joins, expected.joins);
    EXPECT_EQ(PageLog::live, static_cast<std::int64_t>(stage.space().area_count()));
  }
  EXPECT_EQ(PageLog::live, 0);
}

TEST(OwnDataLedger, copy_of_a_source_that_stays_is_cut_and_the_source_is_whole) {
  LogStage stage;
  stage.map(0, 4);
  EXPECT_TRUE(stage.space().mremap({.address = columns(1, 3).start,
                                    .old_length = 0x2000,
                                    .new_length = 0x2000,
                                    .flags = fixed_move | remap::dont_unmap,
                                    .new_address = columns(8, 10).start}));
  EXPECT_EQ(numbers_of(stage.space()), "1 2 3 4|2 3");
}

TEST(OwnDataLedger, over_aligned_data_is_aligned) {
  static_assert(alignof(LogArea) == alignof(PageLog));
  LogStage stage;
  stage.map(0, 1);
  const auto at = reinterpret_cast<std::uintptr_t>(&stage.space().find(columns(0, 1).start)->data);
  EXPECT_EQ(at % alignof(PageLog), 0u);
}

std::vector<std::string> closed;

/// Says what goes.
constexpr AreaHooks<PageLogHost> closing{.close = [](LogArea& area) noexcept {
  std::string text;
  for (std::uint64_t page = 0; page < area.length() >> 12; ++page) {
    text += fmt::format("{} ", area.data.number(page));
  }
  closed.push_back(text);
}};

TEST(OwnDataLedger, close_hook_sees_the_data_of_what_goes) {
  closed.clear();
  LogStage stage;
  Description<PageLogHost> area{.start = columns(0, 6).start, .end = columns(0, 6).end};
  area.flags = flag::read | flag::may_read;
  area.hooks = &closing;
  EXPECT_TRUE(stage.space().insert(area, log_of(1, 1, 6)));
  EXPECT_TRUE(stage.space().munmap(columns(2, 4).start, 0x2000));
  EXPECT_EQ(closed, std::vector<std::string>{"3 4 "});
  EXPECT_EQ(numbers_of(stage.space()), "1 2|5 6");
  EXPECT_TRUE(stage.space().munmap(columns(0, 1).start, 0x1000));
  EXPECT_TRUE(stage.space().munmap(columns(1, 5).start, 0x4000));
  EXPECT_EQ(closed, (std::vector<std::string>{"3 4 ", "1 ", "2 ", "5 "}));
  stage.space().clear();
  EXPECT_EQ(closed.back(), "6 ");
}

/// What stands at a column.
struct Page {
  std::uint32_t number = 0;
  unsigned owner = 0;
  friend bool operator==(const Page&, const Page&) = default;
};
using Pages = std::map<std::uint64_t, Page>;
using Shapes = std::map<Address, Description<PageLogHost>>;

Shapes shapes_of(const LogSpace& space) {
  Shapes shapes;
  for (const LogArea& area : space.areas()) shapes[area.start] = area;
  return shapes;
}

std::uint64_t column_of(Address at) {
  return (at - TestSpace::base) >> 12;
}

/// A space under random calls, and the pages that it should have.
class Ledger {
 public:
  explicit Ledger(unsigned seed) : random_(seed) {}

  void step() {
    stage_.state().faults.fail(below(3) == 0 ? 1 + below(5) : 0);
    any_call();
    if (stage_.state().faults.failures != 0) ++faults;
    stage_.state().faults.fail(0);
    compare(space(), "after the call");
  }
  PageLogState& state() { return stage_.state(); }

  unsigned faults = 0;
  unsigned moves = 0;

 private:
  LogSpace& space() { return stage_.space(); }
  std::uint64_t below(std::uint64_t limit) { return random_() % limit; }
  Range any_range() {
    const std::uint64_t first = below(width);
    const std::uint64_t longest = width - first < 9 ? width - first : 9;
    return columns(first, first + 1 + below(longest));
  }

  void any_call() {
    const Range range = any_range();
    switch (below(12)) {
      case 0:
      case 1:
        return map(range);
      case 2:
        if (made(space().plan_munmap(range.start, range.length()))) erase(range);
        return;
      case 3:
      case 4:
      case 5:
      case 6:
        (void)made(space().plan_mprotect(range.start, range.length(),
                                         Protection{static_cast<std::uint32_t>(1 + below(2) * 2)}));
        return;
      case 7:
      case 8:
        return remap_some();
      case 9:
        (void)made(space().plan_touch(range.start, Touch::write));
        return;
      case 10:
        return below(2) == 0 ? set_break(range) : fork();
      default:
        return resize_some();
    }
  }

  void map(Range range) {
    const auto owner = static_cast<unsigned>(1 + below(2));
    const std::uint64_t pages = range.length() >> 12;
    if (!made(space().plan_mmap({.address = range.start,
                                 .length = range.length(),
                                 .protection = rw,
                                 .flags = fixed_private,
                                 .data = log_of(owner, next_, pages)}))) {
      return;
    }
    for (std::uint64_t page = 0; page < pages; ++page) {
      pages_[column_of(range.start) + page] = {next_++, owner};
    }
  }

  /// Moves, or grows in place, a part of one area.
  void remap_some() {
    const LogArea* area = space().find_at_or_above(any_range().start);
    if (area == nullptr) return;
    const std::uint64_t skipped = below(area->length() >> 12);
    const std::uint64_t pages = 1 + below((area->length() >> 12) - skipped);
    const std::uint64_t first = column_of(area->start) + skipped;
    const unsigned owner = area->data.owner;
    const std::uint64_t kind = below(4);
    const std::uint64_t wanted = kind == 0 ? pages : 1 + below(10);
    const std::uint64_t to = kind == 3 ? first : below(width - 10);
    const RemapFlags keeps = kind == 0 ? remap::dont_unmap : RemapFlags{};
    if (first + wanted > width || to + wanted > width) return;
    if (!made(space().plan_mremap({.address = columns(first, width).start,
                                   .old_length = pages << 12,
                                   .new_length = wanted << 12,
                                   .flags = kind == 3 ? RemapFlags{} : fixed_move | keeps,
                                   .new_address = kind == 3 ? 0 : columns(to, width).start}))) {
      return;
    }
    ++moves;
    const std::uint64_t moved = pages < wanted ? pages : wanted;
    std::vector<Page> numbers;
    for (std::uint64_t page = 0; page < moved; ++page) numbers.push_back(pages_.at(first + page));
    numbers.resize(wanted, Page{0, owner});
    if (kind != 0) erase(columns(first, first + pages));
    for (std::uint64_t page = 0; page < wanted; ++page) pages_[to + page] = numbers[page];
  }

  void set_break(Range range) {
    const Address before = space().layout().brk;
    if (!made(space().plan_brk(range.end)) || space().layout().brk != range.end) return;
    if (range.end < before) return erase({range.end, before});
    for (Address at = before; at < range.end; at += 0x1000) pages_[column_of(at)] = {};
  }

  void fork() {
    LogSpace child(space().services(), heap_in_the_middle);
    if (space().fork_into(child)) compare(child, "in the child");
  }

  void resize_some() {
    const LogArea* area = space().find_at_or_above(any_range().start);
    if (area == nullptr) return;
    const std::uint64_t pages = area->length() >> 12;
    const Range before = area->range();
    if (below(2) == 0) {
      const std::uint64_t down = 1 + below(3);
      if (column_of(before.start) < down) return;
      if (!space().relocate_down(before.start, down << 12)) return;
      for (std::uint64_t page = 0; page < pages; ++page) {
        const auto node = pages_.extract(column_of(before.start) + page);
        pages_[column_of(before.start) + page - down] = node.mapped();
      }
    } else if (pages > 1) {
      const Address at = before.start + 0x1000 * (1 + below(pages - 1));
      const Range kept = below(2) == 0 ? Range{before.start, at} : Range{at, before.end};
      if (!space().shrink(before.start, kept)) return;
      erase({before.start, kept.start});
      erase({kept.end, before.end});
    }
  }

  /// Makes a call, and compares it with its preview. Whether it succeeded.
  template <class Plan>
  bool made(Change<PageLogHost, Plan> change) {
    const Shapes before = shapes_of(space());
    Shapes future = before;
    change.for_each_step([&](const Step<PageLogHost>& step) {
      if (step.kind != StepKind::edit) return;
      const Edit<PageLogHost>& edit = *step.edit;
      future.erase(future.lower_bound(edit.extent.start), future.lower_bound(edit.extent.end));
      for (const auto& piece : edit.pieces) future[piece.after.start] = piece.after;
    });
    if (!change.reserve()) {
      change.end();
      EXPECT_EQ(shapes_of(space()), before);
      return false;
    }
    const bool good = static_cast<bool>(change.commit());
    EXPECT_EQ(shapes_of(space()), future) << "preview and outcome differ";
    return change.finish() && good;
  }

  void erase(Range range) {
    for (Address at = range.start; at < range.end; at += 0x1000) pages_.erase(column_of(at));
  }

  void compare(const LogSpace& space, const char* when) const {
    SCOPED_TRACE(when);
    EXPECT_FALSE(check(space.state())) << check(space.state()).what;
    Pages found;
    for (const LogArea& area : space.areas()) {
      EXPECT_FALSE(area.data.moved_from);
      for (std::uint64_t page = 0; page < area.length() >> 12; ++page) {
        found[column_of(area.start) + page] = {area.data.number(page), area.data.owner};
      }
    }
    EXPECT_EQ(found, pages_) << numbers_of(space);
    if (&space == &stage_.space()) {
      EXPECT_EQ(PageLog::live, static_cast<std::int64_t>(space.area_count()));
    }
  }

  std::mt19937 random_;
  LogStage stage_;
  Pages pages_;
  std::uint32_t next_ = 1;
};

TEST(OwnDataLedger, random_calls_lose_and_double_nothing) {
  unsigned faults = 0, moves = 0, splits = 0, joins = 0;
  for (unsigned seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    {
      Ledger ledger(seed);
      for (unsigned i = 0; i < 400 && !::testing::Test::HasFailure(); ++i) ledger.step();
      faults += ledger.faults;
      moves += ledger.moves;
      splits += ledger.state().splits;
      joins += ledger.state().joins;
    }
    ASSERT_EQ(PageLog::live, 0);
    if (HasFailure()) return;
  }
  EXPECT_GT(faults, 500u);
  EXPECT_GT(moves, 500u);
  EXPECT_GT(splits, 2000u);
  EXPECT_GT(joins, 1000u);
}

}  // namespace
}  // namespace vmarea::test
