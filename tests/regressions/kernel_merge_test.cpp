// SPDX-License-Identifier: MIT
//
// The scenarios of the kernel's own self test of merging, made with system calls, as Linux 6.16 and
// later answer them. Lower case: touched. Everything is mapped without reserve, so that the charge
// keeps nothing apart.
//
// Of the uprobe scenario only the moves are left, since there are no probes here; of same-page
// merging only the flag, which process-wide merging gives to every area, old and new.
#include "support/stage.hpp"

namespace vmarea::test {
namespace {

class Carved : public Stage {
 public:
  Carved() {
    legend.clear();
    legend['A'] = {.adds = flag::no_reserve};
    legend['B'] = {.protection = prot::read, .adds = flag::no_reserve};
    legend['E'] = {.protection = rw | prot::exec, .adds = flag::no_reserve};
    legend['M'] = {.adds = flag::no_reserve | flag::mergeable};
  }
  void map(std::uint64_t first, std::uint64_t upto, Protection protection = rw) {
    EXPECT_TRUE(map_fixed(first, upto, protection, map::no_reserve));
  }
  void read_only(std::uint64_t first, std::uint64_t upto) {
    EXPECT_TRUE(mprotect(columns(first, upto), prot::read));
  }
  void touch_column(std::uint64_t number) { EXPECT_TRUE(touch(column(number))); }
  void map_touched(std::uint64_t first, std::uint64_t upto) {
    map(first, upto);
    touch_column(first);
  }
  void move_pages(std::uint64_t from, std::uint64_t pages, std::uint64_t to, RemapFlags adds = {}) {
    EXPECT_TRUE(move(from, pages, to, fixed_move | adds));
  }
};

TEST(KernelMergeScenario, 01_untouched_left_and_touched_right_become_one) {
  Carved c;
  c.map(0, 10);
  c.read_only(0, 5);
  c.touch_column(5);
  EXPECT_EQ(c.picture(), "BBBBBaaaaa");
  c.read_only(5, 10);
  EXPECT_EQ(c.picture(), "bbbbbbbbbb");
}

TEST(KernelMergeScenario, 02_touched_left_and_untouched_right_become_one) {
  Carved c;
  c.map(0, 10);
  c.read_only(5, 10);
  c.touch_column(0);
  c.read_only(0, 5);
  EXPECT_EQ(c.picture(), "bbbbbbbbbb");
}

TEST(KernelMergeScenario, 03_touched_middle_joins_two_untouched_sides) {
  Carved c;
  c.map(0, 9);
  c.read_only(0, 3);
  c.read_only(6, 9);
  c.touch_column(3);
  EXPECT_EQ(c.picture(), "BBBaaaBBB");
  c.read_only(3, 6);
  EXPECT_EQ(c.picture(), "bbbbbbbbb");
}

TEST(KernelMergeScenario, 04_middle_joins_a_touched_left_and_an_untouched_right) {
  Carved c;
  c.map(0, 9);
  c.read_only(6, 9);
  c.touch_column(0);
  c.read_only(0, 3);
  EXPECT_EQ(c.picture(), "bbbaaaBBB");
  c.read_only(3, 6);
  EXPECT_EQ(c.picture(), "bbbbbbbbb");
}

TEST(KernelMergeScenario, 05_middle_joins_an_untouched_left_and_a_touched_right) {
  Carved c;
  c.map(0, 9);
  c.read_only(0, 3);
  c.touch_column(3);
  c.read_only(6, 9);
  EXPECT_EQ(c.picture(), "BBBaaabbb");
  c.read_only(3, 6);
  EXPECT_EQ(c.picture(), "bbbbbbbbb");
}

TEST(KernelMergeScenario, 01_before_6_16_touched_and_untouched_stay_apart) {
  Carved c;
  c.host().profile.faulted_into_untouched = FaultedMerge::never;
  c.map(0, 10);
  c.read_only(0, 5);
  c.touch_column(5);
  c.read_only(5, 10);
  EXPECT_EQ(c.picture(), "BBBBB|bbbbb");
}

TEST(KernelMergeScenario, 06_new_mapping_does_not_join_what_the_child_inherited) {
  Carved parent;
  parent.map_touched(0, 5);
  const auto child = parent.fork();
  for (std::uint64_t column = 0; column < 5; ++column) {
    EXPECT_TRUE(child->touch(TestSpace::column(column)));
  }
  EXPECT_TRUE(child->mmap({.address = TestSpace::column(5),
                           .length = 0x5000,
                           .protection = rw,
                           .flags = fixed_private | map::no_reserve}));
  EXPECT_EQ(child->picture(), "aaaaa|AAAAA");
  parent.map(5, 10);
  EXPECT_EQ(parent.picture(), "aaaaaaaaaa") << "the parent's memory is its own";
}

TEST(KernelMergeScenario, 07_what_the_child_inherited_does_not_join_a_new_mapping) {
  Carved parent;
  parent.map_touched(0, 5);
  const auto child = parent.fork();
  EXPECT_TRUE(child->touch(TestSpace::column(0)));
  EXPECT_TRUE(child->mmap({.address = TestSpace::column(5),
                           .length = 0x5000,
                           .protection = rw | prot::exec,
                           .flags = fixed_private | map::no_reserve}));
  EXPECT_TRUE(child->mprotect(columns(0, 5), rw | prot::exec));
  EXPECT_EQ(child->picture(), "eeeee|EEEEE");
}

TEST(KernelMergeScenario, 08_file_mapping_that_grew_elsewhere_moves_back_over_its_old_place) {
  Stage stage("FFFFF.....");
  const auto away = stage.mremap({.address = TestSpace::column(0),
                                  .old_length = 0x5000,
                                  .new_length = 0xa000,
                                  .flags = fixed_move,
                                  .new_address = TestSpace::column(20)});
  ASSERT_TRUE(away);
  EXPECT_EQ(stage.shape(20), "[14,1e)p0");
  EXPECT_TRUE(stage.move(20, 5, 0));
  EXPECT_EQ(stage.shape(0), "[0,5)p0");
  EXPECT_EQ(stage.shape(25), "[19,1e)p5");
  EXPECT_EQ(stage.legend.at('F').file->references, 2u);
}

TEST(KernelMergeScenario, 09_areas_merge_before_and_after_same_page_merging_was_switched_on) {
  Carved c;
  c.map(0, 5);
  c.map(5, 10);
  EXPECT_EQ(c.picture(), "AAAAAAAAAA");
  EXPECT_TRUE(c.munmap(columns(5, 10)));
  EXPECT_TRUE(c.set_memory_merge(SamePageMerging::on));
  c.map(5, 10);
  EXPECT_EQ(c.picture(), "MMMMMMMMMM");
}

TEST(KernelMergeScenario, 10_untouched_moves_to_the_right_of_a_touched_area) {
  Carved c;
  c.map_touched(0, 5);
  c.map(20, 25);
  c.move_pages(20, 5, 5);
  EXPECT_EQ(c.picture(), "aaaaaaaaaa");
}

TEST(KernelMergeScenario, 11_untouched_moves_to_the_left_of_a_touched_area) {
  Carved c;
  c.map_touched(6, 11);
  c.map(20, 25);
  c.move_pages(20, 5, 1);
  EXPECT_EQ(c.picture(), ".aaaaaaaaaa");
}

TEST(KernelMergeScenario, 12_untouched_between_two_identities_joins_the_left_one) {
  Carved c;
  c.map_touched(0, 5);
  c.map_touched(10, 15);
  c.map(20, 25);
  c.move_pages(20, 5, 5);
  EXPECT_EQ(c.picture(), "aaaaaaaaaa|aaaaa");
}

TEST(KernelMergeScenario, 13_untouched_between_touched_and_untouched_joins_both) {
  Carved c;
  c.map_touched(0, 5);
  c.map(10, 15);
  c.map(20, 25);
  c.move_pages(20, 5, 5);
  EXPECT_EQ(c.picture(), "aaaaaaaaaaaaaaa");
}

TEST(KernelMergeScenario, 14_untouched_in_the_hole_of_one_touched_area_joins_both) {
  Carved c;
  c.map_touched(0, 15);
  EXPECT_TRUE(c.munmap(columns(5, 10)));
  c.map(20, 25);
  c.move_pages(20, 5, 5);
  EXPECT_EQ(c.picture(), "aaaaaaaaaaaaaaa");
}

/// Thirds of one touched area; each is [5n, 5n + 5) and goes to 20 + 10n.
struct Thirds {
  std::vector<std::uint64_t> away, back;
  std::vector<const char*> after_each;  // Of those that come back.
};

TEST(KernelMergeScenario, 15_touched_parts_join_as_soon_as_they_are_back_where_they_came_from) {
  const Thirds orders[] = {
      {{1}, {1}, {"aaaaaaaaaaaaaaa"}},
      {{2}, {2}, {"aaaaaaaaaaaaaaa"}},
      {{0}, {0}, {"aaaaaaaaaaaaaaa"}},
      {{1, 2}, {1, 2}, {"aaaaaaaaaa", "aaaaaaaaaaaaaaa"}},
      {{1, 2}, {2, 1}, {"aaaaa.....aaaaa", "aaaaaaaaaaaaaaa"}},
      {{0, 1}, {1, 0}, {".....aaaaaaaaaa", "aaaaaaaaaaaaaaa"}},
      {{0, 2}, {2, 0}, {".....aaaaaaaaaa", "aaaaaaaaaaaaaaa"}},
      {{0, 1, 2}, {2, 0, 1}, {"..........aaaaa", "aaaaa.....aaaaa", "aaaaaaaaaaaaaaa"}},
  };
  for (const Thirds& order : orders) {
    Carved c;
    c.map_touched(0, 15);
    for (const std::uint64_t n : order.away) c.move_pages(5 * n, 5, 20 + 10 * n);
    for (std::size_t i = 0; i < order.back.size(); ++i) {
      const std::uint64_t n = order.back[i];
      c.move_pages(20 + 10 * n, 5, 5 * n);
      std::string seen = c.picture().substr(0, 15);
      seen.erase(seen.find_last_not_of('.') + 1);
      EXPECT_EQ(seen, order.after_each[i]);
    }
    EXPECT_EQ(c.count_areas(), 1u);
  }
}

/// A touched area at 20 whose page offsets are those of `column`.
void put_touched_aside(Carved& c, std::uint64_t column, std::uint64_t pages) {
  c.map_touched(column, column + pages);
  c.move_pages(column, pages, 20);
}
/// What a move that keeps its source leaves: an empty area, and all links right (check() looks).
void keep_and_move(Carved& c, std::uint64_t to) {
  c.move_pages(20, 3, to, remap::dont_unmap);
  EXPECT_EQ(c.shape(20).substr(0, 7), "[14,17)");
  EXPECT_FALSE(c.identity(20));
}

TEST(KernelMergeScenario, 16_touched_joins_an_untouched_prev) {
  Carved c;
  put_touched_aside(c, 3, 3);
  c.map(0, 3);
  keep_and_move(c, 3);
  EXPECT_EQ(c.shape(0), "[0,6)p0");
  EXPECT_TRUE(c.identity(0));
}

TEST(KernelMergeScenario, 17_touched_joins_an_untouched_next) {
  Carved c;
  put_touched_aside(c, 0, 3);
  c.map(3, 6);
  keep_and_move(c, 0);
  EXPECT_EQ(c.shape(0), "[0,6)p0");
  EXPECT_EQ(c.chain(0), 1u);
}

TEST(KernelMergeScenario, 18_touched_joins_untouched_areas_on_both_sides) {
  Carved c;
  put_touched_aside(c, 3, 3);
  c.map(0, 3);
  c.map(6, 9);
  keep_and_move(c, 3);
  EXPECT_EQ(c.shape(0), "[0,9)p0");
  EXPECT_TRUE(c.identity(0));
}

TEST(KernelMergeScenario, 19_touched_joins_an_untouched_prev_and_a_next_of_its_own_origin) {
  Carved c;
  c.map_touched(3, 9);
  c.move_pages(3, 3, 20);
  c.map(0, 3);
  keep_and_move(c, 3);
  EXPECT_EQ(c.shape(0), "[0,9)p0");
  EXPECT_EQ(c.chain(0), 1u);
}

}  // namespace
}  // namespace vmarea::test
