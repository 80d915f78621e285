// SPDX-License-Identifier: MIT
#include "chronicle.hpp"

#include <cstring>
#include <utility>

#include <fmt/format.h>
#include <sys/utsname.h>

#include "json_lines.hpp"
#include "output.hpp"
#include "proc_text.hpp"
#include "svg_picture.hpp"

namespace follow {
namespace {

template <class Reader>
std::unique_ptr<LifeReader> make_reader(const std::string& path) {
  auto reader = std::make_unique<Reader>();
  if (const int error = reader->open(path); error != 0) {
    throw CannotFollow{fmt::format("cannot write {}: {}", path, std::strerror(error)),
                       exit_not_written};
  }
  return reader;
}

}  // namespace

template <class... Parameters, class... Arguments>
void Chronicle::tell(void (LifeReader::*event)(Parameters...), const Arguments&... arguments) {
  for (const auto& reader : readers_) (reader.get()->*event)(arguments...);
}

Chronicle::Chronicle(const Options& options) {
  if (!options.json.empty()) readers_.push_back(make_reader<JsonLines>(options.json));
  if (!options.svg.empty()) readers_.push_back(make_reader<SvgPicture>(options.svg));
  utsname machine{};
  uname(&machine);
  tell(&LifeReader::begun, Beginning{options.command, machine.machine, machine.release});
}

std::uint64_t Chronicle::microseconds() const {
  const auto passed = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - begun_);
  return static_cast<std::uint64_t>(passed.count());
}

Moment Chronicle::moment_of(SpaceId id, pid_t task) {
  pid_t process = 0;
  const auto found = told_.find(id);
  if (found != told_.end() && task != 0) {
    const auto [known, is_new] = found->second.processes.try_emplace(task, 0);
    if (is_new) known->second = thread_group_of(task).value_or(task);
    process = known->second;
  }
  return {.microseconds = microseconds(), .space = id, .process = process, .thread = task};
}

void Chronicle::appeared(SpaceId id, pid_t task, FollowedSpace& space, Appearance appearance) {
  if (readers_.empty()) return;
  Told& told = told_[id];
  static_cast<void>(told.areas.update(space.space(), vmarea::everything));
  for (const auto& [start, area] : told.areas.areas()) appearance.areas.push_back(area);
  tell(&LifeReader::appeared, moment_of(id, task), appearance);
}

void Chronicle::shared(SpaceId id, pid_t task) {
  if (readers_.empty()) return;
  tell(&LifeReader::shared, moment_of(id, task));
}

void Chronicle::tell_between_calls(SpaceId id, pid_t task, const AreaChange& change) {
  if (!change.empty()) tell(&LifeReader::changed_between_calls, moment_of(id, task), change);
}

void Chronicle::entered(SpaceId id, pid_t task, FollowedSpace& space, const CallRanges& ranges) {
  const auto found = told_.find(id);
  if (found == told_.end()) return;
  if (ranges.everywhere || space.has_contexts()) return caught_up(id, task, space);
  AreaChange change;
  const auto look = [&](vmarea::Range range) {
    change.append(found->second.areas.update(space.space(), range));
  };
  for (const vmarea::Address last : space.growing()) look({last, last + 1});
  for (const vmarea::Range range : ranges.parts) look(range);
  tell_between_calls(id, task, change);
}

void Chronicle::called(SpaceId id, pid_t task, FollowedSpace& space, const CallRanges& ranges,
                       const MadeCall& made) {
  const auto found = told_.find(id);
  if (found == told_.end()) return;
  AreaChange change;
  if (ranges.everywhere) {
    change = found->second.areas.update(space.space(), vmarea::everything);
  } else {
    for (const vmarea::Range range : ranges.parts) {
      change.append(found->second.areas.update(space.space(), range));
    }
  }
  tell(&LifeReader::called, moment_of(id, task), made, change);
}

void Chronicle::caught_up(SpaceId id, pid_t task, FollowedSpace& space) {
  const auto found = told_.find(id);
  if (found == told_.end()) return;
  tell_between_calls(id, task, found->second.areas.update(space.space(), vmarea::everything));
}

void Chronicle::lost(SpaceId id, const Call& call) {
  if (told_.contains(id)) tell(&LifeReader::lost, moment_of(id, 0), call);
}

void Chronicle::mismatched(pid_t task, std::uint64_t call, std::string_view text) {
  const Moment moment{.microseconds = microseconds(), .thread = task};
  tell(&LifeReader::mismatched, moment, call, text);
}

void Chronicle::unfollowed(pid_t process, std::string_view reason) {
  const Moment moment{.microseconds = microseconds(), .process = process};
  tell(&LifeReader::unfollowed, moment, reason);
}

void Chronicle::exiting(SpaceId id, pid_t task, FollowedSpace& space, std::uint64_t calls) {
  if (!told_.contains(id)) return;
  caught_up(id, task, space);
  tell(&LifeReader::exiting, moment_of(id, task), calls);
}

void Chronicle::gone(SpaceId id) {
  if (!told_.contains(id)) return;
  tell(&LifeReader::gone, moment_of(id, 0));
  told_.erase(id);
}

void Chronicle::ended(Ending ending) {
  ending.microseconds = microseconds();
  tell(&LifeReader::ended, ending);
}

bool Chronicle::close() {
  bool is_written = true;
  for (const auto& reader : readers_) is_written = reader->close() && is_written;
  return is_written;
}

}  // namespace follow
