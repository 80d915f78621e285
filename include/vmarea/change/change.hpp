// SPDX-License-Identifier: MIT
//
// A call between its beats: holds the write lock of the space from plan to commit or drop.
//
//   Change change = space.plan_mprotect(...);
//   if (!change.status()) ...             refused: nothing will change, or as much as Linux leaves
//   change.for_each_step(visit);          what it will do
//   if (!change.reserve()) return ...;    out of something: dropped, nothing changed
//   host_mprotect(...);                   may still fail: drop the change
//   change.commit();                      cannot fail
//   return change.finish();               touches memory, moves what is left of an mremap
//
// The call in one go is complete(), made of the same beats; run() does them around one host call.
// While a change lives, its thread makes no other call on the space: where the host has locks, the
// thread would wait for itself; where it has none, one of the two is answered Error::busy.
#pragma once

#include <type_traits>
#include <utility>

#include "vmarea/change/commit.hpp"
#include "vmarea/change/lock_scope.hpp"
#include "vmarea/change/reserve.hpp"
#include "vmarea/change/touch_range.hpp"
#include "vmarea/plan/host_page.hpp"

namespace vmarea {

/// Where a change stands.
enum class Beat : unsigned char { planned, reserved, committed, ended };

/// One call, planned. Move-only; dropping it changes nothing. A call out of turn, or on a change
/// that was moved from or has ended, answers Error::busy and changes nothing.
template <class Host, CallPlan<Host> Plan>
class [[nodiscard]] Change {
 public:
  using Value = typename Plan::Value;

  /// Takes the lock, then plans by make_plan(space) unless the lock was refused.
  template <class MakePlan>
  Change(SpaceState<Host>& space, MakePlan&& make_plan) noexcept
      : space_(&space),
        lock_(space),
        interning_(space),
        planned_at_(space.generation),
        plan_(lock_.taken() ? make_plan(static_cast<const SpaceState<Host>&>(space))
                            : Plan(lock_.taken().error())) {}
  Change(Change&& other) noexcept
      : space_(other.space_),
        lock_(std::move(other.lock_)),
        interning_(std::move(other.interning_)),
        planned_at_(other.planned_at_),
        plan_(other.plan_),
        beat_(std::exchange(other.beat_, Beat::ended)),
        gave_up_joins_(other.gave_up_joins_),
        reserved_(std::exchange(other.reserved_, {})) {}
  Change& operator=(Change&&) = delete;
  ~Change() { end(); }

  /// What commit() will answer, or did.
  Result<Value> status() const noexcept { return plan_.status; }
  Beat beat() const noexcept { return beat_; }
  /// Whether memory ran out in reserve() and the call was planned again without joins, so that an
  /// earlier preview is not true any more.
  bool gave_up_joins() const noexcept { return gave_up_joins_; }

  /// Calls visit(const Step<Host>&) for each step, in the order in which they will be made.
  /// Requires: not committed yet.
  template <class Visit>
  void for_each_step(Visit&& visit) const noexcept {
    require<Host>(beat_ < Beat::committed, "steps are shown before they are made");
    if (beat_ < Beat::committed) plan_.for_each_step(*space_, visit);
  }
  /// What the pages of the guest in `range` will allow together once this is committed, for a page
  /// of the host that holds several. Requires: not committed yet.
  HostProtection host_protection(Range range) const noexcept {
    require<Host>(beat_ < Beat::committed, "what will be allowed is asked before commit");
    if (beat_ >= Beat::committed) return {};
    return vmarea::host_protection(*space_, plan_, range);
  }
  /// Calls visit(const JoinReport<Host>&) for each edge of the ranges that the call changes: what
  /// joins there and what not, and why. Requires: not committed yet.
  template <class Visit>
  void for_each_join(Visit&& visit) const noexcept {
    require<Host>(beat_ < Beat::committed, "joins are explained before they are made");
    if (beat_ < Beat::committed) plan_.for_each_join(*space_, visit);
  }
  /// What finish() will do.
  Sequel sequel() const noexcept { return plan_.sequel; }

  /// Takes everything that may run out. Errors: interrupted (the lock was refused), busy (the space
  /// has changed since, or another change is reserved), no_memory or what the call answers instead.
  /// Nothing changed then.
  Result<void> reserve() noexcept {
    if (!lock_.taken()) return lock_.taken();
    if (beat_ != Beat::planned) return out_of_turn("a change is reserved once");
    if (!is_current()) return Error::busy;
    Result<void> taken = take();
    if (!taken) taken = take_without_joins(taken);
    if (!taken) return taken.error() == Error::no_memory ? plan_.error_without_memory : taken;
    beat_ = Beat::reserved;
    ++space_->generation;
    return taken;
  }

  /// Makes the steps and answers the call. Requires: reserve() succeeded.
  Result<Value> commit() noexcept;

  /// Lets go of the lock and does what the call does after that. Errors: the call's own, and for
  /// lack of what is touched, where the call says so. Requires: commit() was called.
  Result<Value> finish() noexcept {
    if (beat_ != Beat::committed) return out_of_turn("a change is finished once, after commit");
    SpaceState<Host>& space = *space_;
    end();
    const bool is_done = !plan_.status || plan_.sequel.kind == Sequel::Kind::nothing;
    if (is_done) return plan_.status;
    if (has_rest()) return move_rest(space);
    const Result<void> done = touch_sequel(space, plan_.sequel);
    return done ? plan_.status : done.error();
  }

