// SPDX-License-Identifier: MIT
//
// Makes the call that the kernel was asked to make on the AddressSpace of ours, from the same
// arguments, and says what ours answered in the kernel's own form: a value, or minus an errno.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <sys/types.h>

#include "call.hpp"
#include "followed_space.hpp"

namespace follow {

/// What must be looked up while the task stands at the entry of the call.
struct CallFacts {
  HeldFile file;                               // mmap
  std::optional<std::uint64_t> segment_bytes;  // shmat
  std::uint32_t segment_key = 0;               // shmat
  bool on_itself = true;                       // process_madvise
  CallRanges ranges;
};

CallFacts gather_facts(FollowedSpace& space, pid_t task, const Call& call);

enum class Made : std::uint8_t {
  compared,      // Ours answered by its own rules.
  told_address,  // Ours was told where: the kernel chose at random, or a driver did.
  told_result,   // The answer depends on what no rule of areas decides; areas are compared.
  not_modelled,  // There is no such call of ours; nothing was done.
};

struct ModelAnswer {
  Made made = Made::compared;
  std::int64_t raw = 0;
};

/// `kernel_raw` is used only where a driver or chance decides, and `made` says so.
ModelAnswer make_call(FollowedSpace& space, pid_t task, const Call& call, const CallFacts& facts,
                      std::int64_t kernel_raw);

}  // namespace follow
