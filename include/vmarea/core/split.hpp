// SPDX-License-Identifier: MIT
//
// Cuts one area in two (behaviour specification 7).
//
//   before        [AAAAAAAA)
//   new below     [nnn)[AAA)     A keeps the upper part, its page offset moves
//   new above     [AAA)[nnn)     A keeps the lower part
//
// The new object is a full copy: flags, hooks, attributes, identity; its driver's open is called.
#pragma once

#include "vmarea/core/change.hpp"
#include "vmarea/core/unmap.hpp"

namespace vmarea {

enum class NewPart : unsigned char { below, above };

enum class CountLimit : unsigned char {
  respected,
  ignored,  // For callers that remove as much as they add.
};

template <class S>
using SplitPlan = WindowPlan<S, void>;

/// Requires: area.start < at < area.end, page aligned.
/// Errors: no_memory (the map count limit), or what may_split says.
template <class S>
SplitPlan<S> plan_split(const SpaceState<S>& space, Area<S>& area, Address at, NewPart new_part,
                        CountLimit limit = CountLimit::respected) noexcept {
  require<S>(area.start < at && at < area.end, "a split lies inside the area");
  require<S>(space.services.geometry().aligned(at), "a split lies on a page boundary");
  const bool full = space.area_count >= space.services.limits().area_count_max;
  if (full && limit == CountLimit::respected) return Error::no_memory;
  const Result<void> may_split = ask_may_split<S>(area, at);
  if (!may_split) return may_split.error();
  SplitPlan<S> plan;
  plan.status = success;
  if (new_part == NewPart::below) {
    plan.add() = window_of_cuts(space, area, at);
    return plan;
  }
  Window<S>& window = plan.add();
  window = Window<S>{.extent = area.range(), .event = Event::resized};
  window.add({area.below(at), &area, nullptr, nullptr});
  window.add({area.above(at, space.services.geometry()), nullptr, &area, nullptr});
  return plan;
}

}  // namespace vmarea
