// SPDX-License-Identifier: MIT
//
// Threads under the locks of single areas, for every tool that runs threads. A writer changes areas
// of a space; readers keep one of them as it is, and need the space only where they are refused.
//
//   writer   lock .. begin_write(A) .. A: 1,1 -> 2,2 .. go_on, unlock          again and again
//   reader            begin_read(A) .. sees 1,1 or 2,2 .. end_read(A)
//
// What an area holds are cells that nothing but its lock protects: a reader that gets in too early
// sees half of a write, and a tool that knows what is ordered reports that, too, where a write is
// whole and yet not certain to be seen.
#pragma once

#include <atomic>
#include <cstddef>

#include <vmarea_shims/area_lock.hpp>
#include <vmarea_shims/epochs.hpp>

namespace vmarea::test {

/// A space with three areas. The `Tools` of a checker have a Mutex here, besides what scenarios of
/// grace periods ask of them.
template <class Tools>
struct LockedSpace {
  static constexpr unsigned interrupts = 0;
  static constexpr unsigned preemptions = 2;
  using Atomics = typename Tools::Atomics;

  struct Area {
    shims::AreaLockWord<Atomics> lock;
    typename Tools::Cell start;
    typename Tools::Cell end;  // As `start`, unless the area is being written.

    void set(unsigned value) {
      start.store(value);
      end.store(value);
    }
    /// Requires: the area is read-locked.
    unsigned look() const {
      const unsigned value = start.load();
      Tools::expect(end.load() == value, "a reader sees half of a write");
      Tools::expect(start.load() == value, "an area is written while it is read");
      return value;
    }
  };

  typename Tools::Mutex mutex;
  shims::WriteSequence<Atomics> sequence;
  Area areas[3];

  void begin() {
    for (Area& area : areas) {
      area.lock.attach(sequence);
      area.set(0);
    }
    sequence.go_on();
  }
  void handle() {}

  void lock() { mutex.lock(); }
  void unlock() {
    sequence.go_on();
    mutex.unlock();
  }
  void write(Area& area, unsigned value) {
    area.lock.begin_write(sequence);
    area.set(value);
  }
  /// For an area that is not being written, as none is while a reader holds the space.
  void begin_read_locked(Area& area) {
    Tools::expect(area.lock.begin_read(sequence), "an area is refused that is not being written");
  }
  /// What the area holds; requires that it stays in its place.
  unsigned read(Area& area) {
    if (!area.lock.begin_read(sequence)) {
      mutex.lock();
      begin_read_locked(area);
      mutex.unlock();
    }
    const unsigned value = area.look();
    area.lock.end_read();
    return value;
  }
};

/// One area that is written in several rounds.
template <class Tools>
struct AreaReaders : LockedSpace<Tools> {
  static constexpr unsigned threads = 3;

  void thread(unsigned index) {
    if (index == 0) return write_rounds();
    const unsigned first = this->read(this->areas[0]);
    Tools::expect(first <= this->read(this->areas[0]),
                  "a reader sees an older write after a newer");
  }
  void write_rounds() {
    for (unsigned round = 1; round <= 3; ++round) {
      this->lock();
      this->write(this->areas[0], 10 * round);
      this->write(this->areas[0], 10 * round + 1);  // Once more in the same write.
      this->unlock();
    }
  }
};

/// As little of that as there can be, for orders with more preemptions.
template <class Tools>
struct OneAreaReader : LockedSpace<Tools> {
  static constexpr unsigned threads = 2;
  static constexpr unsigned preemptions = 3;

  void thread(unsigned index) {
    if (index != 0) return (void)this->read(this->areas[0]);
    for (unsigned round = 1; round <= 2; ++round) {
      this->lock();
      this->write(this->areas[0], round);
      this->unlock();
    }
  }
};

/// The border of two areas moves, which is one write; a third one stays as it is.
template <class Tools>
struct TwoAreas : LockedSpace<Tools> {
  static constexpr unsigned threads = 3;

