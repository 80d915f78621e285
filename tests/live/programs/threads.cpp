// SPDX-License-Identifier: MIT
//
// Eight threads that map, protect, move and unmap memory of their own at once, and allocate from
// the heap that they share.
#include <cstdlib>
#include <cstring>
#include <thread>
#include <vector>

#include <sys/mman.h>

namespace {

constexpr std::size_t page = 4096;

bool work(unsigned number) {
  for (unsigned round = 0; round < 20; ++round) {
    const std::size_t length = (2 + (number + round) % 7) * page;
    void* memory =
        mmap(nullptr, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return false;
    std::memset(memory, static_cast<int>(number), length);
    if (mprotect(memory, page, PROT_READ) != 0) return false;
    void* moved = mremap(memory, length, 2 * length, MREMAP_MAYMOVE);
    if (moved == MAP_FAILED && mprotect(memory, page, PROT_READ | PROT_WRITE) != 0) return false;
    std::vector<char> heap(1000 * (1 + (number * round) % 300), 'x');
    if (heap.back() != 'x') return false;
    munmap(moved == MAP_FAILED ? memory : moved, moved == MAP_FAILED ? length : 2 * length);
  }
  return true;
}

}  // namespace

int main() {
  std::vector<std::thread> threads;
  bool good[8] = {};
  for (unsigned i = 0; i < 8; ++i) threads.emplace_back([&good, i] { good[i] = work(i); });
  for (std::thread& thread : threads) thread.join();
  for (const bool one : good) {
    if (!one) return EXIT_FAILURE;
  }
  return EXIT_SUCCESS;
}
