// SPDX-License-Identifier: MIT
//
// The kernel's own account of an address space: /proc/TASK/maps for what everybody sees, smaps for
// the flags, PAGEMAP_SCAN for which pages exist. Before Linux 6.7 there is no such scan: pagemap is
// read page by page, and kpageflags tells the zero page.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>
#include <vmarea/types/flags.hpp>
#include <vmarea/types/range.hpp>
#include <vmarea_shims/proc/smaps_parser.hpp>

namespace follow {

/// Device and inode, as maps shows them.
struct FileId {
  unsigned major = 0;
  unsigned minor = 0;
  std::uint64_t inode = 0;
  friend constexpr bool operator==(const FileId&, const FileId&) = default;
};

/// One line of maps.
struct KernelArea {
  vmarea::Address start = 0;
  vmarea::Address end = 0;
  vmarea::Flags access;  // read, write, exec, shared: the four letters.
  std::uint64_t offset_bytes = 0;
  FileId file;
  std::string name;                    // As it is: newlines are no \012.
  std::optional<vmarea::Flags> flags;  // All flags; only where smaps was read.

  vmarea::Range range() const { return {start, end}; }
};

/// The files of one space in /proc, opened once. They speak of that space for ever, even when its
/// task has gone on to another program.
class KernelSpace {
 public:
  /// Opens the files of the task's present space.
  explicit KernelSpace(pid_t task);
  ~KernelSpace();
  KernelSpace(const KernelSpace&) = delete;
  KernelSpace& operator=(const KernelSpace&) = delete;

  /// Whether the files may be read: not those of a program that itself may not be, by a follower
  /// without rights.
  bool is_readable() const { return maps_ >= 0 && smaps_ >= 0 && pagemap_ >= 0; }

  /// The text of maps, without [vsyscall]. Valid until the next call.
  std::string_view read_maps();
  /// All areas in address order, without [vsyscall], which is no area. Valid until the next call.
  const std::vector<KernelArea>& read_areas();
  /// The text that the areas were read from last. Valid until the next call.
  std::string_view last_maps() const { return std::string_view(text_).substr(0, maps_size_); }
  /// The same, with flags.
  std::vector<KernelArea> read_areas_with_flags();
  /// The first page in `range` that holds anonymous memory of its own: present or swapped, not of
  /// a file, not the shared zero page. With `huge_zero_counts`, a huge zero page is one too.
  std::optional<vmarea::Address> find_anonymous_page(vmarea::Range range, bool huge_zero_counts);
  /// Whether a page in `range` is a guard: whoever touches it is ended.
  bool has_guard_page(vmarea::Range range) const;
  /// The area that contains `at`, else the first one above it, without its name, by a query that
  /// costs little however many areas there are; none if there is none. Where the kernel answers no
  /// queries all areas are read, as by read_areas().
  std::optional<KernelArea> find_at_or_above(vmarea::Address at);
  /// Whether this kernel answers such queries.
  static bool has_queries();
  /// Whether it tells us which pages exist.
  static bool shows_pages();

 private:
  static bool has_scan();
  std::optional<KernelArea> find_in_text(vmarea::Address at);
  std::string_view read_text(int file);

  int maps_ = -1;
  int smaps_ = -1;
  int pagemap_ = -1;
  std::string text_;
  std::size_t maps_size_ = 0;
  std::vector<KernelArea> areas_;
};

}  // namespace follow
