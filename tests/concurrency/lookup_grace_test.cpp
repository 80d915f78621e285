// SPDX-License-Identifier: MIT
//
// Lookups in two trees beside their writer, under the scheduler and with real grace periods: a node
// is poisoned when it is given back, and then used again.
//
//   writer   tree A: node 3 -> node 7 . unlock, stamp ... is over: node 3 is poisoned, made anew
//   reader   [ enter . root . node 3 . . . exit ]           then it must not be in here any more
//
// An answer is right if its tree stood so at a moment of the lookup. Those that come from a
// poisoned node say so; one that was made anew is told from the old one by what it answers.
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <vmarea_shims/epochs.hpp>

#include "explore_seeds.hpp"
#include "letter_tree.hpp"
#include "poisoned_pool.hpp"
#include "scheduler/scheduler.hpp"

namespace vmarea::test {
namespace {

using scheduler::expect;
using scheduler::Scheduled;
using Epochs = shims::Epochs<Scheduled, 2>;

using Pool = PoisonedPool<Epochs>;
using Nodes = PoisonedNodes<Epochs>;
using Tree = LetterTree<Nodes, Scheduled>;
using Told = Lookup::Told;
using Entry = TreeEntry<Letter>;

constexpr TreeKey keys = 60;
constexpr std::size_t writes_per_tree = 3;

struct NotedLookup : Lookup {
  std::vector<Told> answers{};  // At each moment: before the first write, after each.
};

/// [first, last] then holds the letter, or nothing; or the letter that starts at `first` changes.
struct Write {
  TreeKey first;
  TreeKey last;
  Letter* letter;
  std::uint64_t fact;  // Of one that changes; else 0.
};

/// As the tree does it: what reaches out of the entry stays there.
void assign(MapTree<Letter>& map, const Entry& entry) {
  Entry window = entry;
  std::vector<Entry> stays;
  const Entry before = map.find(entry.first);
  const Entry behind = map.find(entry.last);
  if (before && before.first < entry.first) {
    stays.push_back({before.first, entry.first - 1, before.value});
    window.first = before.first;
  }
  if (entry.value != nullptr) stays.push_back(entry);
  if (behind && behind.last > entry.last) {
    stays.push_back({entry.last + 1, behind.last, behind.value});
    window.last = behind.last;
  }
  map.replace(window.first, window.last, stays.data(), stays.size());
}

/// What is in a tree, written into it and looked up in it, drawn from a seed.
class Story {
 public:
  explicit Story(std::mt19937_64& random) : random_(random) {
    for (std::uint64_t i = 0; i < 64; ++i) letters_.push_back({i});
    MapTree<Letter> map;
    for (TreeKey at = below(3); at < keys; at += below(5)) {
      const TreeKey last = std::min(at + below(2), keys);
      start_.push_back({at, last, &letters_[start_.size()]});
      assign(map, start_.back());
      at = last + 1;
    }
    const TreeKey about = below(keys);  // Where all happens, so that it happens to readers.
    for (int i = 0; i < 2; ++i) lookups.push_back({{about + below(4), below(4) != 0}});
    note_answers(map);
    for (std::size_t i = 0; i < writes_per_tree; ++i) {
      writes.push_back(any_write(map, about + below(6)));
      apply(map, writes.back());
      note_answers(map);
    }
  }

  void begin(Tree& tree) {
    for (std::uint64_t i = 0; i < letters_.size(); ++i) letters_[i].fact = i;
    for (const Entry& entry : start_) {
      EXPECT_TRUE(tree.assign(entry.first, entry.last, entry.value));
    }
  }

  std::vector<Write> writes;
  std::vector<NotedLookup> lookups;

 private:
  std::uint64_t below(std::uint64_t limit) { return random_() % limit; }
  void note_answers(const MapTree<Letter>& map) {
    for (NotedLookup& lookup : lookups) lookup.answers.push_back(lookup.in(map));
  }
  Write any_write(const MapTree<Letter>& map, TreeKey key) {
    const Entry at = map.seek(key - std::min(key, below(3))).entry();
    const bool changes = at && below(4) == 0 && stands_once(map, at.value);
    if (changes) return {at.first, at.last, at.value, 100 + below(100)};
    const bool erases = at && below(2) == 0;
    if (erases) return {at.first, at.last + below(3), nullptr, 0};
    return {key, key + below(2), &letters_[40 + below(20)], 0};
  }
  static bool stands_once(const MapTree<Letter>& map, const Letter* letter) {
    std::size_t times = 0;
    for (auto at = map.seek(0); at.entry(); at.next()) times += at.entry().value == letter ? 1 : 0;
    return times == 1;
  }
  static void apply(MapTree<Letter>& map, const Write& write) {
    if (write.fact == 0) assign(map, {write.first, write.last, write.letter});
    if (write.fact != 0) write.letter->fact = write.fact;
  }

  std::mt19937_64& random_;
  std::vector<Letter> letters_;
  std::vector<Entry> start_;
};

/// A tree in one schedule, and how far its story has come.
struct Land {
  Story& story;
  Pool pool;
  Tree tree{Nodes{&pool}};
  std::size_t begun = 0;
  std::size_t done = 0;

  Land(Story& its_story, Epochs& epochs) : story(its_story), pool(epochs) { story.begin(tree); }

  void write() {
    const Write& next = story.writes[begun++];
    if (next.fact != 0) {
      next.letter->fact = next.fact;
      tree.refresh(next.first);
    } else {
      (void)tree.assign(next.first, next.last, next.letter);
    }
    ++done;
    pool.publish();
  }
  void look() const {
    for (const NotedLookup& lookup : story.lookups) {
      const std::size_t from = done;
      const Told told = lookup.in(tree);
      const void* const value = told.value;
      expect(value != Poison::the().place, "a lookup reads a node that was given back");
      bool was_so = false;
      for (std::size_t moment = from; moment <= begun; ++moment) {
        was_so |= lookup.answers[moment] == told;
      }
      expect(was_so, "an answer was true at no moment of its lookup");
    }
  }
};

void read_and_write(Story (&stories)[2], scheduler::Threads& threads) {
  Epochs epochs;
  Land lands[2]{{stories[0], epochs}, {stories[1], epochs}};
  threads.add([&] {
    for (std::size_t i = 0; i < writes_per_tree; ++i) {
      for (Land& land : lands) land.write();
    }
  });
  threads.add([&] {
    auto reader = epochs.join();
    for (const Land& land : lands) {
      const shims::ReadSection section(epochs, reader);
      land.look();
    }
    epochs.leave(reader);
  });
  threads.add([&] {
    const shims::ReadSection section(epochs);  // A guest, and in one section.
    for (const Land& land : lands) land.look();
  });
  threads.run();
}

TEST(LookupGrace, answers_are_true_and_come_from_no_node_that_was_given_back) {
  struct Stories {
    Story of_tree[2];
  };
  explore_seeds(
      [](std::mt19937_64& random) {
        return Stories{{Story(random), Story(random)}};
      },
      [](Stories& stories, scheduler::Threads& threads) {
        read_and_write(stories.of_tree, threads);
      });
}

}  // namespace
}  // namespace vmarea::test
