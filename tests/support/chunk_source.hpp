// SPDX-License-Identifier: MIT
//
// Where pools under test have their chunks from: counts, fails on request, draws what is there.
//
//   "aaaa a.a. ...."    three chunks of four blocks; a letter is in use, a dot is not
#pragma once

#include <cstddef>
#include <cstdlib>
#include <limits>
#include <map>
#include <set>
#include <string>

#include <vmarea_shims/pool_memory.hpp>

namespace vmarea::test {

struct ChunkSourceState {
  std::map<char*, std::size_t> live;  // Start and bytes, the lists of pools with them.
  std::size_t allocations = 0;
  std::size_t allowed = std::numeric_limits<std::size_t>::max();  // After these, all fail.
  std::size_t misuses = 0;  // Given back twice, with other sizes, or never handed out.

  std::size_t bytes() const {
    std::size_t sum = 0;
    for (const auto& [start, bytes] : live) sum += bytes;
    return sum;
  }
};

/// All sources of one Tag have one state, as if there were one heap. Chunks have `Blocks` blocks of
/// a cache line, each as many as the first.
template <class Tag, std::size_t Blocks = 4>
struct ChunksOf {
  static constexpr std::size_t blocks = Blocks;
  static constexpr std::size_t chunk_bytes = (Blocks + 1) * shims::pool::line_bytes;
  static constexpr std::size_t first_chunk_bytes = chunk_bytes;
  static constexpr std::size_t chunk_bytes_min = chunk_bytes;
  static constexpr std::size_t chunk_bytes_max = chunk_bytes;
  static inline ChunkSourceState state;

  static void* allocate(std::size_t bytes, std::size_t alignment) noexcept {
    if (state.allowed == 0) return nullptr;
    --state.allowed;
    ++state.allocations;
    void* const start = shims::HeapMemory::allocate(bytes, alignment);
    state.live[static_cast<char*>(start)] = bytes;
    return start;
  }
  static void release(void* start, std::size_t bytes, std::size_t alignment) noexcept {
    const auto found = state.live.find(static_cast<char*>(start));
    if (found == state.live.end() || found->second != bytes) {
      ++state.misuses;
      return;
    }
    state.live.erase(found);
    shims::HeapMemory::release(start, bytes, alignment);
  }

  /// The chunks by address. Requires: blocks are cache lines.
  static std::string picture(const std::set<void*>& in_use) {
    std::string text;
    for (const auto& [start, bytes] : state.live) {
      if (bytes != chunk_bytes) continue;
      if (!text.empty()) text += ' ';
      for (std::size_t i = 1; i <= Blocks; ++i) {
        text += in_use.count(start + i * shims::pool::line_bytes) != 0 ? 'a' : '.';
      }
    }
    return text;
  }
};

}  // namespace vmarea::test
