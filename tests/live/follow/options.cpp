// SPDX-License-Identifier: MIT
#include "options.hpp"

#include <algorithm>
#include <string_view>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "output.hpp"

namespace follow {
namespace {

constexpr int exit_usage = 2;

constexpr const char* description =
    R"(Runs PROGRAM under ptrace, through its threads, forks and execs. The kernel's map after exec
is the starting point; every memory call is then made on an AddressSpace of vmarea as well. Its
result and the areas around it are compared with the kernel's after each call, all areas at
intervals and at the end. The first difference is explained and ends PROGRAM.)";

constexpr const char* footer =
    R"(PROGRAM keeps its own input and output; everything of follow goes to standard error. The last
line is "follow: PROGRAM: N calls of K kinds in P processes, 0 mismatches". A signal that asks
follow to end is passed on to PROGRAM.

What cannot be followed is said in one sentence at once and runs on: 32-bit calls, processes that
their parents trace, and programs that may not be read.

Exit status: 0 no mismatch, whatever PROGRAM's own status (it is printed if it is not 0); 1 a
mismatch; 2 bad usage; 3 PROGRAM could not be followed to its end; 4 FILE, or the areas of
--show-maps, cannot be written; 125 no ptrace here; 126 PROGRAM cannot be run; 127 PROGRAM was not
found.)";

/// How many words are ours: those before "--", or before the first that is no option.
int count_own_words(int count, char** words) {
  const auto is_end = [](std::string_view word) { return word == "--" || word.front() != '-'; };
  return static_cast<int>(
      std::find_if(words + 1, words + count,
                   [&](std::string_view word) { return word.empty() || is_end(word); }) -
      words);
}

}  // namespace

std::optional<Options> parse_options(int count, char** words, int& exit_code) {
  Options options;
  CLI::App app(description, "follow");
  app.footer(footer);
  app.get_formatter()->label("OPTIONS", "OPTIONS] -- PROGRAM [ARGUMENT...");
  bool quiet = false;
  bool verbose = false;
  auto* quietly = app.add_flag("-q,--quiet", quiet, "print only the last lines");
  app.add_flag("-v,--verbose", verbose, "print a line for each process, too")->excludes(quietly);
  app.add_flag("--calls", options.calls, "print every memory call, with its number");
  app.add_flag("--keep-going", options.keep_going,
               "after a mismatch take the kernel's areas and go on; exit with 1 at the end");
  app.add_flag("--show-maps", options.show_maps,
               "print the final areas of the first process, as ours has them, in maps format");
  app.add_option("--record", options.record,
                 "write the first areas and the memory calls of the first process to FILE")
      ->option_text("=FILE");
  app.add_option("--json", options.json,
                 "write the lives of all spaces to FILE as JSON Lines, an event a line")
      ->option_text("=FILE");
  app.add_option("--svg", options.svg, "draw the life of the program's address space to FILE")
      ->option_text("=FILE");
  const int own = count_own_words(count, words);
  try {
    app.parse(own, words);
  } catch (const CLI::CallForHelp&) {
    exit_code = print("the usage", app.help()) ? 0 : exit_not_written;
    return std::nullopt;
  } catch (const CLI::ParseError& error) {
    say(fmt::format("{}\n{}", error.what(), app.help()));
    exit_code = exit_usage;
    return std::nullopt;
  }
  if (quiet) options.telling = Telling::summary;
  if (verbose) options.telling = Telling::processes;
  const bool is_marked = own < count && std::string_view(words[own]) == "--";
  options.command.assign(words + own + (is_marked ? 1 : 0), words + count);
  if (!options.command.empty()) return options;
  say(fmt::format("no program is given\n{}", app.help()));
  exit_code = exit_usage;
  return std::nullopt;
}

}  // namespace follow
