// SPDX-License-Identifier: MIT
//
// The lock of those who look at a space and change nothing.
//
//   const auto reading = space.lock_shared();     any number of readers, and no writer
//   if (!reading) return reading.error();         the host refused: interrupted
//   use(space.find(at));                          what is found stands until `reading` ends
//
// Lookups do not take it by themselves: one thread alone needs none, and several lookups agree with
// each other only if one lock covers all of them.
#pragma once

#include <utility>

#include "vmarea/space/space_state.hpp"
#include "vmarea/types/result.hpp"

namespace vmarea {

/// The read lock of a space, until it ends; it is given on by moving.
template <class Host>
class [[nodiscard]] SpaceReadLock {
 public:
  /// Holds nothing.
  SpaceReadLock() noexcept = default;
  /// Errors: what lock_space_shared of the host answers, which is interrupted.
  static Result<SpaceReadLock> take(const SpaceState<Host>& space) noexcept {
    const Result<void> taken = space.services.lock_space_shared(space.lock);
    if (!taken) return taken.error();
    return SpaceReadLock(space);
  }
  SpaceReadLock(SpaceReadLock&& other) noexcept : space_(std::exchange(other.space_, nullptr)) {}
  SpaceReadLock& operator=(SpaceReadLock&& other) noexcept {
    if (this != &other) {
      release();
      space_ = std::exchange(other.space_, nullptr);
    }
    return *this;
  }
  ~SpaceReadLock() { release(); }
  /// Unlocks before the end of the scope.
  void release() noexcept {
    const SpaceState<Host>* const space = std::exchange(space_, nullptr);
    if (space != nullptr) space->services.unlock_space_shared(space->lock);
  }
  bool held() const noexcept { return space_ != nullptr; }

 private:
  explicit SpaceReadLock(const SpaceState<Host>& space) noexcept : space_(&space) {}
  const SpaceState<Host>* space_ = nullptr;
};

}  // namespace vmarea
