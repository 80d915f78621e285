// SPDX-License-Identifier: MIT
#include "live/random_calls/deviations.hpp"

#include <algorithm>
#include <fstream>
#include <string_view>

#include <fmt/format.h>

#include "live/random_calls/call_text.hpp"
#include "live/random_calls/sequence_file.hpp"

namespace vmarea::live {
namespace {

struct Field {
  std::string_view name;
  std::string Deviation::*text;
};
constexpr Field fields[] = {
    {"kernels", &Deviation::kernels}, {"reason", &Deviation::reason},
    {"kernel", &Deviation::kernel},   {"library", &Deviation::library},
    {"leaks", &Deviation::leaks},
};

/// The rest of a line "name: rest", or nothing.
std::string_view after_name(std::string_view line, std::string_view name) {
  if (!line.starts_with(name) || line.substr(name.size(), 2) != ": ") return {};
  return line.substr(name.size() + 2);
}

bool take_field(std::string_view line, Deviation& deviation) {
  for (const Field& field : fields) {
    const std::string_view text = after_name(line, field.name);
    if (text.empty()) continue;
    std::string& value = deviation.*field.text;
    value += fmt::format("{}{}", value.empty() ? "" : " ", text);
    return true;
  }
  return false;
}

/// What an entry lacks.
std::string_view missing_in(const Deviation& deviation) {
  Observed kernel{};
  Observed library{};
  if (deviation.kernels.empty()) return "no kernels";
  if (deviation.reason.empty()) return "no reason";
  if (!parse_observed(deviation.kernel, kernel)) return "what is seen of the kernel";
  if (!parse_observed(deviation.library, library)) return "what is seen of the library";
  if (kernel != library) return "the same thing to be seen of both sides";
  if (deviation.kernel == deviation.library) return "a difference";
  if (deviation.calls.empty()) return "calls";
  return {};
}

}  // namespace

bool parse_observed(const std::string& expectation, Observed& observed) {
  const std::string word = expectation.substr(0, expectation.find(' '));
  if (word == "result") {
    observed = Observed::result;
  } else if (word == "areas") {
    observed = Observed::areas;
  } else if (word == "locked") {
    observed = Observed::locked;
  } else if (word == "committed") {
    observed = Observed::committed;
  } else {
    return false;
  }
  return true;
}

bool is_shown_by(const Deviation& deviation, std::string_view release) {
  std::string_view kernels = deviation.kernels;
  kernels = kernels.substr(0, kernels.find('('));
  while (!kernels.empty()) {
    const std::size_t length = kernels.find_first_of(", ");
    const std::string_view series = kernels.substr(0, length);
    if (series == "all") return true;
    const bool is_of_it = release.starts_with(series) &&
                          (release.size() == series.size() || release[series.size()] == '.');
    if (!series.empty() && is_of_it) return true;
    kernels.remove_prefix(std::min(series.size() + 1, kernels.size()));
  }
  return false;
}

std::string read_deviations(const std::string& path, std::vector<Deviation>& deviations) {
  std::ifstream file(path);
  if (!file) return path + ": cannot be read";
  int number = 0;
  bool open = false;
  const auto finish = [&]() -> std::string {
    if (!open) return {};
    open = false;
    const std::string_view missing = missing_in(deviations.back());
    if (missing.empty()) return {};
    return fmt::format("{}:{}: \"{}\" lacks {}", path, number, deviations.back().title, missing);
  };
  for (std::string text; std::getline(file, text);) {
    ++number;
    const std::string_view line = without_remark(text);
    if (line.empty() && !text.empty()) continue;
    if (line.empty()) {
      if (std::string wrong = finish(); !wrong.empty()) return wrong;
    } else if (const std::string_view title = after_name(line, "deviation"); !title.empty()) {
      if (std::string wrong = finish(); !wrong.empty()) return wrong;
      deviations.emplace_back().title = title;
      open = true;
    } else if (const auto call = parse_call(line); open && call) {
      deviations.back().calls.push_back(*call);
    } else if (!open || !take_field(line, deviations.back())) {
      return fmt::format("{}:{}: not understood: {}", path, number, line);
    }
  }
  return finish();
}

}  // namespace vmarea::live
