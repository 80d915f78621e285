// SPDX-License-Identifier: MIT
//
// When may touched memory take over the anonymous identity of the area beside it? If the two may
// one day be one area.
//
//   before   [AAAA id 2)[BBBB none)      differ in access bits only, page offsets contiguous
//   write             here ^
//   after    [AAAA id 2)[BBBB id 2)      they stay apart until their flags are equal
#pragma once

#include "vmarea/host/profile.hpp"
#include "vmarea/types/area.hpp"

namespace vmarea {

/// Whether touched memory of `low` and of `high`, which lies above it, may share an identity.
template <class Host>
constexpr bool can_share_identity(const Description<Host>& low, const Description<Host>& high,
                                  const Geometry& geometry, const KernelProfile& profile) noexcept {
  const std::uint64_t low_policy = low.attributes == nullptr ? 0 : low.attributes->policy;
  const std::uint64_t high_policy = high.attributes == nullptr ? 0 : high.attributes->policy;
  const Flags ignored = flag::access | profile.ignored_by_joins;
  return low.end == high.start && low_policy == high_policy && low.file == high.file &&
         low.flags.difference(high.flags).without(ignored).empty() &&
         low.page_offset + geometry.pages(low.length()) == high.page_offset;
}

}  // namespace vmarea
