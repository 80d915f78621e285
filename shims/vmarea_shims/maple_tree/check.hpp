// SPDX-License-Identifier: MIT
//
// The constraints of the maple tree, by number, and the checker that goes through the same list.
//
// Every node
//   1. has at least one slot and at most its capacity; a root that is no leaf has two or more
//   2. holds the last key in every unused place of `first`
//   3. has slots that ascend by first key, within what its parent allows
// Leaf
//   4. every entry ends at or above its first key and below the next entry; it has a value
// Inner node
//   5. `first` is the first key of the first entry below, exactly
//   6. `gap` is the largest hole below, the one behind the last entry included, exactly
//   7. in place: two neighbours together have more slots than half a node (or could be one)
// Tree
//   8. all leaves are equally deep; `size` counts the entries
#pragma once

#include <vmarea_shims/maple_tree/node.hpp>

namespace vmarea::shims {
inline namespace VMAREA_MACHINE {
namespace maple {

template <class Node, bool Published>
class Check {
 public:
  /// The first constraint found broken, in words; null if all hold.
  static const char* check(Root<Node> root, std::size_t size) noexcept {
    Check check;
    if (root.node == nullptr) return size == 0 ? nullptr : "8: entries counted in an empty tree";
    if (root.height > 0 && root.node->count < 2) return "1: an inner root with a single child";
    check.check_node(root.node, root.height, 0, last_key);
    if (check.broken_ == nullptr && check.entries_ != size) return "8: size is not the entry count";
    return check.broken_;
  }

 private:
  static constexpr std::size_t pair_min = Node::joins_below + 1;

  void expect(bool holds, const char* constraint) noexcept {
    if (!holds && broken_ == nullptr) broken_ = constraint;
  }

  /// Checks all below; the result is the largest hole below.
  std::uint64_t check_node(const Node* node, std::size_t level, TreeKey lowest,
                           TreeKey bound) noexcept {
    expect(node->count >= 1 && node->count <= Node::capacity, "1: slot count out of range");
    if (broken_ != nullptr) return 0;
    for (std::size_t i = node->count; i < Node::padded; ++i) {
      expect(node->first[i] == last_key, "2: an unused place is not the last key");
    }
    expect(node->first[0] >= lowest, "3: a slot begins before what the parent allows");
    for (std::size_t i = 0; i < node->count; ++i) {
      expect(i == 0 || node->first[i - 1] < node->first[i], "3: slots do not ascend");
      expect(node->first[i] <= bound, "3: a slot begins behind what the parent allows");
    }
    return level == 0 ? check_leaf(node, bound) : check_inner(node, level, bound);
  }
  std::uint64_t check_leaf(const Node* leaf, TreeKey bound) noexcept {
    std::uint64_t largest = 0;
    for (std::size_t i = 0; i < leaf->count; ++i) {
      const TreeKey upto = leaf->bound_of(i, bound);
      expect(leaf->last(i) >= leaf->first[i], "4: an entry ends before it begins");
      expect(leaf->last(i) <= upto, "4: an entry reaches into the next");
      expect(leaf->value(i) != nullptr, "4: an entry without a value");
      const std::uint64_t hole = upto - leaf->last(i);
      largest = largest < hole ? hole : largest;
    }
    entries_ += leaf->count;
    return largest;
  }
  std::uint64_t check_inner(const Node* node, std::size_t level, TreeKey bound) noexcept {
    std::uint64_t largest = 0;
    for (std::size_t i = 0; i < node->count && broken_ == nullptr; ++i) {
      const Node* const child = node->child(i);
      const std::uint64_t gap =
          check_node(child, level - 1, node->first[i], node->bound_of(i, bound));
      expect(child->first[0] == node->first[i], "5: a separator is not the first key below");
      expect(gap == node->gap(i), "6: a recorded gap is not the largest hole below");
      largest = largest < gap ? gap : largest;
      if (!Published && i > 0) {
        expect(node->child(i - 1)->count + child->count >= pair_min,
               "7: two neighbours could be one");
      }
    }
    return largest;
  }

  const char* broken_ = nullptr;
  std::size_t entries_ = 0;
};

}  // namespace maple
}  // namespace VMAREA_MACHINE
}  // namespace vmarea::shims
