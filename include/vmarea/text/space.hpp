// SPDX-License-Identifier: MIT
//
// A whole space: a line an area, then the totals. And its picture, in which a page is a letter.
//
//   7ffff7fef000-7ffff7ff3000 rw-p 7ffff7fef anonymous ac
//   7ffff7ff3000-7ffff7ff7000 r--p 7ffff7ff3 anonymous ac
//   2 areas, pages: total 8 data 4 exec 0 stack 0 locked 0, charged 8
//
//   wwwwrrrr..ww|ww
#pragma once

#include "vmarea/space/check.hpp"
#include "vmarea/space/coverage.hpp"
#include "vmarea/space/find.hpp"
#include "vmarea/text/area.hpp"
#include "vmarea/text/names.hpp"

namespace vmarea {

/// The last line has no newline at its end.
template <class Host>
void write_text(TextWriter& to, const SpaceState<Host>& space) noexcept {
  for_each_in(space, everything, [&to](const Area<Host>& area) {
    write_text(to, area);
    to.add('\n');
  });
  to.add_decimal(space.area_count).add(space.area_count == 1 ? " area" : " areas");
  write_text(to.add(", pages: "), space.totals);
  to.add(", charged ").add_decimal(space.charged);
}

/// The first broken invariant, in words.
constexpr void write_text(TextWriter& to, const Broken& broken) noexcept {
  if (!broken) {
    to.add("all invariants hold");
    return;
  }
  to.add("invariant ").add_signed(broken.number).add(" is broken: ").add(broken.what);
}

/// How far a range may be accessed, and what stands in the way there.
constexpr void write_text(TextWriter& to, const Coverage& coverage) noexcept {
  to.add(coverage ? "all, up to " : "up to ").add_hex(coverage.upto);
  if (!coverage) write_text(to.add(": "), coverage.fault);
}

/// The letter of a page: what it allows most, in capitals where it is shared.
///
///   -    nothing        r    reading       w    reading and writing
///   x    executing      a    all three     =    nothing, of shared memory
constexpr char letter_of(Flags flags) noexcept {
  const bool shared = flags.has_any(flag::shared | flag::may_share);
  if (flags.has_all(flag::write | flag::exec)) return shared ? 'A' : 'a';
  if (flags.has_any(flag::exec)) return shared ? 'X' : 'x';
  if (flags.has_any(flag::write)) return shared ? 'W' : 'w';
  if (flags.has_any(flag::read)) return shared ? 'R' : 'r';
  return shared ? '=' : '-';
}

/// Draws the pages of `range`, . for a hole; a | parts two areas that touch and have one letter.
template <class Host>
void write_picture(TextWriter& to, const SpaceState<Host>& space, Range range) noexcept {
  const std::uint64_t page = space.services.geometry().page_size();
  Address drawn = range.start;
  char before = '.';
  const auto draw = [&](char letter, Address upto) {
    for (; drawn < upto; drawn += page) to.add(letter);
    before = letter;
  };
  for_each_in(space, range, [&](const Area<Host>& area) {
    if (area.start > drawn) draw('.', area.start);
    const char letter = letter_of(area.flags);
    if (letter == before) to.add('|');
    draw(letter, area.end < range.end ? area.end : range.end);
  });
  if (drawn < range.end) draw('.', range.end);
}

}  // namespace vmarea
