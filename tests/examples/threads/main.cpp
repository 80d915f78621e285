// SPDX-License-Identifier: MIT
//
// A writer moves a block of four pages to and fro, in and out of a neighbour that it merges with;
// two readers count pages and look at what lies next to each other. Under the shared lock, what
// they see is always whole.
//
//   before   [AAAAAAAA)....        after   [AAAA)....[AAAA)        there: eight pages
#include <atomic>
#include <cstdio>
#include <thread>

#include <vmarea/vmarea.hpp>

#include "host.hpp"

namespace {

using vmarea::Address;

constexpr std::uint64_t page = 4096;
constexpr Address base = 0x100000;
constexpr Address block = base + 4 * page;
constexpr Address elsewhere = base + 8 * page;
constexpr int moves = 5000;

/// Whether the areas have eight pages, one after the other, and can be found by their addresses.
template <class Space>
bool is_whole(const Space& space) {
  std::uint64_t pages = 0;
  Address end = 0;
  for (const auto& area : space.areas()) {
    if (area.start < end || space.find(area.end - 1) != &area) return false;
    end = area.end;
    pages += area.length() / page;
  }
  return pages == 8;
}

/// What the threads tell each other.
struct Seen {
  std::atomic<bool> done = false;
  std::atomic<bool> torn = false;
  std::atomic<int> looks = 0;
};

template <class Space>
void look(const Space& space, Seen& seen) {
  while (!seen.done && !seen.torn) {
    const auto reading = space.lock_shared();
    if (!reading || !is_whole(space)) seen.torn = true;
    ++seen.looks;
  }
}

template <class Space>
bool move_to_and_fro(Space& space, const Seen& seen) {
  for (int i = 0; i < moves || (seen.looks < moves && !seen.torn); ++i) {
    const bool there = i % 2 == 0;
    const auto moved = space.mremap({.address = there ? block : elsewhere,
                                     .old_length = 4 * page,
                                     .new_length = 4 * page,
                                     .flags = vmarea::remap::may_move | vmarea::remap::fixed,
                                     .new_address = there ? elsewhere : block});
    if (!moved) return false;
  }
  return true;
}

template <class Host>
bool run() {
  vmarea::AddressSpace<Host> space;
  const auto flags = vmarea::map::private_ | vmarea::map::anonymous | vmarea::map::fixed;
  if (!space.mmap({.address = base, .length = 8 * page, .flags = flags})) return false;
  Seen seen;
  std::thread first([&] { look(space, seen); });
  std::thread second([&] { look(space, seen); });
  const bool moved = move_to_and_fro(space, seen);
  seen.done = true;
  first.join();
  second.join();
  std::printf("%d looks at a space that was moved about: %s\n", seen.looks.load(),
              seen.torn ? "torn" : "whole");
  return moved && !seen.torn;
}

}  // namespace

int main() {
  return run<Threaded>() && run<CheckedThreaded>() ? 0 : 1;
}
