// SPDX-License-Identifier: MIT
//
// One thing that a call does, as data. A plan is a list of steps in their order; reserve looks at
// each, commit makes each, and a visitor sees the same.
//
//   edit             the entries of an extent give way to at most three pieces
//   move_pages       page tables go from one place to another
//   drop_pages       pages go, the area stays
//   protect_pages    pages get the protection of their area: where an edit could not yet do it
//   install_page     a page comes
//   free_tables      upper levels that serve nothing any more
//   tell_unmapped    messages to the userfault contexts that watch areas of a range
//   set_...          a field of the space
#pragma once

#include <cstdint>

#include "vmarea/plan/arrival.hpp"
#include "vmarea/plan/edit.hpp"

namespace vmarea {

enum class StepKind : unsigned char {
  edit,
  move_pages,
  drop_pages,
  protect_pages,
  install_page,
  free_tables,
  tell_unmapped,
  set_brk,
  set_default_flags,
  set_same_page_merging,
  set_write_exec,
};

template <class Host>
struct Step {
  StepKind kind = StepKind::edit;
  const Edit<Host>* edit = nullptr;  // Valid while the visitor runs.
  // Whose pages. Of an edit that was planned on the result of the one before: where in the tree, as
  // it is before either, its nodes are counted.
  Range range{};
  Area<Host>* source = nullptr;  // Of an edit: the area that it brings a copy of.
  std::uint64_t value = 0;       // Where moved pages go; flags; what a field is set to.
  Range tables_between{};        // Upper levels may be freed between these two.
  UserfaultContext told{};       // Its reader is told of a move.
  bool keeps_source = false;     // Of a move: the area there stays.
  [[no_unique_address]] ArrivalRef<Host> arrival{};  // Of an edit: own data that comes.
  // Of an edit: saves the tree its way down; may stand anywhere, and move. Null: none is at hand.
  typename SpaceState<Host>::Tree::Cursor* place = nullptr;

  constexpr Address to() const noexcept { return value; }
  /// Of an edit: whether it was planned on the result of the one before.
  constexpr bool follows() const noexcept { return !range.empty(); }

  static constexpr Step of(const Edit<Host>& edit,
                           typename SpaceState<Host>::Tree::Cursor* place) noexcept {
    return {.edit = &edit, .place = place};
  }
  static constexpr Step move_pages(Range from, Address to) noexcept {
    return {.kind = StepKind::move_pages, .range = from, .value = to};
  }
  static constexpr Step drop_pages(Range range) noexcept {
    return {.kind = StepKind::drop_pages, .range = range};
  }
  static constexpr Step protect_pages(Range range, Flags flags) noexcept {
    return {.kind = StepKind::protect_pages, .range = range, .value = flags.bits()};
  }
  static constexpr Step install_page(Range page) noexcept {
    return {.kind = StepKind::install_page, .range = page};
  }
  static constexpr Step free_tables(Range range, Range between) noexcept {
    return {.kind = StepKind::free_tables, .range = range, .tables_between = between};
  }
  static constexpr Step tell_unmapped(Range range) noexcept {
    return {.kind = StepKind::tell_unmapped, .range = range};
  }
  static constexpr Step set(StepKind field, std::uint64_t value) noexcept {
    return {.kind = field, .value = value};
  }
};

/// A reference to any visitor of steps, so that what walks for several of them is compiled once.
template <class Host>
class StepVisitor {
 public:
  template <class Visit>
  explicit StepVisitor(Visit& visit) noexcept
      : visit_(&visit),
        call_([](void* to, const Step<Host>& step) noexcept { (*static_cast<Visit*>(to))(step); }) {
  }
  void operator()(const Step<Host>& step) const noexcept { call_(visit_, step); }

 private:
  void* visit_;
  void (*call_)(void*, const Step<Host>&) noexcept;
};

}  // namespace vmarea