  /// Whether the areas behind the first of an mremap are still to move.
  bool has_rest() const noexcept {
    return plan_.status && plan_.sequel.kind == Sequel::Kind::move_rest;
  }
  /// The change of the next of these areas, instead of finish(), for a host that makes a call for
  /// each. Requires: commit() was called, has_rest().
  Change rest() noexcept requires RestPlan<Plan> {
    SpaceState<Host>& space = *space_;
    const bool in_turn = beat_ == Beat::committed && has_rest();
    if (!in_turn) return Change(space, out_of_turn("there is a rest after commit only"));
    end();
    // Where all of a class is asked for, clang 14 compiles this for plans without a rest, too.
    if constexpr (!RestPlan<Plan>) {
      return Change(space, Error::invalid);
    } else {
      return Change(space,
                    [this](const SpaceState<Host>& s) { return plan_.plan_rest(s, plan_.sequel); });
    }
  }

  /// Drops what was not committed, and the lock. Nothing can be asked of the change any more.
  void end() noexcept {
    if (beat_ == Beat::reserved) {
      give_back(*space_, reserved_);
      --space_->generation;
    }
    beat_ = Beat::ended;
    interning_.end();
    lock_.release();
  }

  /// All beats in one, for callers without a host to keep in step.
  Result<Value> complete() noexcept {
    const Result<void> taken = reserve();
    if (!taken) return taken.error();
    (void)commit();
    return finish();
  }

  /// All beats around one call of the host, host_call() -> Result<void>, which throws nothing. A
  /// call that is refused does not reach the host and changes nothing, not even what Linux would
  /// leave; a host call that fails drops the change, and its error is the answer.
  template <class HostCall>
  Result<Value> run(HostCall&& host_call) noexcept {
    using Answer = std::invoke_result_t<HostCall&>;
    static_assert(std::is_convertible_v<Answer, Result<void>>,
                  "a host call answers a Result<void>: success, or an Error");
    if (!plan_.status) {
      end();
      return plan_.status;
    }
    const Result<void> taken = reserve();
    if (!taken) return taken.error();
    const Result<void> made = host_call();
    if (!made) {
      end();
      return made.error();
    }
    (void)commit();
    return finish();
  }

 private:
  /// One that answers `why` to everything.
  Change(SpaceState<Host>& space, Error why) noexcept
      : space_(&space),
        lock_(space, why),
        interning_(space),
        planned_at_(space.generation),
        plan_(why),
        beat_(Beat::ended) {}

  /// Even while nothing is reserved, and as it was when this was planned.
  bool is_current() const noexcept {
    return space_->generation == planned_at_ && planned_at_ % 2 == 0;
  }

  Result<void> take() noexcept;

  /// The same where areas may stay apart, if the call can do with that.
  Result<void> take_without_joins(Result<void> failed) noexcept {
    if constexpr (WalkedPlan<Plan, Host>) {
      if constexpr (Plan::can_go_without_joins) {
        if (!plan_.joins_if_memory()) return failed;
        plan_ = plan_.without_joins(*space_);
        gave_up_joins_ = true;
        return take();
      }
    }
    return failed;
  }

  static Error out_of_turn(const char* promise) noexcept {
    require<Host>(false, promise);
    return Error::busy;
  }

  /// A move over several areas is one change for each; an error leaves the earlier ones moved.
  Result<Value> move_rest([[maybe_unused]] SpaceState<Host>& space) noexcept {
    if constexpr (RestPlan<Plan>) {
      for (Plan part = plan_; part.sequel.kind == Sequel::Kind::move_rest;) {
        Change next(space,
                    [&](const SpaceState<Host>& s) { return part.plan_rest(s, part.sequel); });
        const Result<void> taken = next.reserve();
        if (!taken) return taken.error();
        const Result<Value> moved = next.commit();
        if (!moved) return moved;
        part = next.plan_;
      }
    }
    return plan_.status;
  }

  SpaceState<Host>* space_;
  SpaceWriteLock<Host> lock_;
  [[no_unique_address]] InterningScope<Host, Plan::interns> interning_;
  std::uint64_t planned_at_;
  Plan plan_;
  Beat beat_ = Beat::planned;
  bool gave_up_joins_ = false;
  Reservation<Host> reserved_;
};

// Apart from the class, for they are long and then not implicitly inline: units that declare the
// changes of their host extern need not compile them.
template <class Host, CallPlan<Host> Plan>
Result<typename Plan::Value> Change<Host, Plan>::commit() noexcept {
  if (beat_ != Beat::reserved) return out_of_turn("a change is committed once, after reserve");
  beat_ = Beat::committed;
  commit_plan(*space_, plan_, reserved_);
  give_back(*space_, reserved_);
  ++space_->generation;
  return plan_.status;
}

template <class Host, CallPlan<Host> Plan>
Result<void> Change<Host, Plan>::take() noexcept {
  const Result<void> taken = reserve_plan(*space_, reserved_, plan_);
  if (!taken) give_back(*space_, reserved_);
  return taken;
}

template <class Host>
Result<void> touch_page(SpaceState<Host>& space, Address at, Touch touch) noexcept {
  return Change<Host, StepPlan<Host, void>>(
             space, [&](const SpaceState<Host>& s) { return plan_touch(s, at, touch); })
      .complete();
}

}  // namespace vmarea
