// SPDX-License-Identifier: MIT
//
// Whether all of a range may be accessed, as a kernel asks of a user's pointer before it copies.
//
//   asked             ***********
//   space         [rw)[rw)[r-)..[rw)
//   for reading       ------>             up to the hole: not mapped
//   for writing       -->                 up to what is read-only: access denied
//
// Areas decide, and nothing is touched: pages that are guards, or lie behind the end of a file, are
// the host's to know, and no stack grows.
#pragma once

#include "vmarea/space/find.hpp"

namespace vmarea {

/// Why memory cannot be accessed: the si_code of a SIGSEGV.
enum class AccessFault : unsigned char {
  none,
  not_mapped,     // SEGV_MAPERR
  access_denied,  // SEGV_ACCERR
};

/// How far a range may be accessed: true if all of it.
struct Coverage {
  Address upto = 0;  // The first address that may not be accessed; where all may, the range's end.
  AccessFault fault = AccessFault::none;

  constexpr explicit operator bool() const noexcept { return fault == AccessFault::none; }
  friend constexpr bool operator==(const Coverage&, const Coverage&) = default;
};

/// An area that contains an address, as far as access is concerned.
struct AccessedArea {
  Address end = 0;  // 0: there is none.
  Flags flags{};
};

/// How far `range` may be accessed. A range that ends before it starts wraps, so it goes on to the
/// last number and is never covered. area_at(at) answers the AccessedArea there; it is asked at the
/// start of the range, then at the end of each area.
template <class AreaAt>
constexpr Coverage coverage_of(Range range, Protection access, AreaAt&& area_at) noexcept {
  const bool wraps = range.end < range.start;
  const Address end = wraps ? ~Address{0} : range.end;
  for (Address at = range.start; at < end;) {
    const AccessedArea area = area_at(at);
    if (area.end == 0) return {at, AccessFault::not_mapped};
    if (!allows(area.flags, access)) return {at, AccessFault::access_denied};
    at = area.end;
  }
  return {end, wraps ? AccessFault::not_mapped : AccessFault::none};
}

template <class Host>
Coverage coverage_of(const SpaceState<Host>& space, Range range, Protection access) noexcept {
  auto cursor = space.tree.seek(range.start);
  return coverage_of(range, access, [&cursor](Address at) noexcept -> AccessedArea {
    const auto entry = cursor.entry();
    if (!entry || entry.first > at) return {};
    cursor.next();
    return {entry.value->end, entry.value->flags};
  });
}

}  // namespace vmarea
