// SPDX-License-Identifier: MIT
//
// A pool whose blocks may still be read, without a lock, when they are given up. Freestanding.
//
//   take() --> in use --give_back()--> free         no reader has seen it
//                     --retire()-----> waiting      until its grace period is over
//
// Not for: more than one writer at a time. A pool belongs to one space, and is protected by its
// lock.
#pragma once

#include <cstddef>

#include <vmarea_shims/pool.hpp>
#include <vmarea_shims/retired.hpp>

namespace vmarea::shims {

/// Blocks of one size. Epochs: an Epochs, which all pools that readers may hold blocks of share.
template <ChunkSource Source, class Atomics, class Epochs>
class RetiringPool {
 public:
  RetiringPool() noexcept = default;
  /// With so many blocks and no more, those that wait included.
  explicit RetiringPool(std::size_t blocks_max) noexcept : pool_(blocks_max) {}
  RetiringPool(const RetiringPool&) = delete;
  RetiringPool& operator=(const RetiringPool&) = delete;
  /// Requires: no reader is left.
  ~RetiringPool() { retired_.drain(to_pool()); }

  /// Null when no block is to be had, also of those whose grace period is over.
  void* take(Epochs& epochs, std::size_t bytes, std::size_t alignment) noexcept {
    if (!retired_.reserve_place()) return nullptr;
    void* const block = pool_.take(bytes, alignment);
    return block != nullptr ? block : take_early(epochs, bytes, alignment);
  }
  /// Requires: take() gave the block, and no reader has seen it.
  void give_back(void* block) noexcept {
    retired_.forgo_place();
    pool_.give_back(block);
  }
  /// The same where one may have. Readers that come after publish() do not find it.
  void retire(void* block) noexcept { retired_.retire(block); }
  /// What was retired until now is in no tree any more; what is over is free. Never waits.
  void publish(Epochs& epochs) noexcept {
    if (retired_.queued() == 0) return;
    retired_.publish(epochs);
    retired_.reclaim(epochs, to_pool());
  }

  std::size_t in_use() const noexcept { return pool_.in_use(); }
  /// Retired blocks whose grace period is not known to be over.
  std::size_t waiting() const noexcept { return retired_.queued(); }
  std::size_t blocks_max() const noexcept { return pool_.blocks_max(); }
  std::size_t bytes() const noexcept { return pool_.bytes() + retired_.bytes(); }

 private:
  /// Of what waits and is over. Requires: a place is reserved, which goes where there is none.
  [[gnu::noinline, gnu::cold]] void* take_early(Epochs& epochs, std::size_t bytes,
                                                std::size_t alignment) noexcept {
    const bool some = retired_.reclaim_early(epochs, to_pool()) != 0;
    void* const block = some ? pool_.take(bytes, alignment) : nullptr;
    if (block == nullptr) retired_.forgo_place();
    return block;
  }
  auto to_pool() noexcept {
    return [this](void* block) { pool_.give_back(block); };
  }

  using Retired = RetiredList<Atomics, Source>;
  Pool<Source, 2 * Retired::batch_size> pool_;  // They come back by whole batches.
  Retired retired_;
};

}  // namespace vmarea::shims
