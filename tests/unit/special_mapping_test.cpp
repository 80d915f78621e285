// SPDX-License-Identifier: MIT
//
// Special mappings (rules 20; linux_6_18, part 1 rule 14 and part 2, "Special
// areas"): what was seen of vvar and vdso on a running 6.18.
//
//   columns   0 1 2 3 | 4 5 | 6 7 8
//             vvar      vdso   A
#include <fmt/core.h>

#include "support/stage.hpp"

namespace vmarea::test {
namespace {

constexpr Flags vvar_flags =
    flag::read | flag::may_read | flag::page_frames | flag::io | flag::dont_dump;
constexpr Flags vdso_flags = flag::read | flag::exec | flag::may_access;

class SpecialStage : public Stage {
 public:
  SpecialStage() {
    EXPECT_TRUE(special(0, 4, vvar_flags));
    EXPECT_TRUE(special(4, 6, vdso_flags));
    build("      AAA");
    legend['v'] = {};
  }
  Result<void> special(std::uint64_t first, std::uint64_t upto, Flags flags) {
    return insert_special({.start = column(first), .length = (upto - first) << 12, .flags = flags});
  }
  std::string shapes() {
    std::string text;
    for (const auto& found : space().areas()) {
      text += fmt::format("[{},{})", (found.start - base) >> 12, (found.end - base) >> 12);
    }
    return text;
  }
};

constexpr const char* untouched = "[0,4)[4,6)[6,9)";

TEST(SpecialMapping, takes_the_default_flags_but_for_locks_and_never_grows) {
  Stage stage("..A");
  stage.state().default_flags = flag::locked | flag::lock_on_fault | flag::no_reserve;
  stage.state().modes.merges_same_pages = true;
  stage.host().limits.address_space_bytes = 0x1000;
  ASSERT_TRUE(stage.insert_special(
      {.start = TestSpace::base, .length = 0x1fff, .flags = vdso_flags | flag::locked}))
      << "no limit is asked";
  EXPECT_EQ(stage.area(0)->flags, vdso_flags | flag::dont_expand | flag::no_reserve);
  EXPECT_EQ(stage.area(0)->length(), 0x2000u);
  EXPECT_EQ(stage.area(0)->page_offset, 0u);
  EXPECT_FALSE(stage.area(0)->anonymous());
  EXPECT_EQ(stage.space().totals().total, 3);
  EXPECT_EQ(stage.space().totals().exec, 2);
  EXPECT_EQ(stage.space().totals().locked, 0);
}

TEST(SpecialMapping, is_refused_where_something_stands_or_the_range_is_bad) {
  SpecialStage stage;
  EXPECT_EQ(stage.special(3, 5, vdso_flags).code(), Error::no_memory);
  EXPECT_EQ(stage.special(8, 10, vdso_flags).code(), Error::no_memory);
  EXPECT_EQ(stage.special(9, 9, vdso_flags).code(), Error::invalid);
  EXPECT_EQ(stage.insert_special({.start = TestSpace::column(9) + 1, .length = 0x1000}).code(),
            Error::invalid);
  const Address limit = stage.host().geometry.limit;
  EXPECT_EQ(stage.insert_special({.start = limit - 0x1000, .length = 0x2000}).code(),
            Error::invalid);
  EXPECT_EQ(stage.insert_special({.start = limit - 0x1000, .length = ~0ull}).code(),
            Error::invalid);
  EXPECT_EQ(stage.shapes(), untouched);
}

TEST(SpecialMapping, never_joins_an_equal_neighbour) {
  SpecialStage stage;
  ASSERT_TRUE(stage.special(9, 10, vdso_flags));
  ASSERT_TRUE(stage.special(10, 11, vdso_flags));
  EXPECT_EQ(stage.shapes(), "[0,4)[4,6)[6,9)[9,10)[10,11)");
}

TEST(SpecialMapping, part_of_it_can_be_had_by_no_call) {
  struct Case {
    const char* name;
    Error (*call)(SpecialStage&);
    const char* after = untouched;
  };
  const Case cases[] = {
      {"munmap the end", [](SpecialStage& s) { return s.munmap(columns(1, 4)).code(); }},
      {"munmap the start", [](SpecialStage& s) { return s.munmap(columns(4, 5)).code(); }},
      {"mprotect", [](SpecialStage& s) { return s.mprotect(columns(4, 5), prot::read).code(); }},
      {"madvise",
       [](SpecialStage& s) { return s.madvise(columns(4, 5), Advice::dont_dump).code(); }},
      {"mseal", [](SpecialStage& s) { return s.mseal(columns(5, 6)).code(); }},
      {"mremap", [](SpecialStage& s) { return s.move(4, 1, 12).code(); }},
      {"mremap over a part", [](SpecialStage& s) { return s.move(6, 1, 4).code(); }},
      {"mmap over a part", [](SpecialStage& s) { return s.map_fixed(5, 6).code(); }},
      {"mmap over its start, beginning in another area",
       [](SpecialStage& s) {
         EXPECT_TRUE(s.move(6, 3, 9));
         EXPECT_TRUE(s.move(4, 2, 12));
         return s.map_fixed(10, 13).code();
       },
       "[0,4)[9,10)[10,12)[12,14)"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    SpecialStage stage;
    EXPECT_EQ(c.call(stage), Error::invalid);
    EXPECT_EQ(stage.shapes(), c.after);
  }
}

TEST(SpecialMapping, what_changes_nothing_may_name_a_part) {
  SpecialStage stage;
  EXPECT_TRUE(stage.mlock(columns(4, 5), MlockMode::lock_on_fault));
  EXPECT_TRUE(stage.madvise(columns(0, 1), Advice::dont_dump)) << "it has it already";
  EXPECT_TRUE(stage.mprotect(columns(4, 5), prot::read | prot::exec));
  EXPECT_EQ(stage.shapes(), untouched);
}

TEST(SpecialMapping, whole_ones_can_be_changed_moved_and_taken_away) {
  SpecialStage stage;
  EXPECT_TRUE(stage.madvise(columns(4, 6), Advice::dont_dump));
  EXPECT_TRUE(stage.madvise(columns(4, 6), Advice::dont_fork));
  EXPECT_TRUE(stage.move(4, 2, 12));
  EXPECT_EQ(stage.shapes(), "[0,4)[6,9)[12,14)");
  EXPECT_EQ(stage.area(12)->flags & (flag::dont_dump | flag::dont_copy),
            flag::dont_dump | flag::dont_copy);
  EXPECT_TRUE(stage.map_fixed(12, 14, prot::read)) << "FIXED over it";
  EXPECT_TRUE(stage.munmap(columns(0, 4)));
  EXPECT_EQ(stage.shapes(), "[6,9)[12,14)");
  ASSERT_TRUE(stage.special(0, 2, vdso_flags));
  EXPECT_TRUE(stage.mseal(columns(0, 2)));
  EXPECT_EQ(stage.munmap(columns(0, 2)).code(), Error::not_permitted);
}

TEST(SpecialMapping, protection_follows_what_it_may_and_keeps_the_charge) {
  SpecialStage stage;
  EXPECT_EQ(stage.mprotect(columns(0, 4), prot::write).code(), Error::access_denied);
  const PageTotals before = stage.space().totals();
  ASSERT_TRUE(stage.mprotect(columns(4, 6), rw));
  EXPECT_EQ(stage.space().totals().data, before.data + 2);
  EXPECT_EQ(stage.space().totals().exec, before.exec - 2);
  EXPECT_TRUE(stage.area(4)->flags.has_any(flag::account));
  ASSERT_TRUE(stage.mprotect(columns(4, 6), prot::read | prot::exec));
  EXPECT_TRUE(stage.area(4)->flags.has_any(flag::account)) << "it is not anonymous";
  EXPECT_EQ(stage.space().totals().data, before.data);
}

TEST(SpecialMapping, cannot_grow_nor_leave_a_copy) {
  SpecialStage stage;
  ASSERT_TRUE(stage.munmap(columns(6, 9)));
  EXPECT_EQ(stage
                .mremap({.address = TestSpace::column(4),
                         .old_length = 0x2000,
                         .new_length = 0x3000,
                         .flags = remap::may_move})
                .code(),
            Error::bad_address);
  EXPECT_EQ(stage.move(4, 2, 12, remap::may_move | remap::dont_unmap).code(), Error::invalid);
}

TEST(SpecialMapping, close_hook_of_the_host_is_called_once_at_the_end) {
  static int closed;
  closed = 0;
  static constexpr AreaHooks<TestServices> hooks{.close = [](TestArea&) noexcept { ++closed; },
                                                 .may_split = vmarea::refuse_split<TestServices>};
  Stage stage;
  ASSERT_TRUE(stage.insert_special(
      {.start = TestSpace::base, .length = 0x2000, .flags = vdso_flags, .hooks = &hooks}));
  ASSERT_TRUE(stage.move(0, 2, 8));
  EXPECT_EQ(closed, 1) << "of the object that the move left behind";
  ASSERT_TRUE(stage.munmap(columns(8, 10)));
  EXPECT_EQ(closed, 2);
}

TEST(SpecialMapping, lasts_through_fork) {
  SpecialStage parent;
  const auto child = parent.fork();
  EXPECT_EQ(child->area(4)->flags, parent.area(4)->flags);
  EXPECT_EQ(child->munmap(columns(4, 5)).code(), Error::invalid);
}

}  // namespace
}  // namespace vmarea::test
