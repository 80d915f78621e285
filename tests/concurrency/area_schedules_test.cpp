// SPDX-License-Identifier: MIT
//
// A whole space under the scheduler: read locks of areas and walks of lookups, beside calls that
// change, split, join, move and unmap the very areas.
//
//   writer   lock .. begin_write(A) .. A: [2,6) -> [2,4) .. tree .. unlock      calls of a seed
//   reader         look up A . begin_read . A again? ...... as the tree says, all the while
//                  or refused: lock, find, begin_read, unlock
//
// Only the locks, the words of areas and trees, and the sections are scheduled. An area is plain
// memory: one that changes while it is locked is seen by looking at it again.
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <vmarea/vmarea.hpp>
#include <vmarea_shims/threaded.hpp>

#include "explore_seeds.hpp"
#include "noted_tree.hpp"
#include "poisoned_pool.hpp"
#include "scheduler/scheduler.hpp"

namespace vmarea::test {
namespace {

using scheduler::expect;
using scheduler::Scheduled;

constexpr std::uint64_t page = 4096;
constexpr std::uint64_t pages = 16;
constexpr Address base = 0x100000;
constexpr Address page_at(std::uint64_t number) {
  return base + number * page;
}

/// All readers are guests.
struct ScheduledGrace {
  using Periods = shims::Epochs<Scheduled, 1>;
  static inline Periods* of_schedule = nullptr;
  static Periods& periods() noexcept { return *of_schedule; }

  using ReadSection = Periods::Guest;
  static ReadSection begin_read_section() noexcept { return periods().enter_guest(); }
  static void end_read_section(const ReadSection& section) noexcept {
    periods().exit_guest(section);
  }
};
struct ScheduledFacts : AreaFacts {
  using Atomics = Scheduled;
};

/// Where the areas and nodes of a space come from, as long as it lives.
struct Pools {
  PoisonedPool<ScheduledGrace::Periods> areas;
  PoisonedPool<ScheduledGrace::Periods> nodes;
};

/// The threaded host with the scheduler's words and locks. Readers of a space take its lock alone,
/// for they hold it only as long as it takes to find an area.
struct Host : shims::ThreadedOf<Host, ScheduledGrace> {
  using Nodes = PoisonedNodes<ScheduledGrace::Periods>;
  template <class AreaType>
  using Tree = NotedTree<shims::MapleTree<
      AreaType, Nodes, shims::MapleTreeOptions{4, shims::WriteMode::published}, ScheduledFacts>>;

  explicit Host(Pools& its_pools) : pools(&its_pools) {}

  template <class AreaType>
  Tree<AreaType> make_tree() {
    return Tree<AreaType>{Nodes{&pools->nodes}};
  }
  void* allocate_area(std::size_t bytes, std::size_t alignment) noexcept {
    return pools->areas.take(bytes, alignment);
  }
  void release_area(void* area, std::size_t, std::size_t) noexcept { pools->areas.give_back(area); }
  void retire_area(void* area, std::size_t, std::size_t) noexcept { pools->areas.retire(area); }

  struct SpaceLock {
    scheduler::Mutex mutex;
    shims::WriteSequence<Scheduled> sequence;
  };
  static Result<void> lock_space(SpaceLock& lock) noexcept {
    lock.mutex.lock();
    return {};
  }
  void unlock_space(SpaceLock& lock) noexcept {
    pools->nodes.publish();
    pools->areas.publish();
    lock.sequence.go_on();
    lock.mutex.unlock();
  }
  static Result<void> lock_space_shared(SpaceLock& lock) noexcept { return lock_space(lock); }
  static void unlock_space_shared(SpaceLock& lock) noexcept { lock.mutex.unlock(); }

  using AreaLock = shims::AreaLockWord<Scheduled>;
  static void begin_area_write(SpaceLock& space, AreaLock& area) noexcept {
    area.begin_write(space.sequence);
  }
  static void attach_area(SpaceLock& space, AreaLock& area) noexcept {
    area.attach(space.sequence);
  }
  static void detach_area(AreaLock& area) noexcept { area.detach(); }
  static bool begin_area_read(SpaceLock& space, AreaLock& area) noexcept {
    Scheduled::schedule_point();
    expect(!Poison::the().is_in(&area), "an area is locked that was given back");
    return area.begin_read(space.sequence);
  }
  static void end_area_read(AreaLock& area) noexcept { area.end_read(); }

  Pools* pools;
};
using Space = AddressSpace<Host>;

struct Call {
  enum class Kind : unsigned char { map, unmap, protect, lock, move };
  Kind kind;
  Range range;
  Protection protection;
  Address to;

  void make(Space& space) const {
    const std::uint64_t length = range.length();
    switch (kind) {
      case Kind::map:
        (void)space.mmap({.address = range.start,
                          .length = length,
                          .protection = protection,
                          .flags = map::private_ | map::anonymous | map::fixed});
        break;
      case Kind::unmap:
        (void)space.munmap(range);
        break;
      case Kind::protect:
        (void)space.mprotect(range, protection);
        break;
      case Kind::lock:
        (void)space.mlock(range.start, length, MlockMode::lock_on_fault);
        break;
      case Kind::move:
        (void)space.mremap({.address = range.start,
                            .old_length = length,
                            .new_length = length,
                            .flags = remap::may_move | remap::fixed,
                            .new_address = to});
    }
  }
};

/// What is mapped, the calls that change it, and where readers look; drawn from a seed.
struct Story {
  std::vector<Call> before;
  std::vector<Call> calls;
  Address looked_at[2];

