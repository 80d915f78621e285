// SPDX-License-Identifier: MIT
//
// Searches for a hole, lowest or highest first, along the index of largest holes.
//
//   hole 0       before the first entry; belongs to no node
//   hole of e    behind entry e, up to the next entry; counted to the leaf of e
//
//   lowest    [low . . ####. . . ####. .]last      the hole that `low` lies in, then the first
//   highest   [low . . ####. . . ####. .]last      hole large enough; the window cuts both ends
//
// Only the first hole tried can be cut by the near end of the window, so a later hole either fits
// or reaches over the far end, behind which there is nothing to find.
#pragma once

#include <vmarea_shims/maple_tree/node.hpp>

namespace vmarea::shims::maple {

template <class Node>
class GapSearch {
 public:
  GapSearch(Root<Node> root, std::uint64_t size, TreeKey low, TreeKey last) noexcept
      : root_(root), size_(size), low_(low), last_(last) {}

  TreeGap find_lowest() noexcept {
    if (!is_possible()) return {};
    if (root_.node == nullptr) return {true, low_};
    const TreeKey begin = first_entry();
    if (begin > 0) fit(0, begin - 1);
    if (!done_) lowest_below(root_.node, root_.height, last_key);
    return found_ ? TreeGap{true, low_ < hole_first_ ? hole_first_ : low_} : TreeGap{};
  }
  TreeGap find_highest() noexcept {
    if (!is_possible()) return {};
    if (root_.node == nullptr) return {true, last_ - (size_ - 1)};
    const TreeKey begin = first_entry();
    highest_below(root_.node, root_.height, last_key);
    if (!done_ && begin > 0) fit(0, begin - 1);
    return found_ ? TreeGap{true, (last_ < hole_last_ ? last_ : hole_last_) - (size_ - 1)}
                  : TreeGap{};
  }

 private:
  bool is_possible() const noexcept {
    return size_ > 0 && low_ <= last_ && last_ - low_ >= size_ - 1;
  }
  TreeKey first_entry() const noexcept { return root_.node->first[0]; }

  void fit(TreeKey first, TreeKey last) noexcept {
    const TreeKey from = first < low_ ? low_ : first;
    const TreeKey upto = last < last_ ? last : last_;
    if (from > upto || upto - from < size_ - 1) return;
    hole_first_ = first;
    hole_last_ = last;
    found_ = done_ = true;
  }

  // Most slots stand for holes that are too small, so that is asked first.
  void lowest_below(Node* node, std::size_t level, TreeKey bound) noexcept {
    const std::size_t count = node->count;
    std::size_t i = node->find_slot(low_);
    if (level == 0) {
      for (; i < count && !done_; ++i) try_hole_behind(node, i, bound);
      return;
    }
    for (; i < count && !done_; ++i) {
      if (node->gap(i) < size_) continue;
      done_ = node->first[i] > last_;
      if (!done_) lowest_below(node->child(i), level - 1, node->bound_of(i, bound));
    }
  }
  void highest_below(Node* node, std::size_t level, TreeKey bound) noexcept {
    std::size_t i = node->find_slot(last_) + 1;
    if (level == 0) {
      while (i-- > 0 && !done_) try_hole_behind(node, i, bound);
      return;
    }
    while (i-- > 0 && !done_) {
      if (node->gap(i) < size_) continue;
      const TreeKey upto = node->bound_of(i, bound);
      done_ = upto < low_;
      if (!done_) highest_below(node->child(i), level - 1, upto);
    }
  }
  void try_hole_behind(const Node* leaf, std::size_t i, TreeKey bound) noexcept {
    const TreeKey upto = leaf->bound_of(i, bound);
    if (upto - leaf->last(i) >= size_) fit(leaf->last(i) + 1, upto);
  }

  const Root<Node> root_;
  const std::uint64_t size_;
  const TreeKey low_;
  const TreeKey last_;
  TreeKey hole_first_ = 0;
  TreeKey hole_last_ = 0;
  bool found_ = false;
  bool done_ = false;  // Found, or nothing more can be.
};

}  // namespace vmarea::shims::maple
