// SPDX-License-Identifier: MIT
//
// The one write path of the maple tree: replace what lies in a window of keys by 0 to 3 entries.
//
//   down   every level looks up both ends of the window        root  [ .. l ####### r .. ]
//          and hands the new entries on, from left to right             :           :
//   up     a changed child is put in its place; keys, gaps      leaf  [ab###]    [###yz]
//          and neighbours that became small are set right
//
// New entries first take the places of old ones, so a replace that does not grow makes no node
// fuller; what is left over goes to the last leaf, the only one that may split. A node is changed
// only if it is owned; the first ancestor that needs no more than another child publishes it.
#pragma once

#include <vmarea_shims/maple_tree/nodes.hpp>

namespace vmarea::shims {
inline namespace VMAREA_MACHINE {
namespace maple {

template <class Node, class Nodes, class Words>
class Write {
  using Slot = typename Node::Slot;

 public:
  /// What became of a node: gone (null), itself, or its copy; and its new right half.
  struct Changed {
    Node* node = nullptr;
    Node* right = nullptr;
    bool settled = false;  // Nothing that concerns the parent has changed.
    bool smaller = false;  // Fewer slots than before.
  };
  struct Window {
    TreeKey first;
    TreeKey last;
  };

  Write(Nodes& nodes, Window window, const Slot* entries, std::size_t count) noexcept
      : nodes_(nodes), window_(window), way_(window), entries_(entries), left_(count) {}

  std::size_t added() const noexcept { return added_; }
  std::size_t erased() const noexcept { return erased_; }

  /// Requires: the reservation covers it.
  Root<Node> replace(Root<Node> root) noexcept {
    if (root.node == nullptr) return root_of_entries();
    Changed top = replace_below(root.node, root.height, last_key, OnRightEdge::yes);
    if (full_at_end_) {
      choose_side(root);
      top = replace_below(root.node, root.height, last_key, OnRightEdge::yes);
    }
    if (top.node == nullptr) return {};
    if (top.right != nullptr) return root_above(top, root.height + 1);
    root.node = top.node;
    while (root.height > 0 && root.node->count == 1) {
      Node* const only = root.node->child(0);
      nodes_.drop(root.node);
      root = {only, root.height - 1};
    }
    return root;
  }

 private:
  enum class OnRightEdge : bool { no, yes };

  Root<Node> root_of_entries() noexcept {
    if (left_ == 0) return {};
    Node* const leaf = nodes_.take();
    leaf->splice(0, 0, entries_, left_);
    added_ += left_;
    return {leaf, 0};
  }
  Root<Node> root_above(const Changed& top, std::size_t height) noexcept {
    Node* const root = nodes_.take();
    Slot halves[2];
    halves[0] = slot_of(top.node, height - 1, top.right->first[0] - 1);
    halves[1] = slot_of(top.right, height - 1, last_key);
    root->splice(0, 0, halves, 2);
    return {root, height};
  }

  Changed replace_below(Node* node, std::size_t level, TreeKey bound, OnRightEdge edge) noexcept {
    return level == 0 ? replace_in_leaf(node, bound, edge)
                      : replace_in_inner(node, level, bound, edge);
  }

  Changed replace_in_leaf(Node* leaf, TreeKey bound, OnRightEdge edge) noexcept {
    const std::size_t begin = leaf->find_begin(window_.first);
    const std::size_t end = leaf->find_end(window_.last);
    promise(begin == 0 || leaf->last(begin - 1) < window_.first);
    promise(end == begin || leaf->last(end - 1) <= window_.last);
    const std::size_t erase = end - begin;
    const std::size_t add = edge == OnRightEdge::yes || left_ < erase ? left_ : erase;
    if (erase + add == 0) return {.node = leaf, .settled = true};
    if (begin == leaf->count && begin + add > Node::capacity && !side_chosen_) {
      full_at_end_ = true;
      return {.node = leaf, .settled = true};
    }
    const Slot* const entries = entries_;
    entries_ += add;
    left_ -= add;
    added_ += add;
    erased_ += erase;
    return splice(leaf, begin, erase, entries, add, growth_at(bound));
  }

  Changed replace_in_inner(Node* node, std::size_t level, TreeKey bound,
                           OnRightEdge edge) noexcept {
    const std::size_t l = node->find_slot(way_.first);
    const bool crosses = l + 1 < node->count && node->first[l + 1] <= way_.last;
    const std::size_t r = crosses ? node->find_slot(way_.last) : l;
    if (l != r) return replace_spanning(node, level, bound, edge, l, r);
    const TreeKey child_bound = node->bound_of(l, bound);
    const Changed child = replace_below(node->child(l), level - 1, child_bound, edge);
    if (child.settled) return {.node = node, .settled = true};
    Slot now[2] = {};
    std::size_t count = 0;
    if (child.right != nullptr) {
      now[0] = slot_of(child.node, level - 1, child.right->first[0] - 1);
      now[1] = slot_of(child.right, level - 1, child_bound);
      count = 2;
    } else if (child.node != nullptr) {
      now[0] = slot_of(child.node, level - 1, child_bound);
      count = 1;
    }
    settle_before(node, level, l, count > 0 ? now[0].first - 1 : child_bound);
    const bool join = count == 0 || (child.smaller && can_join_around(node, l, child.node));
    if (count == 1 && now[0].first == node->first[l] && !join) {
      const bool same_gap = now[0].last_or_gap == node->gap(l);
      node->last_or_gap[l] = now[0].last_or_gap;
      Node* const after = put_child(node, l, child.node);
      return {.node = after, .settled = same_gap && after == node};
    }
    Changed changed = splice(node, l, 1, now, count, growth_at(bound));
    if (changed.node != nullptr && join) {
      join_around(changed.node, level, l, count);
      changed.smaller = true;
    }
    return changed;
  }

  /// The window begins below child `l` and ends below child `r`; those between go, or shrink.
  Changed replace_spanning(Node* node, std::size_t level, TreeKey bound, OnRightEdge edge,
                           std::size_t l, std::size_t r) noexcept {
    Slot now[6] = {};  // At most the first, three that took an entry, and two halves of the last.
    std::size_t count = 0;
    const auto keep = [&](Node* child) {
      if (child != nullptr) now[count++] = {child->first[0], 0, child};
    };
    ++spanned_;
    for (std::size_t i = l; i <= r; ++i) {
      Node* const child = node->child(i);
      if (l < i && i < r && left_ == 0) {
        erased_ += nodes_.drop_below(child, level - 1);
        continue;
      }
      const Changed changed = replace_below(child, level - 1, node->bound_of(i, bound),
                                            i == r ? edge : OnRightEdge::no);
      keep(changed.node);
      keep(changed.right);
    }
    --spanned_;
    TreeKey next = node->bound_of(r, bound);
    for (std::size_t i = count; i-- > 0; next = now[i].first - 1) {
      Node* const child = static_cast<Node*>(now[i].value_or_child);
      now[i].last_or_gap = settle_right_edge(child, level - 1, next);
    }
    settle_before(node, level, l, next);
    const std::size_t before = node->count;
    Changed changed = splice(node, l, r - l + 1, now, count, Growth::inside);
    if (changed.node != nullptr && changed.right == nullptr) {
      join_around(changed.node, level, l, count);
      changed.smaller = changed.node->count < before;
    }
    return changed;
  }

  /// What goes into the hole behind a full leaf may as well stand before the first entry of the
  /// next leaf. The side that takes fewer nodes is chosen; the plan relies on it.
  void choose_side(Root<Node> root) noexcept {
    side_chosen_ = true;
    TreeKey bound = last_key;
    const std::size_t behind = count_splits(root, window_.first, bound);
    if (bound == last_key) return;
    const TreeKey next = bound + 1;
    if (count_splits(root, next, bound) < behind) way_ = {next, next};
  }
  /// Nodes that split if what is left over goes into the leaf of `key`, which ends at `bound`.
  std::size_t count_splits(Root<Node> root, TreeKey key, TreeKey& bound) const noexcept {
    std::size_t full = 0;
    const Node* node = root.node;
    bound = last_key;
    for (std::size_t level = root.height; level > 0; --level) {
      full = node->count < Node::capacity ? 0 : full + 1;
      const std::size_t i = node->find_slot(key);
      bound = node->bound_of(i, bound);
      node = node->child(i);
    }
    return node->count + left_ <= Node::capacity ? 0 : full + 1;
  }

  /// Puts `slots` where `erased` slots at `at` were; owns, splits or drops the node as needed.
  Changed splice(Node* node, std::size_t at, std::size_t erased, const Slot* slots,
                 std::size_t added, Growth growth) noexcept {
    const std::size_t after = node->count - erased + added;
    if (after == 0) {
      nodes_.drop(node);
      return {.smaller = true};
    }
    node = nodes_.own(node);
    if (after > Node::capacity) {
      Node* const right = nodes_.take();
      node->splice_split(at, erased, slots, added, *right, growth);
      return {.node = node, .right = right};
    }
    node->splice(at, erased, slots, added);
    return {.node = node, .smaller = added < erased};
  }

  /// Makes `child` the child in slot `i`. In a node that is not owned, this store publishes; so it
  /// must be the only one, and under a node where the window spans children it is not.
  Node* put_child(Node* node, std::size_t i, Node* child) noexcept {
    if (node->child(i) == child) return node;
    if (spanned_ > 0) node = nodes_.own(node);
    Words::template store<void*>(node->value_or_child[i], child);
    return node;
  }

  Growth growth_at(TreeKey bound) const noexcept {
    return bound == last_key && spanned_ == 0 ? Growth::at_the_end : Growth::inside;
  }
  Slot slot_of(Node* node, std::size_t level, TreeKey bound) const noexcept {
    return {node->first[0], level == 0 ? node->leaf_gap(bound) : node->inner_gap(), node};
  }
  /// Counts again the holes along the right edge below `node`: the hole behind it has changed.
  std::uint64_t settle_right_edge(Node* node, std::size_t level, TreeKey bound) noexcept {
    if (level == 0) return node->leaf_gap(bound);
    const std::size_t i = node->count - 1;
    node->last_or_gap[i] = settle_right_edge(node->child(i), level - 1, bound);
    return node->inner_gap();
  }
  /// What follows the child before slot `i` now starts behind `bound`.
  void settle_before(Node* node, std::size_t level, std::size_t i, TreeKey bound) noexcept {
    if (i == 0 || node->bound_of(i - 1, bound) == bound) return;
    node->last_or_gap[i - 1] = settle_right_edge(node->child(i - 1), level - 1, bound);
  }

  bool can_join(const Node* a, const Node* b) const noexcept {
    return a->count + b->count <= Node::joined_max && (nodes_.owns(a) || nodes_.owns(b));
  }
  bool can_join_around(const Node* node, std::size_t i, const Node* child) const noexcept {
    if (child->count >= Node::joins_below) return false;
    return (i > 0 && can_join(node->child(i - 1), child)) ||
           (i + 1 < node->count && can_join(child, node->child(i + 1)));
  }
  /// Joins neighbours among the `count` children at `at`, the one before and the one behind them.
  void join_around(Node* node, std::size_t level, std::size_t at, std::size_t count) noexcept {
    const std::size_t from = at > 0 ? at - 1 : 0;
    for (std::size_t i = at + count; i-- > from;) {
      if (i + 1 < node->count) join(node, level, i);
    }
  }
  /// Joins the children `i` and `i + 1` if they fit, then those that meet at the seam.
  void join(Node* node, std::size_t level, std::size_t i) noexcept {
    Node* const a = node->child(i);
    Node* const b = node->child(i + 1);
    if (!can_join(a, b)) return;
    const std::size_t seam = a->count;
    const std::size_t count = seam + b->count;
    Node* const kept = nodes_.owns(a) ? a : b;
    Slot slots[Node::joined_max];
    Node* const gone = kept == a ? b : a;
    for (std::size_t k = 0; k < gone->count; ++k) slots[k] = gone->slot(k);
    kept->splice(kept == a ? seam : 0, 0, slots, gone->count);
    promise(kept->count == count);
    const std::uint64_t gap = node->gap(i) < node->gap(i + 1) ? node->gap(i + 1) : node->gap(i);
    const Slot joined = {kept->first[0], gap, kept};
    node->splice(i, 2, &joined, 1);
    nodes_.drop(gone);
    if (level > 1) join(kept, level - 1, seam - 1);
  }

  Nodes& nodes_;
  const Window window_;
  Window way_;  // The keys that lead down; those of the window unless the other side is chosen.
  const Slot* entries_;
  std::size_t left_;
  unsigned spanned_ = 0;  // How many nodes above have more than one child below the window.
  bool full_at_end_ = false;
  bool side_chosen_ = false;
  std::size_t added_ = 0;
  std::size_t erased_ = 0;
};

}  // namespace maple
}  // namespace VMAREA_MACHINE
}  // namespace vmarea::shims
