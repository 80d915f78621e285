// SPDX-License-Identifier: MIT
//
// The short way of a write: the window lies within one leaf, which has room and needs no neighbour
// and, where nodes stand above it, keeps its first key. Then those know only of holes that became
// larger or smaller, and most writes do not even change these. Where nodes are published the leaf
// is copied, and its parent gets one store. Where it does not do, nothing was changed, and Write
// goes the whole way. Both leave the same tree.
//
//   step[height]  {root, slot}
//   ...
//   step[0]       {leaf, begin}      leaf     [aaa)  [bbbbbbb)[cc)   [d)
//                                    window          ############         begin: b, end: d
//                                    holes in question: from the end of a to the start of d
//
// Counting the nodes for a write and the write itself go the same way down: the tree keeps it from
// one to the other, and forgets it when anything is written.
#pragma once

#include <vmarea_shims/maple_tree/nodes.hpp>

namespace vmarea::shims {
inline namespace VMAREA_MACHINE {
namespace maple {

/// The way from the root to the leaf that a window belongs to, and the slots of the leaf inside the
/// window.
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

template <class Node, class Nodes, bool Published>
class LeafWrite {
 public:
  /// `path`: to the window, on the tree as it stands.
  LeafWrite(Nodes& nodes, WritePath<Node>& path) noexcept : nodes_(nodes), path_(path) {}

  std::size_t erased() const noexcept { return path_.end() - path_.begin(); }
  /// Requires: it did.
  Root<Node> root() const noexcept { return {path_.step(path_.height()).node, path_.height()}; }

  /// Whether it did. Requires: no entry straddles an end of the window.
  bool replace(const Slot* entries, std::size_t count) noexcept {
    if (!path_.ends_in_leaf()) return false;
    if (erased() + count == 0) return true;
    const std::size_t after = path_.leaf()->count - erased() + count;
    if (after == 0 || after > Node::capacity) return false;
    if (path_.height() == 0) {
      (void)write(entries, count);
      return true;
    }
    const Node& leaf = *path_.leaf();
    const std::size_t begin = path_.begin();
    const bool wants_joining = count < erased() && after < Node::joins_below;
    const bool keeps_first =
        begin > 0 || (erased() > 0 && count > 0 && entries[0].first == leaf.first[0]);
    if (wants_joining || !keeps_first) return false;
    const std::uint64_t before = largest_hole(erased(), [&](std::size_t i) {
      return Keys{leaf.first[begin + i], leaf.last(begin + i)};
    });
    const std::uint64_t now = largest_hole(count, [&](std::size_t i) {
      return Keys{entries[i].first, entries[i].last_or_gap};
    });
    Node* const written = write(entries, count);
    if (before != now) settle_gaps(before, now);
    if (Published) {
      const auto& above = path_.step(1);
      store_shared<Published, void*>(above.node->value_or_child[above.slot], written);
    }
    return true;
  }

 private:
  struct Keys {
    TreeKey first;
    TreeKey last;
  };

  /// Changes the leaf, or the copy that takes its place.
  Node* write(const Slot* entries, std::size_t count) noexcept {
    Node* const leaf = path_.step(0).node = nodes_.own(path_.leaf());
    leaf->splice(path_.begin(), erased(), entries, count);
    return leaf;
  }

  /// The largest hole between what lies before and what lies behind the window, if it holds
  /// `count` entries.
  template <class KeysAt>
  std::uint64_t largest_hole(std::size_t count, KeysAt&& keys_at) const noexcept {
    const Node& leaf = *path_.leaf();
    const std::size_t begin = path_.begin();
    TreeKey from = begin > 0 ? leaf.last(begin - 1) + 1 : leaf.first[0];
    std::uint64_t largest = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const Keys keys = keys_at(i);
      largest = larger(largest, keys.first - from);
      from = keys.last + 1;
    }
    const TreeKey behind = path_.end() < leaf.count ? leaf.first[path_.end()] : path_.bound() + 1;
    return larger(largest, behind - from);
  }

  /// Tells the nodes above that the largest hole of those in question was `before` and is `now`.
  void settle_gaps(std::uint64_t before, std::uint64_t now) noexcept {
    for (std::size_t level = 1; level <= path_.height(); ++level) {
      Node& node = *path_.step(level).node;
      std::uint64_t& gap = node.last_or_gap[path_.step(level).slot];
      const std::uint64_t known = gap;
      if (now < known && before < known) return;  // Another hole there is the largest.
      if (now < known) {
        now = level == 1 ? path_.leaf()->leaf_gap(path_.bound())
                         : path_.step(level - 1).node->inner_gap();
      }
      if (now == known) return;
      gap = now;
      before = known;
    }
  }

  static std::uint64_t larger(std::uint64_t a, std::uint64_t b) noexcept { return a < b ? b : a; }

  Nodes& nodes_;
  WritePath<Node>& path_;
};

}  // namespace maple
}  // namespace VMAREA_MACHINE
}  // namespace vmarea::shims
