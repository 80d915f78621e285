// SPDX-License-Identifier: MIT
//
// Some spaces on a host of one kind, where the steps of a sequence are taken; and all that can be
// seen of them afterwards, as values that are equal on every host.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "fuzz/step.hpp"
#include "model/every_call/play.hpp"

namespace vmarea::test::fuzz {

using every_call::Answer;

struct SeenArea {
  unsigned space = 0;
  Address start = 0;
  Address end = 0;
  std::uint64_t page_offset = 0;
  Flags flags{};
  std::uint64_t identity = 0;  // By first appearance in its space; 0: none.
  std::uint64_t file = 0;      // Its number; what calls make, by first appearance behind 100.
  std::uint64_t hooks = 0;     // 1: null, 2: empty ones, 3: others.
  Attributes attributes{};
  friend bool operator==(const SeenArea&, const SeenArea&) = default;
};

struct SeenSpace {
  PageTotals totals{};
  PageCount charged = 0;
  std::uint64_t area_count = 0;
  SpaceModes modes{};
  Flags default_flags{};
  Address brk = 0;
  friend bool operator==(const SeenSpace&, const SeenSpace&) = default;
};

struct Seen {
  std::vector<SeenArea> areas;
  std::vector<SeenSpace> spaces;
  PageCount charged = 0;
  std::string notices;  // Of the last step, as the messages.
  std::string events;
  Answer answer{};
  friend bool operator==(const Seen&, const Seen&) = default;
};

/// In words, one a line; empty: none.
std::string differences(const Seen& one, const Seen& other);

enum class Form : unsigned char { in_one_go, beat_by_beat };

/// Where a window lies, if spaces of this size have one.
struct Place {
  Geometry geometry{};
  std::uint64_t first_page = 0;

  static Place of(const Scene& scene);
};

class Land {
 public:
  virtual ~Land() = default;
  Land() = default;
  Land(const Land&) = delete;
  Land& operator=(const Land&) = delete;

  /// What is wrong after the step; empty: nothing.
  virtual std::string take(const Step& step, Form form) = 0;
  /// What is left when everything has ended; empty: nothing. No step can be taken then.
  virtual std::string end() = 0;
  virtual const Seen& seen() const = 0;
};

/// What each kind of host is called, and makes. Null: it cannot have such a place.
using MakeLand = std::unique_ptr<Land> (*)(const Scene&);
struct KindOfLand {
  const char* name;
  MakeLand make;
};
extern const std::vector<KindOfLand> kinds_of_land;

}  // namespace vmarea::test::fuzz
