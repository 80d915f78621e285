// SPDX-License-Identifier: MIT
//
// The limit: a search tree that can only be built once, laid out as an implicit B+ tree of 16 keys
// a node (an S+ tree), searched by vectors where the compiler may use them. What an area tree adds
// to it (updates, gaps, ranges) costs the difference.
//
//   level 0    [k k k ... k]                         every node: 16 keys in two cache lines
//   level 1    [k ..][k ..][k ..] ... 17 children    child c of node n is node 17 n + c below
//   leaves     first keys of all areas, in order     the rank of a key is the index of its area
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <new>
#include <vector>

#if defined(__AVX2__)
#include <immintrin.h>
#endif

#include "support/peers.hpp"

namespace vmarea::bench {

class StaticTree {
 public:
  static constexpr const char* name = "static limit";

  void insert(const Place& place) { areas_.push_back(memory_.make(peer_area(place))); }
  /// Ends insertion. Requires: areas were inserted in order.
  void build() {
    std::vector<std::uint64_t> keys;
    for (const PeerArea* area : areas_) {
      keys.push_back(area->start);
      ends_.push_back(area->end);
    }
    while (true) {
      levels_.insert(levels_.begin(), blocks_of(keys));
      if (keys.size() <= node_keys) break;
      keys = separators(keys);
    }
  }
  const PeerArea* find(std::uint64_t at) const {
    std::size_t node = 0;
    for (std::size_t level = 0; level + 1 < levels_.size(); ++level) {
      node = node * (node_keys + 1) + rank(levels_[level][node], at);
    }
    return area_of(node * node_keys + rank(levels_.back()[node], at), at);
  }

 private:
  static constexpr std::size_t node_keys = 16;
  static constexpr std::uint64_t none = std::numeric_limits<std::int64_t>::max();
  struct alignas(64) Block {
    std::uint64_t keys[node_keys];
  };

  static std::vector<Block> blocks_of(const std::vector<std::uint64_t>& keys) {
    std::vector<Block> blocks((keys.size() + node_keys - 1) / node_keys);
    for (std::size_t i = 0; i < blocks.size() * node_keys; ++i) {
      blocks[i / node_keys].keys[i % node_keys] = i < keys.size() ? keys[i] : none;
    }
    return blocks;
  }
  /// The keys of the level above: of 17 children in a row, the first keys of all but the first.
  std::vector<std::uint64_t> separators(const std::vector<std::uint64_t>& below) const {
    constexpr std::size_t family = node_keys + 1;
    const std::size_t children = (below.size() + node_keys - 1) / node_keys;
    std::vector<std::uint64_t> keys;
    for (std::size_t child = 0; child < (children + family - 1) / family * family; ++child) {
      if (child % family != 0) keys.push_back(child < children ? first_key(child) : none);
    }
    return keys;
  }
  /// The first key of any leaf below child `child` of the level built last.
  std::uint64_t first_key(std::size_t child) const {
    for (std::size_t level = 0; level + 1 < levels_.size(); ++level) child *= node_keys + 1;
    return levels_.back()[child].keys[0];
  }
  /// How many keys are at or below `at`, with what the compiler may use.
  static std::size_t rank(const Block& block, std::uint64_t at) {
#if defined(__AVX512F__)
    const __m512i wanted = _mm512_set1_epi64(static_cast<long long>(at));
    const unsigned low = _mm512_cmpge_epu64_mask(wanted, _mm512_load_si512(block.keys));
    const unsigned high = _mm512_cmpge_epu64_mask(wanted, _mm512_load_si512(block.keys + 8));
    return static_cast<std::size_t>(__builtin_popcount(low | high << 8));
#elif defined(__AVX2__)
    // No key is above what signed numbers can say, so neither is what is above them all.
    const __m256i wanted = _mm256_set1_epi64x(static_cast<long long>(at + 1));
    const __m256i* const fours = reinterpret_cast<const __m256i*>(block.keys);
    const auto below = [&](int i) { return _mm256_cmpgt_epi64(wanted, fours[i]); };
    const __m256i low = _mm256_blend_epi32(below(0), below(1), 0xaa);
    const __m256i high = _mm256_blend_epi32(below(2), below(3), 0xaa);
    const int bits = _mm256_movemask_epi8(_mm256_blend_epi16(low, high, 0xaa));
    return static_cast<std::size_t>(__builtin_popcount(static_cast<unsigned>(bits))) / 2;
#else
    std::size_t fours = 0;
    for (std::size_t i = 3; i + 1 < node_keys; i += 4) fours += block.keys[i] <= at ? 1u : 0u;
    const std::uint64_t* const four = block.keys + 4 * fours;
    std::size_t count = 4 * fours;
    for (std::size_t i = 0; i < 4; ++i) count += four[i] <= at ? 1u : 0u;
    return count;
#endif
  }
  const PeerArea* area_of(std::size_t rank, std::uint64_t at) const {
    if (rank == 0 || at >= ends_[rank - 1]) return nullptr;
    return areas_[rank - 1];
  }

  PeerAreas memory_;
  std::vector<PeerArea*> areas_;
  std::vector<std::uint64_t> ends_;
  std::vector<std::vector<Block>> levels_;
};

}  // namespace vmarea::bench
