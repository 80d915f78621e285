// SPDX-License-Identifier: MIT
//
// The life of one space as rows and pieces: a row is one call or several, a piece an area from the
// row that made it to the row that ended it.
//
//   row 0   exec       |-- A ----------|         pieces  A  rows 0 to 1
//   row 1   mmap       |-- A ----------| |-B-|           A' rows 2 to 3, of what is left of it
//   row 2   munmap     |-- A'-|          |-B-|           B  rows 1 to 3
//
// Memory stays within bounds: where there is too much, two rows become one, which shows the areas
// after its last call. What began and ended within a row is counted and not kept.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "area_change.hpp"

namespace follow {

struct LifeRow {
  std::uint64_t first_call = 0;  // Numbers; 0: no call.
  std::uint64_t last_call = 0;
  std::string label;  // Short, and whole, for a row of one event.
  std::string text;
  std::uint64_t events = 1;
  std::uint64_t failed = 0;                                 // Of these.
  std::map<std::string, std::uint64_t, std::less<>> names;  // Of the calls, and how many of each.
};

struct LifePiece {
  vmarea::Range range{};
  vmarea::Flags flags{};
  AreaKind kind = AreaKind::anonymous;
  std::uint64_t offset_bytes = 0;
  const std::string* name = nullptr;
  std::size_t first_row = 0;
  std::size_t end_row = 0;  // The one that does not show it any more.
};

enum class LifeMark : std::uint8_t { split, merge };

struct MarkPlace {
  std::size_t row = 0;
  vmarea::Address at = 0;
  LifeMark mark = LifeMark::split;
  friend auto operator<=>(const MarkPlace&, const MarkPlace&) = default;
};

class LifeRows {
 public:
  struct Bounds {
    std::size_t rows = 512;
    std::size_t pieces = 50'000;  // That ended; or 16 times as many as there ever were, if more.
  };
  LifeRows() = default;
  explicit LifeRows(Bounds bounds) : bounds_(bounds) {}

  /// Begins with these areas. Requires: nothing was added.
  void begin(LifeRow row, const std::vector<ShownArea>& areas);
  /// A call or another event, and what it changed.
  void add(LifeRow row, const AreaChange& change);
  /// Joins rows by twos. Requires: there are at least two.
  void coarsen();

  const std::vector<LifeRow>& rows() const { return rows_; }
  /// All pieces. Those that did not end do so behind the last row.
  std::vector<LifePiece> pieces() const;
  const std::set<MarkPlace>& marks() const { return marks_; }
  std::uint64_t events_per_row() const { return events_per_row_; }
  /// How many areas began and ended within a row.
  std::uint64_t unseen_pieces() const { return unseen_pieces_; }

 private:
  void open(const ShownArea& area);
  void close(const ShownArea& area);
  std::size_t last_row() const { return rows_.size() - 1; }

  Bounds bounds_;
  std::vector<LifeRow> rows_;
  std::map<vmarea::Address, LifePiece> open_;
  std::size_t open_max_ = 0;  // So many there were at once.
  std::vector<LifePiece> closed_;
  std::set<MarkPlace> marks_;
  std::set<std::string, std::less<>> names_;
  std::uint64_t events_per_row_ = 1;
  std::uint64_t unseen_pieces_ = 0;
};

}  // namespace follow
