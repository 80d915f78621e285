// SPDX-License-Identifier: MIT
//
// tracer PROGRAM [ARGUMENT...]: runs a program, follows its memory from its first instruction to
// its exit, and compares with what the kernel says then.
#include <csignal>
#include <cstdio>
#include <optional>

#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "traced_memory.hpp"

namespace {

using tracer::SystemCall;
using tracer::TracedMemory;

pid_t start(char** program) {
  const pid_t pid = fork();
  if (pid != 0) return pid;
  ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
  raise(SIGSTOP);
  execvp(program[0], program);
  std::perror(program[0]);
  _exit(127);
}

/// The next stop, or nothing when the process has ended.
std::optional<int> wait_for_stop(pid_t pid) {
  int status = 0;
  if (waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status)) return {};
  return status;
}

class Tracer {
 public:
  explicit Tracer(pid_t pid) : pid_(pid) {}

  /// Follows the process to its end. False: something was not as foreseen.
  bool run() {
    std::optional<int> stop = wait_for_stop(pid_);
    if (!stop) return false;
    ptrace(PTRACE_SETOPTIONS, pid_, nullptr,
           PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL);
    long signal = 0;
    for (;;) {
      if (ptrace(PTRACE_SYSCALL, pid_, nullptr, signal) != 0) break;
      stop = wait_for_stop(pid_);
      if (!stop) break;
      signal = 0;
      if (*stop >> 8 == (SIGTRAP | PTRACE_EVENT_EXEC << 8)) {
        memory_.emplace(pid_);
      } else if (WSTOPSIG(*stop) == (SIGTRAP | 0x80)) {
        at_system_call();
      } else {
        signal = WSTOPSIG(*stop);
      }
    }
    if (!memory_) return false;
    std::printf("%u memory calls followed, %u surprises; at the end the memory %s\n", followed_,
                memory_->surprises(), same_ ? "was the same" : "DIFFERED");
    return same_ && memory_->surprises() == 0;
  }

 private:
  void at_system_call() {
    __ptrace_syscall_info info{};
    ptrace(PTRACE_GET_SYSCALL_INFO, pid_, sizeof info, &info);
    if (info.op == PTRACE_SYSCALL_INFO_ENTRY) {
      call_.number = info.entry.nr;
      for (unsigned i = 0; i < 6; ++i) call_.arguments[i] = info.entry.args[i];
      if (call_.number == SYS_exit_group) compare();
    } else if (info.op == PTRACE_SYSCALL_INFO_EXIT && memory_) {
      call_.answer = info.exit.rval;
      if (memory_->follow(call_)) ++followed_;
    }
  }
  void compare() {
    if (!memory_) return;
    const TracedMemory now(pid_);
    memory_->grow_stack_like(now);
    same_ = memory_->looks_like(now);
  }

  pid_t pid_;
  std::optional<TracedMemory> memory_;  // From exec on.
  SystemCall call_;
  unsigned followed_ = 0;
  bool same_ = false;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: tracer PROGRAM [ARGUMENT...]\n");
    return 2;
  }
  return Tracer(start(argv + 1)).run() ? 0 : 1;
}
