// SPDX-License-Identifier: MIT
//
// The files that random calls are about, one of each kind: what a mapping of a file may be refused,
// and what a driver may say, count and add.
#pragma once

#include <list>
#include <vector>

#include "support/test_services.hpp"

namespace vmarea::test::every_call {

template <class Host>
void ignore_area(Area<Host>&) noexcept {}
/// Areas with these are never removed by a merge.
template <class Host>
inline constexpr AreaHooks<Host> ignoring_hooks{.open = ignore_area<Host>,
                                                .close = ignore_area<Host>};
template <class Host>
inline constexpr AreaHooks<Host> empty_hooks{};

/// Whether drivers answer otherwise than they usually do, so that one can change its mind.
inline bool drivers_changed_their_mind = false;

template <class Host>
struct Drivers {
  using Seen = Description<Host>;

  static Result<void> refuse_split(const Seen&, Address) noexcept { return Error::invalid; }
  static Result<void> refuse_odd_split(const Seen&, Address at) noexcept {
    const bool odd = (at >> 12) % 2 != 0;
    return odd == drivers_changed_their_mind ? success : Result<void>(Error::invalid);
  }
  static Result<void> refuse_exec(const Seen&, Range, Flags access) noexcept {
    const bool refused = access.has_any(flag::exec) != drivers_changed_their_mind;
    return refused ? Result<void>(Error::access_denied) : success;
  }
  static Result<void> refuse_odd_move(const Seen&, Address to) noexcept {
    const bool odd = (to >> 12) % 2 != 0;
    return odd == drivers_changed_their_mind ? success : Result<void>(Error::no_memory);
  }
  /// Answers by what the area looks like when it is asked.
  static bool is_content(const Seen& area) noexcept {
    const bool odd_length = (area.length() >> 12) % 2 != 0;
    const bool content = !odd_length || area.page_offset % 4 == 0 || !area.identity;
    return content != drivers_changed_their_mind;
  }
  static Result<void> look_at_split(const Seen& area, Address) noexcept {
    return is_content(area) ? success : Result<void>(Error::busy);
  }
  static Result<void> look_at_protect(const Seen& area, Range part, Flags) noexcept {
    return part == area.range() || is_content(area) ? success : Result<void>(Error::not_permitted);
  }
  static Result<void> look_at_move(const Seen& area, Address) noexcept {
    return is_content(area) ? success : Result<void>(Error::bad_address);
  }
  static void count_copy(Area<Host>&) noexcept {}

  static constexpr AreaHooks<Host> unsplittable{.may_split = refuse_split};
  static constexpr AreaHooks<Host> choosy{
      .may_split = refuse_odd_split, .may_protect = refuse_exec, .may_move = refuse_odd_move};
  static constexpr AreaHooks<Host> watchful{
      .may_split = look_at_split, .may_protect = look_at_protect, .may_move = look_at_move};
  /// Its objects are counted, and still a merge may remove them.
  static constexpr AreaHooks<Host> counts_copies{.open = count_copy};
};

/// Files of a world, made one after the other; they live as long as this.
template <class Host, class FileType>
struct FileShelf {
  using File = FileType;

  File* make_file(const FileRules& rules = {}, const AreaHooks<Host>* hooks = &empty_hooks<Host>) {
    File& file = all.emplace_back();
    file.rules = rules;
    file.hooks = hooks;
    return &file;
  }

  std::list<File> all;
};

/// `recording` and `harmless`: hooks of the host, with and without close.
template <class Host, class State>
auto make_files(State& host, const AreaHooks<Host>* recording, const AreaHooks<Host>* harmless) {
  using Drivers = every_call::Drivers<Host>;
  std::vector files = {
      host.make_file(),
      host.make_file({.writable = false}),
      host.make_file({.storage = Storage::memory}),
      host.make_file({}, recording),
      host.make_file({.driver_turn = DriverTurn::after_joining}, harmless),
      host.make_file({.driver_turn = DriverTurn::after_joining}, &Drivers::counts_copies),
      host.make_file({}, &Drivers::unsplittable),
      host.make_file({}, &Drivers::choosy),
      host.make_file(),
      host.make_file({.placement = Placement::huge_pages, .storage = Storage::memory}),
      host.make_file({.may_exec = false, .placement = Placement::own}),
      host.make_file(),
      host.make_file({}, &Drivers::unsplittable)};
  files[8]->refuses = Error::invalid;
  files[11]->anonymous_if_private = true;
  files[12]->adds = flag::io | flag::dont_expand | flag::page_frames;
  return files;
}

}  // namespace vmarea::test::every_call
