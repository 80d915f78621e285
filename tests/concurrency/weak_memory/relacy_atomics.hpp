// SPDX-License-Identifier: MIT
//
// Words for shims whose loads may be as old as the memory model of C++ allows: those of relacy,
// which runs threads one access at a time and chooses what each load reads.
//
// A handler may be called in front of each access, as by a signal; when is drawn.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include <relacy/base.hpp>

// In the place of relacy's own numbers, x to 257 x + 1, of which one says much about the next: with
// those a fault was not found in 1,000,000 executions that is found with these in 8,000.
#define RL_RANDOM_HPP
namespace rl {
struct random_generator {
  std::uint64_t state;

  void seed(iteration_t iteration) { state = static_cast<std::uint64_t>(iteration); }
  unsigned rand() {
    std::uint64_t mixed = state += 0x9e3779b97f4a7c15u;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9u;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebu;
    return static_cast<unsigned>((mixed ^ (mixed >> 31)) >> 32);
  }
};
}  // namespace rl

#include <relacy/relacy.hpp>

// Relacy puts its own in the place of these words of the language.
#undef new
#undef delete
#undef malloc
#undef calloc
#undef realloc
#undef free
#undef assert
#undef errno
#undef memory_order_relaxed
#undef memory_order_consume
#undef memory_order_acquire
#undef memory_order_release
#undef memory_order_acq_rel
#undef memory_order_seq_cst

namespace vmarea::test {

/// What a thread does when a signal reaches it, as often as `left` says and never in itself.
struct Handler {
  void (*handle)(void* context) = nullptr;
  void* context = nullptr;
  unsigned left = 0;
  bool is_running = false;

  void interrupt() {
    if (left == 0 || is_running || rl::rand(8) != 0) return;
    --left;
    is_running = true;
    handle(context);
    is_running = false;
  }
};

/// One a thread. A scenario sets them for each iteration.
inline Handler handlers[4];

struct RelacyAtomics {
  template <class T>
  class Word {
   public:
    Word() : Word(T{}) {}
    explicit Word(T value) { word_.store(value, rl::mo_relaxed, RL_INFO); }

    T load(std::memory_order order) const {
      interrupt();
      return word_.load(of(order), RL_INFO);
    }
    void store(T value, std::memory_order order) {
      interrupt();
      word_.store(value, of(order), RL_INFO);
    }
    T exchange(T value, std::memory_order order) {
      interrupt();
      return word_.exchange(value, of(order), RL_INFO);
    }
    T fetch_add(T value, std::memory_order order) {
      interrupt();
      return word_.fetch_add(value, of(order), RL_INFO);
    }
    bool compare_exchange_strong(T& expected, T wanted, std::memory_order order,
                                 std::memory_order failure) {
      interrupt();
      return word_.compare_exchange_strong(expected, wanted, of(order), RL_INFO, of(failure),
                                           RL_INFO);
    }

   private:
    static void interrupt() {
      if (!rl::ctx().invariant_executing) handlers[rl::thread_index()].interrupt();
    }
    static rl::memory_order of(std::memory_order order) {
      switch (order) {
        case std::memory_order::relaxed:
          return rl::mo_relaxed;
        case std::memory_order::consume:
          return rl::mo_consume;
        case std::memory_order::acquire:
          return rl::mo_acquire;
        case std::memory_order::release:
          return rl::mo_release;
        case std::memory_order::acq_rel:
          return rl::mo_acq_rel;
        default:
          return rl::mo_seq_cst;
      }
    }

    rl::atomic<T> word_;
  };

  static void pause() { rl::yield(1, RL_INFO); }
  static void schedule_point() {}
};

/// What a scenario wants of a checker.
struct RelacyTools {
  using Atomics = RelacyAtomics;

  class Mutex {
   public:
    void lock() { mutex_.lock(RL_INFO); }
    void unlock() { mutex_.unlock(RL_INFO); }

   private:
    rl::mutex mutex_;
  };
  class Cell {
   public:
    unsigned load() const { return value_(RL_INFO).load(); }
    void store(unsigned value) { value_(RL_INFO).store(value); }

   private:
    rl::var<unsigned> value_;
  };
  static void expect(bool is_so, const char* what) {
    if (!is_so) rl::ctx().fail_test(what, rl::test_result_user_assert_failed, RL_INFO);
  }
};

}  // namespace vmarea::test
