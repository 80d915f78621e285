// SPDX-License-Identifier: MIT
//
//   vmarea_bench [--smoke | --short] [--rounds=N] [--table=FILE | --markdown]
//                [options of Google Benchmark]
//
// Asks every question of every layout and size, N rounds at most, then writes the tables of ratios:
// to FILE, or to standard output, and what Google Benchmark says then goes to standard error. For
// tests, --pretend-noise=LEAST,MOSTLY makes the fixed loop look noisy.
#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

#include "support/noise.hpp"
#include "support/questions.hpp"
#include "support/table.hpp"

namespace vmarea::bench {
namespace {

std::vector<Question>& list() {
  static std::vector<Question> all;
  return all;
}

enum class Form : unsigned char { smoke, brief, whole };

struct Options {
  Form form = Form::whole;
  int rounds_max = 0;  // 0: as the form has them.
  std::string table;
  bool markdown = false;
  std::vector<char*> rest;
};

void pretend(const std::string& shares) {
  PretendedNoise noise{};
  demand(std::sscanf(shares.c_str(), "%lf,%lf", &noise.least, &noise.mostly) == 2,
         "--pretend-noise=LEAST,MOSTLY wants two shares");
  pretend_for_test(noise);
}

int rounds_asked(const std::string& number) {
  int rounds = 0;
  char behind = 0;
  demand(std::sscanf(number.c_str(), "%d%c", &rounds, &behind) == 1 && rounds > 0,
         "--rounds=N wants a number above 0");
  return rounds;
}

Options parse(int count, char** words) {
  constexpr std::string_view table = "--table=", noise = "--pretend-noise=", rounds = "--rounds=";
  Options options;
  for (int i = 0; i < count; ++i) {
    const std::string_view word = words[i];
    if (word == "--smoke") {
      options.form = Form::smoke;
    } else if (word == "--short") {
      options.form = Form::brief;
    } else if (word.substr(0, rounds.size()) == rounds) {
      options.rounds_max = rounds_asked(std::string(word.substr(rounds.size())));
    } else if (word.substr(0, table.size()) == table) {
      options.table = word.substr(table.size());
    } else if (word == "--markdown") {
      options.markdown = true;
    } else if (word.substr(0, noise.size()) == noise) {
      pretend(std::string(word.substr(noise.size())));
    } else {
      options.rest.push_back(words[i]);
    }
  }
  return options;
}

std::vector<std::uint64_t> sizes(Form form) {
  if (form == Form::smoke) return {200};
  return {1'000, 65'000, 1'000'000};
}

int rounds(const Options& options) {
  if (options.rounds_max != 0) return options.rounds_max;
  return options.form == Form::smoke ? 2 : options.form == Form::brief ? 41 : 201;
}

bool is_asked(const Question& question, const std::string& layout, std::uint64_t areas, Form form) {
  const auto& layouts = question.layouts;
  if (std::find(layouts.begin(), layouts.end(), layout) == layouts.end()) return false;
  if (question.scale == Scale::once && areas > 1'000) return false;
  if (form != Form::brief) return areas < 1'000'000 || question.scale == Scale::millions;
  if (areas == 1'000'000) return question.scale == Scale::millions && layout == "holes";
  return layout == "holes" || layout == "touching";
}

void register_all(const Options& options) {
  for (const std::uint64_t areas : sizes(options.form)) {
    for (const std::string& layout : every_layout) {
      for (const Question& question : list()) {
        if (!is_asked(question, layout, areas, options.form)) continue;
        const std::string name = question.name + "/" + layout + "/" + std::to_string(areas);
        const auto answer = question.answer;
        benchmark::RegisterBenchmark(name.c_str(),
                                     [answer, layout, areas](benchmark::State& state) {
                                       answer(state, layout_named(layout, areas));
                                     })
            ->UseManualTime()
            ->Unit(benchmark::kNanosecond)
            ->Iterations(std::min(question.rounds_max, rounds(options)));
      }
    }
  }
}

}  // namespace

bool ask(Question question) {
  list().push_back(std::move(question));
  return true;
}

const std::vector<Question>& questions() {
  return list();
}

int run(int count, char** words) {
  Options options = parse(count, words);
  register_all(options);
  int rest = static_cast<int>(options.rest.size());
  benchmark::Initialize(&rest, options.rest.data());
  if (benchmark::ReportUnrecognizedArguments(rest, options.rest.data())) return 1;
  benchmark::ConsoleReporter to_errors(benchmark::ConsoleReporter::OO_None);
  to_errors.SetOutputStream(&std::cerr);
  benchmark::RunSpecifiedBenchmarks(options.markdown ? &to_errors : nullptr);
  benchmark::Shutdown();
  bool written = !options.markdown || write_table(std::cout);
  if (!options.table.empty()) {
    std::ofstream file(options.table);
    written = write_table(file) && written;
  }
  return written ? 0 : 1;
}

}  // namespace vmarea::bench

int main(int count, char** words) {
  return vmarea::bench::run(count, words);
}
