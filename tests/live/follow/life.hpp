// SPDX-License-Identifier: MIT
//
// What is told of the life of the followed address spaces, and to whom.
//
//   begun ── appeared (exec, fork) ── called, changed_between_calls ... ── exiting ── gone ── ended
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

#include "area_change.hpp"
#include "call.hpp"

namespace follow {

/// Where and when something happened.
struct Moment {
  std::uint64_t microseconds = 0;  // Since follow began.
  std::uint64_t space = 0;         // 0: of no followed space.
  pid_t process = 0;
  pid_t thread = 0;
};

struct Beginning {
  std::vector<std::string> command;
  std::string machine;
  std::string kernel;  // Its release.
};

/// A space that is followed from now on.
struct Appearance {
  std::uint64_t parent = 0;     // The space that fork copied; 0: a program was loaded.
  std::string program;          // Its name, as the kernel shows it.
  bool is_the_program = false;  // The one that was asked for, or what that only prepared.
  std::vector<ShownArea> areas;
};

/// How the answer and the areas of a call were compared.
enum class Comparison : std::uint8_t {
  compared,
  told_address,  // Chance or a driver chose where.
  told_result,   // Pages or rights, no areas, decided about the answer.
  not_modelled,  // Areas were read from the kernel.
  none,          // It is no matter of areas: a fork that failed, say.
};

struct MadeCall {
  std::uint64_t number = 0;
  const Call* call = nullptr;
  std::int64_t raw = 0;  // Minus an errno where it failed.
  Comparison comparison = Comparison::none;

  bool has_failed() const { return raw < 0 && raw >= -4095; }
};

struct Ending {
  std::uint64_t microseconds = 0;
  std::string program;
  std::string verdict;             // equal, mismatch, not_followed.
  std::optional<int> wait_status;  // The program's own; none where it did not end by itself.
  std::map<std::string_view, std::uint64_t> calls;  // By name, those that were compared.
  std::uint64_t processes = 0;
  std::uint64_t mismatches = 0;
  std::vector<std::string> notes;
};

class LifeReader {
 public:
  virtual ~LifeReader() = default;
  virtual void begun(const Beginning&) {}
  virtual void appeared(const Moment&, const Appearance&) {}
  /// A new process shares the space.
  virtual void shared(const Moment&) {}
  virtual void called(const Moment&, const MadeCall&, const AreaChange&) {}
  /// The task was killed inside the call.
  virtual void lost(const Moment&, const Call&) {}
  /// Stacks grew, or what a killed task did became known.
  virtual void changed_between_calls(const Moment&, const AreaChange&) {}
  /// `call` is the number of the call under way, whose own line comes after this; 0: none.
  virtual void mismatched(const Moment&, std::uint64_t /*call*/, std::string_view) {}
  virtual void unfollowed(const Moment&, std::string_view /*reason*/) {}
  virtual void exiting(const Moment&, std::uint64_t /*calls*/) {}
  /// Nothing of ours uses the space any more.
  virtual void gone(const Moment&) {}
  virtual void ended(const Ending&) {}
  /// Whether all that was told is in the file.
  [[nodiscard]] virtual bool close() = 0;
};

}  // namespace follow
