// SPDX-License-Identifier: MIT
//
// Areas and nodes from pools, each kind in chunks of its own.
//
//   UserlandOf<Guest>                          PoolMemory: a pool of areas in the handle of each
//                                              space, and one of nodes in its tree
//   UserlandOf<Guest, SharedPoolMemory<>>      `pools` points to pools of the host's
//   UserlandOf<Guest, HeapMemory>              no pools
//
// Pools of a space are taken along when it moves, and end with it. A copy of a handle begins with
// pools of its own, so that spaces share nothing, and different threads may have them, whichever
// way they came from one another. Spaces that share pools are for one thread at a time.
//
// What is retired is given back at once: no reader outlives a write in these hosts. A host whose
// readers do shares pools, and gives a node back to `pools->nodes` when its grace period is over.
#pragma once

#include <cstddef>
#include <utility>

#include <vmarea_shims/memory.hpp>
#include <vmarea_shims/pool.hpp>

namespace vmarea::shims {

/// Chunks from malloc. What it notes beside each is left room for, so that pages are used whole.
struct HeapChunks {
  static constexpr std::size_t noted_bytes = 128;
  static constexpr std::size_t first_chunk_bytes = 1024 - pool::line_bytes;
  static constexpr std::size_t chunk_bytes_min = 4096 - noted_bytes;
  static constexpr std::size_t chunk_bytes_max = (std::size_t{1} << 20) - noted_bytes;

  static void* allocate(std::size_t bytes, std::size_t alignment) noexcept {
    return HeapMemory::allocate(bytes, alignment);
  }
  static void release(void* chunk, std::size_t bytes, std::size_t alignment) noexcept {
    HeapMemory::release(chunk, bytes, alignment);
  }
};

/// A pool as a part of a handle: a copy of the handle has one of its own, of the same kind.
template <class Source>
class OwnPool {
 public:
  OwnPool() noexcept = default;
  /// With so many blocks and no more.
  explicit OwnPool(std::size_t blocks_max) noexcept : pool_(blocks_max) {}
  /// Does not throw, and says that it may: a host of which a copy is made where it should move is
  /// known by that, and its spaces do not move.
  OwnPool(const OwnPool& other) noexcept(false) : pool_(Pool<Source>(other.pool_.blocks_max())) {}
  OwnPool(OwnPool&& other) noexcept = default;
  /// Keeps the pool it has.
  OwnPool& operator=(const OwnPool&) noexcept { return *this; }
  OwnPool& operator=(OwnPool&&) noexcept { return *this; }
  ~OwnPool() = default;

  Pool<Source>* operator->() noexcept { return &pool_; }
  const Pool<Source>* operator->() const noexcept { return &pool_; }

 private:
  Pool<Source> pool_;
};

/// Nodes from a pool in the tree.
template <ChunkSource Source>
struct NodePool {
  OwnPool<Source> node_pool;

  void* allocate_node(std::size_t bytes, std::size_t alignment) noexcept {
    return node_pool->take(bytes, alignment);
  }
  void release_node(void* node, std::size_t, std::size_t) noexcept { node_pool->give_back(node); }
  void retire_node(void* node, std::size_t, std::size_t) noexcept { node_pool->give_back(node); }
};

/// Pools of each space. The host's own functions for nodes are for decorators, and for trees that
/// ask a copy of the host.
template <ChunkSource Source>
struct PoolMemoryFrom : NodePool<Source> {
  struct AreaData {};  // The host keeps nothing of its own with an area.
  static constexpr bool has_data_rules = false;
  using Nodes = NodePool<Source>;
  static Nodes nodes() noexcept { return {}; }

  void* allocate_area(std::size_t bytes, std::size_t alignment) noexcept {
    return area_pool->take(bytes, alignment);
  }
  void release_area(void* area, std::size_t, std::size_t) noexcept { area_pool->give_back(area); }
  void retire_area(void* area, std::size_t, std::size_t) noexcept { area_pool->give_back(area); }

  OwnPool<Source> area_pool;
};
using PoolMemory = PoolMemoryFrom<HeapChunks>;

/// Pools that a host gives to several spaces, and that outlive them.
template <ChunkSource Source = HeapChunks>
struct SharedPools {
  Pool<Source> areas;
  Pool<Source> nodes;
};
template <ChunkSource Source = HeapChunks>
struct SharedPoolMemory {
  struct AreaData {};  // The host keeps nothing of its own with an area.
  static constexpr bool has_data_rules = false;
  using Nodes = SharedPoolMemory;
  Nodes nodes() const noexcept { return *this; }

  SharedPools<Source>* pools = nullptr;  // Null: there is no memory.

  void* allocate_area(std::size_t bytes, std::size_t alignment) noexcept {
    return pools == nullptr ? nullptr : pools->areas.take(bytes, alignment);
  }
  void release_area(void* area, std::size_t, std::size_t) noexcept { pools->areas.give_back(area); }
  void retire_area(void* area, std::size_t, std::size_t) noexcept { pools->areas.give_back(area); }
  void* allocate_node(std::size_t bytes, std::size_t alignment) noexcept {
    return pools == nullptr ? nullptr : pools->nodes.take(bytes, alignment);
  }
  void release_node(void* node, std::size_t, std::size_t) noexcept { pools->nodes.give_back(node); }
  void retire_node(void* node, std::size_t, std::size_t) noexcept { pools->nodes.give_back(node); }
};

}  // namespace vmarea::shims
