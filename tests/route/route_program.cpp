// SPDX-License-Identifier: MIT
//
// route_program CALL: sets a scene, makes one call on the public face, and prints what was entered
// and left on the way: "enter ADDRESS" or "leave", one a line. Without a CALL it prints which there
// are. To be compiled with -finstrument-functions, as route.sh does.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <vmarea/vmarea.hpp>
#include <vmarea_shims/userland.hpp>

// The compiler calls the hooks, and must not make them call themselves.
#define ROUTE_HOOK extern "C" __attribute__((no_instrument_function)) void

namespace {

// Plain arrays: the functions of a container would be traced, too.
constexpr std::size_t event_count_max = 1 << 16;
std::uintptr_t events[event_count_max];  // The function that was entered, or 0: one was left.
std::size_t event_count = 0;
bool tracing = false;

__attribute__((no_instrument_function)) void note(std::uintptr_t event) {
  if (!tracing) return;
  if (event_count == event_count_max) {
    std::fprintf(stderr, "route_program: the route is too long to be kept\n");
    std::abort();
  }
  events[event_count++] = event;
}

}  // namespace

ROUTE_HOOK __cyg_profile_func_enter(void* function, void*) {
  note(reinterpret_cast<std::uintptr_t>(function));
}
ROUTE_HOOK __cyg_profile_func_exit(void*, void*) {
  note(0);
}

namespace {

using namespace vmarea;
using Space = AddressSpace<shims::Userland>;

constexpr Protection read_write = prot::read | prot::write;
constexpr Address base = 0x100'000;
constexpr std::uint64_t page = 0x1000;

/// A scene that is not what it should be would give a route, but not the one that was asked for.
void demand(bool met, const char* what) {
  if (met) return;
  std::fprintf(stderr, "route_program: %s\n", what);
  std::exit(1);
}

void put(Space& space, std::uint64_t first_page, std::uint64_t pages, Protection protection) {
  demand(static_cast<bool>(space.mmap({.address = base + first_page * page,
                                       .length = pages * page,
                                       .protection = protection,
                                       .flags = map::private_ | map::anonymous | map::fixed})),
         "the scene cannot be set");
}

/// Three areas side by side, pages 0 to 12.
void put_three(Space& space) {
  put(space, 0, 4, read_write);
  put(space, 4, 4, prot::read);
  put(space, 8, 4, read_write);
}

/// Makes the call with the trace on.
template <class Call>
void trace(const Call& call) {
  tracing = true;
  const auto result = call();
  tracing = false;
  demand(static_cast<bool>(result), "the call was refused");
}

/// The middle of an area, which becomes three.
void mprotect_middle(Space& space) {
  put(space, 0, 16, read_write);
  trace([&] { return space.mprotect(base + 4 * page, 4 * page, prot::read); });
  demand(space.area_count() == 3, "mprotect did not cut");
}

/// The same undone: three areas become one.
void mprotect_back(Space& space) {
  put(space, 0, 12, read_write);
  demand(static_cast<bool>(space.mprotect(base + 4 * page, 4 * page, prot::read)), "no scene");
  trace([&] { return space.mprotect(base + 4 * page, 4 * page, read_write); });
  demand(space.area_count() == 1, "mprotect did not join");
}

/// From the middle of one area over a second into the middle of a third.
void munmap_three(Space& space) {
  put_three(space);
  trace([&] { return space.munmap(base + 2 * page, 8 * page); });
  demand(space.area_count() == 2, "munmap did not cut");
}

/// A whole area goes where nothing is.
void mremap_move(Space& space) {
  put(space, 0, 4, read_write);
  trace([&] {
    return space.mremap({.address = base,
                         .old_length = 4 * page,
                         .new_length = 4 * page,
                         .flags = remap::may_move | remap::fixed,
                         .new_address = base + 32 * page});
  });
  demand(space.find(base) == nullptr && space.area_count() == 1, "mremap did not move");
}

/// Where the library chooses.
void mmap_anywhere(Space& space) {
  trace([&] { return space.mmap({.length = 4 * page, .protection = read_write}); });
  demand(space.area_count() == 1, "mmap did not map");
}

/// The middle of an area, which becomes three.
void madvise_middle(Space& space) {
  put(space, 0, 12, read_write);
  trace([&] { return space.madvise(base + 4 * page, 4 * page, Advice::dont_fork); });
  demand(space.area_count() == 3, "madvise did not cut");
}

struct Scene {
  const char* call;
  void (*play)(Space&);
};
constexpr Scene scenes[] = {
    {"mprotect", mprotect_middle}, {"mprotect_back", mprotect_back}, {"munmap", munmap_three},
    {"mremap", mremap_move},       {"mmap", mmap_anywhere},          {"madvise", madvise_middle},
};

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    for (const Scene& scene : scenes) std::puts(scene.call);
    return 0;
  }
  for (const Scene& scene : scenes) {
    if (std::strcmp(scene.call, argv[1]) != 0) continue;
    Space space;
    scene.play(space);
    for (std::size_t i = 0; i < event_count; ++i) {
      if (events[i] == 0) {
        std::puts("leave");
      } else {
        std::printf("enter 0x%016zx\n", static_cast<std::size_t>(events[i]));
      }
    }
    return 0;
  }
  std::fprintf(stderr, "route_program: there is no call %s\n", argv[1]);
  return 1;
}
