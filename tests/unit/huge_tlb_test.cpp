// SPDX-License-Identifier: MIT
//
// Memory of huge pages (MAP_HUGETLB; rules 12.4), here of four pages each, so that pictures hold
// some: a letter for each area, and none ever joins another.
//
//   M  private      N  shared
#include <fmt/core.h>
#include <vmarea/types/huge_pages.hpp>

#include "support/stage.hpp"

namespace vmarea::test {
namespace {

constexpr unsigned shift = 14;
constexpr MapFlags huge_private = map::private_ | map::anonymous | map::huge_tlb | map::no_reserve;
constexpr MapFlags huge_shared = map::shared | map::anonymous | map::huge_tlb | map::no_reserve;

class HugeStage : public Stage {
 public:
  explicit HugeStage(std::string_view picture = "") {
    host().geometry.huge_page_shift = shift;
    build(picture);
  }
  Result<Address> map_huge(std::uint64_t first, std::uint64_t upto,
                           MapFlags flags = huge_private | map::fixed, std::uint64_t offset = 0) {
    return mmap({.address = column(first),
                 .length = (upto - first) << 12,
                 .protection = rw,
                 .flags = flags,
                 .offset = offset << 12});
  }
  /// The areas from column 0 on, as "[first,upto)offset in pages".
  std::string areas() {
    std::string text;
    for (const TestArea* at = find_at_or_above(state(), base); at != nullptr;
         at = find_at_or_above(state(), at->end)) {
      text += fmt::format("[{},{}){} ", (at->start - base) >> 12, (at->end - base) >> 12,
                          at->anonymous() ? 0 : at->page_offset);
    }
    return text.empty() ? text : text.substr(0, text.size() - 1);
  }
};

std::uint64_t bytes(std::uint64_t pages) {
  return pages << 12;
}

// ----- mmap

TEST(HugeTlb, length_is_rounded_up_to_whole_huge_pages) {
  HugeStage stage;
  EXPECT_TRUE(stage.map_huge(0, 1));
  EXPECT_TRUE(stage.map_huge(4, 9));
  EXPECT_EQ(stage.areas(), "[0,4)0 [4,12)0") << "each is a file of its own and joins nothing";
  EXPECT_EQ(stage.area(0)->flags, rw_flags.without(flag::account) | flag::huge_tlb |
                                      flag::dont_expand | flag::no_reserve);
  EXPECT_EQ(stage.area(0)->huge_page_shift(), shift);
  EXPECT_EQ(stage.state().totals.total, 12);
  EXPECT_EQ(stage.state().totals.data, 12);
  EXPECT_EQ(stage.state().charged, 0u);
  EXPECT_EQ(stage.host().shared_memories, 2u);
}

TEST(HugeTlb, file_behind_it_has_its_page_size_and_ends_with_it) {
  HugeStage stage;
  ASSERT_TRUE(stage.map_huge(0, 4, huge_shared | map::fixed));
  EXPECT_EQ(stage.area(0)->file->rules.page_shift, shift);
  EXPECT_TRUE(stage.area(0)->flags.has_all(flag::shared | flag::may_share));
  ASSERT_TRUE(stage.munmap(columns(0, 4)));
  EXPECT_EQ(stage.host().shared_memories, 0u);
}

TEST(HugeTlb, length_that_rounds_up_past_the_last_number_is_none) {
  HugeStage stage;
  for (const std::uint64_t length : {std::uint64_t{0}, ~std::uint64_t{0}, ~std::uint64_t{0x2fff}}) {
    EXPECT_EQ(stage.mmap({.length = length, .flags = huge_private}).code(), Error::invalid);
  }
  EXPECT_EQ(stage.mmap({.length = ~std::uint64_t{0x3fff}, .flags = huge_private}).code(),
            Error::no_memory);
}

TEST(HugeTlb, fixed_address_inside_a_huge_page_is_invalid_and_harmless) {
  HugeStage stage("AAAAAAAA");
  EXPECT_EQ(stage.map_huge(1, 5).code(), Error::invalid);
  EXPECT_EQ(stage.map_huge(1, 5, huge_private | map::fixed_noreplace).code(), Error::invalid);
  EXPECT_EQ(stage.map_huge(0, 4, huge_private | map::fixed_noreplace).code(), Error::exists);
  EXPECT_EQ(stage.picture(), "AAAAAAAA");
  EXPECT_TRUE(stage.map_huge(0, 1));
  EXPECT_EQ(stage.areas(), "[0,4)0 [4,8)0");
}

TEST(HugeTlb, hint_is_rounded_up_and_every_other_address_is_aligned) {
  HugeStage stage;
  EXPECT_EQ(*stage.map_huge(1, 2, huge_private), TestSpace::column(4));
  EXPECT_EQ(*stage.map_huge(4, 5, huge_private) % bytes(4), 0u) << "occupied: a place of its own";
  EXPECT_EQ(*stage.mmap({.length = bytes(1), .flags = huge_private}) % bytes(4), 0u);
}

TEST(HugeTlb, address_0_is_no_hint) {
  HugeStage stage;
  const Address base = stage.state().layout.mmap_base;
  EXPECT_EQ(*stage.mmap({.length = bytes(4), .flags = huge_private}),
            (base & ~(bytes(4) - 1)) - bytes(4));
}

TEST(HugeTlb, is_touched_where_that_is_asked_for_alone) {
  HugeStage stage;
  ASSERT_TRUE(stage.map_huge(0, 4));
  EXPECT_FALSE(stage.area(0)->identity);
  ASSERT_TRUE(stage.map_huge(4, 8, huge_private | map::fixed | map::populate));
  EXPECT_TRUE(stage.area(4)->identity);
  ASSERT_TRUE(stage.map_huge(8, 12, huge_private | map::fixed | map::populate | map::non_block));
  EXPECT_FALSE(stage.area(8)->identity);
}

TEST(HugeTlb, chooser_of_its_own_rounds_hints_down_and_knows_no_windows) {
  HugeStage stage;
  KernelProfile profile;
  profile.huge_pages_have_own_chooser = true;
  stage.host().profile = profile;
  EXPECT_EQ(*stage.map_huge(3, 4, huge_private), TestSpace::column(0));
  EXPECT_EQ(*stage.mmap({.address = 0x1000, .length = bytes(1), .flags = huge_private}),
            stage.host().geometry.placement_min & ~(bytes(4) - 1));
  const Result<Address> low =
      stage.mmap({.length = bytes(1), .flags = huge_private | map::low_32bit});
  EXPECT_GT(*low, Address{1} << 32);
}

TEST(HugeTlb, chooser_of_its_own_goes_elsewhere_where_the_hint_is_no_room) {
  HugeStage stage("....A...");
  stage.host().profile.huge_pages_have_own_chooser = true;
  const Address top = (stage.state().layout.mmap_base & ~(bytes(4) - 1)) - bytes(4);
  const auto at = [&](Address hint) {
    return *stage.space()
                .plan_mmap({.address = hint, .length = bytes(4), .flags = huge_private})
                .status();
  };
  EXPECT_EQ(at(TestSpace::column(1)), TestSpace::column(0));
  EXPECT_EQ(at(TestSpace::column(5)), top) << "its huge page is occupied";
  EXPECT_EQ(at(stage.host().geometry.limit), top) << "past the limit";
}

TEST(HugeTlb, length_that_no_hole_has_is_refused) {
  for (const bool own_chooser : {false, true}) {
    HugeStage stage;
    stage.host().profile.huge_pages_have_own_chooser = own_chooser;
    const std::uint64_t all = stage.host().geometry.limit & ~(bytes(4) - 1);
    EXPECT_EQ(stage.mmap({.length = all, .flags = huge_private}).code(), Error::no_memory);
    EXPECT_EQ(stage.count_areas(), 0u);
  }
}

TEST(HugeTlb, hole_needs_room_for_as_many_pages_as_an_address_can_be_off) {
  HugeStage stage;
  const Address top = stage.state().layout.mmap_base;
  const Address low = (top & ~(bytes(4) - 1)) - bytes(8);
  ASSERT_TRUE(
      stage.insert({.start = low + bytes(8), .end = top, .hooks = &no_hooks<TestServices>}));
  const Range barrier{stage.host().geometry.placement_min, low + bytes(1)};
  ASSERT_TRUE(
      stage.insert({.start = barrier.start, .end = barrier.end, .hooks = &no_hooks<TestServices>}));
  EXPECT_EQ(*stage.mmap({.length = bytes(4), .flags = huge_private}), low + bytes(4));
}

TEST(HugeTlb, size_in_the_flags_is_one_that_page_tables_have) {
  const auto named = [](unsigned size) {
    return map::huge_tlb | MapFlags(std::uint32_t{size} << 26);
  };
  const Geometry geometry;
  EXPECT_EQ(*huge_page_shift_of(geometry, map::huge_tlb), 21u);
  EXPECT_EQ(*huge_page_shift_of(geometry, named(21)), 21u);
  EXPECT_EQ(*huge_page_shift_of(geometry, named(30)), 30u);
  for (const unsigned unknown : {12u, 16u, 20u, 22u, 29u, 31u, 63u}) {
    EXPECT_EQ(huge_page_shift_of(geometry, named(unknown)).code(), Error::invalid) << unknown;
  }
  HugeStage stage;
  EXPECT_EQ(stage.map_huge(0, 4, huge_private | named(13)).code(), Error::invalid);
  EXPECT_EQ(*stage.map_huge(0, 4, huge_private | named(16)) % bytes(16), 0u);
}

TEST(HugeTlb, types_are_judged_as_those_of_a_file) {
  HugeStage stage;
  const MapFlags fixed = map::anonymous | map::huge_tlb | map::no_reserve | map::fixed;
  EXPECT_TRUE(stage.map_huge(0, 4, fixed | map::shared_validate));
  EXPECT_EQ(stage.map_huge(0, 4, fixed | map::shared_validate | map::sync).code(),
            Error::not_supported);
  EXPECT_EQ(stage.map_huge(0, 4, fixed).code(), Error::invalid);
  EXPECT_EQ(stage.map_huge(0, 4, fixed | map::droppable).code(), Error::invalid);
  EXPECT_EQ(stage.map_huge(0, 4, fixed | map::private_ | map::grows_down).code(), Error::invalid);
  EXPECT_EQ(stage.map_huge(0, 4, fixed | map::shared, std::uint64_t{1} << 51).code(),
            Error::overflow);
}

TEST(HugeTlb, empty_pool_is_noticed_when_the_old_areas_are_gone) {
  for (const MapFlags type : {map::private_, map::shared}) {
    HugeStage stage("AAAAAAAAAAAA");
    const MapFlags reserving = type | map::anonymous | map::huge_tlb | map::fixed;
    EXPECT_EQ(stage.map_huge(4, 8, reserving).code(), Error::no_memory);
    EXPECT_EQ(stage.picture(), "AAAA....AAAA");
    stage.host().limits.huge_pages_free_bytes = bytes(4);
    EXPECT_EQ(stage.map_huge(4, 12, reserving).code(), Error::no_memory);
    EXPECT_TRUE(stage.map_huge(4, 8, reserving));
    EXPECT_FALSE(stage.area(4)->flags.has_any(flag::no_reserve));
  }
}

TEST(HugeTlb, offset_inside_a_page_is_refused_and_harmless) {
  HugeStage stage("AAAAAAAA");
  EXPECT_EQ(stage
                .mmap({.address = TestSpace::column(0),
                       .length = bytes(4),
                       .flags = huge_private | map::fixed,
                       .offset = 0x10})
                .code(),
            Error::invalid);
  EXPECT_EQ(stage.picture(), "AAAAAAAA");
}

TEST(HugeTlb, offset_inside_a_huge_page_leaves_a_hole_too) {
  HugeStage stage("AAAAAAAA");
  EXPECT_EQ(stage.map_huge(0, 4, huge_private | map::fixed, 1).code(), Error::invalid);
  EXPECT_EQ(stage.picture(), "....AAAA");
  EXPECT_TRUE(stage.map_huge(0, 4, huge_private | map::fixed, 8));
  EXPECT_EQ(stage.areas(), "[0,4)8 [4,8)0");
}

TEST(HugeTlb, limits_count_it_and_come_before_its_own_errors) {
  HugeStage stage("AAAA");
  stage.host().limits.address_space_bytes = bytes(4);
  EXPECT_EQ(stage.map_huge(4, 8, huge_private | map::fixed, 1).code(), Error::no_memory);
  stage.host().limits.address_space_bytes = Limits::no_limit;
  stage.host().limits.data_bytes = stage.host().limits.data_bytes_hard = bytes(4);
  EXPECT_EQ(stage.map_huge(4, 8).code(), Error::no_memory);
  EXPECT_TRUE(stage.map_huge(4, 8, huge_shared | map::fixed)) << "which is no data";
  stage.host().limits.area_count_max = 1;
  EXPECT_EQ(stage.map_huge(12, 16).code(), Error::no_memory);
}

TEST(HugeTlb, no_reserve_is_honoured_under_strict_overcommit) {
  HugeStage stage;
  stage.host().limits.strict_overcommit = true;
  EXPECT_TRUE(stage.map_huge(0, 4));
  EXPECT_TRUE(stage.area(0)->flags.has_any(flag::no_reserve));
}

TEST(HugeTlb, is_never_locked_but_touched_where_it_was_to_be) {
  HugeStage stage;
  ASSERT_TRUE(stage.map_huge(0, 4, huge_private | map::fixed | map::locked));
  EXPECT_FALSE(stage.area(0)->flags.has_any(flag::lock_group));
  EXPECT_TRUE(stage.area(0)->identity);
  ASSERT_TRUE(stage.map_huge(4, 8));
  EXPECT_TRUE(stage.mlock(columns(5, 6), MlockMode::lock)) << "no cut, for nothing changes";
  EXPECT_EQ(stage.areas(), "[0,4)0 [4,8)0");
  EXPECT_EQ(stage.state().totals.locked, 0);
  EXPECT_TRUE(stage.area(4)->identity);
  stage.host().limits.may_lock_any = false;
  stage.host().limits.locked_bytes = 0;
  EXPECT_EQ(stage.map_huge(8, 12, huge_private | map::fixed | map::locked).code(),
            Error::not_permitted);
}

TEST(HugeTlb, read_gives_private_memory_an_identity) {
  HugeStage stage;
  ASSERT_TRUE(stage.map_huge(0, 4));
  ASSERT_TRUE(stage.touch(TestSpace::column(1), Touch::read));
  EXPECT_TRUE(stage.area(0)->identity);
  ASSERT_TRUE(stage.map_huge(4, 8, huge_shared | map::fixed));
  ASSERT_TRUE(stage.touch(TestSpace::column(4), Touch::read));
  EXPECT_FALSE(stage.area(4)->identity);
}

TEST(HugeTlb, file_of_huge_pages_needs_no_flag) {
  HugeStage stage;
  TestFile* file = stage.host().make_file();
  file->use_huge_pages(shift);
  const auto map_file = [&](std::uint64_t first, MapFlags adds, std::uint64_t offset = 0) {
    return stage.mmap({.address = TestSpace::column(first),
                       .length = bytes(1),
                       .protection = rw,
                       .flags = map::shared | adds,
                       .file = file,
                       .offset = bytes(offset)});
  };
  EXPECT_TRUE(map_file(0, map::fixed));
  EXPECT_EQ(*map_file(5, {}), TestSpace::column(8));
  EXPECT_EQ(map_file(1, map::fixed).code(), Error::invalid);
  EXPECT_TRUE(map_file(4, map::fixed | map::huge_tlb, 4)) << "whatever size the flags name";
  EXPECT_EQ(stage.areas(), "[0,4)0 [4,8)4 [8,12)0") << "which go on in the file and do not join";
  TestFile* plain = stage.host().make_file();
  EXPECT_EQ(
      stage.mmap({.length = bytes(4), .flags = map::shared | map::huge_tlb, .file = plain}).code(),
      Error::invalid);
}

// ----- cuts

TEST(HugeTlb, is_cut_between_huge_pages_alone) {
  struct Case {
    Range range;
    Error munmap;
    Error others;
    const char* after_munmap;
  };
  const Case cases[] = {
      {columns(0, 4), Error::none, Error::none, "[4,12)4"},
      {columns(4, 8), Error::none, Error::none, "[0,4)0 [8,12)8"},
      {columns(0, 1), Error::invalid, Error::invalid, "[0,12)0"},
      {columns(1, 4), Error::invalid, Error::invalid, "[0,12)0"},
      {columns(4, 6), Error::invalid, Error::invalid, "[0,4)0 [4,12)4"},  // The first cut stays.
      {columns(0, 12), Error::none, Error::none, ""},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.after_munmap);
    HugeStage unmapped, protected_, advised, sealed, bound;
    for (HugeStage* stage : {&unmapped, &protected_, &advised, &sealed, &bound}) {
      ASSERT_TRUE(stage->map_huge(0, 12));
    }
    EXPECT_EQ(unmapped.munmap(c.range).code(), c.munmap);
    EXPECT_EQ(unmapped.areas(), c.after_munmap);
    EXPECT_EQ(protected_.mprotect(c.range, prot::read).code(), c.others);
    EXPECT_EQ(advised.madvise(c.range, Advice::dont_fork).code(), c.others);
    EXPECT_EQ(sealed.mseal(c.range).code(), c.others);
    EXPECT_EQ(bound.mbind(c.range, 7).code(), c.others);
  }
}

TEST(HugeTlb, parts_that_are_alike_again_do_not_join) {
  HugeStage stage;
  ASSERT_TRUE(stage.map_huge(0, 12));
  ASSERT_TRUE(stage.mprotect(columns(4, 8), prot::read));
  ASSERT_TRUE(stage.mprotect(columns(4, 8), rw));
  EXPECT_EQ(stage.areas(), "[0,4)0 [4,8)4 [8,12)8");
}

TEST(HugeTlb, what_changes_nothing_may_name_a_part) {
  HugeStage stage;
  ASSERT_TRUE(stage.map_huge(0, 4));
  EXPECT_TRUE(stage.mprotect(columns(1, 2), rw));
  EXPECT_TRUE(stage.madvise(columns(1, 2), Advice::normal));
  EXPECT_TRUE(stage.msync(columns(1, 2), ms::sync));
  EXPECT_TRUE(stage.mincore(columns(1, 2)));
  EXPECT_EQ(stage.areas(), "[0,4)0");
}

TEST(HugeTlb, other_memory_over_a_part_is_refused) {
  HugeStage stage;
  ASSERT_TRUE(stage.map_huge(0, 8));
  EXPECT_EQ(stage.map_fixed(1, 2).code(), Error::invalid);
  EXPECT_EQ(stage.map_fixed(4, 5).code(), Error::invalid);
  EXPECT_TRUE(stage.map_fixed(4, 8));
  EXPECT_EQ(stage.areas(), "[0,4)0 [4,8)0");
}

// ----- madvise

TEST(HugeTlb, advice_that_drops_begins_at_a_huge_page_and_ends_anywhere) {
  HugeStage stage;
  ASSERT_TRUE(stage.map_huge(0, 8));
  for (const Advice advice : {Advice::dont_need, Advice::dont_need_locked}) {
    EXPECT_TRUE(stage.madvise(columns(0, 1), advice));
    EXPECT_TRUE(stage.madvise(columns(4, 8), advice));
    EXPECT_EQ(stage.madvise(columns(1, 8), advice).code(), Error::invalid);
  }
  for (const Advice advice : {Advice::free, Advice::cold, Advice::page_out, Advice::wipe_on_fork,
                              Advice::guard_install, Advice::guard_remove}) {
    EXPECT_EQ(stage.madvise(columns(0, 4), advice).code(), Error::invalid);
  }
  EXPECT_EQ(stage.madvise(columns(0, 4), Advice::remove).code(), Error::access_denied);
  EXPECT_EQ(stage.set_name(columns(0, 4), 3).code(), Error::bad_file);
}

// ----- mremap

TEST(HugeTlb, area_of_small_pages_with_its_flag_grows_as_others_do) {
  HugeStage stage;
  TestDescription area = stage.fresh(0, 1, flag::huge_tlb);
  area.hooks = &no_hooks<TestServices>;
  ASSERT_TRUE(stage.insert(area));
  EXPECT_TRUE(stage.mremap({TestSpace::column(0), bytes(1), bytes(3), {}, 0}));
  EXPECT_EQ(stage.shape(0), "[0,3)p0");
}

TEST(HugeTlb, mremap_rounds_lengths_up_and_never_grows_it) {
  struct Case {
    std::uint64_t from;
    std::uint64_t old_pages;
    std::uint64_t new_pages;
    RemapFlags flags;
    std::uint64_t to;
    Error error;
    const char* after;
  };
  const RemapFlags move = fixed_move, keep = remap::may_move | remap::dont_unmap;
  const Case cases[] = {
      {0, 12, 12, {}, 0, Error::none, "[0,12)0"},
      {0, 1, 3, {}, 0, Error::none, "[0,12)0"},
      {0, 12, 9, {}, 0, Error::none, "[0,12)0"},
      {0, 12, 8, {}, 0, Error::none, "[0,8)0"},
      {0, 12, 5, {}, 0, Error::none, "[0,8)0"},
      {1, 4, 4, {}, 0, Error::invalid, "[0,12)0"},
      {0, 4, 4, {}, 17, Error::invalid, "[0,12)0"},
      {0, 12, 13, remap::may_move, 0, Error::invalid, "[0,12)0"},
      {0, 0, 4, remap::may_move, 0, Error::invalid, "[0,12)0"},
      {0, 4, 4, keep, 0, Error::invalid, "[0,12)0"},
      {0, 1, 1, move, 16, Error::none, "[4,12)4 [16,20)0"},
      {4, 5, 5, move, 16, Error::none, "[0,4)0 [16,24)4"},
      {8, 4, 1, move, 16, Error::none, "[0,8)0 [16,20)8"},
      {0, 12, 4, move, 16, Error::none, "[16,20)0"},
      {0, 4, 4, move, 17, Error::invalid, "[0,12)0"},
      {2, 4, 4, move, 16, Error::invalid, "[0,12)0"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(fmt::format("{} {} -> {} to {}", c.from, c.old_pages, c.new_pages, c.to));
    for (const KernelProfile& profile : {linux_6_18, linux_6_12}) {
      HugeStage stage;
      stage.host().profile = profile;
      ASSERT_TRUE(stage.map_huge(0, 12));
      const Result<Address> moved = stage.mremap({.address = TestSpace::column(c.from),
                                                  .old_length = bytes(c.old_pages),
                                                  .new_length = bytes(c.new_pages),
                                                  .flags = c.flags,
                                                  .new_address = TestSpace::column(c.to)});
      EXPECT_EQ(moved.code(), c.error);
      EXPECT_EQ(stage.areas(), c.after);
    }
  }
}

TEST(HugeTlb, move_past_the_limit_by_rounding_is_invalid) {
  HugeStage stage;
  ASSERT_TRUE(stage.map_huge(0, 4));
  const Address last = stage.host().geometry.limit & ~(bytes(4) - 1);
  EXPECT_EQ(stage
                .mremap({.address = TestSpace::column(0),
                         .old_length = bytes(1),
                         .new_length = bytes(1),
                         .flags = fixed_move,
                         .new_address = last})
                .code(),
            Error::invalid);
}

TEST(HugeTlb, seal_is_told_before_a_part_of_a_huge_page) {
  HugeStage stage;
  ASSERT_TRUE(stage.map_huge(0, 4));
  ASSERT_TRUE(stage.mseal(columns(0, 4)));
  EXPECT_EQ(stage.move(1, 1, 16).code(), Error::not_permitted);
  EXPECT_EQ(stage.munmap(columns(1, 2)).code(), Error::not_permitted);
}

TEST(HugeTlb, each_share_of_a_move_is_rounded_by_itself) {
  HugeStage stage;
  ASSERT_TRUE(stage.map_huge(0, 4));
  ASSERT_TRUE(stage.map_fixed(4, 8));
  ASSERT_TRUE(stage.move(0, 5, 16));
  EXPECT_EQ(stage.areas(), "[5,8)0 [16,20)0 [20,21)0");
}

// ----- others

TEST(HugeTlb, remap_file_pages_takes_whole_huge_pages) {
  HugeStage stage;
  ASSERT_TRUE(stage.map_huge(0, 8, huge_shared | map::fixed));
  const auto remap = [&](std::uint64_t first, std::uint64_t pages, std::uint64_t offset) {
    return stage
        .remap_file_pages(
            {.address = TestSpace::column(first), .length = bytes(pages), .page_offset = offset})
        .code();
  };
  EXPECT_EQ(remap(0, 1, 4), Error::invalid);
  EXPECT_EQ(stage.areas(), "[0,8)0");
  EXPECT_EQ(remap(0, 4, 4), Error::none);
  EXPECT_EQ(stage.areas(), "[0,4)4 [4,8)4");
  EXPECT_EQ(remap(4, 4, 1), Error::invalid) << "noticed when the old area is gone";
  EXPECT_EQ(stage.areas(), "[0,4)4");
}

TEST(HugeTlb, fork_copies_private_memory_and_shares_the_rest) {
  HugeStage stage;
  ASSERT_TRUE(stage.map_huge(0, 4));
  ASSERT_TRUE(stage.map_huge(4, 8, huge_shared | map::fixed));
  const auto child = stage.fork();
  ASSERT_NE(child, nullptr);
  EXPECT_EQ(child->munmap(columns(0, 1)).code(), Error::invalid);
  EXPECT_EQ(child->area(4)->file, stage.area(4)->file);
}

TEST(HugeTlb, hooks_know_all_sizes_and_other_memory_has_no_bits_inside_a_huge_page) {
  const HugePageHooks<TestServices> made;
  for (unsigned size = 1; size < 40; ++size) {
    EXPECT_EQ(made.of_shift[size].page_shift, size);
    TestDescription area{};
    area.hooks = huge_page_hooks<TestServices>(size);
    EXPECT_EQ(area.huge_page_mask(), (std::uint64_t{1} << size) - 1);
  }
  EXPECT_EQ(TestDescription{}.huge_page_mask(), 0u);
}

}  // namespace
}  // namespace vmarea::test
