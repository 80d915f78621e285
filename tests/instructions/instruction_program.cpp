// SPDX-License-Identifier: MIT
//
// instruction_program LOOP: one kind of work, again and again, for who counts instructions. Only
// what happens inside measured() is to be counted. Prints how often the work was done there;
// without a LOOP, which there are.
//
//   |[rwrw]..|[rwrw]..| ... 1,000 areas of 8 pages, a hole behind each; places by turns, far apart
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <vmarea/vmarea.hpp>
#include <vmarea_shims/userland.hpp>

namespace {

using namespace vmarea;

constexpr std::uint64_t page = 0x1000;
constexpr Address base = 0x10'0000'0000;
constexpr std::uint64_t area_count = 1000;
constexpr std::uint64_t area_bytes = 8 * page;
constexpr std::uint64_t distance = 16 * page;
constexpr std::uint64_t everything_bytes = area_count * distance;
constexpr Protection read_write = prot::read | prot::write;

/// A loop that does not do what it should would be counted, too.
void demand(bool met) {
  if (met) return;
  std::fprintf(stderr, "instruction_program: a call did not do what it should\n");
  std::exit(1);
}

using Space = AddressSpace<shims::Userland>;

void put(Space& space, Address at, std::uint64_t bytes) {
  demand(space
             .mmap({.address = at,
                    .length = bytes,
                    .protection = read_write,
                    .flags = map::private_ | map::anonymous | map::fixed})
             .has_value());
}
void move(Space& space, Address from, Address to) {
  demand(space
             .mremap({.address = from,
                      .old_length = area_bytes,
                      .new_length = area_bytes,
                      .flags = remap::may_move | remap::fixed,
                      .new_address = to})
             .has_value());
}

struct Find {
  static void on(Space& space, Address at) { demand(space.find(at + page) != nullptr); }
};
struct Protect {
  static void on(Space& space, Address at) {
    demand(space.mprotect(at + 2 * page, 2 * page, prot::read).has_value());
    demand(space.mprotect(at + 2 * page, 2 * page, read_write).has_value());
  }
};
struct UnmapMiddle {
  static void on(Space& space, Address at) {
    demand(space.munmap(at + 2 * page, 2 * page).has_value());
    put(space, at + 2 * page, 2 * page);
  }
};
struct UnmapWhole {
  static void on(Space& space, Address at) {
    demand(space.munmap(at, area_bytes).has_value());
    put(space, at, area_bytes);
  }
};
struct Move {
  static void on(Space& space, Address at) {
    move(space, at, at + everything_bytes);
    move(space, at + everything_bytes, at);
  }
};
// These are done once for all areas, and counted by area.
struct Iterate {
  static void on_all(Space& space) {
    std::uint64_t bytes = 0;
    for (const auto& area : space.areas()) bytes += area.length();
    demand(bytes == area_count * area_bytes);
  }
};
struct AdviseAll {
  static void on_all(Space& space) {
    // The holes between are an error of the call, which changes all areas nevertheless.
    demand(space.madvise(base, everything_bytes, Advice::dont_fork).code() == Error::no_memory);
    demand(space.madvise(base, everything_bytes, Advice::do_fork).code() == Error::no_memory);
  }
};
struct ForkAndExit {
  static void on_all(Space& space) {
    Space child;
    demand(space.fork_into(child).has_value());
  }
};

template <class Work>
void do_all(Space& space, std::uint64_t rounds) {
  if constexpr (requires { Work::on_all(space); }) {
    for (std::uint64_t i = 0; i < rounds; ++i) Work::on_all(space);
  } else {
    for (std::uint64_t i = 0; i < rounds * area_count; ++i) {
      Work::on(space, base + i * 7919 % area_count * distance);
    }
  }
}

template <class Work>
[[gnu::noinline]] void warm_up(Space& space) {
  do_all<Work>(space, 1);
}
template <class Work>
[[gnu::noinline]] void measured(Space& space) {
  do_all<Work>(space, 2);
}

template <class Work>
void run() {
  Space space;
  for (std::uint64_t i = 0; i < area_count; ++i) put(space, base + i * distance, area_bytes);
  warm_up<Work>(space);
  measured<Work>(space);
  std::printf("%d\n", static_cast<int>(2 * area_count));
}

struct Loop {
  const char* name;
  void (*run)();
};
constexpr Loop loops[] = {
    {"find", run<Find>},
    {"mprotect_there_and_back", run<Protect>},
    {"munmap_middle_mmap_back", run<UnmapMiddle>},
    {"munmap_whole_mmap_anew", run<UnmapWhole>},
    {"mremap_there_and_back", run<Move>},
    {"iterate", run<Iterate>},
    {"madvise_all_there_and_back", run<AdviseAll>},
    {"fork_and_exit", run<ForkAndExit>},
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    for (const Loop& loop : loops) std::printf("%s\n", loop.name);
    return 0;
  }
  for (const Loop& loop : loops) {
    if (std::strcmp(loop.name, argv[1]) == 0) {
      loop.run();
      return 0;
    }
  }
  std::fprintf(stderr, "instruction_program: there is no loop %s\n", argv[1]);
  return 2;
}
