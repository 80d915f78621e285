// SPDX-License-Identifier: MIT
//
// The third beat, and the only one that writes: makes the steps of a plan in their order. It cannot
// fail and allocates nothing. An edit is written so (rules 6 and 11.3):
//
//   begin writing every area of the extent
//   drop pages that go            -> no page without an area
//   move kept objects, make new ones, under the locks of their file and identity
//   protect pages, exactly where their access changes
//   unlink what carries no piece  -> survivors already cover its pages
//   replace the entries           -> one write of the tree; then page tables may go
//   counters, open hooks; then close hooks and the end of what was removed
#pragma once

#include <cstdint>
#include <type_traits>
#include <utility>

#include "vmarea/change/area_chain.hpp"
#include "vmarea/change/family.hpp"
#include "vmarea/change/in_place.hpp"
#include "vmarea/change/notice_of.hpp"
#include "vmarea/change/own_data.hpp"
#include "vmarea/change/page_step.hpp"
#include "vmarea/change/reserve.hpp"

namespace vmarea {

/// Ends an area that is in no tree and no reverse map: close hook, references, memory.
template <class Host>
void destroy_area(SpaceState<Host>& space, Area<Host>& area, Event event,
                  const Area<Host>* heir) noexcept {
  if constexpr (Host::has_notices) {
    space.services.notify(
        Notice<Host>{.event = event, .area = area, .partner = heir, .before = area.range()});
  }
  if (area.has_close()) area.hooks->close(area);
  if (area.file != typename Host::FileHandle{}) space.services.release_file(area.file);
  if (area.attributes != nullptr) space.services.release_attributes(area.attributes);
  area.~Area<Host>();
  space.services.retire_area(&area, sizeof(Area<Host>), alignof(Area<Host>));
}

/// Writes one edit. Requires: the space lock; everything reserved; every object is known.
/// Invalidates: cursors, and pointers to areas that carry no piece.
template <class Host>
class EditCommit {
 public:
  EditCommit(SpaceState<Host>& space, const Edit<Host>& edit, const Step<Host>& step,
             Reservation<Host>& reserved) noexcept
      : space_(space), edit_(edit), step_(step), reserved_(reserved) {}

  /// `keeps_range`: as the edit says.
  VMAREA_INLINED void run(bool keeps_range) noexcept {
    space_.services.assert_space_locked(space_.lock);
    space_.totals += edit_.totals;
    if (edit_.charge != 0) settle_charge(space_, reserved_, edit_.charge);
    const bool may_remove = !skips_needless_steps || may_remove_areas();
    begin_writes(may_remove);
    drop_pages();
    write_pieces();
    protect();
    if (may_remove) unlink_removed();
    if (!keeps_range) {
      write_tree();
    } else if constexpr (Host::has_lock_free_lookup) {
      space_.tree.refresh(edit_.extent.start, step_.place);
    }
    free_tables();
    announce_pieces();
    destroy_removed();
    if (keeps_attributes_) space_.services.end_interning();
  }

 private:
  using AreaType = Area<Host>;

  bool is_kept(const AreaType& area) const noexcept {
    for (const Piece<Host>& piece : edit_.pieces) {
      if (piece.object == &area) return true;
    }
    return false;
  }

  /// What stands in the extent is kept, unmapped, or joins what is kept.
  bool may_remove_areas() const noexcept {
    std::uint64_t kept = 0;
    for (const Piece<Host>& piece : edit_.pieces) {
      if (piece.object == nullptr) continue;
      require<Host>(edit_.extent.contains(piece.object->range()), "what stays lies in the extent");
      kept += piece.object->length();
    }
    return kept < edit_.extent.length() && (kept != 0 || !edit_.unmapped.empty());
  }

  /// The attributes are counted, and kept to the end, for another piece may take over what an area
  /// gives up; everything else of a description is a plain value.
  void assign(AreaType& area, const Description<Host>& after) noexcept {
    if (area.attributes != after.attributes) {
      const bool gives_up = area.attributes != nullptr;
      if (gives_up && !std::exchange(keeps_attributes_, true)) keep_attributes(space_);
      recount_attributes(space_, area.attributes, after.attributes);
    }
    static_cast<Description<Host>&>(area) = after;
  }
  /// The exact range whose access changes, with the flags of the piece that covers it.
  void protect() noexcept {
    if constexpr (Host::has_page_tables) {
      if (edit_.access.empty()) return;
      const Flags flags = edit_.piece_over(edit_.access.start).after.flags;
      space_.services.protect_pages(space_.pages, edit_.access, flags);
    }
  }

  /// Calls visit(area) for each area of the extent. The tree still is as it was.
  template <class Visit>
  VMAREA_INLINED void for_each_in_extent(Visit&& visit) noexcept {
    space_.tree.for_each_in(edit_.extent.start, last_key(edit_.extent), step_.place, visit);
  }

