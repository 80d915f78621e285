// SPDX-License-Identifier: MIT
//
// Random writes to the maple tree and to a std::map, compared after every one of them.
//
//   write    one to six windows     plan all, reserve the sum once, replace in random order
//            [ab] [..] [cdef] [g]   a window holds any number of entries and gets 0 to 3
//              [bc]                 one that does not grow may begin with what stands there last
//
// After each write: the tree's own check, the size, searches of every kind. In published mode also:
// of all that readers can see, one word has changed at most. A failure prints how to replay it.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <vmarea_shims/maple_tree.hpp>

#include "support/map_tree.hpp"
#include "support/maple_configs.hpp"
#include "support/node_memory.hpp"

namespace vmarea::test {
namespace {

using Entry = TreeEntry<char>;

constexpr TreeKey last_key = ~TreeKey{0};
char letters[64];

/// What the tree tells of a letter: what it holds.
struct LetterFacts {
  static constexpr std::size_t words = 1;
  using Atomics = shims::StandardAtomics;
  static TreeFacts<words> of(const char& letter) noexcept {
    return {{static_cast<std::uint64_t>(letter)}};
  }
};

std::uint64_t seed_of_run() {
  const char* const given = std::getenv("VMAREA_SEED");
  if (given != nullptr) return std::strtoull(given, nullptr, 0);
  return static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count() &
                                    0xffffffff);
}

struct Window {
  TreeKey first;
  TreeKey last;
  Entry entries[3];
  std::size_t count;
  std::size_t erased;
  bool goes_on = false;  // Begins with what the one before put there.
};

template <class Config>
class MapleTreeModel : public testing::Test {
 protected:
  static constexpr shims::MapleTreeOptions options = Config::options;
  static constexpr bool published = Config::published;
  using Tree = shims::MapleTree<char, NodeMemory, options, LetterFacts>;
  using Node = shims::maple::Node<options.capacity, LetterFacts::words>;
  static_assert(LookupTree<Tree, char> && AreaTree<MapTree<char>, char>);

  void SetUp() override {
    seed_ = seed_of_run();
    random_.seed(seed_);
    const auto* const test = testing::UnitTest::GetInstance()->current_test_info();
    replay_ = "VMAREA_SEED=" + std::to_string(seed_) + " " + testing::internal::GetArgvs()[0] +
              " --gtest_filter=" + test->test_suite_name() + "." + test->name();
    std::printf("replay: %s\n", replay_.c_str());
    std::fflush(stdout);
  }

  std::uint64_t below(std::uint64_t limit) { return random_() % limit; }
  char* any_value() { return &letters[below(sizeof letters)]; }

  /// A key of the crowded part, or one near either end of the key space.
  TreeKey any_key() {
    switch (below(40)) {
      case 0:
        return last_key - below(3);
      case 1:
        return below(3);
      default:
        return below(crowd_);
    }
  }

  /// Fills [first, last] with `count` entries, at random places.
  std::size_t fill(Window& window, std::size_t wanted) {
    TreeKey from = window.first;
    std::size_t count = 0;
    while (count < wanted && from <= window.last) {
      const TreeKey room = window.last - from;
      const TreeKey share = room / (wanted - count);
      const TreeKey first = from + (share > 0 ? below(share / 2 + 1) : 0);
      const TreeKey last = first + (share > 0 ? below(share / 2 + 1) : 0);
      window.entries[count++] = {first, last, any_value()};
      if (last == last_key) break;
      from = last + 1;
    }
    return count;
  }

