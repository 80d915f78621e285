// SPDX-License-Identifier: MIT
//
// What the core asks of the ordered container that holds the areas of one address space.
//
//   keys   0 ....... first####last ......... first##last .... ~0     inclusive: the last one fits
//                      entry        hole        entry
//
// Entries never overlap and holes are not stored. All writes go through one operation: replace().
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>

namespace vmarea {

using TreeKey = std::uint64_t;

/// What one range of keys holds; `value` is null where nothing was found.
template <class Value>
struct TreeEntry {
  TreeKey first = 0;
  TreeKey last = 0;  // Inclusive.
  Value* value = nullptr;

  constexpr explicit operator bool() const { return value != nullptr; }
  friend constexpr bool operator==(const TreeEntry&, const TreeEntry&) = default;
};

/// What a tree tells of a value to readers that may not look at it: words whose meaning its owner
/// knows.
template <std::size_t Words>
struct TreeFacts {
  std::uint64_t word[Words];
  friend constexpr bool operator==(const TreeFacts&, const TreeFacts&) = default;
};
template <>
struct TreeFacts<0> {
  friend constexpr bool operator==(const TreeFacts&, const TreeFacts&) = default;
};

/// An entry and its facts, as one moment had them.
template <class Value, std::size_t Words>
struct ToldEntry : TreeEntry<Value> {
  static constexpr std::size_t fact_words = Words;
  [[no_unique_address]] TreeFacts<Words> facts{};
  friend constexpr bool operator==(const ToldEntry&, const ToldEntry&) = default;
};

/// The answer of a gap search: `first` is where the hole part starts, if one was found.
struct TreeGap {
  bool found = false;
  TreeKey first = 0;
  friend constexpr bool operator==(const TreeGap&, const TreeGap&) = default;
};

/// Stand for any callables that for_each_in() and duplicate() are given: more than pointers to a
/// function.
template <class Value>
struct TreeVisit {
  void operator()(Value&) const noexcept {}
};
template <class Value>
struct TreeMapping {
  Value* operator()(Value* value) const noexcept { return value; }
};

/// A tree of non-overlapping, inclusive key ranges. Where a call takes `hint`, that is null or a
/// cursor made since the last write, which may go to `first`: it saves the way down, to a call that
/// finds it close by and to the next.
///
/// find(key)            the entry that contains key, or an empty one
/// seek(key)            a cursor on the first entry whose last >= key; empty past the end
/// for_each_in(first, last, hint, visit)
///                      visit(value) of each entry of [first, last], in order. Requires: no entry
///                      straddles first or last. visit does not change the tree
/// seek_back(key)       a cursor on the last entry whose first <= key; empty before the beginning
/// cursor               a value that can be copied; a default one stands nowhere
/// cursor.entry()       the entry it stands on; empty entry at either end
/// cursor.before()      the entry before that one, past the end the last one; empty at the first
/// cursor.next()        one entry on
/// nodes_needed(first, last, count, before, hint)
///                      at most how many nodes replace(first, last, _, count) takes if up to
///                      `before` entries more than now lie on the same path by then. 0 when nothing
///                      grows and nodes are changed in place.
/// reserve(n)           makes sure n nodes are at hand; false and unchanged if memory runs out
/// unreserve()          gives back what replace() did not use; ends the write
/// replace(first, last, entries, count, hint)
///                      requires: no entry straddles first or last; `entries` ascend inside
///                      [first, last]; enough was reserved. All entries inside [first, last] go and
///                      the given ones (0 to 3) stand there. Never fails, never allocates.
///                      invalidates every cursor.
/// lowest_gap(size, low, last, behind) / highest_gap(...)
///                      the lowest / highest hole part of `size` keys inside [low, last]; a cursor
///                      `behind`, if not null, then stands on the entry behind that hole
/// duplicate(source, map)
///                      requires: *this is empty. A structural copy whose values are map(value);
///                      false and still empty if memory runs out (map is called only after all
///                      nodes are at hand).
/// size(), clear()      number of entries; forget all entries and give back all nodes
// Clang-format 14 tears the requirements apart.
// clang-format off
template <class Tree, class Value>
concept AreaTree = requires(Tree tree, const Tree& fixed, typename Tree::Cursor cursor, TreeKey key,
                            const TreeEntry<Value>* entries, std::size_t count,
                            typename Tree::Cursor* hint, TreeVisit<Value> visit,
                            TreeMapping<Value> map) {
  requires std::semiregular<typename Tree::Cursor>;
  { fixed.find(key) } noexcept -> std::same_as<TreeEntry<Value>>;
  { fixed.seek(key) } noexcept -> std::same_as<typename Tree::Cursor>;
  { fixed.seek_back(key) } noexcept -> std::same_as<typename Tree::Cursor>;
  { cursor.entry() } noexcept -> std::same_as<TreeEntry<Value>>;
  { cursor.next() } noexcept;
  { cursor.before() } noexcept -> std::same_as<TreeEntry<Value>>;
  { fixed.for_each_in(key, key, hint, visit) } noexcept;
  { fixed.nodes_needed(key, key, count, count, hint) } noexcept -> std::same_as<std::size_t>;
  { tree.reserve(count) } noexcept -> std::same_as<bool>;
  { tree.unreserve() } noexcept;
  { tree.replace(key, key, entries, count, hint) } noexcept;
  { fixed.lowest_gap(key, key, key, hint) } noexcept -> std::same_as<TreeGap>;
  { fixed.highest_gap(key, key, key, hint) } noexcept -> std::same_as<TreeGap>;
  { tree.duplicate(fixed, map) } noexcept -> std::same_as<bool>;
  { fixed.size() } noexcept -> std::same_as<std::size_t>;
  { tree.clear() } noexcept;
};

/// A tree that answers readers without a lock beside its writer. What it tells of a value it takes
/// from there in replace() and duplicate(), and again in refresh(); the reader does not touch it.
///
/// look_up(key)             what find() gives, as one moment of the call had it
/// look_up_at_or_above(key) what seek(key).entry() gives, likewise
/// refresh(first, hint)     takes the facts of the entry that starts at `first` again; never fails.
///                          invalidates nothing
template <class Tree, class Value>
concept LookupTree = AreaTree<Tree, Value> &&
    requires(Tree tree, const Tree& fixed, TreeKey key, typename Tree::Cursor* hint) {
  requires std::same_as<typename Tree::Told, ToldEntry<Value, Tree::Told::fact_words>>;
  { fixed.look_up(key) } noexcept -> std::same_as<typename Tree::Told>;
  { fixed.look_up_at_or_above(key) } noexcept -> std::same_as<typename Tree::Told>;
  { tree.refresh(key, hint) } noexcept;
};
// clang-format on

}  // namespace vmarea
