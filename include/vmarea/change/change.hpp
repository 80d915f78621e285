// SPDX-License-Identifier: MIT
//
// A call between its beats: holds the write lock of the space from plan to commit or drop.
//
//   Change change = space.plan_mprotect(...);
//   if (!change.status()) ...             refused: nothing will change, or as much as Linux leaves
//   if (!change.reserve()) return ...;    out of something: dropped, nothing changed
//   host_mprotect(...);                   may still fail: drop the change
//   return change.commit();               cannot fail
//
// A Plan gives: Value, status, for_each_edit(space, visit), reserve(space, reservation),
// commit(space, reservation), and what stands in PlanBase.
#pragma once

#include <utility>

#include "vmarea/change/commit.hpp"
#include "vmarea/change/reserve.hpp"
#include "vmarea/space/attributes.hpp"

namespace vmarea {

/// The write lock of a space, as a scope.
template <class Host>
class SpaceWriteLock {
 public:
  explicit SpaceWriteLock(SpaceState<Host>& space) noexcept
      : space_(&space), taken_(space.services.lock_space(space.lock)) {}
  SpaceWriteLock(SpaceWriteLock&& other) noexcept
      : space_(std::exchange(other.space_, nullptr)), taken_(other.taken_) {}
  SpaceWriteLock& operator=(SpaceWriteLock&&) = delete;
  ~SpaceWriteLock() { release(); }
  void release() noexcept {
    SpaceState<Host>* space = std::exchange(space_, nullptr);
    if (space != nullptr && taken_) space->services.unlock_space(space->lock);
  }
  /// Errors: interrupted.
  Result<void> taken() const noexcept { return taken_; }

 private:
  SpaceState<Host>* space_;
  Result<void> taken_;
};

struct PlanBase {
  static constexpr bool interns = false;   // Whether it makes attributes that no area has yet.
  Error out_of_memory = Error::no_memory;  // What it answers when reserve() runs out of memory.
};

/// Takes what each of the plan's edits needs.
template <class Host, class Plan>
Result<void> reserve_edits(const Plan& plan, SpaceState<Host>& space,
                           Reservation<Host>& reserved) noexcept {
  Result<void> taken;
  plan.for_each_edit(space, [&](const Edit<Host>& edit) {
    if (taken) taken = reserve_edit(space, reserved, edit);
  });
  return taken;
}

/// Writes the plan's edits in their order.
template <class Host, class Plan>
void commit_edits(const Plan& plan, SpaceState<Host>& space, Reservation<Host>& reserved) noexcept {
  plan.for_each_edit(space, [&](const Edit<Host>& edit) { commit_edit(space, edit, reserved); });
}

/// One call, planned. Move-only; dropping it changes nothing.
template <class Host, class Plan>
class [[nodiscard]] Change {
 public:
  using Value = typename Plan::Value;

  /// Takes the lock, then plans by make_plan(space) unless the lock was refused.
  template <class MakePlan>
  Change(SpaceState<Host>& space, MakePlan&& make_plan) noexcept
      : space_(&space),
        lock_(space),
        interning_(space),
        plan_(lock_.taken() ? make_plan(space) : Plan(lock_.taken().error())) {}
  Change(Change&& other) noexcept
      : space_(std::exchange(other.space_, nullptr)),
        lock_(std::move(other.lock_)),
        interning_(std::move(other.interning_)),
        plan_(other.plan_),
        beat_(other.beat_),
        reserved_(std::exchange(other.reserved_, {})) {}
  Change& operator=(Change&&) = delete;
  ~Change() { end(); }

  /// What commit() will answer.
  Result<Value> status() const noexcept { return plan_.status; }

  const Plan& plan() const noexcept { return plan_; }

  /// Calls visit(const Edit<Host>&) for each edit, in the order in which they will be made.
  template <class Visit>
  void for_each_edit(Visit&& visit) const noexcept {
    plan_.for_each_edit(*space_, visit);
  }

  /// Takes everything that may run out. Errors: interrupted (the lock was refused), no_memory or
  /// what the call answers instead; nothing changed then.
  Result<void> reserve() noexcept {
    require<Host>(beat_ == Beat::planned, "a change is reserved once");
    if (!lock_.taken()) return lock_.taken();
    Result<void> taken = plan_.reserve(*space_, reserved_);
    if (taken) taken = reserve_nodes(*space_, reserved_);
    if (taken) {
      beat_ = Beat::reserved;
      return taken;
    }
    give_back(*space_, reserved_);
    return taken.error() == Error::no_memory ? plan_.out_of_memory : taken.error();
  }

  /// Makes the edits and answers the call. Requires: reserve() succeeded.
  Result<Value> commit() noexcept {
    require<Host>(beat_ == Beat::reserved, "a change is committed once, after reserve");
    beat_ = Beat::done;
    plan_.commit(*space_, reserved_);
    if constexpr (Host::has_userfault_events) space_->services.send_events(reserved_.events);
    give_back(*space_, reserved_);
    return plan_.status;
  }

  /// Drops what was not committed, and the lock. Nothing can be asked of the change any more.
  void end() noexcept {
    SpaceState<Host>* space = std::exchange(space_, nullptr);
    if (space != nullptr && beat_ == Beat::reserved) give_back(*space, reserved_);
    interning_.end();
    lock_.release();
  }

  /// The two beats in one, for callers without a host to keep in step.
  Result<Value> reserve_and_commit() noexcept {
    const Result<void> taken = reserve();
    if (!taken) return taken.error();
    return commit();
  }

 private:
  enum class Beat : unsigned char { planned, reserved, done };

  SpaceState<Host>* space_;
  SpaceWriteLock<Host> lock_;
  [[no_unique_address]] InterningScope<Host, Plan::interns> interning_;
  Plan plan_;
  Beat beat_ = Beat::planned;
  Reservation<Host> reserved_;
};

/// A plan of at most two edits that are known beforehand.
template <class Host, class T>
struct StepPlan : PlanBase {
  using Value = T;

  Result<T> status = Error::invalid;
  Range populated;  // To be touched when the call is complete.
  Edit<Host> edits[2];
  unsigned edit_count = 0;

  StepPlan() = default;
  StepPlan(Error error) noexcept : status(error) {}

  Edit<Host>& add() noexcept { return edits[edit_count++]; }

  template <class Visit>
  void for_each_edit(const SpaceState<Host>&, Visit&& visit) const noexcept {
    for (unsigned i = 0; i < edit_count; ++i) visit(edits[i]);
  }
  Result<void> reserve(SpaceState<Host>& space, Reservation<Host>& reserved) const noexcept {
    return reserve_edits(*this, space, reserved);
  }
  void commit(SpaceState<Host>& space, Reservation<Host>& reserved) const noexcept {
    commit_edits(*this, space, reserved);
  }
};

}  // namespace vmarea
