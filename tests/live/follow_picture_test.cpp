// SPDX-License-Identifier: MIT
//
// The parts of the picture of a life: its rows and pieces, its axis, its words.
#include <array>
#include <cstdint>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "live/follow/address_axis.hpp"
#include "live/follow/life_rows.hpp"
#include "live/follow/svg_picture.hpp"
#include "live/follow/svg_text.hpp"

namespace {

using follow::AddressAxis;
using follow::AreaChange;
using follow::LifeMark;
using follow::LifeRow;
using follow::LifeRows;
using follow::MarkPlace;
using follow::ShownArea;

constexpr std::uint64_t page = 0x1000;

ShownArea area_at(std::uint64_t first, std::uint64_t end) {
  ShownArea area;
  area.range = {first * page, end * page};
  area.flags = vmarea::flag::read;
  return area;
}

LifeRow row_of(std::uint64_t number) {
  LifeRow row;
  row.first_call = row.last_call = number;
  row.text = "mmap " + std::to_string(number);
  row.names["mmap"] = 1;
  return row;
}

AreaChange adding(const ShownArea& area) {
  AreaChange change;
  change.added.push_back(area);
  return change;
}

AreaChange removing(const ShownArea& area) {
  AreaChange change;
  change.removed.push_back(area);
  return change;
}

/// "FIRST-END: rows FIRST-END", in pages.
std::string print(const LifeRows& life) {
  std::string text;
  for (const auto& piece : life.pieces()) {
    text += (text.empty() ? "" : ", ") + std::to_string(piece.range.start / page) + "-" +
            std::to_string(piece.range.end / page) + ": rows " + std::to_string(piece.first_row) +
            "-" + std::to_string(piece.end_row);
  }
  return text;
}

TEST(LifeRows, piece_lasts_from_the_row_that_made_it_to_the_one_that_ended_it) {
  LifeRows life;
  life.begin({}, {area_at(0, 4)});
  life.add(row_of(1), adding(area_at(8, 9)));
  AreaChange cut;
  cut.changed.emplace_back(area_at(0, 4), area_at(0, 2));
  cut.splits.push_back(2 * page);
  life.add(row_of(2), cut);
  EXPECT_EQ(print(life), "0-4: rows 0-2, 0-2: rows 2-3, 8-9: rows 1-3");
  EXPECT_EQ(life.marks(), (std::set<MarkPlace>{{2, 2 * page, LifeMark::split}}));
  EXPECT_EQ(life.events_per_row(), 1u);
}

TEST(LifeRows, joined_rows_count_what_came_and_went_within_one) {
  LifeRows life;
  life.begin({}, {area_at(0, 4)});
  life.add(row_of(1), adding(area_at(8, 9)));
  life.add(row_of(2), adding(area_at(20, 21)));
  life.add(row_of(3), removing(area_at(20, 21)));
  life.coarsen();
  ASSERT_EQ(life.rows().size(), 2u);
  EXPECT_EQ(life.events_per_row(), 2u);
  EXPECT_EQ(life.unseen_pieces(), 1u);
  EXPECT_EQ(print(life), "0-4: rows 0-2, 8-9: rows 0-2");
  EXPECT_EQ(life.rows()[1].first_call, 2u);
  EXPECT_EQ(life.rows()[1].last_call, 3u);
  EXPECT_EQ(life.rows()[1].names.at("mmap"), 2u);
  life.add(row_of(4), adding(area_at(30, 31)));
  EXPECT_EQ(life.rows().size(), 3u);
  life.add(row_of(5), removing(area_at(30, 31)));
  EXPECT_EQ(life.rows().size(), 3u);
  EXPECT_EQ(life.unseen_pieces(), 2u);
}

TEST(LifeRows, neither_rows_nor_ended_pieces_grow_without_bounds) {
  LifeRows life({.rows = 32, .pieces = 100});
  life.begin({}, {});
  std::uint64_t number = 0;
  for (std::uint64_t i = 0; i < 10'000; ++i) {
    life.add(row_of(++number), adding(area_at(i % 64 * 2, i % 64 * 2 + 1)));
    if (i >= 8) {
      const std::uint64_t old = (i - 8) % 64 * 2;
      life.add(row_of(++number), removing(area_at(old, old + 1)));
    }
    ASSERT_LE(life.rows().size(), 32u);
    ASSERT_LE(life.pieces().size(), 16u * 9u + 9u);
  }
  EXPECT_EQ(life.rows().back().last_call, number);
  std::uint64_t events = 0;
  for (const LifeRow& row : life.rows()) events += row.events;
  EXPECT_EQ(events, number + 1) << "the row it begins with, and all calls";
  EXPECT_GT(life.unseen_pieces(), 9'000u);
}

TEST(LifeRows, areas_that_all_end_leave_rows_enough_to_see_them_end) {
  constexpr std::uint64_t count = 1'000;
  LifeRows life({.rows = 32, .pieces = 100});
  life.begin({}, {});
  for (std::uint64_t i = 0; i < count; ++i)
    life.add(row_of(i + 1), adding(area_at(2 * i, 2 * i + 1)));
  for (std::uint64_t i = 0; i < count; ++i) {
    life.add(row_of(count + i + 1), removing(area_at(2 * i, 2 * i + 1)));
  }
  EXPECT_GT(life.rows().size(), 15u);
}

TEST(AddressAxis, holes_are_gaps_of_one_width_and_pages_stay_visible) {
  const AddressAxis axis({{0x10000, 0x11000}, {0x5000'0000, 0x5100'0000}, {~page << 12, ~page}},
                         300);
  ASSERT_EQ(axis.runs().size(), 3u);
  const double first_gap = axis.place_of(0x5000'0000) - axis.place_of(0x11000);
  const double second_gap = axis.place_of(axis.runs()[2].start) - axis.place_of(0x5100'0000);
  EXPECT_NEAR(first_gap, second_gap, 1e-9);
  EXPECT_GT(first_gap, 5);
  EXPECT_EQ(axis.place_of(0x10000), 0);
  EXPECT_GT(axis.place_of(0x11000), 5);
  EXPECT_NEAR(axis.place_of(axis.runs()[2].end), 300, 1e-9);
}

TEST(AddressAxis, places_grow_with_addresses_and_ranges_that_touch_are_one_run) {
  const AddressAxis axis({{0x3000, 0x6000}, {0x1000, 0x3000}, {0x2000, 0x4000}}, 100);
  ASSERT_EQ(axis.runs().size(), 1u);
  EXPECT_EQ(axis.piece_count(), 4u);
  double last = -1;
  for (std::uint64_t at = 0x1000; at <= 0x6000; at += 0x800) {
    EXPECT_GT(axis.place_of(at), last);
    last = axis.place_of(at);
  }
  EXPECT_FALSE(axis.shows(0xfff));
  EXPECT_TRUE(axis.shows(0x1000));
  EXPECT_TRUE(axis.shows(0x6000));
  EXPECT_FALSE(axis.shows(0x6001));
}

TEST(SvgText, names_are_bytes_of_any_kind) {
  EXPECT_EQ(follow::xml_text("<a href=\"x\">&</a>"), "&lt;a href=&quot;x&quot;&gt;&amp;&lt;/a&gt;");
  EXPECT_EQ(follow::xml_text("caf\xc3\xa9"), "caf\xc3\xa9");
  EXPECT_EQ(follow::xml_text("\x01\x1b\x7f\xff"),
            "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
  EXPECT_EQ(follow::xml_text("a\nb"), "a\nb");
}

TEST(SvgText, shortened_between_letters) {
  EXPECT_EQ(follow::shorten("libcrypto", 9), "libcrypto");
  EXPECT_EQ(follow::shorten("libcrypto", 5), "libc\u2026");
  EXPECT_EQ(follow::shorten("caf\xc3\xa9s", 5), "caf\u2026") << "no letter is cut into bytes";
}

TEST(SvgText, sizes_and_calls_are_short) {
  EXPECT_EQ(follow::print_size(23), "23 B");
  EXPECT_EQ(follow::print_size(0x1000), "4 KiB");
  EXPECT_EQ(follow::print_size(0x1800), "6 KiB");
  EXPECT_EQ(follow::print_size(3ull << 29), "1.5 GiB");
  EXPECT_EQ(follow::print_size(~0ull), "16384 PiB");
  const auto call = [](int number, std::array<std::uint64_t, 6> arguments) {
    return follow::print_short({.kind = follow::find_call_kind(static_cast<std::uint64_t>(number)),
                                .arguments = arguments});
  };
  EXPECT_EQ(call(SYS_mmap, {0, 0x2000, PROT_READ | PROT_EXEC, MAP_PRIVATE, 3, 0}),
            "mmap 8 KiB r-x file");
  EXPECT_EQ(call(SYS_mmap, {0, 0x2000, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS}), "mmap 8 KiB ---");
  EXPECT_EQ(call(SYS_madvise, {0, page, MADV_DONTNEED}), "madvise 4 KiB DONTNEED");
  EXPECT_EQ(call(SYS_madvise, {0, page, 77}), "madvise 4 KiB 77");
  EXPECT_EQ(call(SYS_mremap, {0, page, 2 * page, 1}), "mremap 4 KiB to 8 KiB");
  EXPECT_EQ(call(SYS_brk, {0x1000}), "brk");
}

TEST(DrawnLife, nothing_is_a_picture_too) {
  LifeRows life;
  const std::string picture = follow::draw_life(life, {"No program was followed", {}});
  EXPECT_NE(picture.find("No program was followed"), std::string::npos);
  EXPECT_TRUE(picture.ends_with("</svg>\n"));
}

TEST(DrawnLife, many_areas_make_no_large_picture_and_are_counted) {
  LifeRows life;
  life.begin(row_of(0), {});
  for (std::uint64_t i = 0; i < 20'000; ++i) {
    ShownArea area = area_at(i, i + 1);
    if (i % 2 == 0) area.flags = vmarea::flag::read | vmarea::flag::write;
    life.add(row_of(i + 1), adding(area));
  }
  const std::string picture = follow::draw_life(life, {"many", {}});
  EXPECT_LT(picture.size(), 2'000'000u);
  EXPECT_NE(picture.find("Each row is 512 calls"), std::string::npos);
  EXPECT_NE(picture.find("20000 areas too narrow to be seen apart"), std::string::npos);
  EXPECT_NE(picture.find("areas of r--p rw-p, drawn together"), std::string::npos);
}

}  // namespace
