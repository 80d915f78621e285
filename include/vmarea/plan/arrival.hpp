// SPDX-License-Identifier: MIT
//
// The own data that comes with memory which an edit places: what the call brings, or a copy of what
// another area has there.
//
//   mmap, brk ...   [****)                  what the caller gave, else AreaData{}
//   mremap          [AA****) ... [****)     A's data, cut to the part that moves
//
// Whose it is in the end, commit says: the new area's, or that of all that joins.
#pragma once

#include "vmarea/types/area.hpp"

namespace vmarea {

/// Of one edit.
template <class Host>
struct Arrival {
  Range range{};                       // Empty: none comes.
  const Area<Host>* copied = nullptr;  // Null: `given` comes.
  Range copied_part{};                 // Of that area.
  typename Host::AreaData given{};
};

/// What a plan brings, for its first edit; empty for hosts without own data.
template <class Host, bool Present = has_own_data<Host>>
struct PlannedArrival {
  void brings(Range, DataRef<Host> = {}) noexcept {}
  void brings_copy(Range, const Area<Host>&, Range) noexcept {}
};
template <class Host>
class PlannedArrival<Host, true> {
 public:
  /// `data` comes to `range`; a null one is AreaData{}.
  void brings(Range range, DataRef<Host> data = {}) noexcept {
    arrival_.range = range;
    if (data.data != nullptr) arrival_.given = *data.data;
  }
  /// A copy of what is `part`'s of the data of `area` comes to `range`.
  void brings_copy(Range range, const Area<Host>& area, Range part) noexcept {
    arrival_.range = range;
    arrival_.copied = &area;
    arrival_.copied_part = part;
  }
  const Arrival<Host>& arrival() const noexcept { return arrival_; }

 private:
  Arrival<Host> arrival_;
};

/// What a step refers to; empty for hosts without own data.
template <class Host, bool Present = has_own_data<Host>>
struct ArrivalRef {
  static constexpr ArrivalRef of(const PlannedArrival<Host>&) noexcept { return {}; }
};
template <class Host>
struct ArrivalRef<Host, true> {
  const Arrival<Host>* arrival = nullptr;  // Null: none comes.

  static constexpr ArrivalRef of(const PlannedArrival<Host>& planned) noexcept {
    const Arrival<Host>& arrival = planned.arrival();
    return {arrival.range.empty() ? nullptr : &arrival};
  }
};

}  // namespace vmarea
