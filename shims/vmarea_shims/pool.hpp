// SPDX-License-Identifier: MIT
//
// A pool of blocks of one size, from chunks that a source gives. Freestanding.
//
//   source --chunk--> [ chunks ] --32 blocks--> [ at hand ] --take()--> in use
//          <--empty--            <-- all of --              <--give_back()--
//
//   Pool<HeapChunks> areas;         without an end; takes nothing before the first take()
//   Pool<HeapChunks> few{100};      never more than 100 blocks
//
// What is taken and given back all the time comes from the blocks at hand, which is a few
// instructions; for 32 blocks and more at once it is asked which chunk each belongs to. A chunk
// that is empty goes back to the source, but for one, so that a pool at the edge of a chunk does
// not take and give back the same one for ever. Chunks grow with the pool: each is a part in 32 of
// what there is, within what the source allows, so that at most so much is taken in advance.
//
// Not for: blocks of several sizes; more than one thread at a time, for there is no lock.
#pragma once

#include <concepts>
#include <cstddef>
#include <new>
#include <utility>

#include <vmarea_shims/pool/chunk.hpp>

namespace vmarea::shims {

/// Where chunks come from; null if there is none. Its sizes are bytes, and what a pool begins with
/// may be smaller.
template <class Source>
concept ChunkSource = std::copyable<Source> &&
    requires(Source source, void* chunk, std::size_t bytes, std::size_t alignment) {
  { source.allocate(bytes, alignment) }
  noexcept->std::same_as<void*>;
  { source.release(chunk, bytes, alignment) }
  noexcept;
  { Source::first_chunk_bytes } -> std::convertible_to<std::size_t>;
  { Source::chunk_bytes_min } -> std::convertible_to<std::size_t>;
  { Source::chunk_bytes_max } -> std::convertible_to<std::size_t>;
};

/// Blocks as large as the first one that is asked for, rounded up to their alignment. AtHandMax: so
/// many at hand, and all of them go back into their chunks.
template <ChunkSource Source, std::size_t AtHandMax = 64>
class Pool {
 public:
  static constexpr std::size_t no_limit = ~std::size_t{0};
  /// Blocks that a chunk hands out together.
  static constexpr std::size_t handed_together = 32;

  constexpr Pool() noexcept = default;
  /// With so many blocks and no more.
  constexpr explicit Pool(std::size_t blocks_max, const Source& source = {}) noexcept
      : blocks_max_(blocks_max), source_(source) {}
  /// Takes everything along; the other is then as one that never gave a block.
  Pool(Pool&& other) noexcept
      : free_(std::exchange(other.free_, {})),
        in_use_(std::exchange(other.in_use_, 0)),
        gathered_below_(std::exchange(other.gathered_below_, 1)),
        block_bytes_(std::exchange(other.block_bytes_, 0)),
        chunks_(std::exchange(other.chunks_, nullptr)),
        blocks_max_(other.blocks_max_),
        source_(other.source_) {}
  Pool& operator=(const Pool&) = delete;
  /// Chunks with blocks that were not given back stay, so that these can still be used, and whoever
  /// looks for leaks finds them.
  ~Pool() { end(); }

  /// Null when no block is to be had, or one is too small for what is asked. Requires: alignment is
  /// that of the first block at most.
  void* take(std::size_t bytes, std::size_t alignment) noexcept {
    return is_at_hand(bytes) ? take_at_hand() : take_from_chunk(bytes, alignment);
  }
  /// Requires: take() gave the block, and it was not given back since. One of no chunk of this pool
  /// stops the program, in every build, when it is sorted into its chunk.
  void give_back(void* block) noexcept {
    if (free_.push(block, block_bytes_); --in_use_ < gathered_below_) gather();
  }

  /// Gives back to the source whatever chunk is empty, also the one that is kept.
  void trim() noexcept {
    if (chunks_ == nullptr) return;
    sort_into_chunks();
    if (chunks_->spare != nullptr) release(std::exchange(chunks_->spare, nullptr));
  }

