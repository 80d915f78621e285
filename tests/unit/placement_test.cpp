// SPDX-License-Identifier: MIT
//
// Where a mapping goes that asks for no fixed address (rules 17, replaced by part
// 2 of linux_6_18), and the gap search below it, both ways.
//
//   page   10 ... 1ff                              a small space: mappings from the top of it,
//   base   ^ lowest    ^ mmap_base = 0x100         then upwards from legacy_base = 0x80
#include "support/stage.hpp"

namespace vmarea::test {
namespace {

constexpr Address page = 0x1000;
constexpr Address huge = 0x20'0000;
constexpr std::uint64_t mmap_base = 0x100;
constexpr std::uint64_t legacy_base = 0x80;

/// A space whose pictures begin at page 0x80, so that all that counts can be drawn.
class Small {
 public:
  Small() : space(TestServices(set_up(host)), layout()) {}

  void put(std::uint64_t first, std::uint64_t upto, Flags adds = {}) {
    TestDescription area{.start = first * page, .end = upto * page, .page_offset = first};
    area.flags = flag::read | flag::may_access | adds;
    EXPECT_TRUE(space.insert(area)) << first;
  }
  /// The page where a mapping was placed, 0 if none.
  std::uint64_t map(std::uint64_t pages, std::uint64_t hint = 0, MapFlags adds = {}) {
    const auto at = space.mmap({.address = hint * page,
                                .length = pages * page,
                                .protection = prot::read | prot::exec,
                                .flags = map::private_ | map::anonymous | adds});
    return at ? *at / page : 0;
  }
  std::uint64_t lowest(GapRequest request) {
    return answer(find_lowest_fit(space.state(), request));
  }
  std::uint64_t highest(GapRequest request) {
    return answer(find_highest_fit(space.state(), request));
  }

  TestState host;
  AddressSpace<TestServices> space;

