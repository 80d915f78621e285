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
#include <vmarea_shims/maple_tree/write_path.hpp>

namespace vmarea::shims::maple {

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
    const Node& leaf = *path_.leaf();
    const std::size_t begin = path_.begin();
    const std::size_t after = leaf.count - erased() + count;
    const bool wants_joining = count < erased() && after < Node::joins_below;
    const bool keeps_first =
        begin > 0 || (erased() > 0 && count > 0 && entries[0].first == leaf.first[0]);
    if (after > Node::capacity || wants_joining || !keeps_first) return false;
    const std::uint64_t before = largest_hole(erased(), [&](std::size_t i) {
      return Keys{leaf.first[begin + i], leaf.last(begin + i)};
    });
    const std::uint64_t now = largest_hole(count, [&](std::size_t i) {
      return Keys{entries[i].first, entries[i].last_or_gap};
    });
    Node* const owned = path_.step(0).node = nodes_.own(path_.leaf());
    owned->splice(begin, erased(), entries, count);
    if (before != now && path_.height() > 0) settle_gaps(before, now);
    if (Published && path_.height() > 0) {
      const auto& above = path_.step(1);
      store_shared<Published, void*>(above.node->value_or_child[above.slot], owned);
    }
    return true;
  }

 private:
  struct Keys {
    TreeKey first;
    TreeKey last;
  };

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

}  // namespace vmarea::shims::maple
