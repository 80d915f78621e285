// SPDX-License-Identifier: MIT
//
// What became of the areas of a space between two looks at it.
//
//   before   |-- A ----------|   |-- B --|
//   after    |-- A --|- C ---|               A changed, C added, B removed; split where C begins
#pragma once

#include <map>
#include <utility>
#include <vector>

#include "shown_area.hpp"

namespace follow {

struct AreaChange {
  std::vector<ShownArea> removed;
  std::vector<ShownArea> added;
  /// What an area was, and what it is: both begin or, failing that, end at the same address.
  std::vector<std::pair<ShownArea, ShownArea>> changed;
  std::vector<vmarea::Address> splits;  // Inside of an area before; one begins or ends there now.
  std::vector<vmarea::Address> merges;  // The other way round.

  bool empty() const { return removed.empty() && added.empty() && changed.empty(); }
  /// Requires: `later` is of other areas. Adds what it says.
  void append(AreaChange later);
};

/// Requires: both are in address order, and so is what comes out.
AreaChange find_change(const std::vector<ShownArea>& before, const std::vector<ShownArea>& after);

/// The areas of a space as they were told last, so that what is told of their changes adds up to
/// what they are.
class ToldAreas {
 public:
  const std::map<vmarea::Address, ShownArea>& areas() const { return areas_; }
  /// What changed since then in the range and beside it.
  AreaChange update(const Space& space, vmarea::Range range);

 private:
  vmarea::Range find_window(const Space& space, vmarea::Range range) const;

  std::map<vmarea::Address, ShownArea> areas_;
};

}  // namespace follow
