// SPDX-License-Identifier: MIT
//
// Grace periods: when what was removed may be given back although readers take no lock.
// Freestanding: no allocation, no system call.
//
//   reader   enter ........ reads ........ exit          enter .. exit
//   writer           removes X, publishes, stamp() = 7                   is_over(7): gives X back
//   epoch    7 ............................. 7 -> 8 ............ 8 -> 9
//
// The epoch goes on by one when no reader is left that entered in the one before. With a stamp of 7
// taken after X was removed, no reader of epoch 9 or later finds X, and none that does is left:
//
//   * The scan on the way from 8 to 9 comes after the stamp. It adds 0 to the word of a reader, and
//     entering exchanges that word, so each of two comes first. If the scan does, entering reads
//     what it wrote, and the reader sees that X is gone. If entering does, the reader has left, and
//     the scan sees all its reads done; or it entered in 8, read that from a word which was written
//     after the stamp, and sees that X is gone.
//   * One epoch is not enough: the scan from 7 to 8 may have passed a reader before it entered.
//   * A plain load in the place of the addition, or a plain store in that of the exchange, orders
//     nothing: reader and scan could miss each other, also with sequential consistency, for what
//     was published was not.
//   * A guest has no word of its own. It adds itself to the count of an epoch and looks again: if
//     that is still the epoch, or one of the same parity, the next scan but one waits for it.
//
// Not for: waiting inside a section, and long sections: one that does not end keeps everything.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <utility>

#include <vmarea_shims/atomics.hpp>

namespace vmarea::shims {

/// Readers with a slot each, at most `ReadersMax` at a time, and any number of guests. Writers need
/// no slot. Every function may be called by several threads at once; a Reader belongs to one.
/// Requires: it outlives its readers and the lists of what was retired.
template <class Atomics = StandardAtomics, std::size_t ReadersMax = 64>
class Epochs {
  struct Slot;

 public:
  static constexpr std::size_t readers_max = ReadersMax;

  /// What a thread enters sections with. One that never joined, or joined when no slot was left, is
  /// a guest: its sections cost two additions to words that all guests share.
  class Reader {
   public:
    constexpr Reader() noexcept = default;
    constexpr Reader(Reader&& other) noexcept
        : slot_(std::exchange(other.slot_, nullptr)),
          depth_(std::exchange(other.depth_, 0)),
          side_(other.side_) {}
    Reader& operator=(Reader&&) = delete;
    ~Reader() = default;

    bool is_guest() const noexcept { return slot_ == nullptr; }
    bool is_in_section() const noexcept { return depth_ != 0; }

   private:
    friend class Epochs;
    constexpr explicit Reader(Slot* slot) noexcept : slot_(slot) {}

    Slot* slot_ = nullptr;     // Null: a guest.
    std::uint32_t depth_ = 0;  // Sections, one in the other.
    std::uint32_t side_ = 0;   // Of a guest that is in one.
  };
  /// What enter_guest() gives and exit_guest() takes.
  struct Guest {
    std::uint32_t side = 0;
  };

  constexpr Epochs() noexcept = default;
  Epochs(const Epochs&) = delete;
  Epochs& operator=(const Epochs&) = delete;
  ~Epochs() = default;

  /// A slot for a thread, or a guest when none is left. Not for signal handlers, for its slot would
  /// stay taken until leave().
  Reader join() noexcept {
    for (std::size_t i = 0; i < ReadersMax; ++i) {
      std::uint64_t found = vacant;
      if (!slots_[i].pinned.compare_exchange_strong(found, idle, std::memory_order_acq_rel,
                                                    std::memory_order_relaxed)) {
        continue;
      }
      count_slots(i + 1);
      return Reader{&slots_[i]};
    }
    return Reader{};
  }
  /// Gives the slot back; the reader is a guest from then on. Requires: it is in no section.
  void leave(Reader& reader) noexcept {
    if (reader.is_in_section()) __builtin_trap();
    Slot* const slot = std::exchange(reader.slot_, nullptr);
    // Not a store: what a scan wrote has to reach the thread that takes the slot next.
    if (slot != nullptr) (void)slot->pinned.exchange(vacant, std::memory_order_acq_rel);
  }

  /// Ensures: what this thread finds from here on is not given back before its exit(). Sections of
  /// a reader may lie in each other. Never waits. Not for a handler that may have interrupted a
  /// function which was given the same reader.
  void enter(Reader& reader) noexcept {
    if (reader.depth_++ != 0) return;
    if (reader.slot_ == nullptr) {
      reader.side_ = enter_guest().side;
      return;
    }
    const std::uint64_t now = epoch_.load(std::memory_order_acquire);
    (void)reader.slot_->pinned.exchange(now, std::memory_order_acq_rel);
  }
  /// Requires: as many enter() before it.
  void exit(Reader& reader) noexcept {
    if (--reader.depth_ != 0) return;
    if (reader.slot_ == nullptr) return exit_guest(Guest{reader.side_});
    reader.slot_->pinned.store(idle, std::memory_order_release);
  }

