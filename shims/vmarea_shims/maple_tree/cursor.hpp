// SPDX-License-Identifier: MIT
//
// A place in the maple tree: the way from the root to one entry, as pairs of node and slot.
//
//   step[height]  {root, slot}
//   ...
//   step[0]       {leaf, slot}          slot   -1 ---- 0 ...... count - 1 ---- count
//                                              before  on an entry             past
//
// An empty tree is a leaf without slots. A cursor only reads and dies with the next write. The
// steps are one array of pairs, never two arrays: some compilers lose writes that go through the
// latter.
#pragma once

#include <cstdint>

#include <vmarea_shims/maple_tree/node.hpp>

namespace vmarea::shims {
inline namespace VMAREA_MACHINE {
namespace maple {

template <class Value, class Node, bool Published, bool Prefetches>
class Cursor {
 public:
  Cursor() noexcept { steps_[0] = {nullptr, 0}; }
  Cursor(const Cursor& other) noexcept { *this = other; }
  Cursor& operator=(const Cursor& other) noexcept {
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
    const Step& leaf = cursor.steps_[0];
    if (leaf.node->last(leaf.slot) < key) cursor.next();
    return cursor;
  }
  /// The last entry whose first key is at or below `key`.
  static Cursor seek_back(Root<Node> root, TreeKey key) noexcept {
    Cursor cursor;
    if (!cursor.descend(root, key)) return cursor;
    const Step& leaf = cursor.steps_[0];
    if (leaf.node->first[leaf.slot] > key) cursor.previous();
    return cursor;
  }

  TreeEntry<Value> entry() const noexcept {
    return steps_[0].slot < leaf_count_ ? steps_[0].entry() : TreeEntry<Value>{};
  }
  void next() noexcept {
    if (steps_[0].slot != leaf_count_ && ++steps_[0].slot == leaf_count_) go_to_next_leaf();
  }
  void previous() noexcept {
    if (steps_[0].slot != before_first && steps_[0].slot-- == 0) go_to_previous_leaf();
  }

 private:
  struct Step {
    Node* node;
    std::size_t slot;

    TreeEntry<Value> entry() const noexcept {
      return {node->first[slot], node->last(slot), static_cast<Value*>(node->value(slot))};
    }
  };
  static constexpr std::size_t before_first = ~std::size_t{0};

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
    const Step next{steps_[1].node, steps_[1].slot + 1};
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
  static Node* child(const Step& step) noexcept {
    return static_cast<Node*>(load_shared<Published>(step.node->value_or_child[step.slot]));
  }

  std::size_t height_ = 0;
  std::size_t leaf_count_ = 0;
  Step steps_[levels_max<Node::capacity>()];
};

}  // namespace maple
}  // namespace VMAREA_MACHINE
}  // namespace vmarea::shims
