// SPDX-License-Identifier: MIT
//
// The nodes at hand for one write, and which nodes that write may change in place.
//
//   reserve() -> [ at hand ] -> take() -> in the tree -> drop() -> back at hand, if no reader can
//                                                               -> retired at the end, if one may
//
// "Own the node or copy it" is decided here and nowhere else. In place every node is owned. Where
// readers hold no lock, a node is owned from take() until it is published: a reader may hold any
// published node, also one made earlier in the same write.
#pragma once

#include <concepts>
#include <new>
#include <utility>

#include <vmarea_shims/maple_tree/node.hpp>

namespace vmarea::shims {
inline namespace VMAREA_MACHINE {

/// Where nodes come from. `retire_node` is for nodes that readers may still hold.
template <class Memory>
concept NodeMemory = std::copyable<Memory> &&
    requires(Memory memory, void* node, std::size_t bytes, std::size_t alignment) {
  { memory.allocate_node(bytes, alignment) }
  noexcept->std::same_as<void*>;
  { memory.release_node(node, bytes, alignment) }
  noexcept;
  { memory.retire_node(node, bytes, alignment) }
  noexcept;
};

namespace maple {

template <class Node, NodeMemory Memory, bool Published>
class Nodes {
 public:
  explicit Nodes(const Memory& memory) noexcept : memory_(memory) {}
  /// Leaves the other without a node at hand, but with a handle of its own to the memory.
  Nodes(Nodes&& other) noexcept
      : memory_(std::move(other.memory_)),
        free_(std::exchange(other.free_, nullptr)),
        at_hand_(std::exchange(other.at_hand_, 0)),
        dropped_(std::exchange(other.dropped_, nullptr)),
        write_(other.write_) {
    other.memory_ = memory_;
  }
  Nodes& operator=(const Nodes&) = delete;
  ~Nodes() { unreserve(); }

  bool reserve(std::size_t wanted) noexcept {
    const std::size_t before = at_hand_;
    while (at_hand_ < wanted) {
      void* const bytes = memory_.allocate_node(sizeof(Node), alignof(Node));
      if (bytes == nullptr) {
        release_down_to(before);
        return false;
      }
      push(::new (bytes) Node);
    }
    return true;
  }
  void unreserve(std::size_t spares = 0) noexcept { release_down_to(spares); }
  std::size_t at_hand() const noexcept { return at_hand_; }

  /// An empty node that belongs to the write. Requires: one is at hand.
  Node* take() noexcept {
    Node* const node = pop();
    node->truncate(0);
    node->owner_or_link = write_;
    return node;
  }
  bool owns(const Node* node) const noexcept { return !Published || node->owner_or_link == write_; }
  /// The node itself, or the copy that takes its place.
  Node* own(Node* node) noexcept { return owns(node) ? node : replace_by_copy(node); }
  Node* take_copy(const Node* node) noexcept {
    Node* const copy = pop();
    copy->assign_lines(*node);
    copy->owner_or_link = write_;
    return copy;
  }
  /// The node is no longer part of the tree, or will not be once the write is published.
  void drop(Node* node) noexcept {
    if (owns(node)) {
      push(node);
    } else {
      node->owner_or_link = reinterpret_cast<std::uintptr_t>(dropped_);
      dropped_ = node;
    }
  }
  /// The number of entries dropped.
  std::size_t drop_below(Node* node, std::size_t level) noexcept {
    std::size_t entries = level == 0 ? node->count : 0;
    for (std::size_t i = 0; level > 0 && i < node->count; ++i) {
      entries += drop_below(node->child(i), level - 1);
    }
    drop(node);
    return entries;
  }
  /// The write is published: from now on readers may hold its nodes, and none finds the old ones.
  void publish() noexcept {
    if constexpr (Published) retire_dropped();
  }
  /// Gives a whole tree back at once. Requires: no reader can hold a node of it.
  void release_below(Node* node, std::size_t level) noexcept {
    for (std::size_t i = 0; level > 0 && i < node->count; ++i) {
      release_below(node->child(i), level - 1);
    }
    memory_.release_node(node, sizeof(Node), alignof(Node));
  }

 private:
  Node* replace_by_copy(Node* node) noexcept {
    Node* const copy = take_copy(node);
    drop(node);
    return copy;
  }
  void retire_dropped() noexcept {
    ++write_;
    while (dropped_ != nullptr) {
      Node* const node = dropped_;
      dropped_ = reinterpret_cast<Node*>(static_cast<std::uintptr_t>(node->owner_or_link));
      memory_.retire_node(node, sizeof(Node), alignof(Node));
    }
  }
  void push(Node* node) noexcept {
    node->owner_or_link = reinterpret_cast<std::uintptr_t>(free_);
    free_ = node;
    ++at_hand_;
  }
  Node* pop() noexcept {
    promise(at_hand_ > 0);  // Otherwise the reservation is exceeded.
    Node* const node = free_;
    free_ = reinterpret_cast<Node*>(static_cast<std::uintptr_t>(node->owner_or_link));
    --at_hand_;
    return node;
  }
  void release_down_to(std::size_t kept) noexcept {
    while (at_hand_ > kept) memory_.release_node(pop(), sizeof(Node), alignof(Node));
  }

  [[no_unique_address]] Memory memory_;
  Node* free_ = nullptr;
  std::size_t at_hand_ = 0;
  // Only where nodes are published:
  Node* dropped_ = nullptr;
  std::uint64_t write_ = 1;  // Every publication begins a new one.
};

}  // namespace maple
}  // namespace VMAREA_MACHINE
}  // namespace vmarea::shims
