// SPDX-License-Identifier: MIT
//
// Everything of the library that has a text can be put into a stream. It needs the standard
// library; the core does without.
//
//   std::cout << space.mmap(request) << '\n' << space;
#pragma once

#include <ostream>

#include "vmarea/string.hpp"

namespace vmarea {

template <HasText T>
std::ostream& operator<<(std::ostream& to, const T& value) {
  return to << to_string(value);
}

}  // namespace vmarea
