// SPDX-License-Identifier: MIT
//
// Random calls, and two threads that look things up meanwhile: each answer was true at one moment
// between its start and its end.
//
//   writer    write 6 of the tree . . . . . . . 7 . . . . 8 . . . 9 ...   each is written down
//   whole lookup              start: 6 ....... end: 8                           true of 6, 7, 8 or
//   9
//
// A lookup may be faster than the note of what it saw, hence the write behind its end.
#include <atomic>
#include <random>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <vmarea/vmarea.hpp>
#include <vmarea_shims/threaded.hpp>

namespace vmarea::test {
namespace {

constexpr std::uint64_t page = 4096;
constexpr std::uint64_t pages = 64;
constexpr Address base = 0x100000;

/// What one moment had at each page, and what the tree was told of it.
struct Moment {
  struct Entry {
    Range range;
    Flags flags;
    friend bool operator==(const Entry&, const Entry&) = default;
  };
  std::vector<Entry> entries;

  Entry at_or_above(Address at) const {
    for (const Entry& entry : entries) {
      if (at < entry.range.end) return entry;
    }
    return {};
  }
  Entry at(Address at) const {
    const Entry entry = at_or_above(at);
    return entry.range.contains(at) ? entry : Entry{};
  }
};

/// All moments, as the writer notes them; readers look only at their number until it has ended.
struct History {
  std::vector<Moment> moments{1};
  std::atomic<std::size_t> last = 0;

  void add(Moment moment) {
    moments.push_back(std::move(moment));
    last.store(moments.size() - 1, std::memory_order_release);
  }
};
History* history = nullptr;

/// Notes what each write leaves.
template <class Tree>
struct NotedTree : Tree {
  using Tree::Tree;
  using Entry = typename Tree::Entry;
  using Cursor = typename Tree::Cursor;

  void replace(TreeKey first, TreeKey last, const Entry* entries, std::size_t count,
               Cursor* hint = nullptr) noexcept {
    Tree::replace(first, last, entries, count, hint);
    note();
  }
  void refresh(TreeKey first, Cursor* hint = nullptr) noexcept {
    Tree::refresh(first, hint);
    note();
  }

 private:
  void note() {
    Moment moment;
    for (auto at = this->seek(0); at.entry(); at.next()) {
      const Entry entry = at.entry();
      moment.entries.push_back({{entry.first, entry.last + 1}, entry.value->flags});
    }
    history->add(std::move(moment));
  }
};

template <std::size_t capacity>
struct NotingHost : shims::ThreadedOf<NotingHost<capacity>> {
  static constexpr shims::MapleTreeOptions options{capacity, shims::WriteMode::published};
  template <class AreaType>
  using Tree = NotedTree<
      shims::MapleTree<AreaType, shims::ThreadedMemory<>::Nodes, options, shims::ThreadedFacts>>;
  template <class AreaType>
  Tree<AreaType> make_tree() {
    return Tree<AreaType>{this->nodes()};
  }
};

struct Answer {
  Address at;
  bool or_above;
  Moment::Entry seen;
  std::size_t start;
  std::size_t end;
};

bool was_true(const Answer& answer) {
  for (std::size_t i = answer.start; i <= answer.end + 1 && i < history->moments.size(); ++i) {
    const Moment& moment = history->moments[i];
    if ((answer.or_above ? moment.at_or_above(answer.at) : moment.at(answer.at)) == answer.seen) {
      return true;
    }
  }
  return false;
}

template <class Space>
void call_at_random(Space& space, std::mt19937_64& random) {
  const Address at = base + random() % pages * page;
  const std::uint64_t length = (1 + random() % 6) * page;
  const auto protection = random() % 2 ? prot::read : prot::read | prot::write;
  const auto flags = map::private_ | map::anonymous | map::fixed;
  switch (random() % 6) {
    case 0:
    case 1:
      (void)space.munmap(at, length);
      break;
    case 2:
      (void)space.mprotect(at, length, protection);
      break;
    case 3:
      (void)space.mremap({.address = at,
                          .old_length = length,
                          .new_length = length,
                          .flags = remap::may_move | remap::fixed,
                          .new_address = base + random() % pages * page});
      break;
    default:
      (void)space.mmap({.address = at, .length = length, .protection = protection, .flags = flags});
  }
}

template <class Space>
void look(const Space& space, std::uint64_t seed, const std::atomic<bool>& done,
          std::atomic<std::size_t>& overlapped, std::vector<Answer>& answers) {
  const shims::ReaderThread here;
  std::mt19937_64 random(seed);
  while (!done) {
    const Address at = base + random() % (pages + 8) * page;
    const bool or_above = random() % 2 != 0;
    const std::size_t start = history->last.load(std::memory_order_acquire);
    const auto lookups = space.lookups();
    const auto seen = or_above ? lookups.find_at_or_above(at) : lookups.find(at);
    const std::size_t end = history->last.load(std::memory_order_acquire);
    // Those that nothing happened beside are not worth keeping, but for a few.
    if (start != end || random() % 64 == 0) {
      answers.push_back({at, or_above, {seen.range, seen.flags}, start, end});
      if (start != end) ++overlapped;
    }
  }
}

template <class Host>
struct TrueAnswers : ::testing::Test {};
using Hosts = ::testing::Types<NotingHost<4>, NotingHost<15>>;
TYPED_TEST_SUITE(TrueAnswers, Hosts);

TYPED_TEST(TrueAnswers, of_lookups_beside_random_calls) {
  std::size_t all_overlapped = 0;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    History noted;
    history = &noted;
    noted.moments.reserve(100000);
    AddressSpace<TypeParam> space;
    std::atomic<bool> done = false;
    std::atomic<std::size_t> overlapped = 0;
    std::vector<Answer> answers[2];
    std::thread first([&] { look(space, 2 * seed, done, overlapped, answers[0]); });
    std::thread second([&] { look(space, 2 * seed + 1, done, overlapped, answers[1]); });
    std::mt19937_64 random(seed);
    // On a busy machine the readers may not run for long.
    for (int i = 0; i < 5000 || (overlapped < 10 && i < 50000); ++i) call_at_random(space, random);
    done = true;
    first.join();
    second.join();
    for (const auto& of_one : answers) {
      for (const Answer& answer : of_one) {
        ASSERT_TRUE(was_true(answer))
            << std::hex << answer.at << (answer.or_above ? " or above" : "") << ": "
            << answer.seen.range.start << "-" << answer.seen.range.end << " between " << std::dec
            << answer.start << " and " << answer.end << ", seed " << seed;
      }
    }
    all_overlapped += overlapped;
    space.clear();
  }
  EXPECT_GT(all_overlapped, 100u) << "hardly a lookup was made beside a write";
  std::printf("%zu answers beside a write\n", all_overlapped);
}

}  // namespace
}  // namespace vmarea::test
