// SPDX-License-Identifier: MIT
#include "live/random_calls/picture.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace vmarea::live {
namespace {

struct Letters {
  char text[3];
  Flags flag;
};

constexpr auto letters = std::to_array<Letters>({
    {"rd", flag::read},
    {"wr", flag::write},
    {"ex", flag::exec},
    {"sh", flag::shared},
    {"mr", flag::may_read},
    {"mw", flag::may_write},
    {"me", flag::may_exec},
    {"ms", flag::may_share},
    {"gd", flag::grows_down},
    {"pf", flag::page_frames},
    {"lo", flag::locked},
    {"io", flag::io},
    {"sr", flag::sequential_read},
    {"rr", flag::random_read},
    {"dc", flag::dont_copy},
    {"de", flag::dont_expand},
    {"lf", flag::lock_on_fault},
    {"ac", flag::account},
    {"nr", flag::no_reserve},
    {"ht", flag::huge_tlb},
    {"sf", flag::sync},
    {"wf", flag::wipe_on_fork},
    {"dd", flag::dont_dump},
    {"mm", flag::mixed_map},
    {"hg", flag::huge_page},
    {"nh", flag::no_huge_page},
    {"mg", flag::mergeable},
    {"gu", flag::maybe_guard},
    {"dp", flag::droppable},
    {"sl", flag::sealed},
});

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

Flags flag_of_letters(char first, char second) {
  for (const Letters& each : letters) {
    if (each.text[0] == first && each.text[1] == second) return each.flag;
  }
  return {};
}

std::string letters_of(Flags flags) {
  std::string text;
  for (const Letters& each : letters) {
    if (!flags.has_any(each.flag)) continue;
    if (!text.empty()) text += ' ';
    text += each.text;
  }
  return text;
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
    lines +=
        fmt::format("    {} [{}, {})  {}{}{}\n", letter(index), page_of(area.start),
                    page_of(area.end), letters_of(full ? area.flags : area.flags & quick_flags),
                    area.offset != 0 ? fmt::format("  at {}p", area.offset / page) : "",
                    area.identity != 0 ? fmt::format("  identity {}", area.identity) : "");
    ++index;
  }
  return fmt::format("    {} (from page {})\n{}", row, first, lines);
}

}  // namespace vmarea::live
