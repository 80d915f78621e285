// SPDX-License-Identifier: MIT
//
// A place in the maple tree: the way from the root to one entry, as pairs of node and slot.
//
//   step[height]  {root, slot}
//   ...
//   step[0]       {leaf, slot}          slot   -1 ---- 0 ...... count - 1 ---- count
//                                              before  on an entry             past
//
// An empty tree is a leaf without slots. A cursor only reads and dies with the next write. One that
// stands near what is to be written saves the write its own way down: see window(). The steps are
// one array of pairs, never two arrays: some compilers lose writes that go through the latter.
#pragma once

#include <cstdint>

#include <vmarea_shims/maple_tree/node.hpp>

namespace vmarea::shims {
inline namespace VMAREA_MACHINE {
namespace maple {

template <class Node>
struct Step {
  Node* node;
  std::size_t slot;
};

/// The entries of one leaf that start in [first, last].
template <class Node>
struct Window {
  TreeKey first = 0;
  TreeKey last = 0;
  Node* leaf = nullptr;
  std::size_t begin = 0;
  std::size_t end = 0;
  TreeKey bound = 0;  // The last key that may lie in the leaf.

  std::size_t entries() const noexcept { return end - begin; }
  bool ends_in_leaf() const noexcept { return last <= bound; }
};

template <class Value, class Node, class Words, bool Prefetches>
class Cursor {
 public:
  Cursor() noexcept { steps_[0] = {nullptr, 0}; }
  Cursor(const Cursor& other) noexcept { *this = other; }
  Cursor& operator=(const Cursor& other) noexcept {
    window_.leaf = nullptr;
    height_ = other.height_;
    leaf_count_ = other.leaf_count_;
    for (std::size_t level = 0;; ++level) {
      steps_[level] = other.steps_[level];
      if (level == height_) return *this;
    }
  }

  /// The first entry whose last key is at or above `key`.
  static Cursor seek(Root<Node> root, TreeKey key) noexcept {
    Cursor cursor;
    if (!cursor.descend(root, key)) return cursor;
    const auto& leaf = cursor.steps_[0];
    if (leaf.node->last(leaf.slot) < key) cursor.next();
    return cursor;
  }
  /// The last entry whose first key is at or below `key`.
  static Cursor seek_back(Root<Node> root, TreeKey key) noexcept {
    Cursor cursor;
    if (!cursor.descend(root, key)) return cursor;
    const auto& leaf = cursor.steps_[0];
    if (leaf.node->first[leaf.slot] > key) cursor.previous();
    return cursor;
  }
  /// Where a search for a hole writes the way to the entry before it; without a leaf, if the hole
  /// has no entry before it.
  Step<Node>* way_for_search() noexcept {
    steps_[0] = {nullptr, 0};
    return steps_;
  }
  /// Goes to the entry behind the hole that was found.
  void go_behind_hole(Root<Node> root) noexcept {
    window_.leaf = nullptr;
    height_ = root.height;
    if (steps_[0].node == nullptr) {
      (void)descend(root, 0);
      return;
    }
    leaf_count_ = steps_[0].node->count;
    next();
  }
  /// On the slot that `key` belongs to, whatever is there. False: the tree is empty.
  bool descend(Root<Node> root, TreeKey key) noexcept {
    if (root.node == nullptr) return false;
    height_ = root.height;
    Node* node = root.node;
    for (std::size_t level = height_;; --level) {
      steps_[level] = {node, node->find_slot(key)};
      if (level == 0) break;
      node = child(steps_[level]);
      if (Prefetches && height_ >= prefetch_height) node->prefetch();
    }
    leaf_count_ = node->count;
    return true;
  }

  TreeEntry<Value> entry() const noexcept {
    return is_on_entry() ? entry_at(steps_[0].node, steps_[0].slot) : TreeEntry<Value>{};
  }
  TreeEntry<Value> before() const noexcept {
    const std::size_t slot = steps_[0].slot - 1;
    return slot < leaf_count_ ? entry_at(steps_[0].node, slot) : before_leaf();
  }
  void next() noexcept {
    if (steps_[0].slot != leaf_count_ && ++steps_[0].slot == leaf_count_) go_to_next_leaf();
  }
  void previous() noexcept {
    if (steps_[0].slot != before_first && steps_[0].slot-- == 0) go_to_previous_leaf();
  }

  /// What lies in [first, last] of the leaf that `first` belongs to: it goes there unless it stands
  /// in that leaf already. Requires: the tree is not empty.
  const Window<Node>& window(Root<Node> root, TreeKey first, TreeKey last) noexcept {
    if (const Window<Node>* found = window_here(first, last)) return *found;
    (void)descend(root, first);
    look_at(first, last, leaf_bound());
    return window_;
  }
  /// The same where it stands, looked for from there on and kept for the next time; null where
  /// `first` belongs to another leaf.
  const Window<Node>* window_here(TreeKey first, TreeKey last) const noexcept {
    Node* const leaf = steps_[0].node;
    if (leaf == nullptr) return nullptr;
    if (window_.leaf == leaf && window_.first == first && window_.last == last) return &window_;
    if (first < leaf->first[0]) return nullptr;
    const TreeKey bound = leaf_bound();
    if (bound < first) return nullptr;
    look_at(first, last, bound);
    return &window_;
  }
  /// From the leaf, the first, up to the root.
  const Step<Node>* way() const noexcept { return steps_; }
  std::size_t height() const noexcept { return height_; }

 private:
  static constexpr std::size_t before_first = ~std::size_t{0};

  bool is_on_entry() const noexcept { return steps_[0].slot < leaf_count_; }
  static TreeEntry<Value> entry_at(const Node* leaf, std::size_t slot) noexcept {
    return {leaf->first[slot], leaf->last(slot), static_cast<Value*>(leaf->value(slot))};
  }
  TreeKey leaf_bound() const noexcept {
    for (std::size_t level = 1; level <= height_; ++level) {
      const auto& [node, slot] = steps_[level];
      if (slot + 1 < node->count) return node->first[slot + 1] - 1;
    }
    return last_key;
  }
  void look_at(TreeKey first, TreeKey last, TreeKey bound) const noexcept {
    Node* const leaf = steps_[0].node;
    std::size_t begin = steps_[0].slot == before_first ? 0 : steps_[0].slot;
    while (begin > 0 && leaf->first[begin - 1] >= first) --begin;
    while (begin < leaf_count_ && leaf->first[begin] < first) ++begin;
    std::size_t end = begin;
    while (end < leaf_count_ && leaf->first[end] <= last) ++end;
    window_ = {first, last, leaf, begin, end, bound};
  }
  [[gnu::noinline]] TreeEntry<Value> before_leaf() const noexcept {
    Cursor cursor = *this;
    cursor.previous();
    return cursor.entry();
  }
  /// On its first entry; stays past the last one if there is no leaf.
  void go_to_next_leaf() noexcept {
    std::size_t level = 1;
    while (level <= height_ && steps_[level].slot + 1 == steps_[level].node->count) ++level;
    if (level > height_) return;
    ++steps_[level].slot;
    for (; level > 0; --level) steps_[level - 1] = {child(steps_[level]), 0};
    leaf_count_ = steps_[0].node->count;
    // The next step will want the leaf after it: 15 ns an entry instead of 18 where nothing is
    // cached. To ask for what the entries point to as well gave nothing.
    const Step<Node> next{steps_[1].node, steps_[1].slot + 1};
    if (Prefetches && next.slot < next.node->count) child(next)->prefetch();
  }
  /// On its last entry; stays before the first one if there is no leaf.
  void go_to_previous_leaf() noexcept {
    std::size_t level = 1;
    while (level <= height_ && steps_[level].slot == 0) ++level;
    if (level > height_) return;
    --steps_[level].slot;
    for (; level > 0; --level) {
      Node* const below = child(steps_[level]);
      steps_[level - 1] = {below, static_cast<std::size_t>(below->count - 1)};
    }
    leaf_count_ = steps_[0].node->count;
  }
  static Node* child(const Step<Node>& step) noexcept {
    return static_cast<Node*>(Words::load(step.node->value_or_child[step.slot]));
  }

  std::size_t height_ = 0;
  std::size_t leaf_count_ = 0;
  mutable Window<Node> window_;  // What was looked for last; no leaf: nothing.
  Step<Node> steps_[levels_max<Node::capacity>()];
};

}  // namespace maple
}  // namespace VMAREA_MACHINE
}  // namespace vmarea::shims
