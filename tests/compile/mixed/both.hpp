// SPDX-License-Identifier: MIT
//
// One program of two translation units, of which one is compiled with NDEBUG and one without: the
// library is the same in both, so that a space may be handed from one to the other.
//
//   with NDEBUG        without NDEBUG
//        \___ one AddressSpace ___/       each makes every other call on it
#pragma once

#include <cstddef>
#include <string>

#include <vmarea/vmarea.hpp>
#include <vmarea_shims/userland.hpp>

namespace vmarea::mixed {

using Space = AddressSpace<shims::Userland>;
using Checked = AddressSpace<shims::CheckedUserland>;

/// What a translation unit knows of the library.
struct Sizes {
  std::size_t space = sizeof(Space);
  std::size_t area = sizeof(Area<shims::Userland>);
  std::size_t tree = sizeof(SpaceState<shims::Userland>::Tree);
  std::size_t change = sizeof(Space::StepChange<void>);
  std::size_t walk = sizeof(Space::WalkChange<ProtectRule>);
  std::size_t checked_space = sizeof(Checked);
  std::size_t checked_area = sizeof(Area<shims::CheckedUserland>);
  bool checks = shims::Userland::checks;
  bool checked_checks = shims::CheckedUserland::checks;
  friend bool operator==(const Sizes&, const Sizes&) = default;
};

/// One of the two translation units.
struct Unit {
  bool has_ndebug;
  Sizes (*sizes)() noexcept;
  /// The `number`th call of a series; what it answered and what the space looks like then.
  std::string (*call)(Space& space, unsigned number);
  std::string (*call_checked)(Checked& space, unsigned number);
  /// What is reserved in one unit is committed in the other.
  Space::StepChange<void> (*reserve_unmap)(Space& space, Range range);
  bool (*commit)(Space::StepChange<void> change) noexcept;
  /// Whether a promise is checked, on either host.
  bool (*second_commit_is_busy)(Space& space) noexcept;
  /// Break a promise where there is no host to tell.
  Address (*value_of)(const Result<Address>& result) noexcept;
  Error (*error_of)(const Result<Address>& result) noexcept;
};

extern const Unit with_ndebug;
extern const Unit without_ndebug;

}  // namespace vmarea::mixed
