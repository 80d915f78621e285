// SPDX-License-Identifier: MIT
//
// Runs a program under ptrace, through threads, forks and execs, and tells an observer of every
// memory call while nothing else that shares the address space can run:
//
//   entry stop of A ── stop all other tasks of the space ── call_entered ── the kernel's call ──
//   exit stop of A ── call_left ── next waiting entry, or everybody goes on
//
// So the kernel's order of calls and touches is the order we are told. Where a call may wait for
// another task (userfaultfd) the others run on; those that sleep may sleep on, if the observer sees
// when they wake. Knows nothing of areas.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <sys/types.h>

#include "call.hpp"
#include "doorkeeper.hpp"

namespace follow {

/// Names one address space of the kernel while it lives.
using SpaceId = std::uint64_t;

/// Told what happens. Tasks named by it are stopped; it may throw to end following.
class Observer {
 public:
  virtual ~Observer() = default;
  /// A program was loaded into a new space.
  virtual void image_loaded(SpaceId space, pid_t task) = 0;
  virtual void call_entered(SpaceId space, pid_t task, const Call& call) = 0;
  virtual void call_left(SpaceId space, pid_t task, const Call& call, std::int64_t raw) = 0;
  /// The task was killed inside the call: what came of it is not known.
  virtual void call_lost(SpaceId space, const Call& call) = 0;
  /// `child` was made by a task that was killed before it could say what the child shares.
  virtual void orphan_found(pid_t child) = 0;
  /// `child` is a new process with a copy of the space; it has not run yet.
  virtual void space_forked(SpaceId parent, pid_t parent_task, SpaceId child, pid_t child_task) = 0;
  /// `child` is a new process (not thread) that shares the space.
  virtual void space_shared(SpaceId space, pid_t child_task) = 0;
  /// The last task is about to exit; the space can still be looked at.
  virtual void space_ending(SpaceId space, pid_t task) = 0;
  /// No task of ours uses the space any more.
  virtual void space_gone(SpaceId space) = 0;
  /// The task asked to trace or to be traced, and was refused because we trace it or the other.
  virtual void tracing_refused(pid_t task) = 0;
  /// Whether a call in the space may last until another task of it has done something.
  virtual bool may_wait_for_others(SpaceId space) const = 0;
  /// The call is about to begin: looks which other tasks of the space sleep.
  virtual void look_at_others(SpaceId space, pid_t task, const Call& call) = 0;
  /// Whether the other task slept then, and need not be stopped, for it is seen when it wakes.
  virtual bool may_sleep_on(SpaceId space, pid_t other) const = 0;
  /// Whether what happens in the space is still followed.
  virtual bool follows(SpaceId space) const = 0;
  /// The space cannot be followed, for a `reason` that ends a sentence. Its tasks run on.
  virtual void let_go(SpaceId space, pid_t task, const std::string& reason) = 0;
};

/// The program cannot be run or followed; `exit_code` is what we shall exit with.
struct CannotFollow {
  std::string reason;
  int exit_code;
};

class Tracer {
 public:
  explicit Tracer(Observer& observer) : observer_(observer) {}

  /// Runs the program until it and all its descendants have ended. Returns the program's own wait
  /// status. Throws CannotFollow, and what the observer throws.
  int run(const std::vector<std::string>& command);

 private:
  struct Space;
  /// Flags that we changed on the way into clone or clone3, and what belongs there.
  struct CloneFlags {
    std::uint64_t value = 0;
    std::uint64_t address = 0;  // Of the task's memory; 0: the register of the first argument.
  };
  struct Task {
    pid_t id = 0;
    pid_t process = 0;
    Space* space = nullptr;        // Null before the first exec.
    bool running = false;          // Not in a stop that we know of.
    bool interrupted = false;      // Asked to stop, has not done so yet.
    bool waits_for_vfork = false;  // Asleep in the kernel until the child execs or exits.
    std::optional<CloneFlags> clone_flags;
    std::optional<Call> call;  // Between entry and exit stop.
  };
  /// All tasks that share one address space.
  struct Space {
    SpaceId id = 0;
    std::vector<pid_t> tasks;
    pid_t owner = 0;                         // The task inside a memory call; 0: none.
    bool begun = false;                      // The owner was let into the kernel.
    unsigned outstanding = 0;                // Tasks asked to stop that still run.
    std::deque<std::pair<pid_t, int>> held;  // Stops to be handled when there is no owner.
  };

  pid_t start(const std::vector<std::string>& command);
  pid_t wait_for_event(int& status);
  void handle_event(pid_t id, int status);
  void handle_stop(Task& task, int status);
  void dispatch(Task& task, int status);
  void dispatch_event(Task& task, int event, int signal);

  void enter_call(Task& task);
  void hand_over(Task& task);
  void begin_call(Space& space);
  void leave_call(Task& task);
  void release(Space& space);
  void settle(Task& task);
  void begin_where_all_waited_too_long();

  void handle_new_child(Task& parent, int event);
  bool is_followed(const Task& task) const;
  void keep_child_traced(Task& task);
  void restore_clone_flags(Task& task);
  void handle_exec(Task& task);
  void handle_exit_event(Task& task);
  void handle_death(pid_t id);
  void take_over_leader(pid_t leader, int status);
  void let_orphans_go();

  Space& make_space();
  void join(Task& task, Space& space);
  void leave_space(Task& task);
  void resume(Task& task, int request, int signal = 0);

  Observer& observer_;
  std::map<pid_t, Task> tasks_;
  std::map<pid_t, int> unborn_;  // Children whose first stop came before their parent's event.
  std::map<SpaceId, std::unique_ptr<Space>> spaces_;
  Doorkeeper doorkeeper_;
  SpaceId last_space_ = 0;
  bool loaded_ = false;       // The first exec has happened.
  int report_[2] = {-1, -1};  // Where the child says why it could not run the program.
};

}  // namespace follow
