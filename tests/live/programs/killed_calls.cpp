// SPDX-License-Identifier: MIT
//
// Children that are killed while they map and unmap memory for ever: from outside, by a thread of
// their own that ends the process, and in the midst of fork. Answers 0 if each ended as it was made
// to end.
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <thread>

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

constexpr std::size_t page = 4096;
constexpr int own_end = 7;
constexpr useconds_t shortest = 1000, step = 200;

[[noreturn]] void map_for_ever() {
  for (;;) {
    void* memory = mmap(nullptr, 64 * page, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    if (memory != MAP_FAILED) munmap(memory, 64 * page);
  }
}

[[noreturn]] void map_in_threads(useconds_t time) {
  for (int i = 0; i < 3; ++i) std::thread(map_for_ever).detach();
  usleep(time);
  _exit(own_end);
}

[[noreturn]] void map_in_threads_for_ever(useconds_t) {
  for (int i = 0; i < 3; ++i) std::thread(map_for_ever).detach();
  map_for_ever();
}

[[noreturn]] void fork_for_ever(useconds_t) {
  for (;;) {
    const pid_t child = fork();
    if (child == 0) _exit(0);
    if (child > 0) waitpid(child, nullptr, 0);
  }
}

[[noreturn]] void map_alone(useconds_t) {
  map_for_ever();
}

/// Whether all children end as they should, after times that differ a little.
bool all_end(int count, void (*work)(useconds_t), int signal) {
  for (int i = 0; i < count; ++i) {
    const useconds_t time = shortest + static_cast<useconds_t>(i % 50) * step;
    const pid_t child = fork();
    if (child < 0) return false;
    if (child == 0) work(time);
    if (signal != 0) {
      usleep(time);
      kill(child, signal);
    }
    int status = 0;
    if (waitpid(child, &status, 0) != child) return false;
    const bool as_told = signal != 0 ? WIFSIGNALED(status) && WTERMSIG(status) == signal
                                     : WIFEXITED(status) && WEXITSTATUS(status) == own_end;
    if (!as_told) return false;
  }
  return true;
}

}  // namespace

int main() {
  const bool good = all_end(50, map_alone, SIGKILL) && all_end(10, map_in_threads, 0) &&
                    all_end(10, map_in_threads_for_ever, SIGKILL) &&
                    all_end(80, fork_for_ever, SIGKILL);
  return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
