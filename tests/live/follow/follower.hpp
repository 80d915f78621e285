// SPDX-License-Identifier: MIT
//
// Holds one FollowedSpace for each address space of the program, makes each call on it, compares,
// and counts.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "chronicle.hpp"
#include "followed_space.hpp"
#include "model_call.hpp"
#include "options.hpp"
#include "output.hpp"
#include "pace.hpp"
#include "tracer.hpp"

namespace follow {

/// What is printed at the end.
struct Tally {
  std::map<std::string_view, std::uint64_t> compared;
  std::map<std::string_view, std::uint64_t> adopted;       // Not modelled.
  std::map<std::string_view, std::uint64_t> told_address;  // Placed where chance or a driver chose.
  std::map<std::string_view, std::uint64_t> told_result;
  std::uint64_t processes = 0;
  std::uint64_t lost = 0;
  std::uint64_t woken = 0;          // Calls that another thread woke in the midst of.
  std::uint64_t unfollowed = 0;     // Processes, or parts of their lives.
  bool program_unfollowed = false;  // The first process among them.
  std::uint64_t mismatches = 0;
};

/// Thrown after a mismatch was reported.
struct Mismatch {};

class Follower : public Observer {
 public:
  /// Throws CannotFollow where a file that was asked for cannot be made.
  explicit Follower(const Options& options);

  void image_loaded(SpaceId space, pid_t task) override;
  void call_entered(SpaceId space, pid_t task, const Call& call) override;
  void call_left(SpaceId space, pid_t task, const Call& call, std::int64_t raw) override;
  void call_lost(SpaceId space, const Call& call) override;
  void orphan_found(pid_t child) override;
  void space_forked(SpaceId parent, pid_t parent_task, SpaceId child, pid_t child_task) override;
  void space_shared(SpaceId space, pid_t child_task) override;
  void space_ending(SpaceId space, pid_t task) override;
  void space_gone(SpaceId space) override;
  void tracing_refused(pid_t task) override;
  bool may_wait_for_others(SpaceId space) const override;
  void look_at_others(SpaceId space, pid_t task, const Call& call) override;
  bool may_sleep_on(SpaceId space, pid_t other) const override;
  bool follows(SpaceId space) const override { return spaces_.contains(space); }
  void let_go(SpaceId space, pid_t task, const std::string& reason) override;

  const Tally& tally() const { return tally_; }
  /// The final areas of the first process, if they were asked for.
  const std::string& final_maps() const { return final_maps_; }
  /// What ran: the program that was asked for, or the one that it only prepared (env, timeout ...).
  const std::string& program() const { return program_; }
  /// Tells the end to the files that were asked for. Whether all is in them. `wait_status` is the
  /// program's own; none where it was ended with us, or not begun.
  [[nodiscard]] bool finish_files(std::optional<int> wait_status);

 private:
  /// A space, what is known of the call it is in, and when it was compared.
  struct Followed {
    std::unique_ptr<FollowedSpace> space;
    CallFacts facts;
    Pace map_pace;     // Of the text of maps.
    Pace hidden_pace;  // Of what maps does not show, which costs more.
    std::uint64_t calls = 0;
    std::uint64_t number = 0;      // Of the last call.
    std::uint64_t last_equal = 0;  // The number of the call after which all was compared last.
    /// Other tasks that slept when the call began, and how often they had gone to sleep.
    std::map<pid_t, std::uint64_t> sleepers;
  };
  /// Null where the space is not followed.
  Followed* find_followed(SpaceId space);
  void treat_call(SpaceId id, Followed& followed, pid_t task, const Call& call, std::int64_t raw);
  void tell_call(SpaceId id, pid_t task, const MadeCall& made, bool everywhere);
  void make_and_compare(SpaceId id, Followed& followed, pid_t task, const Call& call,
                        std::int64_t raw);
  void adopt(Followed& followed, pid_t task, const Call& call, std::int64_t raw);
  void check_call(SpaceId id, Followed& followed, pid_t task, const Call& call, std::int64_t raw);
  /// Compares all that can be seen.
  void check_all(SpaceId id, Followed& followed, pid_t task, const std::string& what);
  /// `say_what` is asked for what was compared where it is not equal.
  void judge(SpaceId id, Followed& followed, pid_t task,
             const std::function<std::string()>& say_what,
             const std::optional<Difference>& difference);
  bool cannot_be_told(SpaceId id, FollowedSpace& space, pid_t task);
  /// Whether another task woke since the call began, and may have touched memory.
  bool has_woken(SpaceId id, pid_t task);
  void give_up(pid_t task, const std::string& reason);
  void count(const Call& call, Made made);
  /// Says it, and goes on from the kernel's areas or not at all.
  void fail(FollowedSpace& space, pid_t task, const std::string& text);
  /// Whether this is the program, or what it only prepared.
  bool name_program(pid_t task);
  void show_progress();
  /// "area START END FLAGS" for each area of an image, "call NAME ARGUMENT... RESULT" for each call
  /// that succeeded, in hexadecimal: what bench/ replays.
  void record_image(SpaceId id, pid_t task);
  void record_call(SpaceId id, const Call& call, std::int64_t raw);

  using Clock = std::chrono::steady_clock;

  Options options_;
  FileRegistry files_;  // Outlives the spaces.
  std::map<SpaceId, Followed> spaces_;
  std::vector<AreaDescription> before_;
  Tally tally_;
  std::uint64_t calls_ = 0;  // Seen so far, of all spaces: the number of the last one.
  pid_t first_process_ = 0;
  std::string program_;
  bool is_prepared_ = false;  // The program's name is that of one that runs another.
  Clock::time_point progress_shown_ = Clock::now();
  std::uint64_t calls_at_progress_ = 0;
  std::string final_maps_;
  Recording recording_;
  Chronicle chronicle_;
  std::uint64_t call_under_way_ = 0;          // Its number; 0: none.
  Comparison comparison_ = Comparison::none;  // Of that call.
  SpaceId recorded_{};
};

/// "3 calls of kinds not modelled (mbind)" and the like; empty where there is nothing to note.
std::vector<std::string> print_notes(const Tally& tally);

}  // namespace follow