  explicit Story(std::mt19937_64& random) {
    const auto below = [&random](std::uint64_t limit) { return random() % limit; };
    const auto call = [&below](Call::Kind kind, std::uint64_t first, std::uint64_t length) {
      const Address start = page_at(first % pages);
      return Call{kind,
                  {start, start + length * page},
                  below(2) == 0 ? prot::read : prot::read | prot::write,
                  page_at(below(pages))};
    };
    for (std::uint64_t at = 0; at < pages; at += 1 + below(4)) {
      before.push_back(call(Call::Kind::map, at, 1 + below(3)));
    }
    const std::uint64_t about = below(pages - 4);  // Where all happens, so that readers meet it.
    for (Address& at : looked_at) at = page_at(about + below(4));
    for (int i = 0; i < 3; ++i) {
      calls.push_back(call(static_cast<Call::Kind>(below(5)), about + below(4), 1 + below(4)));
    }
  }
};

/// A space in one schedule.
class Land {
 public:
  explicit Land(const Story& story)
      : space_((ScheduledGrace::of_schedule = &periods_, Host(pools_))) {
    for (const Call& call : story.before) call.make(space_);
  }
  void write(const Story& story) {
    for (const Call& call : story.calls) call.make(space_);
  }

  /// Locks the area at an address, and looks whether it stays as it is.
  void read(Address at) {
    const std::size_t start = history().now();
    const auto area = space_.lock_area(at);
    if (!area) {
      expect(area.error() == Error::bad_address, "an area cannot be locked that is there");
      holes_.push_back({{start, history().now()}, at});
      return;
    }
    const NotedArea as_locked = NotedArea::of(**area);
    expect(as_locked.range.contains(at), "an area is locked that is elsewhere");
    for (int i = 0; i < 2; ++i) {
      const NotedArea now = NotedArea::of(space_.lookups().find(at));
      expect(now.area == as_locked.area, "an area goes that is locked");
      expect(now == as_locked, "an area that is locked is not what the tree says");
      expect(NotedArea::of(**area) == as_locked, "an area changes that is locked");
    }
  }
  /// Goes through all areas by lookups.
  void walk() {
    const Time whole{history().now(), 0};
    std::size_t begun = whole.start;
    space_.lookups().for_each({base, page_at(2 * pages)}, [&](const vmarea::SeenArea<Host>& seen) {
      walked_.push_back({{begun, history().now()}, NotedArea::of(seen)});
      begun = walked_.back().time.end;
    });
    walk_ = {whole.start, history().now()};
  }

  /// What readers were told, when all that the writer did is noted.
  void check() const {
    for (const Hole& hole : holes_) {
      const auto was_so = [&](const Moment& moment) { return moment.at(hole.at) == NotedArea{}; };
      expect(had(hole.time, was_so), "an area is missed that was there");
    }
    for (const Met& met : walked_) {
      const auto was_so = [&](const Moment& moment) { return moment.has(met.area); };
      expect(had(met.time, was_so), "a walk meets what was true at no moment of it");
    }
    for (const NotedArea& area : history().moments[walk_.start].areas) {
      const bool goes = had(walk_, [&](const Moment& moment) { return !moment.has(area); });
      const auto is_it = [&](const Met& met) { return met.area == area; };
      const auto times = std::count_if(walked_.begin(), walked_.end(), is_it);
      expect(goes || times == 1, "an area that stays is not met once");
    }
    for (Address at = base; at < page_at(2 * pages); at += page) {
      const auto is_hole = [at](const Moment& moment) { return moment.at(at) == NotedArea{}; };
      const auto covers = [at](const Met& met) { return met.area.range.contains(at); };
      const bool is_met = std::any_of(walked_.begin(), walked_.end(), covers);
      expect(is_met || had(walk_, is_hole), "a walk passes over what is mapped all the while");
    }
    expect(!vmarea::check(space_), "an invariant of the space is broken");
  }

 private:
  struct Time {
    std::size_t start;
    std::size_t end;
  };
  struct Hole {
    Time time;
    Address at;
  };
  struct Met {
    Time time;
    NotedArea area;
  };
  History& history() const { return space_.state().tree.history(); }
  bool had(const Time& time, const auto& was_so) const {
    return history().had(time.start, time.end, was_so);
  }

  ScheduledGrace::Periods periods_;
  Pools pools_{PoisonedPool(periods_), PoisonedPool(periods_)};
  Space space_;
  std::vector<Hole> holes_;
  std::vector<Met> walked_;
  Time walk_{};
};

void read_and_write(const Story& story, scheduler::Threads& threads) {
  Land land(story);
  threads.add([&] { land.write(story); });
  threads.add([&] {
    for (const Address at : story.looked_at) land.read(at);
  });
  threads.add([&] {
    land.walk();
    land.read(story.looked_at[0]);
  });
  threads.run();
  land.check();
}

TEST(AreaSchedules, area_that_is_locked_stays_and_walks_meet_what_stays) {
  explore_seeds([](std::mt19937_64& random) { return Story(random); }, read_and_write);
}

}  // namespace
}  // namespace vmarea::test
