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

#include "vmarea/core/attributes.hpp"
#include "vmarea/core/window.hpp"

namespace vmarea {

/// What a change holds between its second and third beat.
template <class S>
struct Reservation {
  // A copy between two rests, and its source between two.
  static constexpr std::size_t areas_max = 6;

  Area<S>* areas[areas_max] = {};
  std::size_t area_count = 0;
  [[no_unique_address]] typename S::LinkReservation links;
  [[no_unique_address]] typename S::EventReservation events;
  typename S::FileHandle shared_memory{};
  PageCount charge = 0;    // Taken from the host.
  std::size_t growth = 0;  // Entries that the windows so far may add to the tree.
  std::size_t nodes = 0;   // Tree nodes that the windows so far may need.
};

template <class S>
void* area_memory(SpaceState<S>& space) noexcept {
  return space.services.allocate_area(sizeof(Area<S>), alignof(Area<S>));
}

/// Takes one more area object. Errors: no_memory.
template <class S>
Result<void> reserve_area(SpaceState<S>& space, Reservation<S>& reserved) noexcept {
  require<S>(reserved.area_count < Reservation<S>::areas_max, "a change makes at most six areas");
  void* memory = area_memory(space);
  if (memory == nullptr) return Error::no_memory;
  reserved.areas[reserved.area_count++] = ::new (memory) Area<S>{};
  return {};
}

template <class S>
Area<S>* take_area(Reservation<S>& reserved) noexcept {
  require<S>(reserved.area_count > 0, "commit uses no more areas than were reserved");
  return reserved.areas[--reserved.area_count];
}

/// Takes `pages` of the commit charge. Errors: no_memory.
template <class S>
Result<void> reserve_charge(SpaceState<S>& space, Reservation<S>& reserved,
                            PageCount pages) noexcept {
  if (pages == 0) return {};
  const Result<void> charged = space.services.charge(pages);
  if (charged) reserved.charge += pages;
  return charged;
}

/// Counts the nodes that `window` needs. Only new objects make the tree grow: what a kept one
/// carries had an entry before.
template <class S>
void count_nodes(const SpaceState<S>& space, Reservation<S>& reserved,
                 const Window<S>& window) noexcept {
  reserved.nodes += space.tree.nodes_needed(window.extent.start, last_key(window.extent),
                                            window.pieces.size(), reserved.growth);
  for (unsigned i = 0; i < window.pieces.size(); ++i) {
    if (window.pieces[i].object == nullptr) ++reserved.growth;
  }
}

/// Counts the nodes for a window that was planned on another one's result: at worst it splits every
/// level of a path, wherever the other window put its entries.
template <class S>
void count_nodes_at_worst(const SpaceState<S>& space, Reservation<S>& reserved, Range extent,
                          std::size_t pieces) noexcept {
  constexpr std::size_t more_than_any_node_holds = std::size_t{1} << 16;
  reserved.nodes +=
      space.tree.nodes_needed(extent.start, last_key(extent), pieces, more_than_any_node_holds);
}

/// Takes the links that `piece` needs: a copy's, or those of an identity it gains.
template <class S>
Result<void> reserve_piece_links(SpaceState<S>& space, Reservation<S>& reserved,
                                 const Piece<S>& piece) noexcept {
  if constexpr (S::has_reverse_map) {
    if (piece.makes_identity) return space.services.reserve_identity(reserved.links);
    const Area<S>* from = piece.identity_from;
    if (from == nullptr && piece.object == nullptr) from = piece.copied;
    if (from == nullptr || !piece.after.identity) return {};
    return space.services.reserve_links(reserved.links, *from);
  } else {
    return {};
  }
}

/// The length of the piece that is neither kept nor copied.
template <class S>
std::uint64_t new_range_length(const Window<S>& window) noexcept {
  for (unsigned i = 0; i < window.pieces.size(); ++i) {
    const Piece<S>& piece = window.pieces[i];
    if (piece.object == nullptr && piece.copied == nullptr) return piece.after.length();
  }
  return 0;
}

/// Takes the charge, areas, links and shared memory that `window` needs.
/// Errors: no_memory, or what charge says.
template <class S>
Result<void> reserve_but_nodes(SpaceState<S>& space, Reservation<S>& reserved,
                               const Window<S>& window) noexcept {
  if (window.charge > 0) {
    const Result<void> charged =
        reserve_charge(space, reserved, static_cast<PageCount>(window.charge));
    if (!charged) return charged;
  }
  if (window.in_place()) return {};
  for (unsigned i = 0; i < window.pieces.size(); ++i) {
    const Piece<S>& piece = window.pieces[i];
    if (piece.object == nullptr) {
      const Result<void> area = reserve_area(space, reserved);
      if (!area) return area;
    }
    const Result<void> links = reserve_piece_links(space, reserved, piece);
    if (!links) return links;
  }
  if (window.new_shared_memory) {
    const auto file = space.services.make_shared_memory(new_range_length(window));
    if (!file) return file.error();
    reserved.shared_memory = *file;
  }
  return {};
}

/// Takes the message for whoever watches `area`, some or all of which goes with `range`.
template <class S>
Result<void> reserve_unmap_event(SpaceState<S>& space, Reservation<S>& reserved,
                                 const Description<S>& area, Range range) noexcept {
  if constexpr (S::has_userfault_events) {
    const UserfaultContext context = context_of<S>(area);
    if (context != 0 && space.services.userfault_rules(context).unmap_events) {
      return space.services.reserve_unmap_event(reserved.events, context, range);
    }
  }
  return {};
}

/// Takes the messages about everything in `range`, which goes.
template <class S>
Result<void> reserve_unmap_events(SpaceState<S>& space, Reservation<S>& reserved,
                                  Range range) noexcept {
  Result<void> taken;
  if constexpr (S::has_userfault_events) {
    if (range.empty()) return taken;
    auto cursor = space.tree.seek(range.start);
    for (auto entry = cursor.entry(); taken && entry && entry.first < range.end;
         cursor.next(), entry = cursor.entry()) {
      taken = reserve_unmap_event<S>(space, reserved, *entry.value, range);
    }
  }
  return taken;
}

/// Takes all that `window` needs but the nodes, which are counted for take_nodes.
/// Requires: the window was planned on the tree as it stands. Errors: as reserve_but_nodes.
template <class S>
Result<void> reserve_window(SpaceState<S>& space, Reservation<S>& reserved,
                            const Window<S>& window) noexcept {
  Result<void> taken = reserve_but_nodes(space, reserved, window);
  if (taken) taken = reserve_unmap_events(space, reserved, window.unmapped);
  if (taken && !window.keeps_range()) count_nodes(space, reserved, window);
  return taken;
}

/// Takes the nodes that were counted. Errors: no_memory.
template <class S>
Result<void> take_nodes(SpaceState<S>& space, const Reservation<S>& reserved) noexcept {
  if (reserved.nodes == 0 || space.tree.reserve(reserved.nodes)) return {};
  return Error::no_memory;
}

/// Gives back whatever commit did not take.
template <class S>
void give_back(SpaceState<S>& space, Reservation<S>& reserved) noexcept {
  while (reserved.area_count > 0) {
    Area<S>* area = take_area(reserved);
    area->~Area<S>();
    space.services.release_area(area, sizeof(Area<S>), alignof(Area<S>));
  }
  if constexpr (S::has_reverse_map) space.services.unreserve_links(reserved.links);
  if constexpr (S::has_page_tables) space.services.unreserve_pages(space.pages);
  if constexpr (S::has_userfault_events) space.services.unreserve_events(reserved.events);
  if (reserved.shared_memory != typename S::FileHandle{}) {
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
