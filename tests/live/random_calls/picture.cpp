// SPDX-License-Identifier: MIT
#include "live/random_calls/picture.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "support/flag_letters.hpp"

namespace vmarea::live {
namespace {

char letter(std::size_t index) {
  constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  return alphabet[index % alphabet.size()];
}

std::uint64_t page_of(std::uint64_t address) {
  return (std::clamp(address, arena_start, arena_end) - arena_start) / page;
}

}  // namespace

bool same(const Picture& a, const Picture& b, Flags mask) {
  return std::equal(a.areas().begin(), a.areas().end(), b.areas().begin(), b.areas().end(),
                    [mask](const SeenArea& x, const SeenArea& y) {
                      return same_place(x, y) && (x.flags & mask) == (y.flags & mask);
                    });
}

std::string draw(const Picture& picture, bool full) {
  if (picture.areas().empty()) return "    (empty)\n";
  const std::uint64_t first = page_of(picture.areas().front().start);
  const std::uint64_t last = page_of(picture.areas().back().end);
  std::string row(last - first, '.');
  std::string lines;
  std::size_t index = 0;
  for (const SeenArea& area : picture.areas()) {
    for (std::uint64_t at = page_of(area.start); at < page_of(area.end); ++at) {
      row[at - first] = letter(index);
    }
    lines += fmt::format("    {} [{}, {})  {}{}{}\n", letter(index), page_of(area.start),
                         page_of(area.end),
                         test::letters_of(full ? area.flags : area.flags & quick_flags),
                         area.offset != 0 ? fmt::format("  at {}p", area.offset / page) : "",
                         area.identity != 0 ? fmt::format("  identity {}", area.identity) : "");
    ++index;
  }
  return fmt::format("    {} (from page {})\n{}", row, first, lines);
}

}  // namespace vmarea::live
