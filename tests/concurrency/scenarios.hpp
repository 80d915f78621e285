// SPDX-License-Identifier: MIT
//
// Threads under grace periods, for every tool that runs threads. All have places in which a writer
// exchanges an object for another, and readers that look at what they find in a section.
//
//   place  --> [ object 0 ]  <-- a reader       the writer: object 1 is made, the place leads to
//              [ object 1 ]                     it, and object 0 is given back after its grace
//
// An object that is given back is overwritten: a reader that looks at it later sees that, and a
// tool that knows what is ordered also reports one for which it is not certain.
//
// The `Tools` of a checker are its Atomics; Mutex; Cell, memory of an object that only sections or
// locks protect; and expect(). A scenario has its threads by number, and a handler that may
// interrupt each of them `interrupts` times.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include <vmarea_shims/epochs.hpp>
#include <vmarea_shims/retired.hpp>

#include "area_scenarios.hpp"

namespace vmarea::test {

template <class Tools>
struct Place {
  static constexpr unsigned objects_max = 4;
  static constexpr unsigned in_use = 1;
  static constexpr unsigned given_back = 2;

  typename Tools::Atomics::template Word<unsigned> found;  // The object that readers find.
  typename Tools::Cell objects[objects_max];

  void begin() {
    for (typename Tools::Cell& object : objects) object.store(given_back);
    objects[0].store(in_use);
  }
  void look() {
    const unsigned object = found.load(std::memory_order_acquire);
    Tools::expect(objects[object].load() == in_use, "a reader looks at what was given back");
  }
  void make(unsigned object) {
    Tools::expect(objects[object].load() == given_back, "an object is made that is there");
    objects[object].store(in_use);
  }
  void publish(unsigned object) { found.store(object, std::memory_order_release); }
  void give_back(unsigned object) {
    Tools::expect(objects[object].load() == in_use, "an object is given back twice");
    objects[object].store(given_back);
  }
};

/// What scenarios have in common.
template <class Tools, std::size_t ReadersMax = 2>
struct Land {
  static constexpr unsigned interrupts = 0;
  static constexpr unsigned preemptions = 2;  // Where all orders with so many are tried.
  using Epochs = shims::Epochs<typename Tools::Atomics, ReadersMax>;
  using Reader = typename Epochs::Reader;

  Epochs epochs;
  Place<Tools> places[2];

  void begin() {
    for (Place<Tools>& place : places) place.begin();
  }
  void handle() { look_as_guest(); }
  Reader guest() const { return Reader{}; }

