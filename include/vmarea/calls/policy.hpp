// SPDX-License-Identifier: MIT
//
// mbind and set_mempolicy_home_node (behaviour specification 29; mbind(2)): walks that give memory
// another NUMA policy. What a policy means, and whether its arguments make sense, is the host's
// business: here it is a handle, equal for equal policies.
//
//   mbind       all of the range must be mapped; the default policy leaves holes alone
//   home node   changes those areas that have a policy, and skips the others
#pragma once

#include "vmarea/plan/attribute_walk.hpp"

namespace vmarea {

/// Gives every area this policy.
template <class Host>
struct PolicyRule {
  static constexpr HolePolicy holes = HolePolicy::pass;
  static constexpr Error shortage = Error::no_memory;
  MemoryPolicy policy = 0;

  AttributeAnswer answer(const SpaceState<Host>&, const Description<Host>& area) const noexcept {
    Attributes content = content_of(area.attributes);
    if (content.policy == policy) return AttributeAnswer::skip();
    content.policy = policy;
    return AttributeAnswer::change(area.flags, content);
  }
};

template <class Host>
using PolicyPlan = AttributePlan<Host, PolicyRule<Host>>;

/// The pages of [start, start + length): empty if there is nothing to do. Errors: invalid.
template <class Host>
Result<Range> policy_range(const SpaceState<Host>& space, Address start,
                           std::uint64_t length_bytes) noexcept {
  const Geometry geometry = space.services.geometry();
  const Range range{start, start + geometry.round_up(length_bytes)};
  if (!geometry.aligned(start) || range.end < start) return Error::invalid;
  return range;
}

/// Policy 0 is the default. Errors: invalid (misaligned, wraps), bad_address (a hole; with the
/// default policy: nothing but holes), no_memory (the map count), or what may_split says.
template <class Host>
PolicyPlan<Host> plan_mbind(const SpaceState<Host>& space, Address start,
                            std::uint64_t length_bytes, MemoryPolicy policy) noexcept {
  const Result<Range> range = policy_range(space, start, length_bytes);
  if (!range) return {range.error()};
  if (range->empty()) return {success};
  const bool mapped =
      policy == 0 ? find_intersection(space, *range) != nullptr : is_covered(space, *range);
  if (!mapped) return {Error::bad_address};
  return plan_attributes(space, *range, PolicyRule<Host>{policy});
}

/// What becomes of a policy that gets this home node. Asked while planning, and again while
/// committing: no effect, always the same answer. Errors: not_supported by this kind of policy.
struct HomeNode {
  Result<MemoryPolicy> (*policy_at)(MemoryPolicy policy, std::uint64_t node) noexcept = nullptr;
  std::uint64_t node = 0;
};

/// Gives every area that has a policy the same with a home node.
template <class Host>
struct HomeNodeRule {
  static constexpr HolePolicy holes = HolePolicy::pass;
  static constexpr Error shortage = Error::no_memory;
  HomeNode home;

  AttributeAnswer answer(const SpaceState<Host>&, const Description<Host>& area) const noexcept {
    Attributes content = content_of(area.attributes);
    if (content.policy == 0) return AttributeAnswer::skip();
    const Result<MemoryPolicy> policy = home.policy_at(content.policy, home.node);
    if (!policy) return AttributeAnswer::refuse(policy.error());
    if (content.policy == *policy) return AttributeAnswer::skip();
    content.policy = *policy;
    return AttributeAnswer::change(area.flags, content);
  }
};

template <class Host>
using HomeNodePlan = AttributePlan<Host, HomeNodeRule<Host>>;

/// Requires: home.policy_at. Errors: invalid (misaligned, wraps), no_entry (no area has a policy),
/// no_memory (the map count), what policy_at and may_split say; earlier areas are changed then.
template <class Host>
HomeNodePlan<Host> plan_set_home_node(const SpaceState<Host>& space, Address start,
                                      std::uint64_t length_bytes, const HomeNode& home) noexcept {
  require<Host>(home.policy_at != nullptr, "a home node says what becomes of a policy");
  const Result<Range> range = policy_range(space, start, length_bytes);
  if (!range) return {range.error()};
  if (range->empty()) return {success};
  auto cursor = space.tree.seek(range->start);
  for (auto entry = cursor.entry(); entry && entry.first < range->end;
       cursor.next(), entry = cursor.entry()) {
    if (content_of(entry.value->attributes).policy != 0) {
      return plan_attributes(space, *range, HomeNodeRule<Host>{home});
    }
  }
  return {Error::no_entry};
}

}  // namespace vmarea
