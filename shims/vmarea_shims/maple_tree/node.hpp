// SPDX-License-Identifier: MIT
//
// One node of the maple tree: what it holds, how a key is looked up in it, how slots are moved.
//
//   leaf   first[]  the first key of entry i     inner   first[]  the first key below child i
//          last()   its last key                         gap()    the largest hole below child i
//          value()  what it holds                        child()  the node below
//          facts    what is told of it                   -
//
// Both kinds are one struct: three arrays, each in cache lines of its own, so that every move of
// slots is written once; and facts, where readers without a lock are told some. The hole behind an
// entry, up to the next entry of the whole tree, counts to the leaf of that entry; no node knows
// its parent. What may change a node is decided elsewhere.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

#include <vmarea_shims/maple_tree/facts.hpp>
#include <vmarea_shims/maple_tree/slots.hpp>

namespace vmarea::shims {
inline namespace VMAREA_MACHINE {
namespace maple {

inline constexpr std::size_t cache_line_bytes = 64;
/// From so many levels on, most of a path is in no cache, and asking for whole nodes at once pays:
/// at 1,000,000 entries 205 ns a search instead of 385, but at 65,000 33 instead of 26.
inline constexpr std::size_t prefetch_height = 5;

/// A promise of the programmer; debug builds stop where it is broken.
#ifdef NDEBUG
constexpr void promise(bool) noexcept {}
#else
constexpr void promise(bool kept) noexcept {
  if (!kept) __builtin_trap();
}
#endif

/// One slot outside of a node: an entry (first, last, value) or a child (first, gap, node).
template <std::size_t FactWords>
struct SlotWith {
  TreeKey first;
  std::uint64_t last_or_gap;
  void* value_or_child;
  TreeFacts<FactWords> facts = {};  // Of an entry.
};
/// An empty member that is initialised took 55 of the 3,515 instructions of mprotect there and
/// back.
template <>
struct SlotWith<0> {
  TreeKey first;
  std::uint64_t last_or_gap;
  void* value_or_child;
};
using Slot = SlotWith<0>;

/// Whether a node that splits is the last of its level.
enum class Growth : bool { inside, at_the_end };

template <std::size_t Capacity, std::size_t FactWords = 0>
struct alignas(cache_line_bytes) Node {
  static_assert(Capacity >= 4 && Capacity <= 63);
  static constexpr std::size_t capacity = Capacity;
  using Slot = SlotWith<FactWords>;
  // One pad at least, and whole cache lines.
  static constexpr std::size_t padded = (Capacity + 8) / 8 * 8;
  // Two neighbours are joined up to this many slots; what is left free makes reservation provable.
  static constexpr std::size_t joined_max = Capacity - Capacity / 4 - 1;
  // A node that shrank below this looks at its neighbours, which are seldom in a cache.
  static constexpr std::size_t joins_below =
      joined_max < (Capacity + 1) / 2 ? joined_max : (Capacity + 1) / 2;

  Keys<padded> first;
  alignas(cache_line_bytes) std::uint64_t last_or_gap[Capacity];
  std::uint64_t owner_or_link;  // The write it belongs to; a link once it is in no tree.
  alignas(cache_line_bytes) void* value_or_child[Capacity];
  std::uint64_t count;
  [[no_unique_address]] LeafFacts<padded, FactWords> facts;

  TreeKey last(std::size_t i) const { return last_or_gap[i]; }
  std::uint64_t gap(std::size_t i) const { return last_or_gap[i]; }
  void* value(std::size_t i) const { return value_or_child[i]; }
  Node* child(std::size_t i) const { return static_cast<Node*>(value_or_child[i]); }

  /// Becomes a copy, line by line: compilers assign the whole by an instruction that repeats
  /// itself, and takes as long to begin as this takes.
  void assign_lines(const Node& other) noexcept {
    static_assert(sizeof(Node) % cache_line_bytes == 0);
    assign_lines(other, std::make_index_sequence<sizeof(Node) / cache_line_bytes>{});
  }
  /// Asks for all lines but the first, which the search that follows asks for itself.
  void prefetch() const noexcept {
    const char* const bytes = reinterpret_cast<const char*>(this);
    for (std::size_t at = cache_line_bytes; at < sizeof(Node); at += cache_line_bytes) {
      __builtin_prefetch(bytes + at);
    }
  }

  /// The last slot that starts at or below `key`; the first slot if none does.
  std::size_t find_slot(TreeKey key) const noexcept {
    return first.is_first_below(key + 1) ? first.last_below(key + 1) : slot_at_end(key);
  }
  /// The same for the last key, which has none above it, and for keys below the first slot.
  std::size_t slot_at_end(TreeKey key) const noexcept { return key == last_key ? count - 1 : 0; }
  /// How many slots start below `key`.
  std::size_t find_begin(TreeKey key) const noexcept { return first.count_below(key); }
  /// How many slots start at or below `key`.
  std::size_t find_end(TreeKey key) const noexcept {
    return key != last_key ? first.count_below(key + 1) : count;
  }
  /// The last key that may lie below slot `i` when `bound` is the last that may lie in this node.
  TreeKey bound_of(std::size_t i, TreeKey bound) const noexcept {
    return i + 1 < count ? first[i + 1] - 1 : bound;
  }

  Slot slot(std::size_t i) const {
    Slot slot{first[i], last_or_gap[i], value_or_child[i]};
    if constexpr (FactWords > 0) slot.facts = facts.of(i);
    return slot;
  }
  void set_slot(std::size_t i, const Slot& slot) {
    first.set(i, slot.first);
    last_or_gap[i] = slot.last_or_gap;
    value_or_child[i] = slot.value_or_child;
    if constexpr (FactWords > 0) facts.set(i, slot.facts);
  }
  /// Forgets all slots from `kept` on.
  void truncate(std::size_t kept) noexcept {
    for (std::size_t i = kept; i < padded; ++i) first.set(i, last_key);
    count = kept;
  }
  /// Puts `n` slots of `source` from `from` on to `to` on. It may be the node itself.
  void take_slots(const Node& source, std::size_t from, std::size_t to, std::size_t n) noexcept {
    first.take(source.first, from, to, n);
    move_words(source.last_or_gap + from, last_or_gap + to, n);
    move_words(source.value_or_child + from, value_or_child + to, n);
    facts.take(source.facts, from, to, n);
  }
  /// Replaces `erased` slots at `at` by `added` of `slots`. Requires: they fit.
  void splice(std::size_t at, std::size_t erased, const Slot* slots, std::size_t added) noexcept {
    splice_copy(*this, at, erased, slots, added);
  }
  /// The same of a node that is a copy of `original`, or is it. What a copy was just written with
  /// is not read again: no processor likes that by other pieces than it was written by.
  void splice_copy(const Node& original, std::size_t at, std::size_t erased, const Slot* slots,
                   std::size_t added) noexcept {
    const std::size_t after = count - erased + added;
    promise(at + erased <= count && after <= Capacity);
    if (added != erased) {
      take_slots(original, at + erased, at + added, count - at - erased);
      for (std::size_t i = after; i < count; ++i) first.set(i, last_key);
      count = after;
    }
    for (std::size_t i = 0; i < added; ++i) set_slot(at + i, slots[i]);
  }
  /// The same where they do not fit: the upper part goes to `right`, a fresh node. A node that
  /// grows at its end because the tree does is left nearly full: nothing more may come there.
  void splice_split(std::size_t at, std::size_t erased, const Slot* slots, std::size_t added,
                    Node& right, Growth growth) noexcept {
    constexpr std::size_t added_max = 3;
    Slot all[Capacity + added_max];
    std::size_t n = 0;
    promise(count - erased + added <= Capacity + added_max);
    for (std::size_t i = 0; i < at; ++i) all[n++] = slot(i);
    for (std::size_t i = 0; i < added; ++i) all[n++] = slots[i];
    for (std::size_t i = at + erased; i < count; ++i) all[n++] = slot(i);
    const bool appends = growth == Growth::at_the_end && at + added == n;
    const std::size_t kept = appends && n / 2 < Capacity - 2 ? Capacity - 2 : n / 2;
    for (std::size_t i = 0; i < kept; ++i) set_slot(i, all[i]);
    for (std::size_t i = kept; i < n; ++i) right.set_slot(i - kept, all[i]);
    truncate(kept);
    right.truncate(n - kept);
  }

  /// The largest hole of a leaf, the one behind its last entry included.
  std::uint64_t leaf_gap(TreeKey bound) const noexcept {
    std::uint64_t largest = bound - last(count - 1);
    for (std::size_t i = 0; i + 1 < count; ++i) {
      const std::uint64_t hole = first[i + 1] - 1 - last(i);
      largest = largest < hole ? hole : largest;
    }
    return largest;
  }
  /// The largest hole below an inner node.
  std::uint64_t inner_gap() const noexcept {
    std::uint64_t largest = gap(0);
    for (std::size_t i = 1; i < count; ++i) largest = largest < gap(i) ? gap(i) : largest;
    return largest;
  }

 private:
  template <std::size_t... Lines>
  void assign_lines(const Node& other, std::index_sequence<Lines...>) noexcept {
    char* const to = reinterpret_cast<char*>(this);
    const char* const from = reinterpret_cast<const char*>(&other);
    constexpr std::size_t bytes = cache_line_bytes;
    (__builtin_memcpy(to + Lines * bytes, from + Lines * bytes, bytes), ...);
  }
};

/// A root and how many levels lie below it, in one word so that one store publishes both.
template <class Node>
struct Root {
  Node* node = nullptr;
  std::size_t height = 0;  // 0: the root is a leaf.

  static constexpr std::uintptr_t height_bits = cache_line_bytes - 1;
  static Root unpack(std::uintptr_t word) noexcept {
    return {reinterpret_cast<Node*>(word & ~height_bits), word & height_bits};
  }
  std::uintptr_t pack() const noexcept { return reinterpret_cast<std::uintptr_t>(node) | height; }
};

/// More levels than any tree of fewer than 2^40 entries can have.
template <std::size_t Capacity>
constexpr std::size_t levels_max() {
  std::size_t levels = 2;
  for (std::uint64_t entries = 1; entries < (std::uint64_t{1} << 40); ++levels) {
    entries *= (Capacity + 1) / 4 > 2 ? (Capacity + 1) / 4 : 2;
  }
  return levels;
}

}  // namespace maple
}  // namespace VMAREA_MACHINE
}  // namespace vmarea::shims
