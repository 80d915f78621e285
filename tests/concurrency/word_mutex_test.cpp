// SPDX-License-Identifier: MIT
//
// The mutex of a space: one thread at a time, and whoever waits is woken.
#include <chrono>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <vmarea_shims/word_mutex.hpp>

namespace vmarea::test {
namespace {

TEST(WordMutex, held_one_is_refused_to_who_only_tries) {
  shims::WordMutex mutex;
  mutex.lock();
  EXPECT_FALSE(mutex.try_lock());
  mutex.unlock();
  EXPECT_TRUE(mutex.try_lock());
  EXPECT_FALSE(mutex.try_lock());
}

TEST(WordMutex, threads_come_in_one_at_a_time) {
  constexpr unsigned rounds = 20'000;
  shims::WordMutex mutex;
  unsigned count = 0;
  const auto work = [&] {
    for (unsigned i = 0; i < rounds; ++i) {
      mutex.lock();
      const unsigned seen = count;
      if (i % 64 == 0) std::this_thread::yield();
      count = seen + 1;
      mutex.unlock();
    }
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) threads.emplace_back(work);
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(count, 4 * rounds);
}

TEST(WordMutex, all_who_sleep_are_woken_one_after_the_other) {
  shims::WordMutex mutex;
  mutex.lock();
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&] {
      mutex.lock();
      mutex.unlock();
    });
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  mutex.unlock();
  for (std::thread& thread : threads) thread.join();
  EXPECT_TRUE(mutex.try_lock());
}

TEST(WordMutex, renewed_one_is_free) {
  shims::WordMutex mutex;
  mutex.lock();
  mutex.renew();
  EXPECT_TRUE(mutex.try_lock());
}

}  // namespace
}  // namespace vmarea::test
