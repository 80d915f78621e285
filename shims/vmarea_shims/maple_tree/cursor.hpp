// SPDX-License-Identifier: MIT
//
// A place in the maple tree: the way from the root to one entry, as pairs of node and slot.
//
//   step[height]  {root, slot}          before --- on the first ... on the last --- past
//   ...
//   step[0]       {leaf, slot}          an empty tree has neither leaf nor steps
//
// It only reads and dies with the next write. The steps are one array of pairs, never two arrays:
// some compilers lose writes that go through the latter.
#pragma once

#include <cstdint>

#include <vmarea_shims/maple_tree/node.hpp>

namespace vmarea::shims::maple {

template <class Value, class Node, bool Published, bool Prefetches>
class Cursor {
 public:
  Cursor() = default;
  Cursor(const Cursor& other) noexcept { *this = other; }
  Cursor& operator=(const Cursor& other) noexcept {
    place_ = other.place_;
    height_ = other.height_;
    for (std::size_t i = 0; place_ != Place::nowhere && i <= height_; ++i)
      steps_[i] = other.steps_[i];
    return *this;
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
    return place_ == Place::on ? steps_[0].entry() : TreeEntry<Value>{};
  }
  void next() noexcept {
    if (place_ == Place::before) {
      place_ = Place::on;
    } else if (place_ == Place::on) {
      Step& leaf = steps_[0];
      if (leaf.slot + 1 < leaf.node->count) {
        ++leaf.slot;
      } else if (!next_leaf()) {
        place_ = Place::past;
      }
    }
  }
  void previous() noexcept {
    if (place_ == Place::past) {
      place_ = Place::on;
    } else if (place_ == Place::on) {
      Step& leaf = steps_[0];
      if (leaf.slot > 0) {
        --leaf.slot;
      } else if (!previous_leaf()) {
        place_ = Place::before;
      }
    }
  }

 private:
  struct Step {
    Node* node;
    std::size_t slot;

    TreeEntry<Value> entry() const noexcept {
      return {node->first[slot], node->last(slot), static_cast<Value*>(node->value(slot))};
    }
  };
  enum class Place : std::uint32_t { nowhere, before, on, past };  // Nowhere: the tree is empty.

  bool descend(Root<Node> root, TreeKey key) noexcept {
    if (root.node == nullptr) return false;
    place_ = Place::on;
    height_ = static_cast<std::uint32_t>(root.height);
    Node* node = root.node;
    for (std::size_t level = height_;; --level) {
      steps_[level] = {node, node->find_slot(key)};
      if (level == 0) return true;
      node = child(steps_[level]);
      if (Prefetches && height_ >= prefetch_height) node->prefetch();
    }
  }
  bool next_leaf() noexcept {
    std::size_t level = 1;
    while (level <= height_ && steps_[level].slot + 1 == steps_[level].node->count) ++level;
    if (level > height_) return false;
    ++steps_[level].slot;
    for (; level > 0; --level) steps_[level - 1] = {child(steps_[level]), 0};
    // The next step will want the leaf after it: 15 ns an entry instead of 18 where nothing is
    // cached. To ask for what the entries point to as well gave nothing.
    const Step next{steps_[1].node, steps_[1].slot + 1};
    if (Prefetches && next.slot < next.node->count) child(next)->prefetch();
    return true;
  }
  bool previous_leaf() noexcept {
    std::size_t level = 1;
    while (level <= height_ && steps_[level].slot == 0) ++level;
    if (level > height_) return false;
    --steps_[level].slot;
    for (; level > 0; --level) {
      Node* const below = child(steps_[level]);
      steps_[level - 1] = {below, static_cast<std::size_t>(below->count - 1)};
    }
    return true;
  }
  static Node* child(const Step& step) noexcept {
    return static_cast<Node*>(load_shared<Published>(step.node->value_or_child[step.slot]));
  }

  Place place_ = Place::nowhere;
  std::uint32_t height_ = 0;
  Step steps_[levels_max<Node::capacity>()];
};

}  // namespace vmarea::shims::maple
