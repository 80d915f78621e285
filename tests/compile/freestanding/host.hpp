// SPDX-License-Identifier: MIT
//
// A host with nothing below it: no C library, no C++ run-time, no heap. Areas and tree nodes come
// from two static pools, each a list of free blocks; everything else is absent.
//
//   BareHost -> Pools -> [ area | area | ... ]   64 bytes each, all that an area of this host takes
//                        [ node | node | ... ]   the nodes of the maple tree
#pragma once

#include <cstddef>
#include <cstdint>

#include <vmarea/vmarea.hpp>
#include <vmarea_shims/maple_tree.hpp>

#include "start.hpp"

namespace freestanding {

inline constexpr int broken_promise = 254;  // Exit codes; all others are lines of the program.
inline constexpr int foreign_block = 255;

/// Blocks of one size.
template <std::size_t BlockBytes, std::size_t BlockCount>
class Pool {
 public:
  /// Null when no block is left, or the block is too small for what is asked.
  void* take(std::size_t bytes, std::size_t alignment) noexcept {
    if (bytes > BlockBytes || alignment > block_alignment || in_use_ == limit_) return nullptr;
    Block* const block = free_ != nullptr ? free_ : blocks_ + fresh_++;
    if (free_ != nullptr) free_ = block->next;
    ++in_use_;
    return block->bytes;
  }
  void give_back(void* object) noexcept {
    Block* const block = static_cast<Block*>(object);
    if (block < blocks_ || block >= blocks_ + BlockCount || in_use_ == 0) exit(foreign_block);
    block->next = free_;
    free_ = block;
    --in_use_;
  }

  std::size_t in_use() const noexcept { return in_use_; }
  /// As if there were only so many blocks. Requires: at most BlockCount.
  void set_limit(std::size_t blocks) noexcept { limit_ = blocks; }

 private:
  static constexpr std::size_t block_alignment = 64;
  union alignas(block_alignment) Block {
    unsigned char bytes[BlockBytes];
    Block* next;
  };

  static inline Block blocks_[BlockCount];  // One pool a size.
  Block* free_ = nullptr;
  std::size_t fresh_ = 0;
  std::size_t in_use_ = 0;
  std::size_t limit_ = BlockCount;
};

inline constexpr std::size_t area_blocks = 4096;
inline constexpr std::size_t node_blocks = 1024;
inline constexpr std::size_t area_bytes = 64;
inline constexpr std::size_t node_bytes = 384;

inline constinit Pool<area_bytes, area_blocks> area_pool;
inline constinit Pool<node_bytes, node_blocks> node_pool;

/// Nothing is read while it is written here, so what is retired can be given back at once.
struct PoolMemory {
  struct AreaData {};
  static constexpr bool has_data_rules = false;

  static void* allocate_area(std::size_t bytes, std::size_t alignment) noexcept {
    return area_pool.take(bytes, alignment);
  }
  static void release_area(void* area, std::size_t, std::size_t) noexcept {
    area_pool.give_back(area);
  }
  static void retire_area(void* area, std::size_t, std::size_t) noexcept {
    area_pool.give_back(area);
  }
  static void* allocate_node(std::size_t bytes, std::size_t alignment) noexcept {
    return node_pool.take(bytes, alignment);
  }
  static void release_node(void* node, std::size_t, std::size_t) noexcept {
    node_pool.give_back(node);
  }
  static void retire_node(void* node, std::size_t, std::size_t) noexcept {
    node_pool.give_back(node);
  }
};

struct BareHost : PoolMemory,
                  vmarea::NoLocks,
                  vmarea::NoReverseMap,
                  vmarea::NoPageTables,
                  vmarea::NoFiles,
                  vmarea::NoAttributes,
                  vmarea::NoLimits,
                  vmarea::NoNotifications {
  template <class AreaType>
  using Tree = vmarea::shims::maple_tree<AreaType, PoolMemory>;
  template <class AreaType>
  static Tree<AreaType> make_tree() {
    return Tree<AreaType>{};
  }
  static constexpr bool checks = true;
  [[noreturn]] static void assertion_failed(const char*) noexcept { exit(broken_promise); }
};

}  // namespace freestanding
