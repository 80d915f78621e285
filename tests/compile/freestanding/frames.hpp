// SPDX-License-Identifier: MIT
//
// A pool that grows where there is no heap: its chunks are frames of a page.
#pragma once

#include <cstddef>

#include <vmarea_shims/fixed_pool.hpp>
#include <vmarea_shims/pool.hpp>

namespace freestanding {

inline constinit vmarea::shims::FixedPool<4096, 4> frames;

struct Frames {
  static constexpr std::size_t first_chunk_bytes = 4096;
  static constexpr std::size_t chunk_bytes_min = 4096;
  static constexpr std::size_t chunk_bytes_max = 4096;

  static void* allocate(std::size_t bytes, std::size_t alignment) noexcept {
    return frames.take(bytes, alignment);
  }
  static void release(void* chunk, std::size_t, std::size_t) noexcept { frames.give_back(chunk); }
};

/// Takes blocks until no frame is left, and gives all of them back.
inline bool pool_from_frames() noexcept {
  void* blocks[200];
  std::size_t taken = 0;
  {
    vmarea::shims::Pool<Frames> pool;
    while (taken < 200 && (blocks[taken] = pool.take(64, 64)) != nullptr) ++taken;
    if (taken != 3 * 63 || frames.in_use() != 4) return false;
    for (std::size_t i = 0; i < taken; ++i) pool.give_back(blocks[i]);
    if (pool.in_use() != 0 || frames.in_use() != 2) return false;
  }
  return frames.in_use() == 0;
}

}  // namespace freestanding
