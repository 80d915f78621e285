// SPDX-License-Identifier: MIT
//
// Children that are made with the wish not to be traced, by clone and by clone3. Answers 0 if they
// can map memory as any other, and what was asked for still stands where it stood.
#include <csignal>
#include <cstdint>
#include <cstdlib>

#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

constexpr std::uint64_t clone_untraced = 0x0080'0000;

/// What clone3 takes, in its first version.
struct Wanted {
  std::uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls;
};
const volatile Wanted constant = {clone_untraced, 0, 0, 0, SIGCHLD, 0, 0, 0};

bool maps() {
  void* memory = mmap(nullptr, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return memory != MAP_FAILED && munmap(memory, 4096) == 0;
}

bool good(long child, const volatile Wanted& wanted) {
  if (child == 0) _exit(maps() && wanted.flags == clone_untraced ? 0 : 1);
  int status = 0;
  return child > 0 && waitpid(static_cast<pid_t>(child), &status, __WALL) == child && status == 0 &&
         wanted.flags == clone_untraced && maps();
}

}  // namespace

int main() {
  volatile Wanted wanted = {clone_untraced, 0, 0, 0, SIGCHLD, 0, 0, 0};
  const bool all_good = good(syscall(SYS_clone, clone_untraced | SIGCHLD, 0, 0, 0, 0), wanted) &&
                        good(syscall(SYS_clone3, &wanted, sizeof wanted), wanted) &&
                        good(syscall(SYS_clone3, &constant, sizeof constant), constant);
  return all_good ? EXIT_SUCCESS : EXIT_FAILURE;
}
