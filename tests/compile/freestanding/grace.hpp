// SPDX-License-Identifier: MIT
//
// Grace periods where there are neither threads nor a heap: a reader is an interrupt, and the list
// of what waits takes frames of a page.
#pragma once

#include <cstddef>

#include <vmarea_shims/epochs.hpp>
#include <vmarea_shims/retired.hpp>

#include "compile/freestanding/frames.hpp"

template class vmarea::shims::Epochs<>;
template class vmarea::shims::RetiredList<vmarea::shims::StandardAtomics, freestanding::Frames>;

namespace freestanding {

inline constinit vmarea::shims::Epochs<> epochs;

/// Retires objects, which stay while a reader is there, and are given back when it has gone.
inline bool retired_after_grace() noexcept {
  constexpr std::size_t count = 200;
  char objects[count];
  std::size_t given = 0;
  const auto give_back = [&given](void*) { ++given; };
  {
    vmarea::shims::RetiredList<vmarea::shims::StandardAtomics, Frames, 100> list;
    vmarea::shims::Epochs<>::Reader reader = epochs.join();
    epochs.enter(reader);
    for (char& object : objects) {
      if (!list.reserve_place()) return false;
      list.retire(&object);
    }
    list.publish(epochs);
    if (list.reclaim(epochs, give_back) != 0 || frames.in_use() != 2) return false;
    epochs.exit(reader);
    if (list.reclaim(epochs, give_back) != count) return false;
    epochs.leave(reader);
    epochs.wait_for(epochs.stamp());
  }
  return given == count && frames.in_use() == 0;
}

}  // namespace freestanding
