// SPDX-License-Identifier: MIT
//
// The lock of a space, which is free in the child of a fork of the process.
//
//   fork()   in front: waits until no other thread holds one of the program's space locks
//            parent:   lets them go
//            child:    makes them anew, for those who waited for them are not there; what the
//                      forking thread itself held it holds still
//
// Without this, a child that is forked beside a call finds the lock of its space held for ever.
// Requires of the thread that forks: it reads no space under lock_shared().
#pragma once

#include <atomic>
#include <cstddef>
#include <mutex>
#include <new>
#include <thread>

#include <pthread.h>
#include <vmarea_shims/word_mutex.hpp>

namespace vmarea::shims {

/// One writer or any number of readers. Made for the writer: it takes a mutex of one word and looks
/// whether readers are left, where a std::shared_mutex changes words of both.
class SpaceMutex {
 public:
  SpaceMutex() noexcept { all().add(*this); }
  SpaceMutex(const SpaceMutex&) = delete;
  SpaceMutex& operator=(const SpaceMutex&) = delete;
  ~SpaceMutex() { all().remove(*this); }

  void lock() noexcept {
    let_forks_pass();
    mutex_.lock();
    if (readers_.load(std::memory_order_acquire) != 0) wait_for_readers();
    owner_.store(this_thread(), std::memory_order_relaxed);
  }
  void unlock() noexcept {
    owner_.store(nullptr, std::memory_order_relaxed);
    mutex_.unlock();
    --held_by_this_thread;
  }
  void lock_shared() noexcept {
    let_forks_pass();
    const std::scoped_lock guard(mutex_);
    readers_.fetch_add(1, std::memory_order_acquire);
  }
  void unlock_shared() noexcept {
    if (readers_.fetch_sub(1, std::memory_order_release) == 1) readers_.notify_all();
    --held_by_this_thread;
  }

 private:
  /// All locks of the program, in a list.
  struct All {
    std::mutex mutex;
    SpaceMutex* first = nullptr;

    All() noexcept {
      pthread_atfork([] { all().lock_for_fork(); }, [] { all().unlock_in_parent(); },
                     [] { all().renew_in_child(); });
    }
    void add(SpaceMutex& lock) noexcept {
      const std::scoped_lock guard(mutex);
      lock.next_ = first;
      if (first != nullptr) first->link_ = &lock.next_;
      lock.link_ = &first;
      first = &lock;
    }
    void remove(SpaceMutex& lock) noexcept {
      const std::scoped_lock guard(mutex);
      *lock.link_ = lock.next_;
      if (lock.next_ != nullptr) lock.next_->link_ = lock.link_;
    }

    /// All or none at a time: a thread that holds one may want another, or make a space.
    void lock_for_fork() noexcept {
      ++forks_under_way;
      for (;; std::this_thread::yield()) {
        mutex.lock();
        SpaceMutex* lock = first;
        while (lock != nullptr && lock->try_lock_for_fork()) lock = lock->next_;
        if (lock == nullptr) return;
        for (SpaceMutex* taken = first; taken != lock; taken = taken->next_) taken->undo_fork();
        mutex.unlock();
      }
    }
    void unlock_in_parent() noexcept {
      for (SpaceMutex* lock = first; lock != nullptr; lock = lock->next_) lock->undo_fork();
      mutex.unlock();
      --forks_under_way;
    }
    void renew_in_child() noexcept {
      for (SpaceMutex* lock = first; lock != nullptr; lock = lock->next_) lock->renew();
      ::new (&mutex) std::mutex;
      forks_under_way = 0;
    }
  };
  /// Never ends, for spaces may be static objects, too.
  static All& all() noexcept {
    alignas(All) static std::byte place[sizeof(All)];
    static All* const all = ::new (place) All;
    return *all;
  }
  /// Something that is another one in each thread.
  static const void* this_thread() noexcept {
    static thread_local const char name = 0;
    return &name;
  }

  /// A fork waits for who holds a lock; others let it pass, or those who come one after the other
  /// would keep it waiting.
  static void let_forks_pass() noexcept {
    if (held_by_this_thread++ == 0 && is_forking()) wait_for_forks();
  }
  static bool is_forking() noexcept { return forks_under_way.load(std::memory_order_relaxed) != 0; }
  [[gnu::noinline]] static void wait_for_forks() noexcept {
    while (is_forking()) std::this_thread::yield();
  }
  [[gnu::noinline]] void wait_for_readers() noexcept {
    for (unsigned left; (left = readers_.load(std::memory_order_acquire)) != 0;) {
      readers_.wait(left, std::memory_order_acquire);
    }
  }

  bool is_mine() const noexcept { return owner_.load(std::memory_order_relaxed) == this_thread(); }
  bool try_lock_for_fork() noexcept {
    if (is_mine()) return true;
    if (!mutex_.try_lock()) return false;
    if (readers_.load(std::memory_order_acquire) == 0) return true;
    mutex_.unlock();
    return false;
  }
  void undo_fork() noexcept {
    if (!is_mine()) mutex_.unlock();
  }
  void renew() noexcept {
    mutex_.renew();
    if (is_mine()) mutex_.lock();
  }

  static inline thread_local unsigned held_by_this_thread = 0;
  static inline std::atomic<unsigned> forks_under_way = 0;

  WordMutex mutex_;  // Of the writer; a reader has it while it comes in.
  std::atomic<unsigned> readers_ = 0;
  std::atomic<const void*> owner_ = nullptr;  // The thread that changes the space.
  SpaceMutex* next_ = nullptr;
  SpaceMutex** link_ = nullptr;  // What points to this one.
};

}  // namespace vmarea::shims
