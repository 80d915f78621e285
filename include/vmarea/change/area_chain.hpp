// SPDX-License-Identifier: MIT
//
// Areas that wait in a row: those that an edit removed, and the copies that a fork has reserved.
// They have no use for their identity meanwhile, so that word holds the row: nothing has to be
// reserved for it, however many there are.
#pragma once

#include <cstdint>

#include "vmarea/types/area.hpp"

namespace vmarea {

template <class Host>
class AreaChain {
 public:
  bool empty() const noexcept { return first_ == nullptr; }
  Area<Host>* first() const noexcept { return first_; }
  static Area<Host>* next(const Area<Host>& area) noexcept {
    return reinterpret_cast<Area<Host>*>(static_cast<std::uintptr_t>(area.identity.value()));
  }

  void push_back(Area<Host>& area) noexcept {
    if (last_ == nullptr) {
      first_ = &area;
    } else {
      set_next(*last_, &area);
    }
    set_next(area, nullptr);
    last_ = &area;
  }
  /// Takes out the first one, which has no identity then. Requires: not empty.
  Area<Host>* pop_front() noexcept {
    Area<Host>* area = first_;
    first_ = next(*area);
    if (first_ == nullptr) last_ = nullptr;
    area->identity = {};
    return area;
  }

 private:
  static void set_next(Area<Host>& area, Area<Host>* next) noexcept {
    area.identity = AnonIdentity::of(reinterpret_cast<std::uintptr_t>(next));
  }

  Area<Host>* first_ = nullptr;
  Area<Host>* last_ = nullptr;
};

}  // namespace vmarea
