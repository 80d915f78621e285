// SPDX-License-Identifier: MIT
//
// Asks for pages where guards stand, and for a policy whose nodes cannot be read.
#include <cerrno>
#include <cstdlib>

#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace {

constexpr std::size_t page = 4096;
constexpr int populate_read = 22, populate_write = 23, guard_install = 102, guard_remove = 103;
constexpr int bind_to_nodes = 2;

bool fails_with(int error, long answer) {
  return answer == -1 && errno == error;
}

bool ask_guarded(char* at) {
  if (madvise(at + 2 * page, 2 * page, guard_install) != 0) {
    return errno == EINVAL;  // A kernel that does not know guards.
  }
  return madvise(at, 2 * page, populate_write) == 0 &&
         fails_with(EFAULT, madvise(at, 8 * page, populate_read)) &&
         fails_with(EFAULT, madvise(at + 3 * page, 2 * page, populate_write)) &&
         fails_with(ENOMEM, mlock(at, 8 * page)) && munlock(at, 8 * page) == 0 &&
         fails_with(ENOMEM, syscall(SYS_mlock2, at + page, 2 * page, 0)) &&
         munlock(at, 8 * page) == 0 && madvise(at, 8 * page, guard_remove) == 0 &&
         madvise(at, 8 * page, populate_write) == 0 && mlock(at, 8 * page) == 0 &&
         munlock(at, 8 * page) == 0;
}

bool bind_badly(char* at) {
  char* const unreadable = at + 7 * page;
  unsigned long first_node = 1;
  const auto bind = [&](const void* nodes, unsigned long bits) {
    return syscall(SYS_mbind, at, 4 * page, bind_to_nodes, nodes, bits, 0);
  };
  if (mprotect(unreadable, page, PROT_NONE) != 0) return false;
  if (bind(&first_node, 8) != 0) return errno == ENOSYS;  // A kernel without policies.
  return fails_with(EFAULT, bind(unreadable, 8)) &&
         fails_with(EFAULT, bind(unreadable - 8, 65 + 64)) &&
         fails_with(EINVAL, bind(unreadable, 1UL << 20)) &&
         syscall(SYS_mbind, at, 4 * page, 0, nullptr, 0, 0) == 0;
}

}  // namespace

int main() {
  void* at = mmap(nullptr, 8 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (at == MAP_FAILED) return EXIT_FAILURE;
  char* memory = static_cast<char*>(at);
  return ask_guarded(memory) && bind_badly(memory) ? EXIT_SUCCESS : EXIT_FAILURE;
}
