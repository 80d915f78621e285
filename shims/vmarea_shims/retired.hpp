// SPDX-License-Identifier: MIT
//
// What a writer removed, in a queue until its grace period is over. Freestanding.
//
//   reclaim() --> [ ooxx... ] -> [ xxxx ] -> [ xx.. ] <-- retire()        x waits, o is given back
//                  stamp 7        stamp 8     not full: no stamp yet
//
// Objects wait in batches of 256 with a stamp each, which publish() gives to those that are full:
// so a call of one page asks for no stamp, and readers are looked for once in 256 objects. Fewer
// than that may wait for long; reclaim_early() is for when memory runs short.
//
// Retiring cannot fail, and writes nothing into an object that readers still look at. So the place
// of an object in the queue is taken when the object is made, where failing is allowed.
//
// Not for: more than one writer at a time. A list belongs to one space, and is protected by its
// lock.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <new>
#include <utility>

#include <vmarea_shims/atomics.hpp>

namespace vmarea::shims {

/// `Memory` gives the list its batches: allocate(bytes, alignment), null if there is none, and
/// release(memory, bytes, alignment).
template <class Atomics, class Memory, std::size_t BatchSize = 256>
class RetiredList {
 public:
  static constexpr std::size_t batch_size = BatchSize;

  constexpr RetiredList() noexcept = default;
  constexpr explicit RetiredList(const Memory& memory) noexcept : memory_(memory) {}
  /// Takes everything along; the other is then as a new one.
  RetiredList(RetiredList&& other) noexcept
      : memory_(other.memory_),
        first_(std::exchange(other.first_, nullptr)),
        open_(std::exchange(other.open_, nullptr)),
        unstamped_(std::exchange(other.unstamped_, nullptr)),
        spare_(std::exchange(other.spare_, nullptr)),
        given_back_(std::exchange(other.given_back_, 0)),
        unpublished_(std::exchange(other.unpublished_, 0)),
        taken_(std::exchange(other.taken_, 0)),
        free_places_(std::exchange(other.free_places_, 0)) {
    set_queued(other.queued());
    other.set_queued(0);
  }
  RetiredList& operator=(RetiredList&&) = delete;
  /// Objects that still wait are not given back, so drain() comes first.
  ~RetiredList() {
    release_all(first_);
    release_all(spare_);
  }

  /// A place for one object more. False: there is no memory for it, and nothing is changed.
  bool reserve_place() noexcept {
    if (free_places_ == 0 && !add_batch()) return false;
    --free_places_;
    ++taken_;
    return true;
  }
  /// For an object that no reader has seen: it is released at once and leaves its place. Requires:
  /// reserve_place() gave it one.
  void forgo_place() noexcept {
    leave_place();
    ++free_places_;
    release_spares();
  }
  /// Puts an object into the queue, in the place that was reserved for it. Its removal need not be
  /// published yet.
  void retire(void* object) noexcept {
    leave_place();
    if (open_ == nullptr || open_->count == batch_size) open_batch();
    open_->objects[open_->count++] = object;
    ++unpublished_;
    set_queued(queued() + 1);
  }

  /// Requires: readers no longer find what was retired, as for Epochs::stamp(). That is so when the
  /// space is unlocked.
  template <class EpochsType>
  void publish(EpochsType& epochs) noexcept {
    unpublished_ = 0;
    if (unstamped_ == nullptr || unstamped_->count < batch_size) return;
    const std::uint64_t stamp = epochs.stamp();
    for (; unstamped_ != nullptr && unstamped_->count == batch_size;
         unstamped_ = unstamped_->next) {
      unstamped_->stamp_all(stamp);
    }
  }

  /// Gives back what has a stamp that is over: `give_back(object)` for each, in the order in which
  /// it was retired. Never waits. Says how many there were.
  template <class EpochsType, class GiveBack>
  std::size_t reclaim(EpochsType& epochs, GiveBack&& give_back) noexcept {
    std::size_t count = 0;
    while (first_ != nullptr && given_back_ < first_->stamped && epochs.is_over(first_->stamp)) {
      count += give_back_upto(first_->stamped, give_back);
    }
    if (count != 0) release_spares();
    return count;
  }
  /// Also from a batch that is not full, unless some of what was retired is not published yet.
  template <class EpochsType, class GiveBack>
  std::size_t reclaim_early(EpochsType& epochs, GiveBack&& give_back) noexcept {
    std::size_t count = reclaim(epochs, give_back);
    Batch* const batch = unstamped_;
    if (batch == nullptr || unpublished_ != 0) return count;
    // What waits for an earlier stamp is not made to wait for a later one.
    const bool some_wait = batch->stamped > (batch == first_ ? given_back_ : 0);
    if (some_wait) return count;
    batch->stamp_all(epochs.stamp());
    return count + reclaim(epochs, give_back);
  }
  /// For the end of a space: gives back everything at once. Requires: no reader is left.
  template <class GiveBack>
  std::size_t drain(GiveBack&& give_back) noexcept {
    std::size_t count = 0;
    while (first_ != nullptr) count += give_back_upto(first_->count, give_back);
    release_spares();
    return count;
  }

