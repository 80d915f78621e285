// SPDX-License-Identifier: MIT
//
// Makes the calls of one sequence from a seed and nothing else: no state of either side is looked
// at, so a sequence can be replayed, cut and shrunk. Each sequence draws its own stretch of arena
// and its own weights, some of them zero: what is rare in one is common in another.
#pragma once

#include <array>
#include <cstdint>

#include "live/random_calls/call.hpp"

namespace vmarea::live {

/// The SplitMix64 generator.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next();
  /// 0 .. count - 1. Requires: count > 0.
  std::uint64_t below(std::uint64_t count) { return next() % count; }
  bool one_in(std::uint64_t count) { return below(count) == 0; }
  template <class T, std::size_t size>
  T pick(const std::array<T, size>& choices) {
    return choices[below(size)];
  }

 private:
  std::uint64_t state_;
};

class Generator {
 public:
  Generator(std::uint64_t seed, std::uint64_t sequence, Kinds kinds, const Shape& shape);
  Sequence generate();

 private:
  using Maker = void (Generator::*)(Call&);
  static Maker maker_of(Kind kind);
  Call make(Kind kind);
  Kind draw_kind();

  std::uint64_t address_of(std::uint64_t page_number) const;
  void choose_range(Call& call);
  void choose_huge_range(Call& call);
  std::uint64_t draw_place();
  void choose_odd_length(std::uint64_t& length);
  void keep_in_arena(Call& call);

  void make_range_call(Call& call);
  void make_fork(Call& call);
  void make_copy(Call& call);
  void make_question(Call& call);
  void make_advise_several(Call& call);
  void make_remap_file(Call& call);
  void make_map(Call& call);
  void make_file_map(Call& call);
  void make_huge_map(Call& call);
  void make_protect(Call& call);
  void make_touch(Call& call);
  void make_resize(Call& call);
  void make_move(Call& call);
  void make_keep(Call& call);
  void make_duplicate(Call& call);
  void make_place(Call& call);
  void make_window(Call& call);
  std::uint64_t hint_at_edge(std::uint64_t length);
  void make_heap(Call& call);
  void make_limit(Call& call);
  void make_userfault(Call& call);
  void make_policy(Call& call);
  void make_segment(Call& call);
  void make_attach(Call& call);
  void make_mode(Call& call);
  void make_advise(Call& call);
  void make_bad(Call& call);
  void spoil_map(Call& call);
  void spoil_remap(Call& call);
  void spoil_range(Call& call);

  Random random_;
  Kinds kinds_;
  Shape shape_;
  std::uint64_t pages_ = 0;
  std::uint64_t calls_ = 0;
  std::uint64_t longest_ = 0;
  std::uint64_t upper_shift_ = 0;  // Pages by which the upper half of the stretch lies higher.
  bool reserve_ = false;           // Whether MAP_NORESERVE is drawn.
  bool on_huge_pages_ = false;     // Ranges are mostly of huge pages, or begin or end near one.
  std::array<unsigned, kind_count> weights_{};
};

}  // namespace vmarea::live
