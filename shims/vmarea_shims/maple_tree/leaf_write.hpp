// SPDX-License-Identifier: MIT
//
// The short way of a write: the window lies within one leaf, which has room and needs no neighbour
// and, where nodes stand above it, keeps its first key. Then those know only of holes that became
// larger or smaller, and most writes do not even change these. Where nodes are published the leaf
// is copied, and its parent gets one store. Where it does not do, nothing was changed, and Write
// goes the whole way. Both leave the same tree.
//
//   way[height]  {root, slot}
//   ...
//   way[0]       {leaf, _}          leaf     [aaa)  [bbbbbbb)[cc)   [d)
//                                   window          ############         begin: b, end: d
//                                   holes in question: from the end of a to the start of d
#pragma once

#include <vmarea/types/fast_paths.hpp>
#include <vmarea_shims/maple_tree/cursor.hpp>
#include <vmarea_shims/maple_tree/nodes.hpp>

namespace vmarea::shims {
inline namespace VMAREA_MACHINE {
namespace maple {

template <class Node, class Nodes, class Words>
class LeafWrite {
  using Slot = typename Node::Slot;

 public:
  /// `cursor`: in the leaf of the window, on the tree as it stands.
  template <class Cursor>
  LeafWrite(Nodes& nodes, const Cursor& cursor, const Window<Node>& window) noexcept
      : nodes_(nodes),
        window_(window),
        way_(cursor.way()),
        height_(cursor.height()),
        leaf_(window.leaf) {}

  std::size_t erased() const noexcept { return window_.entries(); }
  /// Requires: it did.
  Root<Node> root() const noexcept { return {height_ == 0 ? leaf_ : way_[height_].node, height_}; }

  /// Whether it did. Requires: no entry straddles an end of the window.
  VMAREA_INLINED bool replace(const Slot* entries, std::size_t count) noexcept {
    if (!window_.ends_in_leaf()) return false;
    if (erased() + count == 0) return true;
    const std::size_t after = leaf_->count - erased() + count;
    if (after == 0 || after > Node::capacity) return false;
    if (height_ == 0) {
      write(entries, count);
      return true;
    }
    const Node& leaf = *leaf_;
    const std::size_t begin = window_.begin;
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
    write(entries, count);
    if (before != now) settle_gaps(before, now);
    if (Words::published) {
      const auto& above = way_[1];
      Words::template store<void*>(above.node->value_or_child[above.slot], leaf_);
    }
    return true;
  }

 private:
  struct Keys {
    TreeKey first;
    TreeKey last;
  };

  /// Changes the leaf, or the copy that takes its place.
  VMAREA_INLINED void write(const Slot* entries, std::size_t count) noexcept {
    const Node& original = *leaf_;
    leaf_ = nodes_.own(leaf_);
    leaf_->splice_copy(original, window_.begin, erased(), entries, count);
  }

  /// The largest hole between what lies before and what lies behind the window, if it holds
  /// `count` entries.
  template <class KeysAt>
  std::uint64_t largest_hole(std::size_t count, KeysAt&& keys_at) const noexcept {
    const Node& leaf = *leaf_;
    const std::size_t begin = window_.begin;
    TreeKey from = begin > 0 ? leaf.last(begin - 1) + 1 : leaf.first[0];
    std::uint64_t largest = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const Keys keys = keys_at(i);
      largest = larger(largest, keys.first - from);
      from = keys.last + 1;
    }
    const TreeKey behind = window_.end < leaf.count ? leaf.first[window_.end] : window_.bound + 1;
    return larger(largest, behind - from);
  }

  /// Tells the nodes above that the largest hole of those in question was `before` and is `now`.
  void settle_gaps(std::uint64_t before, std::uint64_t now) noexcept {
    for (std::size_t level = 1; level <= height_; ++level) {
      const auto& [node, slot] = way_[level];
      std::uint64_t& gap = node->last_or_gap[slot];
      const std::uint64_t known = gap;
      if (now < known && before < known) return;  // Another hole there is the largest.
      if (now < known) {
        now = level == 1 ? leaf_->leaf_gap(window_.bound) : way_[level - 1].node->inner_gap();
      }
      if (now == known) return;
      gap = now;
      before = known;
    }
  }

  static std::uint64_t larger(std::uint64_t a, std::uint64_t b) noexcept { return a < b ? b : a; }

  Nodes& nodes_;
  const Window<Node>& window_;
  const Step<Node>* const way_;
  const std::size_t height_;
  Node* leaf_;  // Its copy, once written, where nodes are published.
};

}  // namespace maple
}  // namespace VMAREA_MACHINE
}  // namespace vmarea::shims
