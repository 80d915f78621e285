// SPDX-License-Identifier: MIT
//
// Which profile is that of a kernel: by the release that it gives itself (uname -r), or by the name
// of the profile.
//
//   6.1.0-57-cloud-amd64          linux_6_1
//   6.17.3                        linux_6_12, the newest profile that is not of a newer kernel
//   6.18.44                       linux_6_18
//   7.3.0-rc2                     linux_7_2
#pragma once

#include <array>
#include <span>
#include <string_view>

#include "vmarea/host/profile.hpp"

namespace vmarea::shims {

struct NamedProfile {
  std::string_view name;  // As the constant is called.
  unsigned major = 0;     // The first series that it is used for.
  unsigned minor = 0;
  KernelProfile profile;
};

/// All profiles, from the oldest kernel to the newest.
inline constexpr std::array named_profiles = {
    NamedProfile{"linux_6_1", 6, 1, linux_6_1},
    NamedProfile{"linux_6_12", 6, 12, linux_6_12},
    NamedProfile{"linux_6_18", 6, 18, linux_6_18},
    NamedProfile{"linux_7_2", 7, 2, linux_7_2},
};

/// The profile with this name, or null.
constexpr const NamedProfile* find_profile(std::string_view name) noexcept {
  for (const NamedProfile& named : named_profiles) {
    if (named.name == name) return &named;
  }
  return nullptr;
}

/// The number at the start of `text`, which it is taken from; 0 if there is none.
constexpr unsigned take_number(std::string_view& text) noexcept {
  unsigned number = 0;
  while (!text.empty() && text.front() >= '0' && text.front() <= '9' && number < 100'000) {
    number = number * 10 + static_cast<unsigned>(text.front() - '0');
    text.remove_prefix(1);
  }
  return number;
}

/// The profile of a kernel with this release: the newest that is not of a newer series; for kernels
/// older than all of them the oldest, and so for a text that begins with no number: the name of a
/// profile goes to find_profile().
constexpr const NamedProfile& profile_for(std::string_view release) noexcept {
  const unsigned major = take_number(release);
  if (!release.empty()) release.remove_prefix(1);
  const unsigned minor = take_number(release);
  const NamedProfile* best = named_profiles.data();
  for (const NamedProfile& named : named_profiles) {
    const bool is_newer = named.major > major || (named.major == major && named.minor > minor);
    if (!is_newer) best = &named;
  }
  return *best;
}

}  // namespace vmarea::shims
