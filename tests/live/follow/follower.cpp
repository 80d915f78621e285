// SPDX-License-Identifier: MIT
#include "follower.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <numeric>

#include <fmt/format.h>
#include <sys/syscall.h>
#include <vmarea_shims/maps_text.hpp>

#include "adopt_call.hpp"
#include "identities.hpp"
#include "output.hpp"
#include "proc_text.hpp"
#include "process_facts.hpp"
#include "report.hpp"

namespace follow {
namespace {

constexpr int exit_not_permitted = 125;
constexpr const char* not_readable = "its memory may not be read";

/// The kernel will make the call again after a signal: nothing has happened yet.
bool will_be_restarted(std::int64_t raw) {
  constexpr std::int64_t first = 512, last = 516;  // ERESTARTSYS and its kin.
  return -raw >= first && -raw <= last;
}

std::uint64_t sum(const std::map<std::string_view, std::uint64_t>& counts) {
  return std::accumulate(
      counts.begin(), counts.end(), std::uint64_t{0},
      [](std::uint64_t total, const auto& entry) { return total + entry.second; });
}

/// Most calls take a range as their first arguments.
vmarea::Range range_of_call(const Call& call) {
  const auto start = call.arguments[0];
  const auto length = std::min<std::uint64_t>(call.arguments[1], std::uint64_t{1} << 46);
  return {start, start + length};
}

/// Calls that only give back or advise ask for no limit but that of the areas, which stays.
bool asks_for_limits(const Call& call) {
  constexpr auto without = std::to_array<long>({SYS_madvise, SYS_munmap, SYS_mbind, number_mseal});
  return std::ranges::find(without, call.kind->number) == without.end();
}

/// Where memory is now that was touched before the call.
std::vector<vmarea::Range> find_touched(const Call& call, std::int64_t raw,
                                        const std::vector<AreaDescription>& before) {
  std::vector<vmarea::Range> touched;
  if (call.kind->number == SYS_mmap) return touched;  // What was there is gone.
  for (const AreaDescription& area : before) {
    if (area.identity) touched.push_back(area.range());
  }
  if (call.kind->number != SYS_mremap || raw < 0) return touched;
  const bool source_was_touched = std::ranges::any_of(touched, [&](vmarea::Range range) {
    return range.contains(static_cast<vmarea::Address>(call.arguments[0]));
  });
  touched.clear();
  const auto at = static_cast<vmarea::Address>(raw);
  if (source_was_touched) touched.push_back({at, at + 1});
  return touched;
}

std::string list(const std::map<std::string_view, std::uint64_t>& counts) {
  std::string text;
  for (const auto& [name, number] : counts) {
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", number, name);
  }
  return text;
}

}  // namespace

Follower::Follower(const Options& options) : options_(options), chronicle_(options) {
  if (options_.record.empty()) return;
  if (const int error = recording_.open(options_.record); error != 0) {
    throw CannotFollow{fmt::format("cannot write {}: {}", options_.record, std::strerror(error)),
                       exit_not_written};
  }
}

void Follower::image_loaded(SpaceId id, pid_t task) {
  if (first_process_ == 0) {
    first_process_ = task;
    tally_.processes = 1;
  }
  if (!KernelSpace::shows_pages()) {
    throw CannotFollow{"this kernel shows which pages are there to CAP_SYS_ADMIN alone",
                       exit_not_permitted};
  }
  if (program_.empty() && options_.telling >= Telling::programs) {
    say(fmt::format("Linux {}, compared with {}", release_of_kernel(), profile_of_kernel().name));
  }
  const bool is_the_program = name_program(task);
  auto space = std::make_unique<FollowedSpace>(files_, task);
  if (!space->kernel().is_readable()) return give_up(task, not_readable);
  space->load_image(task);
  std::string name = read_file(fmt::format("/proc/{}/comm", task));
  name.resize(std::min(name.find('\n'), name.size()));
  if (lacks_rights_of_file(task)) {
    say(
        fmt::format("process {} runs {} without the rights of its file (set-user-ID and the like): "
                    "the kernel gives none to a program under a tracer without rights",
                    task, name));
  }
  if (options_.telling >= Telling::programs) {
    say(fmt::format("process {} runs {} with {} areas", task, name, space->space().area_count()));
  }
  Followed& loaded = spaces_[id];
  loaded.space = std::move(space);
  record_image(id, task);
  chronicle_.appeared(
      id, task, *loaded.space,
      {.parent = 0, .program = name, .is_the_program = is_the_program, .areas = {}});
  check_all(id, loaded, task, "exec");
}

Follower::Followed* Follower::find_followed(SpaceId id) {
  const auto found = spaces_.find(id);
  return found != spaces_.end() ? &found->second : nullptr;
}

bool Follower::may_wait_for_others(SpaceId id) const {
  const auto found = spaces_.find(id);
  return found != spaces_.end() && found->second.space->has_contexts();
}

void Follower::look_at_others(SpaceId id, pid_t task, const Call& call) {
  Followed* const followed = find_followed(id);
  if (followed == nullptr) return;
  followed->sleepers.clear();
  const KernelIdentities* const identities = KernelIdentities::find();
  if (identities == nullptr || call.kind->treatment != Treatment::modelled) return;
  for (const ViewedTask& other : identities->read_tasks(task)) {
    if (other.asleep == 0) continue;
    followed->sleepers.emplace(static_cast<pid_t>(other.task), other.switches);
  }
}

bool Follower::may_sleep_on(SpaceId id, pid_t other) const {
  const auto found = spaces_.find(id);
  return found != spaces_.end() && found->second.sleepers.contains(other);
}

bool Follower::has_woken(SpaceId id, pid_t task) {
  const Followed* const followed = find_followed(id);
  if (followed == nullptr || followed->sleepers.empty()) return false;
  std::size_t asleep = 0;
  for (const ViewedTask& other : KernelIdentities::find()->read_tasks(task)) {
    const auto sleeper = followed->sleepers.find(static_cast<pid_t>(other.task));
    if (sleeper == followed->sleepers.end()) continue;
    if (other.asleep != 0 && other.switches == sleeper->second) ++asleep;
  }
  return asleep != followed->sleepers.size();
}

void Follower::let_go(SpaceId id, pid_t task, const std::string& reason) {
  if (!follows(id)) return;
  give_up(task, reason);
  space_gone(id);
}

void Follower::tracing_refused(pid_t task) {
  say(fmt::format("process {} is refused ptrace, because a followed process has a tracer",
                  thread_group_of(task).value_or(task)));
}

void Follower::give_up(pid_t task, const std::string& reason) {
  ++tally_.unfollowed;
  const pid_t process = thread_group_of(task).value_or(task);
  if (process == first_process_) tally_.program_unfollowed = true;
  chronicle_.unfollowed(process, reason);
  say(fmt::format("process {} cannot be followed, but runs on: {}", process, reason));
}

void Follower::call_entered(SpaceId id, pid_t task, const Call& call) {
  Followed* followed = find_followed(id);
  if (followed == nullptr) return;
  FollowedSpace& space = *followed->space;
  space.look_by(task);
  followed->number = ++calls_;
  ++followed->calls;
  if (space.in_doubt) {
    space.take_from_kernel();
    chronicle_.caught_up(id, task, space);
  }
  const Treatment treatment = call.kind->treatment;
  if (treatment != Treatment::modelled && treatment != Treatment::unmodelled) return;
  if (asks_for_limits(call)) space.refresh_limits(task);
  followed->facts = gather_facts(space, task, call);
  space.catch_up_around(followed->facts.ranges);
  chronicle_.entered(id, task, space, followed->facts.ranges);
}

void Follower::call_left(SpaceId id, pid_t task, const Call& call, std::int64_t raw) {
  Followed* const followed = find_followed(id);
  if (followed == nullptr) return;
  if (will_be_restarted(raw)) return;
  record_call(id, call, raw);
  const std::uint64_t number = call_under_way_ = followed->number;
  const std::uint64_t mismatches = tally_.mismatches;
  comparison_ = Comparison::none;
  const auto tell = [&] {
    tell_call(id, task, {number, &call, raw, comparison_}, tally_.mismatches != mismatches);
    call_under_way_ = 0;
  };
  try {
    treat_call(id, *followed, task, call, raw);
  } catch (const Mismatch&) {
    tell();
    throw;
  }
  tell();
  if (options_.calls) {
    say(fmt::format("{} {} {} = {}", number, task, print_call(call), print_result(raw)));
  }
  if (follows(id)) {
    followed->facts = {};
    followed->sleepers.clear();
  }
  files_.release_unused();
  show_progress();
}

void Follower::treat_call(SpaceId id, Followed& followed, pid_t task, const Call& call,
                          std::int64_t raw) {
  switch (call.kind->treatment) {
    case Treatment::modelled:
      make_and_compare(id, followed, task, call, raw);
      break;
    case Treatment::unmodelled:
      adopt(followed, task, call, raw);
      break;
    case Treatment::process:
      break;  // It failed: there is no child.
    case Treatment::attitude:
      followed.space->refresh_personality(task);
      followed.space->forget_rights();
      break;
    case Treatment::tracing:
      if (raw == -EPERM) tracing_refused(task);
      break;
  }
}

/// What a mismatch replaced may be anywhere.
void Follower::tell_call(SpaceId id, pid_t task, const MadeCall& made, bool everywhere) {
  Followed* const followed = find_followed(id);
  if (followed == nullptr) return;
  CallRanges& ranges = followed->facts.ranges;
  ranges.everywhere = ranges.everywhere || everywhere;
  chronicle_.called(id, task, *followed->space, ranges, made);
}

void Follower::make_and_compare(SpaceId id, Followed& followed, pid_t task, const Call& call,
                                std::int64_t raw) {
  FollowedSpace& space = *followed.space;
  CallRanges& ranges = followed.facts.ranges;
  const CallRanges chosen = find_chosen_ranges(call, raw, followed.facts.segment_bytes.value_or(0));
  // What is beside a place that the kernel chose was not touched since: nothing of it ran.
  space.catch_up_beside(chosen);
  ranges.parts.insert(ranges.parts.end(), chosen.parts.begin(), chosen.parts.end());
  before_ = space.copy_around(ranges);
  const ModelAnswer ours = make_call(space, task, call, followed.facts, raw);
  if (ours.made == Made::not_modelled) {
    return adopt(followed, task, call, raw);
  }
  count(call, ours.made);
  if (ours.raw != raw) {
    if (cannot_be_told(id, space, task)) return;
    ++tally_.mismatches;
    std::string text = fmt::format("process {}: {}\n  kernel: {}\n  ours:   {}\n", task,
                                   print_call(call), print_result(raw), print_result(ours.raw));
    const auto difference = space.compare();
    text += difference ? print_difference(space, before_, *difference)
                       : print_neighbourhood(before_, range_of_call(call));
    return fail(space, task, text);
  }
  check_call(id, followed, task, call, raw);
}

/// A call that failed and changed nothing is no matter of rules.
void Follower::adopt(Followed& followed, pid_t task, const Call& call, std::int64_t raw) {
  const bool failed = raw < 0 && raw >= -4095;
  const bool changed_nothing =
      failed && !followed.space->compare() && !followed.space->compare_hidden(task);
  if (!changed_nothing) adopt_call(*followed.space, task, call, raw);
  comparison_ = changed_nothing ? Comparison::told_result : Comparison::not_modelled;
  followed.facts.ranges.everywhere = true;
  ++(changed_nothing ? tally_.told_result : tally_.adopted)[call.kind->name];
}

void Follower::check_call(SpaceId id, Followed& followed, pid_t task, const Call& call,
                          std::int64_t raw) {
  const auto what = [&] { return fmt::format("{} = {}", print_call(call), print_result(raw)); };
  FollowedSpace& space = *followed.space;
  const bool map_is_due = followed.map_pace.count_call();
  const bool hidden_is_due = followed.hidden_pace.count_call();
  judge(id, followed, task, what,
        space.compare_around(followed.facts.ranges, find_touched(call, raw, before_)));
  if (!map_is_due || !follows(id) || space.in_doubt) return;
  const auto all = [&] {
    return fmt::format("all areas after call {}, {}\n  equal after call {}", followed.number,
                       what(), followed.last_equal);
  };
  judge(id, followed, task, all, followed.map_pace.run([&] { return space.compare(); }));
  if (!hidden_is_due || !follows(id) || space.in_doubt) return;
  const auto hidden = followed.hidden_pace.run([&] { return space.compare_hidden(task); });
  judge(id, followed, task, all, hidden);
  if (!hidden) followed.last_equal = followed.number;
}

void Follower::check_all(SpaceId id, Followed& followed, pid_t task, const std::string& what) {
  FollowedSpace& space = *followed.space;
  auto difference = followed.map_pace.run([&] { return space.compare(); });
  if (!difference) {
    difference = followed.hidden_pace.run([&] { return space.compare_hidden(task); });
  }
  followed.last_equal = calls_;
  judge(
      id, followed, task, [&] { return what; }, difference);
}

void Follower::judge(SpaceId id, Followed& followed, pid_t task,
                     const std::function<std::string()>& say_what,
                     const std::optional<Difference>& difference) {
  FollowedSpace& space = *followed.space;
  if (!difference || cannot_be_told(id, space, task)) return;
  ++tally_.mismatches;
  fail(space, task,
       fmt::format("process {}: {}\n{}", task, say_what(),
                   print_difference(space, before_, *difference)));
}

/// Whether a difference may be one of what we could see only: a stopped task that is killed takes
/// its memory with it while we look, one that changed its user may not be asked any more, and one
/// that woke may have touched memory before or after the kernel made the call.
bool Follower::cannot_be_told(SpaceId id, FollowedSpace& space, pid_t task) {
  if (!has_memory(task)) {
    if (!space.in_doubt) ++tally_.lost;
    space.in_doubt = true;
    return true;
  }
  if (has_woken(id, task)) {
    ++tally_.woken;
    space.in_doubt = true;
    return true;
  }
  if (may_be_read(task)) return false;
  let_go(id, task, not_readable);
  return true;
}

void Follower::fail(FollowedSpace& space, pid_t task, const std::string& text) {
  say("MISMATCH in " + text);
  chronicle_.mismatched(task, call_under_way_, text);
  if (!options_.keep_going) throw Mismatch{};
  space.take_from_kernel();
  space.take_totals(task);
}

bool Follower::name_program(pid_t task) {
  constexpr auto preparing = std::to_array<std::string_view>(
      {"chroot", "chrt", "env", "ionice", "nice", "nohup", "numactl", "prlimit", "setarch",
       "setpriv", "setsid", "stdbuf", "sudo", "taskset", "time", "timeout", "unshare"});
  if (!program_.empty() && !is_prepared_) return false;
  if (program_.empty()) {
    program_ = options_.command.front();
  } else {
    const std::string words = read_file(fmt::format("/proc/{}/cmdline", task));
    program_ = words.substr(0, words.find('\0'));
  }
  const std::string_view name = std::string_view(program_).substr(program_.rfind('/') + 1);
  is_prepared_ = std::ranges::find(preparing, name) != preparing.end();
  return true;
}

void Follower::show_progress() {
  static const bool is_shown = options_.telling != Telling::summary && ProgressLine::is_possible();
  constexpr std::chrono::milliseconds between{500};
  if (!is_shown) return;
  const Clock::duration passed = Clock::now() - progress_shown_;
  if (passed < between) return;
  std::uint64_t areas = 0;
  for (const auto& [id, followed] : spaces_) areas += followed.space->space().area_count();
  const double seconds = std::chrono::duration<double>(passed).count();
  const double speed = static_cast<double>(calls_ - calls_at_progress_) / seconds;
  ProgressLine::show(fmt::format("follow: {}, {}, {}, {:.0f} calls a second",
                                 print_count(calls_, "call"), print_count(areas, "area"),
                                 print_count(spaces_.size(), "process", "es"), speed));
  progress_shown_ = Clock::now();
  calls_at_progress_ = calls_;
}

void Follower::record_image(SpaceId id, pid_t task) {
  if (!recording_.works() || task != first_process_) return;
  recorded_ = id;
  std::string text;
  for (const auto& area : find_followed(id)->space->space().areas()) {
    text += fmt::format("area {:x} {:x} {:x}\n", area.start, area.end, area.flags.bits());
  }
  recording_.write(text);
}

void Follower::record_call(SpaceId id, const Call& call, std::int64_t raw) {
  constexpr std::int64_t errors = -4096;
  const bool failed = raw < 0 && raw > errors;
  if (!recording_.works() || id != recorded_ || failed) return;
  if (call.kind->treatment != Treatment::modelled) return;
  std::string text = fmt::format("call {}", call.kind->name);
  for (const std::uint64_t argument : call.arguments) text += fmt::format(" {:x}", argument);
  recording_.write(text + fmt::format(" {:x}\n", static_cast<std::uint64_t>(raw)));
}

void Follower::count(const Call& call, Made made) {
  ++tally_.compared[call.kind->name];
  comparison_ = made == Made::told_address  ? Comparison::told_address
                : made == Made::told_result ? Comparison::told_result
                                            : Comparison::compared;
  if (made == Made::told_address) ++tally_.told_address[call.kind->name];
  if (made == Made::told_result) ++tally_.told_result[call.kind->name];
}

void Follower::call_lost(SpaceId id, const Call& call) {
  Followed* followed = find_followed(id);
  if (followed == nullptr) return;
  chronicle_.lost(id, call);
  followed->sleepers.clear();
  ++tally_.lost;
  followed->space->in_doubt = true;
}

void Follower::orphan_found(pid_t child) {
  ++tally_.processes;
  give_up(child, "its parent was killed in the midst of fork");
}

void Follower::space_forked(SpaceId parent, pid_t parent_task, SpaceId child, pid_t child_task) {
  ++tally_.processes;
  Followed* origin = find_followed(parent);
  if (origin == nullptr) {
    ++tally_.unfollowed;
    return;
  }
  auto space = std::make_unique<FollowedSpace>(files_, child_task);
  if (!space->kernel().is_readable()) return give_up(child_task, not_readable);
  origin->space->look_by(parent_task);
  origin->space->catch_up();
  chronicle_.caught_up(parent, parent_task, *origin->space);
  space->fork_from(*origin->space);
  if (options_.telling >= Telling::processes) {
    say(fmt::format("process {} is forked with {} areas", child_task, space->space().area_count()));
  }
  Followed& forked = spaces_[child];
  forked.space = std::move(space);
  before_.clear();
  chronicle_.appeared(child, child_task, *forked.space,
                      {.parent = parent, .program = {}, .areas = {}});
  check_all(child, forked, child_task, "fork");
}

void Follower::space_shared(SpaceId id, pid_t child_task) {
  ++tally_.processes;
  if (!follows(id)) {
    ++tally_.unfollowed;
    return;
  }
  chronicle_.shared(id, child_task);
  if (options_.telling >= Telling::processes) {
    say(fmt::format("process {} shares its parent's areas", child_task));
  }
}

void Follower::space_ending(SpaceId id, pid_t task) {
  Followed* followed = find_followed(id);
  if (followed == nullptr) return;
  FollowedSpace& space = *followed->space;
  space.look_by(task);
  if (!space.in_doubt) {
    space.catch_up();
    before_.clear();
    check_all(id, *followed, task, "exit");
    if (!follows(id)) return;
  }
  if (space.in_doubt) space.take_from_kernel();
  if (options_.telling >= Telling::processes) {
    say(fmt::format("process {} ends after {}, with {}", thread_group_of(task).value_or(task),
                    print_count(followed->calls, "call"),
                    print_count(space.space().area_count(), "area")));
  }
  chronicle_.exiting(id, task, space, followed->calls);
  if (options_.show_maps && task == first_process_) {
    final_maps_ = vmarea::shims::maps_text(space.space(), FollowedNames{});
  }
  space_gone(id);
}

void Follower::space_gone(SpaceId id) {
  chronicle_.gone(id);
  spaces_.erase(id);
  files_.release_unused();
}

bool Follower::finish_files(std::optional<int> wait_status) {
  const bool is_followed = wait_status && !tally_.program_unfollowed;
  Ending ending;
  ending.program = program_;
  ending.verdict = tally_.mismatches != 0 ? "mismatch" : is_followed ? "equal" : "not_followed";
  ending.wait_status = wait_status;
  ending.calls = tally_.compared;
  ending.processes = tally_.processes;
  ending.mismatches = tally_.mismatches;
  ending.notes = print_notes(tally_);
  chronicle_.ended(std::move(ending));
  const bool is_recorded = recording_.close();
  return chronicle_.close() && is_recorded;
}

std::vector<std::string> print_notes(const Tally& tally) {
  std::vector<std::string> notes;
  const auto note_calls = [&](const std::map<std::string_view, std::uint64_t>& calls,
                              std::string_view what) {
    if (calls.empty()) return;
    notes.push_back(fmt::format("{} {} ({})", print_count(sum(calls), "call"), what, list(calls)));
  };
  note_calls(tally.adopted, "not modelled; areas were read from the kernel after each");
  note_calls(tally.told_address, "whose address or flags chance or a driver chose");
  note_calls(tally.told_result, "whose answer depends on pages or rights, not areas");
  if (tally.unfollowed != 0) {
    notes.push_back(fmt::format("{} not followed, or not to the end",
                                print_count(tally.unfollowed, "process", "es")));
  }
  if (KernelIdentities::find() == nullptr) {
    notes.push_back(fmt::format("identities are not seen: {}", KernelIdentities::why_not()));
  }
  if (tally.lost != 0) {
    notes.push_back(fmt::format("{} ended with the task", print_count(tally.lost, "call")));
  }
  if (tally.woken != 0) {
    notes.push_back(fmt::format("{} not compared: another thread woke and touched memory meanwhile",
                                print_count(tally.woken, "call")));
  }
  return notes;
}

}  // namespace follow
