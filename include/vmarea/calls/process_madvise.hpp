// SPDX-License-Identifier: MIT
//
// process_madvise on oneself (rules 29-process_madvise; process_madvise(2)): madvise range by
// range, each a change of its own, until one fails. The answer counts the bytes of those before it.
//
//   ranges   [1 ok )  [2 ok )  [3 fails)  [4)        2 ranges' bytes; 3 and 4 are not counted
#pragma once

#include <cstddef>

#include "vmarea/calls/madvise.hpp"

namespace vmarea {

/// Several ranges: an array, a list, whatever a for goes over more than once. As start and length
/// of an iovec are one: Range{start, start + length}, which may wrap.
template <class T>
concept RangeSequence = requires(const T& ranges) {
  [](const T& each) {
    for (const Range& range : each) (void)range;
  }(ranges);
};

/// Whether a vector of ranges is taken at all; their bytes, as far as one call goes. Errors:
/// invalid (unknown flags, too many, a length that is negative as a signed number), bad_address
/// (not below the limit).
template <class Host, RangeSequence Ranges>
Result<std::uint64_t> count_advised_bytes(const SpaceState<Host>& space, const Ranges& ranges,
                                          ProcessAdviceFlags flags) noexcept {
  constexpr std::size_t ranges_max = 1024;     // UIO_MAXIOV
  constexpr std::uint64_t most = 0x7fff'ffff;  // Of a call, in whole pages.
  const Geometry geometry = space.services.geometry();
  if (!flags.empty()) return Error::invalid;
  std::size_t count = 0;
  bool is_inside = true;
  std::uint64_t bytes = 0;
  for (const Range& range : ranges) {
    if (++count > ranges_max || range.length() >> 63 != 0) return Error::invalid;
    is_inside = is_inside && geometry.inside(range.start, range.length());
    const std::uint64_t left = geometry.round_down(most) - bytes;
    bytes += range.length() < left ? range.length() : left;
  }
  if (!is_inside) return Error::bad_address;
  return bytes;
}

/// Whether process_madvise takes this advice, whatever bytes it is about.
constexpr bool can_advise_itself(const KernelProfile& profile, Advice advice) noexcept {
  switch (profile.own_advice) {
    case OwnAdvice::lossless:
      return advice == Advice::will_need || advice == Advice::cold || advice == Advice::page_out ||
             advice == Advice::collapse;
    case OwnAdvice::known:
      return is_known_advice(profile, advice);
    case OwnAdvice::any:
      break;
  }
  return true;
}

/// The bytes that were advised. advise(start, length_bytes) makes one madvise and answers as it
/// does. Where the bytes of a call are used up, what is left of the ranges is not looked at, a
/// range without length included. Errors: those of count_advised_bytes, invalid (by the profile),
/// and of the first range.
template <class Host, RangeSequence Ranges, class Advise>
Result<std::uint64_t> advise_ranges(const SpaceState<Host>& space, const Ranges& ranges,
                                    Advice advice, ProcessAdviceFlags flags, Advise&& advise) {
  const Result<std::uint64_t> wanted = count_advised_bytes(space, ranges, flags);
  if (!wanted) return wanted;
  if (!can_advise_itself(space.services.profile(), advice)) return Error::invalid;
  std::uint64_t done = 0;
  for (const Range& range : ranges) {
    const std::uint64_t left = *wanted - done;
    if (left == 0) break;
    const std::uint64_t length = range.length() < left ? range.length() : left;
    const Result<void> advised = advise(range.start, length);
    if (!advised) return done != 0 ? Result<std::uint64_t>(done) : advised.error();
    done += length;
  }
  return done;
}

}  // namespace vmarea
