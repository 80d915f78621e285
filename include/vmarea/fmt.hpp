// SPDX-License-Identifier: MIT
//
// Everything of the library that has a text can be formatted by fmt, with the options that fmt has
// for strings. It needs fmt 9 or newer; the core does without.
//
//   fmt::print("{}: {:>12}\n", area, protection);
#pragma once

#include <string>
#include <string_view>

#include <fmt/format.h>

#include "vmarea/string.hpp"

template <vmarea::HasText T>
struct fmt::formatter<T, char> : fmt::formatter<std::string_view, char> {
  template <class Context>
  auto format(const T& value, Context& context) const {
    const std::string text = vmarea::to_string(value);
    return fmt::formatter<std::string_view, char>::format(text, context);
  }
};
