// SPDX-License-Identifier: MIT
//
// Through what shims touch the words that threads share. Freestanding.
//
//   template <class Atomics = StandardAtomics>
//   struct Gate {
//     typename Atomics::template Word<bool> open{false};
//     void wait() { while (!open.load(std::memory_order_acquire)) Atomics::pause(); }
//   };
//
// The same headers so run on the words of the language, under a scheduler that stops a thread in
// front of each access, and under a checker of weak memory. A host with threads of its own kind
// derives from this and hides pause(), for instance by one that gives up the processor.
#pragma once

#include <atomic>

namespace vmarea::shims {

struct StandardAtomics {
  /// A word with load(order), store, exchange, fetch_add and compare_exchange_strong; zero at
  /// first.
  template <class T>
  using Word = std::atomic<T>;

  /// One turn of a wait: tells the processor that another thread has to do something first.
  static void pause() noexcept {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
  }
  /// Stands in front of an access to memory that threads share by other means than a Word. Does
  /// nothing here; where threads are simulated, another one may run.
  static void schedule_point() noexcept {}
};

}  // namespace vmarea::shims
