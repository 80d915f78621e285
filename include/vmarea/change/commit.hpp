// SPDX-License-Identifier: MIT
//
// The third beat, and the only one that writes: makes the steps of a plan in their order. It cannot
// fail and allocates nothing.
#pragma once

#include "vmarea/change/commit_edit.hpp"

namespace vmarea {

/// Where the edit goes on from the one before, that one's objects are known now.
template <class Host>
Edit<Host> with_known_objects(const Edit<Host>& edit, const Reservation<Host>& reserved) noexcept {
  const auto written_by = [&reserved](MadeBy piece) {
    return reserved.written[static_cast<unsigned>(piece) - 1];
  };
  Edit<Host> known = edit;
  for (Piece<Host>& piece : known.pieces) {
    if (piece.object_made_by != MadeBy::none) {
      piece.object = written_by(piece.object_made_by);
      piece.copied = nullptr;
    }
    if (piece.copied_made_by != MadeBy::none) piece.copied = written_by(piece.copied_made_by);
  }
  return known;
}

template <class Host>
void commit_edit(SpaceState<Host>& space, const Edit<Host>& edit,
                 Reservation<Host>& reserved) noexcept {
  const bool keeps_range = edit.keeps_range();
  if (keeps_range && edit.keeps_mapping()) return commit_in_place(space, edit, reserved);
  EditCommit<Host>(space, edit, reserved).run(keeps_range);
}

/// Makes one step. Requires: the space lock; everything reserved; the steps before are made.
template <class Host>
VMAREA_INLINED void commit_step(SpaceState<Host>& space, const Step<Host>& step,
                                Reservation<Host>& reserved) noexcept {
  switch (step.kind) {
    case StepKind::edit:
      if (step.moved_from != nullptr) {
        // No page may be faulted in while it is under way.
        space.services.begin_area_write(space.lock, step.moved_from->lock);
      }
      if (step.follows()) {
        commit_edit(space, with_known_objects(*step.edit, reserved), reserved);
      } else {
        commit_edit(space, *step.edit, reserved);
      }
      break;
    case StepKind::move_pages:
      if constexpr (Host::has_page_tables) {
        if (!step.range.empty()) space.services.move_pages(space.pages, step.range, step.to());
      }
      break;
    case StepKind::drop_pages:
      if constexpr (Host::has_page_tables) space.services.unmap_pages(space.pages, step.range);
      break;
    case StepKind::install_page:
      if constexpr (Host::has_page_tables) {
        space.services.install_page(space.pages, step.range.start);
      }
      break;
    case StepKind::free_tables:
      if constexpr (Host::has_page_tables) {
        space.services.free_tables(space.pages, step.range, step.tables_between);
      }
      break;
    case StepKind::tell_unmapped:
      break;  // Sent with all the others, when everything has happened.
    case StepKind::set_brk:
      space.layout.brk = step.value;
      break;
    case StepKind::set_default_flags:
      space.default_flags = Flags(step.value);
      break;
    case StepKind::set_same_page_merging:
      space.modes.merges_same_pages = step.value != 0;
      break;
    case StepKind::set_write_exec:
      space.modes.write_exec = WriteExecFlags(step.value);
      break;
  }
}

/// Makes all steps of a plan in their order, and sends the messages about them.
template <class Host, CallPlan<Host> Plan>
VMAREA_INLINED void commit_plan(SpaceState<Host>& space, const Plan& plan,
                                Reservation<Host>& reserved) noexcept {
  plan.for_each_step(space, [&](const Step<Host>& step) { commit_step(space, step, reserved); });
  if constexpr (Host::has_userfault_events) space.services.send_events(reserved.events);
}

/// Takes everything out, as exit does: neither seals nor drivers are asked. Requires: the space
/// lock.
template <class Host>
void clear_locked(SpaceState<Host>& space) noexcept {
  if (space.area_count == 0) return;
  const Range all{0, space.services.geometry().limit};
  const Edit<Host> edit{.extent = all,
                        .totals = -space.totals,
                        .charge = -static_cast<std::int64_t>(space.charged),
                        .unmapped = all,
                        .tables_between = all,
                        .event = Event::unmapped};
  Reservation<Host> nothing;
  commit_edit(space, edit, nothing);
  space.tree.unreserve();
}

}  // namespace vmarea
