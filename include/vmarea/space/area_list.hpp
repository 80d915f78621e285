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
#include <initializer_list>

#include "vmarea/space/find.hpp"

namespace vmarea {

/// Never; but that is known only where a container is made of a list.
template <class Item>
inline constexpr bool is_copied_as_a_whole = false;

/// What std::vector(list) takes the elements of a list for: the compiler stops at the sentence.
template <class Item>
struct CopiedByItsEnds {
  static_assert(is_copied_as_a_whole<Item>,
                "a container is made of the two ends of a list of areas: "
                "std::vector copies(list.begin(), list.end())");
};

/// Deduction of a container's elements looks for an initializer_list: here it finds one, which is
/// empty and never read.
template <class Item>
class NotAContainer : public std::initializer_list<CopiedByItsEnds<Item>> {
 public:
  using value_type = Item;
  std::size_t size() const noexcept = delete;  // It would be counted.
};

/// All areas that have a byte in a range.
template <class Host>
class AreaList : public NotAContainer<Area<Host>> {
 public:
  /// A forward iterator; its category follows from what it can do.
  class Iterator {
   public:
    using value_type = Area<Host>;
    using difference_type = std::ptrdiff_t;

    Iterator() noexcept {}  // The cursor has room for a whole path: it is not cleared.
    explicit Iterator(typename SpaceState<Host>::Tree::Cursor cursor) noexcept
        : cursor_(cursor), area_(cursor_.entry().value) {}

    const Area<Host>& operator*() const noexcept { return *area_; }
    const Area<Host>* operator->() const noexcept { return area_; }
    Iterator& operator++() noexcept {
      cursor_.next();
      area_ = cursor_.entry().value;
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
    typename SpaceState<Host>::Tree::Cursor cursor_;
    const Area<Host>* area_ = nullptr;  // Null past the last area of all.
  };

  using iterator = Iterator;
  using const_iterator = Iterator;

  explicit AreaList(const SpaceState<Host>& space, Range range = everything) noexcept
      : space_(&space), range_(range) {}

  Iterator begin() const noexcept {
    return range_.empty() ? end() : Iterator(space_->tree.seek(range_.start));
  }
  /// The first area that starts behind the range.
  Iterator end() const noexcept {
    if (range_.end == everything.end) return {};
    auto cursor = space_->tree.seek(range_.end);
    const auto entry = cursor.entry();
    if (entry && entry.first < range_.end) cursor.next();
    return Iterator(cursor);
  }
  bool empty() const noexcept { return find_first() == nullptr; }
  /// Requires: not empty.
  const Area<Host>& front() const noexcept {
    const Area<Host>* const first = find_first();
    require<Host>(first != nullptr, "only a list that is not empty has a first area");
    return *first;
  }

 private:
  const Area<Host>* find_first() const noexcept {
    return range_.empty() ? nullptr : find_intersection(*space_, range_);
  }

  const SpaceState<Host>* space_;
  Range range_;
};

/// The parts of areas that lie in a range, as descriptions: start, end and page offset are clipped.
template <class Host>
class PartList : public NotAContainer<Description<Host>> {
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
    Iterator(const SpaceState<Host>& space, Range range,
             const typename AreaList<Host>::Iterator& at) noexcept
        : space_(&space), range_(range), at_(at) {}

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

  using iterator = Iterator;
  using const_iterator = Iterator;

  PartList(const SpaceState<Host>& space, Range range) noexcept
      : space_(&space), range_(range), areas_(space, range) {}

  Iterator begin() const noexcept { return {*space_, range_, areas_.begin()}; }
  Iterator end() const noexcept { return {*space_, range_, areas_.end()}; }
  bool empty() const noexcept { return areas_.empty(); }
  /// Requires: not empty.
  Description<Host> front() const noexcept {
    return areas_.front().within(range_, space_->services.geometry());
  }

 private:
  const SpaceState<Host>* space_;
  Range range_;
  AreaList<Host> areas_;
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
