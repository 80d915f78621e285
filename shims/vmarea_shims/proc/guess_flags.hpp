// SPDX-License-Identifier: MIT
//
// What a line of maps tells of an area where its flags are not to be had, and what is likely.
//
//   rw-p             may be anything, is charged
//   r--s  a file     the file was opened for reading: it never becomes writable
//   [stack]          grows down
#pragma once

#include <string_view>

#include <vmarea/types/flags.hpp>
#include <vmarea_shims/proc/maps_line.hpp>

namespace vmarea::shims {

/// Whether the area has a file. What a driver made has a device, but its path need not be one.
constexpr bool has_file(const MapsLine& line) noexcept {
  return line.device != DeviceNumber{} || line.path.starts_with('/') ||
         line.letters.has_any(flag::shared);
}

/// The name that a process gave its memory; empty if it gave none.
constexpr std::string_view given_name(std::string_view path) noexcept {
  for (const std::string_view opening : {"[anon:", "[anon_shmem:"}) {
    if (!path.starts_with(opening) || !path.ends_with(']')) continue;
    return path.substr(opening.size(), path.size() - opening.size() - 1);
  }
  return {};
}

/// Whether a path is that of memory, which is always open for writing.
constexpr bool is_memory(std::string_view path) noexcept {
  for (const std::string_view opening : {"/dev/zero", "/SYSV", "/memfd:", "[anon_shmem:"}) {
    if (path.starts_with(opening)) return true;
  }
  return false;
}

/// The likeliest flags of an area of which only the line is known.
constexpr Flags guess_flags(const MapsLine& line) noexcept {
  const Flags access = line.letters & flag::access;
  const bool writes = access.has_any(flag::write);
  if (!line.letters.has_any(flag::shared)) {
    return (access | flag::may_access)
        .with_if(writes, flag::account)
        .with_if(line.path == "[stack]", flag::grows_down);
  }
  const Flags read_only_file = access | flag::may_read | flag::may_exec | flag::may_share;
  const bool is_writable = writes || is_memory(line.path);
  return read_only_file.with_if(is_writable, flag::may_write | flag::shared);
}

}  // namespace vmarea::shims
