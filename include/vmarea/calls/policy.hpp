// SPDX-License-Identifier: MIT
//
// mbind and set_mempolicy_home_node (rules 29; mbind(2)): walks that give memory another NUMA
// policy. What a policy means, and whether its arguments make sense, is the host's business: here
// it is a handle, equal for equal policies.
//
//   mbind       all of the range must be mapped; the default policy leaves holes alone
//   home node   changes those areas that have a policy, and skips the others
#pragma once

#include "vmarea/plan/walk_plan.hpp"
#include "vmarea/space/attributes.hpp"
#include "vmarea/space/find.hpp"

namespace vmarea {

/// Gives every area this policy.
template <class Host>
struct PolicyRule : RuleBase<Host> {
  static constexpr HolePolicy holes = HolePolicy::pass;
  static constexpr bool interns = true;
  static constexpr bool sets_flags(const KernelProfile&) noexcept { return false; }
  MemoryPolicy policy = 0;

  Answer<Host> change(const SpaceState<Host>& space, const Area<Host>& area, Range) const noexcept {
    Attributes content = content_of(area.attributes);
    if (content.policy == policy) return Answer<Host>::skip();
    content.policy = policy;
    return Answer<Host>::change(area.flags, intern(space, content));
  }
};

/// The pages of a policy's range: empty if there is nothing to do, also for a length that rounds up
/// past the last number. Errors: invalid (misaligned, wraps).
constexpr Result<Range> policy_range(const Geometry& geometry, Address start,
                                     std::uint64_t length_bytes) noexcept {
  return geometry.page_range(start, geometry.round_up(length_bytes));
}

/// Policy 0 is the default. Errors: invalid (misaligned, wraps), bad_address (a hole; with the
/// default policy: nothing but holes), no_memory (the map count), or what may_split says.
template <class Host>
WalkPlan<Host, PolicyRule<Host>> plan_mbind(const SpaceState<Host>& space, Address start,
                                            std::uint64_t length_bytes,
                                            MemoryPolicy policy) noexcept {
  const Result<Range> range = policy_range(space.services.geometry(), start, length_bytes);
  if (!range) return range.error();
  if (range->empty()) return success;
  const bool mapped =
      policy == 0 ? find_intersection(space, *range) != nullptr : is_covered(space, *range);
  if (!mapped) return Error::bad_address;
  return {space, *range, PolicyRule<Host>{{}, policy}};
}

/// What becomes of a policy that gets this home node. Asked by every walk of the call: no effect,
/// always the same answer. Errors: not_supported by this kind of policy.
struct HomeNode {
  Result<MemoryPolicy> (*policy_at)(MemoryPolicy policy, std::uint64_t node) noexcept = nullptr;
  std::uint64_t node = 0;
};

/// Gives every area that has a policy the same with a home node.
template <class Host>
struct HomeNodeRule : RuleBase<Host> {
  static constexpr HolePolicy holes = HolePolicy::pass;
  static constexpr bool interns = true;
  static constexpr bool sets_flags(const KernelProfile&) noexcept { return false; }
  HomeNode home;

  /// Errors: what policy_at says.
  Result<void> check(const SpaceState<Host>&, const Area<Host>& area, Range,
                     const WalkProgress&) const noexcept {
    const MemoryPolicy policy = content_of(area.attributes).policy;
    if (policy == 0) return {};
    const Result<MemoryPolicy> after = home.policy_at(policy, home.node);
    return after ? success : Result<void>(after.error());
  }

  Answer<Host> change(const SpaceState<Host>& space, const Area<Host>& area, Range) const noexcept {
    Attributes content = content_of(area.attributes);
    if (content.policy == 0) return Answer<Host>::skip();
    const MemoryPolicy policy = *home.policy_at(content.policy, home.node);
    if (content.policy == policy) return Answer<Host>::skip();
    content.policy = policy;
    return Answer<Host>::change(area.flags, intern(space, content));
  }
};

/// Errors: invalid (no policy_at, misaligned, wraps), no_entry (no area has a policy), no_memory
/// (the map count), what policy_at and may_split say; earlier areas are changed then.
template <class Host>
WalkPlan<Host, HomeNodeRule<Host>> plan_set_home_node(const SpaceState<Host>& space, Address start,
                                                      std::uint64_t length_bytes,
                                                      const HomeNode& home) noexcept {
  if (home.policy_at == nullptr) return Error::invalid;
  const Result<Range> range = policy_range(space.services.geometry(), start, length_bytes);
  if (!range) return range.error();
  if (range->empty()) return success;
  const bool has_policy = any_in(space, *range, [](const Area<Host>& area) {
    return content_of(area.attributes).policy != 0;
  });
  if (!has_policy) return Error::no_entry;
  return {space, *range, HomeNodeRule<Host>{{}, home}};
}

}  // namespace vmarea