  /// A section without a reader. Also for signal handlers, whatever they interrupted: a function of
  /// this class, or a writer. With its exit it makes two additions, and four at most.
  [[nodiscard]] Guest enter_guest() noexcept {
    const std::uint32_t side = side_of(epoch_.load(std::memory_order_acquire));
    (void)guests_[side].fetch_add(1, std::memory_order_acq_rel);
    if (side_of(epoch_.load(std::memory_order_acquire)) == side) return Guest{side};
    // The epoch went on in between and could do so again, but not past a guest on both sides.
    (void)guests_[1 - side].fetch_add(1, std::memory_order_acq_rel);
    const std::uint32_t kept = side_of(epoch_.load(std::memory_order_acquire));
    exit_guest(Guest{1 - kept});
    return Guest{kept};
  }
  void exit_guest(Guest guest) noexcept {
    (void)guests_[guest.side].fetch_add(minus_one, std::memory_order_acq_rel);
  }

  /// For all that the calling thread removed before. Requires: its removal is published, that is,
  /// the stores by which readers no longer find it are made, as release or stronger.
  std::uint64_t stamp() noexcept { return epoch_.fetch_add(0, std::memory_order_acq_rel); }

  /// Whether what has this stamp may be given back. Goes on with the epoch if it can; never waits.
  bool is_over(std::uint64_t stamp) noexcept {
    for (;;) {
      const std::uint64_t now = epoch_.load(std::memory_order_acquire);
      if (now >= stamp + grace_epochs) return true;
      if (!advance(now)) return false;
    }
  }
  /// Returns when that is so. Requires: the calling thread is in no section, and holds no lock that
  /// a reader takes in one.
  void wait_for(std::uint64_t stamp) noexcept {
    while (!is_over(stamp)) Atomics::pause();
  }

  /// In the child of a fork: only the calling thread is left, so the sections of all others are
  /// over. It has not joined, or brings its reader, whose slot and section it keeps. Requires: it
  /// is in no section as a guest.
  void alone() noexcept { forget_all_but(nullptr); }
  void alone(Reader& mine) noexcept {
    forget_all_but(mine.slot_);
    if (mine.is_guest() && mine.is_in_section()) {
      (void)guests_[mine.side_].fetch_add(1, std::memory_order_acq_rel);
    }
  }

 private:
  static constexpr std::size_t line_bytes = 64;
  template <class T>
  using Word = typename Atomics::template Word<T>;

  // What a slot says, if it is not the epoch in which its reader entered.
  static constexpr std::uint64_t vacant = 0;
  static constexpr std::uint64_t idle = 1;
  static constexpr std::uint64_t first_epoch = 2;

  static constexpr std::uint64_t grace_epochs = 2;
  static constexpr std::uint64_t minus_one = ~std::uint64_t{0};

  struct alignas(line_bytes) Slot {
    Word<std::uint64_t> pinned{vacant};
  };

  static constexpr std::uint32_t side_of(std::uint64_t epoch) noexcept {
    return static_cast<std::uint32_t>(epoch % 2);
  }

  /// A scan covers the slots that were ever taken. As with a slot, each of a scan and of the first
  /// reader beyond it comes first.
  void count_slots(std::size_t used) noexcept {
    std::size_t seen = slots_used_.load(std::memory_order_acquire);
    while (seen < used && !slots_used_.compare_exchange_strong(
                              seen, used, std::memory_order_acq_rel, std::memory_order_acquire)) {
    }
  }

  /// From epoch `now` to the next one, or finds that it went on by itself. False while a reader is
  /// left that entered before it.
  bool advance(std::uint64_t now) noexcept {
    if (guests_[side_of(now + 1)].fetch_add(0, std::memory_order_acq_rel) != 0) return false;
    const std::size_t used = slots_used_.fetch_add(0, std::memory_order_acq_rel);
    for (std::size_t i = 0; i < used; ++i) {
      const std::uint64_t seen = slots_[i].pinned.fetch_add(0, std::memory_order_acq_rel);
      if (seen >= first_epoch && seen != now) return false;
    }
    (void)epoch_.compare_exchange_strong(now, now + 1, std::memory_order_acq_rel,
                                         std::memory_order_relaxed);
    return true;
  }

  void forget_all_but(const Slot* mine) noexcept {
    for (Slot& slot : slots_) {
      if (&slot != mine) slot.pinned.store(vacant, std::memory_order_release);
    }
    for (Word<std::uint64_t>& side : guests_) side.store(0, std::memory_order_release);
  }

  alignas(line_bytes) Word<std::uint64_t> epoch_{first_epoch};
  alignas(line_bytes) Word<std::uint64_t> guests_[2]{};
  alignas(line_bytes) Word<std::size_t> slots_used_{0};
  Slot slots_[ReadersMax]{};
};

/// A section of a reader, or of a guest, as long as this lives.
template <class EpochsType>
class ReadSection {
 public:
  using Reader = typename EpochsType::Reader;

  ReadSection(EpochsType& epochs, Reader& reader) noexcept : epochs_(&epochs), reader_(&reader) {
    epochs.enter(reader);
  }
  explicit ReadSection(EpochsType& epochs) noexcept
      : epochs_(&epochs), guest_(epochs.enter_guest()) {}
  ReadSection(const ReadSection&) = delete;
  ReadSection& operator=(const ReadSection&) = delete;
  ~ReadSection() { reader_ != nullptr ? epochs_->exit(*reader_) : epochs_->exit_guest(guest_); }

 private:
  EpochsType* epochs_;
  Reader* reader_ = nullptr;  // Null: a guest.
  typename EpochsType::Guest guest_{};
};

}  // namespace vmarea::shims
