// SPDX-License-Identifier: MIT
#include "live/random_calls/profile_search.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "live/random_calls/shrinker.hpp"
#include "live/random_calls/unseen_switch.hpp"

namespace vmarea::live {
namespace {

/// Pairs that are weighed against each other; more would take long.
constexpr std::size_t choices_max = 16;

}  // namespace

ProfileSearch::ProfileSearch(const KernelProfile& start, std::vector<Clue> directed,
                             Compare compare, Say say)
    : start_(start),
      profile_(start),
      directed_(std::move(directed)),
      compare_(std::move(compare)),
      say_(std::move(say)) {}

ProfileSearch::Learned ProfileSearch::learn(Clue clue) {
  const auto differs = [&](const Sequence& calls) { return compare_(profile_, calls); };
  say_(fmt::format("{}: differs; looking for the shortest calls that do", clue.origin));
  std::optional<Sequence> shortest = shrink(clue.calls, differs);
  if (!shortest) {
    say_(fmt::format("{}: differed once, but not from a clean arena", clue.origin));
    return Learned::nothing;
  }
  clue.calls = std::move(*shortest);
  return learn_shortest(clue);
}

void ProfileSearch::learn_directed() {
  for (const Clue& clue : directed_) {
    if (!agrees(profile_, clue)) learn_shortest(clue);
  }
  learn_unexplained();
}

ProfileSearch::Learned ProfileSearch::learn_shortest(const Clue& clue) {
  const std::optional<Flips> flips = find_flips(clue);
  if (!flips) {
    say_(fmt::format("{}: differs, and no switch explains it", clue.origin));
    unexplained_.push_back(clue);
    return Learned::unexplained;
  }
  say_(fmt::format("{}: differs, but not with {}", clue.origin, text_of(*flips)));
  profile_ = with(*flips);
  clues_.push_back(clue);
  return Learned::flips;
}

/// One switch if that is enough, else two.
std::optional<ProfileSearch::Flips> ProfileSearch::find_flips(const Clue& clue) {
  const Flips all = flips_of(profile_);
  std::vector<Flips> choices;
  for (const Flip& flip : all) {
    if (explains(flip.applied_to(profile_), clue)) choices.push_back({flip});
  }
  if (choices.empty()) say_(fmt::format("{}: differs; trying pairs of switches", clue.origin));
  const bool tries_pairs = choices.empty();
  for (std::size_t i = 0; tries_pairs && i < all.size(); ++i) {
    for (std::size_t j = i + 1; j < all.size() && choices.size() < choices_max; ++j) {
      const Flips pair = {all[i], all[j]};
      if (all[i].of != all[j].of && explains(with(pair), clue)) choices.push_back(pair);
    }
  }
  if (choices.empty()) return {};
  return best_of(choices);
}

/// The choice with which most of the directed calls do not differ.
ProfileSearch::Flips ProfileSearch::best_of(const std::vector<Flips>& choices) const {
  if (choices.size() == 1) return choices.front();
  const auto agreeing = [&](const Flips& flips) {
    const KernelProfile profile = with(flips);
    return std::count_if(directed_.begin(), directed_.end(),
                         [&](const Clue& clue) { return agrees(profile, clue); });
  };
  const Flips* best = nullptr;
  std::ptrdiff_t most = -1;
  for (const Flips& flips : choices) {
    const std::ptrdiff_t count = agreeing(flips);
    if (count <= most) continue;
    best = &flips;
    most = count;
  }
  return *best;
}

KernelProfile ProfileSearch::with(const Flips& flips) const {
  KernelProfile profile = profile_;
  for (const Flip& flip : flips) profile = flip.applied_to(profile);
  return profile;
}

bool ProfileSearch::explains(const KernelProfile& profile, const Clue& clue) const {
  return agrees(profile, clue) && std::all_of(clues_.begin(), clues_.end(), [&](const Clue& known) {
           return agrees(profile, known);
         });
}

/// What one switch did not explain may be explained by those that were found since.
void ProfileSearch::learn_unexplained() {
  bool learned = true;
  while (learned) {
    learned = false;
    for (const Clue& clue : std::exchange(unexplained_, {})) {
      if (agrees(profile_, clue)) {
        clues_.push_back(clue);
      } else if (learn_shortest(clue) == Learned::flips) {
        learned = true;
      }
    }
  }
}

void ProfileSearch::take_back_unneeded() {
  for (const ProfileSwitch& one : profile_switches()) {
    const Flip back{&one, one.value_of(start_)};
    if (back.value == one.value_of(profile_) || refuting(back) != nullptr) continue;
    say_(fmt::format("{} again: nothing differs", text_of(back)));
    profile_ = back.applied_to(profile_);
  }
}

/// Calls that differ with this flip and not without it.
const Clue* ProfileSearch::refuting(const Flip& flip) const {
  const KernelProfile flipped = flip.applied_to(profile_);
  const auto refutes = [&](const Clue& clue) { return !agrees(flipped, clue); };
  const auto find = [&](const std::vector<Clue>& clues, bool directed_at_it) -> const Clue* {
    for (const Clue& clue : clues) {
      if ((clue.directed_at == flip.of->name) != directed_at_it) continue;
      if (refutes(clue) && agrees(profile_, clue)) return &clue;
    }
    return nullptr;
  };
  // Those that are directed at it first: they are read most easily.
  for (const bool directed_at_it : {true, false}) {
    if (const Clue* clue = find(clues_, directed_at_it)) return clue;
    if (const Clue* clue = find(directed_, directed_at_it)) return clue;
  }
  return nullptr;
}

std::vector<Verdict> ProfileSearch::conclude() {
  learn_unexplained();
  take_back_unneeded();
  std::vector<Verdict> verdicts;
  for (const ProfileSwitch& one : profile_switches()) {
    Verdict verdict;
    verdict.of = &one;
    verdict.value = one.value_of(profile_);
    const unsigned began_with = one.value_of(start_);
    for (unsigned value = 0; value < one.values.size(); ++value) {
      if (value == verdict.value) continue;
      const Clue* clue = refuting({&one, value});
      if (clue == nullptr) verdict.also_possible.push_back(value);
      const bool tells_more = value == began_with || verdict.shown_by == nullptr;
      if (clue != nullptr && tells_more) verdict.shown_by = clue;
    }
    if (verdict.value != began_with) {
      verdict.state = Verdict::State::differs;
    } else if (verdict.also_possible.empty()) {
      verdict.state = Verdict::State::equal;
    }
    verdicts.push_back(std::move(verdict));
  }
  return verdicts;
}

void ProfileSearch::explain_unseen(std::vector<Verdict>& verdicts) const {
  for (Verdict& verdict : verdicts) {
    if (verdict.state != Verdict::State::unseen) continue;
    verdict.why_unseen = why_unseen(*verdict.of, profile_, directed_);
  }
}

}  // namespace vmarea::live
