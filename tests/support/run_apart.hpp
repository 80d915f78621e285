// SPDX-License-Identifier: MIT
//
// Runs a part of a test in a process of its own, so that one that ends its program can be shrunk
// like any other.
//
//   const std::string wrong = run_apart([&] { return play(steps); }, Noise::hidden);
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include <fmt/core.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

// Where a program counts what it reaches, a child that ends by _exit does not write it down itself.
extern "C" [[gnu::weak]] int __llvm_profile_write_file();

namespace vmarea::test {

enum class Noise : unsigned char { shown, hidden };

/// What went wrong in this process when a Player took these steps; empty: nothing.
///
///   struct Player { explicit Player(const Settings&);  std::string take(const Step&); };
template <class Player, class Steps, class Settings>
std::string take_all(const Steps& steps, const Settings& settings) {
  std::string wrong;
  {
    Player player(settings);
    for (const auto& step : steps) {
      wrong = player.take(step);
      if (::testing::Test::HasFailure() && wrong.empty()) wrong = "a host's expectation failed\n";
      if (!wrong.empty()) return wrong + "at " + text_of(step);
    }
  }
  return ::testing::Test::HasFailure() ? "something was left at the end\n" : wrong;
}

/// What `play` answers in a child, or how the child ended; empty: all is well.
template <class Play>
std::string run_apart(Play&& play, Noise noise) {
  int ends[2];
  if (pipe(ends) != 0) return "no pipe\n";
  std::fflush(nullptr);
  const pid_t child = ::fork();
  if (child == 0) {
    close(ends[0]);
    if (noise == Noise::hidden) {
      if (std::freopen("/dev/null", "w", stdout) == nullptr) _exit(3);
      if (dup2(fileno(stdout), STDERR_FILENO) < 0) _exit(3);
    }
    const std::string wrong = play();
    std::fflush(stdout);
    if (__llvm_profile_write_file != nullptr) (void)__llvm_profile_write_file();
    const bool told = write(ends[1], wrong.data(), wrong.size()) >= 0;
    _exit(!told ? 3 : wrong.empty() ? 0 : 1);
  }
  close(ends[1]);
  std::string said;
  char part[1024];
  for (ssize_t got = 0; (got = read(ends[0], part, sizeof(part))) > 0;) {
    said.append(part, static_cast<std::size_t>(got));
  }
  close(ends[0]);
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) != child) return "no child\n";
  if (WIFSIGNALED(status)) said += fmt::format("ended by signal {}\n", WTERMSIG(status));
  if (status != 0 && said.empty()) said = fmt::format("ended with status {:x}\n", status);
  return said;
}

/// The number that an environment variable holds.
inline std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
  const char* text = std::getenv(variable);
  return text != nullptr ? std::strtoull(text, nullptr, 10) : otherwise;
}

}  // namespace vmarea::test
