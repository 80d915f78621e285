// SPDX-License-Identifier: MIT
//
// Finds out which rules a kernel has: from a profile to begin with, by comparing calls and trying
// the switches of the profile where something differs.
//
//   calls differ ──> the shortest calls that do ──> one switch, or two, with which they do not and
//                                                   nothing learned before differs again
//
// What plays the kernel is a function, so that a space of ours may play it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "live/random_calls/directed_calls.hpp"
#include "live/random_calls/profile_switches.hpp"

namespace vmarea::live {

/// What was found out about a switch.
struct Verdict {
  enum class State : std::uint8_t {
    differs,  // From the profile to begin with,
    equal,    // or not: with every other value something differs.
    unseen,   // With another value nothing differs, either.
  };
  const ProfileSwitch* of = nullptr;
  unsigned value = 0;
  State state = State::unseen;
  std::vector<unsigned> also_possible;  // Values with which nothing differs, either.
  const Clue* shown_by = nullptr;       // What differs with another value; null if unseen.
  std::string why_unseen;               // Filled by explain_unseen().
};

class ProfileSearch {
 public:
  /// The first call after which a space with this profile differs from the kernel.
  using Compare = std::function<std::optional<std::size_t>(const KernelProfile&, const Sequence&)>;
  /// Is told what is being tried, and what was found.
  using Say = std::function<void(const std::string&)>;

  /// `directed`: calls that tell one value of a switch from another. They are made by
  /// learn_directed() and when a choice is to be made.
  ProfileSearch(const KernelProfile& start, std::vector<Clue> directed, Compare compare, Say say);

  enum class Learned : std::uint8_t {
    nothing,      // Nothing differs with profile().
    flips,        // profile() was changed; with what it is now nothing differs.
    unexplained,  // No change of one switch or two does that.
  };
  /// Learns from calls. They are shrunk to the shortest that differ.
  Learned learn(Clue clue);
  /// Learns from each of the directed calls, which are short.
  void learn_directed();
  /// Takes changes back that nothing needs, looks again at what is unexplained, and says what is
  /// known of each switch. What the verdicts point to lives until the next call.
  std::vector<Verdict> conclude();
  /// Finds out of each switch that was not seen what hides it, which takes thousands of comparisons
  /// where two others do.
  void explain_unseen(std::vector<Verdict>& verdicts) const;

  const KernelProfile& profile() const { return profile_; }
  const std::vector<Clue>& unexplained() const { return unexplained_; }

 private:
  using Flips = std::vector<Flip>;

  Learned learn_shortest(const Clue& clue);
  std::optional<Flips> find_flips(const Clue& clue);
  Flips best_of(const std::vector<Flips>& choices) const;
  KernelProfile with(const Flips& flips) const;
  bool explains(const KernelProfile& profile, const Clue& clue) const;
  bool agrees(const KernelProfile& profile, const Clue& clue) const {
    return !compare_(profile, clue.calls);
  }
  void learn_unexplained();
  void take_back_unneeded();
  const Clue* refuting(const Flip& flip) const;

  KernelProfile start_;
  KernelProfile profile_;
  std::vector<Clue> directed_;
  Compare compare_;
  Say say_;
  std::vector<Clue> clues_;  // What differed once; with profile_ it does not.
  std::vector<Clue> unexplained_;
};

/// The named profiles that have each value that was seen.
std::vector<std::string_view> profiles_like(const std::vector<Verdict>& verdicts);

/// What is printed in the end: the switches that differ from the profile called `start`, with the
/// calls that showed each, those that were not seen and why, and what remained unexplained.
std::string report(std::string_view start, const std::vector<Verdict>& verdicts,
                   const std::vector<Clue>& unexplained);
/// The same in a line.
std::string summary(std::string_view start, const std::vector<Verdict>& verdicts,
                    std::size_t unexplained);

}  // namespace vmarea::live
