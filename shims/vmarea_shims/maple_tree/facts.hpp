// SPDX-License-Identifier: MIT
//
// What a leaf tells of its entries beside their keys, in words, so that a reader without a lock
// need not look at a value that another thread may be changing.
//
//   0 words   nothing, and no byte
//   n words   n arrays, each in cache lines of its own
//
// They are taken from the value when an entry is put into the tree, and again by refresh().
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>

#include <vmarea_shims/atomics.hpp>
#include <vmarea_shims/maple_tree/slots.hpp>

namespace vmarea::shims {

/// Nothing is told. Another is a type with the same members, and with
/// `static TreeFacts<words> of(const Value&) noexcept`.
struct NoFacts {
  static constexpr std::size_t words = 0;
  using Atomics = StandardAtomics;  // By which shared words are read and written.
};

template <class Facts, class Value>
concept FactsOf = Facts::words == 0 || requires(const Value& value) {
  { Facts::of(value) }
  noexcept->std::same_as<TreeFacts<Facts::words>>;
};

inline namespace VMAREA_MACHINE {
namespace maple {

/// The facts of all entries of a leaf.
template <std::size_t Padded, std::size_t Words>
struct LeafFacts {
  alignas(64) std::uint64_t word[Words][Padded];

  TreeFacts<Words> of(std::size_t i) const noexcept {
    TreeFacts<Words> facts;
    for (std::size_t w = 0; w < Words; ++w) facts.word[w] = word[w][i];
    return facts;
  }
  /// For readers without a lock.
  template <class SharedWords>
  void load(std::size_t i, TreeFacts<Words>& facts) const noexcept {
    for (std::size_t w = 0; w < Words; ++w) facts.word[w] = SharedWords::load(word[w][i]);
  }
  /// Beside readers without a lock.
  template <class SharedWords>
  void store(std::size_t i, const TreeFacts<Words>& facts) noexcept {
    for (std::size_t w = 0; w < Words; ++w) SharedWords::store(word[w][i], facts.word[w]);
  }
  void set(std::size_t i, const TreeFacts<Words>& facts) noexcept {
    for (std::size_t w = 0; w < Words; ++w) word[w][i] = facts.word[w];
  }
  void take(const LeafFacts& source, std::size_t from, std::size_t to, std::size_t n) noexcept {
    for (std::size_t w = 0; w < Words; ++w) move_words(source.word[w] + from, word[w] + to, n);
  }
};
template <std::size_t Padded>
struct LeafFacts<Padded, 0> {
  template <class>
  static void load(std::size_t, TreeFacts<0>&) noexcept {}
  static void take(const LeafFacts&, std::size_t, std::size_t, std::size_t) noexcept {}
};

}  // namespace maple
}  // namespace VMAREA_MACHINE
}  // namespace vmarea::shims
