// SPDX-License-Identifier: MIT
//
// Children that can be waited for as soon as their descriptor says that they have ended. Answers 0
// if all could be.
#include <cstdlib>

#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

bool is_waitable_when_told() {
  const pid_t child = fork();
  if (child == 0) _exit(0);
  if (child < 0) return false;
  const int handle = static_cast<int>(syscall(SYS_pidfd_open, child, 0));
  if (handle < 0) return false;
  pollfd waited{.fd = handle, .events = POLLIN, .revents = 0};
  const bool told = poll(&waited, 1, -1) == 1;
  const bool waitable = waitpid(child, nullptr, WNOHANG) == child;
  if (!waitable) waitpid(child, nullptr, 0);
  close(handle);
  return told && waitable;
}

}  // namespace

int main() {
  for (int i = 0; i < 100; ++i) {
    if (!is_waitable_when_told()) return EXIT_FAILURE;
  }
  return EXIT_SUCCESS;
}
