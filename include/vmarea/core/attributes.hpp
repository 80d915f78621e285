// SPDX-License-Identifier: MIT
//
// Policy, userfault context and name of an area, as values; and how a value becomes the one pointer
// that areas carry and merges compare.
//
//   content    {policy, context, name}  --intern-->  const Attributes*       the empty one: null
//
// A pointer is safe to plan with as long as the InterningScope of its change lives; commit retains
// it for each area that gets it.
#pragma once

#include <utility>

#include "vmarea/core/window.hpp"
#include "vmarea/space_state.hpp"

namespace vmarea {

/// What attributes say; empty where there are none.
constexpr Attributes content_of(const Attributes* attributes) noexcept {
  return attributes == nullptr ? Attributes{} : *attributes;
}

template <class S>
constexpr UserfaultContext context_of(const Description<S>& area) noexcept {
  return content_of(area.attributes).userfault_context;
}

/// The one pointer for `content`. Requires: an InterningScope. Errors: no_memory.
template <class S>
Result<const Attributes*> intern(const SpaceState<S>& space, const Attributes& content) noexcept {
  if (content.empty()) return Result<const Attributes*>(nullptr);
  const Attributes* interned = space.services.intern_attributes(content);
  if (interned == nullptr) return Error::no_memory;
  return interned;
}

/// What is left of `attributes`, which some area has, without their userfault context.
template <class S>
const Attributes* without_userfault(const SpaceState<S>& space,
                                    const Attributes* attributes) noexcept {
  const auto rest = intern(space, content_of(attributes).without_userfault());
  require<S>(static_cast<bool>(rest), "what is left without a userfault context is kept with it");
  return *rest;
}

/// Nobody watches the piece of `window` that contains `at` any more, whatever it joined.
template <class S>
void drop_userfault(const SpaceState<S>& space, Window<S>& window, Address at) noexcept {
  for (unsigned i = 0; i < window.pieces.size(); ++i) {
    Description<S>& after = window.pieces[i].after;
    if (!after.range().contains(at)) continue;
    window.changes_access |= after.flags.has_any(flag::userfault_protect);
    after.flags = after.flags.without(flag::userfault);
    after.attributes = without_userfault(space, after.attributes);
  }
}

/// While it lives, interned attributes stay although no area has them. Costs nothing unless
/// `Interns`.
template <class S, bool Interns>
class InterningScope {
 public:
  explicit InterningScope(SpaceState<S>&) noexcept {}
  void end() noexcept {}
};

template <class S>
class InterningScope<S, true> {
 public:
  explicit InterningScope(SpaceState<S>& space) noexcept : space_(&space) {
    space.services.begin_interning();
  }
  InterningScope(InterningScope&& other) noexcept : space_(std::exchange(other.space_, nullptr)) {}
  InterningScope& operator=(InterningScope&&) = delete;
  ~InterningScope() { end(); }
  void end() noexcept {
    SpaceState<S>* space = std::exchange(space_, nullptr);
    if (space != nullptr) space->services.end_interning();
  }

 private:
  SpaceState<S>* space_;
};

}  // namespace vmarea
