// SPDX-License-Identifier: MIT
//
// Lookups by readers without a lock, beside the writer. Requires: nodes outlive the lookup.
//
//   one leaf    [ .. aaaa)   k   [bbb) .. ]      true at one moment: leaves do not change, but for
//                                                facts, word by word
//   two leaves  [ .. aaaa) ]   k   [ [bbb) .. ]  the hole is seen in one, what comes behind it in
//                                                the next: between the two, something may have been
//                                                put into the hole, into either of them
//
// So an answer from a second leaf counts only if the whole way to the first one, from the root
// down, is the same afterwards. Nodes are not used again while a reader may hold them, so the same
// address is the same node, and what was on the way then was in the tree all the time. To compare
// less would not do: not the leaf alone, for what is put into the hole may go to the second leaf,
// and a node above it that is not in the tree any more still shows what changes below it.
#pragma once

#include <cstddef>
#include <cstdint>

#include <vmarea/types/fast_paths.hpp>
#include <vmarea_shims/maple_tree/node.hpp>

namespace vmarea::shims {
inline namespace VMAREA_MACHINE {
namespace maple {

/// What a reader is told of slot `i` of a leaf.
template <class Words, class Told, class Node>
VMAREA_INLINED Told told_at(const Node* leaf, std::size_t i) noexcept {
  Told told;
  told.first = leaf->first[i];
  told.last = leaf->last(i);
  told.value = static_cast<decltype(told.value)>(leaf->value(i));
  leaf->facts.template load<Words>(i, told.facts);
  return told;
}

/// The way of one lookup from the root to the leaf of a key.
template <class Node, class Words>
class SharedWay {
 public:
  /// Requires: the tree was not empty when `root` was read.
  SharedWay(std::uintptr_t root, TreeKey key) noexcept
      : root_(root), height_(Root<Node>::unpack(root).height) {
    const Node* node = Root<Node>::unpack(root).node;
    for (std::size_t level = height_;; --level) {
      steps_[level] = {node, node->find_slot(key)};
      if (level == 0) break;
      node = child(node, steps_[level].slot);
    }
  }

  const Node* leaf() const noexcept { return steps_[0].node; }
  /// The last slot that starts at or below the key; the first one if none does.
  std::size_t slot() const noexcept { return steps_[0].slot; }
  /// The leaf behind; null if there is none.
  const Node* next_leaf() const noexcept {
    std::size_t level = 1;
    while (level <= height_ && steps_[level].slot + 1 == steps_[level].node->count) ++level;
    if (level > height_) return nullptr;
    const Node* node = child(steps_[level].node, steps_[level].slot + 1);
    while (--level > 0) node = child(node, 0);
    return node;
  }
  /// Whether it still leads from the root of the tree to the leaf.
  bool stands(const std::uintptr_t& root) const noexcept {
    if (Words::load(root) != root_) return false;
    for (std::size_t level = height_; level > 0; --level) {
      const Step& step = steps_[level];
      if (child(step.node, step.slot) != steps_[level - 1].node) return false;
    }
    return true;
  }

 private:
  struct Step {
    const Node* node;
    std::size_t slot;
  };
  static const Node* child(const Node* node, std::size_t i) noexcept {
    return static_cast<const Node*>(Words::load(node->value_or_child[i]));
  }

  const std::uintptr_t root_;
  const std::size_t height_;
  Step steps_[levels_max<Node::capacity>()];  // One array of pairs, as in a cursor.
};

/// The first entry that ends at or above `key`, or an empty one. Never waits, but looks again where
/// the tree changed between two leaves.
template <class Told, class Words, class Node>
Told look_up_at_or_above(const std::uintptr_t& root, TreeKey key) noexcept {
  for (;;) {
    const std::uintptr_t word = Words::load(root);
    if (word == 0) return {};
    const SharedWay<Node, Words> way(word, key);
    const Node* const leaf = way.leaf();
    const std::size_t slot = way.slot();
    if (leaf->last(slot) >= key) return told_at<Words, Told>(leaf, slot);
    if (slot + 1 < leaf->count) return told_at<Words, Told>(leaf, slot + 1);
    const Node* const next = way.next_leaf();
    const Told told = next == nullptr ? Told{} : told_at<Words, Told>(next, 0);
    if (way.stands(root)) return told;
  }
}

}  // namespace maple
}  // namespace VMAREA_MACHINE
}  // namespace vmarea::shims
