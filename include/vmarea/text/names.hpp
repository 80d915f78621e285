// SPDX-License-Identifier: MIT
//
// The enumerators of the library by their names, as they are spelled in the code; null for a number
// that is none of them. The compiler says where one is forgotten. Errors have the names of errno,
// and verdicts of joins a sentence: name(Error), describe(JoinVerdict).
#pragma once

#include <concepts>
#include <type_traits>

#include "vmarea/host/notice.hpp"
#include "vmarea/host/services.hpp"
#include "vmarea/plan/host_call.hpp"
#include "vmarea/plan/place.hpp"
#include "vmarea/plan/plan.hpp"
#include "vmarea/plan/step.hpp"
#include "vmarea/plan/touch.hpp"
#include "vmarea/rules/merge.hpp"
#include "vmarea/space/coverage.hpp"
#include "vmarea/text/writer.hpp"
#include "vmarea/types/flags.hpp"

namespace vmarea {

constexpr const char* name(Advice value) noexcept {
  switch (value) {
    case Advice::normal:
      return "normal";
    case Advice::random:
      return "random";
    case Advice::sequential:
      return "sequential";
    case Advice::will_need:
      return "will_need";
    case Advice::dont_need:
      return "dont_need";
    case Advice::free:
      return "free";
    case Advice::remove:
      return "remove";
    case Advice::dont_fork:
      return "dont_fork";
    case Advice::do_fork:
      return "do_fork";
    case Advice::mergeable:
      return "mergeable";
    case Advice::unmergeable:
      return "unmergeable";
    case Advice::huge_page:
      return "huge_page";
    case Advice::no_huge_page:
      return "no_huge_page";
    case Advice::dont_dump:
      return "dont_dump";
    case Advice::do_dump:
      return "do_dump";
    case Advice::wipe_on_fork:
      return "wipe_on_fork";
    case Advice::keep_on_fork:
      return "keep_on_fork";
    case Advice::cold:
      return "cold";
    case Advice::page_out:
      return "page_out";
    case Advice::populate_read:
      return "populate_read";
    case Advice::populate_write:
      return "populate_write";
    case Advice::dont_need_locked:
      return "dont_need_locked";
    case Advice::collapse:
      return "collapse";
    case Advice::guard_install:
      return "guard_install";
    case Advice::guard_remove:
      return "guard_remove";
  }
  return nullptr;
}

constexpr const char* name(Event value) noexcept {
  switch (value) {
    case Event::mapped:
      return "mapped";
    case Event::unmapped:
      return "unmapped";
    case Event::resized:
      return "resized";
    case Event::merged_away:
      return "merged_away";
    case Event::split:
      return "split";
    case Event::protected_:
      return "protected";
    case Event::moved:
      return "moved";
    case Event::grown:
      return "grown";
    case Event::touched:
      return "touched";
    case Event::forked:
      return "forked";
  }
  return nullptr;
}

constexpr const char* name(AccessFault value) noexcept {
  switch (value) {
    case AccessFault::none:
      return "none";
    case AccessFault::not_mapped:
      return "not_mapped";
    case AccessFault::access_denied:
      return "access_denied";
  }
  return nullptr;
}

constexpr const char* name(Placement value) noexcept {
  switch (value) {
    case Placement::plain:
      return "plain";
    case Placement::huge_pages:
      return "huge_pages";
    case Placement::own:
      return "own";
  }
  return nullptr;
}

constexpr const char* name(Storage value) noexcept {
  switch (value) {
    case Storage::file_system:
      return "file_system";
    case Storage::memory:
      return "memory";
    case Storage::anonymous_memory:
      return "anonymous_memory";
  }
  return nullptr;
}

constexpr const char* name(Middle value) noexcept {
  switch (value) {
    case Middle::new_range:
      return "new_range";
    case Middle::extension:
      return "extension";
    case Middle::whole_area:
      return "whole_area";
    case Middle::part_of_area:
      return "part_of_area";
  }
  return nullptr;
}

constexpr const char* name(StepKind value) noexcept {
  switch (value) {
    case StepKind::edit:
      return "edit";
    case StepKind::move_pages:
      return "move_pages";
    case StepKind::drop_pages:
      return "drop_pages";
    case StepKind::protect_pages:
      return "protect_pages";
    case StepKind::install_page:
      return "install_page";
    case StepKind::free_tables:
      return "free_tables";
    case StepKind::tell_unmapped:
      return "tell_unmapped";
    case StepKind::set_brk:
      return "set_brk";
    case StepKind::set_default_flags:
      return "set_default_flags";
    case StepKind::set_same_page_merging:
      return "set_same_page_merging";
    case StepKind::set_write_exec:
      return "set_write_exec";
  }
  return nullptr;
}

constexpr const char* name(HostCallKind value) noexcept {
  switch (value) {
    case HostCallKind::unmap:
      return "unmap";
    case HostCallKind::map:
      return "map";
    case HostCallKind::protect:
      return "protect";
    case HostCallKind::move:
      return "move";
    case HostCallKind::drop:
      return "drop";
  }
  return nullptr;
}

constexpr const char* name(Touch value) noexcept {
  switch (value) {
    case Touch::read:
      return "read";
    case Touch::read_small_page:
      return "read_small_page";
    case Touch::write:
      return "write";
    case Touch::forced_write:
      return "forced_write";
  }
  return nullptr;
}

constexpr const char* name(JoinableSides value) noexcept {
  switch (value) {
    case JoinableSides::both:
      return "both";
    case JoinableSides::prev_only:
      return "prev_only";
    case JoinableSides::next_only:
      return "next_only";
    case JoinableSides::neither:
      return "neither";
  }
  return nullptr;
}

constexpr const char* name(Sequel::Kind value) noexcept {
  switch (value) {
    case Sequel::Kind::nothing:
      return "nothing";
    case Sequel::Kind::touch:
      return "touch";
    case Sequel::Kind::touch_all:
      return "touch_all";
    case Sequel::Kind::touch_everything:
      return "touch_everything";
    case Sequel::Kind::advised_read:
      return "advised_read";
    case Sequel::Kind::advised_write:
      return "advised_write";
    case Sequel::Kind::move_rest:
      return "move_rest";
  }
  return nullptr;
}

/// An enumerator with a name.
template <class T>
concept Named = std::is_enum_v<T> && !std::is_same_v<T, Error> && requires(T value) {
  { name(value) } -> std::same_as<const char*>;
};

/// Its name, or the number that has none.
template <Named T>
constexpr void write_text(TextWriter& to, T value) noexcept {
  if (const char* const known = name(value); known != nullptr) {
    to.add(known);
  } else {
    to.add_signed(static_cast<std::int64_t>(value));
  }
}

}  // namespace vmarea
