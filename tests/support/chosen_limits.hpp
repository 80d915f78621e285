// SPDX-License-Identifier: MIT
//
// What a test chooses for the hosts of its spaces while calls go on: kernel, limits, and what runs
// out.
//
//   struct State : Choices { ... };
//   class Host : public ChosenLimits<State>, ... { explicit Host(State& s) : ChosenLimits(s) {} };
#pragma once

#include <vmarea/vmarea.hpp>
#include <vmarea_shims/decorators/fault_injecting.hpp>

namespace vmarea::test {

struct Choices {
  Geometry geometry{};
  KernelProfile profile{};
  Limits limits{};
  PageCount charge_max = ~PageCount{0};  // Overcommit refuses more.
  PageCount charged = 0;
  shims::FaultPlan faults;
};

/// The limit services of hosts that share a State, which has Choices.
template <class State>
class ChosenLimits {
 public:
  explicit ChosenLimits(State& state) noexcept : state_(&state) {}

  const Geometry& geometry() const noexcept { return state_->geometry; }
  const KernelProfile& profile() const noexcept { return state_->profile; }
  const Limits& limits() const noexcept { return state_->limits; }
  Result<void> charge(PageCount pages) noexcept {
    const bool fits =
        state_->charged <= state_->charge_max && pages <= state_->charge_max - state_->charged;
    if (!fits) return Error::no_memory;
    state_->charged += pages;
    return {};
  }
  void uncharge(PageCount pages) noexcept { state_->charged -= pages; }
  shims::FaultPlan* fault_plan() const noexcept { return &state_->faults; }

 protected:
  State* state_;
};

}  // namespace vmarea::test
