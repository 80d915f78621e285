// SPDX-License-Identifier: MIT
//
// How a call says that it failed: a value or an errno number, never an exception. The functions
// are those of std::expected.
//
//   Result<Address> at = space.mmap(...);
//   if (!at) return at.error();          // Error::no_memory is 12, ENOMEM
//   use(*at);
//
// The value of a failed result and the error of a good one are broken promises. There is no host to
// tell: they trap, in every build alike. A use that comes after its check pays nothing for that.
#pragma once

#include <concepts>
#include <cstdint>
#include <new>
#include <type_traits>
#include <utility>

namespace vmarea {

/// Why a call failed. The values are Linux errno numbers.
enum class Error : std::int32_t {
  none = 0,
  not_permitted = 1,     // EPERM
  no_entry = 2,          // ENOENT
  interrupted = 4,       // EINTR
  bad_file = 9,          // EBADF
  try_again = 11,        // EAGAIN
  no_memory = 12,        // ENOMEM
  access_denied = 13,    // EACCES
  bad_address = 14,      // EFAULT
  busy = 16,             // EBUSY
  exists = 17,           // EEXIST
  no_device = 19,        // ENODEV
  invalid = 22,          // EINVAL
  file_busy = 26,        // ETXTBSY
  no_space = 28,         // ENOSPC
  not_implemented = 38,  // ENOSYS
  overflow = 75,         // EOVERFLOW
  not_supported = 95,    // EOPNOTSUPP
};

template <class T>
class Result;

/// What and_then and or_else are given answers with a result.
template <class T>
inline constexpr bool is_result = false;
template <class T>
inline constexpr bool is_result<Result<T>> = true;

/// What a result is without its value: whether the call succeeded, and why not.
class Outcome {
 public:
  using error_type = Error;

  constexpr bool has_value() const noexcept { return error_ == Error::none; }
  constexpr explicit operator bool() const noexcept { return has_value(); }
  /// Requires: the call failed.
  constexpr Error error() const noexcept {
    if (has_value()) __builtin_trap();
    return error_;
  }
  constexpr Error error_or(Error otherwise) const noexcept {
    return has_value() ? otherwise : error_;
  }
  /// The errno number, none where the call succeeded: for tables, and for a guest.
  constexpr Error code() const noexcept { return error_; }

 protected:
  constexpr Outcome() noexcept = default;
  constexpr explicit Outcome(Error error) noexcept : error_(error) {}
  ~Outcome() = default;

  Error error_ = Error::none;
};

/// A value, or the reason why there is none. Values are small and trivially copyable, or guards.
template <class T>
class [[nodiscard]] Result : public Outcome {
  static_assert(std::is_trivially_copyable_v<T> ||
                    (std::is_nothrow_move_constructible_v<T> && !std::is_copy_constructible_v<T>),
                "results are plain values, or guards that can only be moved");

 public:
  using value_type = T;

  constexpr Result(T value) noexcept : value_(static_cast<T&&>(value)) {}
  constexpr Result(Error error) noexcept : Outcome(error) {}

  /// Requires: the call succeeded.
  constexpr const T& value() const& noexcept {
    if (!has_value()) __builtin_trap();
    return value_;
  }
  /// Requires: the call succeeded.
  constexpr const T& operator*() const& noexcept { return value(); }
  /// Gives a guard on, which is to be moved out of it. Requires: the call succeeded.
  constexpr T&& operator*() && noexcept requires(!std::is_trivially_copyable_v<T>) {
    if (!has_value()) __builtin_trap();
    return static_cast<T&&>(value_);
  }
  /// Requires: the call succeeded.
  constexpr const T* operator->() const noexcept { return &value(); }
  constexpr T value_or(T otherwise) const noexcept { return has_value() ? value_ : otherwise; }

  /// next(value), which answers with a result, or this error.
  template <class Next>
  constexpr auto and_then(Next&& next) const {
    using Answer = std::remove_cvref_t<decltype(next(value_))>;
    static_assert(is_result<Answer>, "and_then goes on with a function that gives a Result");
    return has_value() ? next(value_) : Answer(error_);
  }
  /// A result with make(value), or this error.
  template <class Make>
  constexpr auto transform(Make&& make) const {
    using Value = std::remove_cvref_t<decltype(make(value_))>;
    if (!has_value()) return Result<Value>(error_);
    if constexpr (std::is_void_v<Value>) {
      make(value_);
      return Result<Value>();
    } else {
      return Result<Value>(make(value_));
    }
  }
  /// This value, or instead(error), which answers with a Result<T>.
  template <class Instead>
  constexpr Result or_else(Instead&& instead) const {
    return has_value() ? *this : instead(error_);
  }
  /// This value, or make(error).
  template <class Make>
  constexpr Result transform_error(Make&& make) const {
    return has_value() ? *this : Result(make(error_));
  }

  /// Also with a value, or with an error.
  friend constexpr bool operator==(const Result& a,
                                   const Result& b) noexcept requires std::equality_comparable<T> {
    return a.error_ == b.error_ && a.value_ == b.value_;
  }

 private:
  T value_{};
};

template <>
class [[nodiscard]] Result<void> : public Outcome {
 public:
  using value_type = void;

  constexpr Result() noexcept = default;
  constexpr Result(Error error) noexcept : Outcome(error) {}

  /// Requires: the call succeeded.
  constexpr void value() const noexcept {
    if (!has_value()) __builtin_trap();
  }
  /// Requires: the call succeeded.
  constexpr void operator*() const noexcept { value(); }

  /// next(), which answers with a result, or this error.
  template <class Next>
  constexpr auto and_then(Next&& next) const {
    using Answer = std::remove_cvref_t<decltype(next())>;
    static_assert(is_result<Answer>, "and_then goes on with a function that gives a Result");
    return has_value() ? next() : Answer(error_);
  }
  /// A result with make(), or this error.
  template <class Make>
  constexpr auto transform(Make&& make) const {
    using Value = std::remove_cvref_t<decltype(make())>;
    if (!has_value()) return Result<Value>(error_);
    if constexpr (std::is_void_v<Value>) {
      make();
      return Result<Value>();
    } else {
      return Result<Value>(make());
    }
  }
  /// Success, or instead(error), which answers with a Result<void>.
  template <class Instead>
  constexpr Result or_else(Instead&& instead) const {
    return has_value() ? *this : instead(error_);
  }
  /// Success, or make(error).
  template <class Make>
  constexpr Result transform_error(Make&& make) const {
    return has_value() ? *this : Result(make(error_));
  }

  /// Also with an error.
  friend constexpr bool operator==(const Result& a, const Result& b) noexcept {
    return a.error_ == b.error_;
  }
};

/// Success of a call that returns nothing.
inline constexpr Result<void> success{};

}  // namespace vmarea