  void thread(unsigned index) {
    if (index == 0) return move_border();
    for (int i = 0; i < 2; ++i) index == 1 ? read_both() : read_third();
  }
  void move_border() {
    for (unsigned round = 1; round <= 2; ++round) {
      this->lock();
      this->write(this->areas[0], round);
      this->write(this->areas[1], round);
      this->unlock();
    }
  }
  /// With one area held, the reader must not wait for the space: its writer may wait for the
  /// reader.
  void read_both() {
    auto& [low, high, third] = this->areas;
    if (!low.lock.begin_read(this->sequence)) return;
    if (high.lock.begin_read(this->sequence)) {
      Tools::expect(low.look() == high.look(), "one area is seen before a write and one after it");
      high.lock.end_read();
    }
    low.lock.end_read();
  }
  void read_third() {
    (void)this->read(this->areas[1]);
    this->begin_read_locked(this->areas[2]);
    (void)this->areas[2].look();
    this->areas[2].lock.end_read();
  }
};

/// Areas come and go: each call replaces the one that readers find, and gives it back after its
/// grace period. From finding an area to reading it a reader is in a section, which keeps its
/// memory; after that only the lock of the area keeps it.
template <class Tools>
struct AreaGoes : LockedSpace<Tools> {
  static constexpr unsigned threads = 3;
  static constexpr unsigned given_back = 1000;  // In the memory of an area that has none.
  using Area = typename LockedSpace<Tools>::Area;

  shims::Epochs<typename Tools::Atomics, 1> epochs;
  typename Tools::Atomics::template Word<unsigned> found;  // The area that readers find.
  typename Tools::Cell memory[2];

  void begin() {
    LockedSpace<Tools>::begin();
    memory[0].store(0);
    memory[1].store(given_back);
  }

  void thread(unsigned index) {
    if (index == 0) return replace_areas();
    auto reader = this->epochs.join();  // The second one is a guest.
    Area& area = lock_found(reader);
    Tools::expect(area.look() != given_back, "an area is read that was given back");
    area.lock.end_read();
    this->epochs.leave(reader);
  }
  void replace_areas() {
    for (unsigned i = 0; i < 2; ++i) {
      Area& gone = this->areas[i % 2];
      Area& made = this->areas[1 - i % 2];
      this->lock();
      gone.lock.begin_write(this->sequence);
      memory[1 - i % 2].store(0);
      made.lock.attach(this->sequence);
      made.set(i + 1);
      found.store(1 - i % 2, std::memory_order_release);
      gone.lock.detach();
      this->unlock();
      epochs.wait_for(epochs.stamp());
      memory[i % 2].store(given_back);
      gone.set(given_back);
    }
  }
  /// Requires: a section, or the space.
  Area& find() {
    const unsigned index = found.load(std::memory_order_acquire);
    Tools::expect(memory[index].load() != given_back, "an area is looked at that was given back");
    return this->areas[index];
  }
  Area& lock_found(auto& reader) {
    {
      const shims::ReadSection section(epochs, reader);
      Area& area = find();
      if (area.lock.begin_read(this->sequence)) return area;
    }
    this->mutex.lock();
    Area& area = find();
    this->begin_read_locked(area);
    this->mutex.unlock();
    return area;
  }
};

// ----- what breaks the requirements of a function, so that something must be found

/// The area is written before its lock is taken for writing.
template <class Tools>
struct WriteUnlocked : AreaReaders<Tools> {
  void thread(unsigned index) {
    if (index != 0) return AreaReaders<Tools>::thread(index);
    this->lock();
    this->areas[0].start.store(1);
    this->write(this->areas[0], 1);
    this->unlock();
  }
};

/// An area is looked for and locked outside of any section.
template <class Tools>
struct NoAreaSection : AreaGoes<Tools> {
  void thread(unsigned index) {
    if (index == 0) return this->replace_areas();
    auto& area = this->find();
    if (area.lock.begin_read(this->sequence)) area.lock.end_read();
  }
};

}  // namespace vmarea::test
