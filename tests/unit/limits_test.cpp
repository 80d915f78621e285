// SPDX-License-Identifier: MIT
//
// RLIMIT_AS, DATA, STACK and MEMLOCK in every call that asks them (rules 23, 1.4,
// 14.2; linux_6_18). Rows that a process can reach were seen on a running 6.18.
#include <functional>

#include "support/stage.hpp"

namespace vmarea::test {
namespace {

constexpr std::uint64_t page = 0x1000;

using Call = std::function<Error(Stage&)>;

/// The call is refused with `refusal` where the limit is below `need` bytes, and made at `need`.
struct Case {
  const char* name;
  const char* before;
  Call call;
  Error refusal;
  std::uint64_t need;
};

Call map(std::uint64_t first, std::uint64_t upto, Protection protection = rw, MapFlags adds = {}) {
  return [=](Stage& s) { return s.map_fixed(first, upto, protection, adds).code(); };
}
Call remap_pages(std::uint64_t from, std::uint64_t old_pages, std::uint64_t new_pages,
                 std::uint64_t to, RemapFlags flags = fixed_move) {
  return [=](Stage& s) {
    return s
        .mremap({.address = TestSpace::column(from),
                 .old_length = old_pages * page,
                 .new_length = new_pages * page,
                 .flags = flags,
                 .new_address = TestSpace::column(to)})
        .code();
  };
}
Error map_shared(Stage& s) {
  return s
      .mmap({.address = TestSpace::column(8),
             .length = page,
             .protection = rw,
             .flags = map::shared | map::anonymous | map::fixed})
      .code();
}
Call protect(std::uint64_t first, std::uint64_t upto, Protection protection = rw) {
  return [=](Stage& s) { return s.mprotect(columns(first, upto), protection).code(); };
}
Call grow(std::uint64_t column) {
  return [=](Stage& s) { return s.grow_stack(TestSpace::column(column)).code(); };
}
Error attach(Stage& s) {
  TestFile* segment = s.host().make_file({.segment_bytes = 2 * page});
  return s.attach_shared({.address = TestSpace::column(8), .segment = segment}).code();
}
Call heap(std::uint64_t upto) {
  return [=](Stage& s) {
    SpaceLayout& layout = s.state().layout;
    const SpaceLayout fresh = SpaceLayout::for_geometry(s.host().geometry);
    if (layout.start_brk == fresh.start_brk) layout.start_brk = layout.brk = TestSpace::column(8);
    const Address wanted = TestSpace::column(upto);
    return s.brk(wanted) == wanted ? Error::none : Error::no_memory;
  };
}
Error load(Stage& s) {
  return s.loader_brk(columns(8, 10)).code();
}
/// With MCL_FUTURE.
Call by_default(const Call& call) {
  return [=](Stage& s) {
    s.state().default_flags = flag::locked;
    return call(s);
  };
}
Call lock(std::uint64_t first, std::uint64_t upto) {
  return [=](Stage& s) { return s.mlock(columns(first, upto), MlockMode::lock).code(); };
}
Error lock_everything(Stage& s) {
  return s.mlockall(mlockall::current).code();
}

constexpr RemapFlags keeps_fixed = fixed_move | remap::dont_unmap;
constexpr RemapFlags keeps = remap::may_move | remap::dont_unmap;

void expect_needed(const Case& c, std::uint64_t Limits::*limit) {
  SCOPED_TRACE(c.name);
  for (const std::uint64_t bytes : {c.need - page, c.need - 1, c.need, c.need + page - 1}) {
    Stage stage(c.before);
    stage.host().limits.may_lock_any = false;
    stage.host().limits.*limit = bytes;
    EXPECT_EQ(c.call(stage), bytes < c.need ? c.refusal : Error::none) << bytes;
  }
}

void expect_unlimited(const Case& c, std::uint64_t Limits::*limit) {
  SCOPED_TRACE(c.name);
  Stage stage(c.before);
  stage.host().limits.*limit = 0;
  EXPECT_EQ(c.call(stage), Error::none);
}

TEST(AddressSpaceLimit, counts_all_that_is_mapped_but_for_what_is_replaced) {
  constexpr Error no = Error::no_memory;
  const Case cases[] = {
      {"mmap", "AA", map(8, 9), no, 3 * page},
      {"mmap, no access", "AA", map(8, 9, prot::none), no, 3 * page},
      {"mmap, shared", "AA", map_shared, no, 3 * page},
      {"mmap over a part", "AA", map(1, 3), no, 3 * page},
      {"mremap in place", "AA", remap_pages(0, 2, 3, 0, {}), no, 3 * page},
      {"mremap elsewhere", "AAB", remap_pages(0, 2, 4, 0, remap::may_move), no, 5 * page},
      {"mremap, growing over an old mapping", "AA..BBB", remap_pages(0, 2, 3, 4), no, 6 * page},
      {"mremap, source kept", "AA", remap_pages(0, 2, 2, 8, keeps_fixed), no, 4 * page},
      {"mremap, source kept, over an old mapping", "AA..B.", remap_pages(0, 2, 2, 4, keeps_fixed),
       no, 4 * page},
      {"a second mapping of shared memory", "SS", remap_pages(0, 0, 2, 8), no, 4 * page},
      {"stack growth", "....KK", grow(3), no, 3 * page},
      {"attach", "AA", attach, no, 4 * page},
      {"brk", "AA", heap(10), no, 4 * page},
      {"a loader's memory", "AA", load, no, 4 * page},
  };
  for (const Case& c : cases) expect_needed(c, &Limits::address_space_bytes);
  const Case free[] = {
      {"mmap over all of it", "AA", map(0, 2), no, 0},
      {"mprotect", "BB", protect(0, 2), no, 0},
      {"mremap, moving", "AA", remap_pages(0, 2, 2, 8), no, 0},
      {"mremap, shrinking", "AA", remap_pages(0, 2, 1, 0, {}), no, 0},
      {"mremap, moving over an old mapping", "AA..BB", remap_pages(0, 2, 2, 4), no, 0},
  };
  for (const Case& c : free) {
    SCOPED_TRACE(c.name);
    Stage stage(c.before);
    stage.host().limits.address_space_bytes =
        static_cast<std::uint64_t>(stage.space().totals().total) * page;
    EXPECT_EQ(c.call(stage), Error::none);
  }
}

/// A space that is over its limit already grows no more, not even by nothing.
TEST(AddressSpaceLimit, that_was_passed_before_still_lets_pages_change) {
  Stage stage("AABB");
  stage.host().limits.address_space_bytes = page;
  EXPECT_EQ(map(0, 1)(stage), Error::no_memory);
  EXPECT_EQ(protect(2, 4)(stage), Error::none) << "it was exceeded before";
  EXPECT_EQ((remap_pages(0, 1, 1, 8)(stage)), Error::none);
  EXPECT_EQ((remap_pages(8, 1, 1, 12, keeps_fixed)(stage)), Error::no_memory);
}

TEST(DataLimit, counts_private_writable_memory) {
  constexpr Error no = Error::no_memory;
  const Case cases[] = {
      {"mmap", "AAB", map(8, 9), no, 3 * page},
      {"mmap, not reserved", "AAB", map(8, 9, rw, map::no_reserve), no, 3 * page},
      {"mmap, write only", "AAB", map(8, 9, prot::write), no, 3 * page},
      {"mmap over a part", "AAB", map(1, 4), no, 3 * page},
      {"mprotect", "AAB", protect(2, 3), no, 3 * page},
      {"mremap in place", "AA.B", remap_pages(0, 2, 3, 0, {}), no, 3 * page},
      {"mremap, source kept", "AAB", remap_pages(0, 2, 2, 8, keeps_fixed), no, 4 * page},
      {"private file", "FF", remap_pages(0, 2, 3, 0, {}), no, 3 * page},
      {"a loader's memory", "AA", load, no, 4 * page},
  };
  for (const Case& c : cases) expect_needed(c, &Limits::data_bytes);
  const Case free[] = {
      {"mmap, read only", "AA", map(8, 9, prot::read), no, 0},
      {"mmap, shared", "AA", map_shared, no, 0},
      {"mmap, a stack", "AA", map(8, 9, rw, map::grows_down), no, 0},
      {"attach", "AA", attach, no, 0},
      {"stack growth", "....KK", grow(3), no, 0},
      {"mprotect of what is writable", "AA", protect(0, 2, prot::read | prot::write | prot::exec),
       no, 0},
      {"mremap of shared memory", "SS", remap_pages(0, 2, 3, 0, {}), no, 0},
      {"mremap, moving", "AA", remap_pages(0, 2, 2, 8), no, 0},
  };
  for (const Case& c : free) {
    SCOPED_TRACE(c.name);
    Stage stage(c.before);
    stage.host().limits.data_bytes = page;
    EXPECT_EQ(c.call(stage), Error::none);
  }
}

/// What replaces old memory is counted less that, of whatever class the old memory was.
TEST(DataLimit, replaced_pages_count_as_if_they_were_data) {
  Stage stage("AABB");
  stage.host().limits.data_bytes = 2 * page;
  EXPECT_EQ((map(2, 3)(stage)), Error::none);
  EXPECT_EQ(stage.space().totals().data, 3);
  EXPECT_EQ((map(3, 4)(stage)), Error::no_memory) << "and then it is passed";
}

TEST(DataLimit, soft_limit_of_0_leaves_mmap_mprotect_and_mremap_to_the_hard_one) {
  const Case cases[] = {
      {"mmap", "AAB", map(8, 9), Error::no_memory, 3 * page},
      {"mprotect", "AAB", protect(2, 3), Error::no_memory, 3 * page},
      {"mremap", "AA.B", remap_pages(0, 2, 3, 0, {}), Error::no_memory, 3 * page},
      {"a loader's memory", "AA", load, Error::no_memory, 4 * page},
  };
  for (const Case& c : cases) {
    expect_unlimited(c, &Limits::data_bytes);
    SCOPED_TRACE(c.name);
    for (const std::uint64_t hard : {c.need - 1, c.need}) {
      Stage stage(c.before);
      stage.host().limits.data_bytes = 0;
      stage.host().limits.data_bytes_hard = hard;
      EXPECT_EQ(c.call(stage), hard < c.need ? c.refusal : Error::none);
    }
  }
  Stage stage("AA");
  stage.host().limits.data_bytes = 0;
  EXPECT_EQ(heap(9)(stage), Error::no_memory) << "brk does not";
}

/// brk counts the heap and the program's data by the byte, and no other memory.
TEST(DataLimit, of_brk) {
  for (const auto& [limit, upto] : {std::pair{3 * page, 10}, std::pair{3 * page - 1, 9}}) {
    Stage stage("BBBB");
    stage.state().layout.end_data = stage.state().layout.start_data + page;
    stage.host().limits.data_bytes = limit;
    stage.host().limits.data_bytes_hard = limit;
    EXPECT_EQ(heap(9)(stage), Error::none);
    EXPECT_EQ(heap(10)(stage), upto == 10 ? Error::none : Error::no_memory) << limit;
    EXPECT_EQ(heap(11)(stage), Error::no_memory);
  }
}

TEST(StackLimit, counts_the_bytes_of_the_whole_area) {
  expect_needed({"growth", "....KK", grow(2), Error::no_memory, 4 * page}, &Limits::stack_bytes);
  Stage stage("....KK");
  stage.host().limits.stack_bytes = page;
  EXPECT_EQ(map(8, 12)(stage), Error::none) << "nothing else is a stack";
  EXPECT_EQ((map(14, 18, rw, map::grows_down)(stage)), Error::none) << "not even what will grow";
}

Error locked_stack_grows(Stage& s) {
  s.area(4)->flags |= flag::locked;
  s.state().totals.locked += 2;
  return grow(2)(s);
}
const Case lock_cases[] = {
    {"mlock", "AAAA", lock(0, 2), Error::no_memory, 2 * page},
    {"mlock of what is locked in part", "LLAA", lock(1, 4), Error::no_memory, 4 * page},
    {"mlock over a hole", "AA.A", lock(0, 2), Error::no_memory, 2 * page},
    {"mlockall", "AAB", lock_everything, Error::no_memory, 3 * page},
    {"MAP_LOCKED", "LL", map(8, 9, rw, map::locked), Error::try_again, 3 * page},
    {"MAP_LOCKED over locked memory", "LL", map(0, 2, rw, map::locked), Error::try_again, 4 * page},
    {"mmap by default", "LL", by_default(map(8, 9)), Error::try_again, 3 * page},
    {"attach by default", "LL", by_default(attach), Error::try_again, 4 * page},
    {"brk by default", "LL", by_default(heap(10)), Error::no_memory, 4 * page},
    {"a loader's memory by default", "LL", by_default(load), Error::try_again, 4 * page},
    {"mremap in place", "LL", remap_pages(0, 2, 3, 0, {}), Error::try_again, 3 * page},
    {"mremap elsewhere", "LLB", remap_pages(0, 2, 3, 0, remap::may_move), Error::try_again,
     3 * page},
    {"mremap, growing over locked memory", "LL..LLL", remap_pages(0, 2, 3, 4), Error::try_again,
     6 * page},
    {"stack growth", "....KK", locked_stack_grows, Error::no_memory, 4 * page},
};

TEST(LockLimit, counts_what_is_and_what_will_be_locked) {
  for (const Case& c : lock_cases) expect_needed(c, &Limits::locked_bytes);
}

TEST(LockLimit, does_not_concern_who_may_lock_anything) {
  for (const Case& c : lock_cases) expect_unlimited(c, &Limits::locked_bytes);
}

TEST(LockLimit, of_0_takes_the_right_to_ask_and_nothing_that_there_is) {
  struct Refusal {
    const char* name;
    Call call;
    Error error;
  };
  const Refusal cases[] = {
      {"mlock", lock(0, 1), Error::not_permitted},
      {"mlock of nothing", lock(0, 0), Error::not_permitted},
      {"mlockall", lock_everything, Error::not_permitted},
      {"MAP_LOCKED", map(8, 9, rw, map::locked), Error::not_permitted},
      {"mmap by default", by_default(map(8, 9)), Error::try_again},
      {"munlock", [](Stage& s) { return s.mlock(columns(0, 1), MlockMode::unlock).code(); },
       Error::none},
      {"munlockall", [](Stage& s) { return s.munlockall().code(); }, Error::none},
      {"mremap, moving", remap_pages(0, 2, 2, 8), Error::none},
      {"mremap, source kept", remap_pages(0, 2, 2, 8, keeps_fixed), Error::none},
      {"mmap over it", map(0, 2), Error::none},
      {"mprotect", protect(0, 2, prot::read), Error::none},
  };
  for (const Refusal& c : cases) {
    SCOPED_TRACE(c.name);
    Stage stage("LL");
    stage.host().limits.may_lock_any = false;
    stage.host().limits.locked_bytes = 0;
    EXPECT_EQ(c.call(stage), c.error);
  }
}

/// Which of two limits is told.
TEST(Limits, of_locks_are_told_before_those_of_size) {
  for (const Call& call : {map(8, 9, rw, map::locked), remap_pages(0, 2, 3, 0, {}),
                           remap_pages(0, 2, 3, 8), by_default(attach)}) {
    Stage stage("LL");
    stage.host().limits.may_lock_any = false;
    stage.host().limits.locked_bytes = stage.host().limits.address_space_bytes = 2 * page;
    EXPECT_EQ(call(stage), Error::try_again);
    stage.host().limits.may_lock_any = true;
    EXPECT_EQ(call(stage), Error::no_memory);
  }
}

/// How many areas there may be before the call, counted from the limit: 0 is at it.
struct CountCase {
  const char* name;
  const char* before;
  Call call;
  Error refusal;
  std::int64_t room;  // The last place where it is still made.
};

TEST(CountLimit, of_each_call) {
  const CountCase cases[] = {
      {"mmap", "AAAA.B", map(8, 9), Error::no_memory, 0},
      {"mmap that will merge", "AAAA.B", map(4, 5), Error::no_memory, 0},
      {"mmap over a middle", "AAAA.B", map(1, 2), Error::no_memory, -1},
      {"mmap over an end", "AAAA.B", map(3, 5), Error::no_memory, 0},
      {"attach", "AAAA.B", attach, Error::no_memory, 0},
      {"brk", "AAAA.B", heap(9), Error::no_memory, 0},
      {"a loader's memory", "AAAA.B", load, Error::no_memory, 0},
      {"a loader's memory in place of an area", "AAAA.B",
       [](Stage& s) { return s.loader_brk(columns(5, 7)).code(); }, Error::no_memory, 1},
      {"munmap a middle", "AAAA.B", [](Stage& s) { return s.munmap(columns(1, 2)).code(); },
       Error::no_memory, -1},
      {"munmap an end", "AAAA.B", [](Stage& s) { return s.munmap(columns(3, 4)).code(); },
       Error::none, 0},
      {"mprotect one cut", "AAAA.B", protect(0, 2, prot::read), Error::no_memory, -1},
      {"mprotect two cuts", "AAAA.B", protect(1, 2, prot::read), Error::no_memory, -2},
      {"mprotect that merges", "AABB", protect(1, 2, prot::read), Error::none, 0},
      {"mlock", "AAAA.B", lock(0, 2), Error::no_memory, -1},
      {"mseal", "AAAA.B", [](Stage& s) { return s.mseal(columns(0, 2)).code(); }, Error::no_memory,
       -1},
      {"madvise", "AAAA.B",
       [](Stage& s) { return s.madvise(columns(0, 2), Advice::dont_fork).code(); },
       Error::try_again, -1},
      {"mlockall", "AAAA.B", lock_everything, Error::none, 0},
      {"mremap in place", "AAAA.B", remap_pages(0, 4, 5, 0, {}), Error::none, 0},
      {"mremap elsewhere", "AAAAB", remap_pages(0, 4, 5, 0, remap::may_move), Error::no_memory, -4},
      {"mremap, moving", "AAAA.B", remap_pages(0, 4, 4, 8), Error::no_memory, -6},
      {"mremap, source kept", "AAAA.B", remap_pages(0, 4, 4, 8, keeps), Error::no_memory, -6},
      {"stack growth", "....KK", grow(2), Error::none, 0},
  };
  for (const CountCase& c : cases) {
    SCOPED_TRACE(c.name);
    for (const std::int64_t over : {std::int64_t{0}, std::int64_t{1}}) {
      Stage stage(c.before);
      stage.host().limits.area_count_max = static_cast<std::uint64_t>(
          static_cast<std::int64_t>(stage.count_areas()) - c.room - over);
      const bool refused = over == 1;
      EXPECT_EQ(c.call(stage), refused ? c.refusal : Error::none)
          << stage.host().limits.area_count_max;
    }
  }
}

TEST(DataLimit, counts_what_the_same_mprotect_made_writable_before) {
  Stage stage("BD");
  stage.host().limits.data_bytes = page;
  EXPECT_EQ(protect(0, 2)(stage), Error::no_memory);
  EXPECT_EQ(stage.picture(), "AD");
}

/// The old areas were cut before the limit was asked.
TEST(DataLimit, refuses_a_mapping_whose_edges_stay_cut) {
  Stage one("BBBB.AA");
  one.host().limits.data_bytes = page;
  EXPECT_EQ((map(1, 3)(one)), Error::no_memory);
  EXPECT_EQ(one.picture(), "B|BB|B.AA");
  Stage two("BBDD.AA");
  two.host().limits.data_bytes = page;
  EXPECT_EQ((map(1, 3)(two)), Error::no_memory);
  EXPECT_EQ(two.picture(), "B|BD|D.AA");
}

}  // namespace
}  // namespace vmarea::test
