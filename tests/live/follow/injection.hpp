// SPDX-License-Identifier: MIT
//
// Makes a traced task do calls of ours, at the place where it is about to do one of its own. Its
// signals wait meanwhile.
//
//   entry stop ── begin(): its own call is passed over ── call() ... ── repeat(), or answer(number)
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include <sys/types.h>
#include <sys/user.h>

namespace follow {

class Injection {
 public:
  /// Requires: the task is stopped at the entry of a system call.
  explicit Injection(pid_t task) : task_(task) {}

  /// False where the task went elsewhere, to its end, say: strayed() is the status it stopped with.
  bool begin();
  /// What the call answered; none where the task went elsewhere.
  std::optional<std::int64_t> call(long number, std::array<std::uint64_t, 3> arguments);
  /// Copies `bytes` below the task's stack, where it keeps nothing. The address, or 0.
  std::uint64_t place(std::span<const std::byte> bytes) const;
  /// The task will make its own call again when it runs.
  void repeat();
  /// The task's own call has answered `raw`.
  void answer(std::int64_t raw);
  std::optional<int> strayed() const { return strayed_; }

 private:
  bool run_to_trap();
  void finish(const user_regs_struct& registers);

  pid_t task_;
  user_regs_struct own_{};
  std::uint64_t own_signals_ = 0;
  std::optional<int> strayed_;
};

}  // namespace follow
