// SPDX-License-Identifier: MIT
//
// A rule of a call of one's own, and the mistakes in it.
#include <vmarea/vmarea.hpp>
#include <vmarea_shims/userland.hpp>

namespace {

template <class Host>
struct ForbidDumpRule : vmarea::RuleBase<Host> {
  using Answer = vmarea::Answer<Host>;
  using Space = vmarea::SpaceState<Host>;
  using Area = vmarea::Area<Host>;
#if !defined(VMAREA_MUST_NOT_COMPILE) || defined(VMAREA_RULE_check_of_other_type)
  static Answer change(const Space&, const Area& area, vmarea::Range) noexcept {
    return Answer::change(area, area.flags | vmarea::flag::dont_dump);
  }
#elif defined(VMAREA_RULE_misspells_change)
  static Answer chnage(const Space&, const Area& area, vmarea::Range) noexcept {
    return Answer::change(area, area.flags | vmarea::flag::dont_dump);
  }
#elif defined(VMAREA_RULE_change_may_throw)
  static Answer change(const Space&, const Area& area, vmarea::Range) {
    return Answer::change(area, area.flags | vmarea::flag::dont_dump);
  }
#endif
#if defined(VMAREA_MUST_NOT_COMPILE) && defined(VMAREA_RULE_check_of_other_type)
  static bool check(const Space&, const Area&, vmarea::Range,
                    const vmarea::WalkProgress&) noexcept {
    return true;
  }
#endif
};

template <class Host>
vmarea::WalkPlan<Host, ForbidDumpRule<Host>> plan_forbid_dump(const vmarea::SpaceState<Host>& space,
                                                              vmarea::Range range) noexcept {
  return {space, range, ForbidDumpRule<Host>{}};
}

using Space = vmarea::AddressSpace<vmarea::shims::Userland>;

}  // namespace

vmarea::Result<void> forbid_dump(Space& space, vmarea::Range range) {
  return Space::WalkChange<ForbidDumpRule>(
             space.state(), [range](auto& state) { return plan_forbid_dump(state, range); })
      .complete();
}
