// SPDX-License-Identifier: MIT
//
// Threads that change spaces of one family at once: each makes random calls of every kind on
// worlds of its own, which map the same files, and hands the children of its forks to the next
// thread. Between them, it walks the areas that map a file or may map a page of an identity, and
// takes all locks of a space. At the end the reverse map is what the areas say, and nothing is left
// of it when they are gone.
#pragma once

#include <array>
#include <mutex>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "concurrency/family_world.hpp"
#include "model/every_call/play.hpp"
#include "support/reverse_map_check.hpp"

namespace vmarea::test {

using every_call::Settings;
using Worlds = std::vector<std::unique_ptr<FamilyWorld>>;
using FamilyArea = Area<FamilyHost>;

inline constexpr unsigned family_threads = 3;

/// Worlds on their way to a thread.
class Mailbox {
 public:
  void put(std::unique_ptr<FamilyWorld> world) {
    const std::scoped_lock lock(mutex_);
    worlds_.push_back(std::move(world));
  }
  void move_to(Worlds& worlds) {
    const std::scoped_lock lock(mutex_);
    for (auto& world : worlds_) worlds.push_back(std::move(world));
    worlds_.clear();
  }

 private:
  std::mutex mutex_;
  Worlds worlds_;
};

struct Land {
  FamilyFiles files;
  std::array<Mailbox, family_threads> mailboxes;
  Mailbox last;  // Those that threads end with.
  std::atomic<std::uint64_t> forks = 0;
  std::atomic<std::uint64_t> areas_of_others = 0;
  std::atomic<std::uint64_t> wrong = 0;

  void expect(bool right) {
    if (!right) ++wrong;
  }
};

/// Calls in one go; children of forks go to the next thread.
struct ForkingAway {
  template <class Whole, class Plan>
  auto made(Whole&& whole, Plan&&) {
    return whole();
  }
  Result<void> forked(FamilyWorld& world, FamilyWorld::GoOn) {
    Error error{};
    std::unique_ptr<FamilyWorld> child = world.fork(error);
    if (child == nullptr) return error;
    ++land.forks;
    next.put(std::move(child));
    return {};
  }
  Land& land;
  Mailbox& next;
};

/// Reads areas of all threads, under the lock of what they share.
inline void walk_file(Land& land, FamilyWorld::File& file, std::uint64_t page) {
  FamilyParts::lock_file_mapping(&file);
  FamilyParts::for_each_area(*file.mapping, page, page + 3, [&](const FamilyArea& area) {
    land.expect(area.file->mapping == file.mapping);
    land.expect(area.page_offset <= page + 3);
    land.expect(area.page_offset + (area.length() >> 12) > page);
  });
  FamilyParts::unlock_file_mapping(&file);
}

inline void walk_identity(Land& land, FamilyWorld& world, Address at) {
  const FamilyArea* own = world.space().find(at);
  if (own == nullptr || !own->identity) return;
  FamilyParts& host = world.space().state().services;
  const AnonIdentity identity = own->identity;
  const std::uint64_t page = own->page_offset;
  bool met_own = false;
  std::uint64_t others = 0;
  host.lock_identity(identity);
  FamilyParts::for_each_area(identity, page, page, [&](const FamilyArea& area) {
    met_own |= &area == own;
    others += &area == own ? 0 : 1;
    land.expect(area.page_offset <= page);
    land.expect(area.page_offset + (area.length() >> 12) > page);
  });
  host.unlock_identity(identity);
  land.expect(met_own);
  land.areas_of_others += others;
}

inline void live(Land& land, unsigned self, std::uint64_t seed, std::uint64_t calls) {
  every_call::SeededNumbers numbers(seed * family_threads + self);
  std::mt19937_64 random(seed * family_threads + self);
  const auto below = [&](std::uint64_t limit) { return random() % limit; };
  ForkingAway form{land, land.mailboxes[(self + 1) % family_threads]};
  Worlds own;
  for (std::uint64_t i = 0; i < calls; ++i) {
    land.mailboxes[self].move_to(own);
    if (own.empty()) own.push_back(std::make_unique<FamilyWorld>(Settings::of(seed), land.files));
    while (own.size() > 4) {
      std::swap(own[below(own.size())], own.back());
      own.pop_back();
    }
    FamilyWorld& world = *own[below(own.size())];
    (void)every_call::play(world, every_call::draw_call(numbers), form);
    if (i % 8 == 0) walk_file(land, *world.file(below(13)), below(40));
    if (i % 8 == 4) walk_identity(land, world, FamilyWorld::column(below(every_call::columns)));
    if (i % 64 == 0) land.expect(AllLocks<FamilyHost>(world.space().state()).taken().has_value());
  }
  for (auto& world : own) land.last.put(std::move(world));
}

inline std::string wrong_in_reverse_map(const Worlds& worlds) {
  std::vector<const SpaceState<FamilyHost>*> spaces;
  for (const auto& world : worlds) spaces.push_back(&world->space().state());
  return ReverseMapCheck<FamilyHost, shims::ByteLock>(spaces).wrong();
}

/// What one run with a seed did. `wrong`: the first thing that is; empty if nothing is.
struct FamilyRun {
  std::string wrong;
  std::uint64_t forks = 0;
  std::uint64_t areas_of_others = 0;  // That walks of an identity met.
};

inline FamilyRun run_families(std::uint64_t seed, std::uint64_t calls) {
  Land land;
  std::vector<std::thread> running;
  for (unsigned self = 0; self < family_threads; ++self) {
    running.emplace_back([&land, self, seed, calls] { live(land, self, seed, calls); });
  }
  for (std::thread& thread : running) thread.join();

  FamilyRun run{{}, land.forks, land.areas_of_others};
  const auto expect = [&](bool right, std::string_view what) {
    if (!right && run.wrong.empty()) run.wrong = what;
  };
  Worlds left;
  land.last.move_to(left);
  for (Mailbox& mailbox : land.mailboxes) mailbox.move_to(left);
  expect(land.wrong == 0, "areas that were found are not what was asked for");
  const std::string in_reverse_map = wrong_in_reverse_map(left);
  expect(in_reverse_map.empty(), in_reverse_map);
  for (const auto& world : left) expect(!check(world->space().state()), "a broken invariant");
  left.clear();
  expect(FamilyParts::link_count == 0, "links are left");
  for (const FamilyWorld::File& file : land.files.all) {
    expect(file.references == 0, "a file is left with references");
    expect(file.own_mapping.writable_count == 0, "a file is left with writers");
  }
  return run;
}

}  // namespace vmarea::test
