// SPDX-License-Identifier: MIT
//
// mmap (rules 12, linux_6_18 part 2): which of two errors is told, what each
// leaves behind, and what the arguments make of the new area.
#include <fmt/core.h>

#include "support/stage.hpp"

namespace vmarea::test {
namespace {

/// A shared mapping of pages 1 to 4 over a part of an area, with everything there is to spoil.
class Attempt {
 public:
  Attempt() : stage("AAAB") {
    file = stage.host().make_file({.synchronous = true});
    request = {.address = TestSpace::column(1),
               .length = 0x3000,
               .protection = rw | prot::exec,
               .flags = map::shared | map::fixed,
               .file = file};
  }
  Error run() { return stage.mmap(request).code(); }

  Stage stage;
  TestFile* file;
  TestMmap request;
};

struct Fault {
  const char* name;
  Error error;
  const char* left;  // As Linux leaves it.
  void (*spoil)(Attempt&);
};
/// In the order in which they are found.
const Fault faults[] = {
    {"misaligned offset", Error::invalid, "AAAB", [](Attempt& a) { a.request.offset += 1; }},
    {"no file", Error::bad_file, "AAAB", [](Attempt& a) { a.request.file = nullptr; }},
    {"length 0", Error::invalid, "AAAB", [](Attempt& a) { a.request.length = 0; }},
    {"map count", Error::no_memory, "AAAB",
     [](Attempt& a) { a.stage.host().limits.area_count_max = 1; }},
    {"past the limit", Error::no_memory, "AAAB",
     [](Attempt& a) { a.request.address += Address{1} << 47; }},
    {"misaligned", Error::invalid, "AAAB", [](Attempt& a) { a.request.address += 1; }},
    {"occupied", Error::exists, "AAAB",
     [](Attempt& a) { a.request.flags |= map::fixed_noreplace; }},
    {"lock limit", Error::try_again, "AAAB",
     [](Attempt& a) {
       a.request.flags |= map::locked;
       a.stage.host().limits.may_lock_any = false;
       a.stage.host().limits.locked_bytes = 1;
     }},
    {"beyond what a file can have", Error::overflow, "AAAB",
     [](Attempt& a) { a.request.offset += std::uint64_t{1} << 63; }},
    {"bits that the file does not know", Error::not_supported, "AAAB",
     [](Attempt& a) { a.request.flags |= map::shared_validate | MapFlags{0x400}; }},
    {"read-only file", Error::access_denied, "AAAB",
     [](Attempt& a) { a.file->rules.writable = false; }},
    {"no execution", Error::not_permitted, "AAAB",
     [](Attempt& a) { a.file->rules.may_exec = false; }},
    {"not mappable", Error::no_device, "AAAB", [](Attempt& a) { a.file->rules.mappable = false; }},
    {"a file that grows", Error::invalid, "AAAB",
     [](Attempt& a) { a.request.flags |= map::grows_down; }},
    {"sealed against writing", Error::not_permitted, "AAAB",
     [](Attempt& a) { a.file->rules.write_sealed = true; }},
    {"sealed memory", Error::not_permitted, "A|AAZ",
     [](Attempt& a) { a.stage.area(3)->flags |= flag::sealed; }},
    {"address space limit", Error::no_memory, "A|AAB",
     [](Attempt& a) { a.stage.host().limits.address_space_bytes = 0x3000; }},
    {"the driver", Error::busy, "A...", [](Attempt& a) { a.file->refuses = Error::busy; }},
};

TEST(Mmap, attempt_without_a_fault_succeeds) {
  Attempt attempt;
  EXPECT_EQ(attempt.run(), Error::none);
  EXPECT_EQ(attempt.stage.shape(1), "[1,4)p0");
}

TEST(Mmap, first_of_two_faults_is_the_one_that_is_told) {
  for (const Fault& first : faults) {
    for (const Fault* second = &first + 1; second < std::end(faults); ++second) {
      SCOPED_TRACE(fmt::format("{}, {}", first.name, second->name));
      Attempt attempt;
      first.spoil(attempt);
      second->spoil(attempt);
      EXPECT_EQ(static_cast<int>(attempt.run()), static_cast<int>(first.error));
    }
  }
}

TEST(Mmap, each_fault_leaves_what_linux_leaves) {
  for (const Fault& fault : faults) {
    for (const bool as_linux : {true, false}) {
      SCOPED_TRACE(fault.name);
      Attempt attempt;
      fault.spoil(attempt);
      const std::string before = attempt.stage.picture();
      if (!as_linux) {
        attempt.stage.host().profile.partial_effects = PartialEffects::all_or_nothing;
      }
      EXPECT_EQ(static_cast<int>(attempt.run()), static_cast<int>(fault.error));
      EXPECT_EQ(attempt.stage.picture(), as_linux ? fault.left : before);
    }
  }
}

TEST(Mmap, mapping_may_end_where_its_file_may) {
  struct Case {
    std::uint64_t bytes_max;
    std::uint64_t offset;
    Error error;
  };
  for (const Case& c : {Case{0x3000, 0, Error::none}, Case{0x2fff, 0, Error::overflow},
                        Case{0x4000, 0x1000, Error::none}, Case{0x3fff, 0x1000, Error::overflow}}) {
    Attempt attempt;
    attempt.file->rules.bytes_max = c.bytes_max;
    attempt.request.offset = c.offset;
    EXPECT_EQ(attempt.run(), c.error) << c.bytes_max;
  }
}

TEST(Mmap, replaced_pages_do_not_count_against_the_limits) {
  Stage stage("BBB");
  stage.host().limits.address_space_bytes = 0x3000;
  EXPECT_TRUE(stage.map_fixed(0, 3, prot::none));
  EXPECT_EQ(stage.map_fixed(0, 4, prot::none).code(), Error::no_memory);
  stage.host().limits.address_space_bytes = Limits::no_limit;
  stage.host().limits.data_bytes = 0x1000;
  EXPECT_TRUE(stage.map_fixed(0, 3)) << "may_expand counts pages minus replaced pages";
}

TEST(Mmap, soft_data_limit_of_0_does_not_refuse_while_the_hard_one_suffices) {
  Stage stage;
  stage.host().limits.data_bytes = 0;
  EXPECT_TRUE(stage.map_fixed(0, 2));
  stage.host().limits.data_bytes_hard = 0x3000;
  EXPECT_EQ(stage.map_fixed(2, 4).code(), Error::no_memory);
  EXPECT_TRUE(stage.map_fixed(2, 4, prot::read)) << "not data";
}

TEST(Mmap, count_may_reach_one_more_than_the_limit) {
  Stage stage;
  stage.host().limits.area_count_max = 2;
  for (const std::uint64_t column : {0u, 2u, 4u}) {
    EXPECT_TRUE(stage.map_fixed(column, column + 1));
  }
  EXPECT_EQ(stage.map_fixed(1, 2).code(), Error::no_memory) << "even where it would merge";
  EXPECT_EQ(stage.count_areas(), 3u);
}

TEST(Mmap, lock_without_any_right_is_refused_before_the_limit) {
  Stage stage;
  stage.host().limits.may_lock_any = false;
  stage.host().limits.locked_bytes = 0;
  EXPECT_EQ(stage.map_fixed(0, 1, rw, map::locked).code(), Error::not_permitted);
  stage.host().limits.locked_bytes = 0x1000;
  EXPECT_TRUE(stage.map_fixed(0, 1, rw, map::locked));
  EXPECT_EQ(stage.map_fixed(1, 2, rw, map::locked).code(), Error::try_again);
}

/// The flags that arguments and file make, beyond access and may_access.
struct FlagsCase {
  const char* name;
  MapFlags flags;
  Protection protection;
  FileRules rules;
  Flags wanted;
};
constexpr Flags may_none = flag::may_read | flag::may_exec;

TEST(Mmap, arguments_and_file_make_the_flags) {
  constexpr Flags r = flag::read | flag::may_access;
  constexpr Flags both = r | flag::write;
  constexpr Flags sharing = flag::shared | flag::may_share;
  constexpr MapFlags anon = map::private_ | map::anonymous;
  const FlagsCase cases[] = {
      {"private", anon, rw, {}, rw_flags},
      {"unknown protection bits", anon, rw | Protection{0x60}, {}, rw_flags},
      {"no access", anon, prot::none, {}, flag::may_access},
      {"read only is not charged", anon, prot::read, {}, r},
      {"no_reserve", anon | map::no_reserve, rw, {}, both | flag::no_reserve},
      {"stack", anon | map::stack, rw, {}, rw_flags | flag::no_huge_page},
      {"grows down", anon | map::grows_down, rw, {}, rw_flags | flag::grows_down},
      {"sync", anon | map::sync, rw, {}, rw_flags | flag::sync},
      {"locked", anon | map::locked, rw, {}, rw_flags | flag::locked},
      {"droppable",
       map::droppable | map::anonymous,
       rw,
       {},
       both | flag::droppable | flag::no_reserve | flag::wipe_on_fork | flag::dont_dump},
      {"shared", map::shared | map::anonymous, rw, {}, both | sharing},
      {"private file", map::private_, rw, {}, rw_flags},
      {"shared file", map::shared, rw, {}, both | sharing},
      {"shared read-only file",
       map::shared,
       prot::read,
       {.writable = false},
       flag::read | may_none | flag::may_share},
      {"private read-only file", map::private_, rw, {.writable = false}, rw_flags},
      {"no execution", map::private_, rw, {.may_exec = false}, rw_flags.without(flag::may_exec)},
      {"write-sealed, read",
       map::shared,
       prot::read,
       {.write_sealed = true},
       flag::read | may_none | sharing},
      {"write-sealed, private", map::private_, rw, {.write_sealed = true}, rw_flags},
      {"append only, closed for writing",
       map::shared,
       prot::read,
       {.writable = false, .append_only = true},
       flag::read | may_none | flag::may_share},
  };
  for (const FlagsCase& c : cases) {
    SCOPED_TRACE(c.name);
    Stage stage;
    TestMmap request{.address = TestSpace::column(0),
                     .length = 0x1000,
                     .protection = c.protection,
                     .flags = c.flags | map::fixed};
    if (!c.flags.has_any(map::anonymous)) request.file = stage.host().make_file(c.rules);
    ASSERT_TRUE(stage.mmap(request));
    EXPECT_EQ(stage.area(0)->flags.bits(), c.wanted.bits());
  }
}

TEST(Mmap, append_only_file_open_for_writing_is_not_shared) {
  Stage stage;
  TestFile* log = stage.host().make_file({.append_only = true});
  EXPECT_EQ(stage.mmap({.length = 0x1000, .flags = map::shared, .file = log}).code(),
            Error::access_denied);
  EXPECT_TRUE(stage.mmap({.length = 0x1000, .flags = map::private_, .file = log}));
}

TEST(Mmap, no_reserve_is_not_honoured_under_strict_overcommit) {
  Stage stage;
  stage.host().limits.strict_overcommit = true;
  EXPECT_TRUE(stage.map_fixed(0, 1, rw, map::no_reserve));
  EXPECT_EQ(stage.area(0)->flags, rw_flags);
}

TEST(Mmap, page_offset_is_the_address_or_the_files_or_0) {
  Stage stage;
  ASSERT_TRUE(stage.map_fixed(3, 4));
  EXPECT_EQ(stage.area(3)->page_offset, 0x103u);
  ASSERT_TRUE(stage.mmap({.address = TestSpace::column(6),
                          .length = 0x1000,
                          .flags = map::shared | map::anonymous | map::fixed,
                          .offset = 0x5000}));
  EXPECT_EQ(stage.area(6)->page_offset, 0u);
  ASSERT_TRUE(stage.mmap({.address = TestSpace::column(9),
                          .length = 0x1000,
                          .flags = map::private_ | map::fixed,
                          .file = stage.legend.at('F').file,
                          .offset = 0x5000}));
  EXPECT_EQ(stage.area(9)->page_offset, 5u);
}

TEST(Mmap, shared_anonymous_memory_never_joins) {
  Stage stage;
  for (const std::uint64_t column : {0u, 1u}) {
    ASSERT_TRUE(stage.mmap({.address = TestSpace::column(column),
                            .length = 0x1000,
                            .protection = rw,
                            .flags = map::shared | map::anonymous | map::fixed}));
  }
  EXPECT_EQ(stage.count_areas(), 2u);
  EXPECT_NE(stage.area(0)->file, stage.area(1)->file);
}

TEST(Mmap, default_flags_are_added_before_the_merge_is_decided) {
  Stage stage;
  stage.state().default_flags = flag::locked | flag::lock_on_fault;
  ASSERT_TRUE(stage.map_fixed(0, 1));
  ASSERT_TRUE(stage.map_fixed(1, 2));
  EXPECT_EQ(stage.count_areas(), 1u);
  EXPECT_TRUE(stage.area(0)->flags.has_any(flag::locked));
}

TEST(Mmap, populated_memory_is_touched_unless_it_is_only_read) {
  Stage stage("...B");
  ASSERT_TRUE(stage.map_fixed(0, 1, rw, map::populate));
  EXPECT_TRUE(stage.identity(0));
  EXPECT_NE(stage.token(0), 0u);
  ASSERT_TRUE(stage.map_fixed(2, 3, prot::read, map::populate));
  EXPECT_FALSE(stage.identity(2));
  ASSERT_TRUE(stage.map_fixed(5, 6, rw, map::populate | map::non_block));
  EXPECT_FALSE(stage.identity(5));
  ASSERT_TRUE(stage.map_fixed(7, 8, rw, map::locked));
  EXPECT_TRUE(stage.identity(7));
}

}  // namespace
}  // namespace vmarea::test
