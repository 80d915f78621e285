// SPDX-License-Identifier: MIT
//
// Where addresses stand in a picture: memory that was ever used is drawn, what lies between is a
// gap of one width, however large it is.
//
//   |-- program --| |heap|           |-- libraries ---|         |stack|      addresses
//   |- program ---|·|heap|·|---- libraries ----|·|stack|                     the axis
//
// What lies between two ends of areas is as wide as its number of pages has digits: a page stays
// visible beside a library.
#pragma once

#include <cstddef>
#include <vector>

#include <vmarea/types/range.hpp>

namespace follow {

class AddressAxis {
 public:
  /// The ranges may overlap and come in any order; none is empty.
  AddressAxis(const std::vector<vmarea::Range>& ranges, double width);

  /// Whether the address is in a range, or the end of one.
  bool shows(vmarea::Address at) const;
  /// Requires: it shows the address.
  double place_of(vmarea::Address at) const;
  /// Runs of memory without a gap.
  const std::vector<vmarea::Range>& runs() const { return runs_; }
  /// How many pieces the ends of all ranges make.
  std::size_t piece_count() const { return stops_.size() - runs_.size(); }

 private:
  struct Stop {
    vmarea::Address at = 0;
    double place = 0;
    bool ends_run = false;
  };
  std::vector<Stop> stops_;  // All ends of ranges, in their order; a run has both of its ends.
  std::vector<vmarea::Range> runs_;
};

}  // namespace follow
