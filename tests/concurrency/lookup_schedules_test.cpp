// SPDX-License-Identifier: MIT
//
// A lookup in the tree, and up to three writes in between, in every order that there is: the answer
// is that of one of the trees which stood while it was looked for.
//
//   lookup   root . . child . . child . . leaf ...       each shared word that it reads is a point
//   writes        1             2  3                     each placed at every point
//
// A write changes one word that a reader sees (tests of the tree show that), so these are all
// orders, not only some. Trees of tiny nodes have most of their holes between leaves.
#include <cstdlib>
#include <functional>
#include <random>
#include <vector>

#include <gtest/gtest.h>

#include "letter_tree.hpp"
#include "support/node_memory.hpp"

namespace vmarea::test {
namespace {

/// Words as ever, and before each access a call of what the test wants to happen there.
struct Points : shims::StandardAtomics {
  static inline std::function<void()> at_point;
  static void schedule_point() {
    if (at_point) at_point();
  }
};

using Tree = LetterTree<NodeMemory, Points>;
using Told = Lookup::Told;
using Entry = TreeEntry<Letter>;
constexpr TreeKey keys = 200;

/// One replace: [first, last] then holds the entries.
struct Write {
  TreeKey first;
  TreeKey last;
  std::vector<Entry> entries;
};

/// A tree, what may be written into it, and what is looked up meanwhile; all drawn from a seed.
class Case {
 public:
  explicit Case(std::uint64_t seed) : random_(seed) {
    for (std::uint64_t i = 0; i < 64; ++i) letters_[i].fact = i;
    const std::size_t entries = 10 + below(120);
    for (std::size_t i = 0; i < entries; ++i) write(start_, any_write(start_, below(keys)));
    MapTree<Letter> map = start_;
    moments_.push_back(map);
    // The writes crowd about what is looked up and what is found.
    lookup_ = {below(keys), below(8) != 0};
    const TreeKey found = lookup_.in(map).first;
    for (std::size_t i = 0; i < writes_max; ++i) {
      const TreeKey about = below(3) == 0 ? lookup_.key : found;
      const Write next = any_write(map, below(5) == 0 ? below(keys) : about + below(3));
      write(map, next);
      writes_.push_back(next);
      moments_.push_back(map);
    }
    for (auto at = start_.seek(0); at.entry(); at.next()) {
      EXPECT_TRUE(tree_.assign(at.entry().first, at.entry().last, at.entry().value));
    }
  }

  /// Tries every order; the number of them. The writes that stand in front of no point of the
  /// lookup are left out.
  std::size_t run() {
    std::size_t orders = 0;
    std::vector<std::size_t> places;
    const auto try_from = [&](auto& self, std::size_t least) -> void {
      const std::size_t points = run_with(places);
      ++orders;
      if (places.size() == writes_max || testing::Test::HasFailure()) return;
      for (std::size_t place = least; place < points; ++place) {
        places.push_back(place);
        self(self, place);
        places.pop_back();
      }
    };
    try_from(try_from, 0);
    return orders;
  }

 private:
  static constexpr std::size_t writes_max = 3;
  std::uint64_t below(std::uint64_t limit) { return random_() % limit; }

  /// A window that begins about `key` and cuts no entry, with up to three entries in it.
  Write any_write(const MapTree<Letter>& map, TreeKey key) {
    auto at = map.seek(key - std::min(key, below(6)));
    Write write{key, key, {}};
    if (at.entry() && at.entry().first < key) write.first = at.entry().first;
    for (std::size_t erased = below(4); erased > 0 && at.entry(); --erased, at.next()) {
      write.last = std::max(write.last, at.entry().last);
    }
    const TreeKey bound = at.entry() ? at.entry().first - 1 : keys;
    if (at.entry() && at.entry().first <= write.last) {
      write.last = at.entry().last;
    } else {
      write.last += std::min(below(3), bound - write.last);
    }
    TreeKey from = write.first;
    for (std::size_t added = below(4); added > 0 && from <= write.last; --added) {
      const bool at_the_end = added == 1 && below(2) == 0;
      const TreeKey first = at_the_end ? write.last : from + below(2);
      const TreeKey last = first + (at_the_end ? 0 : below(2));
      if (last > write.last) break;
      write.entries.push_back({first, last, &letters_[below(64)]});
      from = last + 1;
    }
    return write;
  }
  template <class Map>
  static void write(Map& map, const Write& write) {
    map.replace(write.first, write.last, write.entries.data(), write.entries.size());
  }

  /// One lookup, with writes in front of the points of these numbers. How many points it had.
  std::size_t run_with(const std::vector<std::size_t>& places) {
    Tree tree{NodeMemory{&memory_}};
    EXPECT_TRUE(tree.duplicate(tree_, [](Letter* letter) { return letter; }));
    std::size_t points = 0;
    std::size_t written = 0;
    Points::at_point = [&] {
      const std::function<void()> reading = std::exchange(Points::at_point, nullptr);
      while (written < places.size() && places[written] == points) {
        const Write& next = writes_[written++];
        EXPECT_TRUE(tree.reserve(tree.nodes_needed(next.first, next.last, next.entries.size())));
        write(tree, next);
        tree.unreserve();
      }
      ++points;
      Points::at_point = reading;
    };
    const Told answer = lookup_.in(tree);
    Points::at_point = nullptr;
    expect_true(answer, written, places);
    tree.clear();
    memory_.end_grace_period();
    return points;
  }
  void expect_true(const Told& answer, std::size_t written,
                   const std::vector<std::size_t>& places) {
    for (std::size_t i = 0; i <= written; ++i) {
      if (lookup_.in(moments_[i]) == answer) return;
    }
    ADD_FAILURE() << "key " << lookup_.key << (lookup_.or_above ? " or above: [" : ": [")
                  << answer.first << ", " << answer.last << "] was never so; writes at points "
                  << testing::PrintToString(places);
  }

  std::mt19937_64 random_;
  Letter letters_[64];
  MapTree<Letter> start_;
  std::vector<Write> writes_;
  std::vector<MapTree<Letter>> moments_;  // Before the first write, after each.
  Lookup lookup_{};
  NodeMemoryState memory_;
  Tree tree_{NodeMemory{&memory_}};
};

TEST(LookupSchedules, every_answer_is_that_of_one_moment) {
  std::size_t orders = 0;
  // Those by themselves show every fault that is planted.
  constexpr std::uint64_t first = 33001;
  const char* const wanted = std::getenv("VMAREA_SEEDS");
  const std::uint64_t seeds = wanted != nullptr ? std::strtoull(wanted, nullptr, 10) : 5000;
  for (std::uint64_t seed = first; seed < first + seeds && !HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    orders += Case(seed).run();
  }
  std::printf("%zu orders\n", orders);
}

}  // namespace
}  // namespace vmarea::test
