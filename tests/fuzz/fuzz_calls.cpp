// SPDX-License-Identifier: MIT
//
// fuzz_calls: sequences of random calls on hosts that must not differ. Each runs in a process
// apart; one that goes wrong is shrunk and printed as a text that --replay reads.
#include <cctype>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>

#include <CLI/CLI.hpp>

#include "fuzz/trial.hpp"
#include "support/run_apart.hpp"
#include "support/shrink.hpp"

namespace {

using namespace vmarea::test;
using namespace vmarea::test::fuzz;

constexpr int exit_wrong = 1;
constexpr int exit_bad_input = 2;
constexpr std::size_t steps_max = 400;

struct Options {
  std::uint64_t calls = 100'000;
  std::uint64_t seed = 1;
  std::vector<std::string> replay;
  std::string as_text;
  bool quiet = false;
};

std::string wrong_with(const Sequence& sequence, Noise noise) {
  return run_apart([&] { return try_sequence(sequence); }, noise);
}

int report(const Sequence& sequence, const std::string& origin) {
  const auto with_steps = [&](const std::vector<Step>& steps) {
    return Sequence{sequence.scene, steps};
  };
  const std::vector<Step> fewest = shrink(sequence.steps, [&](const std::vector<Step>& steps) {
    return !wrong_with(with_steps(steps), Noise::hidden).empty();
  });
  const Sequence shortest = with_steps(fewest);
  const std::string wrong = wrong_with(shortest, Noise::shown);
  fmt::print("{}# {}: what goes wrong is above; fuzz_calls --replay FILE with these lines:\n{}",
             wrong, origin, text_of(shortest));
  return exit_wrong;
}

/// A text begins with a scene or a remark; anything else is the bytes of a fuzzer.
bool read_file(const std::string& path, Sequence& sequence) {
  std::ifstream file(path, std::ios::binary);
  const std::string content{std::istreambuf_iterator<char>(file), {}};
  if (!file.good() && !file.eof()) {
    fmt::print(stderr, "fuzz_calls: {} cannot be read\n", path);
    return false;
  }
  const bool is_text = content.starts_with("scene ") || content.starts_with("#");
  if (!is_text) {
    sequence =
        draw(reinterpret_cast<const std::uint8_t*>(content.data()), content.size(), steps_max);
    return true;
  }
  const std::string wrong = parse(content, sequence);
  if (!wrong.empty()) fmt::print(stderr, "fuzz_calls: {}: {}", path, wrong);
  return wrong.empty();
}

/// Files, or all files of folders.
int replay(const std::vector<std::string>& paths) {
  std::uint64_t files = 0, calls = 0;
  const auto replay_file = [&](const std::string& path) {
    Sequence sequence;
    if (!read_file(path, sequence)) return exit_bad_input;
    ++files;
    calls += sequence.steps.size();
    return wrong_with(sequence, Noise::hidden).empty() ? 0 : report(sequence, path);
  };
  for (const std::string& path : paths) {
    std::vector<std::string> found{path};
    if (std::filesystem::is_directory(path)) {
      found.clear();
      for (const auto& entry : std::filesystem::directory_iterator(path)) {
        found.push_back(entry.path().string());
      }
    }
    for (const std::string& file : found) {
      const int ended = replay_file(file);
      if (ended != 0) return ended;
    }
  }
  fmt::print("fuzz_calls: {} calls of {} files, nothing wrong\n", calls, files);
  return files == 0 ? exit_bad_input : 0;
}

int run(const Options& options) {
  using Clock = std::chrono::steady_clock;
  const auto began = Clock::now();
  auto told = began;
  std::uint64_t calls = 0;
  for (std::uint64_t number = options.seed; calls < options.calls; ++number) {
    const std::vector<std::uint8_t> bytes = bytes_of(number, steps_max);
    const Sequence sequence = draw(bytes.data(), bytes.size(), steps_max);
    calls += sequence.steps.size();
    const bool good = wrong_with(sequence, Noise::hidden).empty();
    if (!good) return report(sequence, fmt::format("--seed {} --calls 1", number));
    const auto now = Clock::now();
    if (!options.quiet && now - told > std::chrono::seconds(10)) {
      told = now;
      const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now - began).count();
      fmt::print(stderr, "fuzz_calls: {} calls in {} s, up to seed {}\n", calls, seconds, number);
    }
  }
  fmt::print("fuzz_calls: {} calls from seed {} on {} kinds of hosts, nothing wrong\n", calls,
             options.seed, kinds_of_land.size());
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Random calls on hosts that must not differ, and what the library says of itself"};
  Options options;
  app.add_option("--calls", options.calls, "At least so many calls, on each host")
      ->capture_default_str();
  app.add_option("--seed", options.seed, "The first sequence; each has a seed")
      ->capture_default_str();
  app.add_option("--replay", options.replay, "Instead: files of texts or bytes, or folders of them")
      ->check(CLI::ExistingPath);
  app.add_option("--text", options.as_text, "Instead: prints a file of bytes as text")
      ->check(CLI::ExistingFile);
  app.add_flag("--quiet", options.quiet, "No progress");
  CLI11_PARSE(app, argc, argv);
  if (!options.as_text.empty()) {
    Sequence sequence;
    if (!read_file(options.as_text, sequence)) return exit_bad_input;
    fmt::print("{}", text_of(sequence));
    return 0;
  }
  return options.replay.empty() ? run(options) : replay(options.replay);
}
