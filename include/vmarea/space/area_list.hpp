// SPDX-License-Identifier: MIT
//
// All areas of a space in address order, for a range-for.
#pragma once

#include "vmarea/space/space_state.hpp"

namespace vmarea {

/// All areas of a space, in address order, for a range-for. Any change of the space ends it.
template <class Host>
class AreaList {
 public:
  struct End {};
  class Iterator {
   public:
    explicit Iterator(typename SpaceState<Host>::Tree::Cursor cursor) noexcept : cursor_(cursor) {}
    const Area<Host>& operator*() const noexcept { return *cursor_.entry().value; }
    Iterator& operator++() noexcept {
      cursor_.next();
      return *this;
    }
    bool operator!=(End) const noexcept { return static_cast<bool>(cursor_.entry()); }

   private:
    typename SpaceState<Host>::Tree::Cursor cursor_;
  };

  explicit AreaList(const SpaceState<Host>& space) noexcept : space_(space) {}
  Iterator begin() const noexcept { return Iterator(space_.tree.seek(0)); }
  End end() const noexcept { return {}; }

 private:
  const SpaceState<Host>& space_;
};

}  // namespace vmarea
