// SPDX-License-Identifier: MIT
//
// follow [options] -- PROGRAM ARGS...: runs a program and keeps an AddressSpace of ours in step
// with its memory, call by call. Ends at the first difference.
#include <csignal>
#include <cstring>
#include <numeric>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <sys/wait.h>

#include "live/follow/follower.hpp"
#include "live/follow/tracer.hpp"

namespace follow {
namespace {

constexpr int exit_mismatch = 1;
constexpr int exit_usage = 2;

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

Exit status: 0 no mismatch, whatever PROGRAM's own status (it is printed if it is not 0); 1 a
mismatch; 2 bad usage; 3 PROGRAM cannot be followed (32-bit); 125 no ptrace here; 126 PROGRAM cannot
be run; 127 PROGRAM was not found.
)";

struct Arguments {
  Options options;
  std::vector<std::string> command;
};

[[noreturn]] void refuse(const std::string& why) {
  fmt::print(stderr, "follow: {}\n{}", why, usage);
  std::exit(exit_usage);
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
      fmt::print("{}", usage);
      std::exit(0);
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
    fmt::print(stderr, "follow: note: {} was ended by signal {} ({})\n", program, WTERMSIG(status),
               strsignal(WTERMSIG(status)));
  } else if (WEXITSTATUS(status) != 0) {
    fmt::print(stderr, "follow: note: {} exited with status {}\n", program, WEXITSTATUS(status));
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
  if (!quiet) fmt::print(stderr, "follow: compared {}\n", kinds.empty() ? "nothing" : kinds);
  for (const std::string& note : print_notes(tally)) {
    fmt::print(stderr, "follow: note: {}\n", note);
  }
  fmt::print(stderr, "follow: {}: {} calls of {} kinds in {} processes, {} mismatches\n", program,
             calls, tally.compared.size(), tally.processes, tally.mismatches);
}

int run(int count, char** words) {
  const Arguments arguments = parse(count, words);
  const std::string& program = arguments.command.front();
  Follower follower(arguments.options);
  try {
    Tracer tracer(follower);
    const int status = tracer.run(arguments.command);
    fmt::print("{}", follower.final_maps());
    std::fflush(stdout);
    print_program_end(program, status);
  } catch (const CannotFollow& failure) {
    fmt::print(stderr, "follow: {}\n", failure.reason);
    return failure.exit_code;
  } catch (const Mismatch&) {
    print_summary(program, follower, arguments.options.quiet);
    return exit_mismatch;  // The kernel ends the program with us.
  }
  print_summary(program, follower, arguments.options.quiet);
  return 0;
}

}  // namespace
}  // namespace follow

int main(int count, char** words) {
  return follow::run(count, words);
}
