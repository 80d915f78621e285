// SPDX-License-Identifier: MIT
//
// A space on a ready host, built from a picture and drawn as one: for tests of what a user of the
// shims can do wrong.
//
//   Land<shims::Userland> land("AAAA.BB");      A rw, B r, C no access, . a hole, ? anything else
//   EXPECT_EQ(land.picture(), "A..A.BB");       | between two areas with equal letters
//
//   Userland          locks cost nothing, no promise is checked
//   PromisesOnly      promises are checked, locks cost nothing
//   CheckedUserland   both are checked
#pragma once

#include <string>
#include <string_view>

#include <fmt/core.h>
#include <vmarea_shims/userland.hpp>

#include "support/stage.hpp"

namespace vmarea::test {

struct PromisesOnly : shims::UserlandOf<PromisesOnly> {
  static constexpr bool checks = true;
};

template <class Host>
class Land : public AddressSpace<Host> {
 public:
  Land() = default;
  explicit Land(std::string_view picture) {
    for (std::size_t first = 0; first < picture.size();) {
      std::size_t upto = first + 1;
      while (upto < picture.size() && picture[upto] == picture[first]) ++upto;
      EXPECT_TRUE(picture[first] == '.' || map(columns(first, upto), picture[first]));
      first = upto;
    }
    width_ = picture.size();
  }

  Result<Address> map(Range range, char letter = 'A', MapFlags adds = {}) {
    const Protection protection{letter == 'A' ? 3u : letter == 'B' ? 1u : 0u};
    return this->mmap({.address = range.start,
                       .length = range.length(),
                       .protection = protection,
                       .flags = fixed_private | adds});
  }
  /// At least as wide as the picture that it was built from.
  std::string picture() const {
    std::string text;
    const Area<Host>* before = nullptr;
    for (std::uint64_t column = 0; column < width_; ++column) {
      const Area<Host>* area = this->find(TestSpace::column(column));
      const char letter = area == nullptr ? '.' : letter_of(area->flags);
      const bool cut = area != nullptr && before != nullptr && area != before;
      if (cut && letter == text.back()) text += '|';
      text += letter;
      before = area;
    }
    return text;
  }
  /// Everything that a call could change, in words.
  std::string text() const {
    std::string text;
    for (const Area<Host>& area : this->areas()) {
      text += fmt::format("[{:x},{:x}) {:x} {:x} {:x}; ", area.start, area.end, area.page_offset,
                          area.flags.bits(), area.identity.value());
    }
    const PageTotals& totals = this->totals();
    const SpaceModes& modes = this->modes();
    text += fmt::format("{} {} {} {}; ", totals.total, totals.data, totals.locked,
                        this->state().charged);
    return text + fmt::format("{:x} {:x} {} {:x}", this->layout().brk,
                              this->state().default_flags.bits(), modes.merges_same_pages,
                              modes.write_exec.bits());
  }

 private:
  static char letter_of(Flags flags) {
    const std::uint64_t access = (flags & flag::access).bits();
    return access == 3 ? 'A' : access == 1 ? 'B' : access == 0 ? 'C' : '?';
  }
  std::uint64_t width_ = 0;
};

}  // namespace vmarea::test
