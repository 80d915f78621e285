// SPDX-License-Identifier: MIT
//
// An intrusive tree of inclusive intervals that may overlap and repeat: "what maps pages 3 to 7?"
//
//             [2..9] 14             each node: first, last, and the largest last of its subtree;
//             |        |            a subtree whose largest last lies before the question is not
//      [0..3] 5        [4..14] 14   entered
//             |
//             [1..5] 5
//
// A treap: of all balanced trees the one with the least code to get wrong beside an augmentation.
// Rotations alone keep the balance, so one function repairs `max_last`; a node's priority is a hash
// of its address and takes no byte. Expected depth is about 2 ln n.
#pragma once

#include <cstdint>

namespace vmarea::shims {

/// Part of what is kept in the tree. first and last are the owner's while it is in no tree.
struct IntervalNode {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  std::uint64_t max_last = 0;  // Of the node and everything below it.
  IntervalNode* parent = nullptr;
  IntervalNode* left = nullptr;  // Not above `first`.
  IntervalNode* right = nullptr;

  IntervalNode() = default;
  IntervalNode(const IntervalNode&) = delete;
  IntervalNode& operator=(const IntervalNode&) = delete;
};

class IntervalTree {
 public:
  IntervalTree() = default;
  IntervalTree(const IntervalTree&) = delete;
  IntervalTree& operator=(const IntervalTree&) = delete;

  bool empty() const noexcept { return root_ == nullptr; }

  /// Requires: `node` is in no tree and first <= last.
  void insert(IntervalNode& node) noexcept {
    node.left = node.right = nullptr;
    node.max_last = node.last;
    IntervalNode* above = nullptr;
    IntervalNode** place = &root_;
    while (*place != nullptr) {
      above = *place;
      if (above->max_last < node.last) above->max_last = node.last;
      place = node.first < above->first ? &above->left : &above->right;
    }
    node.parent = above;
    *place = &node;
    while (node.parent != nullptr && priority(node.parent) < priority(&node)) rotate_up(node);
  }

  /// Requires: `node` is in this tree.
  void remove(IntervalNode& node) noexcept {
    while (IntervalNode* below = higher_child(node)) rotate_up(*below);
    IntervalNode* above = node.parent;
    place_of(node) = nullptr;
    node.parent = nullptr;
    for (; above != nullptr; above = above->parent) update(*above);
  }

  /// Calls visit(IntervalNode&) for each node that has a key in [first, last], by rising first. The
  /// tree must not change meanwhile.
  template <class Visit>
  void for_each_intersection(std::uint64_t first, std::uint64_t last, Visit&& visit) const {
    visit_below(root_, first, last, visit);
  }

  /// The constraint that is broken, in words; null if all hold.
  const char* check() const noexcept {
    if (root_ != nullptr && root_->parent != nullptr)
      return "the root of an interval tree has a parent";
    return check_below(root_, 0, ~std::uint64_t{0});
  }

 private:
  static std::uint64_t priority(const IntervalNode* node) noexcept {
    std::uint64_t bits = reinterpret_cast<std::uintptr_t>(node);
    bits = (bits ^ (bits >> 29)) * 0x9e37'79b9'7f4a'7c15u;
    return (bits ^ (bits >> 32)) * 0xd6e8'feb8'6659'fd93u;
  }

  static void update(IntervalNode& node) noexcept {
    node.max_last = node.last;
    if (node.left != nullptr && node.left->max_last > node.max_last) {
      node.max_last = node.left->max_last;
    }
    if (node.right != nullptr && node.right->max_last > node.max_last) {
      node.max_last = node.right->max_last;
    }
  }

  static IntervalNode* higher_child(const IntervalNode& node) noexcept {
    if (node.left == nullptr) return node.right;
    if (node.right == nullptr) return node.left;
    return priority(node.left) > priority(node.right) ? node.left : node.right;
  }

  IntervalNode*& place_of(const IntervalNode& node) noexcept {
    if (node.parent == nullptr) return root_;
    return node.parent->left == &node ? node.parent->left : node.parent->right;
  }

  /// `node` takes its parent's place, the parent becomes its child.
  void rotate_up(IntervalNode& node) noexcept {
    IntervalNode& above = *node.parent;
    place_of(above) = &node;
    const bool was_left = above.left == &node;
    IntervalNode*& inner = was_left ? node.right : node.left;
    (was_left ? above.left : above.right) = inner;
    if (inner != nullptr) inner->parent = &above;
    inner = &above;
    node.parent = above.parent;
    above.parent = &node;
    update(above);
    update(node);
  }

  template <class Visit>
  static void visit_below(IntervalNode* node, std::uint64_t first, std::uint64_t last,
                          Visit& visit) {
    while (node != nullptr && node->max_last >= first) {
      visit_below(node->left, first, last, visit);
      if (node->first > last) return;
      if (node->last >= first) visit(*node);
      node = node->right;
    }
  }

  static const char* check_below(const IntervalNode* node, std::uint64_t low,
                                 std::uint64_t high) noexcept {
    if (node == nullptr) return nullptr;
    if (node->first < low || node->first > high) return "an interval tree is out of order";
    if (node->last < node->first) return "an interval ends before it begins";
    IntervalNode fresh;
    fresh.last = node->last;
    fresh.left = node->left;
    fresh.right = node->right;
    update(fresh);
    if (fresh.max_last != node->max_last) return "an interval node's largest last is wrong";
    const IntervalNode* children[] = {node->left, node->right};
    for (const IntervalNode* child : children) {
      if (child == nullptr) continue;
      if (child->parent != node) return "an interval node's parent is wrong";
      if (priority(child) > priority(node)) return "an interval tree is not a heap";
    }
    const char* broken = check_below(node->left, low, node->first);
    return broken != nullptr ? broken : check_below(node->right, node->first, high);
  }

  IntervalNode* root_ = nullptr;
};

}  // namespace vmarea::shims
