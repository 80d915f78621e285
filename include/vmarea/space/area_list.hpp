// SPDX-License-Identifier: MIT
//
// The areas of a space in address order, as ranges: for a range-for, for algorithms, and, with
// ranges.hpp, borrowed and for views. Any change of the space ends them and their iterators.
//
//   range            ***********
//   space      [AAAAA)[BBB)  [CCCC)[DD)
//   areas      [AAAAA)[BBB)  [CCCC)          whole areas that have a byte in the range
//   parts         [AA)[BBB)  [CC)            the same, clipped to the range
//
// To change the space on the way, for_each_area() goes on by address instead.
#pragma once

#include <cstddef>

#include "vmarea/space/find.hpp"

namespace vmarea {

/// All areas that have a byte in a range.
template <class Host>
class AreaList {
 public:
  /// A forward iterator; its category follows from what it can do.
  class Iterator {
   public:
    using value_type = Area<Host>;
    using difference_type = std::ptrdiff_t;

    Iterator() noexcept {}  // The cursor has room for a whole path: it is not cleared.
    Iterator(const SpaceState<Host>& space, Range range) noexcept
        : cursor_(space.tree.seek(range.start)), end_(range.end) {
      look();
    }

    const Area<Host>& operator*() const noexcept { return *area_; }
    const Area<Host>* operator->() const noexcept { return area_; }
    Iterator& operator++() noexcept {
      cursor_.next();
      look();
      return *this;
    }
    Iterator operator++(int) noexcept {
      Iterator before = *this;
      ++*this;
      return before;
    }
    friend bool operator==(const Iterator& a, const Iterator& b) noexcept {
      return a.area_ == b.area_;
    }

   private:
    void look() noexcept {
      const auto entry = cursor_.entry();
      area_ = entry && entry.first < end_ ? entry.value : nullptr;
    }

    typename SpaceState<Host>::Tree::Cursor cursor_;
    Address end_ = 0;
    const Area<Host>* area_ = nullptr;  // Null past the end.
  };

  explicit AreaList(const SpaceState<Host>& space, Range range = everything) noexcept
      : space_(&space), range_(range) {}

  Iterator begin() const noexcept {
    return range_.empty() ? Iterator() : Iterator(*space_, range_);
  }
  Iterator end() const noexcept { return {}; }
  bool empty() const noexcept { return begin() == end(); }
  /// Requires: not empty.
  const Area<Host>& front() const noexcept {
    const Iterator first = begin();
    require<Host>(first != end(), "only a list that is not empty has a first area");
    return *first;
  }

 private:
  const SpaceState<Host>* space_;
  Range range_;
};

/// The parts of areas that lie in a range, as descriptions: start, end and page offset are clipped.
template <class Host>
class PartList {
 public:
  /// A forward iterator that makes its values, as those of views do.
  class Iterator {
   public:
    using value_type = Description<Host>;
    using difference_type = std::ptrdiff_t;
    struct Arrow {
      Description<Host> part;
      const Description<Host>* operator->() const noexcept { return &part; }
    };

    Iterator() noexcept {}
    Iterator(const SpaceState<Host>& space, Range range) noexcept
        : space_(&space), range_(range), at_(space, range) {}

    Description<Host> operator*() const noexcept {
      return at_->within(range_, space_->services.geometry());
    }
    Arrow operator->() const noexcept { return {**this}; }
    Iterator& operator++() noexcept {
      ++at_;
      return *this;
    }
    Iterator operator++(int) noexcept {
      Iterator before = *this;
      ++at_;
      return before;
    }
    friend bool operator==(const Iterator& a, const Iterator& b) noexcept { return a.at_ == b.at_; }

   private:
    const SpaceState<Host>* space_ = nullptr;
    Range range_{};
    typename AreaList<Host>::Iterator at_;
  };

  PartList(const SpaceState<Host>& space, Range range) noexcept : space_(&space), range_(range) {}

  Iterator begin() const noexcept {
    return range_.empty() ? Iterator() : Iterator(*space_, range_);
  }
  Iterator end() const noexcept { return {}; }
  bool empty() const noexcept { return begin() == end(); }
  /// Requires: not empty.
  Description<Host> front() const noexcept {
    const Iterator first = begin();
    require<Host>(first != end(), "only a list that is not empty has a first part");
    return *first;
  }

 private:
  const SpaceState<Host>* space_;
  Range range_;
};

/// Calls visit(description) for each area that has a byte in `range`, in address order. The visitor
/// may change the space: it is given a copy, and the walk goes on at the end that the area had.
/// What stands there by then is visited, whatever was joined to it from below.
template <class Host, class Visit>
void for_each_area(const SpaceState<Host>& space, Range range, Visit&& visit) {
  for (Address at = range.start; at < range.end;) {
    const Area<Host>* const area = find_intersection(space, {at, range.end});
    if (area == nullptr) return;
    const Description<Host> seen = *area;
    at = seen.end;
    visit(seen);
  }
}

}  // namespace vmarea
