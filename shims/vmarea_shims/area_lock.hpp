// SPDX-License-Identifier: MIT
//
// Locks of single areas: readers of one area do not meet those of another, and a writer that holds
// the space waits for the readers of what it changes, and of nothing else. Freestanding.
//
//   space   sequence 7 --unlock--> 8                        goes on when a space is unlocked
//   area    { written in 7, detached, 2 readers }           one word, changed by compare-exchange
//
//   reader   word: not written in this sequence, not detached     -> counts itself in
//   writer   marks the word with the sequence, waits for readers  -> is alone until unlock
//
// No area is unlocked by its writer: when the sequence goes on, all of its marks are old. A reader
// looks at the word first and at the sequence after that: with an old sequence in hand, a mark that
// is newer would look like an old one.
#pragma once

#include <atomic>
#include <cstdint>

#include <vmarea_shims/atomics.hpp>

namespace vmarea::shims {

/// Of a space: goes on each time that it is unlocked.
template <class Atomics = StandardAtomics>
class WriteSequence {
 public:
  std::uint64_t now() const noexcept { return value_.load(std::memory_order_acquire); }
  /// Ends all area writes. Requires: the space lock.
  void go_on() noexcept {
    value_.store(value_.load(std::memory_order_relaxed) + 1, std::memory_order_release);
  }

 private:
  typename Atomics::template Word<std::uint64_t> value_{1};  // A new area was written in 0.
};

/// Of an area; detached at first.
template <class Atomics = StandardAtomics>
class AreaLockWord {
 public:
  /// More would not fit into the word: the next one is told that the area is being written.
  static constexpr std::uint64_t readers_max = (std::uint64_t{1} << 16) - 1;

  /// Requires: the space lock. Ensures: no reader is left, and none comes until the space is
  /// unlocked.
  void begin_write(const WriteSequence<Atomics>& sequence) noexcept {
    const std::uint64_t mark = mark_of(sequence.now());
    std::uint64_t word = word_.load(std::memory_order_relaxed);
    if ((word & marks) == mark) return;
    while (!word_.compare_exchange_strong(word, (word & ~marks) | mark, std::memory_order_acq_rel,
                                          std::memory_order_relaxed)) {
    }
    while ((word_.load(std::memory_order_acquire) & readers_max) != 0) Atomics::pause();
  }
  // Plain stores, for no reader can change the word: it cannot be reached, or is being written.
  /// Requires: the space lock; no reader can reach it. Ensures: as begin_write().
  void attach(const WriteSequence<Atomics>& sequence) noexcept {
    word_.store(mark_of(sequence.now()), std::memory_order_relaxed);
  }
  /// Requires: begin_write() in the same write.
  void detach() noexcept {
    word_.store(word_.load(std::memory_order_relaxed) | detached, std::memory_order_release);
  }

  /// False: it is being written, was detached, or has too many readers. Never waits.
  bool begin_read(const WriteSequence<Atomics>& sequence) noexcept {
    std::uint64_t word = word_.load(std::memory_order_acquire);
    for (;;) {
      const bool is_written = (word & marks) == mark_of(sequence.now());
      if (is_written || (word & detached) != 0 || (word & readers_max) == readers_max) return false;
      if (word_.compare_exchange_strong(word, word + 1, std::memory_order_acq_rel,
                                        std::memory_order_acquire)) {
        return true;
      }
    }
  }
  void end_read() noexcept { word_.fetch_add(~std::uint64_t{0}, std::memory_order_acq_rel); }

 private:
  static constexpr std::uint64_t detached = readers_max + 1;
  static constexpr std::uint64_t marks = ~(detached | readers_max);

  static std::uint64_t mark_of(std::uint64_t sequence) noexcept {
    return sequence * (detached << 1);
  }
  typename Atomics::template Word<std::uint64_t> word_{detached};
};

}  // namespace vmarea::shims