  /// Exchanges objects 0 and 1 of a place so many times, and waits for each grace period.
  void exchange(unsigned place, unsigned times) {
    for (unsigned i = 0; i < times; ++i) {
      places[place].make(1 - i % 2);
      places[place].publish(1 - i % 2);
      epochs.wait_for(epochs.stamp());
      places[place].give_back(i % 2);
    }
  }
  void look(Reader& reader) {
    const shims::ReadSection section(epochs, reader);
    places[0].look();
  }
  void look_as_guest() {
    const shims::ReadSection section(epochs);
    places[0].look();
    places[1].look();
  }
  /// At both places, twice, and in a section within the section.
  void look_long(Reader& reader) {
    const shims::ReadSection section(epochs, reader);
    places[0].look();
    places[1].look();
    look(reader);
    places[1].look();
  }
};

template <class Tools>
struct Readers : Land<Tools> {
  static constexpr unsigned threads = 3;
  void thread(unsigned index) {
    if (index == 0) return this->exchange(0, 3);
    auto reader = this->epochs.join();
    this->look(reader);
    this->look(reader);
    this->epochs.leave(reader);
  }
};

/// Two writers, for the stamps of one alone are all even.
template <class Tools>
struct Guests : Land<Tools> {
  static constexpr unsigned threads = 4;
  void thread(unsigned index) {
    if (index < 2) return this->exchange(index, 3);
    this->look_as_guest();
    this->look_as_guest();
  }
};

/// As little of that as there can be, for orders with more preemptions.
template <class Tools>
struct OneGuest : Land<Tools> {
  static constexpr unsigned threads = 3;
  static constexpr unsigned preemptions = 3;
  void thread(unsigned index) {
    if (index < 2) return this->exchange(index, 1);
    const shims::ReadSection section(this->epochs);
    this->places[1].look();
  }
};

/// One slot for two: the other is a guest, or takes it when the first has left.
template <class Tools>
struct Latecomers : Land<Tools, 1> {
  static constexpr unsigned threads = 3;
  void thread(unsigned index) {
    if (index == 0) return this->exchange(0, 3);
    for (int i = 0; i < 2; ++i) {
      auto reader = this->epochs.join();
      this->look(reader);
      this->epochs.leave(reader);
    }
  }
};

/// What a scan leaves in a slot has to outlast its reader.
template <class Tools>
struct JoinsAgain : Land<Tools, 1> {
  static constexpr unsigned threads = 2;
  void thread(unsigned index) {
    if (index == 0) return this->exchange(0, 1);
    for (int i = 0; i < 2; ++i) {
      auto reader = this->epochs.join();
      if (i != 0) this->look(reader);
      for (int j = 0; j < 10 && i == 0; ++j) this->places[1].look();  // So that a scan comes first.
      this->epochs.leave(reader);
    }
  }
};

/// Two writers that know nothing of each other, and readers of both.
template <class Tools>
struct TwoWriters : Land<Tools> {
  static constexpr unsigned threads = 4;
  void thread(unsigned index) {
    if (index < 2) return this->exchange(index, 2);
    auto reader = index == 2 ? this->epochs.join() : this->guest();
    this->look_long(reader);
    this->look_long(reader);
    this->epochs.leave(reader);
  }
};

/// Writer and readers are interrupted anywhere, also within enter() and is_over().
template <class Tools>
struct Handlers : Land<Tools> {
  static constexpr unsigned threads = 3;
  static constexpr unsigned interrupts = 1;
  void thread(unsigned index) {
    if (index == 0) return this->exchange(0, 3);
    auto reader = index == 1 ? this->epochs.join() : this->guest();
    this->look_long(reader);
    this->look(reader);
    this->epochs.leave(reader);
  }
};

/// As little of that as there can be.
template <class Tools>
struct OneReaderInterrupted : Land<Tools> {
  static constexpr unsigned threads = 2;
  static constexpr unsigned interrupts = 1;
  void thread(unsigned index) {
    if (index == 0) return this->exchange(0, 2);
    auto reader = this->epochs.join();
    this->look(reader);
    this->epochs.leave(reader);
  }
};

/// Memory of a list that wants no more than three batches.
struct FewBatches {
  struct alignas(std::max_align_t) Room {
    std::byte bytes[256];
  };
  struct Rooms {
    Room rooms[3];
    unsigned taken = 0;
  };
  Rooms* rooms = nullptr;

  void* allocate(std::size_t bytes, std::size_t) noexcept {
    const bool fits = bytes <= sizeof(Room) && rooms->taken < 3;
    return fits ? &rooms->rooms[rooms->taken++] : nullptr;
  }
  void release(void*, std::size_t, std::size_t) noexcept {}
};

/// How a call removes an object: it is retired when readers no longer find it, or before, and then
/// memory may run short in between.
enum class Retires { after_publication, before_publication, and_runs_short, and_is_told_published };

/// A writer with a list of what it retired, two in a batch. Each of its calls makes an object,
/// replaces one, and ends with an unlock.
template <class Tools, Retires When>
struct QueueThat : Land<Tools> {
  static constexpr unsigned threads = 3;
  using List = shims::RetiredList<typename Tools::Atomics, FewBatches, 2>;

  FewBatches::Rooms rooms;

  void thread(unsigned index) {
    if (index == 0) return write();
    auto reader = index == 1 ? this->epochs.join() : this->guest();
    this->look(reader);
    this->look(reader);
    this->epochs.leave(reader);
  }

