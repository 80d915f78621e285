// SPDX-License-Identifier: MIT
//
// Pictures that execute: a line of text builds areas, and areas are drawn as a line of text.
//
//   "AAAb..**|C"       one character a page, from page 0x100 on
//
//   A    a page of an untouched area; the letter says of which kind (Legend)
//   a    the same kind, touched: the area has an identity, and a page where the letter is drawn
//   .    a hole                        *   a hole in the request range, when building
//   |    no page: what stands on both sides is two areas although their letters are equal
//   ' '  a hole, so that requests can be drawn below a picture: range_of("  **  ")
//
// Equal letters side by side are one area, different ones are two. When drawing, areas whose kind
// is not in the legend get letters from Z down, equal kinds equal letters; `account` and soft_dirty
// are not looked at. Page offsets, attributes and identities are not drawn: ask for them.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "support/test_services.hpp"

namespace vmarea::test {

/// What a letter stands for.
struct Kind {
  Protection protection = prot::read | prot::write;
  Flags adds{};              // Beyond access, the may_ flags and account.
  TestFile* file = nullptr;  // Page offsets go on as if it were mapped at the picture's start.
  bool shared = false;       // Without a file: to be set up by mmap, not by a picture.
  const Attributes* attributes = nullptr;
};

using Legend = std::map<char, Kind>;

/// A private anonymous rw      E the same, read, write and execute
/// B private anonymous r       D private anonymous rx       C no access
/// F private file rw           S the same file, shared rw   H a file with open and close hooks
/// L locked rw                 K a stack that grows down    O rw that must not be expanded
/// X sealed rw                 P rw of another policy (attributes)
Legend default_legend(TestState& host);

/// One area of a picture.
struct DrawnArea {
  char letter = '.';  // Upper case.
  std::uint64_t first = 0;
  std::uint64_t upto = 0;                // Half-open columns.
  std::vector<std::uint64_t> touched{};  // Columns.
};

struct Drawing {
  std::vector<DrawnArea> areas;
  std::uint64_t width = 0;  // Columns.
  std::uint64_t request_first = 0;
  std::uint64_t request_upto = 0;  // Of `*`; equal: none.
};

Drawing parse(std::string_view picture);

/// The description of a column range of this kind, as an area that starts at column 0 would go on.
TestDescription describe_kind(const Kind& kind, Address base, std::uint64_t first,
                              std::uint64_t upto, const Geometry& geometry);

/// Draws `width` columns or more from `base` on; what lies elsewhere is not drawn.
std::string draw(const SpaceState<TestServices>& space, const Legend& legend, Address base,
                 std::uint64_t width);

}  // namespace vmarea::test
