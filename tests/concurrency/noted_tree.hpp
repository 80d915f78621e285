// SPDX-License-Identifier: MIT
//
// A tree that notes what each of its writes left, so that an answer which was found meanwhile can
// be looked for among the moments of its time.
//
//   writer    write 6 . . . . . . . 7 . . . . 8 . . . 9 ...   each is noted behind it
//   whole lookup        start: 6 ....... end: 8               true of 6, 7, 8 or 9
//
// A lookup may be faster than the note of what it saw, hence the write behind its end.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include <vmarea/vmarea.hpp>

namespace vmarea::test {

/// An area as a lookup sees it; empty: none.
struct NotedArea {
  Range range{};
  Flags flags{};
  const void* area = nullptr;
  friend bool operator==(const NotedArea&, const NotedArea&) = default;

  template <class Host>
  static NotedArea of(const vmarea::SeenArea<Host>& seen) {
    return {seen.range, seen.flags, seen.area};
  }
  template <class Host>
  static NotedArea of(const Area<Host>& area) {
    return {area.range(), area.flags, &area};
  }
};

/// What a space held at one moment.
struct Moment {
  std::vector<NotedArea> areas;

  NotedArea at_or_above(Address at) const {
    for (const NotedArea& area : areas) {
      if (at < area.range.end) return area;
    }
    return {};
  }
  NotedArea at(Address at) const {
    const NotedArea area = at_or_above(at);
    return area.range.contains(at) ? area : NotedArea{};
  }
  bool has(const NotedArea& area) const {
    return std::find(areas.begin(), areas.end(), area) != areas.end();
  }
};

/// All moments, as the writer notes them; readers look only at their number until it has ended.
struct History {
  std::vector<Moment> moments{1};
  std::atomic<std::size_t> last = 0;

  std::size_t now() const { return last.load(std::memory_order_acquire); }
  void add(Moment moment) {
    moments.push_back(std::move(moment));
    last.store(moments.size() - 1, std::memory_order_release);
  }
  /// Whether is_true(moment) of one in that time.
  template <class IsTrue>
  bool had(std::size_t start, std::size_t end, IsTrue&& is_true) const {
    const std::size_t upto = std::min(end + 2, moments.size());
    for (std::size_t i = start; i < upto; ++i) {
      if (is_true(moments[i])) return true;
    }
    return false;
  }
};

template <class Tree>
struct NotedTree : Tree {
  using Tree::Tree;
  using Entry = typename Tree::Entry;
  using Cursor = typename Tree::Cursor;

  void replace(TreeKey first, TreeKey last, const Entry* entries, std::size_t count,
               Cursor* hint = nullptr) noexcept {
    Tree::replace(first, last, entries, count, hint);
    note();
  }
  void refresh(TreeKey first, Cursor* hint = nullptr) noexcept {
    Tree::refresh(first, hint);
    note();
  }
  template <class Map>
  bool duplicate(const NotedTree& source, Map&& map) noexcept {
    const bool is_done = Tree::duplicate(source, map);
    note();
    return is_done;
  }
  History& history() const { return *history_; }

 private:
  void note() {
    Moment moment;
    for (auto at = this->seek(0); at.entry(); at.next()) {
      const Entry entry = at.entry();
      moment.areas.push_back({{entry.first, entry.last + 1}, entry.value->flags, entry.value});
    }
    history_->add(std::move(moment));
  }

  std::unique_ptr<History> history_ = std::make_unique<History>();
};

}  // namespace vmarea::test
