// SPDX-License-Identifier: MIT
//
// The running kernel's side: executes calls in the arena of this process and reads back its areas,
// by the PROCMAP_QUERY ioctl after every call and from smaps where all flags are wanted. It
// allocates nothing after construction. A touch is a real load or store; the signal of a failed
// one is caught.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>

#include "live/random_calls/call.hpp"
#include "live/random_calls/picture.hpp"
#include "vmarea/space_state.hpp"

namespace vmarea::live {

class KernelArena {
 public:
  KernelArena();
  ~KernelArena();
  KernelArena(const KernelArena&) = delete;
  KernelArena& operator=(const KernelArena&) = delete;

  /// Why this kernel cannot be compared with; empty if it can.
  std::string why_unusable() const;

  /// Whether a read of untouched anonymous memory allocates a page and so gives an identity: a
  /// kernel without the page of zeros.
  bool reads_allocate();

  /// The result, or minus the error number. Not for Operation::fork.
  std::int64_t execute(const Call& call);
  /// Unmaps the arena. False if something, a sealed area, is in the way.
  bool clear();
  /// Unmaps what a call placed elsewhere.
  void unmap(std::uint64_t start, std::uint64_t length);

  /// Areas of the arena with quick_flags.
  void read_areas(Picture& picture) const;
  /// The same from smaps, with all flags.
  void read_all_flags(Picture& picture);

  /// Pages of the whole process by class, from /proc/self/status.
  PageTotals read_totals() const;

  /// To be called first in a child made by fork: the open files show the parent's areas.
  void become_child();

 private:
  void open_maps();

  int maps_ = -1;
  int smaps_ = -1;
  int status_ = -1;
  std::array<int, file_count> files_{};
  std::size_t smaps_size_ = std::size_t{4} << 20;
  std::unique_ptr<char[]> smaps_text_;
};

}  // namespace vmarea::live
