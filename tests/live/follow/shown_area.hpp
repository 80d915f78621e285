// SPDX-License-Identifier: MIT
//
// An area as it is told to people and programs: what maps and smaps show of it, and which kind of
// memory it is. It stays what it was when the space goes on.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "host.hpp"

namespace follow {

enum class AreaKind : std::uint8_t {
  anonymous,
  heap,     // Between the first and the present break.
  stack,    // Of the first thread, or memory that grows down.
  file,     // Memory files among them (memfd).
  shared,   // Shared memory without a file of its own, and SysV segments.
  device,   // A driver made it.
  special,  // [vdso] and its like.
};

std::string_view name_of(AreaKind kind);

struct ShownArea {
  vmarea::Range range{};
  vmarea::Flags flags{};
  AreaKind kind = AreaKind::anonymous;
  std::uint64_t offset_bytes = 0;  // Into the file; 0 without one.
  FileId file{};
  std::string name;  // As maps shows it, but as it is: newlines are no \012.

  /// A file may get another name at any time: that is no change of its areas.
  friend bool operator==(const ShownArea& one, const ShownArea& other) {
    return one.range == other.range && one.flags == other.flags && one.kind == other.kind &&
           one.offset_bytes == other.offset_bytes && one.file == other.file &&
           (one.file.inode != 0 || one.name == other.name);
  }
};

ShownArea show(const Space& space, const AreaDescription& area);

/// "rw-p", as maps has it.
std::string access_letters(vmarea::Flags flags);

}  // namespace follow
