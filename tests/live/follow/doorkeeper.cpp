// SPDX-License-Identifier: MIT
#include "doorkeeper.hpp"

#include <cerrno>
#include <cstring>
#include <vector>

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "filter.hpp"
#include "host.hpp"

namespace follow {
namespace {

// Newer than the headers of some build hosts.
constexpr unsigned long new_listener = 1 << 3, wait_killable = 1 << 5;

void let_pass(int listener) {
  for (;;) {
    pollfd waited{.fd = listener, .events = POLLIN, .revents = 0};
    if (poll(&waited, 1, -1) < 0 && errno == EINTR) continue;
    if ((waited.revents & POLLIN) == 0) break;  // No task has the filter any more.
    seccomp_notif asked{};
    if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &asked) != 0) continue;  // It was killed.
    seccomp_notif_resp answer{};
    answer.id = asked.id;
    answer.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
    ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer);
  }
  close(listener);
}

}  // namespace

std::optional<int> install_passing_filter(Injection& injection, pid_t task) {
  const std::vector<sock_filter> program = make_filter(SECCOMP_RET_USER_NOTIF);
  const auto code = std::as_bytes(std::span(program));
  std::vector<std::byte> bytes(sizeof(sock_fprog) + code.size());
  const std::uint64_t at = injection.place(bytes);  // Only to learn where it will be.
  if (at == 0) return std::nullopt;
  const sock_fprog head{.len = static_cast<unsigned short>(program.size()),
                        .filter = reinterpret_cast<sock_filter*>(at + sizeof(sock_fprog))};
  std::memcpy(bytes.data(), &head, sizeof head);
  std::memcpy(bytes.data() + sizeof head, code.data(), code.size());
  if (injection.place(bytes) != at) return std::nullopt;
  auto theirs =
      injection.call(SYS_seccomp, {SECCOMP_SET_MODE_FILTER, new_listener | wait_killable, at});
  if (theirs == -EINVAL) {  // A kernel that does not know how to keep signals off.
    theirs = injection.call(SYS_seccomp, {SECCOMP_SET_MODE_FILTER, new_listener, at});
  }
  if (!theirs || *theirs < 0) return std::nullopt;
  const int ours = duplicate_descriptor(task, static_cast<int>(*theirs));
  injection.call(SYS_close, {static_cast<std::uint64_t>(*theirs), 0, 0});
  if (ours < 0) return std::nullopt;
  return ours;
}

Doorkeeper::~Doorkeeper() {
  for (std::thread& thread : threads_) {
    if (thread.joinable()) thread.detach();
  }
}

void Doorkeeper::serve(int listener) {
  threads_.emplace_back(let_pass, listener);
}

void Doorkeeper::wait() {
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

}  // namespace follow
