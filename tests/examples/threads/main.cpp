// SPDX-License-Identifier: MIT
//
// A writer moves a block of four pages to and fro, in and out of a neighbour that it merges with.
// Other threads look on, each in its own way:
//
//   whole_space    under lock_shared(): all of it agrees, and the writer waits meanwhile
//   single_pages   by lookups(): never waits for the writer, each answer true at one moment
//   single_areas   by lock_area(): one area stands still, the writer may change the others
//
//   before   [AAAAAAAA)....        after   [AAAA)....[AAAA)        there: eight pages
#include <atomic>
#include <cstdio>
#include <thread>

#include <vmarea/vmarea.hpp>
#include <vmarea_shims/threaded.hpp>

namespace {

using vmarea::Address;
using vmarea::Range;

constexpr std::uint64_t page = 4096;
constexpr Address base = 0x100000;
constexpr Address block = base + 4 * page;
constexpr Address elsewhere = base + 8 * page;
constexpr int moves = 5000;

/// What the threads tell each other.
struct Seen {
  std::atomic<bool> done = false;
  std::atomic<bool> wrong = false;
  std::atomic<int> spaces = 0;
  std::atomic<int> pages = 0;
  std::atomic<int> areas = 0;

  bool enough() const { return spaces >= moves && pages >= moves && areas >= moves; }
};

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
template <class Space>
void whole_space(const Space& space, Seen& seen) {
  while (!seen.done && !seen.wrong) {
    const auto reading = space.lock_shared();
    if (!reading || !is_whole(space)) seen.wrong = true;
    ++seen.spaces;
  }
}

/// The first page is always there; one of the block's is in one place, or in none while it moves.
template <class Space>
void single_pages(const Space& space, Seen& seen) {
  const vmarea::shims::ReaderThread here;
  while (!seen.done && !seen.wrong) {
    const auto lookups = space.lookups();
    const auto first = lookups.find(base);
    const auto moving = lookups.find(block);
    if (!first || !first.range.contains(base)) seen.wrong = true;
    if (moving && !moving.range.contains(block)) seen.wrong = true;
    ++seen.pages;
  }
}

/// An area that is locked does not move away.
template <class Space>
void single_areas(const Space& space, Seen& seen) {
  while (!seen.done && !seen.wrong) {
    const auto area = space.lock_area(elsewhere);
    if (area) {
      const Range before = (*area)->range();
      if (!before.contains(elsewhere) || before != (*area)->range()) seen.wrong = true;
    } else if (area.error() != vmarea::Error::bad_address) {
      seen.wrong = true;
    }
    ++seen.areas;
  }
}

template <class Space>
bool move_to_and_fro(Space& space, const Seen& seen) {
  for (int i = 0; i < moves || (!seen.enough() && !seen.wrong); ++i) {
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
  std::thread spaces([&] { whole_space(space, seen); });
  std::thread pages([&] { single_pages(space, seen); });
  std::thread areas([&] { single_areas(space, seen); });
  const bool moved = move_to_and_fro(space, seen);
  seen.done = true;
  spaces.join();
  pages.join();
  areas.join();
  std::printf("%d looks at the space, %d at pages, %d at areas: %s\n", seen.spaces.load(),
              seen.pages.load(), seen.areas.load(), seen.wrong ? "WRONG" : "right");
  return moved && !seen.wrong;
}

}  // namespace

int main() {
  return run<vmarea::shims::Threaded>() && run<vmarea::shims::CheckedThreaded>() ? 0 : 1;
}
