// SPDX-License-Identifier: MIT
//
// A space that consists of plain values and knows the library only by the steps that it is shown.
//
//   areas     start -> range, page offset, flags, identity, file, hooks, attributes
//   pages     page number -> token, access bits
//   counters  not kept: counted anew from the areas whenever they are asked for
//
// Identities and shared memory files that a change makes are numbered here. What the space calls
// them is learned when the two are compared, as are the tokens of new pages.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "model/every_call/world.hpp"

namespace vmarea::test::replayed_steps {

using every_call::World;

struct PlainArea {
  Address start = 0;
  Address end = 0;
  std::uint64_t page_offset = 0;
  Flags flags{};
  std::uint64_t identity = 0;  // 0: none.
  bool fork_child = false;
  std::uint64_t file = 0;  // 0: none.
  const AreaHooks<TestServices>* hooks = nullptr;
  Attributes attributes{};

  Range range() const { return {start, end}; }
  friend bool operator==(const PlainArea&, const PlainArea&) = default;
};

/// A page table entry; token 0 is one that the host has not given yet.
struct PlainPage {
  std::uint64_t token = 0;
  std::uint64_t access = 0;  // The bits beside the token.
};

/// A step with a copy of its edit, which ends with the visitor.
struct ShownStep {
  Step<TestServices> step;
  Edit<TestServices> edit{};
};
using ShownSteps = std::vector<ShownStep>;

class NaiveSpace {
 public:
  /// A space that begins as `world` does: empty, or after a fork.
  explicit NaiveSpace(const World& world);

  /// Forgets the numbers of the change before.
  void begin_change();
  /// Makes a step; what is wrong with it.
  std::string apply(const ShownStep& shown);
  /// What differs from the space. Learns names and tokens.
  std::string compare(const World& world);
  /// After finish(): takes over what touching `touched` may have done, and nothing else.
  void take_over_touches(const World& world, Range touched);

  /// Null: a hole.
  const PlainArea* area_at(Address at) const;
  const std::map<Address, PlainArea>& areas() const { return areas_; }
  PageTotals totals() const;
  PageCount charge() const;

 private:
  /// What stands for an object of the space, in both directions.
  template <class Name>
  struct Names {
    std::map<Name, std::uint64_t> numbers;
    std::uint64_t last = 0;
  };

  std::string apply(const Edit<TestServices>& edit);
  std::string number_identity(const Piece<TestServices>& piece, PlainArea& area);
  std::string number_file(const Edit<TestServices>& edit, const Piece<TestServices>& piece,
                          PlainArea& area);
  void move_pages(Range from, Address to, std::string& wrong);
  void drop_pages(Range range);
  void protect_pages(Range range, Flags flags);
  std::string compare_areas(const World& world);
  std::string compare_pages(const World& world);

  std::map<Address, PlainArea> areas_;
  std::map<std::uint64_t, PlainPage> pages_;
  Address brk_ = 0;
  Flags default_flags_{};
  SpaceModes modes_{};
  std::uint64_t last_token_ = 0;  // That was seen.
  Names<std::uint64_t> identities_;
  std::map<std::uint64_t, std::uint64_t> planned_identities_;  // Of the current change.
  Names<const void*> files_;
};

std::string text_of(const PlainArea& area);

}  // namespace vmarea::test::replayed_steps
