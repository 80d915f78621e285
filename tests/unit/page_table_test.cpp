// SPDX-License-Identifier: MIT
//
// Page tables: where pages go, which tables stand and which are freed; what calls do to them.
#include <string>
#include <utility>
#include <vector>

#include "support/test_space.hpp"

namespace vmarea::test {
namespace {

constexpr Address page = 0x1000;
constexpr Address table_span = Address{512} << 12;  // Of a table of the lowest level.
constexpr Range everything{0, 0x7fff'ffff'f000};

/// Page tables with a host of their own.
class PageTable : public ::testing::Test {
 protected:
  PageTable() : services_(host_) {}
  ~PageTable() override {
    services_.unmap_pages(pages_, everything);
    services_.free_tables(pages_, everything, everything);
    services_.unreserve_pages(pages_);
  }
  void install(Address at) {
    ASSERT_TRUE(services_.reserve_page(pages_, at));
    services_.install_page(pages_, at);
    services_.unreserve_pages(pages_);
  }
  std::uint64_t token(Address at) const {
    return shims::page_table::token_of(pages_.find(at / page));
  }
  std::string tables() const {
    std::string text;
    for (unsigned level = 0; level < shims::page_table::levels; ++level) {
      text += std::to_string(pages_.table_count(level)) + " ";
    }
    return text;
  }

