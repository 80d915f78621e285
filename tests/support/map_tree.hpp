// SPDX-License-Identifier: MIT
//
// The reference for every AreaTree: the same contract on a std::map, as plainly as it can be said.
//
//   map   first -> {last, value}       every search is a walk over all entries, or over all holes
//
// It counts no nodes and never runs out of memory.
#pragma once

#include <cstddef>
#include <map>

#include <vmarea/host/area_tree.hpp>

namespace vmarea::test {

template <class Value>
class MapTree {
  struct Held {
    TreeKey last;
    Value* value;
  };
  using Map = std::map<TreeKey, Held>;

 public:
  using Entry = TreeEntry<Value>;

  class Cursor {
   public:
    Cursor() = default;
    Cursor(const Map& map, typename Map::const_iterator at) : map_(&map), at_(at) {
      before_ = map.empty();
    }
    static Cursor in_front_of(const Map& map) {
      Cursor cursor(map, map.begin());
      cursor.before_ = true;
      return cursor;
    }
    Entry entry() const noexcept {
      if (map_ == nullptr || before_ || at_ == map_->end()) return {};
      return {at_->first, at_->second.last, at_->second.value};
    }
    Entry before() const noexcept {
      Cursor one_back = *this;
      one_back.previous();
      return one_back.entry();
    }
    void next() noexcept {
      if (map_ == nullptr || map_->empty()) return;
      if (before_) {
        before_ = false;
      } else if (at_ != map_->end()) {
        ++at_;
      }
    }
    void previous() noexcept {
      if (map_ == nullptr || map_->empty() || before_) return;
      if (at_ == map_->begin()) {
        before_ = true;
      } else {
        --at_;
      }
    }

   private:
    const Map* map_ = nullptr;
    typename Map::const_iterator at_{};
    bool before_ = false;
  };

  Entry find(TreeKey key) const noexcept {
    const Entry entry = seek_back(key).entry();
    return entry && key <= entry.last ? entry : Entry{};
  }
  Cursor seek(TreeKey key) const noexcept {
    auto at = map_.lower_bound(key);
    if (at != map_.begin() && std::prev(at)->second.last >= key) --at;
    return Cursor(map_, at);
  }
  template <class Visit>
  void for_each_in(TreeKey first, TreeKey last, Cursor*, Visit&& visit) const noexcept {
    for (auto at = map_.lower_bound(first); at != map_.end() && at->first <= last; ++at) {
      visit(*at->second.value);
    }
  }
  Cursor seek_back(TreeKey key) const noexcept {
    const auto behind = map_.upper_bound(key);
    return behind == map_.begin() ? Cursor::in_front_of(map_) : Cursor(map_, std::prev(behind));
  }

  std::size_t nodes_needed(TreeKey, TreeKey, std::size_t, std::size_t = 0,
                           Cursor* = nullptr) const noexcept {
    return 0;
  }
  bool reserve(std::size_t) noexcept { return true; }
  void unreserve() noexcept {}

  void replace(TreeKey first, TreeKey last, const Entry* entries, std::size_t count,
               Cursor* = nullptr) noexcept {
    map_.erase(map_.lower_bound(first), map_.upper_bound(last));
    for (std::size_t i = 0; i < count; ++i) {
      map_.emplace(entries[i].first, Held{entries[i].last, entries[i].value});
    }
  }

  TreeGap lowest_gap(std::uint64_t size, TreeKey low, TreeKey last,
                     Cursor* behind = nullptr) const noexcept {
    TreeGap best;
    for_each_hole(low, last, [&](TreeKey first, TreeKey upto) {
      if (!best.found && size > 0 && upto - first >= size - 1) best = {true, first};
    });
    if (behind != nullptr && best.found) *behind = seek(best.first);
    return best;
  }
  TreeGap highest_gap(std::uint64_t size, TreeKey low, TreeKey last,
                      Cursor* behind = nullptr) const noexcept {
    TreeGap best;
    for_each_hole(low, last, [&](TreeKey first, TreeKey upto) {
      if (size > 0 && upto - first >= size - 1) best = {true, upto - (size - 1)};
    });
    if (behind != nullptr && best.found) *behind = seek(best.first);
    return best;
  }

  template <class Function>
  bool duplicate(const MapTree& source, Function&& map) noexcept {
    for (const auto& [first, held] : source.map_) map_[first] = {held.last, map(held.value)};
    return true;
  }
  std::size_t size() const noexcept { return map_.size(); }
  void clear() noexcept { map_.clear(); }
  const char* check() const noexcept { return nullptr; }

 private:
  /// Calls `visit(first, last)` for every part of a hole inside [low, last].
  template <class Visit>
  void for_each_hole(TreeKey low, TreeKey last, Visit visit) const {
    if (low > last) return;
    TreeKey from = 0;
    for (const auto& [first, held] : map_) {
      if (first > from) clip(from, first - 1, low, last, visit);
      if (held.last == ~TreeKey{0}) return;
      from = held.last + 1;
    }
    clip(from, ~TreeKey{0}, low, last, visit);
  }
  template <class Visit>
  static void clip(TreeKey first, TreeKey upto, TreeKey low, TreeKey last, Visit& visit) {
    const TreeKey a = first < low ? low : first;
    const TreeKey b = upto < last ? upto : last;
    if (a <= b) visit(a, b);
  }

  Map map_;
};

}  // namespace vmarea::test
