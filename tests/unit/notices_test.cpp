// SPDX-License-Identifier: MIT
//
// Exactly what a host is told, in order: each notice with the range that the area has now, the one
// that it had, and its partner; and for which pages another protection holds from now on.
//
//   "split [2,4) off [0,2)"             area, and the one it was cut from
//   "resized [0,2) was [0,4)"           area, and its old range
//   "merged away [2,4) into [0,4)"      what goes, and its heir
//   "moved [8,a) from [0,2)"            the new place, and the area whose pages come there
//   "forked [0,2) of [0,2)"             the child's, and the parent's
//   "protect [1,2) r", "move [0,2) 8"   pages: exactly those that change, and where others go
//
// Columns are hexadecimal.
#include <algorithm>
#include <vector>

#include <fmt/core.h>

#include "unit/land.hpp"

namespace vmarea::test {
namespace {

using Lines = std::vector<std::string>;

std::string text_of(Range range) {
  const auto column = [](Address at) { return (at - TestSpace::base) >> 12; };
  return fmt::format("[{:x},{:x})", column(range.start), column(range.end));
}

/// Keeps what it is told. Page tables are somebody else's: only what is asked of them is kept.
struct Listener : shims::UserlandGroups<Listener> {
  static constexpr bool checks = true;
  static constexpr bool has_page_tables = true;
  struct PageTable {};

  static inline Lines told;
  static inline std::vector<const Area<Listener>*> partners;  // Of the notices alone.

  static constexpr bool has_notices = true;
  static void notify(const Notice<Listener>& notice) noexcept {
    static constexpr const char* names[] = {"mapped",  "unmapped", "resized", "merged away",
                                            "split",   "changed",  "moved",   "grown",
                                            "touched", "forked"};
    static constexpr const char* partner_words[] = {"?", "?",    "?", "into", "off",
                                                    "?", "from", "?", "?",    "of"};
    const auto event = static_cast<unsigned>(notice.event);
    std::string line = names[event] + (" " + text_of(notice.area.range()));
    const bool moved_edges = !notice.before.empty() && notice.before != notice.area.range();
    if (moved_edges) line += " was " + text_of(notice.before);
    if (notice.partner != nullptr) {
      line += fmt::format(" {} {}", partner_words[event], text_of(notice.partner->range()));
    }
    told.push_back(line);
    partners.push_back(notice.partner);
  }

