// SPDX-License-Identifier: MIT
//
// Where the pages of one space are, by what the calls mean: a map from mapped page to token, and
// nothing of areas, offsets, identities or windows.
//
//   0x3fff8 -> 7      page 0x3fff8 is mapped and holds token 7
//   0x3fff9 -> 0      mapped, never touched
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include <fmt/core.h>

namespace vmarea::test::page_contents {

using Page = std::uint64_t;
using Token = std::uint64_t;
using Pages = std::map<Page, Token>;

struct Span {
  Page first = 0;
  Page upto = 0;
  bool contains(Page page) const { return first <= page && page < upto; }
};

inline void clear(Pages& pages, Span span) {
  if (span.first >= span.upto) return;
  pages.erase(pages.lower_bound(span.first), pages.lower_bound(span.upto));
}

/// A new mapping in place of whatever was there.
inline void map_new(Pages& pages, Span span) {
  clear(pages, span);
  for (Page page = span.first; page < span.upto; ++page) pages[page] = 0;
}

inline void drop(Pages& pages, Span span) {
  for (auto at = pages.lower_bound(span.first); at != pages.end() && at->first < span.upto; ++at) {
    at->second = 0;
  }
}

inline bool any_mapped(const Pages& pages, Span span) {
  const auto at = pages.lower_bound(span.first);
  return at != pages.end() && at->first < span.upto;
}

inline bool all_mapped(const Pages& pages, Span span) {
  for (Page page = span.first; page < span.upto; ++page) {
    if (!pages.contains(page)) return false;
  }
  return true;
}

struct Move {
  Span from;
  Span to;
  bool keeps = false;  // The source stays mapped, without its pages.
};

/// A move that succeeded. Holes are moved over where lengths are equal: the destination keeps what
/// it has there.
inline std::string apply(Pages& pages, const Move& move) {
  const Pages before = pages;
  const std::uint64_t old_count = move.from.upto - move.from.first;
  const std::uint64_t new_count = move.to.upto - move.to.first;
  for (std::uint64_t i = 0; i < old_count && i < new_count; ++i) {
    const auto source = before.find(move.from.first + i);
    if (source != before.end()) {
      pages[move.to.first + i] = source->second;
    } else if (old_count != new_count) {
      return fmt::format("page {:x} is a hole and was moved\n", move.from.first + i);
    }
  }
  for (std::uint64_t i = old_count; i < new_count; ++i) pages[move.to.first + i] = 0;
  for (std::uint64_t i = 0; i < old_count; ++i) {
    const auto source = pages.find(move.from.first + i);
    if (source == pages.end()) continue;
    if (move.keeps) {
      source->second = 0;
    } else {
      pages.erase(source);
    }
  }
  return {};
}

/// What a move that failed may have left: the first areas moved; then the place of the next one
/// cleared, and the tail. True if `now` is one of these, so that no page is lost or seen twice.
inline bool may_be_left(const Pages& before, const Pages& now, const Move& move, bool partial) {
  const std::uint64_t old_count = move.from.upto - move.from.first;
  const std::uint64_t new_count = move.to.upto - move.to.first;
  const std::uint64_t moved_max = old_count == new_count ? old_count : 0;
  for (std::uint64_t moved = 0; moved <= moved_max; ++moved) {
    Pages left = before;
    (void)apply(left, {{move.from.first, move.from.first + moved},
                       {move.to.first, move.to.first + moved},
                       move.keeps});
    if (left == now) return true;
    if (!partial) continue;
    std::uint64_t next = moved;
    while (next < old_count && !before.contains(move.from.first + next)) ++next;
    for (std::uint64_t upto = next; upto <= new_count; ++upto) {
      Pages cleared = left;
      clear(cleared, {move.to.first + next, move.to.first + upto});
      if (cleared == now) return true;
      if (old_count > new_count) clear(cleared, {move.from.first + new_count, move.from.upto});
      if (cleared == now) return true;
    }
  }
  return false;
}

/// Whether `now` is `before` without the pages of a first part of `span`.
inline bool may_be_dropped(const Pages& before, const Pages& now, Span span) {
  Pages left = before;
  for (Page upto = span.first; upto <= span.upto; ++upto) {
    drop(left, {span.first, upto});
    if (left == now) return true;
  }
  return false;
}

}  // namespace vmarea::test::page_contents
