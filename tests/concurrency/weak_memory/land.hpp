// SPDX-License-Identifier: MIT
//
// What the scenarios have in common: places in which a writer exchanges an object for another, and
// readers that look at what they find in a section.
//
//   place  --> [ object 0 ]  <-- a reader       the writer: object 1 is made, the place leads to
//              [ object 1 ]                     it, and object 0 is given back after its grace
//
// An object that is given back is overwritten. Relacy reports it as a data race if a reader looks
// at it at a time that nothing orders before, and the reader sees it if it does so later.
#pragma once

#include <cstddef>
#include <cstdint>

#include <vmarea_shims/epochs.hpp>

#include "relacy_atomics.hpp"

namespace vmarea::test {

struct Place {
  static constexpr unsigned objects_max = 4;
  static constexpr unsigned in_use = 1;
  static constexpr unsigned given_back = 2;

  RelacyAtomics::Word<unsigned> found;  // The number of the object that readers find.
  rl::var<unsigned> objects[objects_max];

  void begin() {
    for (rl::var<unsigned>& object : objects) object(RL_INFO).store(given_back);
    objects[0](RL_INFO).store(in_use);
  }
  void look() {
    const unsigned object = found.load(std::memory_order_acquire);
    RL_ASSERT(objects[object](RL_INFO).load() == in_use);
  }
  void make(unsigned object) {
    RL_ASSERT(objects[object](RL_INFO).load() == given_back);
    objects[object](RL_INFO).store(in_use);
  }
  void publish(unsigned object) { found.store(object, std::memory_order_release); }
  void give_back(unsigned object) {
    RL_ASSERT(objects[object](RL_INFO).load() == in_use);
    objects[object](RL_INFO).store(given_back);
  }
};

template <std::size_t ReadersMax = 2>
struct Land {
  using AllEpochs = shims::Epochs<RelacyAtomics, ReadersMax>;
  using Reader = typename AllEpochs::Reader;

  AllEpochs epochs;
  Place places[2];

  void begin() {
    for (Place& place : places) place.begin();
    for (Handler& handler : handlers) handler = Handler{};
  }

  /// Exchanges objects 0 and 1 of a place so many times, and waits for each grace period.
  void exchange(Place& place, unsigned times) {
    for (unsigned i = 0; i < times; ++i) {
      place.make(1 - i % 2);
      place.publish(1 - i % 2);
      epochs.wait_for(epochs.stamp());
      place.give_back(i % 2);
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

  /// The calling thread is interrupted so often, and looks around as a guest.
  void interrupt_thread(unsigned times) {
    const auto handle = [](void* land) { static_cast<Land*>(land)->look_as_guest(); };
    handlers[rl::thread_index()] = {handle, this, times, false};
  }
};

}  // namespace vmarea::test
