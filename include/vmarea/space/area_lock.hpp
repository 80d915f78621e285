// SPDX-License-Identifier: MIT
//
// The read lock of one area: it stays as it is, whole and in its place, while the rest of the space
// is changed. What a fault handler of a kernel or hypervisor wants while it fills a page.
//
//   const auto area = space.lock_area(at);
//   if (!area) return area.error();            // bad_address: nothing is mapped there
//   fill_page(*(*area), at);                   // read it as a const Area&
//
// It waits for nobody but a call that is changing this very area.
#pragma once

#include <utility>

#include "vmarea/space/find.hpp"
#include "vmarea/space/lookups.hpp"
#include "vmarea/space/read_lock.hpp"

namespace vmarea {

/// The read lock of an area, until it ends; it is given on by moving. Requires: a thread that holds
/// one makes no call on the space and locks neither it nor another of its areas, for each of them
/// may wait for a call that waits for this area; and lets go before the space ends.
template <class Host>
class [[nodiscard]] AreaReadLock {
 public:
  /// Holds nothing.
  AreaReadLock() noexcept = default;
  AreaReadLock(AreaReadLock&& other) noexcept
      : services_(other.services_), area_(std::exchange(other.area_, nullptr)) {}
  AreaReadLock& operator=(AreaReadLock&& other) noexcept {
    if (this != &other) {
      release();
      services_ = other.services_;
      area_ = std::exchange(other.area_, nullptr);
    }
    return *this;
  }
  ~AreaReadLock() { release(); }

  /// Errors: bad_address (no area contains `at`), interrupted (as lock_space_shared() of the host
  /// says), try_again (more readers than the host can count).
  static Result<AreaReadLock> take(const SpaceState<Host>& space, Address at) noexcept {
    {
      const Lookups<Host> lookups(space);
      Area<Host>* const area = space.tree.look_up(at).value;
      if (area == nullptr) return Error::bad_address;
      AreaReadLock read = begin(space, *area);
      // It may have moved away, or lost its upper part, before it was locked.
      if (read.held() && area->range().contains(at)) return read;
    }
    const Result<SpaceReadLock<Host>> still = SpaceReadLock<Host>::take(space);
    if (!still) return still.error();
    Area<Host>* const area = find_object(space, at);
    if (area == nullptr) return Error::bad_address;
    AreaReadLock read = begin(space, *area);
    if (!read.held()) return Error::try_again;
    return read;
  }

  /// Requires: held().
  const Area<Host>& operator*() const noexcept { return *area_; }
  const Area<Host>* operator->() const noexcept { return area_; }
  bool held() const noexcept { return area_ != nullptr; }
  /// Lets go before the end of the scope.
  void release() noexcept {
    Area<Host>* const area = std::exchange(area_, nullptr);
    if (area != nullptr) services_->end_area_read(area->lock);
  }

 private:
  static AreaReadLock begin(const SpaceState<Host>& space, Area<Host>& area) noexcept {
    AreaReadLock read;
    if (space.services.begin_area_read(space.lock, area.lock)) {
      read.services_ = &space.services;
      read.area_ = &area;
    }
    return read;
  }

  const Host* services_ = nullptr;
  Area<Host>* area_ = nullptr;
};

}  // namespace vmarea
