// SPDX-License-Identifier: MIT
//
// How a call that is overloaded says that it was given a bare number, or flags of another call: in
// one sentence, instead of in a list of the overloads that it does not fit.
//
//   Result<void> mprotect(Address, std::uint64_t, NotA<Protection> auto given) {
//     return refuse_flags(given);
//   }
#pragma once

#include <concepts>

#include "vmarea/types/result.hpp"

namespace vmarea {

template <class Given, class Wanted>
concept NotA = !std::convertible_to<Given, Wanted>;

/// Never; but that is known only where a call is made.
template <class Given>
inline constexpr bool is_of_this_call = false;

template <class Given>
constexpr Error refuse_flags(const Given&) noexcept {
  static_assert(is_of_this_call<Given>,
                "the flags of each call have a type of their own: prot::read, Advice::free, "
                "mlock::on_fault ..., or protection_from(number), advice_from(number) ...");
  return Error::invalid;
}

}  // namespace vmarea
