// SPDX-License-Identifier: MIT
//
// What one side says the arena looks like: a list of areas with room for all of them, so that
// reading it allocates nothing and it can lie in memory that two processes share. The room is not
// touched before it is needed: thousands of small models are made one after the other.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "live/random_calls/arena.hpp"
#include "vmarea/types/flags.hpp"

namespace vmarea::live {

/// How much of an area a reading knows.
struct Detail {
  Flags flags;
  bool hidden = false;  // What /proc does not show: identities, page offsets of anonymous memory.
};

/// What every reading knows; where it is no more, all flags are read at intervals.
inline constexpr Flags quick_flags = flag::access | flag::may_share;
inline constexpr Flags all_flags{~std::uint64_t{0}};
inline constexpr Detail quick_detail{quick_flags};
inline constexpr Detail all_flags_detail{all_flags};
inline constexpr Detail full_detail{all_flags, true};

struct SeenArea {
  std::uint64_t start = 0;
  std::uint64_t end = 0;
  Flags flags;
  std::uint64_t offset = 0;  // Bytes; of areas with a file.
  // 0: none. Each side has its own numbers; whether two areas have the same can be compared.
  std::uint64_t identity = 0;
  std::uint64_t anonymous_offset = 0;  // Page offset of areas without a file.

  friend bool operator==(const SeenArea&, const SeenArea&) = default;
  friend bool same_place(const SeenArea& a, const SeenArea& b) {
    return a.start == b.start && a.end == b.end && a.offset == b.offset;
  }
};

class Picture {
 public:
  Picture() {}
  Picture(const Picture& other) { *this = other; }
  void clear() { count_ = 0; }
  /// Areas past the capacity are not kept; the arena cannot hold more.
  void add(const SeenArea& area) {
    if (count_ < areas_.size()) std::construct_at(&areas_[count_++], area);
  }
  /// What has a byte in [start, end) gives way to `pieces`.
  void replace(std::uint64_t start, std::uint64_t end, std::span<const SeenArea> pieces);
  std::span<const SeenArea> areas() const { return {areas_.data(), count_}; }
  std::span<SeenArea> areas() { return {areas_.data(), count_}; }
  void operator=(const Picture& other) {
    if (this == &other) return;
    clear();
    for (const SeenArea& area : other.areas()) add(area);
  }

 private:
  std::size_t count_ = 0;
  union {
    std::array<SeenArea, arena_pages_max> areas_;  // The first `count_` of them are.
  };
};

/// The first thing in which two pictures differ.
enum class Difference : std::uint8_t {
  none,
  areas,  // Start, end, offset or permissions.
  flags,  // Another flag.
  anonymous_offsets,
  identities,
};

/// What differs, comparing as much as is known; of identities which areas have one, and which have
/// that of the area before.
Difference compare(const Picture& a, const Picture& b, Detail known);

/// Whether both are equal in everything, in the numbers of identities, too.
bool same_to_the_last(const Picture& a, const Picture& b);

/// " [first,upto) ..." in pages of the arena.
std::string text_of_ranges(const Picture& picture);

/// A letter for each page, a line for each area. `full`: all flags are known, not only the quick.
std::string draw(const Picture& picture, bool full);

}  // namespace vmarea::live
