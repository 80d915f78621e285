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

#include "vmarea/change/change.hpp"
#include "vmarea/plan/clear.hpp"

namespace vmarea {

enum class NewPart : unsigned char { below, above };

enum class CountLimit : unsigned char {
  respected,
  ignored,  // For callers that remove as much as they add.
};

template <class Host>
using SplitPlan = StepPlan<Host, void>;

/// Requires: area.start < at < area.end, page aligned.
/// Errors: no_memory (the map count limit), or what may_split says.
template <class Host>
SplitPlan<Host> plan_split(const SpaceState<Host>& space, Area<Host>& area, Address at,
                           NewPart new_part, CountLimit limit = CountLimit::respected) noexcept {
  require<Host>(area.start < at && at < area.end, "a split lies inside the area");
  require<Host>(space.services.geometry().aligned(at), "a split lies on a page boundary");
  const bool full = space.area_count >= space.services.limits().area_count_max;
  if (full && limit == CountLimit::respected) return Error::no_memory;
  const Result<void> may_split = ask_may_split<Host>(area, at);
  if (!may_split) return may_split.error();
  SplitPlan<Host> plan;
  plan.status = success;
  if (new_part == NewPart::below) {
    plan.add() = edit_of_cuts(space, area, at);
    return plan;
  }
  Edit<Host>& edit = plan.add();
  edit = Edit<Host>{.extent = area.range(), .event = Event::resized};
  edit.add({area.below(at), &area, nullptr, nullptr});
  edit.add({area.above(at, space.services.geometry()), nullptr, &area, nullptr});
  return plan;
}

}  // namespace vmarea
