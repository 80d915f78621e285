// SPDX-License-Identifier: MIT
//
// follow [options] -- PROGRAM ARGS...: runs a program and keeps an AddressSpace of ours in step
// with its memory, call by call. Ends at the first difference.
#include <cerrno>
#include <cstring>
#include <optional>
#include <string>

#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include "live/follow/follower.hpp"
#include "live/follow/options.hpp"
#include "live/follow/output.hpp"
#include "live/follow/tracer.hpp"

namespace follow {
namespace {

constexpr int exit_mismatch = 1;
constexpr int exit_unfollowed = 3;

/// What is known before anything is written: that the file is closed, say, or its device full.
void require_standard_output() {
  if (write(STDOUT_FILENO, "", 0) == 0) return;
  throw CannotFollow{fmt::format("cannot write the areas: {}", std::strerror(errno)),
                     exit_not_written};
}

void print_program_end(const std::string& program, int status) {
  if (WIFSIGNALED(status)) {
    say(fmt::format("note: {} was ended by signal {} ({})", program, WTERMSIG(status),
                    strsignal(WTERMSIG(status))));
  } else if (WEXITSTATUS(status) != 0) {
    say(fmt::format("note: {} exited with status {}", program, WEXITSTATUS(status)));
  }
}

void print_summary(const Follower& follower, Telling telling) {
  const Tally& tally = follower.tally();
  std::uint64_t calls = 0;
  std::string kinds;
  for (const auto& [name, number] : tally.compared) {
    calls += number;
    kinds += fmt::format("{}{} {}", kinds.empty() ? "" : ", ", number, name);
  }
  if (telling != Telling::summary) {
    say(fmt::format("compared {}", kinds.empty() ? "nothing" : kinds));
  }
  for (const std::string& note : print_notes(tally)) {
    say(fmt::format("note: {}", note));
  }
  say(fmt::format("{}: {} of {} in {}, {}", follower.program(), print_count(calls, "call"),
                  print_count(tally.compared.size(), "kind"),
                  print_count(tally.processes, "process", "es"),
                  print_count(tally.mismatches, "mismatch", "es")));
}

/// Exit statuses from the gravest on.
int find_exit_status(const Tally& tally, bool is_written) {
  if (tally.mismatches != 0) return exit_mismatch;
  if (!is_written) return exit_not_written;
  return tally.program_unfollowed ? exit_unfollowed : 0;
}

int follow_program(const Options& options) {
  Follower follower(options);
  bool is_written = true;
  std::optional<int> wait_status;
  try {
    Tracer tracer(follower);
    wait_status = tracer.run(options.command);
    ProgressLine::clear();
    is_written = print("the areas", follower.final_maps());
    print_program_end(options.command.front(), *wait_status);
  } catch (const Mismatch&) {
    // The kernel ends the program with us.
  } catch (const CannotFollow& failure) {
    static_cast<void>(follower.finish_files(std::nullopt));
    throw;
  }
  is_written = follower.finish_files(wait_status) && is_written;
  print_summary(follower, options.telling);
  return find_exit_status(follower.tally(), is_written);
}

int run(int count, char** words) {
  int exit_code = 0;
  const auto options = parse_options(count, words, exit_code);
  if (!options) return exit_code;
  try {
    if (options->show_maps) require_standard_output();
    occupy_standard_files();
    return follow_program(*options);
  } catch (const CannotFollow& failure) {
    say(failure.reason);
    return failure.exit_code;
  }
}

}  // namespace
}  // namespace follow

int main(int count, char** words) {
  return follow::run(count, words);
}
