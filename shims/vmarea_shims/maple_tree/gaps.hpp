// SPDX-License-Identifier: MIT
//
// Gap tracking: how the tree finds a hole of a given size without looking at every hole.
//
// THE PROBLEM. mmap without an address asks for the lowest or the highest hole of so many keys
// inside a window. Only entries are stored; a hole is what lies between two of them. A search along
// the entries would look at every one, and a second tree of holes, sorted by size, would have to be
// changed with every entry. So each inner node records beside every child how large the largest
// hole below that child is, and a search passes by a child whose number is too small.
//
// A PICTURE, with keys from 0 to 255 and two leaves:
//
//   0    10   20   30   40   50 55 60       90   100                         255
//   |    [AAAA[BBBB|    [CCCC| |[DD|        [EEEE|                             |
//   hole 0          10       5     30                        156
//    of nothing     of B   of C   of D                       of E
//
// The hole of an entry is the one behind it, up to the next entry of the whole tree. It counts to
// the leaf of that entry, even where the next entry stands in another leaf, as behind C. The hole
// of A has no keys. In front of the first entry lies hole 0; it counts to no node, and a search
// works it out from the first key of the root.
//
// THE SAME REGIONS, with what the nodes hold and what follows from it:
//
//   root                  first   10    55
//                         gap     10   156
//
//   leaf, bound 54        first   10    20    40        leaf, bound 255    first   55    90
//                         last    19    29    49                           last    59    99
//                         hole     0    10     5                           hole    30   156
//
// The lines "hole" and the bounds are not stored. The bound of a node is the last key that may lie
// below it. A walk down the tree carries it along; no node knows its own.
//
// THE FORMULAS
//
//   bound of slot i     the first key of slot i + 1, less 1; of the last slot, the node's own bound
//   bound of the root   the last key there is
//   hole of entry i     bound of slot i, less the last key of entry i
//   gap of child i      the largest hole of a leaf; the largest gap of an inner node
//
// WHAT A CHANGE BREAKS. The numbers above a changed leaf are the lesser part. The other part is
// that a leaf may keep all of its entries and yet have another hole, because its bound has moved:
//
//   an entry fills a hole      the hole becomes two smaller ones: recorded gaps may shrink
//   an entry goes              it and its hole fall to the hole before: recorded gaps may grow
//   the first of a leaf goes   that hole is in the leaf before, whose bound moves up: without D the
//                              hole of C has 40 keys, and the root's first gap becomes 40
//   a leaf gets a new first    the bound of the leaf before moves down, and its last hole shrinks
//   the first of all goes      it and its hole fall to hole 0, which is recorded nowhere
//   all of a leaf goes         everything up to its bound falls to the leaf before
//   a split, a join            no hole changes: both halves are counted, or the larger gap is kept
//
// So a write that moves the first key of a child counts again along the right edge of the child
// before it, down to the leaf whose last hole this is. A recorded gap that grows takes a
// comparison; one that shrinks and was the largest takes another look at the node below. In both
// cases the way up ends where a node's largest gap stays the same. Readers without a lock never
// read a gap, so the writer changes gaps where they stand, in published nodes too.
//
// THE SEARCH goes down into the first child, from its end of the window, whose gap is large enough.
//
//   lowest    [low . . ####. . . ####. .]last      the hole that `low` lies in, then the first
//   highest   [low . . ####. . . ####. .]last      hole large enough; the window cuts both ends
//
// The gap of the child that holds the near end of the window may stem from a hole outside of the
// window, so the search may go down there in vain, once a level. The nearest large hole of every
// later child fits, or reaches over the far end, or lies behind it; then there is nothing to find
// any more. So two ways down the tree are the most it takes. A search knows keys and sizes alone:
// alignment, and the room that a stack above a hole wants to be kept free, are the caller's, who is
// given the way to the entry before the hole for that.
#pragma once

#include <vmarea_shims/maple_tree/cursor.hpp>

namespace vmarea::shims {
inline namespace VMAREA_MACHINE {
namespace maple {

template <class Node>
class GapSearch {
 public:
  /// Where a hole is found behind an entry, `way` leads to that, from the leaf, the first, up.
  GapSearch(Root<Node> root, std::uint64_t size, TreeKey low, TreeKey last,
            Step<Node>* way) noexcept
      : root_(root), size_(size), low_(low), last_(last), way_(way) {}

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
      way_[level] = {node, i};
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
      way_[level] = {node, i};
      if (!done_) highest_below(node->child(i), level - 1, upto);
    }
  }
  void try_hole_behind(Node* leaf, std::size_t i, TreeKey bound) noexcept {
    const TreeKey upto = leaf->bound_of(i, bound);
    if (upto - leaf->last(i) < size_) return;
    fit(leaf->last(i) + 1, upto);
    if (found_) way_[0] = {leaf, i};
  }

  const Root<Node> root_;
  const std::uint64_t size_;
  const TreeKey low_;
  const TreeKey last_;
  Step<Node>* const way_;  // No leaf: the hole is before the first entry.
  TreeKey hole_first_ = 0;
  TreeKey hole_last_ = 0;
  bool found_ = false;
  bool done_ = false;  // Found, or nothing more can be.
};

}  // namespace maple
}  // namespace VMAREA_MACHINE
}  // namespace vmarea::shims
