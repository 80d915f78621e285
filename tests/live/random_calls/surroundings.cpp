// SPDX-License-Identifier: MIT
#include "live/random_calls/surroundings.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include <alloca.h>
#include <malloc.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace vmarea::live {
namespace {

/// Between the arena and the crowd: neither may merge with the other.
constexpr std::uint64_t rampart = 16 * page;
constexpr unsigned long ask_personality = 0xffffffff;

void map_or_die(std::uint64_t start, std::uint64_t length, int flags, int file) {
  void* wanted = reinterpret_cast<void*>(start);
  constexpr int no_replace = 0x100000;
  if (mmap(wanted, length, PROT_NONE, MAP_PRIVATE | MAP_NORESERVE | no_replace | flags, file, 0) !=
      wanted) {
    abort();
  }
}

/// In pieces, each from the file's start so that they do not merge: where an area has 2^31 pages,
/// Linux loses count of its locked pages.
void map_barrier(std::uint64_t start, std::uint64_t end, int file) {
  constexpr std::uint64_t piece = std::uint64_t{7} << 40;
  for (std::uint64_t at = start; at < end; at += piece) {
    map_or_die(at, std::min(piece, end - at), 0, file);
  }
}

void make_crowd(const Shape& shape) {
  if (shape.crowd == 0) return;
  const std::uint64_t start = shape.end() + rampart;
  map_or_die(start, shape.crowd * page, MAP_ANONYMOUS, -1);
  for (std::uint64_t i = 1; i < shape.crowd; i += 2) {
    if (mprotect(reinterpret_cast<void*>(start + i * page), page, PROT_READ) != 0) abort();
  }
}

/// The page behind the arena has no name, for it is read after every call, and a policy that
/// nothing in the arena has, so that it never merges.
void map_last_page(std::uint64_t start) {
  constexpr int preferred_many = 5;
  const unsigned long first_node = 1;
  map_or_die(start, page, MAP_ANONYMOUS, -1);
  if (syscall(SYS_mbind, start, page, preferred_many, &first_node, 8 * sizeof first_node, 0) != 0) {
    abort();
  }
}

/// The end of the run of adjacent areas that holds the program: all below it can be filled.
std::uint64_t program_end(const std::vector<SeenArea>& areas) {
  // Functions of the C library lie below it, this function's frame above.
  const auto above = reinterpret_cast<std::uint64_t>(&std::memmove);
  std::uint64_t end = 0;
  for (const SeenArea& area : areas) {
    if (area.start <= above && above < area.end) end = area.end;
  }
  bool in_stack = false;
  for (const SeenArea& area : areas) {
    in_stack = area.flags.has_any(flag::grows_down);
    if (area.start >= end && !in_stack) end = area.end;
  }
  return end;
}

/// Maps page after page where the kernel chooses until it chooses none above the arena; the end of
/// them and of what ends at `end`. A few pages may be free above the program, below the address
/// that placement begins at: too few for the vdso.
std::uint64_t fill_to_placement_end(const Shape& shape, std::uint64_t end, int file) {
  while (true) {
    void* chosen = mmap(nullptr, page, PROT_NONE, MAP_PRIVATE | MAP_NORESERVE, file, 0);
    if (chosen == MAP_FAILED) abort();
    const auto at = reinterpret_cast<std::uint64_t>(chosen);
    if (at < shape.end()) {
      munmap(chosen, page);
      return end;
    }
    end = std::max(end, at + page);
  }
}

}  // namespace

void prepare_heap(const Shape& shape) {
  // As little as will do: mlockall touches all of it, and every fork after that copies it.
  const int heap_bytes = shape.crowd != 0 ? 32 << 20 : 2 << 20;
  mallopt(M_MMAP_MAX, 0);
  mallopt(M_TOP_PAD, heap_bytes);
  mallopt(M_TRIM_THRESHOLD, heap_bytes);
  void* volatile taken = std::malloc(1);
  std::free(taken);
  // The stack, too, takes what it will need: a limit of its size may come.
  constexpr std::size_t stack_bytes = 1 << 18;
  auto* bytes = static_cast<volatile char*>(alloca(stack_bytes));
  for (std::size_t i = 0; i < stack_bytes; i += page) bytes[stack_bytes - 1 - i] = 0;
}

bool is_randomised() {
  return (personality(ask_personality) & ADDR_NO_RANDOMIZE) == 0;
}

void begin_unrandomised(char** words) {
  const int now = personality(ask_personality);
  const bool is_changed = now >= 0 && (now & ADDR_NO_RANDOMIZE) == 0 &&
                          personality(static_cast<unsigned long>(now) | ADDR_NO_RANDOMIZE) >= 0;
  if (is_changed && !is_randomised()) execv("/proc/self/exe", words);
}

std::uint64_t fill_surroundings(MapsReader& maps, const Shape& shape) {
  map_last_page(shape.end());
  make_crowd(shape);
  const std::vector<SeenArea> areas = read_surroundings(maps, shape);
  const int barrier = memfd_create("b", MFD_CLOEXEC);
  if (barrier < 0) abort();
  const std::uint64_t upto = program_end(areas);
  std::uint64_t hole = shape.end();
  for (const SeenArea& area : areas) {
    if (area.start >= upto) break;
    if (area.start > hole) map_barrier(hole, area.start, barrier);
    if (area.end > hole) hole = area.end;
  }
  const std::uint64_t end = fill_to_placement_end(shape, upto, barrier);
  close(barrier);
  return end;
}

std::vector<SeenArea> read_surroundings(MapsReader& maps, const Shape& shape) {
  std::vector<SeenArea> areas;
  maps.for_each_area([&](const SeenArea& area) {
    const bool in_arena = area.start < shape.end() && area.end > arena_start;
    constexpr std::uint64_t limit = 0x7fff'ffff'f000;
    if (!in_arena && area.start < limit) areas.push_back(area);
    return true;
  });
  return areas;
}

}  // namespace vmarea::live
