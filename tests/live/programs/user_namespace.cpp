// SPDX-License-Identifier: MIT
//
// Rights inside a user namespace of its own are no rights over memory: what the limit forbids stays
// forbidden. Ends with 0 where the kernel refuses, or where no such namespace can be had.
#include <cerrno>
#include <cstdlib>

#include <sched.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

constexpr std::size_t page = 4096;

/// Whether more than the limit is refused, and as much as the limit is not.
bool is_limited() {
  void* at = mmap(nullptr, 64 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (at == MAP_FAILED || mlock(at, 16 * page) != 0) return false;
  const bool refused = mlock(at, 32 * page) != 0 && errno == ENOMEM;
  return munlock(at, 32 * page) == 0 && munmap(at, 64 * page) == 0 && refused;
}

}  // namespace

int main() {
  const rlimit limit{.rlim_cur = 16 * page, .rlim_max = 16 * page};
  if (setrlimit(RLIMIT_MEMLOCK, &limit) != 0) return EXIT_FAILURE;
  void* at = mmap(nullptr, 32 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mlock(at, 32 * page) == 0) munlock(at, 32 * page);  // By a right that may be there still.
  if (unshare(CLONE_NEWUSER) != 0) return EXIT_SUCCESS;
  if (!is_limited()) return EXIT_FAILURE;
  const pid_t child = fork();
  if (child == 0) _exit(is_limited() ? 0 : 1);
  int status = 1;
  return waitpid(child, &status, 0) == child && status == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
