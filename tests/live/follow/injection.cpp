// SPDX-License-Identifier: MIT
#include "injection.hpp"

#include <cerrno>
#include <csignal>

#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/wait.h>

namespace follow {
namespace {

constexpr unsigned long long length_of_syscall_instruction = 2;
constexpr auto get_signals = static_cast<__ptrace_request>(0x420a);
constexpr auto set_signals = static_cast<__ptrace_request>(0x420b);

}  // namespace

bool Injection::run_to_trap() {
  int status = 0;
  if (ptrace(PTRACE_SYSCALL, task_, nullptr, nullptr) != 0) return false;
  pid_t id = 0;
  do {
    id = waitpid(task_, &status, __WALL);
  } while (id < 0 && errno == EINTR);
  if (id != task_) return false;
  if (WIFSTOPPED(status) && status >> 8 == (SIGTRAP | 0x80)) return true;
  strayed_ = status;
  return false;
}

bool Injection::begin() {
  std::uint64_t all_signals = ~std::uint64_t{0};
  if (ptrace(PTRACE_GETREGS, task_, nullptr, &own_) != 0 ||
      ptrace(get_signals, task_, sizeof own_signals_, &own_signals_) != 0 ||
      ptrace(set_signals, task_, sizeof all_signals, &all_signals) != 0) {
    return false;
  }
  user_regs_struct passing = own_;
  passing.orig_rax = ~0ull;  // No call.
  return ptrace(PTRACE_SETREGS, task_, nullptr, &passing) == 0 && run_to_trap();
}

std::optional<std::int64_t> Injection::call(long number, std::array<std::uint64_t, 3> arguments) {
  user_regs_struct registers = own_;
  registers.rip = own_.rip - length_of_syscall_instruction;
  registers.orig_rax = ~0ull;
  registers.rax = static_cast<unsigned long long>(number);
  registers.rdi = arguments[0];
  registers.rsi = arguments[1];
  registers.rdx = arguments[2];
  const bool made = ptrace(PTRACE_SETREGS, task_, nullptr, &registers) == 0 && run_to_trap() &&
                    run_to_trap() && ptrace(PTRACE_GETREGS, task_, nullptr, &registers) == 0;
  if (!made) return std::nullopt;
  return static_cast<std::int64_t>(registers.rax);
}

std::uint64_t Injection::place(std::span<const std::byte> bytes) const {
  constexpr std::uint64_t red_zone = 128, alignment = 16;
  const std::uint64_t at = (own_.rsp - red_zone - bytes.size()) & ~(alignment - 1);
  const iovec ours{const_cast<std::byte*>(bytes.data()), bytes.size()};
  const iovec theirs{reinterpret_cast<void*>(at), bytes.size()};
  const bool written =
      process_vm_writev(task_, &ours, 1, &theirs, 1, 0) == static_cast<ssize_t>(bytes.size());
  return written ? at : 0;
}

void Injection::repeat() {
  user_regs_struct registers = own_;
  registers.rip -= length_of_syscall_instruction;
  registers.rax = own_.orig_rax;
  finish(registers);
}

void Injection::answer(std::int64_t raw) {
  user_regs_struct registers = own_;
  registers.rax = static_cast<unsigned long long>(raw);
  finish(registers);
}

void Injection::finish(const user_regs_struct& registers) {
  user_regs_struct final = registers;
  final.orig_rax = ~0ull;
  ptrace(PTRACE_SETREGS, task_, nullptr, &final);
  ptrace(set_signals, task_, sizeof own_signals_, &own_signals_);
}

}  // namespace follow
