// SPDX-License-Identifier: MIT
//
// The interval tree against a plain list, and random calls over a family of forked spaces, where
// after each call everything the reverse map and the page tables keep is counted anew.
//
//   VMAREA_SEED=17 ./model_reverse_map_model_test --gtest_filter=RandomFamily.*     one seed again
#include <algorithm>
#include <cstdlib>
#include <deque>
#include <iterator>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include <fmt/core.h>

#include "support/test_space.hpp"

namespace vmarea::test {
namespace {

using shims::IntervalNode;
using shims::IntervalTree;
using Random = std::mt19937_64;

std::uint64_t below(Random& random, std::uint64_t limit) {
  return random() % limit;
}

/// Compares the answers to one question.
void expect_same_answer(const IntervalTree& tree, const std::vector<IntervalNode*>& list,
                        std::uint64_t first, std::uint64_t last) {
  std::vector<const IntervalNode*> found;
  tree.for_each_intersection(first, last,
                             [&](const IntervalNode& node) { found.push_back(&node); });
  std::vector<const IntervalNode*> expected;
  for (const IntervalNode* node : list) {
    if (node->first <= last && first <= node->last) expected.push_back(node);
  }
  const auto by_first = [](const IntervalNode* a, const IntervalNode* b) {
    return a->first < b->first;
  };
  EXPECT_TRUE(std::is_sorted(found.begin(), found.end(), by_first));
  std::sort(found.begin(), found.end());
  std::sort(expected.begin(), expected.end());
  EXPECT_EQ(found, expected) << "question " << first << ".." << last;
}

void compare_with_list(std::uint64_t seed, std::uint64_t span, std::size_t nodes_max) {
  Random random(seed);
  std::deque<IntervalNode> nodes(nodes_max);
  std::vector<IntervalNode*> free;
  std::vector<IntervalNode*> held;
  for (IntervalNode& node : nodes) free.push_back(&node);
  IntervalTree tree;
  for (int step = 0; step < 2000; ++step) {
    const bool adds = held.empty() || (!free.empty() && below(random, 100) < 55);
    std::vector<IntervalNode*>& from = adds ? free : held;
    const std::size_t index = below(random, from.size());
    IntervalNode* node = from[index];
    from.erase(from.begin() + static_cast<std::ptrdiff_t>(index));
    if (adds) {
      node->first = below(random, span);
      node->last = node->first + below(random, below(random, 4) == 0 ? span : 4);
      tree.insert(*node);
    } else {
      tree.remove(*node);
    }
    (adds ? held : free).push_back(node);
    ASSERT_STREQ(tree.check(), nullptr) << "seed " << seed << " step " << step;
    const std::uint64_t first = below(random, span);
    expect_same_answer(tree, held, first, first + below(random, span));
    ASSERT_FALSE(::testing::Test::HasFailure()) << "seed " << seed << " step " << step;
  }
}

TEST(IntervalTree, answers_as_a_list_does) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    compare_with_list(seed, 12, 20);
    compare_with_list(seed, 400, 150);
  }
}

TEST(IntervalTree, holds_the_last_page) {
  IntervalTree tree;
  IntervalNode node;
  node.first = node.last = ~std::uint64_t{0};
  tree.insert(node);
  unsigned found = 0;
  tree.for_each_intersection(~std::uint64_t{0}, ~std::uint64_t{0},
                             [&](const IntervalNode&) { ++found; });
  EXPECT_EQ(found, 1u);
}

/// Random calls on a family of spaces.
class RandomFamily {
 public:
  explicit RandomFamily(std::uint64_t seed) : random_(seed) {
    spaces_.push_back(std::make_unique<TestSpace>("aaBB..FFSS..CCAA..ff..HH"));
  }

  void run(int steps) {
    for (int step = 0; step < steps && !::testing::Test::HasFailure(); ++step) {
      current_ = below(random_, spaces_.size());
      const std::uint64_t fails_at = below(random_, 8) == 0 ? 1 + below(random_, 6) : 0;
      text_ = fmt::format("step {}, space {} of {}: {}, fault {}: ", step, current_, spaces_.size(),
                          space().picture(), fails_at);
      space().host().faults.fail(fails_at);
      call();
      spaces_[0]->host().faults.fail(0);
    }
  }
  /// The call that was made last, and on what.
  const std::string& last_call() const { return text_; }

 private:
  static constexpr std::uint64_t columns = 24;

  TestSpace& space() { return *spaces_[current_]; }

  Range range() {
    const std::uint64_t first = below(random_, columns);
    const std::uint64_t count = 1 + below(random_, std::min<std::uint64_t>(6, columns - first));
    return {TestSpace::column(first), TestSpace::column(first + count)};
  }

