// SPDX-License-Identifier: MIT
//
// Cursors that save a call its way down: they stand anywhere, and what they know of one window must
// not serve another.
//
//   key      0123456789           a letter is the identity of the entry that holds the key
//   picture  "aa.b...ccc"         '.' is a hole
#include <algorithm>
#include <string>
#include <string_view>

#include <gtest/gtest.h>
#include <vmarea_shims/maple_tree.hpp>

#include "support/maple_configs.hpp"
#include "support/node_memory.hpp"

namespace vmarea::test {
namespace {

using Entry = TreeEntry<char>;

char letters[128];

char* value_of(char letter) {
  return &letters[static_cast<std::size_t>(letter)];
}

template <class Config>
class Hint : public testing::Test {
 protected:
  using Tree = shims::MapleTree<char, NodeMemory, Config::options>;
  using Cursor = typename Tree::Cursor;

  void draw(std::string_view picture) {
    for (std::size_t i = 0; i < picture.size();) {
      const std::size_t end = std::min(picture.find_first_not_of(picture[i], i), picture.size());
      if (picture[i] != '.') {
        ASSERT_TRUE(tree_.assign(i, end - 1, value_of(picture[i])));
      }
      i = end;
    }
  }
  std::string picture(std::size_t length) const {
    std::string drawn(length, '.');
    for (auto at = tree_.seek(0); at.entry(); at.next()) {
      const Entry entry = at.entry();
      for (TreeKey key = entry.first; key <= entry.last; ++key) {
        drawn[key] = static_cast<char>(entry.value - letters);
      }
    }
    return drawn;
  }
  /// What lies in a window, by letters.
  std::string visited(TreeKey first, TreeKey last, const Cursor* hint) const {
    std::string values;
    tree_.for_each_in(first, last, hint,
                      [&](char& value) { values += static_cast<char>(&value - letters); });
    return values;
  }
  /// One whole write by a hint.
  void replace(const Entry& by, Cursor& hint) {
    ASSERT_TRUE(tree_.reserve(tree_.nodes_needed(by.first, by.last, 1, 0, &hint)));
    tree_.replace(by.first, by.last, &by, 1, &hint);
    tree_.unreserve();
    ASSERT_EQ(tree_.check(), nullptr) << tree_.check();
  }

  NodeMemoryState memory_;
  Tree tree_{NodeMemory{&memory_}};
};
TYPED_TEST_SUITE(Hint, AllConfigs, ConfigName);

TYPED_TEST(Hint, window_holds_the_same_entries_as_without) {
  this->draw("aa.bb.cc.dd.ee.ff.g");
  auto at_start = this->tree_.seek(0);
  for (auto* hint : {&at_start, decltype(&at_start){}}) {
    EXPECT_EQ(this->visited(2, 4, hint), "b");
    EXPECT_EQ(this->visited(3, 4, hint), "b");
    EXPECT_EQ(this->visited(2, 17, hint), "bcdef");
    EXPECT_EQ(this->visited(0, 10, hint), "abcd");
    EXPECT_EQ(this->visited(5, 5, hint), "");
    EXPECT_EQ(this->visited(15, 18, hint), "fg");
    EXPECT_EQ(this->visited(17, 17, hint), "");
    EXPECT_EQ(this->visited(19, 99, hint), "");
  }
}

TYPED_TEST(Hint, that_is_assigned_forgets_the_window_it_knew) {
  this->draw("..bb.cc");
  auto hint = this->tree_.seek(5);
  (void)this->tree_.nodes_needed(5, 6, 1, 0, &hint);
  ASSERT_TRUE(this->tree_.assign(0, 0, value_of('a')));  // So c stands elsewhere in the same leaf.
  hint = this->tree_.seek(5);
  this->replace({5, 6, value_of('d')}, hint);
  EXPECT_EQ(this->picture(7), "a.bb.dd");
}

TYPED_TEST(Hint, serves_one_window_after_the_other) {
  this->draw("aa.bb.cc.dd");
  auto hint = this->tree_.seek(3);
  for (const TreeKey last : {4u, 7u, 5u, 10u}) {
    for (const TreeKey first : {2u, 3u, 5u}) {
      EXPECT_EQ(this->visited(first, last, &hint), this->visited(first, last, nullptr));
    }
  }
  (void)this->tree_.nodes_needed(3, 4, 1, 0, &hint);
  this->replace({3, 7, value_of('e')}, hint);
  EXPECT_EQ(this->picture(11), "aa.eeeee.dd");
}

}  // namespace
}  // namespace vmarea::test
