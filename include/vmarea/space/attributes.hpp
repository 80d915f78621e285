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

#include "vmarea/plan/edit.hpp"
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

/// The one pointer for `content`. Requires: an InterningScope. Errors: no_memory.
template <class Host>
Result<const Attributes*> intern(const SpaceState<Host>& space,
                                 const Attributes& content) noexcept {
  if (content.empty()) return Result<const Attributes*>(nullptr);
  const Attributes* interned = space.services.intern_attributes(content);
  if (interned == nullptr) return Error::no_memory;
  return interned;
}

/// What is left of `attributes`, which some area has, without their userfault context.
template <class Host>
const Attributes* without_userfault(const SpaceState<Host>& space,
                                    const Attributes* attributes) noexcept {
  const auto rest = intern(space, content_of(attributes).without_userfault());
  require<Host>(static_cast<bool>(rest),
                "what is left without a userfault context is kept with it");
  return *rest;
}

/// Nobody watches the piece of `edit` that contains `at` any more, whatever it joined.
template <class Host>
void drop_userfault(const SpaceState<Host>& space, Edit<Host>& edit, Address at) noexcept {
  for (unsigned i = 0; i < edit.pieces.size(); ++i) {
    Description<Host>& after = edit.pieces[i].after;
    if (!after.range().contains(at)) continue;
    edit.changes_access |= after.flags.has_any(flag::userfault_protect);
    after.flags = after.flags.without(flag::userfault);
    after.attributes = without_userfault(space, after.attributes);
  }
}

/// While it lives, interned attributes stay although no area has them. Costs nothing unless
/// `Interns`.
template <class Host, bool Interns>
class InterningScope {
 public:
  explicit InterningScope(SpaceState<Host>&) noexcept {}
  void end() noexcept {}
};

template <class Host>
class InterningScope<Host, true> {
 public:
  explicit InterningScope(SpaceState<Host>& space) noexcept : space_(&space) {
    space.services.begin_interning();
  }
  InterningScope(InterningScope&& other) noexcept : space_(std::exchange(other.space_, nullptr)) {}
  InterningScope& operator=(InterningScope&&) = delete;
  ~InterningScope() { end(); }
  void end() noexcept {
    SpaceState<Host>* space = std::exchange(space_, nullptr);
    if (space != nullptr) space->services.end_interning();
  }

 private:
  SpaceState<Host>* space_;
};

}  // namespace vmarea
