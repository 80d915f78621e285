// SPDX-License-Identifier: MIT
//
// One area of a process by the PROCMAP_QUERY ioctl of its maps file, as proc_pid_maps(5) has it; it
// is newer than the headers of the build host.
#pragma once

#include <cstdint>

#include <sys/ioctl.h>
#include <vmarea/types/flags.hpp>

namespace vmarea::live {

struct AreaQuery {
  std::uint64_t size = sizeof(AreaQuery);
  std::uint64_t query_flags = 0;
  std::uint64_t query_address = 0;
  std::uint64_t start = 0;
  std::uint64_t end = 0;
  std::uint64_t flags = 0;
  std::uint64_t page_size = 0;
  std::uint64_t offset = 0;
  std::uint64_t inode = 0;
  std::uint32_t device_major = 0;
  std::uint32_t device_minor = 0;
  std::uint32_t name_size = 0;
  std::uint32_t build_id_size = 0;
  std::uint64_t name_address = 0;
  std::uint64_t build_id_address = 0;
};

/// The area that contains `at`, else the first above it. False: there is none, or no such ioctl.
inline bool query_area(int maps, std::uint64_t at, AreaQuery& answer) noexcept {
  constexpr std::uint64_t covering_or_next = 16;
  answer = {};
  answer.query_flags = covering_or_next;
  answer.query_address = at;
  return ioctl(maps, _IOWR('f', 17, AreaQuery), &answer) == 0;
}

/// What the letters of a line of maps say; `s` is flag::shared.
inline Flags letters_of(const AreaQuery& area) noexcept {
  return Flags{}
      .with_if((area.flags & 1) != 0, flag::read)
      .with_if((area.flags & 2) != 0, flag::write)
      .with_if((area.flags & 4) != 0, flag::exec)
      .with_if((area.flags & 8) != 0, flag::shared);
}

}  // namespace vmarea::live
