// SPDX-License-Identifier: MIT
//
// mprotect (rules 29; mprotect(2)): a walk with a rule that changes access bits and what follows
// from them: the class of the pages and the commit charge.
#pragma once

#include "vmarea/plan/walk_plan.hpp"
#include "vmarea/space/account.hpp"

namespace vmarea {

/// Gives each area the protection; writable private memory becomes accounted.
template <class Host>
struct ProtectRule : RuleBase<Host> {
  Flags protection;  // A part of flag::protection.
  Flags implied;     // flag::exec where that may be, by the personality.

  constexpr explicit ProtectRule(Flags wanted = {}, Flags adds = {}) noexcept
      : protection(wanted), implied(adds) {}

  /// Errors: access_denied (more than the file allows, executing what was written), what
  /// may_protect says, not_permitted (sealed), no_memory (data limit).
  Result<void> check(const SpaceState<Host>& space, const Area<Host>& area, Range part,
                     const WalkProgress& progress) const noexcept {
    const Flags before = area.flags;
    const Flags after = with_protection(before);
    const Flags access = after & flag::access;
    const Flags allowed = allowed_access(before);
    if (!allowed.has_all(access) || space.modes.refuses_exec(before, after)) {
      return Error::access_denied;
    }
    const Result<void> asked = area.may_protect(part, access);
    if (!asked) return asked;
    if (before.has_any(flag::sealed)) return Error::not_permitted;
    if (after == before || !after.has_any(flag::write)) return {};
    const std::int64_t pages = page_count(space, part.length());
    const bool grows_past_limit = !can_expand(space, progress.totals, after, pages) &&
                                  can_expand(space, progress.totals, before, pages);
    return grows_past_limit ? Result<void>(Error::no_memory) : success;
  }

  Answer<Host> change(const SpaceState<Host>& space, const Area<Host>& area,
                      Range part) const noexcept {
    const Flags before = area.flags;
    Flags after = with_protection(before);
    if (after == before) return Answer<Host>::skip();
    const std::int64_t pages = page_count(space, part.length());
    std::int64_t charge = 0;
    if (after.has_any(flag::write)) {
      constexpr Flags charged_or_never =
          flag::account | flag::write | flag::huge_tlb | flag::shared | flag::no_reserve;
      if (!before.has_any(charged_or_never)) {
        charge = pages;
        after |= flag::account;
      }
    } else if (before.has_any(flag::account) && area.anonymous() && !area.identity &&
               space.services.profile().uncharges_untouched_memory) {
      charge = -pages;
      after = after.without(flag::account);
    }
    constexpr Flags looked_at = flag::lock_group | flag::write | flag::shared;
    Answer<Host> answer = Answer<Host>::change(area, after);
    answer.faults_in = (before & looked_at) == flag::locked && after.has_any(flag::write);
    answer.charge = charge;
    answer.totals = class_totals(before, -pages);
    answer.totals += class_totals(after, pages);
    return answer;
  }

 private:
  constexpr Flags with_protection(Flags before) const noexcept {
    const Flags after = before.without(flag::protection) | protection;
    return implied.empty() ? after : after | (implied & allowed_access(before));
  }
  static constexpr Flags allowed_access(Flags before) noexcept {
    return Flags{(before & flag::may_access).bits() >> 4};
  }
};

/// Where a range with prot::grows_down really starts: at the start of its area.
/// Errors: no_memory (nothing there), invalid (not a stack).
template <class Host>
Result<Address> stack_start(const SpaceState<Host>& space, Range range) noexcept {
  const Area<Host>* area = find_intersection(space, range);
  if (area == nullptr) return Error::no_memory;
  if (!area->flags.has_any(flag::grows_down)) return Error::invalid;
  return area->start;
}

/// A protection key, and none: the one that the area has, or that hides what may only be executed.
using ProtectionKey = std::int32_t;
inline constexpr ProtectionKey no_key = -1;

/// mprotect; with a key, pkey_mprotect (pkeys(7)). No key is ever allocated here, so that only the
/// default one, 0, can be given, where the processor has keys. Errors: invalid (misaligned, unknown
/// bits, both grow bits, a key that is not allocated), no_memory (wraps, a hole, the map count,
/// charge or data limit), and those of the rule.
template <class Host>
WalkPlan<Host, ProtectRule<Host>> plan_mprotect(const SpaceState<Host>& space, Address start,
                                                std::uint64_t length_bytes, Protection protection,
                                                ProtectionKey key = no_key) noexcept {
  constexpr Protection grow_bits = prot::grows_down | prot::grows_up;
  constexpr Protection known = prot::read | prot::write | prot::exec | prot::semaphore | grow_bits;
  const Geometry geometry = space.services.geometry();
  if (protection.has_all(grow_bits) || !geometry.aligned(start)) return Error::invalid;
  const Result<Range> pages = geometry.page_range(start, length_bytes);
  if (!pages) return Error::no_memory;
  if (pages->empty()) return success;
  Range range = *pages;
  if (!known.has_all(protection)) return Error::invalid;
  const KernelProfile profile = space.services.profile();
  if (key != no_key && (key != 0 || !profile.has_protection_keys)) return Error::invalid;
  if (protection.has_any(prot::grows_down)) {
    const Result<Address> from = stack_start(space, range);
    if (!from) return from.error();
    range.start = *from;
  }
  // Nothing grows up here; but where nothing is mapped, that is the answer.
  if (protection.has_any(prot::grows_up)) {
    return find_area(space, range.start) != nullptr ? Error::invalid : Error::no_memory;
  }
  const Protection access = protection.without(grow_bits);
  const Flags wanted = key == no_key ? profile.flags_for(access) : access_flags(access);
  const bool implies_exec = space.modes.read_implies_exec && protection.has_any(prot::read);
  return {space, range, ProtectRule<Host>{wanted, Flags{}.with_if(implies_exec, flag::exec)}};
}

}  // namespace vmarea
