// SPDX-License-Identifier: MIT
//
// Tells the readers of lives what the follower sees: finds what changed in a space since it was
// told last. Without a reader nothing is looked at.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "call_ranges.hpp"
#include "followed_space.hpp"
#include "life.hpp"
#include "options.hpp"
#include "tracer.hpp"

namespace follow {

class Chronicle {
 public:
  /// Throws CannotFollow where a file that was asked for cannot be made.
  explicit Chronicle(const Options& options);

  void appeared(SpaceId id, pid_t task, FollowedSpace& space, Appearance appearance);
  void shared(SpaceId id, pid_t task);
  /// Before a call: around it all that happened of itself is known.
  void entered(SpaceId id, pid_t task, FollowedSpace& space, const CallRanges& ranges);
  void called(SpaceId id, pid_t task, FollowedSpace& space, const CallRanges& ranges,
              const MadeCall& made);
  /// All that happened of itself is known.
  void caught_up(SpaceId id, pid_t task, FollowedSpace& space);
  /// A task was killed inside the call.
  void lost(SpaceId id, const Call& call);
  void mismatched(pid_t task, std::uint64_t call, std::string_view text);
  void unfollowed(pid_t process, std::string_view reason);
  void exiting(SpaceId id, pid_t task, FollowedSpace& space, std::uint64_t calls);
  void gone(SpaceId id);
  void ended(Ending ending);
  /// Whether all that was asked for is in its files.
  [[nodiscard]] bool close();

 private:
  /// A space, as it was told.
  struct Told {
    ToldAreas areas;
    std::map<pid_t, pid_t> processes;  // Of its tasks.
  };
  template <class... Parameters, class... Arguments>
  void tell(void (LifeReader::*event)(Parameters...), const Arguments&... arguments);
  Moment moment_of(SpaceId id, pid_t task);
  std::uint64_t microseconds() const;
  void tell_between_calls(SpaceId id, pid_t task, const AreaChange& change);

  using Clock = std::chrono::steady_clock;

  const Clock::time_point begun_ = Clock::now();
  std::vector<std::unique_ptr<LifeReader>> readers_;
  std::map<SpaceId, Told> told_;
};

}  // namespace follow
