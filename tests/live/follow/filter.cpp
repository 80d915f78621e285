// SPDX-License-Identifier: MIT
#include "filter.hpp"

#include <cerrno>
#include <cstddef>
#include <span>
#include <vector>

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "call.hpp"

namespace follow {
namespace {

using Program = std::vector<sock_filter>;

constexpr std::uint32_t with(std::uint32_t action, FilterSays says) {
  return action | static_cast<std::uint32_t>(says);
}

void load(Program& program, std::size_t offset) {
  program.push_back(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(offset)));
}

void answer(Program& program, std::uint32_t action) {
  program.push_back(BPF_STMT(BPF_RET | BPF_K, action));
}

/// If the loaded word equals `value`, `action`.
void answer_if_equal(Program& program, std::uint32_t value, std::uint32_t action) {
  program.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1));
  answer(program, action);
}

/// A call of many purposes: only those whose argument `index`, masked, is listed.
struct Selector {
  int number;
  unsigned index;
  std::uint32_t mask;
  std::span<const std::uint32_t> wanted;
};

// PR_SET_MM, PR_SET_MDWE, PR_SET_MEMORY_MERGE, PR_SET_VMA.
constexpr std::uint32_t prctl_options[] = {35, 65, 67, 0x53564d41};
// Registering with and unregistering from userfaultfd; only their type and number.
constexpr std::uint32_t userfault_requests[] = {0xaa00, 0xaa01};
// Shadow stacks on and off, and mapping another vdso.
constexpr std::uint32_t arch_options[] = {0x5001, 0x5002, 0x2001, 0x2002, 0x2003};

constexpr std::uint32_t new_user_namespace[] = {0x1000'0000};

// PTRACE_TRACEME, PTRACE_ATTACH, PTRACE_SEIZE.
constexpr std::uint32_t ptrace_requests[] = {0, 16, 0x4206};

constexpr Selector selectors[] = {
    {SYS_ptrace, 0, 0xffff'ffff, ptrace_requests},
    {SYS_prctl, 0, 0xffff'ffff, prctl_options},
    {SYS_ioctl, 1, 0xffff, userfault_requests},
    {SYS_arch_prctl, 0, 0xffff'ffff, arch_options},
    {SYS_unshare, 0, new_user_namespace[0], new_user_namespace},
};

const Selector* find_selector(int number) {
  for (const Selector& selector : selectors) {
    if (selector.number == number) return &selector;
  }
  return nullptr;
}

void append_selector(Program& program, const Selector& selector, std::uint32_t action) {
  Program body;
  load(body, offsetof(seccomp_data, args) + 8 * selector.index);
  body.push_back(BPF_STMT(BPF_ALU | BPF_AND | BPF_K, selector.mask));
  for (std::uint32_t value : selector.wanted) {
    answer_if_equal(body, value, with(action, FilterSays::memory_call));
  }
  answer(body, SECCOMP_RET_ALLOW);
  const auto skip = static_cast<std::uint8_t>(body.size());
  program.push_back(
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<std::uint32_t>(selector.number), 0, skip));
  program.insert(program.end(), body.begin(), body.end());
}

}  // namespace

std::vector<sock_filter> make_filter(std::uint32_t action) {
  Program program;
  load(program, offsetof(seccomp_data, arch));
  program.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0));
  answer(program, with(action, FilterSays::foreign_abi));
  load(program, offsetof(seccomp_data, nr));
  constexpr std::uint32_t first_x32_number = 0x4000'0000;
  program.push_back(BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, first_x32_number, 0, 1));
  answer(program, with(action, FilterSays::foreign_abi));
  for (const CallKind& kind : call_kinds()) {
    if (const Selector* selector = find_selector(kind.number)) {
      append_selector(program, *selector, action);
    } else {
      answer_if_equal(program, static_cast<std::uint32_t>(kind.number),
                      with(action, FilterSays::memory_call));
    }
  }
  answer(program, SECCOMP_RET_ALLOW);
  return program;
}

int install_filter() {
  Program program = make_filter(SECCOMP_RET_TRACE);
  sock_fprog code{.len = static_cast<unsigned short>(program.size()), .filter = program.data()};
  // Without the right to filter, a promise never to gain rights is asked for; it changes how
  // set-user-id programs run, so it is not made where it is not needed.
  if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &code) == 0) return 0;
  if (errno != EACCES) return errno;
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return errno;
  return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &code) == 0 ? 0 : errno;
}

}  // namespace follow
