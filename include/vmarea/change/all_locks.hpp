// SPDX-License-Identifier: MIT
//
// All locks of a space at once (rules 21): for a caller that has to see that nothing changes
// anywhere, a watcher that registers itself for instance.
//
//   space > one such operation at a time > every area > file mappings > identity roots
//
// Huge TLB files come before all others. Areas share mappings and roots: a mark on each, kept by
// the host and protected by being the one such operation, says that it is locked already, so that
// nothing has to be remembered here. Area write locks end with the space lock.
//
//   const AllLocks<Host> locks(space.state());      for hosts that declare has_lock_all
//   if (!locks.taken()) ...                         a signal: nothing below the space is locked
#pragma once

#include <utility>

#include "vmarea/change/lock_scope.hpp"
#include "vmarea/space/find.hpp"

namespace vmarea {

/// Unlocks what take_all_locks() locked. Requires: the space lock, held since.
template <class Host>
void drop_all_locks(SpaceState<Host>& space) noexcept {
  Host& services = space.services;
  services.assert_space_locked(space.lock);
  if constexpr (Host::has_reverse_map) {
    for (auto cursor = space.tree.seek(0); cursor.entry(); cursor.next()) {
      const Area<Host>& area = *cursor.entry().value;
      if (area.identity && services.unmark_identity(area.identity)) {
        services.unlock_identity(area.identity);
      }
      const bool has_file = area.file != typename Host::FileHandle{};
      if (has_file && services.unmark_file_mapping(area.file)) {
        services.unlock_file_mapping(area.file);
      }
    }
  }
  services.end_lock_all();
}

/// Visits every area, unless a signal is pending before. Errors: interrupted.
template <class Host, class Visit>
Result<void> for_each_unless_signal(SpaceState<Host>& space, Visit&& visit) noexcept {
  for (auto cursor = space.tree.seek(0); cursor.entry(); cursor.next()) {
    if (space.services.signal_pending()) return Error::interrupted;
    visit(*cursor.entry().value);
  }
  return {};
}

/// Requires: the space lock, and that it is held until drop_all_locks(); no other space is locked
/// like this by the same thread. Errors: interrupted; everything is unlocked again then.
template <class Host>
Result<void> take_all_locks(SpaceState<Host>& space) noexcept {
  Host& services = space.services;
  services.assert_space_locked(space.lock);
  services.begin_lock_all();
  Result<void> taken = for_each_unless_signal(
      space, [&](Area<Host>& area) { services.begin_area_write(space.lock, area.lock); });
  if constexpr (Host::has_reverse_map) {
    const auto lock_files = [&](Flags wanted) {
      return for_each_unless_signal(space, [&](Area<Host>& area) {
        if (area.file == typename Host::FileHandle{}) return;
        if ((area.flags & flag::huge_tlb) != wanted) return;
        if (services.mark_file_mapping(area.file)) services.lock_file_mapping(area.file);
      });
    };
    if (taken) taken = lock_files(flag::huge_tlb);
    if (taken) taken = lock_files({});
    if (taken) {
      taken = for_each_unless_signal(space, [&](Area<Host>& area) {
        if (area.identity && services.mark_identity(area.identity)) {
          services.lock_identity(area.identity);
        }
      });
    }
  }
  if (!taken) drop_all_locks(space);
  return taken;
}

/// The space lock and all locks below it, as a scope.
template <class Host>
class [[nodiscard]] AllLocks {
 public:
  explicit AllLocks(SpaceState<Host>& space) noexcept
      : space_(&space),
        lock_(space),
        taken_(lock_.taken() ? take_all_locks(space) : lock_.taken()) {}
  AllLocks(AllLocks&& other) noexcept
      : space_(std::exchange(other.space_, nullptr)),
        lock_(std::move(other.lock_)),
        taken_(other.taken_) {}
  AllLocks& operator=(AllLocks&&) = delete;
  ~AllLocks() {
    if (space_ != nullptr && taken_) drop_all_locks(*space_);
  }
  /// Errors: interrupted; nothing is locked then but, until the end of the scope, the space.
  Result<void> taken() const noexcept { return taken_; }

 private:
  SpaceState<Host>* space_;
  SpaceWriteLock<Host> lock_;
  Result<void> taken_;
};

}  // namespace vmarea
