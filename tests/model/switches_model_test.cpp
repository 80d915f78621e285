// SPDX-License-Identifier: MIT
//
// Every fast path of the core and the tree has a switch; here the same random calls are made on
// hosts that differ in the switches alone, and everything that can be seen is compared. What is
// switched for a whole program is compared by the digest that each of several programs prints.
//
//   quick       areas without locks, a tree that takes shortcuts
//   locks       areas with locks: each is looked for before it is changed
//   long way    the tree goes the whole way
#include <cstdint>
#include <cstdio>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <vmarea/vmarea.hpp>
#include <vmarea_shims/userland.hpp>

namespace vmarea::test {
namespace {

constexpr std::uint64_t page = 4096;
constexpr Address base = 0x1000'0000;
constexpr std::uint64_t pages = 160;

enum class AreaLocks : bool { no, yes };

template <AreaLocks locks, shims::Shortcuts shortcuts>
struct Host : shims::UserlandGroups<Host<locks, shortcuts>> {
  static constexpr bool checks = true;
  static constexpr bool has_area_locks = locks == AreaLocks::yes;
  template <class AreaType>
  using Tree = shims::MapleTree<AreaType, shims::HeapMemory,
                                shims::MapleTreeOptions{.capacity = 4, .shortcuts = shortcuts}>;
  template <class AreaType>
  static Tree<AreaType> make_tree() {
    return Tree<AreaType>{};
  }
  static constexpr Limits limits() noexcept { return {.area_count_max = 60}; }
  static constexpr bool has_notices = true;
  void notify(const auto& notice) const noexcept {
    const Range before = notice.before;
    const Range partner = notice.partner == nullptr ? Range{} : notice.partner->range();
    std::string text = std::to_string(static_cast<int>(notice.event));
    for (const Range range : {notice.area.range(), before, partner}) {
      text += " " + std::to_string(range.start) + "-" + std::to_string(range.end);
    }
    seen->push_back(text);
  }
  std::vector<std::string>* seen = nullptr;
};

/// One step: which call, where, and with what.
struct Step {
  unsigned call;
  Address at;
  std::uint64_t length;
  std::uint32_t choice;
};

template <class Services>
class Player {
 public:
  Player() : space_(make_host(seen_)) {}
  ~Player() { space_.clear(); }

  /// Makes the call; everything that can be seen of it, in words.
  std::string play(const Step& step) {
    seen_.clear();
    std::string text = "answer " + std::to_string(answer(step));
    for (const std::string& event : seen_) text += "; event " + event;
    for (const auto& area : space_.areas()) {
      text += "; " + std::to_string(area.start) + "-" + std::to_string(area.end) + " offset " +
              std::to_string(area.page_offset) + " flags " + std::to_string(area.flags.bits()) +
              " identity " + std::to_string(area.identity.value());
    }
    const PageTotals& totals = space_.totals();
    text += "; totals " + std::to_string(totals.total) + " " + std::to_string(totals.data) + " " +
            std::to_string(totals.locked) + " charged " + std::to_string(space_.state().charged) +
            " areas " + std::to_string(space_.area_count());
    const Broken broken = check(space_.state());
    return broken ? text + "; broken: " + broken.what : text;
  }
  const char* check_tree() const { return space_.state().tree.check(); }

 private:
  static Services make_host(std::vector<std::string>& seen) {
    Services host;
    host.seen = &seen;
    return host;
  }
  template <class T>
  static std::int64_t number(const Result<T>& result) {
    return result ? 0 : static_cast<std::int64_t>(result.error());
  }
  std::int64_t answer(const Step& step) {
    constexpr MapFlags fixed = map::private_ | map::anonymous | map::fixed;
    constexpr Advice advices[] = {Advice::dont_dump, Advice::do_dump, Advice::dont_fork,
                                  Advice::do_fork};
    const Protection protection{step.choice % 4};
    switch (step.call) {
      case 0:
      case 1:
        return number(space_.mmap({.address = step.at,
                                   .length = step.length,
                                   .protection = protection,
                                   .flags = step.choice % 7 == 0 ? fixed | map::locked : fixed}));
      case 2:
        return number(space_.munmap(step.at, step.length));
      case 3:
      case 4:
      case 5:
        return number(space_.mprotect(step.at, step.length, protection));
      case 6:
        return number(space_.madvise(step.at, step.length, advices[step.choice % 4]));
      case 7:
        return number(space_.touch(step.at, Touch::write));
      case 8:
        return number(space_.mremap({.address = step.at,
                                     .old_length = step.length,
                                     .new_length = step.length + (step.choice % 3) * page,
                                     .flags = remap::may_move}));
      default:
        return number(space_.mlock(step.at, step.length, MlockMode::lock));
    }
  }

  std::vector<std::string> seen_;
  AddressSpace<Services> space_;
};

TEST(Switches, change_nothing_that_can_be_seen) {
  using Quick = Host<AreaLocks::no, shims::Shortcuts::all>;
  using Locks = Host<AreaLocks::yes, shims::Shortcuts::all>;
  using LongWay = Host<AreaLocks::no, shims::Shortcuts::none>;
  constexpr unsigned seeds = 12, steps = 1500;
  std::uint64_t digest = 0;
  for (unsigned seed = 1; seed <= seeds; ++seed) {
    std::mt19937 random(seed);
    Player<Quick> quick;
    Player<Locks> locks;
    Player<LongWay> long_way;
    for (unsigned i = 0; i < steps; ++i) {
      const Step step{static_cast<unsigned>(random() % 10), base + random() % pages * page,
                      (1 + random() % 12) * page, static_cast<std::uint32_t>(random())};
      const std::string text = quick.play(step);
      for (const char c : text) digest = digest * 0x100'0000'01b3 + static_cast<unsigned char>(c);
      ASSERT_EQ(text, locks.play(step)) << "seed " << seed << ", step " << i;
      ASSERT_EQ(text, long_way.play(step)) << "seed " << seed << ", step " << i;
      ASSERT_EQ(text.find("broken"), std::string::npos) << text;
      ASSERT_EQ(quick.check_tree(), nullptr) << quick.check_tree();
    }
  }
  std::printf("digest %llx\n", static_cast<unsigned long long>(digest));
}

}  // namespace
}  // namespace vmarea::test
