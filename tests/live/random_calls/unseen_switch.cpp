// SPDX-License-Identifier: MIT
#include "live/random_calls/unseen_switch.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "live/random_calls/model_pair.hpp"

namespace vmarea::live {
namespace {

/// Whether two spaces of ours differ, of which only one has another value of the switch.
bool shows(const ProfileSwitch& one, const KernelProfile& profile, const Clue& clue) {
  const ModelPair pair(small_shape, profile);
  for (unsigned value = 0; value < one.values.size(); ++value) {
    if (value == one.value_of(profile)) continue;
    if (pair.first_difference(Flip{&one, value}.applied_to(profile), clue.calls)) return true;
  }
  return false;
}

/// The values that hide the switch: without them, the fewest, it would be seen.
std::vector<Flip> hiding_values(const ProfileSwitch& one, const KernelProfile& profile,
                                const Clue& clue) {
  const auto now = [&](const Flip& flip) { return Flip{flip.of, flip.of->value_of(profile)}; };
  const std::vector<Flip> flips = flips_of(profile);
  for (const Flip& a : flips) {
    if (a.of != &one && shows(one, a.applied_to(profile), clue)) return {now(a)};
  }
  for (const Flip& a : flips) {
    for (const Flip& b : flips) {
      const bool are_others = a.of != &one && b.of != &one && a.of < b.of;
      if (are_others && shows(one, b.applied_to(a.applied_to(profile)), clue)) {
        return {now(a), now(b)};
      }
    }
  }
  return {};
}

}  // namespace

std::string why_unseen(const ProfileSwitch& one, const KernelProfile& profile,
                       std::span<const Clue> directed) {
  const auto clue = std::find_if(directed.begin(), directed.end(), [&](const Clue& candidate) {
    return candidate.directed_at == one.name;
  });
  if (clue == directed.end()) {
    const std::string_view needed = needed_to_show(one.name);
    return needed.empty() ? "the calls that show it are of kinds that were left out"
                          : fmt::format("takes {}", needed);
  }
  const bool is_large = clue->calls.size() > small_shape.pages;
  if (is_large || shows(one, profile, *clue)) return "what it decides cannot be read here";
  const std::vector<Flip> hiding = hiding_values(one, profile, *clue);
  return hiding.empty() ? "several other rules hide it"
                        : fmt::format("is hidden by {}", text_of(hiding));
}

}  // namespace vmarea::live
