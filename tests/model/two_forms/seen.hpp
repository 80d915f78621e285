// SPDX-License-Identifier: MIT
//
// All that can be seen of a world after a call, as values that are equal in equal worlds: objects
// are numbered by their first appearance.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "model/every_call/play.hpp"
#include "model/every_call/world.hpp"

namespace vmarea::test::two_forms {

struct SeenArea {
  Address start = 0;
  Address end = 0;
  std::uint64_t page_offset = 0;
  Flags flags{};
  std::uint64_t identity = 0;
  bool fork_child = false;
  std::uint64_t file = 0;
  const AreaHooks<TestServices>* hooks = nullptr;
  Attributes attributes{};
  friend bool operator==(const SeenArea&, const SeenArea&) = default;
};

struct Seen {
  every_call::Answer answer{};
  std::vector<SeenArea> areas;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> pages;  // Page number, token and access.
  PageTotals totals{};
  PageCount charged = 0;
  PageCount charged_by_host = 0;
  std::uint64_t area_count = 0;
  SpaceModes modes{};
  Flags default_flags{};
  Address brk = 0;
  std::string events;              // Messages to userfault contexts.
  std::vector<std::string> lines;  // Of the recorder: locks, reverse map, pages, notices.
  std::vector<std::int64_t> live;  // Areas, nodes, links, tables, attributes, shared memories.
  friend bool operator==(const Seen&, const Seen&) = default;

  /// Takes the messages and the recorder's lines.
  static Seen of(every_call::World& world, every_call::Answer answer);
};

/// In words, one a line.
std::string differences(const Seen& one, const Seen& other);

}  // namespace vmarea::test::two_forms