  /// A window that begins about `key` and cuts no entry; seldom a wide one, or one up to the end.
  Window any_window(TreeKey key) {
    const bool grows = below(100) < growing_;
    const std::uint64_t width = below(400);
    const std::size_t entries = grows         ? below(2)
                                : width < 10  ? below(100)
                                : width == 10 ? model_.size()
                                              : 1 + below(4);
    auto at = model_.seek(key);
    Window window{key, key, {}, 0, 0, false};
    if (at.entry() && at.entry().first < key) window.first = at.entry().first;
    for (; at.entry() && window.erased < entries; at.next(), ++window.erased) {
      window.last = at.entry().last;
    }
    // Part of the hole behind, or all of it.
    const TreeKey bound = at.entry() ? at.entry().first - 1 : last_key;
    if (at.entry() && at.entry().first <= window.last) {
      window.last = at.entry().last;
      ++window.erased;
    } else {
      window.last += std::min(below(8), bound - window.last);
    }
    window.count = fill(window, grows ? 1 + below(3) : below(3));
    return window;
  }
  /// Disjoint windows; those of one write are often close together.
  std::vector<Window> any_windows(std::size_t wanted) {
    std::vector<Window> windows;
    for (std::size_t i = 0; i < wanted; ++i) {
      const bool close = i > 0 && below(4) > 0;
      const Window window = any_window(close ? windows.front().last + below(60) - 30 : any_key());
      const bool disjoint = std::none_of(windows.begin(), windows.end(), [&](const Window& other) {
        return window.first <= other.last && other.first <= window.last;
      });
      if (disjoint) windows.push_back(window);
    }
    Window next{};
    if (below(4) == 0 && goes_on(windows.back(), windows, next)) windows.push_back(next);
    return windows;
  }
  /// Begins with the last entry that `window` puts there, and ends with an old one of the `others`.
  bool goes_on(const Window& window, const std::vector<Window>& others, Window& next) {
    if (window.count == 0) return false;
    next = {window.entries[window.count - 1].first, window.last, {}, 0, 1, true};
    auto at = model_.seek(window.last == last_key ? window.last : window.last + 1);
    for (std::size_t more = below(4); more > 0 && at.entry(); --more, at.next(), ++next.erased) {
      if (at.entry().first <= window.last) return false;
      next.last = at.entry().last;
    }
    next.count = fill(next, below(std::min<std::size_t>(next.erased, 3) + 1));
    return std::none_of(others.begin(), others.end(), [&](const Window& other) {
      return other.first > window.first && next.first <= other.last && other.first <= next.last;
    });
  }

  /// What a reader without a lock can see of all nodes, taken while no spare node is at hand.
  std::map<void*, Node> visible() const {
    std::map<void*, Node> nodes;
    for (void* node : memory_.live) nodes.emplace(node, *static_cast<Node*>(node));
    return nodes;
  }
  static std::size_t words_changed(const std::map<void*, Node>& before) {
    std::size_t changed = 0;
    for (const auto& [address, old] : before) {
      const Node& now = *static_cast<const Node*>(address);
      const char* const value = static_cast<const char*>(old.value(0));
      const bool is_leaf = value >= letters && value < letters + sizeof letters;
      changed += now.count != old.count;
      for (std::size_t i = 0; i < Node::padded; ++i) changed += now.first[i] != old.first[i];
      for (std::size_t i = 0; i < old.count; ++i) {
        changed += now.value_or_child[i] != old.value_or_child[i];
        changed += is_leaf && now.last(i) != old.last(i);
      }
    }
    return changed;
  }

  /// A cursor in the window, close to it, anywhere or nowhere.
  typename Tree::Cursor any_hint(const Window& window) {
    typename Tree::Cursor hint;
    switch (below(4)) {
      case 0:
        return hint;
      case 1:
        return tree_.seek(window.first);
      case 2:
        hint = tree_.seek_back(window.last);
        break;
      default:
        hint = tree_.seek(any_key());
    }
    for (std::size_t steps = below(20); steps-- > 0;) below(2) ? hint.next() : hint.previous();
    return hint;
  }

