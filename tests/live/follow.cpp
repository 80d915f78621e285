// SPDX-License-Identifier: MIT
//
// follow [options] -- PROGRAM ARGS...: runs a program and keeps an AddressSpace of ours in step
// with its memory, call by call. Ends at the first difference.
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include "live/follow/follower.hpp"
#include "live/follow/output.hpp"
#include "live/follow/tracer.hpp"

namespace follow {
namespace {

constexpr int exit_mismatch = 1;
constexpr int exit_usage = 2;
constexpr int exit_unfollowed = 3;

constexpr std::string_view usage =
    R"(Usage: follow [--quiet | --verbose] [--show-maps] [--record=FILE] -- PROGRAM [ARGUMENT...]

Runs PROGRAM under ptrace, through its threads, forks and execs. The kernel's map after exec is the
starting point; every memory call is then made on an AddressSpace of vmarea as well, and its result
and all areas are compared with the kernel's. The first difference is explained and ends PROGRAM.

  --quiet      print only the last lines
  --verbose    print every memory call
  --show-maps  print the final areas of the first process, as ours has them, in maps format
  --record=FILE  write the first areas and the memory calls of the first process to FILE
  --help       print this

PROGRAM keeps its own input and output; everything of follow goes to standard error. The last line
is "follow: PROGRAM: N calls of K kinds in P processes, 0 mismatches".

What cannot be followed is said in one sentence at once and runs on: 32-bit calls, processes that
their parents trace, and programs that may not be read.

Exit status: 0 no mismatch, whatever PROGRAM's own status (it is printed if it is not 0); 1 a
mismatch; 2 bad usage; 3 PROGRAM could not be followed to its end; 4 FILE, or the areas of
--show-maps, cannot be written; 125 no ptrace here; 126 PROGRAM cannot be run; 127 PROGRAM was not
found.
)";

struct Arguments {
  Options options;
  std::vector<std::string> command;
};

[[noreturn]] void refuse(const std::string& why) {
  say(fmt::format("{}\n{}", why, usage.substr(0, usage.size() - 1)));
  std::exit(exit_usage);
}

/// Writes to standard output what was asked for, and says so if it cannot.
bool print(std::string_view what, std::string_view text) {
  const int error = write_all(STDOUT_FILENO, text);
  if (error == 0) return true;
  say(fmt::format("cannot write {}: {}", what, std::strerror(error)));
  return false;
}

/// What is known before anything is written: that the file is closed, say, or its device full.
void require_standard_output() {
  if (write(STDOUT_FILENO, "", 0) == 0) return;
  throw CannotFollow{fmt::format("cannot write the areas: {}", std::strerror(errno)),
                     exit_not_written};
}

Arguments parse(int count, char** words) {
  constexpr std::string_view record = "--record=";
  Arguments arguments;
  int i = 1;
  for (; i < count && words[i][0] == '-'; ++i) {
    const std::string_view word = words[i];
    if (word == "--") {
      ++i;
      break;
    }
    if (word == "--help" || word == "-h") {
      std::exit(print("the usage", usage) ? 0 : exit_not_written);
    } else if (word == "--quiet" || word == "-q") {
      arguments.options.quiet = true;
    } else if (word == "--verbose" || word == "-v") {
      arguments.options.verbose = true;
    } else if (word.substr(0, record.size()) == record) {
      arguments.options.record = word.substr(record.size());
    } else if (word == "--show-maps") {
      arguments.options.show_maps = true;
    } else {
      refuse(fmt::format("unknown option {}", word));
    }
  }
  arguments.command.assign(words + i, words + count);
  if (arguments.command.empty()) refuse("no program is given");
  return arguments;
}

void print_program_end(const std::string& program, int status) {
  if (WIFSIGNALED(status)) {
    say(fmt::format("note: {} was ended by signal {} ({})", program, WTERMSIG(status),
                    strsignal(WTERMSIG(status))));
  } else if (WEXITSTATUS(status) != 0) {
    say(fmt::format("note: {} exited with status {}", program, WEXITSTATUS(status)));
  }
}

void print_summary(const std::string& program, const Follower& follower, bool quiet) {
  const Tally& tally = follower.tally();
  std::uint64_t calls = 0;
  std::string kinds;
  for (const auto& [name, number] : tally.compared) {
    calls += number;
    kinds += fmt::format("{}{} {}", kinds.empty() ? "" : ", ", number, name);
  }
  if (!quiet) say(fmt::format("compared {}", kinds.empty() ? "nothing" : kinds));
  for (const std::string& note : print_notes(tally)) {
    say(fmt::format("note: {}", note));
  }
  say(fmt::format("{}: {} calls of {} kinds in {} processes, {} mismatches", program, calls,
                  tally.compared.size(), tally.processes, tally.mismatches));
}

int follow_program(const Arguments& arguments) {
  const std::string& program = arguments.command.front();
  Follower follower(arguments.options);
  bool written = true;
  try {
    Tracer tracer(follower);
    const int status = tracer.run(arguments.command);
    written = print("the areas", follower.final_maps());
    print_program_end(program, status);
  } catch (const Mismatch&) {
    print_summary(program, follower, arguments.options.quiet);
    return exit_mismatch;  // The kernel ends the program with us.
  }
  print_summary(program, follower, arguments.options.quiet);
  if (!follower.finish_recording() || !written) return exit_not_written;
  return follower.tally().program_unfollowed ? exit_unfollowed : 0;
}

int run(int count, char** words) {
  const Arguments arguments = parse(count, words);
  try {
    if (arguments.options.show_maps) require_standard_output();
    occupy_standard_files();
    return follow_program(arguments);
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
