// SPDX-License-Identifier: MIT
//
// A space whose areas have owners, built from a picture and drawn as one.
//
//   OwnedLand land("AAbb.A");       A rw of owner A, b r of owner B, . a hole
//   EXPECT_EQ(land.picture(), "AAbb.A");      | between two areas with equal letters
//
// What has no owner, as a heap when it comes, is drawn as ? (rw).
#pragma once

#include <cctype>
#include <string>
#include <string_view>

#include <vmarea/host/owner_tag.hpp>
#include <vmarea_shims/userland.hpp>

#include "support/stage.hpp"

namespace vmarea::test {

using Owner = char;
struct OwningHost : OwnerTag<shims::Checked<shims::UserlandOf<OwningHost>>, Owner> {};

class OwnedLand : public AddressSpace<OwningHost> {
 public:
  static constexpr SpaceLayout heap_at_column_2{.start_brk = TestSpace::base + 0x2000,
                                                .brk = TestSpace::base + 0x2000};

  explicit OwnedLand(std::string_view picture)
      : AddressSpace<OwningHost>({}, heap_at_column_2), width_(picture.size()) {
    for (std::size_t first = 0; first < picture.size();) {
      std::size_t upto = first + 1;
      while (upto < picture.size() && picture[upto] == picture[first]) ++upto;
      if (picture[first] != '.') map(first, upto, picture[first]);
      first = upto;
    }
  }

  void map(std::uint64_t first, std::uint64_t upto, char letter) {
    const bool writes = letter < 'a';
    EXPECT_TRUE(mmap({.address = TestSpace::column(first),
                      .length = (upto - first) << 12,
                      .protection = writes ? rw : prot::read,
                      .flags = fixed_private,
                      .data = static_cast<Owner>(std::toupper(letter))}));
  }
  void protect(std::uint64_t first, std::uint64_t upto, Protection protection) {
    const Range range = columns(first, upto);
    EXPECT_TRUE(mprotect(range.start, range.length(), protection));
  }
  Result<Address> move(std::uint64_t from, std::uint64_t pages, std::uint64_t to,
                       RemapFlags adds = {}) {
    return mremap({.address = TestSpace::column(from),
                   .old_length = pages << 12,
                   .new_length = pages << 12,
                   .flags = fixed_move | adds,
                   .new_address = TestSpace::column(to)});
  }
  JoinVerdict why(std::uint64_t column) const {
    return explain_boundary(state(), TestSpace::column(column)).verdict;
  }

  std::string picture() const {
    EXPECT_FALSE(check(state())) << check(state()).what;
    std::string text;
    const Area<OwningHost>* before = nullptr;
    for (std::uint64_t column = 0; column < width_; ++column) {
      const Area<OwningHost>* area = find(TestSpace::column(column));
      const char letter = area == nullptr ? '.' : letter_of(*area);
      if (area != nullptr && before != nullptr && area != before && letter == text.back()) {
        text += '|';
      }
      text += letter;
      before = area;
    }
    return text;
  }

 private:
  static char letter_of(const Area<OwningHost>& area) {
    if (area.data == Owner{}) return '?';
    if (area.flags.has_any(flag::write)) return area.data;
    return static_cast<char>(std::tolower(area.data));
  }
  std::uint64_t width_;
};

}  // namespace vmarea::test
