// SPDX-License-Identifier: MIT
//
// The lock of one area: who gets in when, and who waits for whom.
#include <future>

#include <gtest/gtest.h>
#include <vmarea_shims/area_lock.hpp>

namespace vmarea::test {
namespace {

using namespace std::chrono_literals;

/// A space and an area of it that was made and let go.
struct AreaLockTest : ::testing::Test {
  shims::WriteSequence<> space;
  shims::AreaLockWord<> area;

  AreaLockTest() {
    area.attach(space);
    space.go_on();
  }
};

TEST_F(AreaLockTest, new_area_is_read_by_nobody_before_the_write_that_attaches_it_ends) {
  shims::AreaLockWord<> made;
  EXPECT_FALSE(made.begin_read(space));
  made.attach(space);
  EXPECT_FALSE(made.begin_read(space));
  space.go_on();
  EXPECT_TRUE(made.begin_read(space));
}

TEST_F(AreaLockTest, many_read_at_once) {
  EXPECT_TRUE(area.begin_read(space));
  EXPECT_TRUE(area.begin_read(space));
}

TEST_F(AreaLockTest, reader_is_refused_while_the_area_is_written_and_until_the_space_goes_on) {
  area.begin_write(space);
  area.begin_write(space);  // Once more in the same write changes nothing.
  EXPECT_FALSE(area.begin_read(space));
  space.go_on();
  EXPECT_TRUE(area.begin_read(space));
}

TEST_F(AreaLockTest, write_of_another_area_refuses_nobody) {
  shims::AreaLockWord<> other;
  other.begin_write(space);
  EXPECT_TRUE(area.begin_read(space));
}

TEST_F(AreaLockTest, writer_waits_for_the_last_reader) {
  ASSERT_TRUE(area.begin_read(space));
  ASSERT_TRUE(area.begin_read(space));
  auto writing = std::async(std::launch::async, [&] { area.begin_write(space); });
  area.end_read();
  EXPECT_EQ(writing.wait_for(50ms), std::future_status::timeout);
  EXPECT_FALSE(area.begin_read(space)) << "a reader came in front of a writer that waits";
  area.end_read();
  writing.wait();
}

TEST_F(AreaLockTest, detached_area_is_read_by_nobody_ever) {
  area.begin_write(space);
  area.detach();
  space.go_on();
  EXPECT_FALSE(area.begin_read(space));
}

TEST_F(AreaLockTest, reader_is_refused_where_no_more_can_be_counted) {
  for (std::uint64_t i = 0; i < shims::AreaLockWord<>::readers_max; ++i) {
    ASSERT_TRUE(area.begin_read(space));
  }
  EXPECT_FALSE(area.begin_read(space));
  area.end_read();
  EXPECT_TRUE(area.begin_read(space));
}

}  // namespace
}  // namespace vmarea::test
