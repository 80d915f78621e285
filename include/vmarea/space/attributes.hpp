// SPDX-License-Identifier: MIT
//
// Policy, userfault context and name of an area, as values; and how a value becomes the one pointer
// that areas carry and merges compare.
//
//   content    {policy, context, name}  --intern-->  const Attributes*       the empty one: null
//
// A pointer is safe to plan with while its change is under way (InterningScope); commit retains it
// for each area that gets it.
#pragma once

#include "vmarea/space/space_state.hpp"

namespace vmarea {

/// What attributes say; empty where there are none.
constexpr Attributes content_of(const Attributes* attributes) noexcept {
  return attributes == nullptr ? Attributes{} : *attributes;
}

template <class Host>
constexpr UserfaultContext context_of(const Description<Host>& area) noexcept {
  return content_of(area.attributes).userfault_context;
}

/// The one pointer for `content`. Requires: an InterningScope, unless some area keeps the content.
/// Errors: no_memory.
template <class Host>
Result<const Attributes*> intern(const SpaceState<Host>& space,
                                 const Attributes& content) noexcept {
  if (content.empty()) return Result<const Attributes*>(nullptr);
  const Attributes* interned = space.services.intern_attributes(content);
  if (interned == nullptr) return Error::no_memory;
  return interned;
}

/// What is left of `attributes`, which some area has, without their userfault context; it stays as
/// long as they do.
template <class Host>
const Attributes* without_userfault(const SpaceState<Host>& space,
                                    const Attributes* attributes) noexcept {
  const auto rest = intern(space, content_of(attributes).without_userfault());
  require<Host>(static_cast<bool>(rest),
                "what is left without a userfault context is kept with it");
  return *rest;
}

}  // namespace vmarea
