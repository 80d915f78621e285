// SPDX-License-Identifier: MIT
//
// What a planned call does, a line a step.
//
//   edit 7000-b000 protected: 7000-9000 rw-p kept; 9000-b000 r--p copied; access 9000-b000
//   move_pages 7000-9000 to 20000
//   set_brk 5555000
//
// A piece is where it will be, what it allows, and which object carries it: the one that stands
// there is kept, or a new one is copied from it (split off), or is new altogether.
#pragma once

#include "vmarea/plan/host_call.hpp"
#include "vmarea/plan/plan.hpp"
#include "vmarea/text/area.hpp"
#include "vmarea/text/names.hpp"

namespace vmarea {

template <class Host>
constexpr void write_text(TextWriter& to, const Piece<Host>& piece) noexcept {
  write_text(to, piece.after.range());
  write_text(to.add(' '), AccessText{piece.after.flags});
  if (!piece.needs_new_object()) {
    to.add(" kept");
  } else if (piece.is_fresh() && piece.copied_made_by == MadeBy::none) {
    to.add(" new");
  } else {
    to.add(" copied");
  }
  if (piece.makes_identity) to.add(" touched");
}

template <class Host>
constexpr void write_text(TextWriter& to, const Edit<Host>& edit) noexcept {
  write_text(to, edit.extent);
  to.add(' ').add(name(edit.event));
  to.add(edit.pieces.empty() ? ": nothing stays" : ": ");
  Words pieces(to, "; ");
  for (const Piece<Host>& piece : edit.pieces) write_text(pieces.next(), piece);
  const auto add_range = [&to](const char* what, Range range) {
    if (!range.empty()) write_text(to.add("; ").add(what).add(' '), range);
  };
  add_range("mapped", edit.mapped);
  add_range("unmapped", edit.unmapped);
  add_range("access", edit.access);
  if (edit.charge != 0) to.add("; charge ").add_signed(edit.charge);
  if (edit.new_shared_memory) to.add("; new shared memory");
}

template <class Host>
constexpr void write_text(TextWriter& to, const Step<Host>& step) noexcept {
  to.add(name(step.kind)).add(' ');
  switch (step.kind) {
    case StepKind::edit:
      if (step.edit != nullptr) write_text(to, *step.edit);
      break;
    case StepKind::move_pages:
      write_text(to, step.range);
      to.add(" to ").add_hex(step.to());
      if (step.keeps_source) to.add(", the area there stays");
      if (step.told != 0) to.add(", tells userfaultfd ").add_hex(step.told);
      break;
    case StepKind::free_tables:
      write_text(to, step.range);
      write_text(to.add(" between "), step.tables_between);
      break;
    case StepKind::protect_pages:
      write_text(to, step.range);
      write_access(to.add(' '), Flags(step.value));
      break;
    case StepKind::drop_pages:
    case StepKind::install_page:
    case StepKind::tell_unmapped:
      write_text(to, step.range);
      break;
    case StepKind::set_brk:
      to.add_hex(step.value);
      break;
    case StepKind::set_default_flags:
      write_text(to, Flags(step.value));
      break;
    case StepKind::set_same_page_merging:
      to.add(step.value != 0 ? "on" : "off");
      break;
    case StepKind::set_write_exec:
      write_text(to, WriteExecFlags(step.value));
      break;
  }
}

/// What finish() will do.
constexpr void write_text(TextWriter& to, const Sequel& sequel) noexcept {
  to.add(name(sequel.kind));
  if (!sequel.range.empty()) write_text(to.add(' '), sequel.range);
  if (sequel.kind == Sequel::Kind::move_rest) to.add(" to ").add_hex(sequel.to);
}

/// The call of a host, as it could be written.
template <class Host>
constexpr void write_text(TextWriter& to, const HostCall<Host>& call) noexcept {
  to.add(name(call.kind)).add(' ');
  write_text(to, call.range);
  const bool has_flags = call.kind == HostCallKind::map || call.kind == HostCallKind::protect;
  if (has_flags) write_text(to.add(' '), AccessText{call.flags});
  if (call.kind == HostCallKind::move) {
    to.add(" to ").add_hex(call.to);
    if (call.keeps_source) to.add(", the area there stays");
  }
  if (call.file != typename Host::FileHandle{}) {
    to.add(' ').add_hex(call.page_offset).add(" file ");
    write_any(to, call.file);
  }
}

}  // namespace vmarea
