// SPDX-License-Identifier: MIT
//
// Lookups without a lock, beside calls on other threads.
//
//   const auto lookups = space.lookups();             a read section: never waits, never fails
//   const auto seen = lookups.find(at);               as one moment had it
//   if (!seen || !seen.flags.has_any(flag::write)) report_fault(at);
//
// What is seen is a copy. The area itself may be changing, or be gone: its address says which one
// it is and is good for comparing, until the section ends. Between two lookups anything may happen,
// and between the edits of one call, too: a lookup may find the area that mremap made, and the next
// one still the old one. Whoever wants several answers to agree takes the lock: lock_shared().
#pragma once

#include "vmarea/space/coverage.hpp"
#include "vmarea/space/space_state.hpp"

namespace vmarea {

/// An area as one moment had it.
template <class Host>
struct SeenArea {
  Range range{};
  Flags flags{};
  const Area<Host>* area = nullptr;  // Not to be read. Null: nothing was there.

  explicit operator bool() const noexcept { return area != nullptr; }
  friend bool operator==(const SeenArea&, const SeenArea&) = default;
};

/// A read section of a space, until it ends. Requires: the space lives longer.
template <class Host>
class [[nodiscard]] Lookups {
 public:
  explicit Lookups(const SpaceState<Host>& space) noexcept
      : space_(space), section_(space.services.begin_read_section()) {}
  Lookups(const Lookups&) = delete;
  Lookups& operator=(const Lookups&) = delete;
  ~Lookups() { space_.services.end_read_section(section_); }

  /// The area that contains `at`; empty where none did. Never waits and never looks twice.
  SeenArea<Host> find(Address at) const noexcept { return seen(space_.tree.look_up(at)); }
  /// The area that contains `at`, else the first one above it; empty where neither was. Looks again
  /// each time that the tree changes just then.
  SeenArea<Host> find_at_or_above(Address at) const noexcept {
    return seen(space_.tree.look_up_at_or_above(at));
  }
  /// Calls visit(seen) for areas that have a byte in `range`, whole; their ends ascend. Each was
  /// there at one moment, not all at the same. One that stays as it is all the while is seen, once;
  /// one whose start moves down meanwhile may reach into what was seen before it.
  template <class Visit>
  void for_each(Range range, Visit&& visit) const {
    for (Address at = range.start; at < range.end;) {
      const SeenArea<Host> area = find_at_or_above(at);
      if (!area || area.range.start >= range.end) return;
      visit(area);
      at = area.range.end;
    }
  }

  /// Whether all of `range` may be accessed so; see AddressSpace::covers. Each part as one moment
  /// of the call had it, not all at the same: where calls on the range go on, it says no more than
  /// that a copy could have come so far. Never waits, and looks at no address twice.
  Coverage covers(Range range, Protection access) const noexcept {
    return coverage_of(range, access, [this](Address at) noexcept -> AccessedArea {
      const SeenArea<Host> area = find(at);
      return {area.range.end, area.flags};
    });
  }
  Coverage covers(Address start, std::uint64_t length, Protection access) const noexcept {
    return covers({start, start + length}, access);
  }

 private:
  using Told = typename SpaceState<Host>::Tree::Told;
  static SeenArea<Host> seen(const Told& told) noexcept {
    if (!told) return {};
    return {{told.first, told.last + 1}, AreaFacts::flags(told.facts), told.value};
  }

  const SpaceState<Host>& space_;
  [[no_unique_address]] const typename Host::ReadSection section_;
};

}  // namespace vmarea
