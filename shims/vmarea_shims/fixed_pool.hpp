// SPDX-License-Identifier: MIT
//
// Memory for areas and tree nodes where there is no heap: blocks of one size in an array that the
// linker makes room for. Freestanding; no constructor runs, so pools can be constinit.
//
//   constinit FixedPool<64, 4096> areas;                        4096 areas of 64 bytes
//   constinit FixedPool<default_node_bytes, 1024> nodes;
//   struct Memory : FixedMemory<areas, nodes> {};               the memory services of a host
//
//   [ block | block | block | ... ]    a list of those given back, then those never taken
//
// When a pool is empty, the call that wants a block answers no_memory and changes nothing.
#pragma once

#include <cstddef>

#include <vmarea_shims/pool/free_list.hpp>

namespace vmarea::shims {

/// Blocks of one size, for one thread at a time. `alignment` is that of each block.
template <std::size_t BlockBytes, std::size_t BlockCount, std::size_t Alignment = 64>
class FixedPool {
 public:
  static constexpr std::size_t block_bytes = BlockBytes;
  static constexpr std::size_t block_count = BlockCount;

  /// Null when no block is left, or a block is too small for what is asked.
  void* take(std::size_t bytes, std::size_t alignment) noexcept {
    if (bytes > BlockBytes || alignment > Alignment || in_use_ + withheld_ >= BlockCount)
      return nullptr;
    ++in_use_;
    return free_.empty() ? blocks_[fresh_++].bytes : free_.pop(sizeof(Block));
  }
  /// Requires: take() gave the block, and it was not given back since. One that is not of this pool
  /// stops the program, in every build.
  void give_back(void* object) noexcept {
    Block* const block = static_cast<Block*>(object);
    const bool ours = block >= blocks_ && block < blocks_ + BlockCount && in_use_ > 0;
    if (!ours) __builtin_trap();
    free_.push(block, sizeof(Block));
    --in_use_;
  }

  std::size_t in_use() const noexcept { return in_use_; }
  /// As if there were only so many blocks. Requires: at most `block_count`.
  void set_limit(std::size_t blocks) noexcept { withheld_ = BlockCount - blocks; }

 private:
  // A free block has a link in it.
  static constexpr std::size_t block_alignment = Alignment > alignof(void*) ? Alignment
                                                                            : alignof(void*);
  struct alignas(block_alignment) Block {
    unsigned char bytes[BlockBytes];
  };

  // All zero at first, so that a pool takes no byte of the program's file.
  Block blocks_[BlockCount]{};
  pool::FreeList free_;
  std::size_t fresh_ = 0;
  std::size_t in_use_ = 0;
  std::size_t withheld_ = 0;
};

/// The memory services of a host over two pools. What is retired is given back at once: there must
/// be no reader beside the writer.
template <auto& Areas, auto& Nodes>
struct FixedMemory {
  static constexpr bool has_data_rules = false;
  struct AreaData {};  // The host keeps nothing of its own with an area.

  static void* allocate_area(std::size_t bytes, std::size_t alignment) noexcept {
    return Areas.take(bytes, alignment);
  }
  static void release_area(void* area, std::size_t, std::size_t) noexcept { Areas.give_back(area); }
  static void retire_area(void* area, std::size_t, std::size_t) noexcept { Areas.give_back(area); }
  static void* allocate_node(std::size_t bytes, std::size_t alignment) noexcept {
    return Nodes.take(bytes, alignment);
  }
  static void release_node(void* node, std::size_t, std::size_t) noexcept { Nodes.give_back(node); }
  static void retire_node(void* node, std::size_t, std::size_t) noexcept { Nodes.give_back(node); }
};

}  // namespace vmarea::shims
