// SPDX-License-Identifier: MIT
#include "stub.hpp"

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>

#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace sandbox {

namespace {

[[noreturn]] void give_up(const char* what) {
  std::perror(what);
  std::exit(2);
}

}  // namespace

Stub::Stub() {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) give_up("socketpair");
  pid_ = fork();
  if (pid_ < 0) give_up("fork");
  if (pid_ == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    serve(ends[1]);
  }
  close(ends[1]);
  mailbox_ = ends[0];
}

Stub::~Stub() {
  close(mailbox_);
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
}

/// Uses its stack and nothing else, so that its address space changes by requests alone.
void Stub::serve(int mailbox) noexcept {
  Request request;
  while (read(mailbox, &request, sizeof request) == sizeof request) {
    const long* a = request.arguments;
    long answer = 0;
    if (request.number == write_byte) {
      *reinterpret_cast<volatile char*>(a[0]) = 1;
    } else {
      answer = syscall(request.number, a[0], a[1], a[2], a[3], a[4], a[5]);
      if (answer == -1) answer = -errno;
    }
    if (write(mailbox, &answer, sizeof answer) != sizeof answer) break;
  }
  _exit(0);
}

long Stub::ask(const Request& request) {
  long answer = 0;
  const bool done = write(mailbox_, &request, sizeof request) == sizeof request &&
                    read(mailbox_, &answer, sizeof answer) == sizeof answer;
  if (!done) give_up("the child is gone");
  return answer;
}

}  // namespace sandbox
