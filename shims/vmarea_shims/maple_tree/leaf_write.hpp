// SPDX-License-Identifier: MIT
//
// The short way of a write: the window lies within one leaf, and the leaf keeps its first key, has
// room and needs no neighbour. Then nodes above know only of holes that became larger or smaller,
// and most writes do not even change those. Where nodes are published the leaf is copied, and its
// parent gets one store.
//
//   leaf     [aaa)  [bbbbbbb)[cc)   [d)       the holes in question: from the end of a
//   window          ############              to the start of d
//
// Where it does not do, nothing was changed, and Write goes the whole way. Both leave the same
// tree.
#pragma once

#include <vmarea_shims/maple_tree/nodes.hpp>

namespace vmarea::shims::maple {

template <class Node, class Nodes, bool Published>
class LeafWrite {
 public:
  LeafWrite(Nodes& nodes, Root<Node> root, TreeKey first, TreeKey last) noexcept
      : nodes_(nodes), height_(root.height), first_(first), last_(last) {
    steps_[height_] = {root.node, 0};
  }

  std::size_t erased() const noexcept { return end_ - begin_; }
  /// Requires: it did.
  Root<Node> root() const noexcept { return {steps_[height_].node, height_}; }

  /// Whether it did. Requires: the tree is not empty; no entry straddles an end of the window.
  bool replace(const Slot* entries, std::size_t count) noexcept {
    if (!descend()) return false;
    if (erased() + count == 0) return true;
    const Node& leaf = *steps_[0].node;
    const std::size_t after = leaf.count - erased() + count;
    const bool wants_joining = count < erased() && after < Node::joins_below;
    const bool keeps_first =
        begin_ > 0 || (erased() > 0 && count > 0 && entries[0].first == leaf.first[0]);
    if (after > Node::capacity || wants_joining || !keeps_first) return false;
    const std::uint64_t before = largest_hole(erased(), [&](std::size_t i) {
      return Keys{leaf.first[begin_ + i], leaf.last(begin_ + i)};
    });
    const std::uint64_t now = largest_hole(count, [&](std::size_t i) {
      return Keys{entries[i].first, entries[i].last_or_gap};
    });
    Node* const owned = steps_[0].node = nodes_.own(steps_[0].node);
    owned->splice(begin_, erased(), entries, count);
    if (before != now && height_ > 0) settle_gaps(before, now);
    if (Published && height_ > 0) {
      const Step& above = steps_[1];
      store_shared<Published, void*>(above.node->value_or_child[above.slot], owned);
    }
    return true;
  }

 private:
  struct Step {
    Node* node;
    std::size_t slot;
  };
  struct Keys {
    TreeKey first;
    TreeKey last;
  };

  /// Whether the window lies within one leaf.
  bool descend() noexcept {
    Node* node = steps_[height_].node;
    for (std::size_t level = height_; level > 0; --level) {
      const std::size_t slot = node->find_slot(first_);
      bound_ = node->bound_of(slot, bound_);
      steps_[level] = {node, slot};
      node = node->child(slot);
    }
    steps_[0] = {node, 0};
    begin_ = end_ = node->find_begin(first_);
    while (end_ < node->count && node->first[end_] <= last_) ++end_;
    return last_ <= bound_;
  }

  /// The largest hole between what lies before and what lies behind the window, if it holds
  /// `count` entries.
  template <class KeysAt>
  std::uint64_t largest_hole(std::size_t count, KeysAt&& keys_at) const noexcept {
    const Node& leaf = *steps_[0].node;
    TreeKey from = begin_ > 0 ? leaf.last(begin_ - 1) + 1 : leaf.first[0];
    std::uint64_t largest = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const Keys keys = keys_at(i);
      largest = larger(largest, keys.first - from);
      from = keys.last + 1;
    }
    const TreeKey behind = end_ < leaf.count ? leaf.first[end_] : bound_ + 1;
    return larger(largest, behind - from);
  }

  /// Tells the nodes above that the largest hole of those in question was `before` and is `now`.
  void settle_gaps(std::uint64_t before, std::uint64_t now) noexcept {
    for (std::size_t level = 1; level <= height_; ++level) {
      Node& node = *steps_[level].node;
      std::uint64_t& gap = node.last_or_gap[steps_[level].slot];
      const std::uint64_t known = gap;
      if (now < known && before < known) return;  // Another hole there is the largest.
      if (now < known) {
        now = level == 1 ? steps_[0].node->leaf_gap(bound_) : steps_[level - 1].node->inner_gap();
      }
      if (now == known) return;
      gap = now;
      before = known;
    }
  }

  static std::uint64_t larger(std::uint64_t a, std::uint64_t b) noexcept { return a < b ? b : a; }

  Nodes& nodes_;
  const std::size_t height_;
  const TreeKey first_;
  const TreeKey last_;
  TreeKey bound_ = last_key;  // The last key that may lie in the leaf.
  std::size_t begin_ = 0;     // The slots of the leaf inside the window.
  std::size_t end_ = 0;
  Step steps_[levels_max<Node::capacity>()];
};

}  // namespace vmarea::shims::maple
