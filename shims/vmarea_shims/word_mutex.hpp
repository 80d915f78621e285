// SPDX-License-Identifier: MIT
//
// A mutex of one word, for a lock that is taken and let go in each call: without anybody who waits
// that is done in place, where a std::mutex calls the C library twice, for 53 instructions there.
//
//   free --lock()--> held --unlock()--> free                           nobody is woken
//                     | another one waits
//                     v
//                   awaited --unlock()--> free, and one is woken, who finds out what is left
#pragma once

#include <atomic>

namespace vmarea::shims {

/// Who waits sleeps. Not fair: whoever comes may pass those who sleep.
class WordMutex {
 public:
  void lock() noexcept {
    if (!try_lock()) wait_and_lock();
  }
  bool try_lock() noexcept {
    State expected = free;
    return state_.compare_exchange_strong(expected, held, std::memory_order_acquire,
                                          std::memory_order_relaxed);
  }
  /// Requires: it is held, by whatever thread.
  void unlock() noexcept {
    if (state_.exchange(free, std::memory_order_release) == awaited) state_.notify_one();
  }
  /// Free, whatever it was. For the child of a fork, where those who held it and waited are not.
  void renew() noexcept { state_.store(free, std::memory_order_relaxed); }

 private:
  using State = int;  // What std::atomic waits for without a detour, on Linux.
  static constexpr State free = 0;
  static constexpr State held = 1;
  static constexpr State awaited = 2;  // Held, and somebody may be waiting.

  [[gnu::noinline]] void wait_and_lock() noexcept {
    // Awaited from here on, for whoever was woken does not know whether others still wait.
    while (state_.exchange(awaited, std::memory_order_acquire) != free) {
      state_.wait(awaited, std::memory_order_relaxed);
    }
  }

  std::atomic<State> state_ = free;
};

}  // namespace vmarea::shims