 private:
  static TestState& set_up(TestState& host) {
    host.geometry.limit = 0x200 * page;
    host.limits.stack_guard_gap_pages = 4;
    return host;
  }
  static SpaceLayout layout() {
    return {.mmap_base = mmap_base * page, .legacy_base = legacy_base * page};
  }
  static std::uint64_t answer(Result<Address> found) { return found ? *found / page : 0; }
};

constexpr GapRequest in(std::uint64_t low, std::uint64_t high, std::uint64_t pages) {
  return {.length = pages * page, .low = low * page, .high = high * page};
}
/// The same at a multiple of four pages, or so many behind one.
constexpr GapRequest aligned_in(std::uint64_t low, std::uint64_t high, std::uint64_t pages,
                                std::uint64_t remainder = 0) {
  GapRequest request = in(low, high, pages);
  request.align_mask = 4 * page - 1;
  request.align_offset = remainder * page;
  return request;
}

TEST(GapSearch, both_ways_find_the_nearest_hole_that_is_large_enough) {
  Small s;
  s.put(0x20, 0x30);
  s.put(0x32, 0x40);
  s.put(0x44, 0x50);
  EXPECT_EQ(s.lowest(in(0x20, 0x60, 1)), 0x30u);
  EXPECT_EQ(s.lowest(in(0x20, 0x60, 2)), 0x30u) << "an exact fit";
  EXPECT_EQ(s.lowest(in(0x20, 0x60, 3)), 0x40u);
  EXPECT_EQ(s.lowest(in(0x20, 0x60, 5)), 0x50u);
  EXPECT_EQ(s.lowest(in(0x20, 0x60, 17)), 0u);
  EXPECT_EQ(s.highest(in(0x20, 0x4e, 1)), 0x43u);
  EXPECT_EQ(s.highest(in(0x20, 0x4e, 4)), 0x40u) << "an exact fit";
  EXPECT_EQ(s.highest(in(0x10, 0x4e, 5)), 0x1bu);
  EXPECT_EQ(s.highest(in(0x20, 0x4e, 5)), 0u);
}

TEST(GapSearch, window_bounds_the_whole_fit) {
  Small s;
  EXPECT_EQ(s.lowest(in(0x30, 0x34, 4)), 0x30u);
  EXPECT_EQ(s.highest(in(0x30, 0x34, 4)), 0x30u);
  EXPECT_EQ(s.lowest(in(0x30, 0x34, 5)), 0u);
  EXPECT_EQ(s.highest(in(0x30, 0x34, 5)), 0u);
  EXPECT_EQ(s.lowest(in(0x34, 0x34, 1)), 0u);
  EXPECT_EQ(s.lowest(in(0x34, 0x30, 1)), 0u);
  EXPECT_EQ(find_lowest_fit(s.space.state(), in(0, 0, 1)).code(), Error::no_memory);
  EXPECT_EQ(find_highest_fit(s.space.state(), in(0, 0, 1)).code(), Error::no_memory);
}

TEST(GapSearch, alignment_is_padded_for_the_worst_case) {
  Small s;
  s.put(0x20, 0x30);
  s.put(0x38, 0x40);
  GapRequest request = aligned_in(0x20, 0x60, 4);
  EXPECT_EQ(s.lowest(request), 0x30u);
  request.length = 8 * page;
  EXPECT_EQ(s.lowest(request), 0x40u) << "the exact aligned fit at 30 is refused";
  request.align_offset = 2 * page;
  EXPECT_EQ(s.lowest(request), 0x42u);
  EXPECT_EQ(s.highest(request), 0x56u);
}

TEST(GapSearch, alignment_leaves_any_remainder_that_is_asked_for) {
  Small s;
  s.put(0x20, 0x40);
  EXPECT_EQ(s.lowest(aligned_in(0x20, 0x60, 8, 1)), 0x41u);
  EXPECT_EQ(s.highest(aligned_in(0x20, 0x60, 8, 1)), 0x55u);
}

TEST(GapSearch, hole_with_room_for_padding_serves_at_its_end) {
  Small s;
  s.put(0x20, 0x31);
  s.put(0x39, 0x40);
  EXPECT_EQ(s.lowest(aligned_in(0x20, 0x60, 4)), 0x34u);
}

TEST(GapSearch, exact_fit_ends_with_its_window) {
  Small s;
  GapRequest request = aligned_in(0x31, 0x33, 1);
  EXPECT_EQ(find_lowest_exact_fit(s.space.state(), request).code(), Error::no_memory);
  request.high = 0x35 * page;
  EXPECT_EQ(find_lowest_exact_fit(s.space.state(), request), Result<Address>(0x34 * page));
}

TEST(GapSearch, length_that_overflows_with_its_padding_finds_nothing) {
  Small s;
  GapRequest request = aligned_in(0x20, 0x60, 1);
  request.length = ~std::uint64_t{0} - page;
  EXPECT_EQ(s.lowest(request), 0u);
  EXPECT_EQ(s.highest(request), 0u);
  request.length = page;
  request.start_gap = ~std::uint64_t{0};
  EXPECT_EQ(s.lowest(request), 0u);
  EXPECT_EQ(s.highest(request), 0u);
}

TEST(GapSearch, guard_gap_of_a_stack_stays_free) {
  Small s;
  s.put(0x20, 0x30);
  s.put(0x38, 0x40, flag::grows_down);
  EXPECT_EQ(s.lowest(in(0x20, 0x60, 4)), 0x30u);
  EXPECT_EQ(s.lowest(in(0x20, 0x60, 5)), 0x40u) << "from the stack's end on";
  EXPECT_EQ(s.highest(in(0x20, 0x40, 4)), 0x30u);
  EXPECT_EQ(s.highest(in(0x10, 0x40, 5)), 0x1bu);
}

TEST(GapSearch, guard_gap_that_would_begin_below_0_leaves_nothing_below) {
  Small s;
  s.host.limits.stack_guard_gap_pages = 0x100;
  s.put(0x20, 0x30, flag::grows_down);
  EXPECT_EQ(s.lowest(in(0x10, 0x60, 1)), 0x30u);
  EXPECT_EQ(s.highest(in(0x10, 0x30, 1)), 0u);
}

TEST(GapSearch, range_that_wraps_is_not_free) {
  Small s;
  s.put(0x20, 0x30);
  const Area<TestServices>* above = nullptr;
  EXPECT_TRUE(is_free(s.space.state(), 0x10 * page, 0x10 * page, above));
  EXPECT_FALSE(is_free(s.space.state(), 0x10 * page, 0 - page, above));
}

TEST(GapSearch, exact_fit_stays_in_its_window) {
  Small s;
  EXPECT_EQ(find_highest_exact_fit(s.space.state(), aligned_in(0x31, 0x33, 1)).code(),
            Error::no_memory)
      << "the next address below begins before it";
  GapRequest last = aligned_in(0, 0, 1);
  last.low = 0 - 3 * page;
  last.high = 0 - page;
  EXPECT_EQ(find_lowest_exact_fit(s.space.state(), last).code(), Error::no_memory)
      << "the next address above is past the last number";
}

TEST(GapSearch, shadow_stack_keeps_one_page_free) {
  Small s;
  s.put(0x20, 0x30);
  s.put(0x34, 0x40, flag::shadow_stack | flag::write);
  EXPECT_EQ(s.highest(in(0x20, 0x40, 3)), 0x30u);
  EXPECT_EQ(s.highest(in(0x20, 0x40, 4)), 0u);
}

TEST(GapSearch, start_gap_of_the_request_stays_free_below_it) {
  Small s;
  s.put(0x20, 0x30);
  GapRequest request = in(0x20, 0x40, 2);
  request.start_gap = page;
  EXPECT_EQ(s.lowest(request), 0x31u);
  request.length = 15 * page;
  EXPECT_EQ(s.highest(request), 0x31u);
  request.length = 16 * page;
  EXPECT_EQ(s.highest(request), 0u);
}

TEST(Placement, goes_top_down_from_the_base_and_fills_holes) {
  Small s;
  EXPECT_EQ(s.map(2), mmap_base - 2);
  EXPECT_EQ(s.map(2), mmap_base - 4);
  EXPECT_TRUE(s.space.munmap((mmap_base - 2) * page, page));
  EXPECT_EQ(s.map(1), mmap_base - 2);
}

TEST(Placement, hint_is_taken_where_it_is_free) {
  Small s;
  s.put(0x50, 0x54);
  s.put(0x70, 0x74, flag::grows_down);
  struct Case {
    std::uint64_t hint, pages, wanted;
  };
  const std::uint64_t top = mmap_base - 2;
  for (const Case& c :
       {Case{0x40, 2, 0x40}, Case{0x4e, 2, 0x4e}, Case{0x4f, 2, top}, Case{0x54, 2, 0x54},
        Case{0x6a, 2, 0x6a}, Case{0x6b, 2, top}, Case{0x74, 2, 0x74}, Case{0x1ff, 2, top}}) {
    Small fresh;
    fresh.put(0x50, 0x54);
    fresh.put(0x70, 0x74, flag::grows_down);
    EXPECT_EQ(fresh.map(c.pages, c.hint), c.wanted) << c.hint;
  }
  EXPECT_EQ(s.map(1, 0x200), mmap_base - 1) << "past the limit";
}

TEST(Placement, hint_is_rounded_down_and_raised_to_the_minimum) {
  Small s;
  const auto at = [&](Address hint) {
    return s.space
        .plan_mmap({.address = hint, .length = page, .flags = map::private_ | map::anonymous})
        .status();
  };
  EXPECT_EQ(at(0x40fff), Result<Address>(0x40000));
  EXPECT_EQ(at(0x1000), Result<Address>(0x10000));
  EXPECT_EQ(at(0xfff), Result<Address>((mmap_base - 1) * page)) << "no hint at all";
}

TEST(Placement, space_below_the_base_that_is_full_goes_bottom_up_from_the_legacy_base) {
  Small s;
  s.put(0x10, 0xf0);
  EXPECT_EQ(s.map(16), 0xf0u);
  EXPECT_EQ(s.map(16), mmap_base) << "also right of the base";
  EXPECT_EQ(s.map(0xf0), 0x110u);
  EXPECT_EQ(s.map(1), 0u);
}

TEST(Placement, bottom_up_layout_never_uses_what_is_below_its_base) {
  Small s;
  s.space.state().layout.top_down = false;
  EXPECT_EQ(s.map(2), legacy_base);
  EXPECT_EQ(s.map(2), legacy_base + 2);
  s.put(legacy_base + 4, 0x200);
  EXPECT_EQ(s.map(1), 0u);
}

TEST(Placement, stack_is_put_on_its_lower_neighbour_and_the_next_search_stays_below_its_gap) {
  Small s;
  s.put(0x10, 0xfe);
  EXPECT_EQ(s.map(2, 0, map::grows_down), 0xfeu);
  Small t;
  EXPECT_EQ(t.map(1, 0, map::grows_down), mmap_base - 1);
  EXPECT_EQ(t.map(1), mmap_base - 1 - 4 - 1);
}

// From here on the space is as large as a program's.
Address place_in_full(TestMmap request, void (*prepare)(Stage&) = nullptr) {
  Stage stage;
  if (prepare != nullptr) prepare(stage);
  const auto at = stage.mmap(request);
  return at ? *at : 0;
}
constexpr MapFlags anonymous = map::private_ | map::anonymous;
constexpr Address top = SpaceLayout{}.mmap_base;

TEST(Placement, low_32_bits_are_searched_bottom_up_between_1_and_2_gib) {
  EXPECT_EQ(place_in_full({.length = page, .flags = anonymous | map::low_32bit}), 0x4000'0000u);
  EXPECT_EQ(
      place_in_full({.address = 0x2000'0000, .length = page, .flags = anonymous | map::low_32bit}),
      0x2000'0000u)
      << "a hint is honoured first";
  EXPECT_EQ(place_in_full({.length = 0x4000'1000, .flags = anonymous | map::low_32bit}), 0u);
}

/// Seen on a running 6.18.44.
TEST(Placement, hint_for_low_32_bits_counts_where_all_of_it_ends_below_2_gib) {
  const auto place = [](Address hint) {
    return place_in_full(
        {.address = hint, .length = 2 * page, .flags = anonymous | map::low_32bit});
  };
  EXPECT_EQ(place(0x7fff'e000), 0x7fff'e000u) << "ends there";
  EXPECT_EQ(place(0x7fff'f000), 0x4000'0000u) << "ends a page above";
  EXPECT_EQ(place(0x9000'0000), 0x4000'0000u);
  EXPECT_EQ(place(0x2000'0000'0000), 0x4000'0000u);
  EXPECT_EQ(
      place_in_full(
          {.address = 0x1000'0000, .length = 0x8000'1000, .flags = anonymous | map::low_32bit}),
      0u)
      << "longer than all that is below";
}

TEST(Placement, above_4_gib_bounds_the_search_but_not_the_hint) {
  const auto nearly_full = [](Stage& stage) {
    stage.state().layout.mmap_base = (Address{1} << 32) + page;
  };
  const TestMmap request{.length = 2 * page, .flags = anonymous | map::above_4g};
  EXPECT_EQ(place_in_full(request, nearly_full), SpaceLayout{}.legacy_base);
  TestMmap hinted = request;
  hinted.address = 0x5000'0000;
  EXPECT_EQ(place_in_full(hinted, nearly_full), 0x5000'0000u);
  const auto unknown = [](Stage& stage) {
    stage.state().layout.mmap_base = (Address{1} << 32) + page;
    stage.host().profile = linux_6_1;
  };
  EXPECT_EQ(place_in_full(request, unknown), (Address{1} << 32) - page) << "not known before 6.2";
}

TEST(Placement, length_that_leaves_no_room_for_alignment_is_placed_without) {
  const auto to_the_last_page = [](Stage& stage) {
    stage.host().geometry.limit = stage.state().layout.mmap_base = 0 - page;
  };
  EXPECT_EQ(place_in_full({.length = 0 - huge, .flags = anonymous}, to_the_last_page), huge - page);
}

TEST(Placement, multiples_of_huge_pages_are_aligned) {
  const Address aligned = (top - huge) & ~(huge - 1);
  EXPECT_EQ(place_in_full({.length = huge, .flags = anonymous}), aligned);
  EXPECT_EQ(place_in_full({.length = huge, .flags = anonymous, .offset = page}), aligned)
      << "whatever the offset argument";
  EXPECT_EQ(place_in_full({.length = huge + page, .flags = anonymous}), top - huge - page);
  EXPECT_EQ(place_in_full({.length = huge, .flags = map::shared | map::anonymous}), top - huge);
  EXPECT_EQ(place_in_full({.address = 0x1'0000'0000, .length = huge, .flags = anonymous}),
            0x1'0000'0000u);
  EXPECT_EQ(place_in_full({.length = huge, .flags = anonymous},
                          [](Stage& s) { s.host().profile.places_for_huge_pages = false; }),
            top - huge);
}

TEST(Placement, guest_of_32_bits_is_not_placed_for_huge_pages) {
  const auto of_32_bits = [](Stage& s) {
    s.host().geometry = Geometry::of_guest_32bit();
    s.state().layout = SpaceLayout::for_geometry(s.host().geometry);
  };
  EXPECT_EQ(place_in_full({.length = huge, .flags = anonymous}, of_32_bits), 0xf7ff'e000 - huge);
}

TEST(Placement, room_above_the_limit_of_the_geometry_is_none) {
  Stage stage;
  stage.state().layout.mmap_base = stage.host().geometry.limit + 16 * page;
  EXPECT_EQ(stage.mmap({.length = page, .flags = anonymous}).code(), Error::invalid);
}

TEST(Placement, hint_of_anonymous_memory_needs_no_more_room_than_its_length) {
  constexpr Address hint = 0x1'0000'0000;
  const auto hole_of_its_length = [](Stage& s) {
    EXPECT_TRUE(s.mmap({.address = hint + huge, .length = page, .flags = fixed_private}));
  };
  EXPECT_EQ(
      place_in_full({.address = hint, .length = huge, .flags = anonymous}, hole_of_its_length),
      hint);
}

TEST(Placement, result_that_is_congruent_already_moves_up_on_a_top_down_space) {
  const auto aligned_base = [](Stage& s) { s.state().layout.mmap_base = 1024 * huge; };
  EXPECT_EQ(place_in_full({.length = huge, .flags = anonymous}, aligned_base), 1023 * huge);
}

TEST(Placement, file_of_a_helping_file_system_is_congruent_to_its_offset) {
  Stage stage;
  TestFile* file = stage.host().make_file({.placement = Placement::huge_pages});
  const auto at = [&](std::uint64_t offset, std::uint64_t length, Address hint = 0) {
    return *stage.space()
                .plan_mmap({.address = hint,
                            .length = length,
                            .flags = map::private_,
                            .file = file,
                            .offset = offset})
                .status();
  };
  EXPECT_EQ(at(3 * page, 2 * huge) % huge, 3 * page);
  EXPECT_EQ(at(3 * page, huge), top - huge) << "no whole aligned block";
  EXPECT_EQ(at(0, huge, huge * 16), huge * 16);
  ASSERT_TRUE(stage.mmap({.address = 17 * huge, .length = page, .flags = fixed_private}));
  EXPECT_NE(at(0, huge, huge * 16), huge * 16) << "a hint needs 2 MiB more than the length";
}

}  // namespace
}  // namespace vmarea::test
