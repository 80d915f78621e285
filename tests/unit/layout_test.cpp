// SPDX-License-Identifier: MIT
//
// The layout follows the geometry: in spaces of all sizes mappings are placed, the heap and the
// stack grow, and every page can be had; a layout that was made for another size is refused.
#include <algorithm>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <vmarea/space/check.hpp>
#include <vmarea/vmarea.hpp>
#include <vmarea_shims/userland.hpp>

namespace vmarea::test {
namespace {

/// A host with any geometry, its promises checked.
struct Sized : shims::Checked<shims::UserlandOf<Sized>> {
  Geometry size{};
  Geometry geometry() const noexcept { return size; }
};
/// The same, unchecked.
struct Unchecked : shims::UserlandOf<Unchecked> {
  Geometry size{};
  Geometry geometry() const noexcept { return size; }
};

template <class Host = Sized>
Host host_of(const Geometry& geometry) {
  Host host;
  host.size = geometry;
  return host;
}

std::vector<Geometry> all_sizes() {
  std::vector<Geometry> sizes;
  for (const unsigned page_shift : {12U, 14U, 16U}) {
    for (const unsigned bits : {32U, 39U, 47U, 48U, 57U}) {
      sizes.push_back(Geometry::of({.page_shift = page_shift, .address_bits = bits}));
    }
  }
  return sizes;
}

std::string name_of(const Geometry& geometry) {
  return fmt::format("pages of {:#x}, limit {:#x}", geometry.page_size(), geometry.limit);
}

constexpr MapFlags anonymous = map::private_ | map::anonymous;

TEST(Layout, default_geometry_has_the_layout_of_linux_without_randomisation) {
  constexpr Geometry geometry = Geometry::of({});
  EXPECT_EQ(geometry.limit, Geometry{}.limit);
  EXPECT_EQ(geometry.huge_page_shift, Geometry{}.huge_page_shift);
  EXPECT_EQ(geometry.placement_min, Geometry{}.placement_min);
  EXPECT_EQ(geometry.fixed_min, Geometry{}.fixed_min);
  constexpr SpaceLayout layout = SpaceLayout::for_geometry(geometry);
  EXPECT_EQ(layout.mmap_base, 0x7fff'f7ff'f000U);
  EXPECT_EQ(layout.legacy_base, 0x2aaa'aaaa'b000U);
  EXPECT_EQ(layout.start_brk, 0x5555'5555'5000U);
  EXPECT_EQ(AddressSpace<shims::Userland>().layout(), layout);
}

/// As seen of programs on a running kernel, one of them with the personality ADDR_LIMIT_3GB.
TEST(Layout, guest_of_32_bits_has_the_layout_of_linux_without_randomisation) {
  constexpr Geometry geometry = Geometry::of_guest_32bit();
  EXPECT_TRUE(geometry.guest_32bit());
  EXPECT_EQ(geometry.limit, 0xffff'e000U);
  constexpr SpaceLayout layout = SpaceLayout::for_geometry(geometry);
  EXPECT_EQ(layout.mmap_base, 0xf7ff'e000U);
  EXPECT_EQ(layout.legacy_base, 0x5555'5000U);
  constexpr Geometry small = Geometry::of_guest_32bit(0xc000'0000);
  EXPECT_EQ(SpaceLayout::for_geometry(small).mmap_base, 0xb800'0000U);
  EXPECT_EQ(SpaceLayout::for_geometry(small).legacy_base, 0x4000'0000U);
}

TEST(Layout, floor_of_a_geometry_is_a_page_at_least) {
  EXPECT_EQ(Geometry::of({.page_shift = 18}).placement_min, 0x4'0000U);
  EXPECT_EQ(Geometry::of({.page_shift = 18}).fixed_min, 0x4'0000U);
}

TEST(Layout, stack_has_a_sixth_of_a_small_space) {
  Geometry geometry;
  geometry.limit = 6 << 24;
  EXPECT_EQ(SpaceLayout::for_geometry(geometry).mmap_base, 5U << 24);
}

TEST(Layout, fits_in_spaces_of_all_sizes) {
  for (const Geometry& geometry : all_sizes()) {
    const SpaceLayout layout = SpaceLayout::for_geometry(geometry);
    EXPECT_EQ(check_layout(layout, geometry), LayoutVerdict::fits) << name_of(geometry);
    EXPECT_GE(geometry.limit - layout.mmap_base, std::uint64_t{64} << 20) << "room for a stack";
    EXPECT_LT(layout.legacy_base, layout.start_brk);
    EXPECT_LT(layout.start_brk, layout.mmap_base);
    EXPECT_TRUE(geometry.aligned(layout.start_brk));
  }
}

TEST(Layout, fits_in_the_smallest_spaces) {
  for (const std::uint64_t pages : {17U, 18U, 20U, 32U, 64U, 512U, 4096U}) {
    Geometry geometry;
    geometry.limit = pages * geometry.page_size();
    const SpaceLayout layout = SpaceLayout::for_geometry(geometry);
    EXPECT_EQ(check_layout(layout, geometry), LayoutVerdict::fits) << pages;
    EXPECT_GE(layout.legacy_base, geometry.placement_min) << pages;
    AddressSpace<Sized> space(host_of(geometry));
    EXPECT_TRUE(space.mmap({.length = 1, .flags = anonymous})) << pages;
  }
}

TEST(Layout, mappings_are_placed_from_the_top_and_from_the_bottom) {
  for (const Geometry& geometry : all_sizes()) {
    SCOPED_TRACE(name_of(geometry));
    SpaceLayout layout = SpaceLayout::for_geometry(geometry);
    const std::uint64_t length = 3 * geometry.page_size();
    AddressSpace<Sized> top_down(host_of(geometry));
    EXPECT_EQ(*top_down.mmap({.length = length, .flags = anonymous}), layout.mmap_base - length);
    EXPECT_EQ(*top_down.mmap({.length = length, .flags = anonymous}),
              layout.mmap_base - 2 * length);

    layout.top_down = false;
    AddressSpace<Sized> bottom_up(host_of(geometry), layout);
    EXPECT_EQ(*bottom_up.mmap({.length = length, .flags = anonymous}), layout.legacy_base);
    EXPECT_EQ(*bottom_up.mmap({.length = length, .flags = anonymous}), layout.legacy_base + length);
  }
}

TEST(Layout, heap_grows_from_its_start_and_shrinks) {
  for (const Geometry& geometry : all_sizes()) {
    SCOPED_TRACE(name_of(geometry));
    AddressSpace<Sized> space(host_of(geometry));
    const Address start = space.brk(0);
    EXPECT_EQ(start, space.layout().start_brk);
    EXPECT_EQ(space.brk(start + 0x12345), start + 0x12345);
    EXPECT_EQ(space.find(start)->range(), (Range{start, geometry.round_up(start + 0x12345)}));
    EXPECT_EQ(space.brk(start + 1), start + 1);
    EXPECT_EQ(space.find(start)->length(), geometry.page_size());
  }
}

TEST(Layout, stack_at_the_top_has_its_eight_megabytes) {
  for (const Geometry& geometry : all_sizes()) {
    SCOPED_TRACE(name_of(geometry));
    AddressSpace<Sized> space(host_of(geometry));
    ASSERT_TRUE(space.insert_initial_stack(geometry.limit));
    ASSERT_TRUE(space.mmap({.length = 1, .flags = anonymous}));
    const Address lowest = geometry.limit - (std::uint64_t{8} << 20);
    EXPECT_TRUE(space.grow_stack(lowest));
    EXPECT_NE(space.find(lowest), nullptr);
  }
}

/// Maps what a call finds, the largest first, until there is no page left.
std::uint64_t fill(AddressSpace<Sized>& space, const Geometry& geometry) {
  std::uint64_t length = geometry.round_down(geometry.limit);
  std::uint64_t filled = 0;
  while (length >= geometry.page_size()) {
    const auto at = space.mmap({.length = length, .flags = anonymous | map::no_reserve});
    if (at) {
      filled += length;
    } else {
      EXPECT_EQ(at.error(), Error::no_memory);
      length = geometry.round_down(length / 2);
    }
  }
  return filled;
}

TEST(Layout, every_page_above_the_floor_is_found) {
  for (const Geometry& geometry : all_sizes()) {
    SCOPED_TRACE(name_of(geometry));
    AddressSpace<Sized> space(host_of(geometry));
    EXPECT_EQ(fill(space, geometry), geometry.limit - geometry.placement_min);
    EXPECT_EQ(space.area_count(), 1U) << "equal areas are one";
    const Broken broken = check(space.state());
    EXPECT_FALSE(broken) << broken.what;
  }
}

TEST(Layout, every_page_below_the_limit_can_be_mapped_by_address) {
  for (const Geometry& geometry : all_sizes()) {
    SCOPED_TRACE(name_of(geometry));
    AddressSpace<Sized> space(host_of(geometry));
    const auto whole =
        space.mmap({.address = 0, .length = geometry.limit, .flags = anonymous | map::fixed});
    ASSERT_TRUE(whole);
    EXPECT_EQ(*whole, 0U);
    EXPECT_EQ(space
                  .mmap({.address = geometry.limit,
                         .length = geometry.page_size(),
                         .flags = anonymous | map::fixed})
                  .error(),
              Error::no_memory);
  }
}

struct Misfit {
  LayoutVerdict verdict;
  SpaceLayout layout;
  Geometry geometry = Geometry::of({.address_bits = 32});
};

std::vector<Misfit> misfits() {
  const Geometry narrow = Geometry::of({.address_bits = 32});
  const SpaceLayout good = SpaceLayout::for_geometry(narrow);
  const auto with = [&](auto change) {
    SpaceLayout layout = good;
    change(layout);
    return layout;
  };
  Geometry odd_limit = narrow;
  odd_limit.limit += 1;
  Geometry odd_floor = narrow;
  odd_floor.placement_min += 1;
  Geometry high_floor = narrow;
  high_floor.placement_min = narrow.limit;
  const Address limit = narrow.limit;
  return {
      {LayoutVerdict::limit_misaligned, good, odd_limit},
      {LayoutVerdict::floor_misaligned, good, odd_floor},
      {LayoutVerdict::floor_above_limit, good, high_floor},
      {LayoutVerdict::mmap_base_misaligned, with([](auto& l) { l.mmap_base += 1; })},
      {LayoutVerdict::mmap_base_above_limit, SpaceLayout{}},
      {LayoutVerdict::mmap_base_below_floor, with([](auto& l) { l.mmap_base = 0x1'0000; })},
      {LayoutVerdict::legacy_base_misaligned, with([](auto& l) { l.legacy_base += 1; })},
      {LayoutVerdict::legacy_base_above_limit, with([=](auto& l) { l.legacy_base = limit; })},
      {LayoutVerdict::break_above_limit, with([=](auto& l) { l.brk = limit + 1; })},
      {LayoutVerdict::break_below_start, with([](auto& l) { l.brk = l.start_brk - 1; })},
      {LayoutVerdict::data_above_limit, with([=](auto& l) { l.end_data = limit + 1; })},
      {LayoutVerdict::data_reversed, with([](auto& l) { l.start_data = 1; })},
      {LayoutVerdict::stack_above_limit, with([=](auto& l) { l.start_stack = limit + 1; })},
  };
}

TEST(Layout, what_does_not_fit_is_told_with_a_sentence_of_its_own) {
  std::vector<std::string> sentences{describe(LayoutVerdict::fits)};
  for (const Misfit& misfit : misfits()) {
    const std::string sentence = describe(misfit.verdict);
    SCOPED_TRACE(sentence);
    EXPECT_EQ(check_layout(misfit.layout, misfit.geometry), misfit.verdict);
    EXPECT_EQ(std::count(sentences.begin(), sentences.end(), sentence), 0);
    sentences.push_back(sentence);
  }
  EXPECT_EQ(sentences.size(), static_cast<std::size_t>(LayoutVerdict::stack_above_limit) + 1);
  EXPECT_STREQ(describe(static_cast<LayoutVerdict>(sentences.size())), "unknown");
}

TEST(Layout, break_may_lie_anywhere_and_the_base_of_the_other_way_does_not_matter) {
  SpaceLayout layout = SpaceLayout::for_geometry({});
  layout.start_brk = 0x12'3456;
  layout.brk = 0x12'3457;
  EXPECT_EQ(check_layout(layout, {}), LayoutVerdict::fits);
  layout.top_down = false;
  layout.mmap_base = 1;
  EXPECT_EQ(check_layout(layout, {}), LayoutVerdict::fits);
}

TEST(LayoutDeathTest, checked_host_refuses_a_misfit_with_its_sentence) {
  const Geometry narrow = Geometry::of({.address_bits = 32});
  EXPECT_DEATH(AddressSpace<Sized>(host_of(narrow), SpaceLayout{}),
               "vmarea: broken promise: mmap_base is above the limit of the space");
}

TEST(Layout, unchecked_host_is_told_that_a_misfit_is_invalid_and_not_that_memory_ran_out) {
  const Geometry narrow = Geometry::of({.address_bits = 32});
  SpaceLayout layout;
  layout.top_down = false;
  AddressSpace<Unchecked> space(host_of<Unchecked>(narrow), layout);
  EXPECT_EQ(space.mmap({.length = 0x1000, .flags = anonymous}).error(), Error::invalid);
  EXPECT_EQ(space.mmap({.length = narrow.limit, .flags = anonymous}).error(), Error::invalid);
  EXPECT_TRUE(space.mmap({.address = 0x10000, .length = 0x1000, .flags = anonymous | map::fixed}));
  AddressSpace<Unchecked> from_above(host_of<Unchecked>(narrow), SpaceLayout{});
  EXPECT_EQ(from_above.mmap({.length = 0x1000, .flags = anonymous}).error(), Error::invalid);
  EXPECT_EQ(from_above.area_count(), 0u);
}

// Placement for a host with larger pages.

Geometry on_host(unsigned placement_shift, unsigned address_bits = 32) {
  Geometry geometry = Geometry::of({.address_bits = address_bits});
  geometry.placement_shift = placement_shift;
  return geometry;
}

TEST(PlacementAlignment, up_to_a_page_is_none) {
  EXPECT_EQ(Geometry{}.placement_mask(), 0U);
  EXPECT_EQ(on_host(12).placement_mask(), 0U);
  EXPECT_EQ(on_host(14).placement_mask(), 0x3fffU);
}

TEST(PlacementAlignment, chosen_addresses_are_multiples_of_a_page_of_the_host) {
  for (const bool top_down : {true, false}) {
    for (const unsigned shift : {14U, 16U}) {
      const Geometry geometry = on_host(shift);
      SpaceLayout layout = SpaceLayout::for_geometry(geometry);
      layout.top_down = top_down;
      layout.mmap_base -= 0x3000;
      layout.legacy_base += 0x3000;
      AddressSpace<Sized> space(host_of(geometry), layout);
      Address before = 0;
      for (std::uint64_t pages = 1; pages < 40; ++pages) {
        const auto at = space.mmap({.length = pages << 12, .flags = anonymous});
        ASSERT_TRUE(at);
        EXPECT_EQ(*at & geometry.placement_mask(), 0U) << pages;
        EXPECT_NE(*at, before);
        before = *at;
      }
    }
  }
}

TEST(PlacementAlignment, hint_is_rounded_down_and_a_fixed_address_stays) {
  AddressSpace<Sized> space(host_of(on_host(14)));
  EXPECT_EQ(*space.mmap({.address = 0x50'3000, .length = 0x1000, .flags = anonymous}), 0x50'0000U);
  EXPECT_EQ(*space.mmap({.address = 0x60'3000, .length = 0x1000, .flags = anonymous | map::fixed}),
            0x60'3000U);
  const auto taken = space.mmap({.address = 0x50'1000, .length = 0x1000, .flags = anonymous});
  EXPECT_EQ(*taken & 0x3fff, 0U);
  EXPECT_GT(*taken, 0x1000'0000U) << "the page of the host is taken";
}

TEST(PlacementAlignment, move_and_low_memory_obey_it) {
  AddressSpace<Sized> space(host_of(on_host(16)));
  const auto low = space.mmap({.length = 0x1000, .flags = anonymous | map::low_32bit});
  EXPECT_EQ(*low, 0x4000'0000U);
  ASSERT_TRUE(
      space.mmap({.address = *low + 0x1000, .length = 0x1000, .flags = anonymous | map::fixed}));
  const auto moved = space.mremap(
      {.address = *low, .old_length = 0x1000, .new_length = 0x3000, .flags = remap::may_move});
  ASSERT_TRUE(moved);
  EXPECT_EQ(*moved & 0xffff, 0U);
}

TEST(PlacementAlignment, file_at_an_offset_inside_a_page_of_the_host_gets_no_huge_pages) {
  const Geometry geometry = on_host(14);
  shims::File<Sized> file{.rules = {.placement = Placement::huge_pages}};
  AddressSpace<Sized> space(host_of(geometry));
  for (const std::uint64_t offset : {0x0U, 0x4000U, 0x1000U, 0x7000U}) {
    const auto at =
        space.mmap({.length = 0x80'0000, .flags = map::private_, .file = &file, .offset = offset});
    ASSERT_TRUE(at);
    EXPECT_EQ(*at & geometry.placement_mask(), 0U) << offset;
    const bool congruent = ((*at - offset) & (geometry.huge_page_size() - 1)) == 0;
    EXPECT_EQ(congruent, (offset & geometry.placement_mask()) == 0) << offset;
  }
}

/// Every page of the host from the floor on is used, by mappings of one page of the guest each.
TEST(PlacementAlignment, last_hole_is_found_although_it_has_no_room_for_padding) {
  for (const bool top_down : {true, false}) {
    Geometry geometry = on_host(14);
    geometry.limit = 0x10'0000;
    SpaceLayout layout = SpaceLayout::for_geometry(geometry);
    layout.top_down = top_down;
    if (!top_down) layout.legacy_base = geometry.placement_min;
    AddressSpace<Sized> space(host_of(geometry), layout);
    std::uint64_t count = 0;
    while (space.mmap({.length = 0x1000, .flags = anonymous})) ++count;
    EXPECT_EQ(count, (geometry.limit - geometry.placement_min) >> 14) << top_down;
    ASSERT_TRUE(space.munmap(0x4'4000, 0x1000));
    EXPECT_EQ(space.mmap({.length = 0x8000, .flags = anonymous}).error(), Error::no_memory);
    EXPECT_EQ(*space.mmap({.length = 0x4000, .flags = anonymous}), 0x4'4000U);
  }
}

/// Holes of a page of the host each; only the middle one is a page of the host.
TEST(PlacementAlignment, holes_that_are_long_enough_but_lie_across_two_pages_are_passed) {
  for (const bool top_down : {true, false}) {
    Geometry geometry = on_host(14);
    geometry.limit = 0x4'0000;
    SpaceLayout layout = SpaceLayout::for_geometry(geometry);
    layout.top_down = top_down;
    layout.mmap_base = geometry.limit;
    layout.legacy_base = geometry.placement_min;
    AddressSpace<Sized> space(host_of(geometry), layout);
    ASSERT_TRUE(
        space.mmap({.address = 0, .length = geometry.limit, .flags = anonymous | map::fixed}));
    for (const Address hole : {0x1'1000U, 0x2'4000U, 0x3'1000U}) {
      ASSERT_TRUE(space.munmap(hole, 0x4000));
    }
    EXPECT_EQ(*space.mmap({.length = 0x4000, .flags = anonymous}), 0x2'4000U) << top_down;
    EXPECT_EQ(space.mmap({.length = 0x4000, .flags = anonymous}).error(), Error::no_memory);
  }
}

TEST(PlacementAlignment, exact_hole_below_a_stack_keeps_its_guard_gap) {
  Geometry geometry = on_host(14);
  geometry.limit = 0x200'0000;
  SpaceLayout layout = SpaceLayout::for_geometry(geometry);
  AddressSpace<Sized> space(host_of(geometry), layout);
  // [floor, 0x40000) mapped, 0x40000 free, then the gap of 256 pages, a stack, and all mapped.
  const auto put = [&](Address start, Address end, MapFlags adds = {}) {
    ASSERT_TRUE(space.mmap(
        {.address = start, .length = end - start, .flags = anonymous | map::fixed | adds}));
  };
  put(0x1'0000, 0x4'0000);
  put(0x14'4000, 0x14'5000, map::grows_down);
  put(0x14'5000, geometry.limit);
  EXPECT_EQ(space.mmap({.length = 0x8000, .flags = anonymous}).error(), Error::no_memory);
  EXPECT_EQ(*space.mmap({.length = 0x4000, .flags = anonymous}), 0x4'0000U);
  EXPECT_EQ(space.mmap({.length = 0x1000, .flags = anonymous}).error(), Error::no_memory);
}

}  // namespace
}  // namespace vmarea::test