  /// Where no area goes, those that are kept are all that the extent holds.
  void begin_writes(bool may_remove) noexcept {
    if constexpr (Host::has_area_locks) {
      const auto begin = [&](AreaType& area) {
        space_.services.begin_area_write(space_.lock, area.lock);
      };
      if (may_remove) return for_each_in_extent(begin);
      for (const Piece<Host>& piece : edit_.pieces) {
        if (piece.object != nullptr) begin(*piece.object);
      }
    }
  }

  void drop_pages() noexcept {
    if constexpr (Host::has_page_tables) {
      if (edit_.unmapped.empty()) return;
      space_.services.unmap_pages(space_.pages, edit_.unmapped);
    }
  }

  /// After the areas left the reverse map: a walk of it must not find an area without tables.
  void free_tables() noexcept {
    if constexpr (Host::has_page_tables) {
      if (edit_.unmapped.empty()) return;
      space_.services.free_tables(space_.pages, edit_.unmapped, edit_.tables_between);
    }
  }

  VMAREA_INLINED void write_pieces() noexcept {
    DataMove<Host> data(space_, edit_, step_.arrival);
    data.take();
    write_families();
    data.give(reserved_.written);
  }

  /// Pieces of one file and identity are written under one holding of their locks, so that a walk
  /// of the reverse map finds each page in one of them.
  VMAREA_INLINED void write_families() noexcept {
    if constexpr (!Host::has_reverse_map) {
      for (unsigned i = 0; i < edit_.pieces.size(); ++i) write_piece(i);
      return;
    }
    bool written[3] = {};
    for (unsigned i = 0; i < edit_.pieces.size(); ++i) {
      if (written[i]) continue;
      const Family<Host> family = family_of(edit_.pieces[i]);
      bool member[3] = {};
      family.lock(space_.services);
      for (unsigned k = i; k < edit_.pieces.size(); ++k) {
        member[k] = !written[k] && family_of(edit_.pieces[k]) == family;
        if (member[k]) leave_trees(edit_.pieces[k]);
      }
      for (unsigned k = i; k < edit_.pieces.size(); ++k) {
        if (!member[k]) continue;
        write_piece(k);
        written[k] = true;
      }
      family.unlock(space_.services);
    }
  }

  /// Whose locks protect a piece while it is written.
  Family<Host> family_of(const Piece<Host>& piece) const noexcept {
    Family<Host> family{piece.after.file, piece.after.identity};
    if (is_shared_memory(piece)) family.file = reserved_.shared_memory;
    if (piece.makes_identity) family.identity = {};
    if (piece.identity_from != nullptr) family.identity = piece.identity_from->identity;
    if (loses_identity(piece)) family.identity = piece.object->identity;
    return family;
  }
  bool is_shared_memory(const Piece<Host>& piece) const noexcept {
    return edit_.new_shared_memory && piece.object == nullptr && piece.copied == nullptr;
  }
  /// What DONTUNMAP leaves behind is untouched memory again.
  static bool loses_identity(const Piece<Host>& piece) noexcept {
    return piece.object != nullptr && piece.object->identity && !piece.after.identity;
  }

  void leave_trees([[maybe_unused]] const Piece<Host>& piece) noexcept {
    if constexpr (Host::has_reverse_map) {
      if (loses_identity(piece)) {
        space_.services.unlink(*piece.object);
      } else if (piece.object != nullptr) {
        space_.services.leave_trees(*piece.object);
      }
    }
  }

  VMAREA_INLINED void write_piece(unsigned index) noexcept {
    const Piece<Host>& piece = edit_.pieces[index];
    AreaType* area = piece.object;
    if (area == nullptr) {
      area = make_area(piece);
    } else {
      if constexpr (Host::has_notices) before_[index] = *area;
      assign(*area, piece.after);
    }
    link_identity(*area, piece);
    if constexpr (Host::has_reverse_map) space_.services.enter_trees(*area);
    reserved_.written[index] = area;
    entries_[index] = {piece.after.start, last_key(piece.after.range()), area};
  }

  /// Gives the area the identity that its piece makes or takes over, and the links to it.
  void link_identity(AreaType& area, const Piece<Host>& piece) noexcept {
    const AreaType* from = piece.identity_from;
    if (from != nullptr) area.identity = from->identity;
    if constexpr (Host::has_reverse_map) {
      if (piece.makes_identity) {
        area.identity = {};
        area.identity = space_.services.new_identity(reserved_.links, area);
        return;
      }
      if (from == nullptr) from = piece.copied;
      if (from != nullptr && area.identity) {
        space_.services.clone_links(reserved_.links, area, *from);
      }
    } else if (piece.makes_identity) {
      area.identity = AnonIdentity::of(space_.last_identity += 2);
    }
  }

