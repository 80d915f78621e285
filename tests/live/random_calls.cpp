// SPDX-License-Identifier: MIT
//
// random_calls: random memory calls on the running kernel and on an address space of ours, compared
// after every call. A worker process measures; this one generates, waits, shrinks and prints, so
// that nothing of it is mapped while a sequence runs.
#include <charconv>
#include <chrono>
#include <cstdio>
#include <memory>
#include <string_view>
#include <thread>

#include <fmt/format.h>
#include <unistd.h>

#include "live/random_calls/call.hpp"
#include "live/random_calls/generator.hpp"
#include "live/random_calls/report.hpp"
#include "live/random_calls/runner.hpp"
#include "live/random_calls/shrinker.hpp"
#include "live/random_calls/slate.hpp"

namespace {

using namespace vmarea::live;

constexpr int exit_skipped = 77;
constexpr std::uint64_t no_sequence = ~std::uint64_t{0};

constexpr std::string_view usage =
    R"(random_calls: random memory calls on the running kernel and on vmarea, compared after each

  --calls N      stop after N calls (1000000)
  --seed S       the same seed gives the same calls (1)
  --kinds LIST   all, basic, or names joined by commas; -name takes one away (basic)
  --sequence N   only that sequence
  --verbose      progress, and a table of calls by kind
  --help         this text, and the names of the kinds
)";

struct Options {
  std::uint64_t calls = 1'000'000;
  std::uint64_t seed = 1;
  std::uint64_t sequence = no_sequence;
  Kinds kinds = basic_kinds;
  bool verbose = false;
  bool help = false;
};

bool parse_number(std::string_view text, std::uint64_t& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size();
}

bool parse(int count, char** words, Options& options) {
  for (int i = 1; i < count; ++i) {
    const std::string_view word = words[i];
    const std::string_view value = i + 1 < count ? words[i + 1] : "";
    if (word == "--verbose") {
      options.verbose = true;
    } else if (word == "--help") {
      options.help = true;
    } else if (word == "--calls" && parse_number(value, options.calls)) {
      ++i;
    } else if (word == "--seed" && parse_number(value, options.seed)) {
      ++i;
    } else if (word == "--sequence" && parse_number(value, options.sequence)) {
      ++i;
    } else if (word == "--kinds" && parse_kinds(value, options.kinds)) {
      ++i;
    } else {
      fmt::print(stderr, "random_calls: {} {}: not understood\n{}", word, value, usage);
      return false;
    }
  }
  return true;
}

void print_help() {
  fmt::print("{}\nkinds:", usage);
  for (unsigned kind = 0; kind < kind_count; ++kind) {
    fmt::print(" {}", name_of(static_cast<Kind>(kind)));
  }
  fmt::print("\nbasic: {}\n", [] {
    std::string names;
    for (unsigned kind = 0; kind < kind_count; ++kind) {
      if (((basic_kinds >> kind) & 1) == 0) continue;
      names += fmt::format("{}{}", names.empty() ? "" : ",", name_of(static_cast<Kind>(kind)));
    }
    return names;
  }());
}

/// Runs sequences until enough calls were made or something differs.
void work(Runner& runner, Slate& slate, const Options& options) {
  runner.become_child();
  const bool only_one = options.sequence != no_sequence;
  slate.sequence = only_one ? options.sequence : 0;
  while (slate.calls < options.calls) {
    const Sequence calls = Generator(options.seed, slate.sequence, options.kinds).generate();
    runner.run(calls, {});
    if (slate.trouble != Trouble::none) return;
    ++slate.sequences;
    if (only_one) return;
    ++slate.sequence;
  }
}

/// Shows how far the worker is, in a thread of this process, which maps nothing that is compared.
class Progress {
 public:
  Progress(const Slate& slate, std::uint64_t calls, bool wanted) {
    if (!wanted) return;
    thread_ = std::jthread([&slate, calls](std::stop_token stop) {
      using namespace std::chrono_literals;
      for (int tenths = 1; !stop.stop_requested(); ++tenths) {
        std::this_thread::sleep_for(100ms);
        if (tenths % 20 == 0) fmt::print(stderr, "{} of {} calls\n", slate.calls, calls);
      }
    });
  }

 private:
  std::jthread thread_;
};

int report_mismatch(Runner& runner, Slate& slate, const Options& options, const char* program) {
  Found found;
  found.seed = options.seed;
  found.sequence = slate.sequence;
  found.kinds = options.kinds;
  found.program = program;
  const Sequence calls = Generator(options.seed, slate.sequence, options.kinds).generate();
  found.original_length = calls.size();
  const auto first = std::make_unique<Slate>();
  *first = slate;
  found.shortest = shrink(runner, slate, calls, found.reproduced);
  fmt::print("{}", report(found, found.reproduced ? slate : *first));
  fmt::print("random_calls: 1 mismatch after {} calls, seed {}\n", slate.calls, options.seed);
  return 1;
}

}  // namespace

int main(int count, char** words) {
  Options options;
  if (!parse(count, words, options)) return 2;
  if (options.help) {
    print_help();
    return 0;
  }
  SharedSlate slate;
  Runner runner(*slate);
  if (const std::string why = runner.why_unusable(); !why.empty()) {
    fmt::print("random_calls: skipped: {}\n", why);
    return exit_skipped;
  }
  const auto began = std::chrono::steady_clock::now();
  std::fflush(nullptr);
  int worker = 0;
  if (begin_child(worker)) {
    work(runner, *slate, options);
    leave_child();
  }
  {
    const Progress progress(*slate, options.calls, options.verbose || isatty(STDERR_FILENO) != 0);
    await_child(*slate, worker);
  }
  if (slate->trouble != Trouble::none) return report_mismatch(runner, *slate, options, words[0]);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  if (options.verbose) {
    fmt::print("{}{} readings of all flags, {:.1f} areas on average, {:.0f} calls a second\n",
               table(*slate, options.kinds), slate->flag_readings,
               static_cast<double>(slate->areas_seen) / static_cast<double>(slate->calls),
               static_cast<double>(slate->calls) / took.count());
  }
  fmt::print("random_calls: {} calls of {} kinds, {} sequences, seed {}: 0 mismatches\n",
             slate->calls, count_kinds(options.kinds), slate->sequences, options.seed);
  return 0;
}
