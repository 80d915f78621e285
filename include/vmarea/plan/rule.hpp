// SPDX-License-Identifier: MIT
//
// What a call over a range makes of one area: the rule that a walk asks.
//
//   check    may this area be changed?          asked once, while the call is planned
//   change   what becomes of it?                asked again by every later walk: pure, it looks at
//                                               the area and at the rule's own fields alone
//
// So hooks and limits, which may answer differently the next time, decide once, and what was
// planned is what happens.
#pragma once

#include <concepts>
#include <cstdint>

#include "vmarea/space/space_state.hpp"

namespace vmarea {

/// What a rule makes of one area.
template <class Host>
struct Answer {
  enum class Kind : unsigned char { skip, change, remove, lacks_memory };

  Kind kind = Kind::skip;
  Flags flags{};
  const Attributes* attributes = nullptr;
  PageTotals totals{};       // Added to the counters.
  std::int64_t charge = 0;   // Pages of commit charge taken, or given back if negative.
  bool faults_in = false;    // The part is written to at once: it gets an identity.
  bool drops_pages = false;  // Whatever else becomes of the part.

  static constexpr Answer skip() noexcept { return {}; }
  static constexpr Answer change(const Description<Host>& area, Flags flags) noexcept {
    return {.kind = Kind::change, .flags = flags, .attributes = area.attributes};
  }
  /// With attributes that intern() gave or had no memory for.
  static constexpr Answer change(Flags flags, Result<const Attributes*> attributes) noexcept {
    if (!attributes) return {.kind = Kind::lacks_memory};
    return {.kind = Kind::change, .flags = flags, .attributes = *attributes};
  }
  static constexpr Answer remove() noexcept { return {.kind = Kind::remove}; }
};

/// What the walk has done so far to what limits look at.
struct WalkProgress {
  PageTotals totals{};
  std::uint64_t area_count = 0;
  std::uint64_t last_identity = 0;
};

enum class HolePolicy : unsigned char {
  stop,   // The first hole ends the walk with no_memory; what was before it stays changed.
  go_on,  // All areas are changed, then the answer is no_memory.
  pass,   // Holes are no error.
};

enum class JoinPolicy : unsigned char { allowed, never };

/// What most rules have in common; a rule derives from it and writes change() and what differs.
template <class Host>
struct RuleBase {
  static constexpr HolePolicy holes = HolePolicy::stop;
  static constexpr Error error_at_count_limit = Error::no_memory;
  static constexpr bool interns = false;        // Whether answers hold new attributes,
  static constexpr bool removes_areas = false;  // say remove,
  static constexpr bool drops_pages = false;    // or that pages go.
  // Whether areas may change where they stand when there is no memory to join them. Requires then:
  // no call cuts an area, for a cut can fail.
  static constexpr bool can_go_without_joins = false;

  /// Whether what is changed decides about all flags of what it joins, where joins keep none.
  static constexpr bool sets_flags(const KernelProfile&) noexcept { return true; }
  /// Whether a part that is cut off at its start may join what follows its area.
  static constexpr bool cut_start_joins_next(const KernelProfile&) noexcept { return true; }
  /// Whether no area is cut or joined: the answer concerns all of it.
  static constexpr bool takes_whole_areas() noexcept { return false; }
  static Result<void> check(const SpaceState<Host>&, const Area<Host>&, Range,
                            const WalkProgress&) noexcept {
    return {};
  }
};

// Clang-format 14 tears the requirements apart.
// clang-format off

// What a rule must have, each under a name: a compiler repeats the name of what is missing, and
// says no more, where it would write a page about an expression.

/// change(space, area, part), noexcept and const or static, answers an Answer<Host>.
template <class R, class Host>
inline constexpr bool rule_has_change =
    requires(const R& rule, const SpaceState<Host>& space, const Area<Host>& area, Range part) {
      { rule.change(space, area, part) } noexcept -> std::same_as<Answer<Host>>;
    };

/// check(space, area, part, progress), in the same way, answers a Result<void>.
template <class R, class Host>
inline constexpr bool rule_has_check =
    requires(const R& rule, const SpaceState<Host>& space, const Area<Host>& area, Range part,
             const WalkProgress& progress) {
      { rule.check(space, area, part, progress) } noexcept -> std::same_as<Result<void>>;
    };

/// The rest of RuleBase.
template <class R>
inline constexpr bool rule_has_what_rule_base_has = requires(const R& rule) {
  { rule.takes_whole_areas() } noexcept -> std::same_as<bool>;
  { R::cut_start_joins_next(KernelProfile{}) } noexcept -> std::same_as<bool>;
  { R::holes } -> std::convertible_to<HolePolicy>;
  { R::error_at_count_limit } -> std::convertible_to<Error>;
  requires std::same_as<const bool, decltype(R::interns)>;
  requires std::same_as<const bool, decltype(R::removes_areas)>;
  requires std::same_as<const bool, decltype(R::drops_pages)>;
  requires std::same_as<const bool, decltype(R::can_go_without_joins)>;
};

// clang-format on

/// A rule, as a walk asks it.
template <class R, class Host>
concept WalkRule =
    rule_has_change<R, Host> && rule_has_check<R, Host> && rule_has_what_rule_base_has<R>;

}  // namespace vmarea
