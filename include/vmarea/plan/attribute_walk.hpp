// SPDX-License-Identifier: MIT
//
// A walk that gives areas other attributes: mbind, names, userfaultfd. Its rule speaks of content;
// here content becomes the interned pointer that areas carry.
//
//   before the walk   all that the rule will want is interned, or the call lacks memory
//   in each walk      asked again, the same pointer comes back: plan, reserve and commit agree
#pragma once

#include "vmarea/plan/modify.hpp"
#include "vmarea/space/attributes.hpp"

namespace vmarea {

/// What a rule says about one area.
struct AttributeAnswer {
  enum class Kind : unsigned char { skip, change, refuse };
  Kind kind = Kind::skip;
  Error error = Error::none;
  Flags flags{};
  Attributes content{};

  static constexpr AttributeAnswer skip() noexcept { return {}; }
  static constexpr AttributeAnswer refuse(Error why) noexcept {
    return {.kind = Kind::refuse, .error = why};
  }
  static constexpr AttributeAnswer change(Flags flags, const Attributes& content) noexcept {
    return {.kind = Kind::change, .flags = flags, .content = content};
  }
};

/// The rule of a walk, made of a Rule with `static constexpr HolePolicy holes`, `Error shortage`
/// and answer(space, description) -> AttributeAnswer, pure.
template <class Host, class Rule>
struct InternedRule {
  static constexpr HolePolicy holes = Rule::holes;
  static constexpr Error shortage = Rule::shortage;
  Rule rule{};

  RuleAnswer<Host> answer(const SpaceState<Host>& space, const Area<Host>& area, Range,
                          const WalkProgress&) const noexcept {
    using Kind = AttributeAnswer::Kind;
    const AttributeAnswer wanted = rule.answer(space, static_cast<const Description<Host>&>(area));
    if (wanted.kind == Kind::skip) return RuleAnswer<Host>::skip();
    if (wanted.kind == Kind::refuse) return RuleAnswer<Host>::refuse(wanted.error);
    const auto attributes = intern(space, wanted.content);
    require<Host>(static_cast<bool>(attributes),
                  "what was interned before a walk can be had in it");
    RuleAnswer<Host> answer = RuleAnswer<Host>::change(area, wanted.flags);
    answer.attributes = *attributes;
    return answer;
  }
};

template <class Host, class Rule>
struct AttributePlan : ModestPlan<Host, InternedRule<Host, Rule>> {
  static constexpr bool interns = true;
  using ModestPlan<Host, InternedRule<Host, Rule>>::ModestPlan;
};

/// Interns what `rule` wants in `range`. Errors: no_memory.
template <class Host, class Rule>
Result<void> intern_for(const SpaceState<Host>& space, Range range, const Rule& rule) noexcept {
  auto cursor = space.tree.seek(range.start);
  for (auto entry = cursor.entry(); entry && entry.first < range.end;
       cursor.next(), entry = cursor.entry()) {
    const AttributeAnswer wanted =
        rule.answer(space, static_cast<const Description<Host>&>(*entry.value));
    if (wanted.kind == AttributeAnswer::Kind::refuse) return {};
    if (wanted.kind == AttributeAnswer::Kind::skip) continue;
    const auto attributes = intern(space, wanted.content);
    if (!attributes) return attributes.error();
  }
  return {};
}

/// Errors: what the rule calls a shortage, and what it answers.
template <class Host, class Rule>
AttributePlan<Host, Rule> plan_attributes(const SpaceState<Host>& space, Range range,
                                          const Rule& rule) noexcept {
  if (!intern_for(space, range, rule)) return {Result<void>(Rule::shortage)};
  return {space, range, InternedRule<Host, Rule>{rule}};
}

}  // namespace vmarea
