// SPDX-License-Identifier: MIT
//
// Memory for schedules that shows when it is used too long: a block is poisoned when its grace
// period is over, and later used again.
//
//   take --> in use --> retire --> publish, is_over --> poisoned --> take ...
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <vector>

#include <gtest/gtest.h>
#include <vmarea_shims/retired.hpp>

#include "scheduler/scheduler.hpp"

namespace vmarea::test {

/// A place full of its own address. So is what was given back: from a node of that, a lookup goes
/// here, stays, and finds this as a value.
struct Poison {
  static constexpr std::size_t words = 1024;
  void* place[words];

  Poison() { fill(place, sizeof(place)); }
  void fill(void* memory, std::size_t bytes) {
    std::fill_n(static_cast<void**>(memory), bytes / sizeof(void*), static_cast<void*>(place));
  }
  /// Whether the memory begins with it.
  bool is_in(const void* memory) const {
    const void* first = nullptr;
    std::memcpy(&first, memory, sizeof(first));
    return first == place;
  }
  static Poison& the() {
    static Poison poison;
    return poison;
  }
};

/// Blocks of one space. Those that are retired wait, two in a batch, and are poisoned then. Of the
/// free ones, the last few stay as they are for a while.
template <class Epochs>
class PoisonedPool {
 public:
  explicit PoisonedPool(Epochs& epochs) : epochs_(epochs) {}
  PoisonedPool(const PoisonedPool&) = delete;
  PoisonedPool& operator=(const PoisonedPool&) = delete;
  ~PoisonedPool() {
    retired_.drain([this](void* block) { free(block); });
    for (void* block : free_) std::free(block);
  }

  void* take(std::size_t bytes, std::size_t alignment) {
    EXPECT_TRUE(retired_.reserve_place());
    block_bytes_ = bytes;
    if (free_.size() <= poisoned_for_long) return std::aligned_alloc(alignment, bytes);
    void* const block = free_.back();
    free_.pop_back();
    return block;
  }
  void give_back(void* block) {
    retired_.forgo_place();
    free(block);
  }
  void retire(void* block) { retired_.retire(block); }
  void publish() {
    retired_.publish(epochs_);
    retired_.reclaim(epochs_, [this](void* block) { free(block); });
  }

 private:
  static constexpr std::size_t poisoned_for_long = 2;
  struct Heap {
    void* allocate(std::size_t bytes, std::size_t) noexcept { return std::malloc(bytes); }
    void release(void* memory, std::size_t, std::size_t) noexcept { std::free(memory); }
  };
  void free(void* block) {
    Poison::the().fill(block, block_bytes_);
    free_.push_back(block);
  }

  Epochs& epochs_;
  shims::RetiredList<scheduler::Scheduled, Heap, 2> retired_;
  std::vector<void*> free_;
  std::size_t block_bytes_ = 0;  // All are of one size.
};
/// The same as the memory of a tree.
template <class Epochs>
struct PoisonedNodes {
  PoisonedPool<Epochs>* pool;
  void* allocate_node(std::size_t bytes, std::size_t alignment) noexcept {
    return pool->take(bytes, alignment);
  }
  void release_node(void* block, std::size_t, std::size_t) noexcept { pool->give_back(block); }
  void retire_node(void* block, std::size_t, std::size_t) noexcept { pool->retire(block); }
};

}  // namespace vmarea::test
