// SPDX-License-Identifier: MIT
//
// Traces a child of its own, which maps memory, makes a child and runs another program meanwhile.
// Answers 0 if both saw what they should.
#include <csignal>
#include <cstdlib>

#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

constexpr int own_end = 7;

bool maps() {
  void* memory = mmap(nullptr, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return memory != MAP_FAILED && munmap(memory, 4096) == 0;
}

bool child_maps() {
  const pid_t child = fork();
  if (child == 0) _exit(maps() ? 0 : 1);
  int status = 0;
  return child > 0 && waitpid(child, &status, 0) == child && status == 0;
}

[[noreturn]] void be_traced(char* program) {
  ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
  raise(SIGSTOP);
  if (!maps() || !child_maps()) _exit(1);
  execl(program, program, "again", nullptr);
  _exit(1);
}

/// Through all stops of the child, of which there are at least that at SIGSTOP and that of exec.
bool trace(pid_t child) {
  int stops = 0;
  int status = 0;
  while (waitpid(child, &status, 0) == child && WIFSTOPPED(status)) {
    ++stops;
    const int signal = WSTOPSIG(status);
    const bool passed_on = signal != SIGSTOP && signal != SIGTRAP;
    ptrace(PTRACE_CONT, child, nullptr, passed_on ? signal : 0);
  }
  return stops >= 2 && WIFEXITED(status) && WEXITSTATUS(status) == own_end;
}

}  // namespace

int main(int count, char** words) {
  if (count > 1) return maps() ? own_end : EXIT_FAILURE;
  const pid_t child = fork();
  if (child == 0) be_traced(words[0]);
  return child > 0 && maps() && trace(child) && maps() ? EXIT_SUCCESS : EXIT_FAILURE;
}
