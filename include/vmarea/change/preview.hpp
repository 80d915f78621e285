// SPDX-License-Identifier: MIT
//
// A call that is only looked at: planned on a space that may be const, without its lock, and never
// made.
//
//   auto preview = space.preview().plan_mprotect(range, prot::read);
//   preview.status()                   what the call would answer
//   preview.for_each_step(visit)       what it would do
#pragma once

#include "vmarea/plan/host_page.hpp"
#include "vmarea/plan/plan.hpp"

namespace vmarea {

/// While it lives, attributes that a preview interns stay. It goes by a handle of its own, for a
/// preview has the space only to look at.
template <class Host, bool Interns>
class PreviewScope {
 public:
  explicit PreviewScope(const SpaceState<Host>& space) noexcept : services_(space.services) {
    if constexpr (Interns) services_.begin_interning();
  }
  PreviewScope(const PreviewScope&) = delete;
  PreviewScope& operator=(const PreviewScope&) = delete;
  ~PreviewScope() {
    if constexpr (Interns) services_.end_interning();
  }

 private:
  [[no_unique_address]] Host services_;
};

/// A planned call that cannot be made. Requires: the space does not change while it lives.
template <class Host, CallPlan<Host> Plan>
class [[nodiscard]] PreviewedCall {
 public:
  using Value = typename Plan::Value;

  template <class MakePlan>
  PreviewedCall(const SpaceState<Host>& space, MakePlan&& make_plan) noexcept
      : space_(space), interning_(space), plan_(make_plan(space)) {}
  PreviewedCall(const PreviewedCall&) = delete;
  PreviewedCall& operator=(const PreviewedCall&) = delete;

  Result<Value> status() const noexcept { return plan_.status; }
  /// Calls visit(const Step<Host>&) for each step, in the order in which they would be made.
  template <class Visit>
  void for_each_step(Visit&& visit) const noexcept {
    plan_.for_each_step(space_, visit);
  }
  /// What would join and what not, and why, as Change::for_each_join says it.
  template <class Visit>
  void for_each_join(Visit&& visit) const noexcept {
    plan_.for_each_join(space_, visit);
  }
  /// What the pages of the guest in `range` would allow together.
  HostProtection host_protection(Range range) const noexcept {
    return vmarea::host_protection(space_, plan_, range);
  }
  /// What would be done after the lock is let go.
  Sequel sequel() const noexcept { return plan_.sequel; }

 private:
  const SpaceState<Host>& space_;
  [[no_unique_address]] PreviewScope<Host, Plan::interns> interning_;
  Plan plan_;
};

}  // namespace vmarea
