// SPDX-License-Identifier: MIT
//
// Forks while another thread touches areas side by side, none of which was touched before: what the
// child has depends on which side of the copy a touch came.
#include <atomic>
#include <cstdint>
#include <thread>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

constexpr std::size_t page = 4096, pages = 400;
constexpr int all = PROT_READ | PROT_WRITE;
std::atomic<bool> is_over{false};

/// Through read, which fails where nothing may be written, and that is all.
void touch_for_ever(int zero, char* memory) {
  for (std::size_t i = 0; !is_over; i = (i + 7) % pages) {
    if (read(zero, memory + i * page, 1) < 0) continue;
  }
}

/// Areas of a page each that are not touched, or will be in a moment.
bool map_many(char* memory) {
  constexpr int mine = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED;
  if (mmap(memory, pages * page, PROT_NONE, mine, -1, 0) == MAP_FAILED) return false;
  for (std::size_t i = pages; i-- > 0;) {
    const int access = i % 2 == 0 ? all : all | PROT_EXEC;
    if (mprotect(memory + i * page, page, access) != 0) return false;
  }
  return true;
}

bool fork_and_wait() {
  const pid_t child = fork();
  if (child == 0) _exit(0);
  return child > 0 && waitpid(child, nullptr, 0) == child;
}

}  // namespace

int main() {
  const int zero = open("/dev/zero", O_RDONLY);
  void* const at = mmap(nullptr, pages * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (zero < 0 || at == MAP_FAILED) return 1;
  char* const memory = static_cast<char*>(at);
  bool is_good = true;
  std::thread toucher(touch_for_ever, zero, memory);
  for (int round = 0; round < 10 && is_good; ++round) {
    is_good = map_many(memory) && fork_and_wait();
  }
  is_over = true;
  toucher.join();
  return is_good ? 0 : 1;
}
