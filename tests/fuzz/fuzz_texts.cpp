// SPDX-License-Identifier: MIT
//
// fuzz_texts: good texts with a few bytes, numbers or lines that are others, for all that reads
// text.
#include <cstdio>
#include <iterator>
#include <random>

#include <CLI/CLI.hpp>
#include <fmt/core.h>

#include "fuzz/text_trial.hpp"

namespace {

using namespace vmarea::test::fuzz;

constexpr const char* readers[] = {"proc", "stat", "random_calls", "fuzz_calls"};
static_assert(std::size(readers) == static_cast<std::size_t>(Reader::count));

class Mutator {
 public:
  explicit Mutator(std::uint64_t seed) : random_(seed) {}

  std::string mutate(std::string text) {
    for (std::uint64_t times = below(5); times != 0 && !text.empty(); --times) change(text);
    return text;
  }
  std::uint64_t below(std::uint64_t limit) { return random_() % limit; }

 private:
  void change(std::string& text) {
    static constexpr const char* extremes[] = {"0",
                                               "ffffffffffffffff",
                                               "18446744073709551616",
                                               "-1",
                                               "fffffffffffff000",
                                               "7ffffffff000",
                                               "99999999999999999999999",
                                               "",
                                               "4294967295",
                                               "\xff\xfe",
                                               "\n\n",
                                               " "};
    const std::size_t at = below(text.size());
    switch (below(6)) {
      case 0:
        text[at] = static_cast<char>(below(256));
        break;
      case 1:
        text.erase(at, 1 + below(20));
        break;
      case 2:
        text.insert(at, extremes[below(std::size(extremes))]);
        break;
      case 3: {  // In place of the number, or whatever stands between two marks.
        const std::size_t end = text.find_first_of(" -:\n,()", at);
        if (end != std::string::npos) {
          text.replace(at, end - at, extremes[below(std::size(extremes))]);
        }
        break;
      }
      case 4: {  // A line twice, or somewhere else.
        const std::size_t start = text.rfind('\n', at) + 1;
        const std::string line = text.substr(start, text.find('\n', at) - start) + "\n";
        const std::size_t to = below(text.size());
        text.insert(below(2) == 0 ? start : text.rfind('\n', to) + 1, line);
        break;
      }
      default:
        text.resize(at);
        break;
    }
  }

  std::mt19937_64 random_;
};

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Texts that are nearly good, for all that reads text"};
  std::uint64_t texts = 100'000, seed = 1;
  app.add_option("--texts", texts, "So many, of all readers together")->capture_default_str();
  app.add_option("--seed", seed, "Of the first text; each has a seed")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  std::uint64_t taken_of[std::size(readers)] = {}, refused_of[std::size(readers)] = {};
  for (std::uint64_t number = seed; number < seed + texts; ++number) {
    const auto index = number % std::size(readers);
    const auto reader = static_cast<Reader>(index);
    Mutator mutator(number);
    const auto size = static_cast<unsigned>(mutator.below(12));
    const std::string text = mutator.mutate(good_text(reader, size));
    bool taken = false;
    const std::string wrong = try_text(reader, text, taken);
    ++(taken ? taken_of : refused_of)[index];
    if (wrong.empty()) continue;
    fmt::print("{}{}: --seed {} --texts 1\n{}\n", wrong, readers[index], number, text);
    return 1;
  }
  bool all_seen = true;
  for (std::size_t i = 0; i < std::size(readers); ++i) {
    fmt::print("fuzz_texts: {:<12} {} taken, {} refused\n", readers[i], taken_of[i], refused_of[i]);
    all_seen = all_seen && taken_of[i] != 0 && (refused_of[i] != 0 || i == 1);
  }
  return texts < 1000 || all_seen ? 0 : 1;
}