  void call() {
    switch (below(random_, 13)) {
      case 0:
      case 1:
        return map();
      case 2:
        return unmap();
      case 3:
      case 4:
        return protect();
      case 5:
      case 6:
      case 7:
        return touch();
      case 8:
        return advise();
      case 9:
        return lock();
      case 10:
      case 11:
        return move();
      default:
        return fork_or_end();
    }
  }

  /// Says what comes, also when it ends the program.
  void say(const char* name, Range range, std::uint64_t detail = 0) {
    text_ +=
        fmt::format("{} columns {}-{} detail {:x}", name, (range.start - TestSpace::base) >> 12,
                    (range.end - TestSpace::base) >> 12, detail);
    current_call = text_;
  }

  void unmap() {
    const Range where = range();
    say("munmap", where);
    (void)space().munmap(where);
  }

  void protect() {
    const Range where = range();
    const Protection to = protection();
    say("mprotect", where, to.bits());
    (void)space().mprotect(where, to);
  }

  void touch() {
    const Range where = range();
    const Touch how = below(random_, 3) == 0 ? Touch::read : Touch::write;
    say("touch", where, static_cast<std::uint64_t>(how));
    (void)space().touch(where.start, how);
  }

  void lock() {
    const Range where = range();
    const MlockMode how = below(random_, 3) == 0 ? MlockMode::unlock : MlockMode::lock;
    say("mlock", where, static_cast<std::uint64_t>(how));
    (void)space().mlock(where, how);
  }

  Protection protection() { return Protection(static_cast<std::uint32_t>(below(random_, 4))); }

  void map() {
    const Range where = range();
    MmapRequest<TestServices> request{.address = where.start,
                                      .length = where.length(),
                                      .protection = protection(),
                                      .flags = map::private_ | map::fixed};
    const std::uint64_t kind = below(random_, 6);
    if (kind < 3) {
      request.flags |= map::anonymous;
    } else if (kind == 3) {
      request.flags = map::shared | map::fixed | map::anonymous;
    } else {
      request.file = space().legend[kind == 4 ? 'F' : 'H'].file;
      request.offset = where.start - TestSpace::base;
      if (below(random_, 2) == 0) request.flags = map::shared | map::fixed;
    }
    say(request.file != nullptr ? "mmap file" : "mmap", where, request.flags.bits());
    (void)space().mmap(request);
  }

  void advise() {
    constexpr Advice kinds[] = {Advice::dont_need, Advice::dont_fork,    Advice::do_fork,
                                Advice::random,    Advice::wipe_on_fork, Advice::keep_on_fork,
                                Advice::normal,    Advice::guard_install};
    const Range where = range();
    const Advice advice = kinds[below(random_, std::size(kinds))];
    say("madvise", where, static_cast<std::uint64_t>(advice));
    (void)space().madvise(where, advice);
  }

  void move() {
    const Range from = range();
    const Range to = range();
    MremapRequest request{.address = from.start,
                          .old_length = from.length(),
                          .new_length = to.length(),
                          .flags = remap::may_move | remap::fixed,
                          .new_address = to.start};
    if (below(random_, 3) == 0) request.new_length = request.old_length;
    if (below(random_, 5) == 0) {
      request.new_length = request.old_length;
      request.flags |= remap::dont_unmap;
    }
    if (below(random_, 4) == 0) request.flags = RemapFlags{};
    say("mremap from", from, request.flags.bits());
    say(" to", {to.start, to.start + request.new_length});
    (void)space().mremap(request);
  }

  void fork_or_end() {
    if (spaces_.size() > 1 && (spaces_.size() > 5 || below(random_, 2) == 0)) {
      say("exit", {});
      spaces_.erase(spaces_.begin() + static_cast<std::ptrdiff_t>(current_));
      spaces_[0]->check();
      return;
    }
    say("fork", {});
    if (auto child = space().fork()) spaces_.push_back(std::move(child));
  }

  Random random_;
  std::vector<std::unique_ptr<TestSpace>> spaces_;
  std::size_t current_ = 0;
  std::string text_;
};

TEST(RandomFamily, keeps_all_invariants) {
  const char* chosen = std::getenv("VMAREA_SEED");
  const std::uint64_t first = chosen != nullptr ? std::strtoull(chosen, nullptr, 10) : 1;
  const std::uint64_t last = chosen != nullptr ? first : 60;
  for (std::uint64_t seed = first; seed <= last && !HasFailure(); ++seed) {
    RandomFamily family(seed);
    family.run(250);
    if (HasFailure()) ADD_FAILURE() << family.last_call() << "\nagain with VMAREA_SEED=" << seed;
  }
}

}  // namespace
}  // namespace vmarea::test