  std::size_t in_use() const noexcept { return in_use_; }
  std::size_t block_bytes() const noexcept { return block_bytes_; }
  std::size_t blocks_max() const noexcept { return blocks_max_; }
  std::size_t chunk_count() const noexcept { return chunks_ == nullptr ? 0 : chunks_->count; }
  /// What the source gave, all of it counted.
  std::size_t bytes() const noexcept {
    if (chunks_ == nullptr) return 0;
    const bool few = chunks_->all == chunks_->few;
    return sizeof(*chunks_) + chunks_->bytes + (few ? 0 : chunks_->capacity * sizeof(pool::Chunk*));
  }

 private:
  using Chunk = pool::Chunk;
  using ChunkList = pool::ChunkList;

  bool is_at_hand(std::size_t bytes) const noexcept {
    return !free_.empty() && bytes <= block_bytes_;
  }
  void* take_at_hand() noexcept { return ++in_use_, free_.pop(block_bytes_); }
  /// Null when the chunks have no such block.
  [[gnu::noinline, gnu::cold]] void* take_from_chunk(std::size_t bytes,
                                                     std::size_t alignment) noexcept {
    if (!has_list()) return nullptr;
    if (block_bytes_ == 0) {
      const std::size_t unit = alignment > sizeof(void*) ? alignment : sizeof(void*);
      block_bytes_ = (bytes + unit - 1) / unit * unit;
      if (unit > chunks_->head_bytes) chunks_->head_bytes = unit;
    }
    if (bytes > block_bytes_) return nullptr;
    Chunk* const chunk = chunks_->with_room != nullptr ? chunks_->with_room : add_chunk();
    if (chunk == nullptr) return nullptr;
    hand_out(chunk);
    return take_at_hand();
  }
  /// Requires: nothing is at hand, and the chunk has room.
  void hand_out(Chunk* chunk) noexcept {
    if (chunk == chunks_->spare) chunks_->spare = nullptr;
    std::size_t given = 0;
    if (chunk->free.empty()) {
      const std::size_t left = chunk->blocks - chunk->fresh;
      given = left < handed_together ? left : handed_together;
      for (std::size_t i = chunk->fresh + given; i > chunk->fresh; --i) {  // The lowest on top.
        void* const block = chunk->at(chunks_->head_bytes + (i - 1) * block_bytes_);
        pool::unpoison(block, block_bytes_);
        free_.push(block, block_bytes_);
      }
      chunk->fresh += given;
    } else {
      for (; given < handed_together && !chunk->free.empty(); ++given) {
        free_.push(chunk->free.pop(block_bytes_), block_bytes_);
      }
    }
    chunk->used += given;
    if (!chunk->has_room()) chunks_->unlink(chunk);
    count_at_hand(chunks_->handed_out + given);
  }
  void count_at_hand(std::size_t handed_out) noexcept {
    chunks_->handed_out = handed_out;
    gathered_below_ = handed_out > AtHandMax ? handed_out - AtHandMax : 1;
  }

  /// Sorts all blocks at hand into their chunks. With none in use and one chunk there is no need.
  [[gnu::noinline, gnu::cold]] void gather() noexcept {
    if (in_use_ != 0 || chunks_->count > 1) sort_into_chunks();
  }
  void sort_into_chunks() noexcept {
    Chunk* chunk = nullptr;
    while (!free_.empty()) {
      void* const block = free_.pop(block_bytes_);
      if (chunk == nullptr || !chunk->holds(block)) chunk = chunks_->find(block);
      if (!chunk->has_room()) chunks_->link(chunk);
      chunk->free.push(block, block_bytes_);
      if (--chunk->used == 0) {
        keep_or_release(chunk);
        chunk = nullptr;
      }
    }
    count_at_hand(in_use_);
  }
  /// Of two that are empty the larger one is kept.
  void keep_or_release(Chunk* empty) noexcept {
    empty->forget_blocks();
    Chunk* const other = std::exchange(chunks_->spare, empty);
    if (other == nullptr) return;
    if (other->bytes > empty->bytes) {
      chunks_->spare = other;
      release(empty);
    } else {
      release(other);
    }
  }
  void release(Chunk* chunk) noexcept {
    chunks_->remove(chunk);
    give_to_source(chunk, chunk->bytes, chunks_->head_bytes);
  }

