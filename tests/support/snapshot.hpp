// SPDX-License-Identifier: MIT
//
// What a space looks like at one moment: areas, counters, pages, settings. A snapshot can be taken
// into the future: apply() makes a planned step on it, so that preview and commit can be compared.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "support/test_services.hpp"

namespace vmarea::test {

/// One area. What a plan cannot know before reserve is marked as open.
struct SeenArea {
  TestDescription description{};
  const TestArea* object = nullptr;  // Null: a new one, wherever it may be.
  bool open_file = false;            // Shared memory that is yet to be made.
};

struct Snapshot {
  std::vector<SeenArea> areas;                   // In address order.
  std::map<std::uint64_t, std::uint64_t> pages;  // Page number -> token; 0: not yet known.
  std::set<std::uint64_t> identities;            // Those that exist; plans only number the others.
  PageTotals totals{};
  PageCount charged = 0;
  SpaceModes modes{};
  Flags default_flags{};
  Address brk = 0;
  Geometry geometry{};

  static Snapshot of(const SpaceState<TestServices>& space);

  /// Makes one step. Fails the test if it does not fit this snapshot.
  void apply(const Step<TestServices>& step);
  void apply(const Edit<TestServices>& edit);
  void move_pages(Range from, Address to);
  void drop_pages(Range range);
  /// The page gets a new token unless it has one.
  void add_page(Address at) { pages.try_emplace(geometry.pages(at), 0); }
};

/// The differences in words, one a line; empty if the space is as expected.
std::string differences(const Snapshot& expected, const Snapshot& actual);

}  // namespace vmarea::test
