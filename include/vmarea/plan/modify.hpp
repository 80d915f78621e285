// SPDX-License-Identifier: MIT
//
// Gives a part of one area other flags or attributes: joins its neighbours where they are alike
// then, else cuts it off (behaviour specification 5, 8).
//
//   before   [PPPP)[AAAAAAAA)      part ****  at A's start, to become like P
//   joined   [PPPPPPPP)[AAAA)
//   cut      [PPPP)[aaaa)[AAA)     where it stays different from P
//
// Flags, name, policy, and flags with a userfault context are all this one operation: name, policy
// and context are attributes, which the host has interned; the caller holds a reference meanwhile.
#pragma once

#include "vmarea/plan/walk_plan.hpp"

namespace vmarea {

/// What the part is to have.
struct Modification {
  Flags flags{};
  const Attributes* attributes = nullptr;
};

/// What to do when there is no memory to join neighbours.
enum class WithoutMemory : unsigned char {
  fails,
  joins_nothing,  // The change is made where the area stands. For whole areas: a cut can fail.
};

template <class Host>
struct ModifyRule {
  static constexpr HolePolicy holes = HolePolicy::stop;
  static constexpr Error shortage = Error::no_memory;
  Modification wanted{};

  RuleAnswer<Host> answer(const SpaceState<Host>& space, const Area<Host>& area, Range part,
                          const WalkProgress&) const noexcept {
    RuleAnswer<Host> answer = RuleAnswer<Host>::change(area, wanted.flags);
    answer.attributes = wanted.attributes;
    const std::int64_t pages = page_count(space, part.length());
    answer.totals = area_totals(area.flags, -pages);
    answer.totals += area_totals(wanted.flags, pages);
    const auto accounted = [pages](Flags flags) {
      return flags.has_any(flag::account) ? pages : 0;
    };
    answer.charge = accounted(wanted.flags) - accounted(area.flags);
    return answer;
  }
};

/// A walk that can go without memory where it cuts nothing.
template <class Host, class Rule>
struct ModestPlan : WalkPlan<Host, Rule> {
  using Base = WalkPlan<Host, Rule>;
  using Base::Base;
  WithoutMemory shortage = WithoutMemory::fails;

  Result<void> reserve(SpaceState<Host>& space, Reservation<Host>& reserved) noexcept {
    return shortage == WithoutMemory::fails ? Base::reserve(space, reserved)
                                            : this->reserve_or_join_nothing(space, reserved);
  }
};

template <class Host>
using ModifyPlan = ModestPlan<Host, ModifyRule<Host>>;

/// Requires: `part` is a page aligned, non-empty part of `area`; all of it if the shortage gives
/// up. Errors: no_memory (the map count limit), or what may_split says; the first cut stays then.
template <class Host>
ModifyPlan<Host> plan_modify(const SpaceState<Host>& space, const Area<Host>& area, Range part,
                             const Modification& wanted,
                             WithoutMemory shortage = WithoutMemory::fails) noexcept {
  require<Host>(!part.empty() && area.range().contains(part), "a modified part lies in the area");
  require<Host>(shortage == WithoutMemory::fails || part == area.range(),
                "only the change of a whole area can go without memory");
  ModifyPlan<Host> plan{space, part, ModifyRule<Host>{wanted}};
  plan.shortage = shortage;
  return plan;
}

}  // namespace vmarea
