// SPDX-License-Identifier: MIT
//
// The switches of KernelProfile that concern mremap, each both ways (rules 14.1
// to 14.5, 31).
#include <string>

#include "support/stage.hpp"

namespace vmarea::test {
namespace {

constexpr RemapFlags keeps = remap::may_move | remap::dont_unmap;
constexpr RemapFlags keeps_fixed = keeps | remap::fixed;

struct Outcome {
  std::string picture;
  Error error;
  friend bool operator==(const Outcome&, const Outcome&) = default;
  friend void PrintTo(const Outcome& outcome, std::ostream* out) {
    *out << outcome.picture << " with errno " << static_cast<int>(outcome.error);
  }
};

Outcome remap_under(const KernelProfile& profile, const char* picture, const MremapRequest& request,
                    void (*prepare)(Stage&) = nullptr) {
  Stage stage(picture);
  stage.host().profile = profile;
  if (prepare != nullptr) prepare(stage);
  const Result<Address> at = stage.mremap(request);
  return {stage.picture(), at.code()};
}

MremapRequest move_of(std::uint64_t from, std::uint64_t old_pages, std::uint64_t new_pages,
                      std::uint64_t to, RemapFlags flags = fixed_move) {
  return {.address = TestSpace::column(from),
          .old_length = old_pages << 12,
          .new_length = new_pages << 12,
          .flags = flags,
          .new_address = TestSpace::column(to)};
}

constexpr KernelProfile late_checks{.remap_checks = RemapChecks::after_clearing};

/// What a refused move has done to its destination and its tail before.
TEST(RemapProfile, checks_before_or_after_the_destination_is_cleared) {
  struct Case {
    const char* name;
    const char* before;
    MremapRequest request;
    Error error;
    const char* late;
    void (*prepare)(Stage&) = nullptr;
  };
  const Case cases[] = {
      {"old length 0 of private memory", "AA..BB", move_of(0, 0, 2, 4), Error::invalid, "AA...."},
      {"DONTUNMAP of what cannot grow", "OO..BB", move_of(0, 2, 2, 4, keeps_fixed), Error::invalid,
       "OO...."},
      {"growth of what cannot grow", "OO..BBB", move_of(0, 2, 3, 4), Error::bad_address, "OO....."},
      {"past the end of the area", "AA..BBBB", move_of(0, 3, 4, 4), Error::bad_address, "AA......"},
      {"lock limit", "LL..BBB", move_of(0, 2, 3, 4), Error::try_again, "LL.....",
       [](Stage& s) {
         s.host().limits.may_lock_any = false;
         s.host().limits.locked_bytes = 0x2000;
       }},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    EXPECT_EQ(remap_under(linux_6_18, c.before, c.request, c.prepare),
              (Outcome{c.before, c.error}));
    EXPECT_EQ(remap_under(late_checks, c.before, c.request, c.prepare), (Outcome{c.late, c.error}));
    EXPECT_EQ(remap_under(linux_6_12, c.before, c.request, c.prepare), (Outcome{c.late, c.error}));
    KernelProfile strict = linux_6_12;
    strict.partial_effects = PartialEffects::all_or_nothing;
    EXPECT_EQ(remap_under(strict, c.before, c.request, c.prepare), (Outcome{c.before, c.error}));
  }
}

/// The tail is gone, too: what is left is checked as it stands then.
TEST(RemapProfile, tail_of_a_shrinking_move_goes_before_the_late_checks) {
  const MremapRequest request = move_of(0, 8, 3, 10);
  EXPECT_EQ(remap_under(linux_6_18, "AA..BBBB..CCC", request),
            (Outcome{"AA..BBBB..CCC", Error::bad_address}));
  EXPECT_EQ(remap_under(linux_6_12, "AA..BBBB..CCC", request),
            (Outcome{"AA...........", Error::bad_address}));
}

/// Growth over an old mapping has room where the old one stood, if that is cleared first.
TEST(RemapProfile, limits_count_the_destination_or_what_is_left_of_it) {
  const auto full = [](Stage& s) { s.host().limits.address_space_bytes = 0x5000; };
  const auto full_of_locks = [](Stage& s) {
    s.host().limits.may_lock_any = false;
    s.host().limits.locked_bytes = 0x5000;
  };
  const MremapRequest request = move_of(0, 2, 3, 4);
  EXPECT_EQ(remap_under(linux_6_18, "AA..BBB", request, full),
            (Outcome{"AA..BBB", Error::no_memory}));
  EXPECT_EQ(remap_under(linux_6_12, "AA..BBB", request, full), (Outcome{"....AAA", Error::none}));
  EXPECT_EQ(remap_under(linux_6_18, "LL..LLL", request, full_of_locks),
            (Outcome{"LL..LLL", Error::try_again}));
  EXPECT_EQ(remap_under(linux_6_12, "LL..LLL", request, full_of_locks),
            (Outcome{"....lll", Error::none}));
}

/// Without a source, arguments that only moves have are not looked at.
TEST(RemapProfile, source_before_or_after_the_arguments_of_moves) {
  struct Case {
    const char* name;
    MremapRequest request;
    Error early;
    Error late;
  };
  MremapRequest odd = move_of(6, 1, 1, 8);
  odd.new_address += 1;
  MremapRequest odd_sealed = move_of(2, 1, 1, 8);
  odd_sealed.new_address += 1;
  MremapRequest uneven = move_of(0, 1, 1, 8, keeps);
  uneven.old_length -= 1;
  MremapRequest huge = move_of(6, 1, 1, 0, remap::may_move);
  huge.new_length = std::uint64_t{1} << 60;
  MremapRequest huge_growth = huge;
  huge_growth.address = TestSpace::base;
  const Case cases[] = {
      {"odd address, no source", odd, Error::invalid, Error::bad_address},
      {"odd address, sealed source", odd_sealed, Error::invalid, Error::not_permitted},
      {"overlap, no source", move_of(6, 2, 2, 7), Error::invalid, Error::bad_address},
      {"overlap, sealed source", move_of(2, 2, 2, 3), Error::invalid, Error::not_permitted},
      {"DONTUNMAP with lengths that only round to the same", uneven, Error::none, Error::invalid},
      {"longer than any space, no source", huge, Error::invalid, Error::bad_address},
      {"longer than any space", huge_growth, Error::invalid, Error::no_memory},
      {"unknown flag, no source", move_of(6, 1, 1, 8, RemapFlags(8)), Error::invalid,
       Error::invalid},
      {"FIXED without MAYMOVE, no source", move_of(6, 1, 1, 8, remap::fixed), Error::invalid,
       Error::invalid},
      {"length 0, no source", move_of(6, 1, 0, 8, {}), Error::invalid, Error::invalid},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    EXPECT_EQ(remap_under(linux_6_18, "AAX", c.request).error, c.early);
    EXPECT_EQ(remap_under(late_checks, "AAX", c.request).error, c.late);
    EXPECT_EQ(remap_under(linux_6_12, "AAX", c.request).error, c.late);
  }
}

TEST(RemapProfile, map_count_before_or_after_the_source) {
  const auto full = [](Stage& s) { s.host().limits.area_count_max = 6; };
  EXPECT_EQ(remap_under(linux_6_18, "AAX", move_of(6, 1, 1, 8), full).error, Error::no_memory);
  EXPECT_EQ(remap_under(linux_6_12, "AAX", move_of(6, 1, 1, 8), full).error, Error::bad_address);
  EXPECT_EQ(remap_under(linux_6_18, "AAX", move_of(2, 1, 1, 8), full).error, Error::no_memory);
  EXPECT_EQ(remap_under(linux_6_12, "AAX", move_of(2, 1, 1, 8), full).error, Error::not_permitted);
  EXPECT_EQ(remap_under(linux_6_12, "AAX", move_of(0, 1, 1, 8), full).error, Error::no_memory);
  EXPECT_EQ(remap_under(linux_6_12, "AAX", move_of(0, 1, 1, 8), nullptr).error, Error::none);
}

/// How full a space may be for a call: by how many areas it has to stay below the limit.
TEST(RemapProfile, map_count_of_every_call) {
  const auto room_needed = [](RemapCount rule, const char* picture, const MremapRequest& request) {
    KernelProfile profile;
    profile.remap_count = rule;
    std::uint64_t room = 0;
    const auto is_refused = [&] {
      Stage stage(picture);
      stage.host().profile = profile;
      stage.host().limits.area_count_max = stage.count_areas() + room;
      const Error error = stage.mremap(request).code();
      return error == Error::no_memory || error == Error::bad_address;
    };
    while (room < 9 && is_refused()) ++room;
    return room;
  };
  struct Case {
    const char* name;
    const char* picture;
    MremapRequest request;
    std::uint64_t given_places;
    std::uint64_t every_call;
    std::uint64_t with_source;
  };
  const Case cases[] = {
      {"unchanged", "AAB", move_of(0, 2, 2, 0, {}), 0, 4, 4},
      {"shrinking", "AAB", move_of(0, 2, 1, 0, {}), 0, 4, 4},
      {"growing in place", "AA.B", move_of(0, 2, 3, 0, {}), 0, 4, 4},
      {"moving anywhere", "AAB", move_of(0, 2, 3, 0, remap::may_move), 4, 4, 4},
      {"moving to a place", "AAB", move_of(0, 2, 2, 8), 6, 4, 4},
      {"staying", "AAB", move_of(0, 2, 2, 8, keeps_fixed), 6, 4, 5},
      {"staying locked", "LLB", move_of(0, 2, 2, 8, keeps_fixed), 6, 4, 5},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    EXPECT_EQ(room_needed(RemapCount::given_places, c.picture, c.request), c.given_places);
    EXPECT_EQ(room_needed(RemapCount::every_call, c.picture, c.request), c.every_call);
    EXPECT_EQ(room_needed(RemapCount::every_call_and_source, c.picture, c.request), c.with_source);
  }
  const auto full = [](Stage& s) { s.host().limits.area_count_max = 5; };
  EXPECT_EQ(remap_under(linux_7_2, "AAX", move_of(6, 1, 1, 0, {}), full).error, Error::no_memory)
      << "asked before the source is looked up";
  EXPECT_EQ(remap_under(linux_7_2, "AAX", move_of(6, 1, 0, 0, {}), full).error, Error::invalid)
      << "and behind the arguments";
}

/// A source that stays makes one area more each time, until the limit is near.
TEST(RemapProfile, map_count_before_each_of_several_moves) {
  const auto moved = [](RemapCount rule, const char* picture) {
    KernelProfile profile;
    profile.remap_count = rule;
    profile.kept_locks = KeptLocks::cut_out;
    Stage stage;
    stage.legend['O'] = {.protection = prot::read, .adds = flag::locked};
    stage.host().profile = profile;
    stage.build(picture);
    const std::size_t before = stage.count_areas();
    stage.host().limits.area_count_max = before + 6;
    EXPECT_EQ(stage.mremap(move_of(0, 8, 8, 8, keeps_fixed)).code(), Error::no_memory);
    return stage.count_areas() - before;
  };
  EXPECT_EQ(moved(RemapCount::given_places, "ABABABAB"), 3u);
  EXPECT_EQ(moved(RemapCount::every_call, "ABABABAB"), 5u);
  EXPECT_EQ(moved(RemapCount::every_call_and_source, "ABABABAB"), 5u);
  EXPECT_EQ(moved(RemapCount::every_call, "LOLOLOLO"), 5u);
  EXPECT_EQ(moved(RemapCount::every_call_and_source, "LOLOLOLO"), 4u) << "each may be cut";
}

TEST(RemapProfile, several_areas_or_one) {
  const MremapRequest request = move_of(0, 4, 4, 6);
  EXPECT_EQ(remap_under(linux_6_18, "AABB..CCCC", request), (Outcome{"......AABB", Error::none}));
  constexpr KernelProfile one{.remap_moves_several_areas = false};
  EXPECT_EQ(remap_under(one, "AABB..CCCC", request), (Outcome{"AABB..CCCC", Error::bad_address}));
  EXPECT_EQ(remap_under(linux_6_12, "AABB..CCCC", request),
            (Outcome{"AABB......", Error::bad_address}));
}

/// 6.18: the area that holds the source afterwards is unlocked, all of it.
TEST(RemapProfile, locks_of_a_kept_source) {
  const MremapRequest middle = move_of(1, 2, 2, 8, keeps_fixed);
  EXPECT_EQ(remap_under(linux_6_18, "LLLLL......", middle), (Outcome{"AAAAA...LL.", Error::none}));
  constexpr KernelProfile cut{.kept_locks = KeptLocks::cut_out};
  EXPECT_EQ(remap_under(cut, "LLLLL......", middle), (Outcome{"LAALL...LL.", Error::none}));
  EXPECT_EQ(remap_under(linux_6_12, "LLLLL......", middle), (Outcome{"LAALL...LL.", Error::none}));
  EXPECT_EQ(remap_under(linux_6_12, "AAAAA......", middle), (Outcome{"AAAAA...AA.", Error::none}))
      << "what is not locked is not cut";
  for (const auto& [from, after] : {std::pair{0, "AALLL...LL."}, std::pair{3, "LLLAA...LL."}}) {
    const auto start = static_cast<std::uint64_t>(from);
    EXPECT_EQ(remap_under(linux_6_12, "LLLLL......", move_of(start, 2, 2, 8, keeps_fixed)),
              (Outcome{after, Error::none}));
  }
}

TEST(RemapProfile, cut_out_source_of_touched_memory_loses_its_identity_alone) {
  for (const char* picture : {"lllll", "hhhhh"}) {
    Stage stage;
    stage.legend['H'].adds |= flag::locked;
    stage.build(picture);
    stage.host().profile = linux_6_12;
    ASSERT_TRUE(stage.move(1, 2, 8, keeps_fixed));
    EXPECT_FALSE(stage.identity(1));
    for (const std::uint64_t column : {0u, 3u, 8u}) {
      EXPECT_TRUE(stage.identity(column)) << column;
      EXPECT_EQ(stage.identity(column), stage.identity(0)) << column;
      EXPECT_NE(stage.token(column), 0u) << column;
    }
    EXPECT_EQ(stage.space().totals().locked, 5) << "3 of the source and 2 of the copy";
  }
}

/// The destination cuts the same area; areas with counted objects take most of the reservation.
TEST(RemapProfile, cut_out_source_in_the_area_that_the_destination_cuts) {
  for (const char* picture : {"lllllllll", "LLLLLLLLL", "hhhhhhhhh"}) {
    SCOPED_TRACE(picture);
    Stage stage;
    stage.legend['H'].adds |= flag::locked;
    stage.build(picture);
    stage.host().profile = linux_6_12;
    ASSERT_TRUE(stage.move(1, 2, 5, keeps_fixed));
    EXPECT_FALSE(stage.area(1)->flags.has_any(flag::locked));
    for (const std::uint64_t column : {0u, 3u, 4u, 5u, 6u, 7u, 8u}) {
      EXPECT_TRUE(stage.area(column)->flags.has_any(flag::locked)) << column;
    }
    EXPECT_EQ(stage.space().totals().locked, 7);
  }
}

TEST(RemapProfile, untouched_source_that_stays_and_its_copy_right_beside_it) {
  const MremapRequest behind = move_of(2, 2, 2, 4, keeps_fixed);
  const MremapRequest before = move_of(2, 2, 2, 0, keeps_fixed);
  constexpr KernelProfile apart{.kept_source_joins_copy = false};
  EXPECT_EQ(remap_under(linux_6_18, "..AA..", behind).picture, "..AAAA");
  EXPECT_EQ(remap_under(apart, "..AA..", behind).picture, "..AA|AA");
  EXPECT_EQ(remap_under(linux_6_12, "..AA..", behind).picture, "..AA|AA");
  EXPECT_EQ(remap_under(linux_6_18, "..AA..", before).picture, "AAAA..");
  EXPECT_EQ(remap_under(apart, "..AA..", before).picture, "AA|AA..");
  EXPECT_EQ(remap_under(apart, "..AA..AA", behind).picture, "..AA|AAAA") << "others it may join";
  EXPECT_EQ(remap_under(apart, "AA..AA..", move_of(0, 2, 2, 2, keeps_fixed)).picture, "AA|AAAA..");
  EXPECT_EQ(remap_under(apart, "AA..AA..", move_of(4, 2, 2, 2, keeps_fixed)).picture, "AAAA|AA..");
  EXPECT_EQ(remap_under(apart, "..AA..AA", move_of(6, 2, 2, 0, keeps_fixed)).picture, "AAAA..AA")
      << "far below";
}

TEST(RemapProfile, file_that_stays_beside_its_copy_is_not_in_the_way_of_other_joins) {
  Stage stage("FFFF..");
  stage.host().profile = linux_6_1;
  ASSERT_TRUE(stage.move(2, 2, 4));
  ASSERT_TRUE(stage.move(0, 2, 2, keeps_fixed));
  EXPECT_EQ(stage.shape(0), "[0,2)p0");
  EXPECT_EQ(stage.shape(2), "[2,6)p0");
}

/// A part of the source's area that the destination or the cut leaves beside the copy.
TEST(RemapProfile, rests_of_the_source_beside_its_copy) {
  constexpr KernelProfile apart{.kept_source_joins_copy = false};
  EXPECT_EQ(remap_under(apart, "AAAAAA", move_of(0, 1, 1, 3, keeps_fixed)).picture, "AAA|AAA")
      << "what is left above is no source any more";
  EXPECT_EQ(remap_under(apart, "AAAAAA", move_of(5, 1, 1, 2, keeps_fixed)).picture, "AAA|AAA");
  EXPECT_EQ(remap_under(linux_6_12, "LLLL....", move_of(1, 1, 1, 4, keeps_fixed)).picture,
            "LALLL...")
      << "the source was cut out: what the copy joins is a rest";
  EXPECT_EQ(remap_under(linux_6_12, "LLLL....", move_of(3, 1, 1, 4, keeps_fixed)).picture,
            "LLLAL...");
  EXPECT_EQ(remap_under(linux_6_12, "AAAA....", move_of(1, 1, 1, 4, keeps_fixed)).picture,
            "AAAA|A...")
      << "what is not locked is not cut out";
  EXPECT_EQ(remap_under(apart, "LLLL....", move_of(1, 1, 1, 4, keeps_fixed)).picture, "AAAAL...")
      << "nor is it where all of the area is unlocked";
}

TEST(RemapProfile, page_offset_of_a_source_that_was_moved_as_a_whole) {
  const auto offset = [](const KernelProfile& profile, std::uint64_t pages) {
    Stage stage("aaaa");
    stage.host().profile = profile;
    EXPECT_TRUE(stage.move(0, 4, 16));
    EXPECT_TRUE(stage.move(16, pages, 32, keeps_fixed));
    return stage.shape(16);
  };
  EXPECT_EQ(offset(linux_6_18, 4), "[10,14)p0");
  EXPECT_EQ(offset({.kept_source_restarts_at_address = true}, 4), "[10,14)p10");
  EXPECT_EQ(offset(linux_6_12, 4), "[10,14)p10");
  EXPECT_EQ(offset(linux_6_12, 2), "[10,14)p0") << "only a part was moved";
  Stage file("ff");
  file.host().profile = linux_6_12;
  EXPECT_TRUE(file.move(0, 2, 16));
  EXPECT_TRUE(file.move(16, 2, 32, keeps_fixed));
  EXPECT_EQ(file.area(16)->page_offset, file.area(32)->page_offset) << "files keep theirs";
}

}  // namespace
}  // namespace vmarea::test
