// SPDX-License-Identifier: MIT
#include "live/random_calls/slate.hpp"

#include <cerrno>
#include <cstdlib>
#include <new>

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

namespace vmarea::live {

SharedSlate::SharedSlate() {
  void* memory =
      mmap(nullptr, sizeof(Slate), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) abort();
  slate_ = new (memory) Slate;
}

SharedSlate::~SharedSlate() {
  munmap(slate_, sizeof(Slate));
}

bool begin_child(int& child) {
  child = fork();
  if (child < 0) abort();
  return child == 0;
}

void await_child(Slate& slate, int child) {
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  // A child that waited for a child of its own has written down the first death.
  if (WIFSIGNALED(status) && slate.trouble == Trouble::none) {
    slate.trouble = Trouble::death;
    slate.signal = WTERMSIG(status);
  }
}

void leave_child() {
  _exit(0);
}

}  // namespace vmarea::live
