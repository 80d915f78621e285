// SPDX-License-Identifier: MIT
#include "live/random_calls/picture.hpp"

#include <algorithm>
#include <cstring>

#include <fmt/format.h>

#include "support/flag_letters.hpp"

namespace vmarea::live {
namespace {

char letter(std::size_t index) {
  constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  return alphabet[index % alphabet.size()];
}

std::uint64_t page_of(std::uint64_t address) {
  return (std::clamp(address, arena_start, arena_start + arena_pages_max * page) - arena_start) /
         page;
}

/// The letter of the first area that has this identity.
char letter_of_identity(const Picture& picture, std::uint64_t identity) {
  const auto has_it = [&](const SeenArea& area) { return area.identity == identity; };
  const auto first = std::find_if(picture.areas().begin(), picture.areas().end(), has_it);
  return letter(static_cast<std::size_t>(first - picture.areas().begin()));
}

/// The page whose offset an anonymous area has, unless it is that of its own place.
std::string offset_of_another_place(const SeenArea& area) {
  if (area.anonymous_offset == 0 || area.anonymous_offset == area.start / page) return {};
  const auto from = static_cast<std::int64_t>(area.anonymous_offset - arena_start / page);
  return fmt::format("  as if at {}", from);
}

}  // namespace

void Picture::replace(std::uint64_t start, std::uint64_t end, std::span<const SeenArea> pieces) {
  std::size_t first = 0;
  while (first < count_ && areas_[first].end <= start) ++first;
  std::size_t upto = first;
  while (upto < count_ && areas_[upto].start < end) ++upto;
  const std::size_t tail = std::min(count_ - upto, areas_.size() - first - pieces.size());
  SeenArea* const at = areas_.data() + first;
  std::memmove(at + pieces.size(), areas_.data() + upto, tail * sizeof(SeenArea));
  std::copy(pieces.begin(), pieces.end(), at);
  count_ = first + pieces.size() + tail;
}

Difference compare(const Picture& a, const Picture& b, Detail known) {
  if (a.areas().size() != b.areas().size()) return Difference::areas;
  const SeenArea nothing;
  const SeenArea* before_x = &nothing;
  const SeenArea* before_y = &nothing;
  for (std::size_t i = 0; i < a.areas().size(); ++i) {
    const SeenArea& x = a.areas()[i];
    const SeenArea& y = b.areas()[i];
    if (!same_place(x, y) || (x.flags & quick_flags) != (y.flags & quick_flags)) {
      return Difference::areas;
    }
    if ((x.flags & known.flags) != (y.flags & known.flags)) return Difference::flags;
    if (!known.hidden) continue;
    if (x.anonymous_offset != y.anonymous_offset) return Difference::anonymous_offsets;
    if ((x.identity != 0) != (y.identity != 0)) return Difference::identities;
    if ((x.identity == before_x->identity) != (y.identity == before_y->identity)) {
      return Difference::identities;
    }
    before_x = &x;
    before_y = &y;
  }
  return Difference::none;
}

bool same_to_the_last(const Picture& a, const Picture& b) {
  return std::equal(a.areas().begin(), a.areas().end(), b.areas().begin(), b.areas().end());
}

std::string text_of_ranges(const Picture& picture) {
  std::string text;
  for (const SeenArea& area : picture.areas()) {
    text += fmt::format(" [{},{})", page_of(area.start), page_of(area.end));
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
    lines += fmt::format(
        "    {} [{}, {})  {}{}{}{}\n", letter(index), page_of(area.start), page_of(area.end),
        test::letters_of(full ? area.flags : area.flags & quick_flags),
        area.offset != 0 ? fmt::format("  at {}p", area.offset / page) : "",
        offset_of_another_place(area),
        area.identity != 0
            ? fmt::format("  identity {}", letter_of_identity(picture, area.identity))
            : "");
    ++index;
  }
  return fmt::format("    {} (from page {})\n{}", row, first, lines);
}

}  // namespace vmarea::live
