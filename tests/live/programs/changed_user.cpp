// SPDX-License-Identifier: MIT
//
// changed_user [PROGRAM ARGUMENT...]: with arguments, gives up the rights over other users' limits
// (CAP_SYS_RESOURCE) and over locked memory (CAP_IPC_LOCK) and runs PROGRAM; a follower started so
// may not ask for the limits of a process that changes its user. Without, becomes another effective
// user and then meets its limits of locked memory and of data. Answers 0 if both hold, 77 where it
// is not root.
#include <cerrno>
#include <cstdlib>

#include <linux/capability.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace {

constexpr std::size_t page = 4096;
constexpr int skipped = 77;
constexpr uid_t another_user = 65534;

bool drop_rights() {
  constexpr int rights[] = {CAP_SYS_RESOURCE, CAP_IPC_LOCK};
  for (const int right : rights) {
    if (prctl(PR_CAPBSET_DROP, right, 0, 0, 0) != 0) return false;
  }
  return true;
}

void* map(std::size_t pages) {
  return mmap(nullptr, pages * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

bool set_limit(__rlimit_resource which, rlim_t bytes) {
  const rlimit limit{.rlim_cur = bytes, .rlim_max = bytes};
  return setrlimit(which, &limit) == 0;
}

bool meets_its_limits() {
  if (!set_limit(RLIMIT_MEMLOCK, 4 * page) || !set_limit(RLIMIT_DATA, 1000 * page)) return false;
  if (seteuid(another_user) != 0) return false;
  void* memory = map(8);
  if (memory == MAP_FAILED || mlock(memory, 2 * page) != 0) return false;
  if (mlock(memory, 8 * page) != -1 || errno != ENOMEM) return false;
  return map(2000) == MAP_FAILED && errno == ENOMEM;
}

}  // namespace

int main(int count, char** words) {
  if (geteuid() != 0) return skipped;
  if (count > 1) {
    if (!drop_rights()) return skipped;
    execv(words[1], words + 1);
    return EXIT_FAILURE;
  }
  return meets_its_limits() ? EXIT_SUCCESS : EXIT_FAILURE;
}
