// SPDX-License-Identifier: MIT
#include "own_signals.hpp"

#include <atomic>
#include <cerrno>
#include <ctime>

#include <sys/ptrace.h>
#include <unistd.h>

namespace follow {
namespace {

/// Written by a handler. The number is written last.
struct PassedOn {
  std::atomic<int> signal{0};
  std::atomic<bool> arrived{false};  // From us or from the sender, whichever was first.
  std::atomic<pid_t> sender{0};
  std::atomic<std::time_t> seconds{0};
};

std::atomic<pid_t> told{0};
std::atomic<bool> asked_to_stop{false};
PassedOn passed_on;

void pass_on(int signal, siginfo_t* info, void*) {
  if (info->si_code > 0) return;  // The kernel's: of a terminal, which tells all of the group.
  const int error = errno;
  if (const pid_t program = told; program != 0) {
    passed_on.sender = info->si_pid;
    passed_on.seconds = std::time(nullptr);
    passed_on.arrived = false;
    passed_on.signal = signal;
    kill(program, signal);
  } else {
    asked_to_stop = true;
  }
  errno = error;
}

}  // namespace

void OwnSignals::set() {
  sigset_t children;
  sigemptyset(&children);
  sigaddset(&children, SIGCHLD);
  sigprocmask(SIG_BLOCK, &children, &mask_);
  for (Kept& kept : kept_) {
    sigaction(kept.signal, nullptr, &kept.before);
    struct sigaction ours {};
    ours.sa_handler = SIG_IGN;
    if (kept.passed_on && kept.before.sa_handler != SIG_IGN) {
      ours.sa_sigaction = pass_on;
      ours.sa_flags = SA_SIGINFO;
    }
    sigaction(kept.signal, &ours, nullptr);
  }
}

void OwnSignals::give_back() const {
  for (const Kept& kept : kept_) sigaction(kept.signal, &kept.before, nullptr);
  sigprocmask(SIG_SETMASK, &mask_, nullptr);
}

void OwnSignals::pass_on_to(pid_t program) {
  told = program;
}

bool OwnSignals::must_stop() {
  return asked_to_stop;
}

bool OwnSignals::is_repeated(pid_t process, pid_t task, int signal) {
  constexpr std::time_t seconds_at_most = 1;
  if (passed_on.signal != signal || process != told) return false;
  siginfo_t info{};
  if (ptrace(PTRACE_GETSIGINFO, task, nullptr, &info) != 0) return false;
  const bool is_it = info.si_pid == passed_on.sender || info.si_pid == getpid();
  if (info.si_code > 0 || !is_it) return false;
  if (std::time(nullptr) - passed_on.seconds > seconds_at_most) return false;
  return passed_on.arrived.exchange(true);
}

}  // namespace follow
