// SPDX-License-Identifier: MIT
//
// The way from the root to the leaf that a window belongs to, and the slots of the leaf inside the
// window. Counting the nodes for a write and the write itself go the same way: the tree keeps it
// from one to the other, and forgets it when anything is written.
//
//   step[height]  {root, slot}
//   ...
//   step[0]       {leaf, begin}      leaf  [aaa)  [bbbbbbb)[cc)   [d)
//                                    window       ############            begin: b, end: d
#pragma once

#include <vmarea_shims/maple_tree/node.hpp>

namespace vmarea::shims::maple {

template <class Node>
class WritePath {
 public:
  struct Step {
    Node* node;
    std::size_t slot;
  };

  WritePath() noexcept {}
  WritePath(const WritePath&) = delete;
  WritePath& operator=(const WritePath&) = delete;

  /// Requires: the tree is not empty.
  void descend(Root<Node> root, TreeKey first, TreeKey last) noexcept {
    height_ = root.height;
    first_ = first;
    last_ = last;
    bound_ = last_key;
    Node* node = root.node;
    for (std::size_t level = height_; level > 0; --level) {
      const std::size_t slot = node->find_slot(first);
      bound_ = node->bound_of(slot, bound_);
      steps_[level] = {node, slot};
      node = node->child(slot);
    }
    const std::size_t begin = node->find_begin(first);
    steps_[0] = {node, begin};
    end_ = begin;
    while (end_ < node->count && node->first[end_] <= last) ++end_;
    known_ = true;
  }
  void forget() noexcept { known_ = false; }

  /// Whether it was gone for this window, and nothing was written since.
  bool leads_to(TreeKey first, TreeKey last) const noexcept {
    return known_ && first_ == first && last_ == last;
  }
  /// Whether the window lies within the leaf.
  bool ends_in_leaf() const noexcept { return last_ <= bound_; }

  std::size_t height() const noexcept { return height_; }
  TreeKey bound() const noexcept { return bound_; }  // The last key that may lie in the leaf.
  std::size_t begin() const noexcept { return steps_[0].slot; }
  std::size_t end() const noexcept { return end_; }
  Node* leaf() const noexcept { return steps_[0].node; }
  Step& step(std::size_t level) noexcept { return steps_[level]; }

 private:
  bool known_ = false;
  std::size_t height_ = 0;
  TreeKey first_ = 0;
  TreeKey last_ = 0;
  TreeKey bound_ = last_key;
  std::size_t end_ = 0;
  Step steps_[levels_max<Node::capacity>()];
};

}  // namespace vmarea::shims::maple