  auto give_back() {
    return [this](void* object) {
      const auto* const cell = static_cast<typename Tools::Cell*>(object);
      this->places[0].give_back(static_cast<unsigned>(cell - this->places[0].objects));
    };
  }
  void replace(List& list, unsigned from, unsigned to) {
    Place<Tools>& place = this->places[0];
    if (When == Retires::after_publication) place.publish(to);
    list.retire(&place.objects[from]);
    if (When == Retires::and_runs_short) list.reclaim_early(this->epochs, give_back());
    if (When == Retires::and_is_told_published) {
      list.publish(this->epochs);
      (void)this->epochs.is_over(this->epochs.stamp());
    }
    if (When != Retires::after_publication) place.publish(to);
  }
  void write() {
    List list{FewBatches{&rooms}};
    Tools::expect(list.reserve_place(), "there is a place for the first object");
    for (unsigned i = 0; i < 3; ++i) {
      this->places[0].make(i + 1);
      Tools::expect(list.reserve_place(), "there is a place for each object");
      replace(list, i, i + 1);
      list.publish(this->epochs);
      list.reclaim(this->epochs, give_back());
    }
    while (list.queued() != 0) {
      if (list.reclaim_early(this->epochs, give_back()) == 0) Tools::Atomics::pause();
    }
    list.forgo_place();
  }
};
template <class Tools>
using Queue = QueueThat<Tools, Retires::after_publication>;
template <class Tools>
using EarlyQueue = QueueThat<Tools, Retires::before_publication>;
template <class Tools>
using ShortMemory = QueueThat<Tools, Retires::and_runs_short>;

// ----- what breaks the requirements of a function, so that something must be found

/// The other writer lets the epoch go on before the removal is published.
template <class Tools>
struct StampFirst : TwoWriters<Tools> {
  void thread(unsigned index) {
    if (index != 0) return TwoWriters<Tools>::thread(index);
    Place<Tools>& place = this->places[0];
    place.make(1);
    const std::uint64_t stamp = this->epochs.stamp();
    place.publish(1);
    this->epochs.wait_for(stamp);
    place.give_back(0);
  }
};

/// The list is told that all is published while the space is still locked.
template <class Tools>
using PublishFirst = QueueThat<Tools, Retires::and_is_told_published>;

template <class Tools>
struct NoSection : Guests<Tools> {
  void thread(unsigned index) {
    if (index < 2) return Guests<Tools>::thread(index);
    this->places[0].look();
  }
};

/// All of them, given to `use` with their names; those with misuse_ in front are to be found.
template <class Tools, class Use>
void for_each_scenario(Use&& use) {
  use.template operator()<Readers<Tools>>("readers");
  use.template operator()<Guests<Tools>>("guests");
  use.template operator()<OneGuest<Tools>>("one_guest");
  use.template operator()<Latecomers<Tools>>("latecomers");
  use.template operator()<JoinsAgain<Tools>>("joins_again");
  use.template operator()<TwoWriters<Tools>>("two_writers");
  use.template operator()<Handlers<Tools>>("handlers");
  use.template operator()<OneReaderInterrupted<Tools>>("one_reader_interrupted");
  use.template operator()<Queue<Tools>>("queue");
  use.template operator()<EarlyQueue<Tools>>("early_queue");
  use.template operator()<ShortMemory<Tools>>("short_memory");
  use.template operator()<AreaReaders<Tools>>("area_readers");
  use.template operator()<OneAreaReader<Tools>>("one_area_reader");
  use.template operator()<TwoAreas<Tools>>("two_areas");
  use.template operator()<AreaGoes<Tools>>("area_goes");
  use.template operator()<StampFirst<Tools>>("misuse_stamp_first");
  use.template operator()<PublishFirst<Tools>>("misuse_publish_first");
  use.template operator()<NoSection<Tools>>("misuse_no_section");
  use.template operator()<WriteUnlocked<Tools>>("misuse_write_unlocked");
  use.template operator()<NoAreaSection<Tools>>("misuse_no_area_section");
}

}  // namespace vmarea::test
