// SPDX-License-Identifier: MIT
//
// The order in which a change does its work (rules 6, 11.3, 27): every area is
// locked for writing before anything moves, the file before the identity, out of the trees before
// a range changes and back in before the locks go, pages before tables, tables last.
#include <algorithm>

#include "support/stage.hpp"

namespace vmarea::test {
namespace {

/// What a call had its host do.
class Record {
 public:
  template <class Call>
  Record(Stage& stage, Call&& call) {
    stage.host().recorder.on = true;
    call();
    stage.host().recorder.on = false;
    lines_ = stage.host().recorder.take();
  }
  std::size_t first(std::string_view what) const { return place(what, lines_.begin()); }
  std::size_t last(std::string_view what) const {
    std::size_t found = lines_.size();
    for (std::size_t i = 0; i < lines_.size(); ++i) {
      if (lines_[i].starts_with(what)) found = i;
    }
    return found;
  }
  bool has(std::string_view what) const { return first(what) != lines_.size(); }
  std::size_t count(std::string_view what) const {
    return static_cast<std::size_t>(
        std::count_if(lines_.begin(), lines_.end(),
                      [&](const std::string& line) { return line.starts_with(what); }));
  }
  std::string text() const {
    std::string all;
    for (const std::string& line : lines_) all += line + "\n";
    return all;
  }

 private:
  std::size_t place(std::string_view what, std::vector<std::string>::const_iterator from) const {
    return static_cast<std::size_t>(
        std::find_if(from, lines_.end(),
                     [&](const std::string& line) { return line.starts_with(what); }) -
        lines_.begin());
  }
  std::vector<std::string> lines_;
};

/// What holds for every change that gives areas of files with identities other ranges.
void expect_lock_order(const Record& record) {
  SCOPED_TRACE(record.text());
  EXPECT_EQ(record.first("lock space"), 0u);
  EXPECT_LT(record.last("begin write"), record.first("leave"));
  EXPECT_LT(record.first("lock file"), record.first("lock identity"));
  EXPECT_LT(record.first("lock identity"), record.first("leave"));
  EXPECT_LT(record.first("leave"), record.first("enter"));
  EXPECT_LT(record.last("enter"), record.last("unlock identity"));
  EXPECT_LT(record.last("unlock identity"), record.last("unlock file"));
  EXPECT_EQ(record.count("lock file"), record.count("unlock file"));
  EXPECT_LT(record.last("unlock file"), record.last("unlock space"));
}

TEST(CommitOrder, merge_locks_all_areas_first_and_unlinks_what_is_swallowed) {
  Stage stage("ffff");
  ASSERT_TRUE(stage.split(2, NewPart::above));
  const Record merge(stage,
                     [&] { EXPECT_TRUE(stage.modify(columns(2, 4), stage.area(2)->flags)); });
  expect_lock_order(merge);
  EXPECT_EQ(merge.count("begin write"), 2u) << merge.text();
  EXPECT_TRUE(merge.has("unlink 102-104")) << merge.text();
  EXPECT_LT(merge.first("enter 100-104"), merge.first("unlink")) << "survivors cover it already";
  EXPECT_FALSE(merge.has("unmap pages") || merge.has("free tables")) << merge.text();
}

TEST(CommitOrder, split_clones_the_links_of_the_new_part) {
  Stage stage("ffff");
  const Record split(stage, [&] { EXPECT_TRUE(stage.split(2, NewPart::above)); });
  SCOPED_TRACE(split.text());
  EXPECT_TRUE(split.has("clone links 102-104"));
  EXPECT_LT(split.first("lock identity"), split.first("clone links"));
  EXPECT_LT(split.first("clone links"), split.last("unlock identity"));
  EXPECT_LT(split.first("leave 100-104"), split.first("enter 100-102"));
}

TEST(CommitOrder, unmapping_drops_pages_then_links_then_tables) {
  Stage stage("hh.hh");
  const Record unmap(stage, [&] { EXPECT_TRUE(stage.munmap(columns(0, 5))); });
  SCOPED_TRACE(unmap.text());
  EXPECT_LT(unmap.last("begin write"), unmap.first("unmap pages"));
  EXPECT_LT(unmap.last("unmap pages"), unmap.first("unlink"));
  EXPECT_LT(unmap.last("unlink"), unmap.first("free tables"));
  EXPECT_LT(unmap.last("free tables"), unmap.first("close"));
  EXPECT_LT(unmap.first("close 100-102"), unmap.first("close 103-105"));
}

TEST(CommitOrder, move_puts_the_copy_then_its_pages_then_clears_the_source) {
  Stage stage("hh......");
  const Record moved(stage, [&] { EXPECT_TRUE(stage.move(0, 2, 4)); });
  SCOPED_TRACE(moved.text());
  EXPECT_LT(moved.first("begin write"), moved.first("clone links 104-106"));
  EXPECT_LT(moved.first("open 104-106"), moved.first("move pages 100-102"));
  EXPECT_LT(moved.first("move pages"), moved.first("unlink 100-102"));
  EXPECT_LT(moved.first("unlink"), moved.first("close 100-102"));
  EXPECT_EQ(moved.count("lock space"), 1u) << "nobody sees it half-way";
}

TEST(CommitOrder, flags_change_under_the_write_lock_and_nothing_else) {
  Stage stage("ff");
  const Record flags(stage, [&] { EXPECT_TRUE(stage.madvise(columns(0, 2), Advice::dont_fork)); });
  SCOPED_TRACE(flags.text());
  EXPECT_EQ(flags.count("begin write"), 1u);
  EXPECT_FALSE(flags.has("lock file") || flags.has("lock identity") || flags.has("leave"));
}

TEST(CommitOrder, stack_grows_under_its_identitys_lock) {
  Stage stage("....kk");
  const Record grown(stage, [&] { EXPECT_TRUE(stage.grow_stack(TestSpace::column(2))); });
  SCOPED_TRACE(grown.text());
  EXPECT_LT(grown.first("begin write"), grown.first("lock identity"));
  EXPECT_LT(grown.first("lock identity"), grown.first("leave 104-106"));
  EXPECT_LT(grown.first("enter 102-106"), grown.first("unlock identity"));
}

TEST(CommitOrder, failed_call_locks_no_area) {
  Stage stage("AA");
  const Record failed(stage, [&] {
    EXPECT_FALSE(stage.mprotect(columns(4, 5), prot::read));
    EXPECT_FALSE(stage.mseal(columns(1, 3)));
    EXPECT_FALSE(stage.move(4, 1, 8));
  });
  EXPECT_EQ(failed.count("begin write"), 0u) << failed.text();
  EXPECT_EQ(failed.count("lock space"), failed.count("unlock space"));
}

}  // namespace
}  // namespace vmarea::test
