// SPDX-License-Identifier: MIT
//
// The switches of a behaviour profile as a list, so that a program can try them one by one: the
// name of each, the values that it may have, and how it is read and set.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "vmarea/host/profile.hpp"

namespace vmarea::live {

/// One rule that kernels differ in.
struct ProfileSwitch {
  std::string_view name;                     // As the field is called.
  std::span<const std::string_view> values;  // As the enumerators are called.
  /// The place of the profile's value among `values`; their number if it is none of them.
  unsigned (*value_of)(const KernelProfile& profile);
  void (*set)(KernelProfile& profile, unsigned value);
};

/// All that a kernel decides. What the processor and the machine decide is measured, and what is
/// left of a call that fails is no kernel's choice.
std::span<const ProfileSwitch> profile_switches();

/// The switch with this name, or null.
const ProfileSwitch* find_switch(std::string_view name);

/// One switch set to one of its values.
struct Flip {
  const ProfileSwitch* of = nullptr;
  unsigned value = 0;

  KernelProfile applied_to(KernelProfile profile) const {
    of->set(profile, value);
    return profile;
  }
};

/// Every flip that changes this profile.
std::vector<Flip> flips_of(const KernelProfile& profile);

/// "kept_locks cut_out and knows_seals no", for people.
std::string text_of(std::span<const Flip> flips);
inline std::string text_of(const Flip& flip) {
  return text_of(std::span(&flip, 1));
}

}  // namespace vmarea::live
