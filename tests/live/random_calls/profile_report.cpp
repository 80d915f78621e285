// SPDX-License-Identifier: MIT
#include <algorithm>

#include <fmt/format.h>
#include <vmarea_shims/profile_for.hpp>

#include "live/random_calls/call_text.hpp"
#include "live/random_calls/profile_search.hpp"

namespace vmarea::live {
namespace {

using State = Verdict::State;

std::string text_of_value(const Verdict& verdict) {
  std::string text(verdict.of->values[verdict.value]);
  for (const unsigned other : verdict.also_possible) {
    text += fmt::format(" or {}", verdict.of->values[other]);
  }
  return text;
}

/// The calls, but for the middle of very many.
std::string text_of(const Clue& clue) {
  constexpr std::size_t many = 40;
  constexpr std::size_t first = 4;
  constexpr std::size_t last = 12;
  const std::size_t count = clue.calls.size();
  std::string text;
  for (std::size_t i = 0; i < count; ++i) {
    const bool is_left_out = count > many && i >= first && i < count - last;
    if (!is_left_out) text += fmt::format("    {}\n", describe(clue.calls[i]));
    if (count > many && i == first) text += fmt::format("    ... {} more\n", count - first - last);
  }
  return text;
}

bool has_what_was_seen(const KernelProfile& profile, const std::vector<Verdict>& verdicts) {
  return std::all_of(verdicts.begin(), verdicts.end(), [&](const Verdict& verdict) {
    const unsigned value = verdict.of->value_of(profile);
    const auto& others = verdict.also_possible;
    return value == verdict.value || std::find(others.begin(), others.end(), value) != others.end();
  });
}

std::string joined(const std::vector<std::string_view>& words) {
  std::string text;
  for (const std::string_view word : words) {
    text += fmt::format("{}{}", text.empty() ? "" : " and ", word);
  }
  return text;
}

std::string outcome(const std::vector<Verdict>& verdicts) {
  const std::vector<std::string_view> names = profiles_like(verdicts);
  return names.empty() ? "no named profile has all that was seen"
                       : fmt::format("{} has all that was seen", joined(names));
}

}  // namespace

std::vector<std::string_view> profiles_like(const std::vector<Verdict>& verdicts) {
  std::vector<std::string_view> names;
  for (const shims::NamedProfile& named : shims::named_profiles) {
    if (has_what_was_seen(named.profile, verdicts)) names.push_back(named.name);
  }
  return names;
}

std::string report(std::string_view start, const std::vector<Verdict>& verdicts,
                   const std::vector<Clue>& unexplained) {
  std::string differing;
  std::string equal;
  std::string unseen;
  for (const Verdict& verdict : verdicts) {
    switch (verdict.state) {
      case State::differs:
        differing +=
            fmt::format("  {}: {}, shown by calls {}\n{}", verdict.of->name, text_of_value(verdict),
                        verdict.shown_by->origin, text_of(*verdict.shown_by));
        break;
      case State::equal:
        equal += fmt::format("  {}: {}\n", verdict.of->name, text_of_value(verdict));
        break;
      case State::unseen:
        unseen += fmt::format("  {}: {}: {}\n", verdict.of->name, text_of_value(verdict),
                              verdict.why_unseen);
        break;
    }
  }
  const auto or_none = [](const std::string& lines) { return lines.empty() ? "  none\n" : lines; };
  std::string text = fmt::format(
      "Differs from {}:\n{}As in {}, for with another value calls differ:\n{}Not seen:\n{}", start,
      or_none(differing), start, or_none(equal), or_none(unseen));
  for (const Clue& clue : unexplained) {
    text += fmt::format("UNEXPLAINED, calls {}:\n{}", clue.origin, text_of(clue));
  }
  return text;
}

std::string summary(std::string_view start, const std::vector<Verdict>& verdicts,
                    std::size_t unexplained) {
  const auto count = [&](State state) {
    return std::count_if(verdicts.begin(), verdicts.end(),
                         [&](const Verdict& verdict) { return verdict.state == state; });
  };
  return fmt::format(
      "{} of {} switches differ from {}, {} are as there, {} not seen; mismatches unexplained: {}; "
      "{}",
      count(State::differs), verdicts.size(), start, count(State::equal), count(State::unseen),
      unexplained, outcome(verdicts));
}

}  // namespace vmarea::live
