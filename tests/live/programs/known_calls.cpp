// SPDX-License-Identifier: MIT
//
// Calls whose effects a test knows: sixteen pages at an address of its own are split, merged, cut
// and asked for what they cannot do, and the stack grows by itself. With an argument it ends itself
// by SIGKILL instead of exiting.
#include <csignal>
#include <cstdint>

#include <sys/mman.h>
#include <unistd.h>

namespace {

/// Touches more stack than a program begins with.
[[gnu::noinline]] void grow_stack() {
  char room[1 << 20];
  room[0] = 1;
  asm volatile("" : : "r"(room) : "memory");  // clang makes do with the one byte otherwise.
}

}  // namespace

int main(int count, char**) {
  constexpr std::uintptr_t page = 4096;
  char* const base = reinterpret_cast<char*>(std::uintptr_t{0x2000'0000'0000});
  constexpr int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE;
  bool right = mmap(base, 16 * page, PROT_READ | PROT_WRITE, flags, -1, 0) == base;
  right = right && mprotect(base + 4 * page, 4 * page, PROT_READ) == 0;
  right = right && mprotect(base + 4 * page, 4 * page, PROT_READ | PROT_WRITE) == 0;
  grow_stack();
  right = right && munmap(base + 12 * page, 2 * page) == 0;
  right = right && mprotect(base + 11 * page, 2 * page, PROT_NONE) == -1;
  right = right && munmap(base, 12 * page) == 0;
  if (count > 1) kill(getpid(), SIGKILL);
  return right ? 0 : 1;
}