  void write(const std::vector<Window>& windows) {
    auto stands_somewhere = windows.empty() ? typename Tree::Cursor{} : any_hint(windows.front());
    auto* hint = below(4) == 0 ? nullptr : &stands_somewhere;
    std::size_t needed = 0;
    std::size_t before = 0;
    for (const Window& window : windows) {
      const bool grows = window.count > window.erased;
      if (published || grows) {
        needed += tree_.nodes_needed(window.first, window.last, window.count,
                                     before + (window.goes_on ? 1 : 0), hint);
      }
      if (grows) before += window.count - window.erased;
    }
    const bool look = published && windows.size() == 1 && (model_.size() < 500 || below(16) == 0);
    const std::map<void*, Node> seen = look ? visible() : std::map<void*, Node>{};
    ASSERT_TRUE(tree_.reserve(needed));
    const std::size_t allocations = memory_.allocations;
    for (const Window& window : windows) {
      if (hint != nullptr) {
        std::vector<void*> seen_by_hint;
        std::vector<void*> reference;
        const auto into = [](std::vector<void*>& values) {
          return [&values](auto& value) { values.push_back(&value); };
        };
        tree_.for_each_in(window.first, window.last, hint, into(seen_by_hint));
        model_.for_each_in(window.first, window.last, nullptr, into(reference));
        ASSERT_EQ(seen_by_hint, reference);
      }
      tree_.replace(window.first, window.last, window.entries, window.count, hint);
      hint = nullptr;  // It dies with the write.
      model_.replace(window.first, window.last, window.entries, window.count);
    }
    ASSERT_EQ(memory_.allocations, allocations);
    // Nodes that left the tree are still there: they are retired or at hand.
    ASSERT_LE(words_changed(seen), 1u);
    tree_.unreserve();
    ASSERT_EQ(tree_.at_hand_for_test(), 0u);
    memory_.end_grace_period();
    ASSERT_EQ(tree_.check(), nullptr) << tree_.check();
    ASSERT_EQ(tree_.size(), model_.size());
  }

  /// An entry and what its letter holds.
  static typename Tree::Told told(const Entry& entry) {
    return entry ? typename Tree::Told{entry, LetterFacts::of(*entry.value)}
                 : typename Tree::Told{};
  }
  /// One letter holds something else, and the tree is told so wherever it stands.
  void change_a_letter() {
    char* const letter = any_value();
    *letter = static_cast<char>(below(100));
    for (auto at = model_.seek(0); at.entry(); at.next()) {
      if (at.entry().value != letter) continue;
      auto hint = any_hint({at.entry().first, at.entry().last, {}, 0, 0, false});
      tree_.refresh(at.entry().first, below(2) ? &hint : nullptr);
    }
    ASSERT_EQ(tree_.check(), nullptr) << tree_.check();
  }

  void compare_searches() {
    for (int i = 0; i < 3; ++i) {
      const TreeKey key = any_key();
      ASSERT_EQ(tree_.find(key), model_.find(key)) << key;
      ASSERT_EQ(tree_.look_up(key), told(model_.find(key))) << key;
      ASSERT_EQ(tree_.look_up_at_or_above(key), told(model_.seek(key).entry())) << key;
      auto at = below(2) ? tree_.seek(key) : tree_.seek_back(key);
      auto reference = at.entry() && at.entry().last >= key && at.entry() == tree_.seek(key).entry()
                           ? model_.seek(key)
                           : model_.seek_back(key);
      ASSERT_EQ(tree_.seek(key).entry(), model_.seek(key).entry()) << key;
      ASSERT_EQ(tree_.seek_back(key).entry(), model_.seek_back(key).entry()) << key;
      if (!at.entry()) continue;
      for (std::size_t steps = below(40); steps-- > 0;) {
        const bool onward = below(3) > 0;
        onward ? at.next() : at.previous();
        onward ? reference.next() : reference.previous();
        ASSERT_EQ(at.entry(), reference.entry());
        ASSERT_EQ(at.before(), reference.before());
      }
    }
    const TreeKey low = any_key();
    const TreeKey last = any_key();
    const std::uint64_t size = below(10) == 0 ? any_key() : below(crowd_ / 8);
    typename Tree::Cursor behind;
    const TreeGap lowest = model_.lowest_gap(size, low, last);
    ASSERT_EQ(tree_.lowest_gap(size, low, last, &behind), lowest)
        << size << " in " << low << ".." << last;
    if (lowest.found) {
      ASSERT_EQ(behind.entry(), model_.seek(lowest.first).entry());
    }
    const TreeGap highest = model_.highest_gap(size, low, last);
    ASSERT_EQ(tree_.highest_gap(size, low, last, &behind), highest)
        << size << " in " << low << ".." << last;
    if (highest.found) {
      auto reference = model_.seek(highest.first);
      ASSERT_EQ(behind.entry(), reference.entry());
      ASSERT_EQ(behind.before(), reference.before());
      behind.previous();
      reference.previous();
      ASSERT_EQ(behind.entry(), reference.entry());
    }
  }

