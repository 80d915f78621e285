// SPDX-License-Identifier: MIT
//
// What a user would pick instead, as thin as it can be: no offsets, files, identities, counters or
// limits. An area is 64 bytes, as ours is; it lies in the node of a std::map, and behind a pointer
// for those that hold small values.
//
//   find(at)           the area that contains `at`, or null
//   for_each(visit)    visit(area), in order
//
// A peer whose package is not installed is left out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <map>
#include <memory>
#include <vector>

#include "support/layout.hpp"

#ifdef VMAREA_BENCH_ABSL
#include <absl/container/btree_map.h>
#endif
#ifdef VMAREA_BENCH_ICL
#include <boost/icl/interval_map.hpp>
#endif
#ifdef VMAREA_BENCH_LLVM
#include <llvm/ADT/IntervalMap.h>
#endif

namespace vmarea::bench {

struct PeerArea {
  std::uint64_t start = 0;
  std::uint64_t end = 0;
  std::uint64_t flags = 0;
  std::uint64_t rest[5] = {};
};
static_assert(sizeof(PeerArea) == 64);

inline PeerArea peer_area(const Place& place) {
  return {place.start, place.end, place.protection.bits(), {}};
}

/// Areas for those that hold pointers, made in the order of the layout as ours are.
class PeerAreas {
 public:
  PeerArea* make(const PeerArea& area) {
    all_.push_back(std::make_unique<PeerArea>(area));
    return all_.back().get();
  }

 private:
  std::vector<std::unique_ptr<PeerArea>> all_;
};

class StdMap {
 public:
  static constexpr const char* name = "std::map";
  void insert(const Place& place) { areas_.emplace(place.start, peer_area(place)); }
  const PeerArea* find(std::uint64_t at) const {
    const auto above = areas_.upper_bound(at);
    if (above == areas_.begin()) return nullptr;
    const PeerArea& area = std::prev(above)->second;
    return at < area.end ? &area : nullptr;
  }
  template <class Visit>
  void for_each(Visit&& visit) const {
    for (const auto& [start, area] : areas_) visit(area);
  }

  /// Splits at both ends of a range inside one area; the part between gets `flags`.
  void split(std::uint64_t start, std::uint64_t end, std::uint64_t flags) {
    const auto above = areas_.upper_bound(start);
    PeerArea& whole = std::prev(above)->second;
    PeerArea middle = whole, rest = whole;
    whole.end = middle.end = start;
    middle.start = start;
    middle.end = rest.start = end;
    middle.flags = flags;
    areas_.emplace_hint(above, start, middle);
    areas_.emplace_hint(above, end, rest);
  }
  /// Takes it back: three areas become one, if they may.
  void merge(std::uint64_t start, std::uint64_t flags) {
    const auto middle = areas_.find(start);
    const auto below = std::prev(middle), above = std::next(middle);
    middle->second.flags = flags;
    const bool alike = below->second.flags == flags && above->second.flags == flags;
    if (!alike || below->second.end != start || middle->second.end != above->first) return;
    below->second.end = above->second.end;
    areas_.erase(middle, std::next(above));
  }
  void replace(std::uint64_t start) {
    const auto area = areas_.find(start);
    const PeerArea copy = area->second;
    areas_.erase(area);
    areas_.emplace(start, copy);
  }
  void erase(std::uint64_t start, std::uint64_t end) {
    areas_.erase(areas_.lower_bound(start), areas_.lower_bound(end));
  }
  std::size_t size() const { return areas_.size(); }

 private:
  std::map<std::uint64_t, PeerArea> areas_;
};

#ifdef VMAREA_BENCH_ABSL
class AbslBtree {
 public:
  static constexpr const char* name = "absl::btree_map";
  void insert(const Place& place) { areas_.emplace(place.start, memory_.make(peer_area(place))); }
  const PeerArea* find(std::uint64_t at) const {
    const auto above = areas_.upper_bound(at);
    if (above == areas_.begin()) return nullptr;
    const PeerArea* area = std::prev(above)->second;
    return at < area->end ? area : nullptr;
  }
  template <class Visit>
  void for_each(Visit&& visit) const {
    for (const auto& [start, area] : areas_) visit(*area);
  }

 private:
  PeerAreas memory_;
  absl::btree_map<std::uint64_t, PeerArea*> areas_;
};
#endif

#ifdef VMAREA_BENCH_ICL
class BoostIcl {
 public:
  static constexpr const char* name = "Boost.ICL";
  void insert(const Place& place) {
    PeerArea* area = memory_.make(peer_area(place));
    areas_.insert({boost::icl::interval<std::uint64_t>::right_open(place.start, place.end), area});
  }
  const PeerArea* find(std::uint64_t at) const {
    const auto found = areas_.find(at);
    return found == areas_.end() ? nullptr : found->second;
  }
  template <class Visit>
  void for_each(Visit&& visit) const {
    for (const auto& [range, area] : areas_) visit(*area);
  }

 private:
  PeerAreas memory_;
  // Areas do not overlap: values are put in, never combined.
  boost::icl::interval_map<std::uint64_t, PeerArea*, boost::icl::partial_enricher, std::less,
                           boost::icl::inplace_insert, boost::icl::inplace_insert>
      areas_;
};
#endif

#ifdef VMAREA_BENCH_LLVM
class LlvmIntervalMap {
  using Map = llvm::IntervalMap<std::uint64_t, PeerArea*>;

 public:
  static constexpr const char* name = "LLVM IntervalMap";
  void insert(const Place& place) {
    areas_.insert(place.start, place.end - 1, memory_.make(peer_area(place)));
  }
  const PeerArea* find(std::uint64_t at) const { return areas_.lookup(at, nullptr); }
  template <class Visit>
  void for_each(Visit&& visit) const {
    for (auto at = areas_.begin(); at.valid(); ++at) visit(*at.value());
  }

 private:
  PeerAreas memory_;
  Map::Allocator allocator_;
  Map areas_{allocator_};
};
#endif

}  // namespace vmarea::bench