  TestState host_;
  TestServices services_;
  TestServices::PageTable pages_;
};

TEST_F(PageTable, gives_each_page_a_token_and_keeps_it) {
  install(0x5000);
  install(0x6000);
  const std::uint64_t first = token(0x5000);
  EXPECT_NE(first, 0u);
  EXPECT_NE(token(0x6000), first);
  install(0x5000);
  EXPECT_EQ(token(0x5000), first) << "a page that is there stays";
  EXPECT_EQ(token(0x7000), 0u);
}

TEST_F(PageTable, has_a_table_of_each_level_on_the_path_of_a_page) {
  EXPECT_EQ(tables(), "0 0 0 0 ");
  install(0);
  EXPECT_EQ(tables(), "1 1 1 1 ");
  install(table_span - page);
  EXPECT_EQ(tables(), "1 1 1 1 ");
  install(table_span);
  EXPECT_EQ(tables(), "2 1 1 1 ");
  install(everything.end - page);
  EXPECT_EQ(tables(), "3 2 2 1 ");
}

TEST_F(PageTable, reservation_links_nothing) {
  ASSERT_TRUE(services_.reserve_page(pages_, 0));
  EXPECT_EQ(tables(), "0 0 0 0 ");
  EXPECT_EQ(pages_.pool_size(), 4u);
  services_.unreserve_pages(pages_);
  EXPECT_EQ(host_.tables.live, 0);
}

TEST_F(PageTable, frees_tables_only_wholly_between_floor_and_ceiling) {
  install(table_span);
  services_.unmap_pages(pages_, {table_span, table_span + page});
  const Range range{table_span, table_span + page};
  services_.free_tables(pages_, range, {table_span + page, everything.end});
  EXPECT_EQ(tables(), "1 1 1 1 ") << "the floor lies inside the table's span";
  services_.free_tables(pages_, range, {table_span, 2 * table_span - page});
  EXPECT_EQ(tables(), "1 1 1 1 ") << "the ceiling lies inside the table's span";
  services_.free_tables(pages_, range, {table_span, 2 * table_span});
  EXPECT_EQ(tables(), "0 1 1 1 ") << "upper tables reach beyond";
  services_.free_tables(pages_, range, everything);
  EXPECT_EQ(tables(), "0 0 0 0 ");
}

TEST_F(PageTable, says_of_tables_with_pages_that_they_stay) {
  install(0);
  const auto none = [](shims::page_table::Table*) { ADD_FAILURE() << "a table with a page"; };
  EXPECT_FALSE(pages_.free_tables({0, 1}, {0, 512}, none)) << "upper tables reach beyond";
  EXPECT_FALSE(pages_.free_tables({0, 1}, {0, 512 * 512}, none));
  EXPECT_EQ(tables(), "1 1 1 1 ");
}

TEST_F(PageTable, shows_which_pages_each_table_is_for) {
  install(table_span);
  std::string text;
  pages_.for_each_table([&](unsigned level, shims::page_table::Pages pages) {
    text += std::to_string(level) + ":" + std::to_string(pages.first) + "-" +
            std::to_string(pages.upto) + " ";
  });
  EXPECT_EQ(text, "3:0-68719476736 2:0-134217728 1:0-262144 0:512-1024 ");
}

/// Notes what it is asked for.
struct TableHost : shims::PageTables<TableHost> {
  static Geometry geometry() noexcept { return {}; }
  void* allocate_table(std::size_t bytes, std::size_t alignment) noexcept {
    asked.push_back({bytes, alignment});
    return nullptr;
  }
  static void release_table(void*, std::size_t, std::size_t) noexcept {}
  std::vector<std::pair<std::size_t, std::size_t>> asked;
};

TEST(PageTables, ask_for_the_bytes_and_the_alignment_of_a_table) {
  using Table = shims::page_table::Table;
  TableHost host;
  TableHost::PageTable pages;
  EXPECT_EQ(host.reserve_page(pages, 0).code(), Error::no_memory);
  ASSERT_EQ(host.asked.size(), 1u);
  EXPECT_EQ(host.asked[0], std::pair(sizeof(Table), alignof(Table)));
}

TEST_F(PageTable, move_carries_tokens_over_tables) {
  install(table_span - page);
  install(table_span);
  const std::uint64_t first = token(table_span - page);
  const std::uint64_t second = token(table_span);
  const Range from{table_span - page, table_span + page};
  const Address to = 9 * table_span;
  ASSERT_TRUE(services_.reserve_page_move(pages_, from, to));
  services_.free_tables(pages_, {to, to + 2 * page}, {to, to + table_span});
  host_.allocation_forbidden = true;
  services_.move_pages(pages_, from, to);
  host_.allocation_forbidden = false;
  EXPECT_EQ(token(to), first);
  EXPECT_EQ(token(to + page), second);
  EXPECT_EQ(token(table_span), 0u);
}

TEST_F(PageTable, move_downwards_may_overlap) {
  for (Address at = 4 * page; at < 8 * page; at += page) install(at);
  const std::uint64_t first = token(4 * page);
  ASSERT_TRUE(services_.reserve_page_move(pages_, {4 * page, 8 * page}, 3 * page));
  services_.move_pages(pages_, {4 * page, 8 * page}, 3 * page);
  EXPECT_EQ(token(3 * page), first);
  EXPECT_EQ(token(6 * page), first + 3);
  EXPECT_EQ(token(7 * page), 0u);
}

TEST_F(PageTable, copy_shares_tokens_with_the_child) {
  TestServices::PageTable child;
  install(0x5000);
  install(0x9000);
  ASSERT_TRUE(services_.copy_pages(child, pages_, {0, 0x8000}));
  EXPECT_EQ(child.find(5), pages_.find(5));
  EXPECT_EQ(child.find(9), 0u);
  services_.unmap_pages(child, everything);
  services_.free_tables(child, everything, everything);
}

TEST_F(PageTable, failed_reservation_of_a_copy_leaves_no_spare_tables) {
  TestServices::PageTable child;
  install(0x5000);
  host_.faults.fail(3);
  EXPECT_EQ(services_.copy_pages(child, pages_, everything), Error::no_memory);
  host_.faults.fail(0);
  EXPECT_EQ(child.pool_size(), 0u);
}

TEST(PageTableDeathTest, ends_the_program_when_a_table_in_use_would_be_freed) {
  EXPECT_DEATH(
      {
        TestSpace space("aa");
        space.state().services.free_tables(space.state().pages, everything, everything);
      },
      "free_tables frees no table that holds pages");
}

TEST(Pages, of_a_hole_are_gone_and_the_others_stay) {
  TestSpace space("aaaaaa");
  const std::uint64_t kept = space.token(5);
  ASSERT_TRUE(space.munmap(TestSpace::range_of("  **")));
  EXPECT_EQ(space.token(2), 0u);
  EXPECT_EQ(space.token(5), kept);
}

TEST(Pages, of_a_fresh_mapping_over_its_like_are_gone) {
  TestSpace space("aaaaaa");
  ASSERT_TRUE(space.mmap({.address = TestSpace::column(2),
                          .length = 2 * page,
                          .protection = prot::read | prot::write,
                          .flags = map::private_ | map::anonymous | map::fixed}));
  EXPECT_EQ(space.picture(), "aaaaaa");
  EXPECT_EQ(space.token(2), 0u);
  EXPECT_NE(space.token(1), 0u);
}

TEST(Pages, are_protected_as_their_area_is) {
  TestSpace space("aaaa");
  ASSERT_TRUE(space.mprotect(TestSpace::range_of("  **"), prot::read));
  EXPECT_EQ(space.state().pages.find(0x102) & 0xf, flag::read.bits());
}

/// What the checker says while `breaks` is done to the pages.
template <class Breaks>
std::string seen(TestSpace& space, Breaks&& breaks) {
  TestServices::PageTable& pages = space.state().pages;
  shims::page_table::Entry before[4];
  for (std::uint64_t i = 0; i < 4; ++i) before[i] = pages.at(0x100 + i);
  breaks(pages);
  const std::string wrong = what_is_wrong_in_pages(space.state());
  for (std::uint64_t i = 0; i < 4; ++i) pages.at(0x100 + i) = before[i];
  space.check();
  return wrong.substr(0, wrong.find(':'));
}

TEST(PagesCheck, sees_each_broken_invariant) {
  TestSpace space("aaa.");
  ASSERT_TRUE(space.mprotect(TestSpace::range_of("*"), prot::read));
  EXPECT_EQ(seen(space, [](auto& pages) { pages.at(0x103) = 99 << 4; }), "25") << "in a hole";
  EXPECT_EQ(seen(space, [](auto& pages) { pages.at(0x102) = pages.at(0x101); }), "25") << "twice";
  EXPECT_EQ(seen(space, [](auto& pages) { pages.at(0x100) |= flag::write.bits(); }), "26");
  TestServices& services = space.state().services;
  ASSERT_TRUE(services.reserve_page(space.state().pages, 0x4000'0000'0000));
  EXPECT_EQ(what_is_wrong_in_pages(space.state()).substr(0, 2), "27") << "spare tables";
  space.state().pages.at(0x4000'0000'0000 / page) = 0;
  EXPECT_EQ(what_is_wrong_in_pages(space.state()).substr(0, 2), "27") << "a table without an area";
  services.free_tables(space.state().pages, {0x4000'0000'0000, 0x4000'0000'1000},
                       {0x3000'0000'0000, everything.end});
  space.check();
}

}  // namespace
}  // namespace vmarea::test
