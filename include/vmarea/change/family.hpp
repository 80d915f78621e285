// SPDX-License-Identifier: MIT
//
// Whose locks protect an area in the reverse map while it is written: the mapping of its file, then
// the root of its identity.
#pragma once

#include "vmarea/space/space_state.hpp"

namespace vmarea {

template <class Host>
struct Family {
  typename Host::FileHandle file{};
  AnonIdentity identity{};

  void lock([[maybe_unused]] Host& services) const noexcept {
    if constexpr (Host::has_reverse_map) {
      if (file != typename Host::FileHandle{}) services.lock_file_mapping(file);
      if (identity) services.lock_identity(identity);
    }
  }
  void unlock([[maybe_unused]] Host& services) const noexcept {
    if constexpr (Host::has_reverse_map) {
      if (identity) services.unlock_identity(identity);
      if (file != typename Host::FileHandle{}) services.unlock_file_mapping(file);
    }
  }
  friend bool operator==(const Family&, const Family&) = default;
};

}  // namespace vmarea
