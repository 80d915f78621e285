// SPDX-License-Identifier: MIT
#include "address_axis.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <set>

namespace follow {
namespace {

using vmarea::Address;
using vmarea::Range;

std::vector<Range> find_runs(std::vector<Range> ranges) {
  std::ranges::sort(ranges, {}, &Range::start);
  std::vector<Range> runs;
  for (const Range range : ranges) {
    if (!runs.empty() && range.start <= runs.back().end) {
      runs.back().end = std::max(runs.back().end, range.end);
    } else {
      runs.push_back(range);
    }
  }
  return runs;
}

double weight_of(std::uint64_t bytes) {
  constexpr double page = 4096;
  return 1 + std::log2(1 + static_cast<double>(bytes) / page);
}

}  // namespace

AddressAxis::AddressAxis(const std::vector<Range>& ranges, double width)
    : runs_(find_runs(ranges)) {
  std::set<Address> ends;
  for (const Range range : ranges) ends.insert({range.start, range.end});
  double total = 0;
  for (const Range run : runs_) {
    for (auto end = ends.find(run.start); *end != run.end; ++end) {
      stops_.push_back({*end, total, false});
      total += weight_of(*std::next(end) - *end);
    }
    stops_.push_back({run.end, total, true});
  }
  constexpr double widest_gap = 12, part_of_gaps = 0.2;
  const auto gaps = static_cast<double>(runs_.empty() ? 0 : runs_.size() - 1);
  const double gap = gaps == 0 ? 0 : std::min(widest_gap, part_of_gaps * width / gaps);
  double gaps_before = 0;
  for (Stop& stop : stops_) {
    stop.place = stop.place / total * (width - gaps * gap) + gaps_before;
    if (stop.ends_run) gaps_before += gap;
  }
}

bool AddressAxis::shows(Address at) const {
  const auto above = std::ranges::upper_bound(runs_, at, {}, &Range::start);
  return above != runs_.begin() && at <= std::prev(above)->end;
}

double AddressAxis::place_of(Address at) const {
  const auto above = std::ranges::upper_bound(stops_, at, {}, &Stop::at);
  const Stop& low = *std::prev(above);
  if (at == low.at || above == stops_.end()) return low.place;
  const auto part = static_cast<double>(at - low.at) / static_cast<double>(above->at - low.at);
  return low.place + part * (above->place - low.place);
}

}  // namespace follow
