// SPDX-License-Identifier: MIT
//
// What a C++ user would write at first: a std::map from the start of an area to its end and flags,
// split at the edges of a change and merged with equal neighbours afterwards.
//
// It means far less than the library: no page offsets, files, identities, counters, limits, hooks
// or driver's consent, no preview, and nothing is taken back if memory runs out half-way.
#pragma once

#include <cstdint>
#include <iterator>
#include <map>

namespace vmarea::bench {

class MapTracker {
 public:
  struct Area {
    std::uint64_t end;
    std::uint32_t flags;
  };

  void map(std::uint64_t start, std::uint64_t end, std::uint32_t flags) {
    areas_.insert_or_assign(start, Area{end, flags});
  }

  /// The area that contains `at`, or null.
  const Area* find(std::uint64_t at) const {
    const auto above = areas_.upper_bound(at);
    if (above == areas_.begin()) return nullptr;
    const auto area = std::prev(above);
    return at < area->second.end ? &area->second : nullptr;
  }

  /// False if there is a hole, where the change stops as mprotect's does.
  bool protect(std::uint64_t start, std::uint64_t end, std::uint32_t flags) {
    auto area = split(start);
    for (std::uint64_t at = start; at < end; ++area) {
      if (area == areas_.end() || area->first != at) return false;
      if (area->second.end > end) (void)split(end);
      area->second.flags = flags;
      at = area->second.end;
    }
    merge(start, end);
    return true;
  }

  std::size_t area_count() const { return areas_.size(); }

 private:
  using Areas = std::map<std::uint64_t, Area>;

  /// Cuts the area around `at` there. The first area at or above `at`.
  Areas::iterator split(std::uint64_t at) {
    const auto above = areas_.lower_bound(at);
    if (above == areas_.begin()) return above;
    if (above != areas_.end() && above->first == at) return above;
    const auto below = std::prev(above);
    if (below->second.end <= at) return above;
    const Area rest = below->second;
    below->second.end = at;
    return areas_.emplace_hint(above, at, rest);
  }

  /// Joins equal neighbours at every edge in [start, end].
  void merge(std::uint64_t start, std::uint64_t end) {
    auto area = areas_.lower_bound(start);
    if (area != areas_.begin()) --area;
    for (auto next = std::next(area); next != areas_.end() && next->first <= end;) {
      if (area->second.end == next->first && area->second.flags == next->second.flags) {
        area->second.end = next->second.end;
        next = areas_.erase(next);
      } else {
        area = next++;
      }
    }
  }

  Areas areas_;
};

}  // namespace vmarea::bench