  AreaType* make_area(const Piece<Host>& piece) noexcept {
    AreaType* area = reserved_.areas.take_last();
    assign(*area, piece.after);
    if (piece.copied != nullptr && area->hooks != nullptr) opens_ |= area->hooks->open != nullptr;
    if constexpr (has_own_data<Host>) DataMove<Host>::fill(*area, piece, step_.arrival);
    if (is_shared_memory(piece)) {
      area->file = reserved_.shared_memory;
      reserved_.shared_memory = {};
    } else if (area->file != typename Host::FileHandle{}) {
      space_.services.retain_file(area->file);
    }
    space_.services.attach_area(space_.lock, area->lock);
    return area;
  }

  VMAREA_INLINED void unlink_removed() noexcept {
    for_each_in_extent([&](AreaType& area) {
      if (is_kept(area)) return;
      if constexpr (Host::has_reverse_map) {
        const Family<Host> family{area.file, area.identity};
        family.lock(space_.services);
        space_.services.unlink(area);
        family.unlock(space_.services);
      }
      space_.services.detach_area(area.lock);
      removed_.push_back(area);
    });
  }

  void write_tree() noexcept {
    space_.tree.replace(edit_.extent.start, last_key(edit_.extent), entries_, edit_.pieces.size(),
                        step_.place);
    space_.area_count = space_.tree.size();
  }

  VMAREA_INLINED void announce_pieces() noexcept {
    if (!opens_ && !Host::has_notices && skips_needless_steps) return;
    for (unsigned i = 0; i < edit_.pieces.size(); ++i) {
      const Piece<Host>& piece = edit_.pieces[i];
      AreaType& area = *reserved_.written[i];
      if (piece.copied != nullptr && area.hooks != nullptr && area.hooks->open != nullptr) {
        area.hooks->open(area);
      }
      if constexpr (Host::has_notices) {
        space_.services.notify(notice_of(edit_, i, area, before_[i]));
      }
    }
  }

  /// The object over the place of an area that carries no piece. Requires: that is no hole.
  const AreaType* heir_of(const AreaType& removed) const noexcept {
    const FixedList<Host, Piece<Host>, 3>& pieces = edit_.pieces;
    unsigned i = 0;
    while (i + 1 < pieces.size() && !pieces[i].after.range().overlaps(removed.range())) ++i;
    return reserved_.written[i];
  }

  VMAREA_INLINED void destroy_removed() noexcept {
    const Geometry& geometry = space_.services.geometry();
    while (!removed_.empty()) {
      AreaType& area = *removed_.pop_front();
      const bool goes = area.range().overlaps(edit_.unmapped);
      // Where the rests are copies, the object that goes stands for the part between them.
      if (goes) static_cast<Description<Host>&>(area) = area.within(edit_.unmapped, geometry);
      destroy_area(space_, area, goes ? Event::unmapped : Event::merged_away,
                   goes || !Host::has_notices ? nullptr : heir_of(area));
    }
  }

  SpaceState<Host>& space_;
  const Edit<Host>& edit_;
  const Step<Host>& step_;
  Reservation<Host>& reserved_;
  // Of the kept objects.
  [[no_unique_address]] std::conditional_t<Host::has_notices, Description<Host>[3],
                                           Absent<struct NoDescriptions>>
      before_ = {};
  TreeEntry<AreaType> entries_[3];  // Of the pieces.
  AreaChain<Host> removed_;
  bool opens_ = false;  // Whether an open hook is to be called.
  bool keeps_attributes_ = false;
};

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

/// Never inlined: where an edit has no pieces, g++ 12 with sanitizers takes them for read.
template <class Host>
[[gnu::noinline]] void commit_edit(SpaceState<Host>& space, const Edit<Host>& edit,
                                   const Step<Host>& step, Reservation<Host>& reserved) noexcept {
  const bool keeps_range = edit.keeps_range();
  if (keeps_range && edit.keeps_mapping()) return commit_in_place(space, edit, step, reserved);
  EditCommit<Host>(space, edit, step, reserved).run(keeps_range);
}

/// Makes one step. Requires: the space lock; everything reserved; the steps before are made.
template <class Host>
VMAREA_INLINED void commit_step(SpaceState<Host>& space, const Step<Host>& step,
                                Reservation<Host>& reserved) noexcept {
  switch (step.kind) {
    case StepKind::edit:
      if (step.source != nullptr) {
        // No page may be faulted in while it is copied and moved (rules 14.4-6).
        space.services.begin_area_write(space.lock, step.source->lock);
      }
      if (step.follows()) {
        commit_edit(space, with_known_objects(*step.edit, reserved), step, reserved);
      } else {
        commit_edit(space, *step.edit, step, reserved);
      }
      break;
    case StepKind::move_pages:
    case StepKind::drop_pages:
    case StepKind::protect_pages:
    case StepKind::install_page:
    case StepKind::free_tables:
      if constexpr (Host::has_page_tables) commit_page_step(space, step);
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

}  // namespace vmarea
