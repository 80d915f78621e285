// SPDX-License-Identifier: MIT
//
// Single facts out of the text files of /proc/TASK. A task may be a thread: its files speak of the
// space even when the first thread of its process has ended.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <sys/types.h>

namespace follow {

/// The whole file; empty if it cannot be read.
std::string read_file(const std::string& path);
/// The word after `field` in text made of "field: value" lines.
std::optional<std::string> find_field(std::string_view text, std::string_view field);

/// The soft and the hard limit of that name in the text of /proc/TASK/limits, in its units. All
/// bits are set where there is none.
std::pair<std::uint64_t, std::uint64_t> find_limit(std::string_view text, std::string_view name);

std::optional<pid_t> thread_group_of(pid_t task);
std::optional<pid_t> parent_of(pid_t task);
/// Whether the task still has an address space: it has none from late in its exit on.
bool has_memory(pid_t task);
/// Whether files about the task's memory may be opened now. Not after it changed its user, say.
bool may_be_read(pid_t task);
/// Whether a signal waits that the task does not block.
bool has_pending_signal(pid_t task);
/// The effective capabilities, a bit each.
std::uint64_t capabilities_of(pid_t task);
/// The effective one of the ids in field Uid or Gid.
std::optional<std::uint64_t> effective_id(pid_t task, std::string_view field);
std::uint64_t personality_of(pid_t task);
/// A number that stands alone in a file, such as those of /proc/sys.
std::optional<std::uint64_t> read_number(const std::string& path);

}  // namespace follow
