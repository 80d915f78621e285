// SPDX-License-Identifier: MIT
//
// Which calls a host makes on its own memory for a call of ours. Ranges are columns in hexadecimal.
#include <string>

#include <fmt/core.h>

#include "support/stage.hpp"

namespace vmarea::test {
namespace {

std::string columns_of(Range range) {
  return fmt::format("{:x}-{:x}", (range.start - TestSpace::base) >> 12,
                     (range.end - TestSpace::base) >> 12);
}

/// "unmap 1-3, map 1-2 rw- p0, protect 1-2 r--, move 1-2 8, keep 1-2 8, drop 1-2"
template <class SomeChange>
std::string host_calls(SomeChange change) {
  std::string text;
  const auto add = [&text](const std::string& call) { text += (text.empty() ? "" : ", ") + call; };
  change.for_each_step([&](const Step<TestServices>& step) {
    for_each_host_call(step, Geometry{}, [&](const HostCall<TestServices>& call) {
      const std::string range = columns_of(call.range);
      switch (call.kind) {
        case HostCallKind::unmap:
          return add("unmap " + range);
        case HostCallKind::map:
          return add(fmt::format("map {} {} p{:x}", range, to_string(protection_of(call.flags)),
                                 call.page_offset - (call.file == nullptr ? 0x100 : 0)));
        case HostCallKind::protect:
          return add("protect " + range + " " + to_string(protection_of(call.flags)));
        case HostCallKind::move:
          return add(fmt::format("{} {} {:x}", call.keeps_source ? "keep" : "move", range,
                                 (call.to - TestSpace::base) >> 12));
        case HostCallKind::drop:
          return add("drop " + range);
      }
    });
  });
  return text;
}

Address at(std::uint64_t column) {
  return TestSpace::column(column);
}

TEST(HostCall, of_mprotect_is_the_range_that_changes_and_no_more) {
  Stage stage("AAAAAAAA..BB|EE");
  EXPECT_EQ(host_calls(stage.space().plan_mprotect(at(2), 2 * 0x1000, prot::read)),
            "protect 2-4 r--");
  EXPECT_EQ(host_calls(stage.space().plan_mprotect(at(10), 4 * 0x1000, rw)), "protect a-e rw-");
}

TEST(HostCall, of_munmap_and_mmap_are_one_range_each) {
  Stage stage("AAAA.BBB");
  EXPECT_EQ(host_calls(stage.space().plan_munmap(at(2), 4 * 0x1000)), "unmap 2-6");
  const TestMmap over{
      .address = at(3), .length = 0x3000, .protection = prot::read, .flags = fixed_private};
  EXPECT_EQ(host_calls(stage.space().plan_mmap(over)), "map 3-6 r-- p3");
}

TEST(HostCall, of_a_joined_mapping_is_its_own_range_and_offset) {
  Stage stage("FF..");
  const TestMmap next{.address = at(2),
                      .length = 0x1000,
                      .protection = rw,
                      .flags = map::private_ | map::fixed,
                      .file = stage.legend.at('F').file,
                      .offset = 0x2000};
  EXPECT_EQ(host_calls(stage.space().plan_mmap(next)), "map 2-3 rw- p2");
}

TEST(HostCall, of_mremap_moves_and_takes_the_rest_of_the_source) {
  Stage stage("AAAA....BB");
  const auto move = [&](std::uint64_t old_pages, std::uint64_t new_pages, RemapFlags flags) {
    return host_calls(
        stage.space().plan_mremap({at(1), old_pages << 12, new_pages << 12, flags, at(8)}));
  };
  EXPECT_EQ(move(2, 2, fixed_move), "unmap 8-a, move 1-3 8, unmap 1-3");
  EXPECT_EQ(move(2, 1, fixed_move), "unmap 8-9, move 1-2 8, unmap 1-3");
  EXPECT_EQ(move(2, 2, fixed_move | remap::dont_unmap), "unmap 8-a, keep 1-3 8");
}

TEST(HostCall, of_a_second_mapping_of_shared_memory_moves_nothing) {
  Stage stage("SSSS....");
  EXPECT_EQ(host_calls(stage.space().plan_mremap({at(0), 0, 0x2000, fixed_move, at(6)})),
            "map 6-8 rw- p0");
}

TEST(HostCall, of_a_second_mapping_that_is_told_to_a_watcher_moves_nothing) {
  Stage stage;
  stage.host().userfaults[1] = {.remap_events = true};
  ASSERT_TRUE(stage.mmap({.address = at(0),
                          .length = 0x2000,
                          .protection = rw,
                          .flags = map::shared | map::anonymous | map::fixed}));
  ASSERT_TRUE(stage.register_userfault(columns(0, 2), 1, uffd::missing));
  const MremapRequest request{at(0), 0, 0x2000, fixed_move, at(6)};
  EXPECT_EQ(host_calls(stage.space().plan_mremap(request)), "map 6-8 rw- p0");
  ASSERT_TRUE(stage.mremap(request));
  EXPECT_EQ(stage.host().take_events(), "remap 1 100-100 106");
}

TEST(HostCall, of_a_move_that_ends_a_watch_allows_writing_again) {
  Stage stage("AA...");
  const MremapRequest move{at(0), 0x2000, 0x2000, fixed_move, at(3)};
  ASSERT_TRUE(stage.register_userfault(columns(0, 2), 1, uffd::protect));
  EXPECT_EQ(host_calls(stage.space().plan_mremap(move)), "move 0-2 3, protect 3-5 rw-, unmap 0-2");
}

TEST(HostCall, of_madvise_drops_what_it_speaks_of) {
  Stage stage("AA.BB");
  EXPECT_EQ(host_calls(stage.space().plan_madvise(at(1), 3 * 0x1000, Advice::dont_need)),
            "drop 1-2, drop 3-4");
  EXPECT_EQ(host_calls(stage.space().plan_madvise(at(0), 0x1000, Advice::dont_fork)), "");
}

TEST(HostCall, of_a_growing_stack_is_what_it_gains) {
  Stage stage("....KK");
  EXPECT_EQ(host_calls(stage.space().plan_grow_stack(at(2))), "map 2-4 rw- p2");
}

}  // namespace
}  // namespace vmarea::test
