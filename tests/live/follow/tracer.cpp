// SPDX-License-Identifier: MIT
#include "tracer.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/kcmp.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "filter.hpp"
#include "own_signals.hpp"
#include "proc_text.hpp"

namespace follow {
namespace {

// Events of wait statuses, as numbers to compare with.
constexpr int event_fork = 1, event_vfork = 2, event_clone = 3, event_exec = 4;
constexpr int event_vfork_done = 5, event_exit = 6, event_seccomp = 7, event_stop = 128;
constexpr int syscall_trap = SIGTRAP | 0x80;
// A held stop that only has to be continued.
constexpr int only_resume = -1;
constexpr long patience_milliseconds = 100;
constexpr std::uint64_t clone_vm = 0x100;

long trace(int request, pid_t task, unsigned long address, unsigned long data) {
  return ptrace(static_cast<__ptrace_request>(request), task, address, data);
}

int event_of(int status) {
  return status >> 16;
}

bool is_memory_call_entry(int status) {
  return status != only_resume && WIFSTOPPED(status) && event_of(status) == event_seccomp;
}

pid_t event_message(pid_t task) {
  unsigned long message = 0;
  ptrace(PTRACE_GETEVENTMSG, task, nullptr, &message);
  return static_cast<pid_t>(message);
}

bool share_space(pid_t one, pid_t other, const Call& call, int event) {
  const long order = syscall(SYS_kcmp, one, other, KCMP_VM, 0, 0);
  if (order >= 0) return order == 0;
  // The child died before it ran, or may not be read: believe what was asked for.
  return event == event_vfork || thread_group_of(one) == thread_group_of(other) ||
         (call.kind->number == SYS_clone && (call.arguments[0] & clone_vm) != 0);
}

/// Calls that answer EINTR when a tracer merely stops them; everything else restarts by itself.
bool must_be_restarted(long long number) {
  switch (number) {
    case SYS_epoll_wait:
    case SYS_epoll_pwait:
    case 441:  // epoll_pwait2
    case SYS_rt_sigtimedwait:
    case SYS_io_getevents:
    case SYS_io_pgetevents:
    case SYS_io_uring_enter:
    case SYS_semop:
    case SYS_semtimedop:
    case SYS_recvfrom:
    case SYS_recvmsg:
    case SYS_recvmmsg:
    case SYS_sendto:
    case SYS_sendmsg:
    case SYS_accept:
    case SYS_accept4:
      return true;
    default:
      return false;
  }
}

/// Our interruption must not show: a call that gave up because of it is made again.
void undo_interruption(pid_t task) {
  user_regs_struct registers{};
  if (ptrace(PTRACE_GETREGS, task, nullptr, &registers) != 0) return;
  if (static_cast<long long>(registers.rax) != -EINTR) return;
  if (!must_be_restarted(static_cast<long long>(registers.orig_rax))) return;
  if (has_pending_signal(task)) return;
  constexpr unsigned long long length_of_syscall_instruction = 2;
  registers.rax = registers.orig_rax;
  registers.rip -= length_of_syscall_instruction;
  ptrace(PTRACE_SETREGS, task, nullptr, &registers);
}

/// What the task is stopped at, if that is still `expected`: one that was killed has moved on to
/// its exit, and that stop is reported by itself.
std::optional<__ptrace_syscall_info> read_stop(pid_t task, std::uint8_t expected) {
  __ptrace_syscall_info info{};
  const long size =
      trace(PTRACE_GET_SYSCALL_INFO, task, sizeof info, reinterpret_cast<unsigned long>(&info));
  if (size <= 0 || info.op != expected) return std::nullopt;
  return info;
}

void set_first_argument(pid_t task, std::uint64_t value) {
  user_regs_struct registers{};
  if (ptrace(PTRACE_GETREGS, task, nullptr, &registers) != 0) return;
  registers.rdi = value;
  ptrace(PTRACE_SETREGS, task, nullptr, &registers);
}

OwnSignals own_signals;

/// The word there; 0 if there is none.
std::uint64_t peek(pid_t task, std::uint64_t address) {
  errno = 0;
  const long word = ptrace(PTRACE_PEEKDATA, task, address, nullptr);
  return errno == 0 ? static_cast<std::uint64_t>(word) : 0;
}

/// Whether the call makes a thread, or whatever shares the memory of its maker: it changes no area,
/// and copies none.
bool makes_sharer(pid_t task, const Call& call) {
  switch (call.kind->number) {
    case SYS_vfork:
      return true;
    case SYS_clone:
      return (call.arguments[0] & clone_vm) != 0;
    case SYS_clone3:
      return (peek(task, call.arguments[0]) & clone_vm) != 0;
    default:
      return false;
  }
}

/// `address` is 0 for the register of the first argument.
void write_clone_flags(pid_t task, std::uint64_t address, std::uint64_t value) {
  if (address == 0) return set_first_argument(task, value);
  trace(PTRACE_POKEDATA, task, address, value);
}

[[noreturn]] void become(const std::vector<std::string>& command, int go, int report) {
  char byte = 0;
  int failure = read(go, &byte, 1) == 1 ? install_filter() : EPERM;
  if (failure == 0) {
    own_signals.give_back();
    std::vector<char*> arguments;
    for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    execvp(arguments[0], arguments.data());
    failure = errno;
  }
  if (write(report, &failure, sizeof failure) != sizeof failure) _exit(126);
  _exit(127);
}

}  // namespace

pid_t Tracer::start(const std::vector<std::string>& command) {
  int go[2];
  if (pipe2(go, O_CLOEXEC) != 0) throw CannotFollow{std::strerror(errno), 125};
  if (pipe2(report_, O_CLOEXEC) != 0) throw CannotFollow{std::strerror(errno), 125};
  const pid_t child = fork();
  if (child < 0) throw CannotFollow{fmt::format("cannot fork: {}", std::strerror(errno)), 125};
  if (child == 0) become(command, go[0], report_[1]);
  close(report_[1]);
  constexpr unsigned long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACESECCOMP |
                                    PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE |
                                    PTRACE_O_TRACEEXEC | PTRACE_O_TRACEVFORKDONE |
                                    PTRACE_O_TRACEEXIT | PTRACE_O_EXITKILL;
  if (trace(PTRACE_SEIZE, child, 0, options) != 0) {
    const int failure = errno;
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    throw CannotFollow{fmt::format("ptrace is not permitted here: {} (a container or "
                                   "kernel.yama.ptrace_scope may forbid it)",
                                   std::strerror(failure)),
                       125};
  }
  Task& task = tasks_[child];
  task.id = task.process = child;
  task.running = true;
  const bool told = write(go[1], "g", 1) == 1;
  close(go[0]);
  close(go[1]);
  if (!told) throw CannotFollow{std::strerror(errno), 125};
  return child;
}

int Tracer::run(const std::vector<std::string>& command) {
  own_signals.set();
  const pid_t program = start(command);
  OwnSignals::pass_on_to(program);
  int program_status = 0;
  int status = 0;
  for (pid_t id = wait_for_event(status); id > 0; id = wait_for_event(status)) {
    if (id == program && !WIFSTOPPED(status)) {
      program_status = status;
      OwnSignals::pass_on_to(0);
    }
    handle_event(id, status);
  }
  if (!loaded_) {
    int failure = 0;
    if (read(report_[0], &failure, sizeof failure) != sizeof failure) failure = ECANCELED;
    throw CannotFollow{fmt::format("cannot run {}: {}", command.front(), std::strerror(failure)),
                       failure == ENOENT ? 127 : 126};
  }
  close(report_[0]);
  if (!OwnSignals::must_stop()) doorkeeper_.wait();
  return program_status;
}

/// The next event of any task; 0 when all have ended.
pid_t Tracer::wait_for_event(int& status) {
  for (;;) {
    const bool in_a_hurry = std::any_of(spaces_.begin(), spaces_.end(), [](const auto& entry) {
      return entry.second->outstanding > 0;
    });
    const pid_t id = waitpid(-1, &status, __WALL | (in_a_hurry ? WNOHANG : 0));
    if (id > 0) return id;
    if (id < 0) {
      if (errno == EINTR && !OwnSignals::must_stop()) continue;
      return 0;
    }
    sigset_t children;
    sigemptyset(&children);
    sigaddset(&children, SIGCHLD);
    const timespec patience{.tv_sec = 0, .tv_nsec = patience_milliseconds * 1'000'000};
    if (sigtimedwait(&children, nullptr, &patience) < 0 && errno == EAGAIN) {
      begin_where_all_waited_too_long();
    }
  }
}

/// A task asleep where no signal reaches it (a slow disk) can touch nothing either.
void Tracer::begin_where_all_waited_too_long() {
  for (auto& [id, space] : spaces_) {
    if (space->outstanding == 0) continue;
    space->outstanding = 0;
    if (space->owner != 0 && !space->begun) begin_call(*space);
  }
}

void Tracer::handle_event(pid_t id, int status) {
  if (!WIFSTOPPED(status)) {
    handle_death(id);
    return;
  }
  const auto found = tasks_.find(id);
  if (found != tasks_.end()) {
    handle_stop(found->second, status);
  } else if (event_of(status) == event_exec) {
    take_over_leader(id, status);
  } else {
    unborn_[id] = status;
    let_orphans_go();
  }
}

/// A thread took the id of its leader, of which we had let go at its exit.
void Tracer::take_over_leader(pid_t leader, int status) {
  Task& task = tasks_[leader];
  task.id = task.process = leader;
  handle_stop(task, status);
}

/// A child whose maker was killed in the midst of fork runs on, but its areas are not known.
void Tracer::let_orphans_go() {
  for (const auto& [id, status] : std::exchange(unborn_, {})) {
    const auto family = {parent_of(id), thread_group_of(id)};
    const bool maker_lives = std::any_of(tasks_.begin(), tasks_.end(), [&](const auto& entry) {
      const Task& maker = entry.second;
      if (maker.call) return maker.call->kind->treatment == Treatment::process;
      // The calls of a task that is not followed are not seen.
      return !is_followed(maker) && std::ranges::find(family, maker.process) != family.end();
    });
    if (maker_lives) {
      unborn_[id] = status;
      continue;
    }
    Task& orphan = tasks_[id];
    orphan.id = id;
    orphan.process = thread_group_of(id).value_or(id);
    observer_.orphan_found(id);
    handle_stop(orphan, status);
  }
}

void Tracer::handle_stop(Task& task, int status) {
  task.running = false;
  Space* space = task.space;
  const int event = event_of(status);
  if (event == event_exit || event == event_exec) {
    settle(task);
    dispatch(task, status);
    return;
  }
  if (space == nullptr || space->owner == 0 || space->owner == task.id) {
    task.interrupted = false;
    dispatch(task, status);
    return;
  }
  space->held.emplace_back(task.id, status);
  settle(task);
}

/// One task less to wait for.
void Tracer::settle(Task& task) {
  if (!task.interrupted) return;
  task.interrupted = false;
  Space* space = task.space;
  if (space == nullptr || space->outstanding == 0) return;
  if (--space->outstanding == 0 && space->owner != 0 && !space->begun) begin_call(*space);
}

void Tracer::dispatch(Task& task, int status) {
  if (status == only_resume) {
    resume(task, PTRACE_CONT);
    return;
  }
  const int signal = WSTOPSIG(status);
  if (const int event = event_of(status); event != 0) {
    dispatch_event(task, event, signal);
  } else if (signal == syscall_trap) {
    if (task.call) {
      leave_call(task);
    } else {
      resume(task, PTRACE_CONT);
    }
  } else {
    const bool is_told_already = OwnSignals::is_repeated(task.process, task.id, signal);
    resume(task, task.call ? PTRACE_SYSCALL : PTRACE_CONT, is_told_already ? 0 : signal);
  }
}

void Tracer::dispatch_event(Task& task, int event, int signal) {
  switch (event) {
    case event_seccomp:
      if (task.space == nullptr) {
        resume(task, PTRACE_CONT);
      } else {
        enter_call(task);
      }
      return;
    case event_fork:
    case event_vfork:
    case event_clone:
      handle_new_child(task, event);
      return;
    case event_exec:
      handle_exec(task);
      return;
    case event_vfork_done:
      task.waits_for_vfork = false;
      resume(task, PTRACE_CONT);
      return;
    case event_exit:
      handle_exit_event(task);
      return;
    case event_stop:
      if (signal == SIGSTOP || signal == SIGTSTP || signal == SIGTTIN || signal == SIGTTOU) {
        resume(task, PTRACE_LISTEN);
        task.running = false;
      } else {
        restore_clone_flags(task);
        undo_interruption(task.id);
        resume(task, task.call ? PTRACE_SYSCALL : PTRACE_CONT);
      }
      return;
    default:
      resume(task, PTRACE_CONT);
  }
}

void Tracer::enter_call(Task& task) {
  const auto stop = read_stop(task.id, PTRACE_SYSCALL_INFO_SECCOMP);
  if (!stop) return;
  if (stop->seccomp.ret_data == static_cast<std::uint32_t>(FilterSays::foreign_abi)) {
    observer_.let_go(task.space->id, task.id, "it makes 32-bit (or x32) system calls");
    resume(task, PTRACE_CONT);
    return;
  }
  Call call{.kind = find_call_kind(stop->seccomp.nr), .arguments = {}};
  const auto is = [&](Treatment what) {
    return call.kind != nullptr && call.kind->treatment == what;
  };
  const bool matters = is(Treatment::process) || is(Treatment::tracing) ||
                       (call.kind != nullptr && is_followed(task));
  if (!matters) {
    resume(task, PTRACE_CONT);
    return;
  }
  std::ranges::copy(stop->seccomp.args, call.arguments.begin());
  const bool asks_for_parent = is(Treatment::tracing) && call.arguments[0] == PTRACE_TRACEME;
  // We are the parent of the first process, and do not take it for what it expects there.
  if (asks_for_parent && parent_of(task.id) != getpid()) return hand_over(task);
  task.call = call;

  Space& space = *task.space;
  space.owner = task.id;
  space.begun = false;
  space.outstanding = 0;
  const bool is_no_matter = makes_sharer(task.id, call);
  if (is_no_matter || observer_.may_wait_for_others(space.id)) return begin_call(space);
  if (space.tasks.size() > 1) observer_.look_at_others(space.id, task.id, call);
  for (pid_t id : space.tasks) {
    Task& other = tasks_.at(id);
    if (!other.running || other.waits_for_vfork) continue;
    if (observer_.may_sleep_on(space.id, id)) continue;
    if (trace(PTRACE_INTERRUPT, id, 0, 0) != 0) continue;
    other.interrupted = true;
    ++space.outstanding;
  }
  if (space.outstanding == 0) begin_call(space);
}

/// The task shall be traced by its parent: we let go of it, and its filter is made to let it pass.
void Tracer::hand_over(Task& task) {
  const pid_t id = task.id;
  Injection injection(id);
  const auto listener = injection.begin() ? install_passing_filter(injection, id) : std::nullopt;
  if (injection.strayed()) {
    if (listener) close(*listener);
    return handle_event(id, *injection.strayed());
  }
  if (!listener) {
    injection.answer(-EPERM);
    observer_.tracing_refused(id);
    resume(task, PTRACE_CONT);
    return;
  }
  injection.repeat();
  doorkeeper_.serve(*listener);
  const auto& sharers = task.space->tasks;
  const auto sharer = std::ranges::find_if(sharers, [&](pid_t other) { return other != id; });
  if (sharer == sharers.end()) {
    observer_.let_go(task.space->id, id, "it is traced by its parent now");
  } else {
    observer_.let_go(
        task.space->id, *sharer,
        fmt::format("process {}, which shares its memory, is traced by its parent now", id));
  }
  leave_space(task);
  tasks_.erase(id);
  trace(PTRACE_DETACH, id, 0, 0);
  let_orphans_go();
}

void Tracer::begin_call(Space& space) {
  Task& task = tasks_.at(space.owner);
  space.begun = true;
  observer_.call_entered(space.id, task.id, *task.call);
  keep_child_traced(task);
  resume(task, PTRACE_SYSCALL);
}

bool Tracer::is_followed(const Task& task) const {
  return task.space != nullptr && observer_.follows(task.space->id);
}

/// A child that asks not to be traced would meet our filter without us, and fail.
void Tracer::keep_child_traced(Task& task) {
  constexpr std::uint64_t clone_untraced = 0x0080'0000;
  const Call& call = *task.call;
  CloneFlags flags{.value = call.arguments[0]};
  if (call.kind->number == SYS_clone3) {
    flags = {.value = peek(task.id, call.arguments[0]), .address = call.arguments[0]};
  } else if (call.kind->number != SYS_clone) {
    return;
  }
  if ((flags.value & clone_untraced) == 0) return;
  task.clone_flags = flags;
  write_clone_flags(task.id, flags.address, flags.value & ~clone_untraced);
}

void Tracer::leave_call(Task& task) {
  Space& space = *task.space;
  const Call call = *task.call;
  task.call.reset();
  restore_clone_flags(task);
  if (const auto stop = read_stop(task.id, PTRACE_SYSCALL_INFO_EXIT)) {
    observer_.call_left(space.id, task.id, call, stop->exit.rval);
    space.held.emplace_back(task.id, only_resume);
  } else {
    observer_.call_lost(space.id, call);
  }
  release(space);
}

/// Nobody is inside a call any more: the next entry stop gets its turn, or everybody goes on.
void Tracer::release(Space& space) {
  space.owner = 0;
  space.begun = false;
  space.outstanding = 0;
  auto stops = std::exchange(space.held, {});
  std::stable_partition(stops.begin(), stops.end(),
                        [](const auto& stop) { return is_memory_call_entry(stop.second); });
  const SpaceId id = space.id;
  for (const auto& [task, status] : stops) {
    const auto found = tasks_.find(task);
    if (found == tasks_.end() || !spaces_.contains(id) || found->second.space != &space) continue;
    if (space.owner != 0) {
      space.held.emplace_back(task, status);
    } else {
      dispatch(found->second, status);
    }
  }
}

void Tracer::handle_new_child(Task& parent, int event) {
  const pid_t id = event_message(parent.id);
  Task& child = tasks_[id];
  child.id = id;
  child.process = thread_group_of(id).value_or(id);
  const Call call = parent.call.value_or(Call{.kind = find_call_kind(SYS_clone), .arguments = {}});
  parent.call.reset();
  parent.waits_for_vfork = event == event_vfork;
  child.clone_flags = parent.clone_flags;
  restore_clone_flags(parent);
  Space* space = parent.space;
  if (space != nullptr) {
    if (share_space(parent.id, id, call, event)) {
      join(child, *space);
      if (child.clone_flags && child.clone_flags->address != 0) child.clone_flags.reset();
      if (child.process != parent.process) observer_.space_shared(space->id, id);
    } else {
      Space& copy = make_space();
      join(child, copy);
      observer_.space_forked(space->id, parent.id, copy.id, id);
    }
  }
  const auto early = unborn_.find(id);
  if (early != unborn_.end()) {
    const int status = early->second;
    unborn_.erase(early);
    handle_stop(child, status);
  }
  if (space == nullptr || space->owner != parent.id) {
    resume(parent, PTRACE_CONT);
    return;
  }
  if (parent.waits_for_vfork) {
    resume(parent, PTRACE_CONT);  // It sleeps in the kernel; the space need not wait for it.
  } else {
    space->held.emplace_back(parent.id, only_resume);
  }
  release(*space);
}

void Tracer::restore_clone_flags(Task& task) {
  if (!task.clone_flags) return;
  write_clone_flags(task.id, task.clone_flags->address, task.clone_flags->value);
  task.clone_flags.reset();
}

void Tracer::handle_exec(Task& task) {
  std::vector<pid_t> gone;  // Threads die in exec; the one that called it takes the leader's id.
  for (auto& [id, other] : tasks_) {
    if (other.process == task.process && id != task.id) gone.push_back(id);
  }
  for (pid_t id : gone) {
    leave_space(tasks_.at(id));
    tasks_.erase(id);
  }
  leave_space(task);
  task.clone_flags.reset();
  task.running = task.interrupted = task.waits_for_vfork = false;
  loaded_ = true;
  Space& space = make_space();
  join(task, space);
  observer_.image_loaded(space.id, task.id);
  resume(task, PTRACE_CONT);
}

/// The task has made its last call. We let go of it here: while it is traced, its parent cannot
/// wait for it when it has ended, but only after we have.
void Tracer::handle_exit_event(Task& task) {
  const pid_t id = task.id;
  if (Space* space = task.space; space != nullptr) {
    if (task.call && space->begun) {
      observer_.call_lost(space->id, *task.call);  // Before the areas are compared.
      task.call.reset();
    }
    if (space->tasks.size() == 1) observer_.space_ending(space->id, id);
    leave_space(task);
  }
  tasks_.erase(id);
  trace(PTRACE_DETACH, id, 0, 0);
  let_orphans_go();
}

void Tracer::handle_death(pid_t id) {
  unborn_.erase(id);
  const auto found = tasks_.find(id);
  if (found == tasks_.end()) return;
  leave_space(found->second);
  tasks_.erase(id);
  let_orphans_go();
}

Tracer::Space& Tracer::make_space() {
  auto space = std::make_unique<Space>();
  space->id = ++last_space_;
  return *(spaces_[space->id] = std::move(space));
}

void Tracer::join(Task& task, Space& space) {
  task.space = &space;
  space.tasks.push_back(task.id);
}

void Tracer::leave_space(Task& task) {
  Space* space = task.space;
  if (space == nullptr) return;
  settle(task);
  task.space = nullptr;
  std::erase(space->tasks, task.id);
  std::erase_if(space->held, [&](const auto& stop) { return stop.first == task.id; });
  const bool owned = space->owner == task.id;
  if (owned && space->begun && task.call) observer_.call_lost(space->id, *task.call);
  task.call.reset();
  if (space->tasks.empty()) {
    const SpaceId id = space->id;
    spaces_.erase(id);
    observer_.space_gone(id);
  } else if (owned) {
    release(*space);
  }
}

void Tracer::resume(Task& task, int request, int signal) {
  // A task that was killed meanwhile cannot be resumed; its death will be reported.
  task.running = true;
  trace(request, task.id, 0, static_cast<unsigned long>(signal));
}

}  // namespace follow
