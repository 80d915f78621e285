// SPDX-License-Identifier: MIT
#include "area_change.hpp"

#include <algorithm>
#include <iterator>
#include <set>

namespace follow {
namespace {

using vmarea::Address;
using vmarea::Range;

using Areas = std::vector<ShownArea>;

/// Those of `areas` that are not among the others.
Areas find_missing(const Areas& areas, const Areas& others) {
  Areas missing;
  auto other = others.begin();
  for (const ShownArea& area : areas) {
    while (other != others.end() && other->range.start < area.range.start) ++other;
    if (other == others.end() || !(*other == area)) missing.push_back(area);
  }
  return missing;
}

/// The ends of `areas` that lie inside of one of the others.
std::vector<Address> find_ends_inside(const Areas& areas, const Areas& others) {
  std::set<Address> found;
  const auto look = [&](Address at) {
    const auto above = std::ranges::upper_bound(
        others, at, {}, [](const ShownArea& other) { return other.range.start; });
    if (above == others.begin()) return;
    const Range range = std::prev(above)->range;
    if (range.start < at && at < range.end) found.insert(at);
  };
  for (const ShownArea& area : areas) {
    look(area.range.start);
    look(area.range.end);
  }
  return {found.begin(), found.end()};
}

/// Moves pairs whose `end` of the range is the same from both lists to the changed ones.
void pair_up(AreaChange& change, Address Range::*end) {
  std::map<Address, const ShownArea*> now;
  for (const ShownArea& area : change.added) now[area.range.*end] = &area;
  std::set<const ShownArea*> paired;
  for (const ShownArea& was : change.removed) {
    const auto found = now.find(was.range.*end);
    if (found == now.end()) continue;
    change.changed.emplace_back(was, *found->second);
    paired.insert(found->second);
    paired.insert(&was);
  }
  const auto without_pairs = [&](const Areas& areas) {
    Areas rest;
    for (const ShownArea& area : areas) {
      if (!paired.contains(&area)) rest.push_back(area);
    }
    return rest;
  };
  Areas removed = without_pairs(change.removed);
  change.added = without_pairs(change.added);
  change.removed = std::move(removed);
}

template <class List>
void append_all(List& list, List&& more) {
  std::ranges::move(more, std::back_inserter(list));
}

}  // namespace

void AreaChange::append(AreaChange later) {
  append_all(removed, std::move(later.removed));
  append_all(added, std::move(later.added));
  append_all(changed, std::move(later.changed));
  append_all(splits, std::move(later.splits));
  append_all(merges, std::move(later.merges));
}

AreaChange find_change(const Areas& before, const Areas& after) {
  AreaChange change;
  change.removed = find_missing(before, after);
  change.added = find_missing(after, before);
  change.splits = find_ends_inside(change.added, change.removed);
  change.merges = find_ends_inside(change.removed, change.added);
  pair_up(change, &Range::start);
  pair_up(change, &Range::end);
  std::ranges::sort(change.changed, {}, [](const auto& pair) { return pair.first.range.start; });
  return change;
}

/// Wide enough that no area, neither told nor present, lies across its ends.
Range ToldAreas::find_window(const Space& space, Range range) const {
  Range window = range;
  const auto take = [&](Range area) {
    const bool is_across_start = area.start < window.start && window.start < area.end;
    const bool is_across_end = area.start < window.end && window.end < area.end;
    if (is_across_start) window.start = area.start;
    if (is_across_end) window.end = area.end;
    return is_across_start || is_across_end;
  };
  const auto take_told = [&](Address at) {
    const auto above = areas_.upper_bound(at);
    return above != areas_.begin() && take(std::prev(above)->second.range);
  };
  const auto take_present = [&](Address at) {
    const auto* area = space.find(at);
    return area != nullptr && take(area->range());
  };
  bool is_wider = true;
  while (is_wider) {
    is_wider = false;
    for (const Address end : {window.start, window.end}) {
      is_wider = take_told(end) || is_wider;
      is_wider = take_present(end) || is_wider;
    }
  }
  return window;
}

AreaChange ToldAreas::update(const Space& space, Range range) {
  const Range window = find_window(space, range);
  const auto first = areas_.lower_bound(window.start);
  const auto last = areas_.lower_bound(window.end);
  Areas before;
  for (auto told = first; told != last; ++told) before.push_back(told->second);
  Areas after;
  for (const auto& area : space.areas(window)) after.push_back(show(space, area));
  AreaChange change = find_change(before, after);
  if (change.empty()) return change;
  areas_.erase(first, last);
  for (ShownArea& area : after) areas_.emplace(area.range.start, std::move(area));
  return change;
}

}  // namespace follow
