// SPDX-License-Identifier: MIT
//
// Grows its stack by a recursion of some megabytes, with memory calls on the way down.
#include <cstdlib>

#include <sys/mman.h>

namespace {

constexpr std::size_t page = 4096;

// NOLINTNEXTLINE(misc-no-recursion)
int descend(int depth) {
  volatile char frame[3 * page];
  frame[0] = static_cast<char>(depth);
  if (depth % 4 == 0) {
    void* memory = mmap(nullptr, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return -1;
    *static_cast<char*>(memory) = 1;
    if (depth % 8 == 0) munmap(memory, page);
  }
  const int below = depth == 0 ? 0 : descend(depth - 1);
  return below < 0 ? below : below + (frame[0] == static_cast<char>(depth) ? 1 : 0);
}

}  // namespace

int main() {
  return descend(500) == 501 ? EXIT_SUCCESS : EXIT_FAILURE;
}