  static void protect_pages(PageTable&, Range pages, Flags flags) noexcept {
    std::string access;
    if (flags.has_any(flag::read)) access += 'r';
    if (flags.has_any(flag::write)) access += 'w';
    if (flags.has_any(flag::exec)) access += 'x';
    if (flags.has_any(flag::userfault_protect)) access += " watched";
    told.push_back("protect " + text_of(pages) + " " + access);
  }
  static void move_pages(PageTable&, Range from, Address to) noexcept {
    told.push_back("move " + text_of(from) + fmt::format(" {:x}", (to - TestSpace::base) >> 12));
  }
  static void unmap_pages(PageTable&, Range) noexcept {}
  static void free_tables(PageTable&, Range, Range) noexcept {}
  static Result<void> reserve_page_move(PageTable&, Range, Address) noexcept { return {}; }
  static Result<void> reserve_page(PageTable&, Address) noexcept { return {}; }
  static void install_page(PageTable&, Address) noexcept {}
  static void unreserve_pages(PageTable&) noexcept {}
  static Result<void> copy_pages(PageTable&, const PageTable&, Range) noexcept { return {}; }
};

using Partners = std::vector<const Area<Listener>*>;

class Notices : public ::testing::Test {
 protected:
  /// What the host is told during a call that succeeds.
  template <class Call>
  Lines told(Call&& call) {
    Listener::told.clear();
    Listener::partners.clear();
    EXPECT_TRUE(call());
    return std::exchange(Listener::told, {});
  }
  Lines protect(Land<Listener>& land, Range range, Protection protection) {
    return told([&] { return land.mprotect(range.start, range.length(), protection); });
  }
  Lines move(Land<Listener>& land, Range range, std::uint64_t to, RemapFlags adds = {}) {
    return told([&] {
      return land.mremap({.address = range.start,
                          .old_length = range.length(),
                          .new_length = range.length(),
                          .flags = fixed_move | adds,
                          .new_address = TestSpace::column(to)});
    });
  }
};

TEST_F(Notices, new_area_has_no_partner_and_was_nothing) {
  Land<Listener> land;
  EXPECT_EQ(told([&] { return land.map(columns(0, 2)); }), Lines{"mapped [0,2)"});
}

TEST_F(Notices, area_that_goes_is_told_as_it_was) {
  Land<Listener> land("AABB");
  EXPECT_EQ(told([&] { return land.munmap(TestSpace::column(0), 0x4000); }),
            (Lines{"unmapped [0,2)", "unmapped [2,4)"}));
}

TEST_F(Notices, split_tells_what_it_was_cut_off) {
  Land<Listener> land("AAAA");
  EXPECT_EQ(told([&] { return land.split(TestSpace::column(1)); }),
            (Lines{"split [0,1) off [1,4)", "resized [1,4) was [0,4)"}));
  EXPECT_EQ(Listener::partners[0], land.find(TestSpace::column(1)));
}

TEST_F(Notices, hole_in_an_area_is_a_resize_and_a_split) {
  Land<Listener> land("AAAA");
  EXPECT_EQ(told([&] { return land.munmap(TestSpace::column(1), 0x2000); }),
            (Lines{"resized [0,1) was [0,4)", "split [3,4) off [0,1)"}));
  EXPECT_EQ(Listener::partners[1], land.find(TestSpace::column(0)));
}

TEST_F(Notices, merge_tells_the_heir_of_what_goes) {
  Land<Listener> land("AABBAA");
  const Lines lines = protect(land, columns(2, 4), rw);
  ASSERT_EQ(lines.size(), 4u);
  EXPECT_EQ(lines[0], "protect [2,4) rw");
  EXPECT_EQ(lines[2], "merged away [2,4) into [0,6)");
  EXPECT_EQ(lines[3], "merged away [4,6) into [0,6)");
  const Area<Listener>* heir = land.find(TestSpace::column(0));
  EXPECT_EQ(Listener::partners, (Partners{nullptr, heir, heir}));
}

TEST_F(Notices, part_that_joins_its_neighbour_tells_both_old_ranges) {
  Land<Listener> land("AABB");
  const Lines lines = protect(land, columns(2, 3), rw);
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_EQ(lines[0], "protect [2,3) rw");
  EXPECT_TRUE(lines[1].ends_with(" [0,3) was [0,2)")) << lines[1];
  EXPECT_TRUE(lines[2].ends_with(" [3,4) was [2,4)")) << lines[2];
}

TEST_F(Notices, new_mapping_that_closes_a_hole_resizes_one_area_and_ends_the_other) {
  Land<Listener> land("AA..AA");
  EXPECT_EQ(told([&] { return land.map(columns(2, 4)); }),
            (Lines{"resized [0,6) was [0,2)", "merged away [4,6) into [0,6)"}));
}

TEST_F(Notices, flags_that_change_in_place_tell_the_area_alone) {
  Land<Listener> land("AABB");
  EXPECT_EQ(told([&] { return land.madvise(TestSpace::column(0), 0x4000, Advice::dont_fork); }),
            (Lines{"changed [0,2)", "changed [2,4)"}));
}

TEST_F(Notices, resize_tells_the_old_range) {
  Land<Listener> land("AA..");
  const auto resize = [&](std::uint64_t from, std::uint64_t to) {
    return told([&] {
      return land.mremap({.address = TestSpace::column(0),
                          .old_length = from << 12,
                          .new_length = to << 12,
                          .flags = {}});
    });
  };
  EXPECT_EQ(resize(2, 4), Lines{"resized [0,4) was [0,2)"});
  EXPECT_EQ(resize(4, 1), Lines{"resized [0,1) was [0,4)"});
}

TEST_F(Notices, stack_that_grows_tells_the_old_range) {
  Land<Listener> land;
  ASSERT_TRUE(land.map(columns(4, 6), 'A', map::grows_down));
  const Lines grown = told([&] { return land.grow_stack(TestSpace::column(3)); });
  EXPECT_EQ(grown.back(), "grown [3,6) was [4,6)");
}

TEST_F(Notices, move_tells_the_source_of_the_pages) {
  Land<Listener> land("AA..");
  EXPECT_EQ(move(land, columns(0, 2), 8),
            (Lines{"moved [8,a) from [0,2)", "move [0,2) 8", "unmapped [0,2)"}));
}

TEST_F(Notices, move_of_a_middle_tells_the_source_and_then_its_hole) {
  Land<Listener> land("AAAA");
  EXPECT_EQ(move(land, columns(1, 3), 8),
            (Lines{"moved [8,a) from [0,4)", "move [1,3) 8", "resized [0,1) was [0,4)",
                   "split [3,4) off [0,1)"}));
}

TEST_F(Notices, move_that_joins_is_a_resize_of_what_stood_there) {
  Land<Listener> land("AA......AA");
  EXPECT_EQ(move(land, columns(0, 2), 6),
            (Lines{"resized [6,a) was [8,a)", "move [0,2) 6", "unmapped [0,2)"}));
}

TEST_F(Notices, fork_tells_the_area_of_the_parent) {
  Land<Listener> parent("AABB.A");
  Land<Listener> child;
  EXPECT_EQ(told([&] { return parent.fork_into(child); }),
            (Lines{"forked [0,2) of [0,2)", "forked [2,4) of [2,4)", "forked [5,6) of [5,6)"}));
  const std::uint64_t starts[] = {0, 2, 5};
  for (unsigned i = 0; i < 3; ++i) {
    EXPECT_EQ(Listener::partners[i], parent.find(TestSpace::column(starts[i])));
  }
}

TEST_F(Notices, one_page_of_a_gibibyte_is_protected_as_one_page_once) {
  Land<Listener> land;
  ASSERT_TRUE(land.map(columns(0, 0x40000)));
  EXPECT_EQ(protect(land, columns(0x1234, 0x1235), prot::read),
            (Lines{"protect [1234,1235) r", "split [0,1234) off [1234,1235)",
                   "changed [1234,1235) was [0,40000)", "split [1235,40000) off [1234,1235)"}));
  EXPECT_EQ(protect(land, columns(0x1234, 0x1235), rw).front(), "protect [1234,1235) rw");
}

TEST_F(Notices, three_areas_that_join_are_protected_as_one_range) {
  Land<Listener> land("AABBCC");
  EXPECT_EQ(protect(land, columns(0, 6), prot::read | prot::exec).front(), "protect [0,6) rx");
  EXPECT_EQ(land.area_count(), 1u);
}

/// What has the protection already is not told of, wherever it joins.
TEST_F(Notices, only_what_changes_is_protected) {
  Land<Listener> land("AABBAA");
  Lines lines = protect(land, columns(0, 6), prot::read);
  std::erase_if(lines, [](const std::string& line) { return !line.starts_with("protect"); });
  EXPECT_EQ(lines, (Lines{"protect [0,2) r", "protect [4,6) r"}));
  EXPECT_EQ(land.area_count(), 1u);
  EXPECT_EQ(protect(land, columns(0, 6), prot::read), Lines{});
}

TEST_F(Notices, pages_keep_their_protection_where_flags_change_that_they_do_not_show) {
  Land<Listener> land("AAAA");
  const Lines lines =
      told([&] { return land.mlock(TestSpace::column(1), 0x1000, MlockMode::lock); });
  for (const std::string& line : lines) EXPECT_FALSE(line.starts_with("protect")) << line;
}

TEST_F(Notices, move_that_loses_userfault_protection_lifts_it_from_exactly_the_moved_pages) {
  Land<Listener> land("AA..");
  ASSERT_TRUE(land.register_userfault({TestSpace::column(0), 0x2000, 1, uffd::protect}));
  const Lines lines = move(land, columns(0, 2), 8);
  EXPECT_EQ(std::count(lines.begin(), lines.end(), "protect [8,a) rw"), 1);
  EXPECT_TRUE((land.find(TestSpace::column(8))->flags & flag::userfault).empty());
}

/// Before they are there, nothing can be lifted from them.
TEST_F(Notices, protection_is_lifted_from_moved_pages_once_they_are_there) {
  Land<Listener> land("AA..");
  ASSERT_TRUE(land.register_userfault({TestSpace::column(0), 0x2000, 1, uffd::protect}));
  EXPECT_EQ(move(land, columns(0, 2), 8), (Lines{"moved [8,a) from [0,2)", "move [0,2) 8",
                                                 "protect [8,a) rw", "unmapped [0,2)"}));
}

/// Its flags stay as they are; only the part between them changes hands.
TEST_F(Notices, area_of_a_walk_whose_edge_alone_moves_is_resized) {
  Land<Listener> part("AABB");
  EXPECT_EQ(protect(part, columns(2, 3), rw),
            (Lines{"protect [2,3) rw", "resized [0,3) was [0,2)", "resized [3,4) was [2,4)"}));
  Land<Listener> whole("AABBAA");
  EXPECT_EQ(protect(whole, columns(2, 4), rw),
            (Lines{"protect [2,4) rw", "resized [0,6) was [0,2)", "merged away [2,4) into [0,6)",
                   "merged away [4,6) into [0,6)"}));
}

/// Could be recorded, and is not.
struct Unheard : shims::UserlandOf<struct UnheardHost> {
  static shims::Recorder* recorder() noexcept { return nullptr; }
};
struct UnheardHost : shims::Recording<Unheard> {};

TEST(Recording, without_a_recorder_changes_nothing) {
  Land<UnheardHost> land("AABB");
  EXPECT_TRUE(land.munmap(TestSpace::column(1), 0x2000));
  EXPECT_TRUE(land.mprotect(TestSpace::column(3), 0x1000, rw));
  EXPECT_EQ(land.picture(), "A..A");
}

}  // namespace
}  // namespace vmarea::test
