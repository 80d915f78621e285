// SPDX-License-Identifier: MIT
//
// What a change holds from its first beat to its last, as scopes: the write lock of the space, and
// the promise of the host that interned attributes stay.
#pragma once

#include <utility>

#include "vmarea/space/space_state.hpp"

namespace vmarea {

/// The write lock of a space.
template <class Host>
class SpaceWriteLock {
 public:
  explicit SpaceWriteLock(SpaceState<Host>& space) noexcept
      : space_(space), taken_(space.services.lock_space(space.lock)), held_(taken_) {}
  /// One that was never taken.
  SpaceWriteLock(SpaceState<Host>& space, Error why) noexcept
      : space_(space), taken_(why), held_(false) {}
  SpaceWriteLock(SpaceWriteLock&& other) noexcept
      : space_(other.space_), taken_(other.taken_), held_(std::exchange(other.held_, false)) {}
  SpaceWriteLock& operator=(SpaceWriteLock&&) = delete;
  ~SpaceWriteLock() { release(); }
  void release() noexcept {
    if (std::exchange(held_, false)) space_.services.unlock_space(space_.lock);
  }
  /// Errors: interrupted.
  Result<void> taken() const noexcept { return taken_; }

 private:
  SpaceState<Host>& space_;
  Result<void> taken_;
  bool held_;
};

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