  /// How many objects wait. Any thread may ask.
  std::size_t queued() const noexcept { return queued_.load(std::memory_order_relaxed); }
  /// How many have a place and are not retired.
  std::size_t places_taken() const noexcept { return taken_; }
  /// What the list takes of its memory.
  std::size_t bytes() const noexcept {
    std::size_t bytes = 0;
    for (const Batch* list :
         {static_cast<const Batch*>(first_), static_cast<const Batch*>(spare_)}) {
      for (; list != nullptr; list = list->next) bytes += sizeof(Batch);
    }
    return bytes;
  }

 private:
  struct Batch {
    Batch* next = nullptr;
    std::uint64_t stamp = 0;  // Of the objects up to `stamped`.
    std::size_t stamped = 0;
    std::size_t count = 0;
    void* objects[batch_size];

    void stamp_all(std::uint64_t with) noexcept {
      stamp = with;
      stamped = count;
    }
  };

  /// Spare batches are given up from so many free places on.
  static constexpr std::size_t free_places_max = 2 * batch_size;

  void leave_place() noexcept {
    if (taken_ == 0) __builtin_trap();
    --taken_;
  }
  [[gnu::noinline, gnu::cold]] bool add_batch() noexcept {
    void* const given = memory_.allocate(sizeof(Batch), alignof(Batch));
    if (given == nullptr) return false;
    push_spare(::new (given) Batch);
    free_places_ += batch_size;
    return true;
  }
  void push_spare(Batch* batch) noexcept {
    batch->next = spare_;
    spare_ = batch;
  }
  /// Requires: there is a spare one, as there is where a place was reserved.
  void open_batch() noexcept {
    Batch* const batch = spare_;
    spare_ = batch->next;
    batch->next = nullptr;
    batch->count = batch->stamped = 0;
    (open_ == nullptr ? first_ : open_->next) = batch;
    open_ = batch;
    if (unstamped_ == nullptr) unstamped_ = batch;
  }

  /// Gives back the objects of the first batch up to `upto`; one without any left is spare.
  template <class GiveBack>
  std::size_t give_back_upto(std::size_t upto, GiveBack&& give_back) noexcept {
    const std::size_t count = upto - given_back_;
    for (; given_back_ < upto; ++given_back_) give_back(first_->objects[given_back_]);
    set_queued(queued() - count);
    if (given_back_ == first_->count) close_first();
    return count;
  }
  void close_first() noexcept {
    Batch* const batch = first_;
    first_ = batch->next;
    if (open_ == batch) open_ = nullptr;
    if (unstamped_ == batch) unstamped_ = first_;
    given_back_ = 0;
    free_places_ += batch->count;
    push_spare(batch);
  }
  void release_spares() noexcept {
    while (spare_ != nullptr && free_places_ >= free_places_max) {
      Batch* const batch = std::exchange(spare_, spare_->next);
      memory_.release(batch, sizeof(Batch), alignof(Batch));
      free_places_ -= batch_size;
    }
  }
  void release_all(Batch* batch) noexcept {
    while (batch != nullptr) {
      Batch* const next = batch->next;
      memory_.release(batch, sizeof(Batch), alignof(Batch));
      batch = next;
    }
  }
  void set_queued(std::size_t count) noexcept { queued_.store(count, std::memory_order_relaxed); }

  [[no_unique_address]] Memory memory_{};
  Batch* first_ = nullptr;       // The oldest.
  Batch* open_ = nullptr;        // The last one, or null.
  Batch* unstamped_ = nullptr;   // The first that was not stamped when it was full.
  Batch* spare_ = nullptr;       // Empty ones.
  std::size_t given_back_ = 0;   // Of the first batch.
  std::size_t unpublished_ = 0;  // Retired since publish(), the last ones of the queue.
  std::size_t taken_ = 0;        // Places of objects in use, in the open batch and spare ones,
  std::size_t free_places_ = 0;  // and what these have room for beside them.
  typename Atomics::template Word<std::size_t> queued_{0};
};

}  // namespace vmarea::shims
