// SPDX-License-Identifier: MIT
//
// Chunks of a pool: each is a head and blocks of one size behind it.
//
//   [ head | used | free | used | used | free | never used . . . ]
//            0      1      2      3      4      fresh       blocks
//
// A block does not know its chunk, so that chunks may have any size and lie anywhere: the list
// keeps them by address and looks one up. Pools do so for many blocks at a time, and rarely.
#pragma once

#include <cstddef>
#include <cstdint>

#include <vmarea_shims/pool/free_list.hpp>

namespace vmarea::shims::pool {

inline constexpr std::size_t line_bytes = 64;

struct alignas(line_bytes) Chunk {
  Chunk(std::size_t all_bytes, std::size_t block_count) noexcept
      : bytes(all_bytes), blocks(block_count) {}

  std::size_t bytes;      // With the head, as its source gave it.
  std::size_t blocks;     // It has so many,
  std::size_t fresh = 0;  // of which those from here on were never handed out,
  std::size_t used = 0;   // and so many are handed out.
  FreeList free;          // Those that came back.
  Chunk* next = nullptr;  // With room, as this one; null: this is the last.
  Chunk* prev = nullptr;  // Null: this is the first, or it has no room.

  bool has_room() const noexcept { return used < blocks; }
  void* at(std::size_t offset_bytes) noexcept {
    return reinterpret_cast<unsigned char*>(this) + offset_bytes;
  }
  bool holds(const void* block) const noexcept {
    return reinterpret_cast<std::uintptr_t>(block) - reinterpret_cast<std::uintptr_t>(this) < bytes;
  }
  /// As if no block had ever been handed out, so that they are taken in the order of addresses.
  void forget_blocks() noexcept {
    free = {};
    fresh = 0;
  }
};
static_assert(sizeof(Chunk) == line_bytes);

/// All chunks of a pool, by address, and those with room in a row. Plain data, in memory of the
/// pool's source: a pool that holds nothing has none.
struct ChunkList {
  static constexpr std::size_t few_max = 8;

  Chunk** all = few;
  std::size_t count = 0;
  std::size_t capacity = few_max;  // Of `all`.
  Chunk* with_room = nullptr;
  Chunk* spare = nullptr;  // The one that is empty, if there is one.
  std::size_t blocks = 0;  // Of all chunks.
  std::size_t bytes = 0;
  std::size_t handed_out = 0;
  std::size_t head_bytes = line_bytes;  // Of a chunk: what its blocks are aligned to, or more.
  Chunk* few[few_max] = {};

  ChunkList() = default;
  ChunkList(const ChunkList&) = delete;
  ChunkList& operator=(const ChunkList&) = delete;

  /// How many chunks begin at `at` or below.
  std::size_t count_up_to(const void* at) const noexcept {
    const auto address = reinterpret_cast<std::uintptr_t>(at);
    const auto begins_up_to = [address](const Chunk* chunk) {
      return reinterpret_cast<std::uintptr_t>(chunk) <= address;
    };
    Chunk* const* from = all;
    std::size_t left = count;
    for (; left > 1; left -= left / 2) {  // Without a branch on what was found.
      from = begins_up_to(from[left / 2 - 1]) ? from + left / 2 : from;
    }
    return static_cast<std::size_t>(from - all) + (left == 1 && begins_up_to(*from) ? 1 : 0);
  }
  /// The chunk that holds a block. One that none holds stops the program, in every build.
  Chunk* find(const void* block) const noexcept {
    const std::size_t upto = count_up_to(block);
    if (upto == 0 || !all[upto - 1]->holds(block)) __builtin_trap();
    return all[upto - 1];
  }
  /// Requires: there is room in `all`.
  void add(Chunk* chunk) noexcept {
    const std::size_t at = count_up_to(chunk);
    for (std::size_t i = count++; i > at; --i) all[i] = all[i - 1];
    all[at] = chunk;
    blocks += chunk->blocks;
    bytes += chunk->bytes;
    link(chunk);
  }
  /// Requires: no block of it is in use, so it is linked.
  void remove(Chunk* chunk) noexcept {
    unlink(chunk);
    bytes -= chunk->bytes;
    blocks -= chunk->blocks;
    const std::size_t at = count_up_to(chunk) - 1;
    --count;
    for (std::size_t i = at; i < count; ++i) all[i] = all[i + 1];
  }

  /// To the front of those with room: what came back last is likeliest in a cache.
  void link(Chunk* chunk) noexcept {
    chunk->prev = nullptr;
    chunk->next = with_room;
    if (with_room != nullptr) with_room->prev = chunk;
    with_room = chunk;
  }
  void unlink(Chunk* chunk) noexcept {
    (chunk->prev != nullptr ? chunk->prev->next : with_room) = chunk->next;
    if (chunk->next != nullptr) chunk->next->prev = chunk->prev;
  }
};

}  // namespace vmarea::shims::pool
