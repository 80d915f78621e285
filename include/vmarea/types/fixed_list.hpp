// SPDX-License-Identifier: MIT
//
// A list of a few values in place. Only values that were added are ever written or copied: plans
// and edits are made, and handed on, by every call, and most of their room stays unused.
#pragma once

#include <new>
#include <type_traits>

namespace vmarea {

/// `Host` is told where more are added than fit.
template <class Host, class T, unsigned Max>
class FixedList {
  static_assert(std::is_trivially_destructible_v<T>, "its values are never ended");

 public:
  static constexpr unsigned size_max = Max;

  FixedList() noexcept {}
  FixedList(const FixedList& other) noexcept { *this = other; }
  FixedList& operator=(const FixedList& other) noexcept {
    for (unsigned i = 0; i < other.size_; ++i) ::new (&values_[i]) T(other.values_[i]);
    size_ = other.size_;
    return *this;
  }

  /// Requires: not full.
  T& add(const T& value) noexcept {
    if (Host::checks && full()) Host::assertion_failed("a list of a plan is not full");
    return *::new (&values_[size_++]) T(value);
  }
  /// What make() makes, made where it stays. Requires: not full.
  template <class Make>
  T& add_made_by(Make&& make) noexcept {
    if (Host::checks && full()) Host::assertion_failed("a list of a plan is not full");
    return *::new (&values_[size_++]) T(make());
  }
  /// Requires: not empty.
  T take_last() noexcept {
    if (Host::checks && empty()) Host::assertion_failed("no more is used than was reserved");
    return values_[--size_];
  }
  void clear() noexcept { size_ = 0; }
  bool empty() const noexcept { return size_ == 0; }
  bool full() const noexcept { return size_ == size_max; }
  unsigned size() const noexcept { return size_; }
  T& operator[](unsigned i) noexcept { return values_[i]; }
  const T& operator[](unsigned i) const noexcept { return values_[i]; }
  T* begin() noexcept { return values_; }
  T* end() noexcept { return values_ + size_; }
  const T* begin() const noexcept { return values_; }
  const T* end() const noexcept { return values_ + size_; }

 private:
  unsigned size_ = 0;
  union {
    T values_[Max];
  };
};

}  // namespace vmarea
