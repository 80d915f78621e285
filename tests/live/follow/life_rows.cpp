// SPDX-License-Identifier: MIT
#include "life_rows.hpp"

#include <algorithm>

namespace follow {
namespace {

void join(LifeRow& row, LifeRow& later) {
  if (row.first_call == 0) row.first_call = later.first_call;
  if (later.last_call != 0) row.last_call = later.last_call;
  row.events += later.events;
  row.failed += later.failed;
  for (const auto& [name, number] : later.names) row.names[name] += number;
}

}  // namespace

void LifeRows::begin(LifeRow row, const std::vector<ShownArea>& areas) {
  rows_.push_back(std::move(row));
  for (const ShownArea& area : areas) open(area);
}

void LifeRows::add(LifeRow row, const AreaChange& change) {
  // The first row is what was there before all calls, and stays alone as long as rows are calls.
  const bool begins_row = events_per_row_ == 1 || rows_.back().events >= events_per_row_;
  if (begins_row) {
    if (rows_.size() >= bounds_.rows) coarsen();
    rows_.push_back(std::move(row));
  } else {
    join(rows_.back(), row);
  }
  for (const ShownArea& area : change.removed) close(area);
  for (const auto& [was, is] : change.changed) close(was);
  for (const ShownArea& area : change.added) open(area);
  for (const auto& [was, is] : change.changed) open(is);
  for (const vmarea::Address at : change.splits) {
    marks_.insert({last_row(), at, LifeMark::split});
  }
  for (const vmarea::Address at : change.merges) {
    marks_.insert({last_row(), at, LifeMark::merge});
  }
  open_max_ = std::max(open_max_, open_.size());
  const std::size_t pieces_max = std::max(bounds_.pieces, 16 * open_max_);
  while (rows_.size() > 2 && (closed_.size() > pieces_max || marks_.size() > pieces_max)) coarsen();
}

void LifeRows::coarsen() {
  events_per_row_ *= 2;
  std::vector<LifeRow> rows;
  for (std::size_t i = 0; i < rows_.size(); ++i) {
    if (i % 2 == 0) {
      rows.push_back(std::move(rows_[i]));
    } else {
      join(rows.back(), rows_[i]);
    }
  }
  rows_ = std::move(rows);
  for (LifePiece& piece : closed_) {
    piece.first_row /= 2;
    piece.end_row /= 2;
  }
  unseen_pieces_ += std::erase_if(
      closed_, [](const LifePiece& piece) { return piece.first_row == piece.end_row; });
  for (auto& [start, piece] : open_) piece.first_row /= 2;
  std::set<MarkPlace> marks;
  for (const MarkPlace& mark : marks_) marks.insert({mark.row / 2, mark.at, mark.mark});
  marks_ = std::move(marks);
}

std::vector<LifePiece> LifeRows::pieces() const {
  std::vector<LifePiece> pieces = closed_;
  for (auto [start, piece] : open_) {
    piece.end_row = rows_.size();
    pieces.push_back(piece);
  }
  return pieces;
}

void LifeRows::open(const ShownArea& area) {
  LifePiece piece;
  piece.range = area.range;
  piece.flags = area.flags;
  piece.kind = area.kind;
  piece.offset_bytes = area.offset_bytes;
  piece.name = &*names_.insert(area.name).first;
  piece.first_row = last_row();
  open_.insert_or_assign(area.range.start, piece);
}

void LifeRows::close(const ShownArea& area) {
  const auto found = open_.find(area.range.start);
  if (found == open_.end()) return;
  LifePiece piece = found->second;
  open_.erase(found);
  piece.end_row = last_row();
  if (piece.first_row == piece.end_row) {
    ++unseen_pieces_;
  } else {
    closed_.push_back(piece);
  }
}

}  // namespace follow
