// SPDX-License-Identifier: MIT
//
// How the keys of a node are searched and its slots are moved, for the machine at hand.
//
//   baseline   3 of every fourth key, 3 in between     [0 . . . 4 . . . 8 . . . 12 . . .]
//   avx2       4 comparisons of 4 keys                 [4 keys ][4 keys ][4 keys ][4 keys ]
//   avx512     2 comparisons of 8                      [8 keys          ][8 keys          ]
//
// AVX2 compares signed numbers only, so its keys are kept with the top bit flipped: 4.6 ns a search
// of 1,000 entries instead of 6.3, and 6.4 of the baseline. Vector types know no masks, so each
// form takes one builtin: without, 6.0 ns for AVX2, and 28 instead of 3.1 for AVX-512.
#pragma once

#include <cstddef>
#include <cstdint>

#include <vmarea/host/area_tree.hpp>
#include <vmarea_shims/maple_tree/machine.hpp>

namespace vmarea::shims {
inline namespace VMAREA_MACHINE {
namespace maple {

inline constexpr TreeKey last_key = ~TreeKey{0};
#define VMAREA_TEXT_OF(word) #word
#define VMAREA_MACHINE_TEXT(word) VMAREA_TEXT_OF(word)
inline constexpr const char* machine_name = VMAREA_MACHINE_TEXT(VMAREA_MACHINE);
#undef VMAREA_MACHINE_TEXT
#undef VMAREA_TEXT_OF

namespace machine {
struct baseline {
  static constexpr TreeKey flipped = 0;

  /// Two steps: four steps of a binary search, without branches too, took 13 ns a search of 1,000
  /// areas where these took 10. One choice after the other at the end, for compilers reorder sums,
  /// and take 24 instructions where this takes 21.
  template <std::size_t Padded>
  static std::size_t last_below(const TreeKey (&keys)[Padded], TreeKey key) noexcept {
    std::size_t fours = 0;
    for (std::size_t i = 4; i < Padded; i += 4) fours += keys[i] < key ? 1u : 0u;
    const TreeKey* const four = keys + 4 * fours;
    std::size_t last = 4 * fours;
    last = four[1] < key ? last + 1 : last;
    last = four[2] < key ? last + 1 : last;
    last = four[3] < key ? last + 1 : last;
    return last;
  }
  template <std::size_t Padded>
  static std::size_t count_below(const TreeKey (&keys)[Padded], TreeKey key) noexcept {
    const std::size_t last = last_below(keys, key);
    return last + (keys[last] < key ? 1u : 0u);
  }
};

#if defined(__AVX2__)
/// Four keys a comparison, each the whole of its bits or none.
struct avx2 {
  static constexpr TreeKey flipped = TreeKey{1} << 63;

  template <std::size_t Padded>
  static std::size_t count_below(const TreeKey (&keys)[Padded], TreeKey key) noexcept {
    const Four wanted = Four{} + static_cast<std::int64_t>(key);
    unsigned bits = 0;  // Two a key.
    for (std::size_t i = 0; i < Padded; i += 16) {
      const Eight low = eight_below(keys + i, wanted);
      const Eight high = i + 8 < Padded ? eight_below(keys + i + 8, wanted) : Eight{};
      const int mask = __builtin_ia32_pmovmskb256(reinterpret_cast<Bytes>(
          __builtin_shufflevector(reinterpret_cast<Sixteen>(low), reinterpret_cast<Sixteen>(high),
                                  0, 17, 2, 19, 4, 21, 6, 23, 8, 25, 10, 27, 12, 29, 14, 31)));
      bits += static_cast<unsigned>(__builtin_popcount(static_cast<unsigned>(mask)));
    }
    return bits / 2;
  }
  template <std::size_t Padded>
  static std::size_t last_below(const TreeKey (&keys)[Padded], TreeKey key) noexcept {
    return count_below(keys, key) - 1;
  }

 private:
  using Four [[gnu::vector_size(32), gnu::may_alias]] = std::int64_t;
  using Eight [[gnu::vector_size(32)]] = std::int32_t;
  using Sixteen [[gnu::vector_size(32)]] = std::int16_t;
  using Bytes [[gnu::vector_size(32)]] = char;

  static Eight eight_below(const TreeKey* keys, Four wanted) noexcept {
    const Four* const fours = reinterpret_cast<const Four*>(keys);
    return __builtin_shufflevector(reinterpret_cast<Eight>(wanted > fours[0]),
                                   reinterpret_cast<Eight>(wanted > fours[1]), 0, 9, 2, 11, 4, 13,
                                   6, 15);
  }
};
#endif

#if defined(__AVX512F__)
struct avx512 {
  static constexpr TreeKey flipped = 0;

  template <std::size_t Padded>
  static std::size_t count_below(const TreeKey (&keys)[Padded], TreeKey key) noexcept {
    const Eight wanted = Eight{} + static_cast<long long>(key);
    std::uint64_t below = 0;
    for (std::size_t i = 0; i < Padded; i += 8) {
      const Eight eight = *reinterpret_cast<const Eight*>(keys + i);
      constexpr int is_above = 6;  // As the processor numbers comparisons: not below or equal.
      const auto mask = __builtin_ia32_ucmpq512_mask(wanted, eight, is_above, 0xff);
      below |= std::uint64_t{static_cast<unsigned char>(mask)} << i;
    }
    return static_cast<std::size_t>(__builtin_popcountll(below));
  }
  template <std::size_t Padded>
  static std::size_t last_below(const TreeKey (&keys)[Padded], TreeKey key) noexcept {
    return count_below(keys, key) - 1;
  }

 private:
  using Eight [[gnu::vector_size(64), gnu::may_alias]] = long long;
};
#endif
}  // namespace machine

/// Moves `n` words, which may overlap; no reader sees a node that is written. By four words in a
/// loop: 3 % more instructions and time of mprotect there and back. By AVX-512 with masks: 3 % less
/// time, left out.
template <class Word>
void move_words(const Word* from, Word* to, std::size_t n) noexcept {
  __builtin_memmove(to, from, n * sizeof(Word));
}

/// The first keys of a node's slots: ascending, and the last key in all places that are not used,
/// so that a search needs no count.
template <std::size_t Padded>
class Keys {
  using Machine = machine::VMAREA_MACHINE;

 public:
  TreeKey operator[](std::size_t i) const noexcept { return kept_[i] ^ Machine::flipped; }
  void set(std::size_t i, TreeKey key) noexcept { kept_[i] = key ^ Machine::flipped; }

  bool is_first_below(TreeKey key) const noexcept { return (*this)[0] < key; }
  void take(const Keys& source, std::size_t from, std::size_t to, std::size_t n) noexcept {
    move_words(source.kept_ + from, kept_ + to, n);
  }

  /// How many lie below `key`.
  std::size_t count_below(TreeKey key) const noexcept {
    return Machine::count_below(kept_, key ^ Machine::flipped);
  }
  /// The last one below `key`. Requires: the first one is.
  std::size_t last_below(TreeKey key) const noexcept {
    return Machine::last_below(kept_, key ^ Machine::flipped);
  }

 private:
  alignas(64) TreeKey kept_[Padded];  // For whole vectors.
};

}  // namespace maple
}  // namespace VMAREA_MACHINE
}  // namespace vmarea::shims
