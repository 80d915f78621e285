// SPDX-License-Identifier: MIT
//
// How many nodes a replace takes, counted before anything is written.
//
// In place only growth takes nodes: one for every full node in a row from the leaf up, one more for
// a new root. The count is made on the tree as it is before a write of several replaces, so a level
// counts as full unless
//
//   max(slots now, joined_max) + before + needed <= capacity                                  (R)
//
// Why this suffices. Between the count and the replace, a node on the path changes its number of
// slots as follows. A replace that does not grow first puts new entries where old ones were, so it
// makes no node fuller, except by joining two into one of at most joined_max slots. A growing one
// adds at most as many entries as it grows by to the leaf, one slot to any other node; together
// these are `before`. A split leaves less. So a node that had room by (R) still has it. Joined
// nodes and shrunk roots go back to the reservation, so what they free pays for a root that grows
// again.
//
// Is it still the same path? The entries of its own window keep a replace on it. An insertion into
// a hole has none: if both leaves at the hole have changed, it may choose the side (see Write), and
// one of them lies on the path, or the node that vanished between them pays. Only entries added
// earlier in the write can hide it, so with `before` an insertion counts every level as full.
//
// Where nodes are published nothing comes back, and every replace copies: then all the nodes on
// every path touched are counted, whatever they hold.
#pragma once

#include <vmarea_shims/maple_tree/node.hpp>

namespace vmarea::shims {
inline namespace VMAREA_MACHINE {
namespace maple {

template <class Node>
constexpr bool has_room(std::size_t slots, std::size_t before, std::size_t needed) noexcept {
  return (slots < Node::joined_max ? Node::joined_max : slots) + before + needed <= Node::capacity;
}

/// The levels a write may still put above the root, until one has room for `needed` slots.
template <class Node>
constexpr std::size_t plan_levels_above(std::size_t before, std::size_t needed) noexcept {
  std::size_t levels = 1;
  for (; !has_room<Node>(0, before, needed); needed = 1) {
    ++levels;
    before /= Node::capacity / 2;
  }
  return levels;
}

/// Nodes taken by splits when `grown` entries are added where `key` belongs.
template <class Node>
std::size_t plan_splits(Root<Node> root, TreeKey key, std::size_t grown,
                        std::size_t before) noexcept {
  if (root.node == nullptr) return plan_levels_above<Node>(before, grown);
  std::size_t full = 0;
  const Node* node = root.node;
  for (std::size_t level = root.height; level > 0; --level) {
    full = has_room<Node>(node->count, before, 1) ? 0 : full + 1;
    node = node->child(node->find_slot(key));
  }
  full = has_room<Node>(node->count, before, grown) ? 0 : full + 1;
  return full <= root.height ? full : full + plan_levels_above<Node>(before, 1);
}

/// The same for an insertion into a hole.
template <class Node>
std::size_t plan_insertion(Root<Node> root, TreeKey key, std::size_t grown,
                           std::size_t before) noexcept {
  if (root.node == nullptr || before == 0) return plan_splits(root, key, grown, before);
  return root.height + 1 + plan_levels_above<Node>(before, 1);
}

/// Nodes taken by copies and splits where every changed node is copied. `erased` counts the
/// entries in the window, up to one more than can be added; each may lie in a leaf of its own, and
/// so may one that a replace before has put there.
template <class Node>
std::size_t plan_copies(Root<Node> root, bool in_one_leaf, std::size_t erased, std::size_t grown,
                        std::size_t before) noexcept {
  const std::size_t above = before > 0 ? plan_levels_above<Node>(before, 1) : 0;
  const std::size_t levels = root.height + 1 + above;
  const std::size_t paths = before > 0 ? erased + 1 : in_one_leaf || erased == 0 ? 1 : erased;
  return paths * levels + (grown > 0 ? levels + 1 : 0);
}

}  // namespace maple
}  // namespace VMAREA_MACHINE
}  // namespace vmarea::shims
