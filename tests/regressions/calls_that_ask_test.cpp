// SPDX-License-Identifier: MIT
//
// Calls that change no area, and calls that are made of others: what they answer, in the cases that
// a hand-written check forgets.
//
//   [rw )[r-)....[rw)       covers: each area is asked, and every hole is one
//   [rw )....[locked)       msync: what is locked behind a hole is found first
#include <gtest/gtest.h>
#include <vmarea/vmarea.hpp>
#include <vmarea_shims/userland.hpp>

namespace vmarea::test {
namespace {

constexpr std::uint64_t page = 4096;
constexpr Address base = 0x100000;

class CallsThatAsk : public testing::Test {
 protected:
  static Address at(std::uint64_t column) { return base + column * page; }
  static Range columns(std::uint64_t first, std::uint64_t upto) { return {at(first), at(upto)}; }
  void map(Range range, Protection protection) {
    ASSERT_TRUE(space.mmap({.address = range.start,
                            .length = range.length(),
                            .protection = protection,
                            .flags = map::private_ | map::anonymous | map::fixed}));
  }

  shims::File<shims::Userland> file;  // Its areas let go of it at the end of the space.
  AddressSpace<shims::Userland> space;
};

TEST_F(CallsThatAsk, covers_asks_each_area_for_all_of_the_access) {
  map(columns(0, 2), prot::read | prot::write);
  map(columns(2, 4), prot::read);
  EXPECT_TRUE(space.covers(columns(0, 4), prot::read));
  EXPECT_EQ(space.covers(columns(0, 4), prot::read | prot::write),
            (Coverage{at(2), AccessFault::access_denied}));
}

TEST_F(CallsThatAsk, covers_ends_at_a_hole) {
  map(columns(0, 2), prot::read);
  map(columns(4, 6), prot::read);
  EXPECT_EQ(space.covers(columns(0, 6), prot::read), (Coverage{at(2), AccessFault::not_mapped}));
}

TEST_F(CallsThatAsk, covers_refuses_what_wraps) {
  map(columns(0, 2), prot::read);
  EXPECT_FALSE(space.covers(at(0), ~std::uint64_t{0}, prot::read));
}

TEST_F(CallsThatAsk, msync_invalidates_nothing_that_is_locked) {
  map(columns(0, 2), prot::read);
  map(columns(4, 6), prot::read);
  ASSERT_TRUE(space.mlock(columns(5, 6), MlockMode::lock_on_fault));
  EXPECT_EQ(space.msync(columns(0, 6), ms::invalidate), Error::busy);
  EXPECT_EQ(space.msync(columns(0, 6), ms::sync), Error::no_memory);
  EXPECT_TRUE(space.msync(columns(4, 6), ms::async));
  EXPECT_TRUE(space.msync(columns(5, 5), ms::invalidate));
}

TEST_F(CallsThatAsk, mincore_looks_at_the_limit_before_it_looks_at_areas) {
  const Address limit = space.services().geometry().limit;
  EXPECT_TRUE(space.mincore(limit, 0));
  EXPECT_EQ(space.mincore(limit + page, 0), Error::no_memory);
  EXPECT_EQ(space.mincore(limit - page, 2 * page), Error::no_memory);
}

TEST_F(CallsThatAsk, process_madvise_counts_what_came_before_the_failure) {
  map(columns(0, 4), prot::read);
  EXPECT_EQ(space.process_madvise({columns(0, 1), columns(3, 5), columns(1, 2)}, Advice::dont_fork),
            page);
  EXPECT_EQ(space.area_count(), 3u) << "the fourth page was advised, too, and is not counted";
}

TEST_F(CallsThatAsk, remap_file_pages_wants_areas_that_are_alike) {
  ASSERT_TRUE(space.mmap({.address = at(0),
                          .length = 4 * page,
                          .protection = prot::read | prot::write,
                          .flags = map::shared | map::fixed,
                          .file = &file}));
  ASSERT_TRUE(space.madvise(columns(2, 3), Advice::dont_dump));
  EXPECT_EQ(space.remap_file_pages({.address = at(0), .length = 4 * page, .page_offset = 9}),
            Error::invalid);
  EXPECT_TRUE(space.remap_file_pages({.address = at(2), .length = page, .page_offset = 9}));
  EXPECT_FALSE(space.find(at(2))->flags.has_any(flag::dont_dump)) << "a new mapping";
}

TEST_F(CallsThatAsk, read_implies_exec_area_by_area) {
  file.rules.may_exec = false;
  space.state().modes.read_implies_exec = true;
  ASSERT_TRUE(space.mmap({.address = at(0),
                          .length = page,
                          .protection = prot::read,
                          .flags = map::shared | map::fixed,
                          .file = &file}));
  EXPECT_FALSE(space.find(at(0))->flags.has_any(flag::exec)) << "its mount refuses";
  map(columns(1, 2), prot::none);
  map(columns(2, 3), prot::read);
  EXPECT_TRUE(space.mprotect(columns(0, 2), prot::read));
  EXPECT_FALSE(space.find(at(0))->flags.has_any(flag::exec)) << "its mount refuses";
  EXPECT_TRUE(space.find(at(1))->flags.has_any(flag::exec));
  EXPECT_TRUE(space.find(at(2))->flags.has_any(flag::exec));
}

TEST_F(CallsThatAsk, pkey_mprotect_has_no_keys_where_the_processor_has_none) {
  map(columns(0, 2), prot::read);
  EXPECT_EQ(space.pkey_mprotect(columns(0, 1), prot::none, 0), Error::invalid);
  EXPECT_TRUE(space.pkey_mprotect(columns(0, 1), prot::none, no_key));
}

TEST_F(CallsThatAsk, process_madvise_looks_at_all_ranges_first) {
  map(columns(0, 4), prot::read);
  const Address limit = space.services().geometry().limit;
  const Range past{limit, limit + page};
  EXPECT_EQ(space.process_madvise({columns(0, 1), past}, Advice::dont_fork), Error::bad_address);
  EXPECT_EQ(space.area_count(), 1u);
}

}  // namespace
}  // namespace vmarea::test
