// SPDX-License-Identifier: MIT
//
// The second beat: takes everything that may run out before anything is written.
//
//   areas for new pieces, identity links, tree nodes, page-table levels, the commit charge,
//   messages to the userfault contexts that watch what goes
//
// A reservation belongs to one Change. Dropping it gives everything back: a failed call leaves no
// trace. Commit uses it up and never fails.
#pragma once

#include <cstddef>
#include <new>

#include "vmarea/plan/plan.hpp"
#include "vmarea/space/attributes.hpp"
#include "vmarea/space/find.hpp"

namespace vmarea {

/// What a change holds between its second and third beat.
template <class Host>
struct Reservation {
  // A copy between two rests, and its source between two.
  static constexpr unsigned areas_max = 6;

  FixedList<Host, Area<Host>*, areas_max> areas{};
  [[no_unique_address]] typename Host::LinkReservation links;
  [[no_unique_address]] typename Host::EventReservation events;
  typename Host::FileHandle shared_memory{};
  PageCount charge = 0;         // Taken from the host.
  std::size_t nodes = 0;        // Tree nodes that the edits so far may need.
  Area<Host>* written[3] = {};  // By commit: the objects of the last edit's pieces.
};

template <class Host>
void* area_memory(SpaceState<Host>& space) noexcept {
  return space.services.allocate_area(sizeof(Area<Host>), alignof(Area<Host>));
}

/// Takes one more area object. Errors: no_memory.
template <class Host>
Result<void> reserve_area(SpaceState<Host>& space, Reservation<Host>& reserved) noexcept {
  void* memory = area_memory(space);
  if (memory == nullptr) return Error::no_memory;
  reserved.areas.add(::new (memory) Area<Host>{});
  return {};
}

/// Takes `pages` of the commit charge. Errors: no_memory.
template <class Host>
Result<void> reserve_charge(SpaceState<Host>& space, Reservation<Host>& reserved,
                            PageCount pages) noexcept {
  if (pages == 0) return {};
  const Result<void> charged = space.services.charge(pages);
  if (charged) reserved.charge += pages;
  return charged;
}

/// Uses up `charge` pages of what was reserved, or gives pages back where it is negative.
template <class Host>
void settle_charge(SpaceState<Host>& space, Reservation<Host>& reserved,
                   std::int64_t charge) noexcept {
  if (charge > 0) {
    require<Host>(reserved.charge >= static_cast<PageCount>(charge),
                  "commit uses no more charge than was reserved");
    reserved.charge -= static_cast<PageCount>(charge);
  } else if (charge < 0) {
    space.services.uncharge(static_cast<PageCount>(-charge));
  }
  space.charged += static_cast<PageCount>(charge);
}

/// Counts the nodes that an edit needs after edits that made `made_before` new objects: only these
/// make the tree grow, since what a kept one carries had an entry before. An edit that was planned
/// on the result of the one before splits, at worst, every level of a path, wherever that one put
/// its entries.
template <class Host>
VMAREA_INLINED void count_nodes(const SpaceState<Host>& space, Reservation<Host>& reserved,
                                const Step<Host>& step, std::size_t made_before) noexcept {
  constexpr std::size_t more_than_any_node_holds = std::size_t{1} << 16;
  const Edit<Host>& edit = *step.edit;
  const Range range = step.follows() ? step.range : edit.extent;
  const std::size_t before = step.follows() ? more_than_any_node_holds : made_before;
  reserved.nodes +=
      space.tree.nodes_needed(range.start, last_key(range), edit.pieces.size(), before, step.place);
}

/// Takes the links that `piece` needs: a copy's, or those of an identity it gains.
template <class Host>
Result<void> reserve_piece_links(SpaceState<Host>& space, Reservation<Host>& reserved,
                                 const Piece<Host>& piece) noexcept {
  if constexpr (Host::has_reverse_map) {
    if (piece.makes_identity) return space.services.reserve_identity(reserved.links);
    const Area<Host>* from = piece.links_from();
    if (from == nullptr || !piece.after.identity) return {};
    return space.services.reserve_links(reserved.links, *from);
  } else {
    return {};
  }
}

/// Takes the message of a context that watches `area`, some or all of which goes with `range`.
template <class Host>
Result<void> reserve_unmap_event(SpaceState<Host>& space, Reservation<Host>& reserved,
                                 const Description<Host>& area, Range range) noexcept {
  const UserfaultContext context = context_of<Host>(area);
  if (context == 0 || !space.services.userfault_rules(context).unmap_events) return {};
  return space.services.reserve_unmap_event(reserved.events, context, range);
}

/// Takes the messages about everything in `range`, which goes.
template <class Host>
Result<void> reserve_unmap_events(SpaceState<Host>& space, Reservation<Host>& reserved,
                                  Range range) noexcept {
  Result<void> taken;
  if constexpr (Host::has_userfault_events) {
    if (range.empty()) return taken;
    (void)any_in(space, range, [&](const Area<Host>& area) {
      taken = reserve_unmap_event<Host>(space, reserved, area, range);
      return !taken;
    });
  }
  return taken;
}

/// The file behind memory that an edit maps: the piece which is nobody's is of huge pages, or not.
template <class Host>
[[gnu::noinline]] auto make_memory_file(SpaceState<Host>& space, const Edit<Host>& edit) noexcept {
  for (const Piece<Host>& piece : edit.pieces) {
    const unsigned page_shift = piece.is_fresh() ? piece.after.huge_page_shift() : 0;
    if (page_shift == 0) continue;
    return space.services.make_huge_memory(edit.mapped.length(), page_shift);
  }
  return space.services.make_shared_memory(edit.mapped.length());
}

/// Takes all that an edit needs but the nodes, which are counted for reserve_plan().
/// Errors: no_memory, or what charge says.
template <class Host>
Result<void> reserve_edit(SpaceState<Host>& space, Reservation<Host>& reserved,
                          const Step<Host>& step) noexcept {
  const Edit<Host>& edit = *step.edit;
  const std::size_t made_before = reserved.areas.size();
  if (edit.charge > 0) {
    const Result<void> charged =
        reserve_charge(space, reserved, static_cast<PageCount>(edit.charge));
    if (!charged) return charged;
  }
  const bool keeps_range = edit.keeps_range();
  if (keeps_range && edit.keeps_mapping()) return {};
  for (const Piece<Host>& piece : edit.pieces) {
    if (piece.needs_new_object()) {
      const Result<void> area = reserve_area(space, reserved);
      if (!area) return area;
    }
    const Result<void> links = reserve_piece_links(space, reserved, piece);
    if (!links) return links;
  }
  if (edit.new_shared_memory) {
    const auto file = make_memory_file(space, edit);
    if (!file) return file.error();
    reserved.shared_memory = *file;
  }
  if (!keeps_range) count_nodes(space, reserved, step, made_before);
  return step.follows() ? success : reserve_unmap_events(space, reserved, edit.unmapped);
}

/// Takes what a move of pages needs: table levels, and the message of a context that is told.
template <class Host>
Result<void> reserve_page_move(SpaceState<Host>& space, Reservation<Host>& reserved,
                               const Step<Host>& step) noexcept {
  Result<void> taken;
  if constexpr (Host::has_page_tables) {
    if (!step.range.empty()) {
      taken = space.services.reserve_page_move(space.pages, step.range, step.to());
    }
  }
  if constexpr (Host::has_userfault_events) {
    if (taken && step.told != 0) {
      taken = space.services.reserve_remap_event(reserved.events, step.told, step.range, step.to());
    }
  }
  return taken;
}

/// Takes what one step needs.
template <class Host>
VMAREA_INLINED Result<void> reserve_step(SpaceState<Host>& space, Reservation<Host>& reserved,
                                         const Step<Host>& step) noexcept {
  switch (step.kind) {
    case StepKind::edit:
      return reserve_edit(space, reserved, step);
    case StepKind::move_pages:
      return reserve_page_move(space, reserved, step);
    case StepKind::install_page:
      if constexpr (Host::has_page_tables) {
        return space.services.reserve_page(space.pages, step.range.start);
      }
      return {};
    case StepKind::tell_unmapped:
      return reserve_unmap_events(space, reserved, step.range);
    default:
      return {};
  }
}

/// Takes what all steps of `plan` need. Errors: no_memory, or what charge says; what was taken
/// until then is still to be given back.
template <class Host, CallPlan<Host> Plan>
VMAREA_INLINED Result<void> reserve_plan(SpaceState<Host>& space, Reservation<Host>& reserved,
                                         const Plan& plan) noexcept {
  if constexpr (WalkedPlan<Plan, Host>) {
    if (plan.only_in_place()) return reserve_charge(space, reserved, plan.charge);
  }
  Result<void> taken;
  plan.for_each_step(space, [&](const Step<Host>& step) {
    if (taken) taken = reserve_step(space, reserved, step);
  });
  if (taken && reserved.nodes != 0 && !space.tree.reserve(reserved.nodes)) return Error::no_memory;
  return taken;
}

/// Gives back whatever commit did not use.
template <class Host>
void give_back(SpaceState<Host>& space, Reservation<Host>& reserved) noexcept {
  while (!reserved.areas.empty()) {
    Area<Host>* area = reserved.areas.take_last();
    area->~Area<Host>();
    space.services.release_area(area, sizeof(Area<Host>), alignof(Area<Host>));
  }
  if constexpr (Host::has_reverse_map) space.services.unreserve_links(reserved.links);
  if constexpr (Host::has_page_tables) space.services.unreserve_pages(space.pages);
  if constexpr (Host::has_userfault_events) space.services.unreserve_events(reserved.events);
  if (reserved.shared_memory != typename Host::FileHandle{}) {
    space.services.release_file(reserved.shared_memory);
    reserved.shared_memory = {};
  }
  if (reserved.charge != 0) {
    space.services.uncharge(reserved.charge);
    reserved.charge = 0;
  }
  space.tree.unreserve();  // Also where none was counted: joins leave some behind.
  reserved.nodes = 0;
}

}  // namespace vmarea
