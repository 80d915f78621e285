// SPDX-License-Identifier: MIT
//
// Threads that sleep most of the time, wake by themselves while another one is in the midst of a
// memory call, and touch the memory that it changes, or what lies beside. One never sleeps, also
// while the process forks.
#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

namespace {

constexpr std::size_t page = 4096, pages = 12;
constexpr unsigned seed_of_sleepless = 0;
std::atomic<bool> is_over{false};

/// Where nothing is mapped, or may be written, this fails and that is all.
void touch(int zero, char* at) {
  if (read(zero, at, 1) < 0) return;
}

void wake_and_touch(int zero, char* memory, unsigned seed) {
  const unsigned first = seed;
  while (!is_over) {
    seed = seed * 1'103'515'245 + 12'345;
    const timespec pause{.tv_sec = 0, .tv_nsec = 20'000 + seed % 60'000};
    if (seed_of_sleepless != first) nanosleep(&pause, nullptr);
    touch(zero, memory + (seed >> 16) % pages * page);
  }
}

bool change(char* memory, unsigned round) {
  char* const middle = memory + (2 + round % 5) * page;
  constexpr int mine = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED;
  constexpr int all = PROT_READ | PROT_WRITE;
  if (mmap(memory, pages * page, all, mine, -1, 0) == MAP_FAILED) return false;
  if (mprotect(middle, 2 * page, PROT_READ) != 0) return false;
  if (mprotect(middle + 2 * page, page, PROT_NONE) != 0) return false;
  if (mprotect(middle, 2 * page, all) != 0) return false;
  if (munmap(middle + page, page) != 0) return false;
  if (mmap(middle + page, page, all, mine, -1, 0) == MAP_FAILED) return false;
  return mprotect(middle, 4 * page, all) == 0;
}

bool fork_and_wait() {
  const pid_t child = fork();
  if (child == 0) _exit(0);
  return child > 0 && waitpid(child, nullptr, 0) == child;
}

}  // namespace

int main() {
  const int zero = open("/dev/zero", O_RDONLY);
  void* const at = mmap(nullptr, (pages + 2) * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (zero < 0 || at == MAP_FAILED) return 1;
  char* const memory = static_cast<char*>(at) + page;
  std::vector<std::thread> threads;
  for (unsigned seed = 0; seed < 6; ++seed) {
    threads.emplace_back(wake_and_touch, zero, memory, seed);
  }
  bool is_good = true;
  for (unsigned round = 0; round < 400 && is_good; ++round) {
    is_good = change(memory, round) && (round % 8 != 0 || fork_and_wait());
  }
  is_over = true;
  for (std::thread& thread : threads) thread.join();
  return is_good ? 0 : 1;
}
