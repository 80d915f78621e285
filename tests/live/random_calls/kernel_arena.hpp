// SPDX-License-Identifier: MIT
//
// The running kernel's side: executes calls in the arena of this process. A touch is a real load or
// store; the signal of a failed one is caught. It allocates nothing after construction.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include <sys/resource.h>

#include "live/random_calls/call.hpp"
#include "live/random_calls/maps_reader.hpp"

namespace vmarea::live {

class KernelArena {
 public:
  KernelArena(const Shape& shape, const AreaProgram& program);
  ~KernelArena();
  KernelArena(const KernelArena&) = delete;
  KernelArena& operator=(const KernelArena&) = delete;

  /// Why this kernel cannot be compared with; empty if it can.
  std::string why_unusable();

  /// Whether a read of untouched anonymous memory allocates a page and so gives an identity: a
  /// kernel without the page of zeros. False where it cannot be seen, for the kernel takes the
  /// charge of no memory back.
  bool reads_allocate();

  /// Flags that smaps does not show.
  Flags flags_hidden();

  /// What every new area has: soft_dirty, where the kernel knows that.
  Flags marks_of_new_memory();

  /// Whether memory for execution alone gets a protection key of its own.
  bool has_keys();

  /// Whether there are System V segments.
  bool has_segments() const { return segments_[0] >= 0; }

  /// The result, or minus the error number. Not for Operation::fork.
  std::int64_t execute(const Call& call);
  /// Unmaps the arena and takes limits and rights back to what they were. False if something, a
  /// sealed area, is in the way.
  bool reset();
  /// Unmaps what a call placed elsewhere.
  void unmap(std::uint64_t start, std::uint64_t length);

  /// Areas of the arena, and how much of them is known; `expected`: what they will probably be.
  Detail read_areas(Picture& picture, const Picture& expected) {
    return maps_.read_areas(picture, shape_.end(), expected);
  }
  /// The same with all flags.
  void read_all_flags(Picture& picture) { maps_.read_all_flags(picture, shape_.end()); }
  PageTotals read_totals() const { return maps_.read_totals(); }
  MapsReader& maps() { return maps_; }
  const std::array<rlimit, limited_count>& limits() const { return limits_; }

  /// To be called first in a child made by fork: the open files show the parent's areas.
  /// So do open userfaultfds.
  void become_child() {
    maps_.reopen();
    for (unsigned i = 0; i < userfault_count; ++i) close_userfault(i);
    for (std::int64_t& attached : attached_outside_) ++attached;  // Where the parent has it, too.
  }
  /// New segments in place of those of the parent, which others attach at the same time.
  void take_own_segments() { make_segments(); }

 private:
  /// Maps it anew; the call that did.
  Call map_first_page(std::uint32_t protection);
  enum class Read : std::uint8_t { no, yes };
  /// Whether a page that became unwritable, after a read or not, is charged still.
  bool unwritable_is_charged(Read read);
  /// Whether the arena holds one area and that has any of these flags; nothing is left there.
  bool only_area_has(Flags flags);
  void make_segments();
  /// Areas of a segment in all processes.
  std::int64_t read_attached(std::size_t segment) const;
  std::int64_t set_heap(std::uint64_t at);
  std::int64_t set_limit(const Call& call);
  int userfault(const Call& call);
  void close_userfault(unsigned number);
  std::int64_t set_lock_right(LockRight right);
  std::int64_t copy(const Call& call);
  std::int64_t advise_several(const Call& call);

  Shape shape_;
  MapsReader maps_;
  std::array<int, file_count> files_{};
  int copied_to_ = -1;                                // Holds what was read from the arena.
  int copied_from_ = -1;                              // Gives zeros.
  std::array<int, segment_bytes.size()> segments_{};  // Negative: there are none.
  std::array<void*, segment_bytes.size()> segment_places_{};
  // Areas of each segment that are in no arena of this sequence.
  std::array<std::int64_t, segment_bytes.size()> attached_outside_{};
  std::array<int, userfault_count> userfaults_ = {-1, -1};  // Opened when first asked for.
  std::array<rlimit, limited_count> limits_{};              // As the program was started with.
  bool heap_changed_ = true;
  bool limits_changed_ = false;
  bool right_dropped_ = false;
  bool modes_changed_ = false;
};

}  // namespace vmarea::live
