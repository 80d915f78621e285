// SPDX-License-Identifier: MIT
//
// How a call says that it failed: a value or an errno number, never an exception.
//
//   Result<Address> at = space.mmap(...);
//   if (!at) return at.error();          // Error::no_memory is 12, ENOMEM
//   use(*at);
#pragma once

#include <cstdint>
#include <new>
#include <type_traits>
#include <utility>

namespace vmarea {

/// Why a call failed. The values are Linux errno numbers.
enum class Error : std::int32_t {
  none = 0,
  not_permitted = 1,   // EPERM
  no_entry = 2,        // ENOENT
  interrupted = 4,     // EINTR
  bad_file = 9,        // EBADF
  try_again = 11,      // EAGAIN
  no_memory = 12,      // ENOMEM
  access_denied = 13,  // EACCES
  bad_address = 14,    // EFAULT
  busy = 16,           // EBUSY
  exists = 17,         // EEXIST
  no_device = 19,      // ENODEV
  invalid = 22,        // EINVAL
  file_busy = 26,      // ETXTBSY
  overflow = 75,       // EOVERFLOW
  not_supported = 95,  // EOPNOTSUPP
};

/// A value, or the reason why there is none. Values are small and trivially copyable.
template <class T>
class [[nodiscard]] Result {
  static_assert(std::is_trivially_copyable_v<T>, "results are plain values");

 public:
  constexpr Result(T value) noexcept : value_(value) {}
  constexpr Result(Error error) noexcept : error_(error) {}

  constexpr explicit operator bool() const noexcept { return error_ == Error::none; }
  constexpr Error error() const noexcept { return error_; }
  /// Requires: the call succeeded.
  constexpr const T& operator*() const noexcept { return value_; }
  constexpr const T* operator->() const noexcept { return &value_; }
  friend constexpr bool operator==(const Result&, const Result&) = default;

 private:
  T value_{};
  Error error_ = Error::none;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  constexpr Result() noexcept = default;
  constexpr Result(Error error) noexcept : error_(error) {}

  constexpr explicit operator bool() const noexcept { return error_ == Error::none; }
  constexpr Error error() const noexcept { return error_; }
  friend constexpr bool operator==(const Result&, const Result&) = default;

 private:
  Error error_ = Error::none;
};

/// Success of a call that returns nothing.
inline constexpr Result<void> success{};

}  // namespace vmarea
