// SPDX-License-Identifier: MIT
//
// The second beat: takes everything that may run out before anything is written.
//
//   areas for new pieces, identity links, tree nodes, page-table levels, the commit charge,
//   messages to those who watch what goes
//
// A reservation belongs to one Change. Dropping it gives everything back: a failed call leaves no
// trace. Commit takes from it and never fails.
#pragma once

#include <cstddef>
#include <new>

#include "vmarea/plan/edit.hpp"
#include "vmarea/space/attributes.hpp"

namespace vmarea {

/// What a change holds between its second and third beat.
template <class Host>
struct Reservation {
  // A copy between two rests, and its source between two.
  static constexpr std::size_t areas_max = 6;

  Area<Host>* areas[areas_max] = {};
  std::size_t area_count = 0;
  [[no_unique_address]] typename Host::LinkReservation links;
  [[no_unique_address]] typename Host::EventReservation events;
  typename Host::FileHandle shared_memory{};
  PageCount charge = 0;    // Taken from the host.
  std::size_t growth = 0;  // Entries that the edits so far may add to the tree.
  std::size_t nodes = 0;   // Tree nodes that the edits so far may need.
};

template <class Host>
void* area_memory(SpaceState<Host>& space) noexcept {
  return space.services.allocate_area(sizeof(Area<Host>), alignof(Area<Host>));
}

/// Takes one more area object. Errors: no_memory.
template <class Host>
Result<void> reserve_area(SpaceState<Host>& space, Reservation<Host>& reserved) noexcept {
  require<Host>(reserved.area_count < Reservation<Host>::areas_max,
                "a change makes at most six areas");
  void* memory = area_memory(space);
  if (memory == nullptr) return Error::no_memory;
  reserved.areas[reserved.area_count++] = ::new (memory) Area<Host>{};
  return {};
}

template <class Host>
Area<Host>* use_reserved_area(Reservation<Host>& reserved) noexcept {
  require<Host>(reserved.area_count > 0, "commit uses no more areas than were reserved");
  return reserved.areas[--reserved.area_count];
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

/// Counts the nodes that `edit` needs. Only new objects make the tree grow: what a kept one
/// carries had an entry before.
template <class Host>
void count_nodes(const SpaceState<Host>& space, Reservation<Host>& reserved,
                 const Edit<Host>& edit) noexcept {
  reserved.nodes += space.tree.nodes_needed(edit.extent.start, last_key(edit.extent),
                                            edit.pieces.size(), reserved.growth);
  for (unsigned i = 0; i < edit.pieces.size(); ++i) {
    if (edit.pieces[i].object == nullptr) ++reserved.growth;
  }
}

/// Counts the nodes for an edit that was planned on another one's result: at worst it splits every
/// level of a path, wherever the other edit put its entries.
template <class Host>
void count_nodes_at_worst(const SpaceState<Host>& space, Reservation<Host>& reserved, Range extent,
                          std::size_t pieces) noexcept {
  constexpr std::size_t more_than_any_node_holds = std::size_t{1} << 16;
  reserved.nodes +=
      space.tree.nodes_needed(extent.start, last_key(extent), pieces, more_than_any_node_holds);
}

/// Takes the links that `piece` needs: a copy's, or those of an identity it gains.
template <class Host>
Result<void> reserve_piece_links(SpaceState<Host>& space, Reservation<Host>& reserved,
                                 const Piece<Host>& piece) noexcept {
  if constexpr (Host::has_reverse_map) {
    if (piece.makes_identity) return space.services.reserve_identity(reserved.links);
    const Area<Host>* from = piece.identity_from;
    if (from == nullptr && piece.object == nullptr) from = piece.copied;
    if (from == nullptr || !piece.after.identity) return {};
    return space.services.reserve_links(reserved.links, *from);
  } else {
    return {};
  }
}

/// The length of the piece that is neither kept nor copied.
template <class Host>
std::uint64_t new_range_length(const Edit<Host>& edit) noexcept {
  for (unsigned i = 0; i < edit.pieces.size(); ++i) {
    const Piece<Host>& piece = edit.pieces[i];
    if (piece.object == nullptr && piece.copied == nullptr) return piece.after.length();
  }
  return 0;
}

/// Takes the charge, areas, links and shared memory that `edit` needs.
/// Errors: no_memory, or what charge says.
template <class Host>
Result<void> reserve_but_nodes(SpaceState<Host>& space, Reservation<Host>& reserved,
                               const Edit<Host>& edit) noexcept {
  if (edit.charge > 0) {
    const Result<void> charged =
        reserve_charge(space, reserved, static_cast<PageCount>(edit.charge));
    if (!charged) return charged;
  }
  if (edit.in_place()) return {};
  for (unsigned i = 0; i < edit.pieces.size(); ++i) {
    const Piece<Host>& piece = edit.pieces[i];
    if (piece.object == nullptr) {
      const Result<void> area = reserve_area(space, reserved);
      if (!area) return area;
    }
    const Result<void> links = reserve_piece_links(space, reserved, piece);
    if (!links) return links;
  }
  if (edit.new_shared_memory) {
    const auto file = space.services.make_shared_memory(new_range_length(edit));
    if (!file) return file.error();
    reserved.shared_memory = *file;
  }
  return {};
}

/// Takes the message for whoever watches `area`, some or all of which goes with `range`.
template <class Host>
Result<void> reserve_unmap_event(SpaceState<Host>& space, Reservation<Host>& reserved,
                                 const Description<Host>& area, Range range) noexcept {
  if constexpr (Host::has_userfault_events) {
    const UserfaultContext context = context_of<Host>(area);
    if (context != 0 && space.services.userfault_rules(context).unmap_events) {
      return space.services.reserve_unmap_event(reserved.events, context, range);
    }
  }
  return {};
}

/// Takes the messages about everything in `range`, which goes.
template <class Host>
Result<void> reserve_unmap_events(SpaceState<Host>& space, Reservation<Host>& reserved,
                                  Range range) noexcept {
  Result<void> taken;
  if constexpr (Host::has_userfault_events) {
    if (range.empty()) return taken;
    auto cursor = space.tree.seek(range.start);
    for (auto entry = cursor.entry(); taken && entry && entry.first < range.end;
         cursor.next(), entry = cursor.entry()) {
      taken = reserve_unmap_event<Host>(space, reserved, *entry.value, range);
    }
  }
  return taken;
}

/// Takes all that `edit` needs but the nodes, which are counted for reserve_nodes.
/// Requires: the edit was planned on the tree as it stands. Errors: as reserve_but_nodes.
template <class Host>
Result<void> reserve_edit(SpaceState<Host>& space, Reservation<Host>& reserved,
                          const Edit<Host>& edit) noexcept {
  Result<void> taken = reserve_but_nodes(space, reserved, edit);
  if (taken) taken = reserve_unmap_events(space, reserved, edit.unmapped);
  if (taken && !edit.keeps_range()) count_nodes(space, reserved, edit);
  return taken;
}

/// Takes the nodes that were counted. Errors: no_memory.
template <class Host>
Result<void> reserve_nodes(SpaceState<Host>& space, const Reservation<Host>& reserved) noexcept {
  if (reserved.nodes == 0 || space.tree.reserve(reserved.nodes)) return {};
  return Error::no_memory;
}

/// Gives back whatever commit did not take.
template <class Host>
void give_back(SpaceState<Host>& space, Reservation<Host>& reserved) noexcept {
  while (reserved.area_count > 0) {
    Area<Host>* area = use_reserved_area(reserved);
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
