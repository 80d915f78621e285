// SPDX-License-Identifier: MIT
//
// What a process that measures writes down: memory shared with its parent, so that it needs no
// stdio and what it wrote survives its death.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "live/area_program/flag_bits.hpp"
#include "live/random_calls/call.hpp"
#include "live/random_calls/picture.hpp"
#include "vmarea/space/space_state.hpp"

namespace vmarea::live {

/// The first thing that differed.
enum class Trouble : std::uint8_t {
  none,
  result,      // Return value or error.
  picture,     // What the arena looks like.
  totals,      // Pages by class.
  invariants,  // Our own space is not sound, or not made as it was previewed.
  clearing,    // The arena could not be emptied.
  death,       // A signal: an assertion of ours, or no end.
};

/// Over all sequences.
struct Counts {
  std::uint64_t calls = 0;
  std::uint64_t sequences = 0;
  std::uint64_t calls_seen_whole = 0;  // With all flags, page offsets and identities.
  std::uint64_t smaps_readings = 0;
  std::uint64_t areas_seen = 0;
  std::uint64_t deviations_met = 0;
  std::array<std::uint64_t, kind_count> calls_of_kind{};
  std::array<std::uint64_t, kind_count> succeeded_of_kind{};

  Counts& operator+=(const Counts& other);
};

struct Slate {
  Counts counts;

  // What a child learns stays known, what it counts counts.
  FlagBits flag_bits;
  std::uint64_t comparisons = 0;

  // Where the run stands.
  std::uint64_t sequence = 0;
  std::uint64_t step = 0;

  // What went wrong there.
  Trouble trouble = Trouble::none;
  Difference difference = Difference::none;  // Of the pictures.
  int signal = 0;
  std::int64_t kernel_result = 0;
  std::int64_t model_result = 0;
  std::array<char, 128> message{};
  std::array<char, 256> kernel_shows{};  // Where calls are made to be looked at, not compared.
  std::array<char, 256> library_shows{};
  PageTotals kernel_totals;
  PageTotals model_totals;
  std::array<std::int64_t, 2048> results{};  // The kernel's, of the steps of this sequence.
  Picture before;                            // Ours; the kernel's was equal as far as it was read.
  Picture kernel;
  Picture model;
};

/// Slates in memory that children share, one for each worker.
class SharedSlates {
 public:
  explicit SharedSlates(std::size_t count);
  ~SharedSlates();
  SharedSlates(const SharedSlates&) = delete;
  SharedSlates& operator=(const SharedSlates&) = delete;
  Slate& operator[](std::size_t i) const { return slates_[i]; }
  std::size_t size() const { return count_; }
  /// Read while others write: sooner or later the answer is right.
  bool anything_wrong() const;

 private:
  std::size_t count_;
  Slate* slates_;
};
Counts sum(const SharedSlates& slates);

/// Runs `work()` in a child and waits for it; a death by signal is written on the slate.
template <class Work>
void run_in_child(Slate& slate, Work work);
/// The same in two halves, for what the child does after them. True in the child.
bool begin_child(int& child);
void await_child(Slate& slate, int child);
/// Whether the child has left; if so, `child` is 0 from then on.
bool has_left(Slate& slate, int& child);
[[noreturn]] void leave_child();

template <class Work>
void run_in_child(Slate& slate, Work work) {
  int child = 0;
  if (begin_child(child)) {
    work();
    leave_child();
  }
  await_child(slate, child);
}

}  // namespace vmarea::live
