// SPDX-License-Identifier: MIT
//
// The texts of the library as std::string. It needs the standard library; the core does without.
//
//   to_string(area)                  picture(space, range)
//   to_string(space)                 joins_text(space.plan_mprotect(...))
#pragma once

#include <string>

#include "vmarea/text.hpp"

namespace vmarea {

/// What write(TextWriter&) writes. It is called once to learn the length, and again to write.
template <class Write>
std::string written(Write&& write) {
  TextWriter counted(nullptr, 0);
  write(counted);
  std::string text(counted.needed() + 1, '\0');
  TextWriter to(text.data(), text.size());
  write(to);
  text.resize(to.size());
  return text;
}

/// Of everything that has a text.
template <HasText T>
std::string to_string(const T& value) {
  return written([&value](TextWriter& to) { write_text(to, value); });
}

/// A letter a page: "ww|wrr..".
template <class Host>
std::string picture(const SpaceState<Host>& space, Range range) {
  return written([&](TextWriter& to) { write_picture(to, space, range); });
}
template <KernelServices Host>
std::string picture(const AddressSpace<Host>& space, Range range) {
  return picture(space.state(), range);
}

/// What a planned call joins and what not, and why. Requires: not committed yet.
template <class Host, class Plan>
std::string joins_text(const Change<Host, Plan>& change) {
  return written([&change](TextWriter& to) { write_joins(to, change); });
}

}  // namespace vmarea