  void compare_duplicate() {
    Tree copy{NodeMemory{&memory_}};
    ASSERT_TRUE(copy.duplicate(tree_, [](char* value) { return value; }));
    ASSERT_EQ(copy.check(), nullptr) << copy.check();
    ASSERT_EQ(copy.size(), model_.size());
    auto reference = model_.seek(0);
    for (auto at = copy.seek(0); at.entry(); at.next(), reference.next()) {
      ASSERT_EQ(at.entry(), reference.entry());
      ASSERT_EQ(copy.look_up(at.entry().last), told(at.entry()));
    }
  }

  void assign_many(std::size_t entries) {
    for (std::size_t i = 0; i < entries; ++i) {
      const TreeKey first = below(crowd_);
      if (model_.find(first)) continue;
      const Entry entry{first, first, any_value()};
      ASSERT_TRUE(tree_.assign(first, first, entry.value));
      model_.replace(first, first, &entry, 1);
    }
  }

  /// Lets the tree grow and shrink, from `entries` on, between empty and `crowd` keys all used.
  void run(std::size_t operations, TreeKey crowd, std::size_t entries) {
    SCOPED_TRACE("replay: " + replay_);
    crowd_ = crowd;
    assign_many(entries);
    for (std::size_t i = 0; i < operations; ++i) {
      if (i % 1000 == 0) growing_ = 30 + below(60);
      largest_ = std::max(largest_, model_.size());
      if (below(50000) == 0) {
        tree_.clear();
        model_.clear();
      }
      SCOPED_TRACE("operation " + std::to_string(i));
      write(any_windows(below(3) == 0 ? 1 + below(6) : 1));
      if (!this->HasFatalFailure() && i % 16 == 0) change_a_letter();
      if (!this->HasFatalFailure()) compare_searches();
      if (!this->HasFatalFailure() && i % 500 == 0) compare_duplicate();
      if (this->HasFatalFailure()) return;
    }
    std::printf("up to %zu entries, %zu levels at the end\n", largest_,
                tree_.height_for_test() + 1);
    tree_.clear();
    memory_.end_grace_period();
    EXPECT_TRUE(memory_.live.empty());
    EXPECT_EQ(memory_.misuses, 0u);
  }

  std::uint64_t seed_ = 0;
  std::string replay_;
  std::mt19937_64 random_;
  TreeKey crowd_ = 1000;
  std::uint64_t growing_ = 50;  // Per cent of all windows.
  std::size_t largest_ = 0;
  NodeMemoryState memory_;
  Tree tree_{NodeMemory{&memory_}};
  MapTree<char> model_;
};

TYPED_TEST_SUITE(MapleTreeModel, AllConfigs, ConfigName);

TYPED_TEST(MapleTreeModel, small_trees_agree_with_the_map) {
  this->run(60000, 300, 0);
}
TYPED_TEST(MapleTreeModel, middling_trees_agree_with_the_map) {
  this->run(20000, 4000, 500);
}
TYPED_TEST(MapleTreeModel, large_trees_agree_with_the_map) {
  this->run(2000, 60000, 8000);
}

}  // namespace
}  // namespace vmarea::test
