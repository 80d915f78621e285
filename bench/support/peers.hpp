// SPDX-License-Identifier: MIT
//
// What a user would pick instead, as thin as it can be: no offsets, files, identities, counters or
// limits. An area is 64 bytes, as ours is. It lies in the node of a std::map, has the links of an
// intrusive set in itself, is an element of the sorted vector, and lies behind a pointer for those
// that hold small values.
//
//   insert(place)      in any order, but for the sorted vector
//   find(at)           the area that contains `at`, or null
//   for_each(visit)    visit(area), in order
//
// A peer whose package is not installed is left out: Peers has those that are there.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <map>
#include <memory>
#include <tuple>
#include <utility>
#include <vector>

#include "support/layout.hpp"

#ifdef VMAREA_BENCH_ABSL
#include <absl/container/btree_map.h>
#endif
#ifdef VMAREA_BENCH_BOOST
#include <boost/container/flat_map.hpp>
#include <boost/icl/interval_map.hpp>
#include <boost/intrusive/set.hpp>
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

/// The floor for reading all in order: nothing stands between the areas. A change in the middle
/// would move half of them, so it is asked for none.
class SortedVector {
 public:
  static constexpr const char* name = "sorted vector";
  void insert(const Place& place) { areas_.push_back(peer_area(place)); }
  const PeerArea* find(std::uint64_t at) const {
    const auto starts_above = [](std::uint64_t key, const PeerArea& area) {
      return key < area.start;
    };
    const auto above = std::upper_bound(areas_.begin(), areas_.end(), at, starts_above);
    if (above == areas_.begin()) return nullptr;
    const PeerArea& area = *std::prev(above);
    return at < area.end ? &area : nullptr;
  }
  template <class Visit>
  void for_each(Visit&& visit) const {
    for (const PeerArea& area : areas_) visit(area);
  }

 private:
  std::vector<PeerArea> areas_;
};

/// Starts and where the areas are, in a map of somebody else's.
template <class Map>
class MapToAreas {
 public:
  void insert(const Place& place) {
    areas_.emplace_hint(areas_.end(), place.start, memory_.make(peer_area(place)));
  }
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
  Map areas_;
};

#ifdef VMAREA_BENCH_ABSL
struct AbslBtree : MapToAreas<absl::btree_map<std::uint64_t, PeerArea*>> {
  static constexpr const char* name = "absl::btree_map";
};
#endif

#ifdef VMAREA_BENCH_BOOST
struct BoostFlatMap : MapToAreas<boost::container::flat_map<std::uint64_t, PeerArea*>> {
  static constexpr const char* name = "boost::flat_map";
};

/// A red-black tree whose links lie in the areas, as kernels have had.
class BoostIntrusiveSet {
  using Hook =
      boost::intrusive::set_base_hook<boost::intrusive::optimize_size<true>,
                                      boost::intrusive::link_mode<boost::intrusive::normal_link>>;

 public:
  struct Linked : Hook {
    explicit Linked(const PeerArea& area) : start(area.start), end(area.end), flags(area.flags) {}
    std::uint64_t start;
    std::uint64_t end;
    std::uint64_t flags;
    std::uint64_t rest[2] = {};
  };
  static_assert(sizeof(Linked) == sizeof(PeerArea));

  static constexpr const char* name = "boost::intrusive::set";
  BoostIntrusiveSet() = default;
  BoostIntrusiveSet(const BoostIntrusiveSet&) = delete;
  BoostIntrusiveSet& operator=(const BoostIntrusiveSet&) = delete;
  ~BoostIntrusiveSet() {
    areas_.clear_and_dispose([](Linked* area) { delete area; });
  }
  void insert(const Place& place) {
    areas_.insert(areas_.end(), *new Linked(peer_area(place)));  // The end is only a hint.
  }
  const Linked* find(std::uint64_t at) const {
    const auto above = areas_.upper_bound(at);
    if (above == areas_.begin()) return nullptr;
    const Linked& area = *std::prev(above);
    return at < area.end ? &area : nullptr;
  }
  template <class Visit>
  void for_each(Visit&& visit) const {
    for (const Linked& area : areas_) visit(area);
  }

  /// These three as StdMap has them.
  void split(std::uint64_t start, std::uint64_t end, std::uint64_t flags) {
    const auto above = areas_.upper_bound(start);
    Linked& whole = *std::prev(above);
    const PeerArea middle{start, end, flags, {}}, rest{end, whole.end, whole.flags, {}};
    whole.end = start;
    areas_.insert_before(above, *new Linked(middle));
    areas_.insert_before(above, *new Linked(rest));
  }
  void merge(std::uint64_t start, std::uint64_t flags) {
    const auto middle = areas_.find(start);
    const auto below = std::prev(middle), above = std::next(middle);
    middle->flags = flags;
    const bool alike = below->flags == flags && above->flags == flags;
    if (!alike || below->end != start || middle->end != above->start) return;
    below->end = above->end;
    areas_.erase_and_dispose(middle, std::next(above), [](Linked* area) { delete area; });
  }
  void replace(std::uint64_t start) {
    const auto area = areas_.find(start);
    const PeerArea copy{area->start, area->end, area->flags, {}};
    areas_.erase_and_dispose(area, [](Linked* old) { delete old; });
    areas_.insert(*new Linked(copy));
  }
  std::size_t size() const { return areas_.size(); }

 private:
  struct StartOf {
    using type = std::uint64_t;
    const type& operator()(const Linked& area) const { return area.start; }
  };
  boost::intrusive::set<Linked, boost::intrusive::key_of_value<StartOf>> areas_;
};

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

#ifdef VMAREA_BENCH_ABSL
using AbslPeers = std::tuple<AbslBtree>;
#else
using AbslPeers = std::tuple<>;
#endif
#ifdef VMAREA_BENCH_BOOST
using BoostPeers = std::tuple<BoostFlatMap, BoostIntrusiveSet, BoostIcl>;
#else
using BoostPeers = std::tuple<>;
#endif
#ifdef VMAREA_BENCH_LLVM
using LlvmPeers = std::tuple<LlvmIntervalMap>;
#else
using LlvmPeers = std::tuple<>;
#endif

template <class... Lists>
using Joined = decltype(std::tuple_cat(std::declval<Lists>()...));
/// One of each that is there.
using Peers = Joined<std::tuple<StdMap, SortedVector>, AbslPeers, BoostPeers, LlvmPeers>;

template <class Some, class Visit>
void for_each_peer(Some& peers, Visit visit) {
  std::apply([&](auto&... peer) { (visit(peer), ...); }, peers);
}

inline void fill(Peers& peers, const Layout& layout) {
  for_each_peer(peers, [&](auto& peer) {
    for (const Place& place : layout.places) peer.insert(place);
  });
}

}  // namespace vmarea::bench