  Chunk* add_chunk() noexcept {
    const std::size_t left = blocks_max_ - chunks_->blocks;
    const std::size_t head = chunks_->head_bytes;
    const std::size_t wanted = wanted_bytes();
    std::size_t blocks = wanted < head + block_bytes_ ? 1 : (wanted - head) / block_bytes_;
    if (blocks > left) blocks = left;
    if (blocks == 0 || !grow_list()) return nullptr;
    const std::size_t bytes = head + blocks * block_bytes_;
    void* const given = source_.allocate(bytes, head);
    if (given == nullptr) return nullptr;
    Chunk* const chunk = ::new (given) Chunk{bytes, blocks};
    pool::poison(chunk + 1, bytes - sizeof(Chunk));
    chunks_->add(chunk);
    return chunk;
  }
  std::size_t wanted_bytes() const noexcept {
    if (chunks_->count == 0) return Source::first_chunk_bytes;
    const std::size_t share = chunks_->bytes / 32;
    if (share < Source::chunk_bytes_min) return Source::chunk_bytes_min;
    return share < Source::chunk_bytes_max ? share : Source::chunk_bytes_max;
  }
  bool has_list() noexcept {
    if (chunks_ != nullptr) return true;
    void* const given = source_.allocate(sizeof(ChunkList), alignof(ChunkList));
    if (given == nullptr) return false;
    chunks_ = ::new (given) ChunkList;
    return true;
  }
  /// Makes room for one chunk more in the list.
  bool grow_list() noexcept {
    if (chunks_->count < chunks_->capacity) return true;
    const std::size_t capacity = 2 * chunks_->capacity;
    void* const given = source_.allocate(capacity * sizeof(Chunk*), alignof(Chunk*));
    if (given == nullptr) return false;
    Chunk** const all = static_cast<Chunk**>(given);
    for (std::size_t i = 0; i < chunks_->count; ++i) all[i] = chunks_->all[i];
    release_list();
    chunks_->all = all;
    chunks_->capacity = capacity;
    return true;
  }
  void release_list() noexcept {
    if (chunks_->all == chunks_->few) return;
    source_.release(chunks_->all, chunks_->capacity * sizeof(Chunk*), alignof(Chunk*));
  }

  void give_to_source(Chunk* chunk, std::size_t bytes, std::size_t alignment) noexcept {
    pool::unpoison(chunk, bytes);
    source_.release(chunk, bytes, alignment);
  }
  void end() noexcept {
    if (chunks_ == nullptr) return;
    if (in_use_ != 0) sort_into_chunks();
    for (std::size_t i = 0; i < chunks_->count; ++i) {
      Chunk* const chunk = chunks_->all[i];
      if (in_use_ == 0 || chunk->used == 0) {
        give_to_source(chunk, chunk->bytes, chunks_->head_bytes);
      }
    }
    release_list();
    source_.release(chunks_, sizeof(ChunkList), alignof(ChunkList));
  }

  pool::FreeList free_;  // At hand.
  std::size_t in_use_ = 0;
  std::size_t gathered_below_ = 1;  // Fewer in use: too many are at hand, or none is in use.
  std::size_t block_bytes_ = 0;     // 0: none was taken yet.
  ChunkList* chunks_ = nullptr;     // Null: none was taken yet.
  std::size_t blocks_max_ = no_limit;
  [[no_unique_address]] Source source_{};
};

}  // namespace vmarea::shims
